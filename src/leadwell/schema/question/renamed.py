"""Which slugs of a question are those that something had before it was renamed."""

from collections.abc import Iterator, Mapping

from leadwell.model.campaign import Campaign, Column, Option
from leadwell.schema import querystring
from leadwell.schema.subjects import FIELD_PREFIX

_LISTS = frozenset({"_fields", "_sort"})


def former(view: Campaign, raw: bytes) -> dict[str, str]:
    """Return the former slugs that stand in a query string, each with what it is now.

    Raises:
        MalformedQuery, TooMany: it cannot be read.
    """
    fields, options = view.deriving("former", lambda: _aliases(view))
    if not raw or (not fields and not options):
        return {}
    found: dict[str, str] = {}
    for name, text in querystring.decode(raw):
        base = name.partition("[")[0].removeprefix(FIELD_PREFIX)
        parts = text.split(",")
        named = [part.removeprefix("-") for part in parts] if base in _LISTS else [base]
        found |= {each: fields[each] for each in named if each in fields}
        known = options.get(fields.get(base, base), {})
        found |= {each: known[each] for each in parts if each in known}
    return found


def _aliases(
    view: Campaign,
) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    """Return the former slugs of fields, and of options by their field's slug."""
    fields = {alias: field.slug for alias, field in view.field_by_alias.items()}
    options = {field.slug: dict(_former(field.options)) for field in view.fields}
    options[Column.STATUS.value] = dict(_former(view.statuses))
    return fields, {slug: found for slug, found in options.items() if found}


def _former(options: tuple[Option, ...]) -> Iterator[tuple[str, str]]:
    for option in options:
        yield from ((alias, option.slug) for alias in option.aliases)
