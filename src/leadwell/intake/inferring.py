"""Suggest a campaign from a file: its fields, their types, its statuses."""

import re
from collections.abc import Callable, Iterable, Mapping

from leadwell.errors import UnreadableFile
from leadwell.intake.choices import Definition, options, statuses
from leadwell.intake.column import DISTINCT_MAX, Column
from leadwell.intake.kinds import type_of
from leadwell.intake.source import Row, Source
from leadwell.model.slug import slug_of, unique_slug
from leadwell.schema.parts import LABEL_CHARACTERS_MAX

WATCHED_ROWS = 5_000
"""Rows between two signs of life; thousands are read in a second."""


def infer(
    source_factory: Callable[[], Source],
    *,
    name: str,
    campaign_id: int | None = None,
    account: str,
    status_column: str | None = None,
    country: str | None = None,
) -> Definition:
    """Suggest the definition of a campaign that takes every good row of a file.

    One pass, in memory bounded by the number of columns. `status_column` is the
    header's name of it; an export of the hub brings its own.

    Raises:
        UnreadableFile: no such status column, or one with too many values.
    """
    source = source_factory()
    status_column = status_of(source, status_column)
    columns = _facts(source, source.columns)
    held = Column(decimal_comma=False) if status_column is None else None
    counted = (held or columns[status_column or ""]).counts
    if counted is None:
        raise UnreadableFile(
            f"the column {status_column} has more than {DISTINCT_MAX} different "
            "values, or long ones: that is no status",
            hint="name another status column, or none",
        )
    slugs = field_slugs(source, status_column)
    head: Definition = {
        "id": campaign_id,
        "name": name,
        "slug": slug_of(name),
        "account": account,
        "country": country,
    }
    return {key: value for key, value in head.items() if value is not None} | {
        "fields": [_field(slugs[key], key, columns[key]) for key in slugs],
        "statuses": statuses(counted),
    }


def infer_fields(
    source: Source, slugs: Mapping[str, str], watch: Callable[[], None]
) -> list[Definition]:
    """Suggest fields for some columns, by their slugs: one pass over the file.

    `watch` is called every so many rows.
    """
    columns = _facts(source, slugs, watch)
    return [_field(slug, key, columns[key]) for key, slug in slugs.items()]


def status_of(source: Source, status_column: str | None) -> str | None:
    """Return the column that holds the status, if any.

    Raises:
        UnreadableFile: the file has no such column.
    """
    if status_column is None:
        return "status" if "status" in source.lead_columns else None
    if status_column not in source.columns:
        raise UnreadableFile(
            f"there is no column {status_column!r} to take the status from",
            hint=f"columns here: {', '.join(source.columns)[:500]}",
        )
    return status_column


def field_slugs(source: Source, status_column: str | None) -> dict[str, str]:
    """Give each column that is a field its slug, in the file's order."""
    slugs: dict[str, str] = {}
    for column in source.columns:
        if column != status_column and column not in source.lead_columns:
            slugs[column] = unique_slug(column, slugs.values())
    return slugs


def label_of(header: str) -> str:
    """Make a label of a header: `cust_num` becomes `Cust num`."""
    spaced = re.sub(r"[_\s]+", " ", header).strip() or header
    label = spaced[0].upper() + spaced[1:]
    # A survey has whole questions there; who reads the label sees that it goes on.
    most = LABEL_CHARACTERS_MAX
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"


def _facts(
    source: Source, names: Iterable[str], watch: Callable[[], None] | None = None
) -> dict[str, Column]:
    comma = source.decimal_comma
    columns = {name: Column(decimal_comma=comma) for name in names}
    adders = [(name, column.add) for name, column in columns.items()]
    for place, row in enumerate(source):
        if watch is not None and place % WATCHED_ROWS == 0:
            watch()
        if isinstance(row, Row):
            cells = row.cells
            for name, add in adders:
                add(cells[name])
    return columns


def _field(slug: str, header: str, column: Column) -> Definition:
    type_name = type_of(header, column)
    field: Definition = {"slug": slug, "label": label_of(header), "type": type_name}
    if type_name == "select":
        field["options"] = options(column.counts or ())
    if type_name == "multi_select":
        field["options"] = options(column.elements)
    return field
