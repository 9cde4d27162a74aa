"""Slugs: the wire's word for a field, an option or a status."""

import re
import unicodedata
from collections.abc import Collection
from itertools import count

SLUG: re.Pattern[str] = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")

# Long enough for a name, short enough for a column name in every database.
LONGEST = 63

# A field's slug is a parameter of the query string, where these are taken.
RESERVED: frozenset[str] = frozenset(
    {
        "page",
        "per_page",
        "status",
        "created_after",
        "created_before",
        "updated_after",
        "updated_before",
        "assigned_to",
        "id",
    }
)

# What a label without one Latin letter or digit is called.
UNNAMED = "unnamed"

_SPELLED = str.maketrans(
    {"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
)


def is_slug(text: str) -> bool:
    """Whether `text` has the form of a slug; a reserved name has it too."""
    return SLUG.fullmatch(text) is not None


def slug_of(label: str) -> str:
    """Spell a label as a slug, `Årlig indtægt` as `aarlig-indtaegt`.

    A label without Latin letters or digits becomes `unnamed`.
    """
    # Composed first: a decomposed `å` must be spelled like the composed one.
    composed = unicodedata.normalize("NFKC", label).lower().translate(_SPELLED)
    plain = unicodedata.normalize("NFKD", composed).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^a-z0-9_]+", "-", plain.replace("'", ""))
    return joined.strip("-_")[:LONGEST].rstrip("-_") or UNNAMED


def unique_slug(
    label: str, taken: Collection[str], *, reserved: Collection[str] = RESERVED
) -> str:
    """Spell a label as a slug that is neither reserved nor taken.

    A reserved name gets `-field`, a taken one `-2`, `-3` and so on. Options and
    statuses have no reserved names: pass an empty `reserved`.
    """
    slug = slug_of(label)
    if slug in reserved:
        slug = f"{slug}-field"
    if slug not in taken:
        return slug
    return next(free for free in _numbered(slug) if free not in taken)


def _numbered(slug: str) -> "map[str]":
    def with_number(number: int) -> str:
        suffix = f"-{number}"
        return slug[: LONGEST - len(suffix)].rstrip("-_") + suffix

    return map(with_number, count(2))
