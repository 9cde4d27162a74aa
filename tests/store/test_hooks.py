"""Webhooks are kept alike on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadwell.errors import NotFound
from leadwell.model.hook import Attempt, Hook
from leadwell.schema.times import microseconds
from leadwell.store.connection import Connection, Database
from leadwell.store.outgoing import hooks
from leadwell.store.outgoing.hooks import ATTEMPTS_KEPT, Told
from tests import make

HOOK = Hook(362, "Abcd1234", "Line0001", "https://a.example", make.MIDNIGHT, 3, "c1_a")
NOW = microseconds(make.MIDNIGHT)


def attempt(number: int = 0, said: str = "") -> Attempt:
    at = make.MIDNIGHT + timedelta(seconds=number)
    status = 500 if said else 204
    return Attempt(at, "msg_1", "leads.changed", status, 12, said, "c1_a")


def kept(database: Database) -> Hook:
    with database.reading() as connection:
        return hooks.find(connection, HOOK.campaign_id, HOOK.id)


def test_a_webhook_is_kept_once_and_removed_whole(database: Database) -> None:
    for _ in range(2):
        database.write(lambda c: hooks.add(c, HOOK)).result()
    with database.reading() as connection:
        assert hooks.find_all(connection, HOOK.campaign_id) == [HOOK]
        assert hooks.find_all(connection, 1) == []
    database.write(lambda c: hooks.claim(c, HOOK, "msg_1", NOW)).result()
    note = attempt()
    database.write(lambda c: hooks.note(c, HOOK, note, Told(4, "c1_b"), 0)).result()
    database.write(lambda c: hooks.remove(c, HOOK)).result()
    with database.reading() as connection:
        assert hooks.attempts(connection, HOOK) == []
        with pytest.raises(NotFound):
            hooks.find(connection, HOOK.campaign_id, HOOK.id)


def test_a_message_is_taken_on_once(database: Database) -> None:
    database.write(lambda c: hooks.add(c, HOOK)).result()
    later = NOW + 60
    taken = [
        database.write(lambda c: hooks.claim(c, HOOK, "msg_1", later)).result()
        for _ in range(2)
    ]
    assert taken == [True, False]
    with database.reading() as connection:
        assert hooks.find_due(connection, 362, later - 1) == []
        assert hooks.campaigns_due(connection, later - 1) == []
        found = hooks.find_due(connection, 362, later)
        assert [hook.message for hook in found] == ["msg_1"]
        assert hooks.campaigns_due(connection, later) == [362]
        assert hooks.find_due(connection, 363, later) == []


def test_what_arrived_moves_the_receiver_on_and_what_failed_does_not(
    database: Database,
) -> None:
    database.write(lambda c: hooks.add(c, HOOK)).result()
    database.write(lambda c: hooks.claim(c, HOOK, "msg_1", NOW)).result()
    failed = attempt(1, "it answered 500")
    database.write(lambda c: hooks.note(c, HOOK, failed, None, NOW + 5)).result()
    found = kept(database)
    assert (found.seq, found.attempts, found.next_at) == (3, 1, NOW + 5)
    assert found.failing_since == failed.at
    again = attempt(2, "it answered 500")
    database.write(lambda c: hooks.note(c, found, again, None, None)).result()
    found = kept(database)
    assert (found.failing_since, found.ended_at) == (failed.at, again.at)
    database.write(lambda c: hooks.restart(c, found)).result()
    database.write(lambda c: hooks.claim(c, kept(database), "msg_1", NOW)).result()
    told = Told(9, "c1_b")
    database.write(lambda c: hooks.note(c, found, attempt(3), told, 0)).result()
    assert kept(database) == replace(HOOK, seq=9, cursor="c1_b")


def test_what_was_begun_anew_meanwhile_stays_so(database: Database) -> None:
    database.write(lambda c: hooks.add(c, HOOK)).result()
    database.write(lambda c: hooks.claim(c, HOOK, "msg_1", NOW)).result()
    database.write(lambda c: hooks.restart(c, HOOK, Told(-1, "c1_old"))).result()
    told = Told(9, "c1_b")
    database.write(lambda c: hooks.note(c, HOOK, attempt(), told, 0)).result()
    assert kept(database).cursor == "c1_old"


def test_the_last_messages_are_kept(database: Database) -> None:
    def job(connection: Connection) -> None:
        for number in range(ATTEMPTS_KEPT + 5):
            hooks.note_test(connection, HOOK, attempt(number))

    database.write(job).result()
    with database.reading() as connection:
        found = hooks.attempts(connection, HOOK)
    assert len(found) == ATTEMPTS_KEPT
    assert found[0] == attempt(ATTEMPTS_KEPT + 4)
