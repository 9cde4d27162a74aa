"""Read `_sort` and `_fields`: the order of an answer, and the parts it shows."""

from collections.abc import Iterable

from leadwell.errors import TooMany, UnknownParameter
from leadwell.model.campaign import Attribute, Campaign, Column
from leadwell.model.query import FieldRef, Shown, SortKey
from leadwell.model.slug import RESERVED
from leadwell.schema.fields import type_named
from leadwell.schema.nearest import listed, nearest
from leadwell.schema.subjects import FIELD_PREFIX, check_seen

SORT_KEYS_MAX = 3


def sort(view: Campaign, text: str) -> tuple[SortKey, ...]:
    """Read `-budget,created_at`: a minus turns a key round; `id` is always last.

    Raises:
        UnknownParameter: a key cannot be sorted by.
        MaskedField: the token does not see what it would sort by.
        TooMany: more than three keys.
    """
    parts = text.split(",")
    if len(parts) > SORT_KEYS_MAX:
        raise TooMany(
            f"_sort has {len(parts)} keys", hint=f"at most {SORT_KEYS_MAX} are used"
        )
    known = sortable(view)
    understood = _formerly_sortable(view) | known
    keys: list[SortKey] = []
    for part in parts:
        name = part.removeprefix("-")
        if name not in understood:
            _check_seen(view, name)
            raise _unknown(f"leads cannot be sorted by {name[:64]!r}", name, known)
        keys.append(SortKey(understood[name], descending=part.startswith("-")))
    return tuple(keys)


def sortable(view: Campaign) -> dict[str, FieldRef]:
    """Return the names an answer can be ordered by."""
    names: dict[str, FieldRef] = {
        column.value: column
        for column in (Column.ID, Column.CREATED_AT, Column.UPDATED_AT)
    }
    for field in view.fields:
        if type_named(field.type).sorts_by:
            taken = field.slug in names or field.slug in RESERVED
            names[FIELD_PREFIX * taken + field.slug] = field.id
    return names


def _check_seen(view: Campaign, name: str) -> None:
    field = view.field_named(name.removeprefix(FIELD_PREFIX))
    if field is not None:
        check_seen(field)


def _formerly_sortable(view: Campaign) -> dict[str, FieldRef]:
    return {
        prefix + alias: field.id
        for alias, field in view.field_by_alias.items()
        if type_named(field.type).sorts_by
        for prefix in ("", FIELD_PREFIX)
    }


def shown(view: Campaign, text: str) -> Shown:
    """Read `name,status`: the fields and attributes that the answer keeps.

    Raises:
        UnknownParameter: there is no such field or attribute.
    """
    attributes = {attribute.value: attribute for attribute in view.attributes}
    fields: set[str] = set()
    kept: set[Attribute] = set()
    for name in text.split(","):
        field = view.field_named(name.removeprefix(FIELD_PREFIX))
        if name in attributes:
            kept.add(attributes[name])
        elif field is not None:
            fields.add(field.slug)
        else:
            known = (*view.field_by_slug, *attributes)
            raise _unknown(f"leads have no field {name[:64]!r}", name, known)
    return Shown(frozenset(fields), frozenset(kept))


def _unknown(message: str, name: str, known: Iterable[str]) -> UnknownParameter:
    names = tuple(known)
    near = nearest(name, names)
    return UnknownParameter(
        message,
        hint=f"did you mean {near}?" if near else f"known here: {', '.join(names)}",
        value=name,
        allowed=listed(names),
        did_you_mean=near,
    )
