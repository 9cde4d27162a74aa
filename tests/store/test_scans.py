"""What only SQL can tell of leads is looked at once, and no more than is asked for."""

from dataclasses import replace
from typing import Any

import pytest

from leadwell.model.campaign import Campaign
from leadwell.model.grant import OPERATOR, Grant, LeadQuery
from leadwell.schema import querystring, question
from leadwell.store import feed, leads
from leadwell.store.connection import Connection, Database
from leadwell.store.figures import INDEX_BYTES
from leadwell.store.indexes import Indexes, kept, making, scans
from leadwell.store.indexes.kept import Kept
from leadwell.store.writes import rows, ticket
from leadwell.store.writes.writing import Writing
from tests import make

LEADS = 60
BUDGETS = "budget[gte]=30"


@pytest.fixture
def filled(database: Database, campaign: Campaign) -> Campaign:
    """Sixty leads, a tenth of them won, with budgets from 0 to 59."""
    given: list[dict[str, Any]] = [
        {"fields": {"name": f"Lead {n}", "budget": n}, "status": "new"}
        for n in range(LEADS)
    ]
    for each in given[::10]:
        each["status"] = "won"
    make.leads(database, campaign, given)
    return campaign


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few leads are looked at one by one that sixty are many."""
    monkeypatch.setattr(scans, "LOOKED_AT_MAX", 3)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[list[int] | None]:
    """Which leads each statement looked at; `None`: all there are."""
    seen: list[list[int] | None] = []
    honest = scans.look

    def look(connection: Any, campaign: Any, test: Any, among: Any = None) -> Any:
        seen.append(None if among is None else list(among))
        return honest(connection, campaign, test, among)

    monkeypatch.setattr(scans, "look", look)
    monkeypatch.setattr(kept, "look", look)
    return seen


def a_query(campaign: Campaign, asked: str) -> LeadQuery:
    read = question.read(campaign, querystring.decode(asked.encode()))
    return Grant.of_operator(campaign).query(campaign, read)


def found(
    database: Database, indexes: Indexes, campaign: Campaign, asked: str
) -> list[int] | None:
    """The ids that match by the index, which are those of SQL; `None`: not at once."""
    query = a_query(campaign, asked)
    with database.reading() as connection:
        ids = indexes.matching(connection, campaign, query)
        if ids is None:
            return None
        assert list(ids) == leads.find_ids(connection, campaign, query)
        return list(ids)


def scan(
    database: Database, indexes: Indexes, campaign: Campaign, asked: str
) -> list[int]:
    with database.reading() as connection:
        indexes.scan(connection, campaign, a_query(campaign, asked))
    ids = found(database, indexes, campaign, asked)
    assert ids is not None
    return ids


def change(database: Database, campaign: Campaign, lead_id: int, budget: int) -> None:
    def job(connection: Connection) -> None:
        taken = ticket.take(connection, campaign.id, 1, now=0)
        at_work = Writing(connection, campaign, OPERATOR, taken)
        lead = rows.find(connection, campaign, lead_id)
        assert lead is not None
        ref = campaign.field_by_slug["budget"].id
        at_work.revise(lead, replace(lead, values={**lead.values, ref: budget}))
        at_work.close()

    database.write(job).result()


@pytest.mark.usefixtures("tight")
def test_only_what_the_other_conditions_leave_is_looked_at(
    database, filled, looked
) -> None:
    indexes = Indexes(database)
    asked = f"status=won&{BUDGETS}"
    assert found(database, indexes, filled, asked) is None
    assert scan(database, indexes, filled, asked) == [31, 41, 51]
    assert looked == [[1, 11, 21, 31, 41, 51]]
    change(database, filled, 11, budget=30)
    change(database, filled, 12, budget=30)
    assert found(database, indexes, filled, asked) == [11, 31, 41, 51]
    assert looked[1:] == [[11]]
    # Another question leaves others: only those are new.
    assert found(database, indexes, filled, f"id=11,12,13,31&{BUDGETS}") == [11, 12, 31]
    assert looked[2:] == [[12, 13]]
    indexes.close()


@pytest.mark.usefixtures("tight")
def test_where_no_set_narrows_it_all_are_looked_at_once(
    database, filled, looked
) -> None:
    """The question decides it: how many leads there are is no token's business."""
    indexes = Indexes(database)
    assert len(scan(database, indexes, filled, f"status=new&{BUDGETS}")) == 27
    assert len(scan(database, indexes, filled, BUDGETS)) == 30
    assert looked[0] is not None
    assert looked[1:] == [None]
    assert found(database, indexes, filled, f"status=won&{BUDGETS}") == [31, 41, 51]
    assert looked[1:] == [None]
    indexes.close()


def test_a_look_at_a_later_moment_does_not_tell_of_an_earlier_one(
    database, filled
) -> None:
    """The index may lag behind: then what was seen since must not be believed."""
    query = a_query(filled, BUDGETS)
    with database.reading() as early:
        seq = feed.head(early, filled.id).seq
        each = Kept(making.make_at_once(early, filled, seq))
        change(database, filled, 1, budget=99)
        with database.reading() as late:
            each.scan(late, filled, query, seq + 1)
        assert each.matching(early, filled, query, seq) is None
        # Nor do both together tell of either.
        each.scan(early, filled, query, seq)
        assert each.matching(early, filled, query, seq) is None
    with database.reading() as late:
        ids = each.matching(late, filled, query, feed.head(late, filled.id).seq)
        assert ids is not None
        assert list(ids) == [1, *range(31, 61)]


def test_what_was_found_counts_and_is_let_go(
    database, filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadwell.store.indexes.WEIGHED_AFTER_BYTES", 200)
    indexes = Indexes(database)
    assert found(database, indexes, filled, "status=won") is not None
    (one,) = indexes._kept.values()
    alone = one.index.size_bytes
    for n in range(20):
        scan(database, indexes, filled, f"budget[gte]={n}")
    assert len(one._found) == 21
    assert one.weigh() > alone + 20 * 60
    assert INDEX_BYTES._value.get() > alone + 10 * 60
    indexes._budget_bytes = alone + 500
    for n in range(20, 40):
        scan(database, indexes, filled, f"budget[gte]={n}")
        assert one.weigh() < alone + 1_000
    assert indexes.held() == [filled.id]
    assert INDEX_BYTES._value.get() < alone + 1_000
    indexes.close()


def test_an_index_is_packed_again_after_many_changes(
    database, filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[int] = []
    honest = kept.Index.pack

    def pack(index: kept.Index) -> None:
        packed.append(index.seq)
        honest(index)

    monkeypatch.setattr(kept.Index, "pack", pack)
    monkeypatch.setattr(kept, "PACKED_AFTER", 8)
    indexes = Indexes(database)
    for n in range(1, 30):
        change(database, filled, n, budget=n)
        assert found(database, indexes, filled, "status=new") is not None
    assert len(packed) == 3
    indexes.close()
