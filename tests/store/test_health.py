"""What is noted of the readers of tokens, on both databases."""

from datetime import timedelta

import pytest

from leadwell.errors import NotFound
from leadwell.model.token import digest, public_id_of
from leadwell.store import accounts, campaigns, feed, tokens
from leadwell.store.access import health
from leadwell.store.access.health import Failure, Note, Noting
from leadwell.store.readers import Progress
from leadwell.store.writes import chores
from tests import make

MINUTE_US = 60_000_000


def test_the_last_note_of_a_kind_is_kept(database, account, campaign) -> None:
    token, other = (make.a_token(database, account, campaign) for _ in range(2))
    key = digest(make.KEY, token)
    for at, text in enumerate(("curl/8.5", "leadwell/1.0"), 1):
        note = Noting(key, Note.AGENT, text, at * MINUTE_US)
        database.write(note).result()
    failure = Failure("unknown_parameter", 400, ("stat",))
    database.write(Noting(key, Note.ERROR, failure.written(), MINUTE_US)).result()
    # Of what is no token nothing is kept.
    unknown = digest(make.KEY, token[::-1])
    database.write(Noting(unknown, Note.AGENT, "curl/8.5", MINUTE_US)).result()
    with database.reading() as connection:
        found = tokens.find_all(connection, account.id, campaign.id)
        noted = health.notes(connection, found)
        assert health.notes(connection, []) == {}
        assert health.notes(connection, found[:1]).keys() == {found[0].public_id}
    own = noted[public_id_of(token)]
    assert own[Note.AGENT].text == "leadwell/1.0"
    assert own[Note.AGENT].at - own[Note.ERROR].at == timedelta(minutes=1)
    assert Failure.read(own[Note.ERROR].text) == failure
    assert noted[public_id_of(other)] == {}


def test_a_reader_is_behind_by_the_changes_of_its_scope(
    database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign, "source=partner-west")
    lineage = public_id_of(token)

    def standing():
        with database.reading() as connection:
            held = tokens.known(connection, lineage)
            reader = (campaign.id, lineage, held.filter_id or 0)
            return health.following(connection, *reader)

    assert standing() is None
    first = make.a_lead(database, campaign, fields={"source": "partner-west"})
    with database.reading() as connection:
        seq = feed.head(connection, campaign.id).seq
    database.write(Progress(campaign.id, lineage, seq, MINUTE_US).note).result()
    found = standing()
    assert found is not None
    assert (found.waiting, found.since) == (0, None)
    later = make.MIDNIGHT + timedelta(hours=1)
    make.a_lead(database, campaign, later, fields={"source": "partner-west"})
    make.a_lead(database, campaign, later, fields={"source": "website"})
    found = standing()
    assert found is not None
    assert (found.waiting, found.since) == (1, later)
    assert found.moved_at < first.created_at


def test_a_person_is_renamed_in_every_campaign(database, account, campaign) -> None:
    lead = make.a_lead(database, campaign, assigned_person=1)
    rename = accounts.rename_person

    def job(connection) -> None:
        accounts.hold(connection, account.id)
        rename(connection, account.id, 1, "Sales Two")
        current = campaigns.known(connection, campaign.id)
        assert current.schema_version > campaign.schema_version
        assert current.person_by_id[1].name == "Sales Two"
        assert chores.remaining(connection, campaign.id) == 1

    database.write(job).result()
    assert lead.assigned_to == 1
    with pytest.raises(NotFound, match="no person 9"):
        database.write(lambda c: rename(c, account.id, 9, "Nobody")).result()
