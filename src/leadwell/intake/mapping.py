"""Which column of a file goes where, and how a row becomes a submission."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadwell.errors import UsageError
from leadwell.intake.spelling import wire_value
from leadwell.model.campaign import Campaign, Field, Option
from leadwell.model.lead import JSON
from leadwell.model.slug import slug_of
from leadwell.schema.nearest import nearest
from leadwell.schema.submission import IMPORT_KEYS, KEYS

OWN_TARGETS = tuple(key for key in (*KEYS, *IMPORT_KEYS) if key != "fields")
"""What a column can hold besides a field: the lead's own attributes."""
SKIPPED = "-"
"""As a target: the column is left out on purpose."""
NOTES = ("_row", "_field", "_error")
"""The columns of an error file that are no data, so that it can be imported again."""

Targets = Mapping[str, str]
"""Columns of the file, each with the slug of its field or one of `OWN_TARGETS`."""


def targets(
    campaign: Campaign, columns: Sequence[str], chosen: Mapping[str, str]
) -> Targets:
    """Decide where every column goes: as chosen, else by slug or label.

    Raises:
        UsageError: a column has no target, two have the same, or a choice is unknown.
    """
    known = {**dict.fromkeys(OWN_TARGETS, ""), **campaign.field_by_slug}
    _check_chosen(columns, chosen, tuple(known))
    labels = folded_labels(campaign)
    found: dict[str, str] = {}
    for column in columns:
        target = chosen.get(column) or guessed(column, known, labels)
        if target not in (None, SKIPPED) and column not in NOTES:
            found[column] = target
    _check_complete(columns, found, chosen, tuple(known))
    return found


def folded_labels(campaign: Campaign) -> Mapping[str, str]:
    """Return the slugs of the fields by their labels, in small letters."""
    return {field.label.casefold(): field.slug for field in campaign.fields}


def guessed(
    column: str, known: Mapping[str, object], labels: Mapping[str, str]
) -> str | None:
    """Return what a column means by its name: a slug, a label, or nothing."""
    for name in (column, slug_of(column), slug_of(column).replace("-", "_")):
        if name in known:
            return name
    return labels.get(column.casefold())


def submission_of(
    campaign: Campaign,
    found: Targets,
    cells: Mapping[str, Any],
    *,
    decimal_comma: bool,
) -> dict[str, JSON]:
    """Write a row as the lead that it hands in, in the spelling of the wire."""
    fields: dict[str, JSON] = {}
    given: dict[str, JSON] = {"fields": fields}
    for column, target in found.items():
        cell = cells.get(column)
        if cell is None:
            continue
        if target in OWN_TARGETS and target not in campaign.field_by_slug:
            given[target] = _attribute(campaign, target, cell)
        else:
            field = campaign.field_by_slug[target]
            fields[target] = _value(field, cell, decimal_comma=decimal_comma)
    return given


def _check_chosen(
    columns: Sequence[str], chosen: Mapping[str, str], known: tuple[str, ...]
) -> None:
    for column, target in chosen.items():
        if column not in columns:
            raise UsageError(
                f"the file has no column {column!r}",
                hint=f"it has: {', '.join(columns)}",
            )
        if target != SKIPPED and target not in known:
            near = nearest(target, known)
            raise UsageError(
                f"the campaign has no field {target!r}",
                hint=f"did you mean {near}?" if near else f"known: {', '.join(known)}",
            )


def _check_complete(
    columns: Sequence[str],
    found: Targets,
    chosen: Mapping[str, str],
    known: tuple[str, ...],
) -> None:
    lost = [
        column
        for column in columns
        if column not in found and column not in NOTES and chosen.get(column) != SKIPPED
    ]
    if lost:
        # The column that a campaign's statuses were made of is no field of it.
        is_free = "status" not in found.values()
        status = f", if it is the status: --map '{lost[0]}=status'" if is_free else ""
        raise UsageError(
            f"these columns match no field: {', '.join(lost)}",
            hint=f"say where each goes: --map '{lost[0]}=SLUG'{status}, or leave it "
            f"out: --map '{lost[0]}={SKIPPED}'. Fields: {', '.join(known)}",
        )
    by_target: dict[str, str] = {}
    for column, target in found.items():
        if target in by_target:
            raise UsageError(
                f"the columns {by_target[target]!r} and {column!r} both go to {target}",
                hint=f"leave one out: --map '{column}={SKIPPED}'",
            )
        by_target[target] = column


def _attribute(campaign: Campaign, target: str, cell: Any) -> JSON:
    if target == "status":
        return _slug_meant(campaign.statuses, str(cell))
    if target == "assigned_person":
        names = {person.name.casefold(): person.id for person in campaign.people}
        text = str(cell)
        return int(text) if text.isdigit() else names.get(text.casefold(), text)
    return str(cell)


def _value(field: Field, cell: Any, *, decimal_comma: bool) -> JSON:
    if field.type == "select":
        return _slug_meant(field.options, str(cell))
    if field.type == "multi_select" and isinstance(cell, str):
        separator = next((mark for mark in "|;," if mark in cell), ",")
        parts = (part.strip() for part in cell.split(separator))
        return [_slug_meant(field.options, part) for part in parts if part]
    value: Any = wire_value(field.type, cell, decimal_comma=decimal_comma)
    given: JSON = value
    return given


def _slug_meant(options: Sequence[Option], text: str) -> str:
    # People write labels into files; what matches neither is refused by the schema.
    if any(option.slug == text for option in options):
        return text
    folded = text.casefold()
    for option in options:
        if folded in (option.label.casefold(), option.slug):
            return option.slug
    return text
