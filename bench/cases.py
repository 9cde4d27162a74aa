"""What is read, and how each server is asked for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from bench.data import CAMPAIGN
from bench.load import Request, asked

LEADS = f"/v2/campaigns/{CAMPAIGN}/leads"
PER_PAGE = 50


class Case(NamedTuple):
    """A question, and which of its pages are read."""

    name: str
    conditions: Sequence[tuple[str, str]]
    is_deep: bool = False
    """Whether its last pages are read, and not its first one."""

    def pages(self, total: int) -> range:
        """Return the numbers of the pages that are read of so many matching leads."""
        last = max(1, total // PER_PAGE)
        return range(max(1, last * 3 // 4), last + 1) if self.is_deep else range(1, 2)


_STATUS, _SOURCE, _TYPE = (
    ("status", "new"),
    ("source", "source-1"),
    ("customer-type", "customer-type-0"),
)
CASES = (
    Case("first page", ()),
    Case("deep pages", (), is_deep=True),
    Case("one filter, 30 %", [("status", "contacted")]),
    Case("one filter, 30 %, deep", [("status", "contacted")], is_deep=True),
    Case("one filter, 1 %", [("status", "duplicate")]),
    Case("one filter, 1 %, deep", [("status", "duplicate")], is_deep=True),
    Case("two filters", [_STATUS, _SOURCE], is_deep=True),
    Case("three filters", [_STATUS, _SOURCE, _TYPE], is_deep=True),
    Case(
        "created_after and status",
        [("created_after", "2025-11-23"), _STATUS],
        is_deep=True,
    ),
    Case("updated_after, nothing new", [("updated_after", "2030-01-01")]),
)
CONTIGUOUS = ("first page", "deep pages")
"""The cases whose leads stand one behind the other in the database."""
SCATTERED = tuple(
    case.name
    for case in CASES
    if case.conditions and case.name != "updated_after, nothing new"
)
"""The cases whose leads are picked from here and there."""
FIRST_AND_DEEP = (
    ("first page", "deep pages"),
    ("one filter, 30 %", "one filter, 30 %, deep"),
    ("one filter, 1 %", "one filter, 1 %, deep"),
)
FEED, UNCHANGED = "feed, nothing new", "304"
"""Two more questions, which only the hub is asked."""

Path = Callable[[Case, int, int], str]
"""Writes the path of a case's page, of so many matching leads."""


def of_hub(case: Case, page: int, _: int = 0) -> str:
    """Ask the hub, as the article does."""
    return f"{LEADS}?{urlencode([*case.conditions, ('page', page)])}"


def of_framework(case: Case, page: int, _: int) -> str:
    """Ask what was built with a web framework."""
    pairs = [(name.replace("-", "_"), value) for name, value in case.conditions]
    return f"/leads?{urlencode([*pairs, ('page', page)])}"


def of_datasette(leads: int) -> Path:
    """Ask Datasette, which has no page numbers: where a page begins is worked out."""
    lookups = {"created_after": "created_at__gt", "updated_after": "updated_at__gt"}

    def path(case: Case, page: int, total: int) -> str:
        pairs = [
            (lookups.get(name, name.replace("-", "_") + "__exact"), value)
            for name, value in case.conditions
        ]
        behind = (page - 1) * PER_PAGE * leads // total if page > 1 else 0
        pairs += [("_next", str(behind))] if behind else []
        given = [*pairs, ("_size", PER_PAGE), ("_shape", "objects")]
        return f"/peers-{leads}/lead.json?{urlencode(given)}"

    return path


@dataclass(frozen=True, slots=True)
class Asking:
    """How one server is asked."""

    path: Path
    token: str = "none"

    def of(self, case: Case, total: int) -> Request:
        """Return the requests of a case that so many leads match, one after another."""
        pages = case.pages(total)[:2_000]
        raw = [asked(self.path(case, page, total), self.token) for page in pages]
        return lambda number: raw[number % len(raw)]
