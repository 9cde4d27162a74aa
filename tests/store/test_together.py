"""Writes that waited for one commit and are done in one go, on both databases."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from leadwell.errors import InvalidLead, LeadNotFound
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.schema import querystring, question, submission
from leadwell.store.connection import Connection, Database, Joint, joined
from leadwell.store.writes import history, writing
from leadwell.store.writes.writing import Outcome, Piece, Writing
from tests import make
from tests.watching import Spy

NOW = int(make.MIDNIGHT.timestamp() * 1_000_000)


def saving(campaign: Campaign, author: Author, **given: Any) -> Joint[Outcome]:
    fields = {"name": "Jane", "source": "partner-west"} | given.pop("fields", {})
    read = submission.read(campaign, {"fields": fields, **given})
    do = lambda _, writing: writing.save(read)  # noqa: E731 - as short as the others
    return Piece(campaign, author, NOW, 1, do, (read,)).job()


def handed_in(database: Database, jobs: Sequence[Any]) -> "list[Future[Any]]":
    with make.busy(database):
        return [database.write(job, campaign_id=362) for job in jobs]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pieces each run had."""
    runs: list[int] = []
    honest = writing.do_all

    def do_all(connection: Connection, pieces: Sequence[Any]) -> list[Any]:
        runs.append(len(pieces))
        return honest(connection, pieces)

    monkeypatch.setattr(writing, "do_all", do_all)
    return runs


def test_what_waited_is_done_in_one_go_and_refused_one_by_one(
    database: Database, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = counted(monkeypatch)
    forced = question.conditions(campaign, querystring.decode(b"source=partner-west"))
    west, north = Author("west", forced), Author("north")
    gone = Piece(campaign, west, NOW, 1, lambda _, w: w.remove(99)).job()
    futures = handed_in(
        database,
        [
            saving(campaign, west, external_id="x"),
            saving(campaign, west, fields={"source": "website"}),
            gone,
            # The same name is another lead's with another partner, the same with him.
            saving(campaign, north, external_id="x", fields={"source": "website"}),
            saving(campaign, west, external_id="x", fields={"name": "Jo"}),
        ],
    )
    assert isinstance(futures[1].exception(5), InvalidLead)
    assert isinstance(futures[2].exception(5), LeadNotFound)
    first, other, again = (futures[n].result(5).lead for n in (0, 3, 4))
    assert (first.id, other.id, again.id, again.version) == (1, 2, 1, 2)
    assert runs == [5]
    with database.reading() as connection:
        ((seq, lead_id),) = connection.rows("SELECT seq, lead_id FROM counter")
        found = {i: history.find(connection, 362, i) for i in (1, 2)}
    # A number for the epoch, and none for what was refused.
    assert (seq, lead_id) == (4, 2)
    assert [each.author for each in found[1]] == ["west", "west"]
    assert [each.author for each in found[2]] == ["north"]


def test_many_cost_as_many_statements_as_one(
    database: Database, campaign: Campaign
) -> None:
    """What they say in one round trip is one: rows of the same table."""

    def said(count: int, first: int) -> list[str]:
        heard: list[str] = []
        jobs = [
            saving(campaign, Author("west"), external_id=f"x{n}")
            for n in range(first, first + count)
        ]
        do_all = jobs[0].with_all(jobs)
        database.write(lambda c: do_all(Spy(c, heard))).result()
        return list(dict.fromkeys(heard))

    begun = said(1, 0)
    # Without the epoch, and with all of the numbers used that were reserved.
    assert len(said(1, 1)) == len(said(20, 10)) == len(begun) - 2
    assert said(5, 10)[-1] == begun[-1]


def test_a_name_that_was_given_and_taken_in_one_go_is_free(
    database: Database, campaign: Campaign
) -> None:
    author = Author("west")
    ids: list[int] = []

    def do(connection: Connection, writing: Writing) -> None:
        del connection
        read = submission.read(campaign, {"fields": {"name": "A"}, "external_id": "x"})
        for _ in range(2):
            ids.append(writing.save(read).lead.id)
            writing.remove(ids[-1])
        other = submission.read(campaign, {"fields": {"name": "B"}, "external_id": "y"})
        ids.append(writing.save(other).lead.id)
        taken = submission.read(campaign, {"external_id": None}, is_new=False)
        writing.change(ids[-1], taken)
        ids.append(writing.save(other).lead.id)

    database.write(Piece(campaign, author, NOW, 9, do).job(), campaign_id=362).result()
    assert ids == [1, 2, 3, 4]
    with database.reading() as connection:
        rows = connection.rows("SELECT external_id, lead_id FROM external_key")
    assert rows == [("y", 4)]


def test_a_fault_of_one_undoes_no_other(
    database: Database, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = counted(monkeypatch)

    def broken(connection: Connection, writing: Writing) -> Outcome:
        writing.save(submission.read(campaign, {"fields": {"name": "Half"}}))
        connection.rows("SELECT 1")
        raise ZeroDivisionError

    author = Author("west")
    futures = handed_in(
        database,
        [
            saving(campaign, author),
            Piece(campaign, author, NOW, 1, broken).job(),
            saving(campaign, author),
        ],
    )
    assert isinstance(futures[1].exception(5), ZeroDivisionError)
    assert [futures[n].result(5).lead.id for n in (0, 2)] == [1, 2]
    assert runs == [3, 1, 1, 1]


def test_an_atomic_batch_is_alone(database: Database, campaign: Campaign) -> None:
    def half(_: Connection, writing: Writing) -> Outcome:
        writing.save(submission.read(campaign, {"fields": {"name": "Half"}}))
        raise InvalidLead([])

    author = Author("west")
    alone = Piece(campaign, author, NOW, 2, half).job(is_alone=True)
    futures = handed_in(
        database, [saving(campaign, author), alone, saving(campaign, author)]
    )
    assert isinstance(futures[1].exception(5), InvalidLead)
    assert [futures[n].result(5).lead.id for n in (0, 2)] == [1, 2]


def test_runs_are_of_one_kind_and_not_too_long() -> None:
    def joint(kind: object, weight: int = 1) -> Joint[None]:
        return Joint(kind, weight, None, lambda *_: [])

    def plain(_: Connection) -> None:
        """Do nothing."""

    jobs = [joint("a"), joint("a", 999), joint("a"), joint("b"), plain, plain]
    jobs += [joint(None), joint(None), joint("b", 5_000), joint("b")]
    found = [len(run) for run in joined(jobs, lambda job: job)]
    assert found == [2, 1, 1, 1, 1, 1, 1, 1, 1]
    assert list(joined([], lambda job: job)) == []
