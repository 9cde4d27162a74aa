"""Files of leads, loaded into a real campaign through the command's own parts."""

import csv
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadwell.errors import UsageError
from leadwell.intake.loading import Load, Tally
from leadwell.intake.mapping import targets
from leadwell.intake.reading import open_rows
from leadwell.model.grant import Grant
from leadwell.model.query import Question
from leadwell.store import leads
from tests import make
from tests.effort import unnoted

HEADER = "name,email,source,budget,tags,external_id"


@pytest.fixture
def load(database, campaign, tmp_path: Path) -> Callable[..., Tally]:
    def run(
        lines: Sequence[str], name: str = "leads.csv", *, dry_run: bool = False
    ) -> Tally:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return run_file(path, dry_run=dry_run)

    def run_file(path: Path, *, dry_run: bool = False) -> Tally:
        source = open_rows(path)
        job = Load(
            None if dry_run else database,
            campaign,
            targets(campaign, source.columns, {}),
            lambda: 1,
            path.with_name(f"{path.name}.errors.csv"),
        )
        return job.run(source, lambda tally: None)

    run.file = run_file  # type: ignore[attr-defined]
    return run


def everything(database, campaign) -> list[dict[str, Any]]:
    grant = Grant(campaign.account_id, campaign.id)
    with database.reading() as connection:
        query = grant.query(campaign, Question(per_page=1000))
        page = leads.find_page(connection, campaign, query)
    return [msgspec.json.decode(body) for body in page.items]


def test_labels_and_slugs_numbers_and_lists_are_understood(
    load, database, campaign
) -> None:
    tally = load(
        [
            "Name;E-mail;Source;Budget;Tags",
            "Åse;ase@example.com;Partner West;1.234,50;a|C",
            "Bo;bo@example.com;partner-north;2.000,00;",
            "Ib;ib@example.com;partner-north;3.000,25;b",
        ]
    )
    first = everything(database, campaign)[0]["fields"]
    assert tally == Tally(added=3)
    assert first["source"]["slug"] == "partner-west"
    assert first["budget"] == 1234.5
    assert [option["slug"] for option in first["tags"]] == ["a", "c"]


def test_a_second_run_adds_nothing(load, database, campaign) -> None:
    lines = [HEADER, "Jane,jane@example.com,website,1,a,", "Bo,,website,2,,x-1"]
    assert load(lines) == Tally(added=2)
    assert load(lines) == Tally(known=2)
    assert len(everything(database, campaign)) == 2


def test_equal_rows_of_one_file_are_different_leads(load, database, campaign) -> None:
    lines = [HEADER, *["Jane,,website,1,,"] * 3]
    assert load(lines) == Tally(added=3)
    assert load([*lines, "Jane,,website,1,,"]) == Tally(added=1, known=3)
    assert len(everything(database, campaign)) == 4


def test_a_row_with_a_known_external_id_updates_its_lead(
    load, database, campaign
) -> None:
    load([HEADER, "Jane,,website,1,,x-1"])
    assert load([HEADER, "Jane,,website,2,,x-1"]) == Tally(updated=1)
    (lead,) = everything(database, campaign)
    assert (lead["fields"]["budget"], lead["metadata"]["version"]) == (2, 2)


def test_a_mended_error_file_adds_what_failed(
    load, database, campaign, tmp_path
) -> None:
    tally = load(
        [HEADER, "Jane,,website,1,,", ",not mail,nowhere,x,,", "Bo,,website,2,,"]
    )
    assert tally == Tally(added=2, failed=1)
    errors = tmp_path / "leads.csv.errors.csv"
    with errors.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["_row"] == "3"
    assert rows[0]["_field"] == "email; source; budget; name"
    assert "is not an option of source" in rows[0]["_error"]

    rows[0] |= {"name": "Ib", "email": "ib@example.com", "source": "website"}
    rows[0]["budget"] = "7"
    with errors.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert load.file(errors) == Tally(added=1)
    assert len(everything(database, campaign)) == 3


def test_ragged_rows_are_reported_and_the_others_loaded(load, tmp_path) -> None:
    tally = load([HEADER, "Jane,,website,1,,", "too,many,cells,1,,,,,,", "Bo,,,2,,"])
    assert (tally.added, tally.failed) == (2, 1)
    assert "too" in (tmp_path / "leads.csv.errors.csv").read_text("utf-8")


def test_a_dry_run_checks_every_row_and_writes_no_lead(
    load, database, campaign
) -> None:
    tally = load([HEADER, "Jane,,website,1,,", ",,website,1,,"], dry_run=True)
    assert tally == Tally(added=1, failed=1)
    assert everything(database, campaign) == []


@pytest.mark.parametrize(
    ("columns", "chosen", "message"),
    [
        (("name", "colour"), {}, "match no field: colour"),
        (("name", "Name"), {}, "both go to name"),
        (("name",), {"colour": "name"}, "no column 'colour'"),
        (("name", "x"), {"x": "budgt"}, "no field 'budgt'"),
    ],
)
def test_a_column_that_goes_nowhere_is_refused_before_anything_is_read(
    columns, chosen, message
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        targets(make.a_campaign(), columns, chosen)
    assert caught.value.hint


def test_a_column_can_be_left_out_on_purpose() -> None:
    found = targets(make.a_campaign(), ("name", "colour"), {"colour": "-"})
    assert found == {"name": "name"}


def test_a_killed_import_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    rows = (f"Lead {n},{n}" for n in range(8_000))
    path.write_text("name,budget\n" + "\n".join(rows) + "\n", encoding="utf-8")
    database = tmp_path / "leads.db"
    command = [sys.executable, "-m", "leadwell.cli", "import", str(path), "--json"]
    command += ["--database", f"sqlite:///{database}"]
    process = subprocess.Popen([*command, "--new", "Many", "--id", "7"], env=unnoted())
    while process.poll() is None and _count(database) < 1_000:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = _count(database)
    assert 1_000 <= kept < 8_000

    for again in (["--campaign", "7"], ["--new", "Many", "--id", "7"]):
        subprocess.run(
            [*command, *again], check=True, stdout=subprocess.DEVNULL, env=unnoted()
        )
        assert _count(database) == 8_000


def _count(path: Path) -> int:
    if not path.exists():
        return 0
    database = make.a_database_again(path)
    try:
        with database.reading() as connection:
            tables = connection.rows(
                "SELECT name FROM sqlite_schema WHERE name = 'lead'"
            )
            if not tables:
                return 0
            return int(connection.rows("SELECT count(*) FROM lead")[0][0])
    finally:
        database.close()
