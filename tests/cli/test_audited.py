"""Every command and form of the pages: what the audit log is told, or why not."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cyclopts
import pytest

from leadwell.admin import app as pages
from leadwell.cli import commands
from leadwell.store.people.activity import What
from tests.cli.test_parts import AT, Run, run

__all__ = ["run"]

READS = "it changes nothing, and whoever may run it has the database"
"""Some read leads, too: a row would not hold back who can open the file."""
LAYOUT = "no lead, right or rule becomes another one by it"
ELSEWHERE = "it asks a hub over HTTP, which tells of the token"
LEADS = "its leads have rows in their history, which the log sums up"
OWN = "how somebody likes their own pages: nobody sees more or less by it"
SUMMED = "the try is told as `sign-in`"

JANE = ("--email", "jane@example.com", "--account", "demo")
FILE = """name,email,created_at
Old One,old@example.com,2001-01-01T00:00:00Z
Jane,jane@example.com,
"""

NOT_TOLD = {
    **dict.fromkeys(
        ("account list", "admin list", "campaign list", "person list"), READS
    ),
    **dict.fromkeys(("campaign show", "filter list", "filter show", "key list"), READS),
    **dict.fromkeys(("lead history", "lead receipts", "person-data receipts"), READS),
    **dict.fromkeys(
        ("retention list", "share list", "token list", "webhook list"), READS
    ),
    **dict.fromkeys(
        ("audit list", "audit heads", "audit verify", "audit token"), READS
    ),
    **dict.fromkeys(("target list", "target show", "doctor"), READS),
    # Also of a file that is evidence, where nothing may be written.
    "audit export": READS,
    **dict.fromkeys(("sync", "sync run", "verify", "codegen", "mcp"), ELSEWHERE),
    "chores": "it goes on with an edit that is told already",
    "citus distribute": LAYOUT,
    "copy": "the hub stands still, and the copy is compared with it row by row",
    "demo": "it makes a database of its own",
    "migrate": "the table of migrations tells when; --forget-key is told, see below",
    "serve": "the hub tells itself when it starts and stops",
    "webhook test": "no lead is sent; `webhook list` shows how it went",
}
"""Commands of which the log has no row, and why."""


TOLD: list[tuple[str, tuple[str, ...], str]] = [
    ("account create", ("south",), "account-made"),
    ("person add", ("--account", "south", "--name", "Ann"), "person-added"),
    (
        "admin invite",
        ("ann@example.com", "--account", "south", "--name", "Ann"),
        "person-invited",
    ),
    ("admin reset-password", ("ann@example.com",), "password-link-made"),
    ("campaign create", ("new.yaml",), "campaign-made"),
    ("campaign duplicates", ("362", "reject"), "duplicates-changed"),
    ("import", ("old.csv", *AT), "import-started"),
    ("field add", ("colour", *AT), "field-added colour"),
    ("field rename", ("colour", "tint", "--yes", *AT), "field-changed colour -> tint"),
    ("field label", ("tint", "Tint", *AT), "field-changed tint"),
    ("field require", ("tint", *AT), "field-changed tint"),
    ("field personal", ("tint", "--yes", *AT), "field-marked tint"),
    ("field personal", ("tint", "--off", "--yes", *AT), "field-unmarked tint"),
    ("field remove", ("tint", "--yes", *AT), "field-removed tint"),
    ("option add", ("source", "web", "--label", "Web", *AT), "option-added source/web"),
    (
        "option rename",
        ("source", "web", "net", "--yes", *AT),
        "option-changed source/web -> source/net",
    ),
    ("option label", ("source", "net", "Net", *AT), "option-changed source/net"),
    ("option remove", ("source", "net", "--yes", *AT), "option-removed source/net"),
    ("status add", ("late", "--label", "Late", *AT), "status-added late"),
    ("status rename", ("late", "tardy", "--yes", *AT), "status-changed late -> tardy"),
    ("status label", ("tardy", "Tardy", *AT), "status-changed tardy"),
    ("status default", ("tardy", *AT), "status-changed tardy"),
    ("status default", ("new", *AT), "status-changed new"),
    ("status remove", ("tardy", "--yes", *AT), "status-removed tardy"),
    ("filter set", ("rich", "budget[gte]=5", *AT), "filter-made {filter}"),
    ("filter set", ("rich", "budget[gte]=6", *AT), "filter-changed {filter}"),
    ("filter remove", ("rich", *AT), "filter-removed {filter}"),
    ("token create", (*AT, "--name", "West"), "token-made {token}"),
    ("token edit", ("{token}", "--name", "East"), "token-changed {token}"),
    ("share create", ("{token}",), "link-made {link}"),
    ("share revoke", ("{link}",), "link-revoked {link}"),
    (
        "webhook add",
        ("https://hooks.example.com/x", "--token", "{token}"),
        "webhook-made {hook}",
    ),
    ("webhook remove", ("{hook}", *AT), "webhook-removed {hook}"),
    ("token rotate", ("{token}",), "token-rotated {rotated}"),
    ("token revoke", ("{token}",), "token-revoked {token}"),
    (
        "retention add",
        ("erase", "--older-than", "730d", "--yes", *AT),
        "retention-added 1",
    ),
    ("retention run", (*AT, "--yes"), "erase, retention-erased rule 1: 1"),
    ("retention remove", ("1", *AT), "retention-removed 1"),
    ("lead erase", ("1", "--yes", *AT), "erase, leads-erased 1"),
    ("person-data export", JANE, "person-exported"),
    ("person-data erase", (*JANE, "--yes"), "erase, leads-erased, person-erased"),
    ("backup", ("kept.db",), "backup-made"),
    ("restore", ("kept.db", "--replace"), "restored"),
    ("key rotate", (), "key-rotated 2"),
    ("migrate", ("--forget-key",), "key-forgotten"),
]
"""Commands in an order in which they can be run, and what the log says then."""


@pytest.fixture(scope="session")
def engine() -> str:
    return "sqlite"


def every_command(app: cyclopts.App, before: str = "") -> Iterator[str]:
    for name in app:
        if name.startswith("-"):
            continue
        below = app[name]
        if below.default_command:
            yield f"{before}{name}"
        yield from every_command(below, f"{before}{name} ")


def test_every_command_is_told_or_it_is_said_why_not() -> None:
    told = {command for command, _, _ in TOLD} | {"key retire", "lead forget"}
    assert told & NOT_TOLD.keys() == {"migrate"}
    assert told | NOT_TOLD.keys() == {*every_command(commands.made())}


def rows_of(path: Path) -> dict[tuple[object, ...], str]:
    """What the log says, in a few words, by chain and number and hash."""
    with closing(sqlite3.connect(path)) as opened:
        found = opened.execute(
            "SELECT campaign_id, account_id, number, hash, what,"
            " coalesce(json_extract(content, '$.about'), '') FROM audit"
        )
        return {row[:4]: f"{row[4]} {row[5]}".strip() for row in found}


@pytest.mark.proof
def test_what_a_command_does_is_told_at_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text(FILE)
    (tmp_path / "new.yaml").write_text("{account: south, name: New, fields: []}")
    database, names = tmp_path / "leadwell.db", dict[str, str]()
    before = rows_of(database)
    for command, given, expected in TOLD:
        words = [each.format(**names) for each in given]
        answer = run(*command.split(), *words, "--json")
        assert answer.code == 0, (command, answer.err)
        after = rows_of(database)
        said = ", ".join(sorted(after[key] for key in after.keys() - before.keys()))
        if command in _MAKES:
            names[_MAKES[command]] = said.partition(" ")[2]
        assert said.startswith(expected.format(**names)), command
        before = after
    with closing(sqlite3.connect(database)) as opened:
        (texts,) = opened.execute("SELECT group_concat(content) FROM audit").fetchone()
    assert "jane" not in texts.casefold()


_MAKES = {
    "filter set": "filter",
    "token create": "token",
    "share create": "link",
    "webhook add": "hook",
    "token rotate": "rotated",
}
"""What is named by an id that nobody knows before."""


def test_what_needs_time_is_told_too(run: Run, tmp_path: Path) -> None:
    database = tmp_path / "leadwell.db"
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("UPDATE lead_history SET at = 1")
    for command in ("lead forget", "lead forget"):
        assert run(*command.split(), *AT, "--older-than", "9d").code == 0
    assert run("key", "rotate").code == 0
    key = tmp_path / "leadwell.db.key"
    key.write_text(key.read_text().replace(" 20", " 19"))
    assert run("key", "retire", "1", "--yes").code == 0
    said = [each for each in rows_of(database).values() if "key" in each]
    assert said == ["key-rotated 2", "key-retired 1"]
    (forgotten,) = [x for x in rows_of(database).values() if "forgotten" in x]
    assert forgotten.startswith("history-forgotten 20")
    assert run("audit", "verify").code == 0


FORMS: dict[str, tuple[What, ...] | str] = {
    "/login": SUMMED,
    "/logout": OWN,
    "/setup/{secret}": SUMMED,
    "/campaigns": (What.CAMPAIGN_MADE,),
    "/campaigns/import": (What.CAMPAIGN_MADE,),
    "…/leads/filter": OWN,
    "…/leads/columns": OWN,
    "…/leads/new": LEADS,
    "…/leads/bulk": "it shows what would be done",
    "…/leads/bulk/run": LEADS,
    "…/leads/bulk/{edit}": LEADS,
    "…/leads/bulk/{edit}/undo": LEADS,
    "…/leads/{lead_id}": LEADS,
    "…/leads/{lead_id}/edit": LEADS,
    "…/leads/{lead_id}/undo": LEADS,
    "…/leads/{lead_id}/delete": LEADS,
    "…/leads/{lead_id}/erase": (What.LEADS_ERASED,),
    "…/leads/{lead_id}/merge": (What.LEADS_MERGED,),
    "…/duplicates": "that leads are not alike changes none of them",
    "…/fields/new": (What.FIELD_ADDED,),
    "…/fields/move": (What.FIELDS_ORDERED,),
    "…/fields/{part_id}": (What.FIELD_CHANGED, What.FIELD_MARKED, What.FIELD_UNMARKED),
    "…/fields/{part_id}/remove": (What.FIELD_REMOVED,),
    "…/selects/{field_id}": (What.OPTION_ADDED,),
    "…/selects/{field_id}/move": (What.OPTIONS_ORDERED,),
    "…/selects/{field_id}/{part_id}": (What.OPTION_CHANGED,),
    "…/selects/{field_id}/{part_id}/remove": (What.OPTION_REMOVED,),
    "…/statuses": (What.STATUS_ADDED,),
    "…/statuses/move": (What.STATUSES_ORDERED,),
    "…/statuses/{part_id}": (What.STATUS_CHANGED,),
    "…/statuses/{part_id}/remove": (What.STATUS_REMOVED,),
    "…/filters/new": (What.FILTER_MADE,),
    "…/filters/{filter_id}": (What.FILTER_CHANGED,),
    "…/filters/{filter_id}/remove": (What.FILTER_REMOVED,),
    "…/settings": (What.CAMPAIGN_CHANGED,),
    "…/settings/people": (What.PERSON_CHANGED,),
    "…/settings/duplicates": (What.DUPLICATES_CHANGED,),
    "…/settings/retention": (What.RETENTION_ADDED,),
    "…/settings/retention/{rule_id}/remove": (What.RETENTION_REMOVED,),
    "…/import": "a file is looked at; nothing is loaded before somebody says so",
    "…/import/{import_id}": (
        *(What.IMPORT_STARTED, What.IMPORT_UNDONE, What.FIELD_ADDED),
    ),
    "…/webhooks": (What.WEBHOOK_MADE,),
    "…/webhooks/{hook_id}": (What.WEBHOOK_CHANGED, What.WEBHOOK_REMOVED),
    **{
        f"{base}{below}": whats
        for base in ("…/api-documentation", "/account/tokens")
        for below, whats in {
            "/new": (What.TOKEN_MADE,),
            "/{token_id}/edit": (What.TOKEN_CHANGED,),
            "/{token_id}/rotate": (What.TOKEN_ROTATED,),
            "/{token_id}/revoke": (What.TOKEN_REVOKED,),
            "/{token_id}/links": (What.LINK_MADE,),
            "/{token_id}/links/{link_id}/revoke": (What.LINK_REVOKED,),
        }.items()
    },
    "/account": (What.PERSON_ADDED,),
    "/account/person-data": (What.PERSON_EXPORTED, What.PERSON_ERASED),
    "/account/people/{person_id}/name": (What.PERSON_RENAMED,),
    "/account/people/{person_id}/invite": (What.PERSON_INVITED,),
    "/account/people/{person_id}/link": (What.PASSWORD_LINK_MADE,),
    "/account/people/{person_id}/rights": (What.PERSON_CHANGED,),
    "/account/people/{person_id}/remove": (What.PERSON_REMOVED,),
    "/me": (What.PERSON_RENAMED,),
    "/me/password": SUMMED,
    "/me/sign-out": OWN,
}
"""Each form of the pages, and what is noted of it, or why nothing is."""
BY_NOBODY = {
    *(What.ACCOUNT_MADE, What.HISTORY_FORGOTTEN, What.SIGN_IN_CLOSED),
    *(What.RETENTION_ERASED, What.RETENTION_ANONYMISED),
}
"""What no form does: a command alone, a rule, a wrong password."""


def test_every_form_is_told_or_it_is_said_why_not(hub) -> None:  # type: ignore[no-untyped-def]
    posted = {
        route.path.replace("/campaigns/{campaign_id:id}", "…").replace(":id", "")
        for route in pages.routes(hub)
        if "POST" in (route.methods or ())
    }
    assert posted == FORMS.keys()
    told = [each for each in FORMS.values() if isinstance(each, tuple)]
    assert {what for each in told for what in each} | BY_NOBODY == {*What}
