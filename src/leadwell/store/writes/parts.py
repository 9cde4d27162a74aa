"""Changes of a living campaign's fields, options and statuses.

Each is one transaction that first holds the campaign's row in `counter`, so that no
lead is written against a schema that is being changed. What a change means for many
leads is put on the list of chores in the same transaction.
"""

from dataclasses import replace

from leadwell.errors import Conflict, Refused, UsageError
from leadwell.model.campaign import (
    Campaign,
    Duplicates,
    Field,
    Option,
    Status,
    StatusType,
)
from leadwell.model.lead import JSON
from leadwell.schema.definition import (
    FIELDS_MAX,
    OPTIONS_MAX,
    STATUSES_MAX,
    checked_name,
    is_country,
)
from leadwell.schema.parts import Kind, Name, Part, Shelf, checked_label, shelf
from leadwell.store import campaigns, filters, parts, tokens
from leadwell.store.connection import Connection
from leadwell.store.duplicates import policies
from leadwell.store.writes import chores, partrows

_MOST = {
    Kind.FIELD: FIELDS_MAX,
    Kind.OPTION: OPTIONS_MAX,
    Kind.STATUS: STATUSES_MAX,
}


def add_field(connection: Connection, campaign_id: int, field: Field) -> Field:
    """Add a field behind the others; it is empty on every lead.

    Raises:
        Conflict: the slug is or was another field's, or there are too many fields.
        Refused: it is required, and a token that writes could not see it.
    """
    campaign = campaigns.hold(connection, campaign_id)
    place = _place(connection, campaign, shelf(campaign, Kind.FIELD), field.slug)
    if field.required:
        _check_writers(connection, campaign, field.slug, None)
    field_id = campaigns.next_part_id(connection, campaign_id)
    options = tuple(
        replace(option, id=campaigns.next_part_id(connection, campaign_id))
        for option in field.options
    )
    made = replace(field, id=field_id, options=options)
    partrows.insert_fields(connection, campaign_id, [made], place)
    bump(connection, campaign_id)
    return made


def add_option(
    connection: Connection, campaign_id: int, field: str, slug: str, label: str
) -> Option:
    """Add an option behind the field's others.

    Raises:
        NotFound: there is no such field.
        Conflict: the slug is or was another option's, or there are too many.
    """
    campaign = campaigns.hold(connection, campaign_id)
    options = shelf(campaign, Kind.OPTION, field)
    place = _place(connection, campaign, options, slug)
    part_id = campaigns.next_part_id(connection, campaign_id)
    made = Option(part_id, slug, checked_label(label))
    partrows.insert_options(connection, campaign_id, options.owner_id, [made], place)
    bump(connection, campaign_id)
    return made


def add_status(connection: Connection, campaign_id: int, status: Status) -> Status:
    """Add a status behind the others; it is not the default.

    Raises:
        Conflict: the slug is or was another status's, or there are too many.
    """
    campaign = campaigns.hold(connection, campaign_id)
    place = _place(connection, campaign, shelf(campaign, Kind.STATUS), status.slug)
    made = replace(
        status,
        id=campaigns.next_part_id(connection, campaign_id),
        label=checked_label(status.label),
        is_default=False,
    )
    partrows.insert_statuses(connection, campaign_id, [made], place)
    bump(connection, campaign_id)
    return made


def rename(connection: Connection, campaign_id: int, name: Name, slug: str) -> None:
    """Give a part another slug; filters understand the old one for ever.

    Raises:
        NotFound: there is no such part.
        UsageError: it is no slug, or a reserved name.
        Conflict: it is or was the slug of another part.
    """
    campaign = campaigns.hold(connection, campaign_id)
    known, part = found(campaign, name)
    if slug == part.slug:
        return
    check_slug(connection, campaign, known, slug, part)
    partrows.keep_alias(connection, campaign_id, known, part, slug)
    partrows.set_slug(connection, campaign_id, part, slug)
    _revise(connection, campaign_id, part)
    bump(connection, campaign_id)


def relabel(connection: Connection, campaign_id: int, name: Name, label: str) -> None:
    """Give a part another label; the change feed announces a new schema.

    Raises:
        NotFound: there is no such part.
        UsageError: the label is empty or too long.
    """
    campaign = campaigns.hold(connection, campaign_id)
    _, part = found(campaign, name)
    label = checked_label(label)
    if label != part.label:
        partrows.set_label(connection, campaign_id, part, label)
        bump(connection, campaign_id)


def remove(connection: Connection, campaign_id: int, name: Name) -> None:
    """Take a part away, and from every lead what it holds of it.

    Tokens that name a field as readable keep its id: it must never widen the list.

    Raises:
        NotFound: there is no such part.
        Conflict: a filter in force names it, or the campaign needs it.
    """
    campaign = campaigns.hold(connection, campaign_id)
    filters.close_unused(connection, campaign_id)
    _, part = found(campaign, name)
    check_removable(connection, campaign, name)
    partrows.delete(connection, campaign_id, part)
    _revise(connection, campaign_id, part)
    bump(connection, campaign_id)


def move(connection: Connection, campaign_id: int, name: Name, place: int) -> None:
    """Put a part at another place among its own, from 0; the others close up.

    A place beyond the ends is the nearest end.

    Raises:
        NotFound: there is no such part.
    """
    campaign = campaigns.hold(connection, campaign_id)
    known, part = found(campaign, name)
    order = [each for each in known.parts if each.id != part.id]
    order.insert(max(place, 0), part)
    if tuple(order) != known.parts:
        partrows.set_places(connection, campaign_id, order)
        bump(connection, campaign_id)


def set_type(
    connection: Connection, campaign_id: int, slug: str, kind: StatusType
) -> None:
    """Say where a status stands in a lead's life.

    Raises:
        NotFound: there is no such status.
    """
    campaign = campaigns.hold(connection, campaign_id)
    _, part = found(campaign, Name(Kind.STATUS, slug))
    if campaign.status_by_id[part.id].type is not kind:
        partrows.set_type(connection, campaign_id, part, kind)
        bump(connection, campaign_id)


def set_default(connection: Connection, campaign_id: int, slug: str) -> None:
    """Let new leads fall to this status.

    Raises:
        NotFound: there is no such status.
    """
    campaign = campaigns.hold(connection, campaign_id)
    _, part = found(campaign, Name(Kind.STATUS, slug))
    if not campaign.status_by_id[part.id].is_default:
        partrows.set_default(connection, campaign_id, part)
        bump(connection, campaign_id)


def set_required(
    connection: Connection, campaign_id: int, slug: str, *, required: bool
) -> None:
    """Say whether new leads must have a value of this field.

    Raises:
        NotFound: there is no such field.
        Refused: a token that writes could not see it.
    """
    campaign = campaigns.hold(connection, campaign_id)
    _, part = found(campaign, Name(Kind.FIELD, slug))
    if campaign.field_by_id[part.id].required == required:
        return
    if required:
        _check_writers(connection, campaign, slug, part)
    partrows.set_required(connection, campaign_id, part, required=required)
    bump(connection, campaign_id)


def set_json_schema(
    connection: Connection, campaign_id: int, slug: str, schema: JSON
) -> None:
    """Say what new data of a field must look like; `None`: anything.

    What leads hold already stays, and is not looked at again.

    Raises:
        NotFound: there is no such field.
        UsageError: it is none of the type json.
    """
    campaign = campaigns.hold(connection, campaign_id)
    _, part = found(campaign, Name(Kind.FIELD, slug))
    field = campaign.field_by_id[part.id]
    if field.type != "json":
        raise UsageError(
            f"a {field.type} has no JSON Schema", hint="only fields of the type json do"
        )
    if field.json_schema != schema:
        partrows.set_json_schema(connection, campaign_id, part, schema)
        bump(connection, campaign_id)


def set_name(connection: Connection, campaign_id: int, name: str, country: str) -> None:
    """Call a campaign otherwise, or let it read phone numbers of another country.

    Its slug stays. What leads hold already is not read again.

    Raises:
        CampaignNotFound: there is none.
        UsageError: the name is empty or too long, or it is no country.
    """
    campaign = campaigns.hold(connection, campaign_id)
    name = checked_name(name)
    if not is_country(country):
        raise UsageError(
            f"{country[:40]!r} is not a country", hint="write DK or SE (ISO 3166-1)"
        )
    if (name, country) != (campaign.name, campaign.country):
        connection.run(
            """
            UPDATE campaign SET name = :name, country = :country
             WHERE campaign_id = :campaign_id
            """,
            {"campaign_id": campaign_id, "name": name, "country": country},
        )
        bump(connection, campaign_id)


def set_duplicates(
    connection: Connection, campaign_id: int, decided: Duplicates
) -> None:
    """Decide what becomes of duplicates from now on.

    The leads that are there already are looked at by a chore, and flagged: nothing is
    merged or refused afterwards.

    Raises:
        CampaignNotFound: there is none.
    """
    campaign = campaigns.hold(connection, campaign_id)
    if decided == campaign.duplicates:
        return
    policies.keep(connection, campaign, decided)
    chores.add(connection, campaign_id, chores.Kind.KEYS, 0)


def found(campaign: Campaign, name: Name) -> tuple[Shelf, Part]:
    """Return the part of this name, and what it stands among.

    Raises:
        NotFound: there is none.
    """
    known = shelf(campaign, name.kind, name.field)
    return known, known.find(name.slug)


def check_slug(
    connection: Connection,
    campaign: Campaign,
    known: Shelf,
    slug: str,
    part: Part | None = None,
) -> None:
    """Refuse a slug that the part cannot have; `None`: a part that is new.

    Raises:
        UsageError: it is no slug, or a reserved name.
        Conflict: it is or was the slug of another part, even of one that is gone.
    """
    known.check_slug(slug, part)
    owner = partrows.owner_of_alias(connection, campaign.id, known, slug)
    if owner is not None and (part is None or owner != part.id):
        raise Conflict(
            f"{slug!r} is a former slug of a {known.kind} that is removed, and filters "
            "may still use it",
            hint="choose another slug",
        )


def check_removable(connection: Connection, campaign: Campaign, name: Name) -> None:
    """Refuse to take away what the campaign or a filter needs.

    Raises:
        NotFound: there is no such part.
        Conflict: a filter in force names it, or the campaign needs it.
    """
    known, part = found(campaign, name)
    if part.kind is Kind.STATUS and campaign.status_by_id[part.id].is_default:
        raise Conflict(
            f"new leads fall to the status {part.slug!r}",
            hint="make another the default first: leadwell status default SLUG "
            f"--campaign {campaign.id}",
        )
    if part.kind is Kind.OPTION and len(known.parts) == 1:
        raise Conflict(
            f"{part.slug!r} is the last option of {known.field}",
            hint="add another option first, or remove the field",
        )
    uses = parts.uses(connection, campaign, part)
    if uses.filters or uses.filtering:
        named = [f"the filter {each!r}" for each in uses.filters]
        named += [f"the token {each!r}" for each in uses.filtering]
        raise Conflict(
            f"the {part.kind} {part.slug!r} stands in the filter of a token, or in a "
            f"saved one: {', '.join(named)}",
            hint="change the filter or give the token another one first",
        )


def _place(connection: Connection, campaign: Campaign, known: Shelf, slug: str) -> int:
    check_slug(connection, campaign, known, slug)
    if len(known.parts) >= _MOST[known.kind]:
        raise Conflict(
            f"there are {len(known.parts)} {known.title} already",
            hint="that is the most; remove one first",
        )
    return partrows.next_place(connection, campaign.id, known.kind)


def _check_writers(
    connection: Connection, campaign: Campaign, slug: str, part: Part | None
) -> None:
    blind = [
        token.name
        for token in tokens.find_all(connection, campaign.account_id, campaign.id)
        if token.may_write
        and token.revoked_at is None
        and token.readable is not None
        and (part is None or part.id not in token.readable)
    ]
    if blind:
        names = ", ".join(repr(name) for name in blind)
        raise Refused(
            f"{slug} cannot be required: these tokens may write, but not see it: "
            f"{names}",
            hint="give them the field first: leadwell token edit ID --fields …",
        )


def _revise(connection: Connection, campaign_id: int, part: Part) -> None:
    whole = part.kind is Kind.FIELD
    kind = chores.Kind.REVISE if whole else chores.Kind.REVISE_HOLDERS
    chores.add(connection, campaign_id, kind, part.id)


def bump(connection: Connection, campaign_id: int) -> None:
    """Give the schema its next version, as the last statement of every change."""
    chores.add(connection, campaign_id, chores.Kind.RENDER, 0)
    # The last statement: nobody may keep a schema in mind that could be undone.
    connection.run(
        """
        UPDATE campaign SET schema_version = schema_version + 1
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign_id},
    )
