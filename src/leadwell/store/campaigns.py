"""Campaigns with their fields, options and statuses."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec

from leadwell.errors import CampaignNotFound, Conflict
from leadwell.model.account import Account
from leadwell.model.campaign import (
    Campaign,
    Duplicates,
    Field,
    Option,
    Policy,
    Status,
    StatusType,
)
from leadwell.model.page import Page
from leadwell.store import accounts
from leadwell.store.connection import Connection, Params, Row, one, remembered
from leadwell.store.duplicates import policies
from leadwell.store.writes import partrows, scopes

_Refs = tuple[int, ...]
_CACHED_MAX = 512
"""How many campaigns a database keeps parsed; one takes some ten kilobytes."""


def find(connection: Connection, campaign_id: int) -> Campaign | None:
    """Return the campaign with its whole schema; `None` when there is none.

    The parsed schema is kept as long as its version stands. Served by the primary
    keys of `campaign`, `field`, `option` and `status`.
    """
    row = _row(connection, campaign_id)
    if row is None:
        return None
    found: Campaign | None = connection.memo.get(row)
    if found is None:
        if len(connection.memo) >= _CACHED_MAX:
            connection.memo.clear()
        found = connection.memo[row] = _assembled(connection, row)
    return found


@remembered
def _row(connection: Connection, campaign_id: int) -> Row | None:
    return one(
        connection.rows(
            """
            SELECT campaign_id, account_id, schema_version, created_at, slug, name,
                   country, duplicates, identifying
              FROM campaign
             WHERE campaign_id = :campaign_id
            """,
            {"campaign_id": campaign_id},
        )
    )


def known(connection: Connection, campaign_id: int) -> Campaign:
    """Return the campaign.

    Raises:
        CampaignNotFound: there is none.
    """
    campaign = find(connection, campaign_id)
    if campaign is None:
        raise CampaignNotFound(
            f"there is no campaign {campaign_id}", hint="see: leadwell campaign list"
        )
    return campaign


def find_by_slug(
    connection: Connection, account: Account, slug: str
) -> Campaign | None:
    """Return the account's campaign with this slug; `None` when there is none."""
    row = one(
        connection.rows(
            """
            SELECT campaign_id FROM account_campaign
             WHERE account_id = :account_id AND slug = :slug
            """,
            {"account_id": account.id, "slug": slug},
        )
    )
    return None if row is None else find(connection, row[0])


def find_page(
    connection: Connection,
    account_id: int | None = None,
    only: int | None = None,
    page: int = 1,
    per_page: int = 1000,
) -> Page[Campaign]:
    """Return campaigns by id: of one account, or only one of them, or all."""
    params = {
        "account_id": account_id,
        "only": only,
        "limit": per_page,
        "offset": (page - 1) * per_page,
    }
    where = """(CAST(:account_id AS BIGINT) IS NULL OR account_id = :account_id)
           AND (CAST(:only AS BIGINT) IS NULL OR campaign_id = :only)"""
    ((total,),) = connection.rows(
        f"SELECT count(*) FROM campaign WHERE {where}", params
    )
    rows = connection.rows(
        f"""
        SELECT campaign_id FROM campaign
         WHERE {where}
         ORDER BY campaign_id
         LIMIT :limit OFFSET :offset
        """,
        params,
    )
    found = [known(connection, row[0]) for row in rows]
    return Page(found, page, per_page, int(total))


def of_account(
    connection: Connection, account_id: int, at_once: int = 1000
) -> Iterator[Campaign]:
    """Yield every campaign of an account by id, however many there are."""
    number = 1
    while found := find_page(
        connection, account_id, page=number, per_page=at_once
    ).items:
        yield from found
        number += 1


def add(
    connection: Connection, account: Account, campaign: Campaign, now: int
) -> Campaign:
    """Make a campaign from its definition; an id of 0 leaves the choice to the hub.

    Raises:
        Conflict: the id or the slug is taken.
    """
    _check_free(connection, account, campaign)
    campaign_id = accounts.next_id(connection, "campaign", at_least=campaign.id)
    campaign = replace(campaign, id=campaign_id, account_id=account.id)
    policy, refs = policies.row_of(campaign.duplicates)
    params = {
        "campaign_id": campaign.id,
        "account_id": account.id,
        "slug": campaign.slug,
        "name": campaign.name,
        "country": campaign.country,
        "schema_version": campaign.schema_version,
        "policy": policy,
        "refs": refs,
        "part_id": max(_part_ids(campaign), default=0),
        "now": now,
    }
    connection.run(
        """
        INSERT INTO campaign (campaign_id, account_id, slug, name, country,
                              schema_version, created_at, duplicates, identifying)
             VALUES (:campaign_id, :account_id, :slug, :name, :country,
                     :schema_version, :now, :policy, :refs)
        """,
        params,
    )
    connection.run(
        """
        INSERT INTO account_campaign (account_id, slug, campaign_id)
             VALUES (:account_id, :slug, :campaign_id)
        """,
        params,
    )
    connection.run(
        """
        INSERT INTO counter (campaign_id, seq, lead_id, part_id, stamped_at)
             VALUES (:campaign_id, 0, 0, :part_id, :now)
        """,
        params,
    )
    partrows.insert_fields(connection, campaign.id, campaign.fields)
    partrows.insert_statuses(connection, campaign.id, campaign.statuses)
    scopes.begin(connection, campaign.id, scopes.WHOLE)
    return campaign


def next_part_id(connection: Connection, campaign_id: int) -> int:
    """Take the next id for a field, option, status or filter of the campaign."""
    ((part_id,),) = connection.rows(
        """
           UPDATE counter SET part_id = part_id + 1
            WHERE campaign_id = :campaign_id
        RETURNING part_id
        """,
        {"campaign_id": campaign_id},
    )
    return int(part_id)


def hold(connection: Connection, campaign_id: int) -> Campaign:
    """Return the campaign, and keep its row in `counter` locked to the commit.

    The first statement of every write that changes what writers of leads rely on:
    until it is committed no ticket of the campaign is given.

    Raises:
        CampaignNotFound: there is none.
    """
    connection.tell(campaign_id)
    connection.run(
        "UPDATE counter SET part_id = part_id WHERE campaign_id = :campaign_id",
        {"campaign_id": campaign_id},
    )
    return known(connection, campaign_id)


def _check_free(connection: Connection, account: Account, campaign: Campaign) -> None:
    if campaign.id and find(connection, campaign.id):
        raise Conflict(
            f"there is a campaign {campaign.id} already",
            hint="leave the id out, or choose another",
        )
    taken = find_by_slug(connection, account, campaign.slug)
    if taken is not None:
        raise Conflict(
            f"account {account.slug} has a campaign {campaign.slug!r} already "
            f"({taken.id})",
            hint="choose another slug",
        )


def _part_ids(campaign: Campaign) -> Iterator[int]:
    yield from (status.id for status in campaign.statuses)
    for field in campaign.fields:
        yield field.id
        yield from (option.id for option in field.options)


def _assembled(connection: Connection, row: tuple[object, ...]) -> Campaign:
    campaign_id, account_id, version, _, slug, name, country, policy, refs = row
    params: Params = {"campaign_id": campaign_id}
    options = connection.rows(
        """
        SELECT field_id, id, slug, label FROM option
         WHERE campaign_id = :campaign_id
         ORDER BY place
        """,
        params,
    )
    fields = connection.rows(
        """
        SELECT id, slug, label, type, required, json_schema, personal FROM field
         WHERE campaign_id = :campaign_id
         ORDER BY place
        """,
        params,
    )
    statuses = connection.rows(
        """
        SELECT id, slug, label, type, is_default FROM status
         WHERE campaign_id = :campaign_id
         ORDER BY place
        """,
        params,
    )
    aliases = _aliases(connection, params)
    return Campaign(
        id=int(str(campaign_id)),
        account_id=int(str(account_id)),
        slug=str(slug),
        name=str(name),
        country=str(country),
        schema_version=int(str(version)),
        fields=tuple(_fields(fields, options, aliases)),
        statuses=tuple(
            Status(
                row[0],
                row[1],
                row[2],
                StatusType(row[3]),
                bool(row[4]),
                aliases=aliases.get(row[0], ()),
            )
            for row in statuses
        ),
        people=accounts.find_people(connection, int(str(account_id))),
        duplicates=Duplicates(
            Policy(str(policy)),
            None if refs is None else msgspec.json.decode(str(refs), type=_Refs),
        ),
    )


def _aliases(connection: Connection, params: Params) -> Mapping[int, tuple[str, ...]]:
    rows = connection.rows(
        """
        SELECT part_id, slug FROM alias
         WHERE campaign_id = :campaign_id
         ORDER BY part_id, slug
        """,
        params,
    )
    found: dict[int, tuple[str, ...]] = {}
    for part_id, slug in rows:
        found[part_id] = (*found.get(part_id, ()), slug)
    return found


def _fields(
    rows: Iterable[tuple[int, str, str, str, int, str | None, int]],
    options: Iterable[tuple[int, int, str, str]],
    aliases: Mapping[int, tuple[str, ...]],
) -> Iterator[Field]:
    by_field: dict[int, list[Option]] = {}
    for field_id, option_id, slug, label in options:
        by_field.setdefault(field_id, []).append(
            Option(option_id, slug, label, aliases=aliases.get(option_id, ()))
        )
    for field_id, slug, label, kind, required, json_schema, personal in rows:
        yield Field(
            field_id,
            slug,
            label,
            kind,
            bool(required),
            tuple(by_field.get(field_id, ())),
            msgspec.json.decode(json_schema) if json_schema else None,
            aliases.get(field_id, ()),
            bool(personal),
        )
