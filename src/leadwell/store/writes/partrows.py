"""Rows of the tables `field`, `option` and `status`, and of `alias`."""

from collections.abc import Sequence

import msgspec

from leadwell.model.campaign import Field, Option, Status, StatusType
from leadwell.schema.parts import Kind, Part, Shelf
from leadwell.store.connection import Connection, one

FIRST = 0
"""The place of the first part of a new campaign."""


def insert_fields(
    connection: Connection,
    campaign_id: int,
    fields: Sequence[Field],
    place: int = FIRST,
) -> None:
    """Write fields with their options, the first at this place."""
    connection.run_many(
        """
        INSERT INTO field (campaign_id, id, slug, label, type, required, json_schema,
                           personal, place)
             VALUES (:campaign_id, :id, :slug, :label, :type, :required, :json_schema,
                     :personal, :place)
        """,
        [
            {
                "campaign_id": campaign_id,
                "id": field.id,
                "slug": field.slug,
                "label": field.label,
                "type": field.type,
                "required": int(field.required),
                "json_schema": _json_text(field.json_schema),
                "personal": int(field.is_personal),
                "place": number,
            }
            for number, field in enumerate(fields, place)
        ],
    )
    for field in fields:
        insert_options(connection, campaign_id, field.id, field.options)


def insert_options(
    connection: Connection,
    campaign_id: int,
    field_id: int,
    options: Sequence[Option],
    place: int = FIRST,
) -> None:
    """Write options of a field, the first at this place."""
    connection.run_many(
        """
        INSERT INTO option (campaign_id, id, field_id, slug, label, place)
             VALUES (:campaign_id, :id, :field_id, :slug, :label, :place)
        """,
        [
            _choice(campaign_id, option, number) | {"field_id": field_id}
            for number, option in enumerate(options, place)
        ],
    )


def insert_statuses(
    connection: Connection,
    campaign_id: int,
    statuses: Sequence[Status],
    place: int = FIRST,
) -> None:
    """Write statuses, the first at this place."""
    connection.run_many(
        """
        INSERT INTO status (campaign_id, id, slug, label, type, is_default, place)
             VALUES (:campaign_id, :id, :slug, :label, :type, :is_default, :place)
        """,
        [
            _choice(campaign_id, status, number)
            | {"type": status.type.value, "is_default": int(status.is_default)}
            for number, status in enumerate(statuses, place)
        ],
    )


def next_place(connection: Connection, campaign_id: int, kind: Kind) -> int:
    """Return the place behind all parts of this kind."""
    ((place,),) = connection.rows(
        f"""
        SELECT coalesce(max(place), -1) + 1 FROM {kind.value}
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign_id},
    )
    return int(place)


def set_slug(connection: Connection, campaign_id: int, part: Part, slug: str) -> None:
    """Give a part another slug."""
    connection.run(
        f"""
        UPDATE {part.kind.value} SET slug = :slug
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {"campaign_id": campaign_id, "id": part.id, "slug": slug},
    )


def set_label(connection: Connection, campaign_id: int, part: Part, label: str) -> None:
    """Give a part another label."""
    connection.run(
        f"""
        UPDATE {part.kind.value} SET label = :label
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {"campaign_id": campaign_id, "id": part.id, "label": label},
    )


def set_required(
    connection: Connection, campaign_id: int, part: Part, *, required: bool
) -> None:
    """Say whether a new lead must have a value of this field."""
    connection.run(
        """
        UPDATE field SET required = :required
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {"campaign_id": campaign_id, "id": part.id, "required": int(required)},
    )


def set_personal(
    connection: Connection, campaign_id: int, part: Part, *, personal: bool
) -> None:
    """Say whether what a field holds is somebody's personal data."""
    connection.run(
        """
        UPDATE field SET personal = :personal
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {"campaign_id": campaign_id, "id": part.id, "personal": int(personal)},
    )


def set_json_schema(
    connection: Connection, campaign_id: int, part: Part, schema: object
) -> None:
    """Say what the data of a field must look like; `None`: anything."""
    connection.run(
        """
        UPDATE field SET json_schema = :json_schema
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {
            "campaign_id": campaign_id,
            "id": part.id,
            "json_schema": _json_text(schema),
        },
    )


def set_type(
    connection: Connection, campaign_id: int, part: Part, kind: StatusType
) -> None:
    """Say where a status stands in a lead's life."""
    connection.run(
        """
        UPDATE status SET type = :type
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {"campaign_id": campaign_id, "id": part.id, "type": kind.value},
    )


def set_places(connection: Connection, campaign_id: int, parts: Sequence[Part]) -> None:
    """Let the parts of one shelf stand in this order, from the first place on."""
    connection.run_many(
        f"""
        UPDATE {parts[0].kind.value} SET place = :place
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        [
            {"campaign_id": campaign_id, "id": part.id, "place": place}
            for place, part in enumerate(parts, FIRST)
        ],
    )


def set_default(connection: Connection, campaign_id: int, part: Part) -> None:
    """Make a status the one that new leads fall to, instead of the present one."""
    connection.run(
        """
        UPDATE status SET is_default = CASE WHEN id = :id THEN 1 ELSE 0 END
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign_id, "id": part.id},
    )


def delete(connection: Connection, campaign_id: int, part: Part) -> None:
    """Take a part away, a field with its options."""
    params = {"campaign_id": campaign_id, "id": part.id}
    connection.run(
        f"""
        DELETE FROM {part.kind.value}
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        params,
    )
    connection.run(
        "DELETE FROM option WHERE campaign_id = :campaign_id AND field_id = :id",
        params,
    )


def owner_of_alias(
    connection: Connection, campaign_id: int, shelf: Shelf, slug: str
) -> int | None:
    """Return the id of the part that had this slug before, even if it is gone."""
    row = one(
        connection.rows(
            """
            SELECT part_id FROM alias
             WHERE campaign_id = :campaign_id AND owner_id = :owner_id
               AND slug = :slug
            """,
            {"campaign_id": campaign_id, "owner_id": shelf.owner_id, "slug": slug},
        )
    )
    return None if row is None else int(row[0])


def keep_alias(
    connection: Connection, campaign_id: int, shelf: Shelf, part: Part, now_is: str
) -> None:
    """Keep the part's slug as an alias; what it is called now is none any more."""
    params = {
        "campaign_id": campaign_id,
        "owner_id": shelf.owner_id,
        "now_is": now_is,
        "slug": part.slug,
        "part_id": part.id,
    }
    connection.run(
        """
        DELETE FROM alias
         WHERE campaign_id = :campaign_id AND owner_id = :owner_id AND slug = :now_is
        """,
        params,
    )
    connection.run(
        """
        INSERT INTO alias (campaign_id, owner_id, slug, part_id)
             VALUES (:campaign_id, :owner_id, :slug, :part_id)
        """,
        params,
    )


def _choice(campaign_id: int, option: Option, place: int) -> dict[str, object]:
    return {
        "campaign_id": campaign_id,
        "id": option.id,
        "slug": option.slug,
        "label": option.label,
        "place": place,
    }


def _json_text(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
