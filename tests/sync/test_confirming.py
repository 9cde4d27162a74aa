"""What the hub may take for stored: an erasure is confirmed by a copy that obeyed."""

import pytest

from leadwell.sync import asking, verifying
from tests.copying import Bench, Said, rows


@pytest.fixture
def erased(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> int:
    """An erased lead that copies of before hold, and changes behind its erasure."""
    for module in (asking, verifying):
        monkeypatch.setattr(module, "PAGE_LEADS", 1)
    lead_id = bench.add(name="Erased")
    assert bench.sync("sqlite:l.db").code == 0
    assert lead(bench, "erase", lead_id, "--yes").code == 0
    for name in ("Bo", "Cy"):
        bench.add(name=name)
    return lead_id


def lead(bench: Bench, verb: str, lead_id: int, *how: str) -> Said:
    database = f"sqlite:///{bench.folder / 'leads.db'}"
    about = (f"{lead_id}", "--campaign", "362", "--database", database)
    return bench.run("lead", verb, *about, *how)


def is_confirmed(bench: Bench, lead_id: int) -> bool:
    (receipt,) = lead(bench, "receipts", lead_id, "--json").json
    return receipt["confirmed_at"] is not None


@pytest.mark.parametrize("how", [("--dry-run",), ("--dry-run", "--full")])
def test_a_dry_run_confirms_no_erasure(
    bench: Bench, erased: int, how: tuple[str, ...]
) -> None:
    assert bench.sync("sqlite:l.db", *how).code == 0
    assert not is_confirmed(bench, erased)
    assert (erased,) in rows(bench.copies / "l.db", "SELECT id FROM leads")
    # The next run stores it, and the one after that says so.
    for _ in range(2):
        assert bench.sync("sqlite:l.db").code == 0
    assert is_confirmed(bench, erased)


def test_verify_confirms_no_erasure_that_it_has_only_counted(
    bench: Bench, erased: int
) -> None:
    found = bench.verify("sqlite:l.db", "--json")
    assert (found.code, found.json["waiting"]) == (0, 3)
    assert not is_confirmed(bench, erased)


@pytest.mark.parametrize("to", ["ndjson:-", "http:p.toml"])
def test_what_keeps_nothing_confirms_nothing_for_a_copy_that_does(
    bench: Bench, erased: int, to: str
) -> None:
    text = 'url = "https://x.example"\n[upsert]\npath = "/{id}"'
    (bench.copies / "p.toml").write_text(text)
    how = ("--dry-run",) if to.startswith("http") else ()
    said = bench.sync(to, *how)
    assert said.code == 0, said.err
    assert len(said.out.splitlines()) == 3
    assert not is_confirmed(bench, erased)
