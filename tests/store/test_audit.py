"""The audit log as both databases keep it: added to alone, and it shows tampering."""

# ruff: noqa: S608 - statements of this file alone are put together

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from leadwell.model.grant import Author
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store.audit import (
    checking,
    cutting,
    finding,
    ranges,
    reporting,
    telling,
    writes,
)
from leadwell.store.audit.chain import (
    HUB,
    TOKEN,
    Chain,
    Entry,
    Head,
    Kind,
    Told,
    append,
    head,
)
from leadwell.store.audit.finding import Asked
from leadwell.store.connection import Connection, Database
from leadwell.store.people import activity
from leadwell.store.people.activity import Named, What
from tests import make
from tests.effort import REPEATS, examples

DAY = 86_400_000_000
OURS = Chain(362, 1)


def add(database: Database, count: int, at: int = 1, chain: Chain = OURS) -> None:
    """Add rows, each a millisecond after the other, one in each transaction."""
    for number in range(count):
        entry = Entry(Kind.ACTION, "token-made", "operator", {"about": f"æ{number}"})
        job = partial(append, chain=chain, at=at + number * 1_000, entries=[entry])
        database.write(job).result()


def rows_of(database: Database, chain: Chain = OURS) -> list[Told]:
    return list(finding.walk(database, chain))


def faults(database: Database, chain: Chain = OURS, **given: Any) -> list[int]:
    found = checking.check(database, chain, **given).faults
    return [fault.number for fault in found]


def run(database: Database, sql: str, **params: Any) -> None:
    database.write(lambda c: c.run(sql, params)).result()


def test_each_row_has_the_hash_of_the_one_before(database) -> None:
    entries = [Entry(Kind.USE, "GET /v2/me", "token:a", {"b": [1], "a": "Åse"})] * 2
    database.write(lambda c: append(c, OURS, 7, entries)).result()
    add(database, 1)
    add(database, 1, chain=HUB)
    first, second, third = rows_of(database)
    assert first.content == '{"a":"Åse","b":[1]}'
    assert first.hash == first.hash_after("")
    assert second.hash == second.hash_after(first.hash) != first.hash
    assert third.hash == third.hash_after(second.hash)
    with database.reading() as connection:
        assert head(connection, OURS) == Head(3, third.hash)
        assert [*finding.heads(connection)] == [HUB, OURS]
        assert [*finding.heads(connection, campaign_id=362)] == [OURS]
        assert [*finding.heads(connection, account_id=0)] == [HUB]
        assert finding.strays(connection) == []
    assert faults(database) == []
    assert checking.check(database, OURS).rows == 3


def test_a_transaction_that_is_undone_leaves_no_row(database) -> None:
    add(database, 1)

    def job(connection: Connection) -> None:
        append(connection, OURS, 5, [Entry(Kind.ACTION, "token-made")])
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised right here
        database.write(job).result()
    add(database, 1)
    assert [told.number for told in rows_of(database)] == [1, 2]
    assert faults(database) == []


def test_writers_in_two_processes_make_one_chain(tmp_path: Path, engine: str) -> None:
    path = tmp_path / "both.db"
    both = [make.a_database(path, engine), make.a_database_again(path, engine)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda database: add(database, 10), both * 2))
    assert [told.number for told in rows_of(both[0])] == list(range(1, 41))
    assert faults(both[0]) == []
    for database in both:
        database.close()


COLUMNS = {"at": 99, "kind": "use", "what": "x", "actor": "token:b", "content": "{}"}
WHERE = "WHERE campaign_id = :campaign_id AND account_id = 1 AND number = :number"
COPIED = "campaign_id, account_id, :to, at, kind, what, actor, content, hash"
TAMPERING = {name: f"UPDATE audit SET {name} = :value {WHERE}" for name in COLUMNS} | {
    "hash": f"UPDATE audit SET hash = 'ab' {WHERE}",
    "number": f"UPDATE audit SET number = 0 {WHERE}",
    "remove": f"DELETE FROM audit {WHERE}",
    # To another chain: there it is one too many, and here it is missing.
    "move": f"UPDATE audit SET account_id = account_id + 99999 {WHERE}",
    "end": "DELETE FROM audit WHERE campaign_id = :campaign_id AND number >= :number",
    "put in": f"INSERT INTO audit SELECT {COPIED} FROM audit {WHERE}",
}


def tamper(database: Database, chain: Chain, how: str, number: int, count: int) -> int:
    """Do one thing to a chain; return the first row at which it has to be seen."""
    params: dict[str, Any] = {"campaign_id": chain.campaign_id, "number": number}
    if how in COLUMNS:
        params["value"] = COLUMNS[how]
    elif how == "put in":
        params["to"] = count + 1
    run(database, TAMPERING[how], **params)
    return {"put in": count + 1, "number": 0}.get(how, number)


@REPEATS
@examples(25)
@given(drawn=st.data())
def test_whatever_is_done_to_a_row_is_found_and_where(database, drawn) -> None:
    with database.reading() as connection:
        chain = Chain(len(finding.heads(connection)) + 1, 1)
    count = drawn.draw(st.integers(1, 6))
    how = drawn.draw(st.sampled_from(sorted(TAMPERING)))
    number = drawn.draw(st.integers(1, count))
    add(database, count, chain=chain)
    assert faults(database, chain) == []
    first = tamper(database, chain, how, number, count)
    assert faults(database, chain)[0] == first


@REPEATS
@examples(10)
@given(places=st.sets(st.integers(1, 6), min_size=2, max_size=2))
def test_rows_that_have_changed_places_are_found(database, places: set[int]) -> None:
    with database.reading() as connection:
        chain = Chain(len(finding.heads(connection)) + 1, 1)
    add(database, 6, chain=chain)
    one, other = places
    for of, to in ((one, 0), (other, one), (0, other)):
        sql = f"UPDATE audit SET number = :to {WHERE}"
        run(database, sql, campaign_id=chain.campaign_id, number=of, to=to)
    assert faults(database, chain)[0] == min(places)


def test_a_head_that_is_altered_is_found(database) -> None:
    add(database, 3)
    before = rows_of(database)
    sql = "UPDATE audit_head SET number = 2, hash = :hash WHERE campaign_id = 362"
    run(database, sql, hash=before[1].hash)
    assert faults(database) == [3]
    run(database, "UPDATE audit_head SET number = 3 WHERE campaign_id = 362")
    assert faults(database) == [3]
    run(database, "DELETE FROM audit_head WHERE campaign_id = 362")
    assert faults(database) == [1]
    with database.reading() as connection:
        assert finding.strays(connection) == [OURS]


def test_a_chain_that_is_made_anew_is_found_by_what_was_noted(database) -> None:
    add(database, 3)
    second = rows_of(database)[1]
    noted = {2: second.hash}
    assert faults(database, noted=noted) == []
    run(database, "DELETE FROM audit WHERE campaign_id = 362")
    run(database, "DELETE FROM audit_head WHERE campaign_id = 362")
    add(database, 3, at=500)
    assert faults(database) == []
    assert faults(database, noted=noted) == [2]
    assert faults(database, noted={9: "ab"}) == [9]


def test_what_is_too_old_goes_and_the_rest_can_be_proved(database, monkeypatch) -> None:
    monkeypatch.setattr(cutting, "CHUNK", 2)
    add(database, 5)
    add(database, 2, at=DAY)
    cut = partial(cutting.cut, chain=OURS, before=DAY, now=2 * DAY)
    noted = {told.number: told.hash for told in rows_of(database)}
    with database.reading() as connection:
        assert cutting.is_due(connection, OURS, 2)
        assert not cutting.is_due(connection, OURS, 1)
        assert not cutting.is_due(connection, HUB, DAY)
    while database.write(cut).result():
        pass
    assert not database.write(cut).result()
    left = rows_of(database)
    assert [told.number for told in left[:2]] == [6, 7]
    assert {told.what for told in left[2:]} == {"cut"}
    assert faults(database, noted=noted) == []
    add(database, 1, at=3 * DAY)
    assert faults(database) == []
    exported = [telling.ndjson(told) for told in rows_of(database)]
    (again,) = checking.check_told(telling.read_rows(exported), {OURS: noted})
    assert (again.faults, again.rows) == ([], len(exported))
    # One more than the log says.
    run(database, TAMPERING["remove"], campaign_id=362, number=6)
    assert faults(database) == [6, 7]


def test_a_log_that_is_too_old_as_a_whole_keeps_one_row(database) -> None:
    add(database, 3)
    cut = partial(cutting.cut, chain=OURS, before=DAY, now=DAY - 1)
    assert not database.write(cut).result()
    assert [(told.number, told.what) for told in rows_of(database)] == [(4, "cut")]
    # What tells of the removal is too old as well by now.
    assert not database.write(cut).result()
    assert len(rows_of(database)) == 1
    assert faults(database) == []


def test_an_export_is_proved_without_the_database(database) -> None:
    add(database, 4)
    lines = [telling.ndjson(told) for told in rows_of(database)]
    found = checking.check_told(telling.read_rows([*lines, b"\n"]), {})
    assert [each.faults for each in found] == [[]]
    (part,) = checking.check_told(telling.read_rows(lines[2:]), {})
    assert (part.rows, part.faults) == (2, [])
    changed = [lines[0], lines[1].replace(b"operator", b"person:1"), *lines[2:]]
    (found_out,) = checking.check_told(telling.read_rows(changed), {})
    assert [fault.number for fault in found_out.faults] == [2]
    (short,) = checking.check_told(telling.read_rows([lines[0], lines[3]]), {})
    assert [fault.number for fault in short.faults] == [2, 4]


def test_rows_are_found_by_what_they_are(database) -> None:
    add(database, 3)
    entries = [Entry(Kind.READ, "GET", "token:a", {"ids": "1-3", "ids_exact": True})]
    database.write(lambda c: append(c, HUB, 1_500, entries)).result()
    both = [HUB, OURS]

    def numbers(**asked: Any) -> list[tuple[int, int]]:
        with database.reading() as connection:
            found = finding.newest(connection, both, Asked(**asked), 3)
        return [(told.chain.campaign_id, told.number) for told in found]

    assert numbers() == [(362, 3), (0, 1), (362, 2)]
    assert numbers(kind="read") == numbers(actor="token:a") == [(0, 1)]
    assert numbers(since=1_500) == [(362, 3), (0, 1)]
    assert numbers(before=1_001) == [(362, 1)]
    (told,) = rows_of(database, HUB)
    assert reporting.has_read(told, 2)
    assert not reporting.has_read(told, 4)
    assert not reporting.has_read(rows_of(database)[0], 2)


def test_what_is_decided_is_told_by_ids_in_the_same_transaction(
    database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign, "source=partner-west")
    public_id = token.split("_")[1]

    def job(connection: Connection) -> None:
        about, who = Named("Jane's token", public_id), Named("Ann Doe", "person:7")
        activity.note(connection, campaign, What.TOKEN_MADE, about, who=who, at=1)
        ended = Named("3 · all of Jane's", "rule 1: 3 leads")
        activity.note(connection, campaign, What.RETENTION_ERASED, ended, who="", at=2)
        activity.note(connection, account, What.PERSON_INVITED, "Bo", who="", at=3)

    database.write(job).result()
    made, erased = rows_of(database, Chain.of(campaign))
    content = telling.told(made)["content"]
    assert (made.kind, made.what, made.actor) == ("action", "token-made", "person:7")
    assert content["about"] == content["lineage"] == public_id
    assert content["scope"]["generation"] == 1
    assert content["scope"]["filter"] > 0
    assert (erased.actor, telling.told(erased)["content"]) == (
        "retention",
        {"about": "rule 1: 3 leads"},
    )
    (invited,) = rows_of(database, Chain.of(account))
    assert (invited.actor, invited.content) == ("operator", "{}")
    assert "Jane" not in made.content + erased.content
    assert "Ann" not in made.actor


def sum_up(database: Database, now: int = 5) -> list[bool]:
    """Sum up what was written, as a hub does."""
    with database.reading() as connection:
        waiting = writes.find_waiting(connection)
    kept: list[bool] = []
    for each in waiting:
        with database.reading() as connection:
            sums = writes.summed(connection, each)
        job = partial(writes.keep, sums=sums, now=now)
        kept.append(database.write(job).result())
        assert not database.write(job).result()
    return kept


def test_writes_are_summed_up_from_their_history_once(
    database, account, campaign, monkeypatch
) -> None:
    monkeypatch.setattr(writes, "CHUNK", 3)
    assert sum_up(database) == []
    at = microseconds(make.MIDNIGHT)
    for number in range(5):
        moment = from_microseconds(at + number)
        author = Author("Abcd1234" if number % 2 else "")
        make.a_lead(database, campaign, now=moment, author=author)
    while sum_up(database):
        pass
    told = [telling.told(each) for each in rows_of(database, Chain.of(campaign))]
    assert {each["kind"] for each in told} == {"write"}
    by = {TOKEN + "Abcd1234": 0, "operator": 0}
    for each in told:
        by[each["actor"]] += each["content"]["revisions"]
    assert by == {TOKEN + "Abcd1234": 2, "operator": 3}
    assert max(each["content"]["highest_id"] for each in told) == 5
    assert faults(database, Chain.of(campaign)) == []
    make.a_lead(database, campaign, now=from_microseconds(at + 60_000_000))
    assert sum_up(database) == [True]
    assert sum_up(database) == []
    assert writes.actor_of("person:7") == "person:7"
    assert writes.actor_of("retention") == "retention"


IDS = st.integers(1, 2**31)


@REPEATS
@examples(40)
@given(
    ids=st.sets(IDS, max_size=50) | st.sets(IDS, min_size=250, max_size=400),
    first=IDS,
    size=st.integers(0, 3_000),
)
def test_ids_are_written_as_ranges_and_none_is_lost(
    ids: set[int], first: int, size: int
) -> None:
    meant = BitMap(ids) | BitMap(range(first, first + size))
    text, is_exact = ranges.written(meant)
    found = BitMap()
    for lowest, highest in ranges.read(text):
        found.add_range(lowest, highest + 1)
    assert found == meant if is_exact else found > meant
    assert text.count(",") < ranges.RANGES_MAX
    assert all(ranges.holds(text, each) for each in sorted(ids)[:9])
    assert not ranges.holds(text, 2**31 + 10_000)
