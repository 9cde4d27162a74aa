"""Every index serves something, and what names its index is served by it.

SQLite says how it would run each statement (EXPLAIN QUERY PLAN); PostgreSQL chooses by
how many rows there are, which no small database shows.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import leadwell
from leadwell.model.campaign import Campaign, Duplicates, Policy
from leadwell.model.cursor import NO_EPOCH, Knows, Place
from leadwell.model.grant import Grant
from leadwell.model.lead import Lead
from leadwell.model.query import Condition, Question
from leadwell.schema import querystring, question
from leadwell.store import campaigns, feed, filters, leads, links, readers, tokens
from leadwell.store.access import health
from leadwell.store.audit import finding, writes
from leadwell.store.audit.chain import Chain
from leadwell.store.connection import Connection, Database
from leadwell.store.duplicates import groups, keys, matching
from leadwell.store.indexes import kept, scans
from leadwell.store.moving import checking
from leadwell.store.people import activity, users
from leadwell.store.privacy import erasing as privacy
from leadwell.store.writes import erasing, history, names, replays, rows, scopes
from tests import make
from tests.watching import Spy

STORE = Path(leadwell.__file__).parent / "store"
NAMED = re.compile(r"`(\w+_by_\w+)`")
INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX (\w+)")
LONGEST = Condition(1, "contains", ("roof",))

Call = Callable[[Connection, Campaign, Lead], object]


@pytest.fixture(scope="session")
def engine() -> str:
    return "sqlite"


def whole(campaign: Campaign, **asked: Any) -> Any:
    return Grant.of_operator(campaign).query(campaign, Question(**asked))


def a_place() -> Place:
    return Place(0, 1, NO_EPOCH, 0, 0, 0, Knows.NOTHING, bytes(8))


def a_bitmap() -> Any:
    return scans.BitMap([1, 5])


def alike(connection: Connection, campaign: Campaign) -> None:
    """Give two leads the same address, where the campaign looks for duplicates."""
    looking = replace(campaign, duplicates=Duplicates(Policy.FLAG))
    found = rows.find_after(connection, campaign, 0, 2)
    email = campaign.field_by_slug["email"].id
    keys.fill(
        connection,
        looking,
        [replace(x, values={email: "a@example.com"}) for x in found],
    )


SERVED: dict[str, Call] = {
    "activity.find": lambda c, x, _: activity.find(c, x, 2**60, 10),
    "campaigns.find": lambda c, x, _: campaigns.find(c, x.id),
    "checking._members": lambda c, x, _: list(checking._members(c, x.id, 0)),
    "erasing.find_erased": lambda c, x, _: privacy.find_erased(c, x, [b"person"]),
    "erasing.find_newest": lambda c, x, _: erasing.find_newest(c, x.id, 10),
    "erasing.merged_into": lambda c, x, _: erasing.merged_into(c, x.id, 1),
    "feed.head": lambda c, x, _: feed.head(c, x.id),
    "feed.read": lambda c, x, _: feed.read(c, x, whole(x), a_place(), 10),
    "filters.close_unused": lambda c, x, _: filters.close_unused(c, x.id),
    "filters.remove": lambda c, x, _: filters.remove(c, x, "mine"),
    "finding._newest": lambda c, x, _: [
        finding.newest(c, [Chain.of(x)], finding.Asked(actor=actor), 9)
        for actor in (None, "operator")
    ],
    "finding.after_number": lambda c, x, _: finding.after_number(c, Chain.of(x), 0),
    "groups.count": lambda c, x, _: groups.count(c, x.id),
    "groups.find_of": lambda c, x, _: groups.find_of(c, x.id, 1),
    "groups.find_page": lambda c, x, _: [
        alike(c, x),
        groups.find_page(c, x.id, 1, 10),
    ],
    "health.following": lambda c, x, _: [
        c.run(
            "INSERT INTO reader VALUES (:campaign_id, 'lineage', 1, 0)",
            {"campaign_id": x.id},
        ),
        health.following(c, x.id, "lineage", 0),
    ],
    "health.notes": lambda c, x, _: health.notes(c, tokens.find_all(c, x.account_id)),
    "history.find_deeds": lambda c, x, _: history.find_deeds(c, x.id, 0, 2**60),
    "history.find_reach": lambda c, x, _: history.find_reach(c, x.id, 2**60, 10),
    "history.forget_before": lambda c, x, _: history.forget_before(c, x.id, 2**60),
    "kept._seq_of": lambda c, x, _: kept._seq_of(c, x.id, 0, 9),
    "keys.close": lambda c, x, _: alike(c, x),
    "leads.find_bodies": lambda c, x, _: [
        leads.find_bodies(c, x, whole(x), ids) for ids in ([1, 2], [1, 3])
    ],
    "leads.find_page": lambda c, x, _: leads.find_page(c, x, whole(x)),
    "links.find_by_digest": lambda c, _, __: links.find_by_digest(c, b"digest"),
    "links.find_of": lambda c, _, __: links.find_of(c, "lineage"),
    "matching._oldest": lambda c, x, _: matching._oldest(
        c, x, (), x.fields[1], {"key": b"key", "text": "jane@example.com"}
    ),
    "names.forget": lambda c, _, lead: names.forget(c, "lineage", lead),
    "names.pass_on": lambda c, _, lead: names.pass_on(c, lead, lead),
    "readers.is_worth_it": lambda c, x, _: readers.Progress(
        x.id, "lineage", 1, 0
    ).is_worth_it(c),
    "replays.keep": lambda c, x, _: replays.keep(
        c, replays.Key(x.id, "lineage", "route", "key", b""), {}, 0
    ),
    "scans.look": lambda c, x, _: [
        scans.look(c, x, LONGEST, among) for among in (None, a_bitmap())
    ],
    "scopes.digest": lambda c, x, _: scopes.digest(c, x.id, 0),
    "tokens.ended": lambda c, x, _: tokens.ended(c, x.id, "lineage", 1, make.MIDNIGHT),
    "tokens.find_all": lambda c, x, _: [
        tokens.find_all(c, x.account_id),
        tokens.find_all(c, x.account_id, x.id),
    ],
    "tokens.find_lineage": lambda c, _, __: tokens.find_lineage(c, "lineage"),
    "tokens.find_by_digest": lambda c, _, __: tokens.find_by_digest(c, b"digest"),
    "users.end_sessions": lambda c, _, __: users.end_sessions(c, "a@example.com"),
    "users.find": lambda c, _, __: users.find(c, "a@example.com"),
    "users.find_session": lambda c, _, __: users.find_session(c, b"digest"),
    "writes.summed": lambda c, x, _: writes.summed(
        c, writes.Waiting(Chain.of(x), 0, 2**60)
    ),
}
"""Everything in the store whose docstring says what serves it, and a call of it."""


class Noting(Spy):
    """A connection that notes how SQLite runs each statement."""

    def __init__(self, inner: Connection) -> None:
        super().__init__(inner, [])
        self.plan: list[str] = []

    def rows(self, sql: str, params: Any = None) -> Any:
        self._explain(sql, params)
        return super().rows(sql, params)

    def run(self, sql: str, params: Any = None) -> None:
        self._explain(sql, params)
        super().run(sql, params)

    def run_many(self, sql: str, params: Any) -> None:
        for each in params[:1]:
            self._explain(sql, each)
        super().run_many(sql, params)

    def _explain(self, sql: str, params: Any) -> None:
        found = self._inner.rows(f"EXPLAIN QUERY PLAN {sql}", params)
        self.plan += [row[3] for row in found]


def promised() -> dict[str, str]:
    """What the store's docstrings say of what serves them."""
    found: dict[str, str] = {}
    for path in STORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                words = " ".join((ast.get_docstring(node) or "").split())
                _, has_promise, promise = words.partition("erved by ")
                if has_promise:
                    found[f"{path.stem}.{node.name}"] = promise
    return found


@pytest.fixture
def filled(database: Database, account: Any, campaign: Campaign) -> Campaign:
    """A campaign with a little of everything."""
    make.leads(
        database, campaign, [{"fields": {"name": f"Lead {n}"}} for n in range(9)]
    )

    def job(connection: Connection) -> None:
        asked = question.conditions(campaign, querystring.decode(b"source=website"))
        filters.keep(connection, campaign, "mine", asked, now=0)

    database.write(job).result()
    make.a_token(database, account, campaign, "source=website")
    return campaign


def plan_of(database: Database, campaign: Campaign, call: Call) -> list[str]:
    def job(connection: Connection) -> list[str]:
        lead = rows.find(connection, campaign, 1)
        assert lead is not None
        noting = Noting(connection)
        call(noting, campaign, lead)  # type: ignore[arg-type]
        return noting.plan

    return database.write(job).result()


def uses(name: str, plan: list[str]) -> bool:
    """Whether a plan uses an index; one of a primary key has no name of ours."""
    own = ("PRIMARY KEY", "sqlite_autoindex_")
    return any(word in line for word in ([name] if name else own) for line in plan)


def test_what_says_what_serves_it_is_asked_here() -> None:
    assert promised().keys() == SERVED.keys()


@pytest.mark.parametrize("name", SERVED)
def test_a_statement_is_served_by_what_it_names(
    database: Database, filled: Campaign, name: str
) -> None:
    promise = promised()[name]
    plan = plan_of(database, filled, SERVED[name])
    indexes = NAMED.findall(promise)
    assert indexes or "primary key" in promise
    for index in [*indexes, *([""] if "primary key" in promise else [])]:
        assert uses(index, plan), plan
    # No table is read from end to end; what stands in a parameter may be.
    assert not any(re.match(r"SCAN (?!json_each|CONSTANT)", line) for line in plan)


def test_every_index_serves_something(database: Database, filled: Campaign) -> None:
    said = "\n".join(
        line
        for call in SERVED.values()
        for line in plan_of(database, filled, call)
        if "USING" in line
    )
    schema = (STORE / "schema.sql").read_text("utf-8")
    for name in INDEX.findall(schema):
        assert re.search(rf"\b{name}\b", said), f"nothing is served by {name}"


def test_what_no_index_serves_is_found_out(
    database: Database, filled: Campaign
) -> None:
    """So the tests above bite."""
    asked = "SELECT public_id FROM token WHERE campaign_id = 362"
    plan = plan_of(database, filled, lambda c, _, __: c.rows(asked))
    assert plan == ["SCAN token"]
    assert not uses("token_by_account", plan)
