"""Suggest a campaign from a file: its fields, their types, its statuses."""

import re
from collections.abc import Callable, Sequence

from leadwell.errors import UnreadableFile
from leadwell.intake.choices import Definition, options, statuses
from leadwell.intake.column import DISTINCT_MAX, MOSTLY, TEXT_CHARS_MAX, Column
from leadwell.intake.source import Row, Source
from leadwell.model.slug import slug_of, unique_slug

# A column is a closed list when its values are few, and come back again and again.
OPTIONS_MAX = 50
OPTIONS_FEW = 12
OPTIONS_SHARE = 0.05
REPEATED = 3

# 0 and 1 in a handful of rows may be the start of any number.
_FLAGS_ROWS_MIN = 20

_PHONE_NAME = re.compile(
    r"(?:^|[^a-z])(?:phone|tele(?:phone|fon)?|tel|tlf|mobile?|mobil\w*|handy|\w+phone)"
    r"(?:nummer|number|no|nr)?(?:[^a-z]|$)",
    re.IGNORECASE,
)


def infer(  # noqa: PLR0913 - each names one line of the definition
    source_factory: Callable[[], Source],
    *,
    name: str,
    slug: str | None = None,
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
    columns = _facts(source)
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
        "slug": slug or slug_of(name),
        "account": account,
        "country": country,
    }
    return {key: value for key, value in head.items() if value is not None} | {
        "fields": [_field(slugs[key], key, columns[key]) for key in slugs],
        "statuses": statuses(counted),
    }


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
    return spaced[0].upper() + spaced[1:]


def _facts(source: Source) -> dict[str, Column]:
    comma = source.decimal_comma
    columns = {name: Column(decimal_comma=comma) for name in source.columns}
    adders = [(name, column.add) for name, column in columns.items()]
    for row in source:
        if isinstance(row, Row):
            cells = row.cells
            for name, add in adders:
                add(cells[name])
    return columns


def _field(slug: str, header: str, column: Column) -> Definition:
    type_name = _type_of(header, column)
    field: Definition = {"slug": slug, "label": label_of(header), "type": type_name}
    if type_name == "select":
        field["options"] = options(column.counts or ())
    if type_name == "multi_select":
        field["options"] = options(column.elements)
    return field


def _type_of(header: str, column: Column) -> str:
    if column.lists or column.objects:
        return _type_of_lists(column)
    for type_name, fits in _TYPES:
        if column.filled and fits(header, column):
            return type_name
    if _is_closed(len(column.counts or ()), column.filled):
        return "select"
    return "long_text" if column.longest > TEXT_CHARS_MAX else "text"


def _type_of_lists(column: Column) -> str:
    lists_only = not column.objects and column.lists == column.filled
    repeated = _is_closed(len(column.elements), column.elements.total())
    return "multi_select" if lists_only and repeated else "json"


def _is_closed(distinct: int, filled: int) -> bool:
    few = distinct <= max(OPTIONS_FEW, OPTIONS_SHARE * filled)
    return 0 < distinct <= OPTIONS_MAX and few and filled >= REPEATED * distinct


def _is_boolean(header: str, column: Column) -> bool:
    if column.counts is None or column.share("boolean") < 1:
        return False
    values = frozenset(value.lower() for value in column.counts)
    if values == {"0", "1"}:
        return column.filled >= _FLAGS_ROWS_MIN
    pairs: Sequence[set[str]] = ({"yes", "no"}, {"true", "false"}, {"ja", "nej"})
    return any(values <= pair for pair in (*pairs, {"ja", "nein"}))


def _is_phone(header: str, column: Column) -> bool:
    named = _PHONE_NAME.search(header) and column.share("phone") >= MOSTLY
    return bool(named) or column.share("international") >= MOSTLY


def _is_date(header: str, column: Column) -> bool:
    return column.share("date") == 1 and column.share("ambiguous") < 1


def _is_datetime(header: str, column: Column) -> bool:
    return column.share("datetime") == 1 and column.share("ambiguous") < 1


# The first that fits: a phone number is a number too, and says more.
_TYPES: tuple[tuple[str, Callable[[str, Column], bool]], ...] = (
    ("boolean", _is_boolean),
    ("phone", _is_phone),
    ("number", lambda _, column: column.share("number") == 1),
    ("date", _is_date),
    ("datetime", _is_datetime),
    ("email", lambda _, column: column.share("email") >= MOSTLY),
    ("url", lambda _, column: column.share("url") >= MOSTLY),
)
