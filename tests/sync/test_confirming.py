"""What the hub may take for stored: an erasure is confirmed by a copy that obeyed."""

import pytest

from leadwell.sync import asking, verifying
from leadwell.testing import Fault, FaultServer, Reply
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


def test_what_keeps_nothing_confirms_nothing(bench: Bench, erased: int) -> None:
    text = 'url = "https://x.example"\n[upsert]\npath = "/{id}"'
    (bench.copies / "p.toml").write_text(text)
    for to, *how in (
        ("sqlite:l.db", "--dry-run"),
        ("sqlite:l.db", "--dry-run", "--full"),
        ("ndjson:-",),
        ("http:p.toml", "--dry-run"),
    ):
        said = bench.sync(to, *how)
        assert said.code == 0, said.err
        assert len(said.out.splitlines()) == 3
        assert not is_confirmed(bench, erased), (to, how)
    found = bench.verify("sqlite:l.db", "--json")
    assert (found.code, found.json["waiting"]) == (0, 3)
    assert not is_confirmed(bench, erased)
    assert (erased,) in rows(bench.copies / "l.db", "SELECT id FROM leads")
    # The next run stores it, and the one after that says so.
    for _ in range(2):
        assert bench.sync("sqlite:l.db").code == 0
    assert is_confirmed(bench, erased)


def test_a_file_confirms_when_it_is_made_anew_and_not_only_the_copy_beside_it(
    bench: Bench, erased: int
) -> None:
    assert bench.sync("csv:l.csv").code == 0
    again = bench.add(name="Also erased")
    assert bench.sync("csv:l.csv").code == 0
    assert lead(bench, "erase", again, "--yes").code == 0
    bench.add(name="Di")
    with FaultServer(f"http://127.0.0.1:{bench.hub.port}") as server:
        url = f"{server.url}/v2/campaigns/362"
        # The run ends before it makes the file.
        server.plan(None, Fault("refused", "it ends", lambda e: e.send(Reply(401))))
        assert bench.run("sync", url, "--to", "csv:l.csv").code == 3
    assert b"Also erased" in (bench.copies / "l.csv").read_bytes()
    # It goes on from behind the erasure, and the file has the lead still.
    assert bench.sync("csv:l.csv").code == 0
    assert not is_confirmed(bench, again)
    assert b"Also erased" not in (bench.copies / "l.csv").read_bytes()
    assert bench.sync("csv:l.csv").code == 0
    assert is_confirmed(bench, again)


def test_a_receiver_that_has_not_heard_of_an_erasure_confirms_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PAGE_LEADS", 1)
    lead_id = bench.add(name="Erased")
    status = 200
    with FaultServer(lambda _: Reply.json({}, status)) as receiver:
        text = f'url = "{receiver.url}"\n[upsert]\npath = "/{{id}}"\n'
        text += '[remove]\nmethod = "DELETE"\npath = "/{id}"\n'
        (bench.copies / "p.toml").write_text(text)
        assert bench.sync("http:p.toml").code == 0
        assert lead(bench, "erase", lead_id, "--yes").code == 0
        bench.add(name="Bo")
        status = 401
        for _ in range(2):
            assert bench.sync("http:p.toml").code != 0
        assert not is_confirmed(bench, lead_id)
        status = 200
        assert bench.sync("http:p.toml").code == 0
        assert not is_confirmed(bench, lead_id)
        assert bench.sync("http:p.toml").code == 0
        assert is_confirmed(bench, lead_id)
