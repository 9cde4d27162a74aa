"""`leadwell audit`: the log by the command line, as its reader meets it."""

import csv
import json
from pathlib import Path

import pytest

from leadwell.api.hub import Hub
from leadwell.model.token import public_id_of
from leadwell.server.auditing import Auditor
from leadwell.server.clock import now
from leadwell.store.audit.chain import Chain
from tests import make
from tests.cli.test_shares import Run, run
from tests.store.test_audit import add

__all__ = ["run"]


@pytest.fixture(scope="session")
def engine() -> str:
    return "sqlite"


@pytest.fixture
def hub(database) -> Hub:
    return Hub(database, make.KEYS, now, "https://hub.example")


@pytest.fixture
def token(database, account, campaign, hub, client) -> str:
    """A token that has read leads 1 to 3, as the log tells."""
    for number in range(3):
        make.a_lead(database, campaign, fields={"name": f"Lead {number}"})
    made = make.a_token(database, account, campaign)
    headers = {"Authorization": f"Bearer {made}"}
    assert client.get("/v2/campaigns/362/leads", headers=headers).status_code == 200
    Auditor(hub).finish()
    return public_id_of(made)


def test_rows_are_listed_and_picked(run: Run, token: str) -> None:
    listed = run("audit", "list").out
    assert "campaign 362" in listed
    assert f"token:{token}" in listed
    (row,) = run("audit", "list", "--kind", "read", "--json").json
    assert row["content"]["ids"] == "1-3"
    assert len(run("audit", "list", "--token", token, "--json").json) == 1
    assert len(run("audit", "list", "--lead", "2", "--json").json) == 1
    assert run("audit", "list", "--lead", "4", "--json").json == []
    assert run("audit", "list", "--since", "2099-01-01", "--json").json == []
    assert run("audit", "list", "--until", "2099-01-01", "--most", "1", "--json").json
    assert "no token" in run("audit", "list", "--token", "nobody").err
    assert "tomorrow" in run("audit", "list", "--since", "tomorrow").err


def test_what_a_token_has_read_is_told(run: Run, token: str, database) -> None:
    (reading,) = run("audit", "token", token, "--since", "2020-01-01", "--json").json
    assert reading["leads"] == reading["answered"] == 3
    assert (reading["ids"], reading["exact"]) == ("1-3", True)
    assert reading["campaign"] == 362
    nothing = run("audit", "token", token, "--since", "2099-01-01", "--json")
    assert nothing.json == []
    assert "has read nothing" in nothing.err


def test_the_log_is_proved_here_and_elsewhere(
    run: Run, token: str, database, tmp_path: Path
) -> None:
    fine = run("audit", "verify")
    assert fine.code == 0, fine.out
    assert "as they were written" in fine.out
    noted = run("audit", "heads").out
    (tmp_path / "heads").write_text(noted)
    assert run("audit", "verify", "--heads", "heads").code == 0
    assert run("audit", "verify", "--file", "heads").code == 5
    exported = run("audit", "export", "audit.ndjson")
    rows = (tmp_path / "audit.ndjson").read_text().splitlines()
    assert f"{len(rows)} rows" in exported.out
    assert run("audit", "verify", "--file", "audit.ndjson").code == 0
    assert "File exists" in run("audit", "export", "audit.ndjson").err
    changed = rows[0].replace(f"token:{token}", "token:other")
    (tmp_path / "audit.ndjson").write_text("\n".join([changed, *rows[1:]]))
    assert run("audit", "verify", "--file", "audit.ndjson").code == 6


def test_what_a_command_does_is_told_as_the_operators(run: Run, token: str) -> None:
    given = ("bo@example.com", "--account", "demo", "--name", "Bo Berg")
    assert run("admin", "invite", *given).code == 0
    assert run("token", "revoke", token).code == 0
    assert run("lead", "erase", "2", "--campaign", "362", "--yes").code == 0
    rows = run("audit", "list", "--json").json
    told = {row["what"]: row for row in rows}
    assert told["person-invited"]["content"]["role"] == "administrator"
    assert told["token-revoked"]["content"] == {"about": token}
    assert told["erase"]["content"] == {"leads": 1, "ids": "2"}
    whats = ("person-invited", "token-revoked", "erase", "leads-erased")
    assert {told[what]["actor"] for what in whats} == {"operator"}
    assert "Bo" not in json.dumps(rows)


def test_what_is_removed_is_found(
    run: Run, token: str, database, tmp_path: Path
) -> None:
    (tmp_path / "heads").write_text(run("audit", "heads").out)
    sql = "DELETE FROM audit WHERE campaign_id = 362 AND number = 1"
    database.write(lambda c: c.run(sql)).result()
    broken = run("audit", "verify")
    assert broken.code == 6
    assert "campaign 362: row 1 is missing" in broken.out
    assert run("audit", "verify", "--json").json["faults"][0]["number"] == 1
    for table in ("audit", "audit_head"):
        sql = f"DELETE FROM {table}"  # noqa: S608 - one of two words
        database.write(lambda c, sql=sql: c.run(sql)).result()
    add(database, 1, chain=Chain(0, 1))
    assert run("audit", "verify").code == 0
    assert run("audit", "verify", "--heads", "heads").code == 6


@pytest.mark.parametrize("content", ["nonsense", "[1]", '{"campaign": 1}', "\xff"])
def test_a_file_that_is_none_of_the_log_is_refused(
    run: Run, token: str, tmp_path: Path, content: str
) -> None:
    (tmp_path / "given").write_text(content, "latin-1")
    for way in ("--heads", "--file"):
        answer = run("audit", "verify", way, "given")
        assert answer.code == 5
        assert "line 1 is no row" in answer.err
    assert "cannot be read" in run("audit", "verify", "--file", "missing").err


def test_an_export_goes_to_the_standard_output_and_into_sheets(
    run: Run, token: str
) -> None:
    out = run("audit", "export", "--kind", "read").out
    assert json.loads(out)["content"]["token"] == token
    rows = [*csv.DictReader(run("audit", "export", "--format", "csv").out.splitlines())]
    assert {row["campaign"] for row in rows} == {"362"}
    assert json.loads(rows[-1]["content"])
    told = run("audit", "export", "audit.csv", "--format", "csv").out
    assert f"{len(rows)} rows" in told
