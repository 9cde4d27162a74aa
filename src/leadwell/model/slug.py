"""Slugs: the wire's words for campaigns, fields, options and statuses."""

import re
import unicodedata
from collections.abc import Collection

CHARACTERS_MAX = 63
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.ASCII)
RESERVED = frozenset(
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
"""Names with a meaning of their own in a query string, for ever (CONTRACT §4)."""

_LETTERS = str.maketrans(
    {"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
)


def is_slug(text: str) -> bool:
    """Whether the text has the shape of a slug."""
    return bool(SLUG.fullmatch(text))


def slug_of(label: str) -> str:
    """Make a slug from a label; empty when the label has no letter or digit."""
    folded = unicodedata.normalize("NFKC", label).lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9_]+", "-", plain)
    return words.strip("-_")[:CHARACTERS_MAX].strip("-_")


def unique_slug(label: str, taken: Collection[str]) -> str:
    """Make a slug that is neither taken nor reserved."""
    slug = slug_of(label) or "field"
    if slug in RESERVED:
        slug = f"{slug}-field"
    unique, number = slug, 1
    while unique in taken:
        number += 1
        unique = f"{slug[: CHARACTERS_MAX - len(str(number)) - 1]}-{number}"
    return unique
