"""Links as both databases keep them."""

from datetime import timedelta

import pytest

from leadwell.errors import NotFound
from leadwell.model.link import LinkKind, looks_like_secret
from leadwell.model.token import digest, public_id_of
from leadwell.store import links, tokens
from tests import make

DAY = timedelta(days=1)


def found(database, secret: str):
    with database.reading() as connection:
        return links.find_by_digest(connection, digest(make.KEY, secret))


@pytest.fixture
def token(database, account, campaign) -> str:
    return make.a_token(database, account, campaign)


@pytest.mark.parametrize("kind", LinkKind)
def test_a_link_is_kept_without_its_secret(
    database, account, campaign, token, kind: LinkKind
) -> None:
    secret = make.a_link(database, token, kind, expires_at=make.MIDNIGHT + DAY)
    assert looks_like_secret(secret)
    link = found(database, secret)
    assert link is not None
    assert (link.kind, link.lineage) == (kind, public_id_of(token))
    assert (link.account_id, link.campaign_id) == (account.id, campaign.id)
    assert (link.created_at, link.expires_at) == (make.MIDNIGHT, make.MIDNIGHT + DAY)
    assert (link.revoked_at, link.last_used_at) == (None, None)
    assert link.is_open(make.MIDNIGHT)
    assert not link.is_open(make.MIDNIGHT + DAY)
    assert found(database, secret[::-1]) is None


def test_links_are_listed_by_campaign_and_by_token(
    database, account, campaign, token
) -> None:
    other = make.a_kept_campaign(database, account, id=363, name="Walls")
    tokens_of = {
        "one": token,
        "other": make.a_token(database, account, other),
        "account": make.a_token(database, account, None),
    }
    for owner in tokens_of.values():
        make.a_link(database, owner, LinkKind.DOCUMENTATION)
    make.a_link(database, token, created_at=make.MIDNIGHT - DAY)
    with database.reading() as connection:
        everything = links.find_all(connection)
        assert [link.kind for link in everything][:1] == [LinkKind.CSV]
        assert len(everything) == 4
        assert len(links.find_all(connection, campaign.id)) == 2
        assert [link.campaign_id for link in links.find_all(connection, 363)] == [363]
        of_account = links.find_of(connection, public_id_of(tokens_of["account"]))
    assert [link.campaign_id for link in of_account] == [None]


def test_a_revoked_link_stays_as_it_was_revoked_first(database, token) -> None:
    secret = make.a_link(database, token)
    link = found(database, secret)
    for now in (make.us(make.MIDNIGHT), make.us(make.MIDNIGHT + DAY)):
        database.write(lambda c, now=now: links.revoke(c, link.public_id, now)).result()
        assert found(database, secret).revoked_at == make.MIDNIGHT
    assert not found(database, secret).is_open(make.MIDNIGHT)
    with pytest.raises(NotFound, match="no link"):
        database.write(lambda c: links.revoke(c, "nobody", 0)).result()


def test_the_last_use_is_noted(database, token) -> None:
    secret = make.a_link(database, token)
    key = digest(make.KEY, secret)
    database.write(lambda c: links.note_use(c, key, make.us(make.MIDNIGHT))).result()
    assert found(database, secret).last_used_at == make.MIDNIGHT


def test_a_lineage_is_told_newest_first(database, account, campaign, token) -> None:
    lineage = public_id_of(token)
    later = make.MIDNIGHT + DAY
    new = make.a_token(database, account, campaign, lineage=lineage, created_at=later)
    make.a_token(database, account, campaign)
    with database.reading() as connection:
        told = tokens.find_lineage(connection, lineage)
    assert [each.public_id for each in told] == [public_id_of(new), lineage]
