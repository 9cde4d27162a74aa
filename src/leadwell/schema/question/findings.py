"""The parameters of one query string, and all that is wrong with them at once."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadwell.errors import (
    VALUE_CHARACTERS_MAX,
    Contradiction,
    DuplicateParameter,
    EmptyValue,
    InvalidQuestion,
    LeadwellError,
    MalformedValue,
    OutOfRange,
    Problem,
    UnknownParameter,
)
from leadwell.schema.nearest import listed, nearest

T = TypeVar("T")
Pairs = Sequence[tuple[str, str]]
_WHOLE = re.compile(r"\d{1,13}", re.ASCII)

WINDOW = ("page", "per_page")
SETTINGS = ("_sort", "_fields", "_meta", "_tz", "_q", "_cursor", "_snapshot")
"""The parameters that are no conditions; all that comes later starts with `_` too."""
FEED = (
    "_cursor",
    "_limit",
    "_wait",
    "_from",
    "_digest",
    "_confirm",
    "_fields",
    "_tz",
)
DIGEST = ("_buckets", "_bucket", "_tz")
EXPORT = ("_format", "_cursor", "_after", "_fields", "_tz")
"""Those of the other ways to read leads."""
FOREIGN = {
    "limit": "per_page",
    "page_size": "per_page",
    "pageSize": "per_page",
    "size": "per_page",
    "offset": "page",
    "sort": "_sort",
    "order": "_sort",
    "order_by": "_sort",
    "fields": "_fields",
    "select": "_fields",
    "q": "_q",
    "query": "_q",
    "search": "_q",
    "since": "updated_after",
    "updated_since": "updated_after",
    "modified_since": "updated_after",
    "assigned_person": "assigned_to",
    "created_at": "created_after",
    "updated_at": "updated_after",
}
"""How other APIs call these parameters; a field of that name comes first."""
_LIKE = {"per_page": "_limit", "_limit": "per_page"}
"""The same on another route."""
_RIGHT = {*FOREIGN, *WINDOW, *SETTINGS, *FEED, *DIGEST, *EXPORT}
"""Names that are right elsewhere: here they are not misspelt, so none is near."""


class Findings:
    """The parameters of one query string, and all problems found in them so far."""

    def __init__(self, pairs: Pairs, known: tuple[str, ...] | None = None) -> None:
        self._problems: list[tuple[int, Problem]] = []
        self._values: dict[str, str] = {}
        self._order = {name: place for place, (name, _) in enumerate(pairs)}
        self._gather(pairs)
        for name in self._values:
            if known is not None and name not in known:
                self._note(name, unknown(name, known))
        utc: tzinfo = UTC
        self._zone = self.setting("_tz", zone, utc)

    def setting(self, name: str, read_text: Callable[[str], T], default: T) -> T:
        """Read one parameter that is no condition; note what is wrong with it."""
        if name not in self._values:
            return default
        try:
            return read_text(self._values[name])
        except LeadwellError as error:
            self._note(name, error)
            return default

    def others(
        self, known: Sequence[str], read_text: Callable[[str, str, tzinfo], T]
    ) -> tuple[T, ...]:
        """Read all parameters but the known ones; the zone is that of `_tz`."""
        found: list[T] = []
        for name, text in self._values.items():
            if name in known:
                continue
            try:
                found.append(read_text(name, text, self._zone))
            except InvalidQuestion as several:
                place = self._order[name]
                self._problems += [(place, problem) for problem in several.problems]
            except LeadwellError as error:
                self._note(name, error)
        return tuple(found)

    def refuse_beside(self, name: str, others: Iterable[str], why: str) -> None:
        """Note every one of the others that is given: it contradicts `name`."""
        for other in others:
            if other in self._values:
                error = Contradiction(f"{other} cannot stand beside {name}", hint=why)
                self._note(other, error)

    def refuse_problems(self) -> None:
        """Raise all problems at once, in the order of the query string."""
        if self._problems:
            self._problems.sort(key=lambda pair: pair[0])
            raise InvalidQuestion([problem for _, problem in self._problems])

    def _gather(self, pairs: Pairs) -> None:
        for name, text in pairs:
            if name in self._values:
                hint = f"give it once; several values are written {name}=a,b"
                self._note(
                    name,
                    DuplicateParameter(f"{name} is given twice", hint=hint, value=text),
                )
            elif not text:
                self._note(name, empty(name))
            else:
                self._values[name] = text

    def _note(self, name: str, error: LeadwellError) -> None:
        problem = error.problem(parameter=name[:VALUE_CHARACTERS_MAX])
        self._problems.append((self._order[name], problem))


def bounded(text: str, name: str, most: int, least: int = 1) -> int:
    """Read a whole number from `least` to `most`."""
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise OutOfRange(
            f"{name} is {text[:40]!r}",
            hint=f"{name} is a whole number from {least} to {most}",
            value=text,
        )
    return int(text)


def switch(text: str) -> bool:
    """Read `true` or `false`."""
    words = {"1": True, "true": True, "0": False, "false": False}
    if text not in words:
        raise MalformedValue(
            f"{text[:40]!r} is neither true nor false",
            hint="write true or false",
            value=text,
            allowed=("true", "false"),
        )
    return words[text]


def zone(text: str) -> tzinfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MalformedValue(
            f"{text[:40]!r} is not a time zone",
            hint="write a name of the IANA database, for instance Europe/Copenhagen",
            value=text,
        ) from None


def empty(name: str) -> EmptyValue:
    """Return the error for a parameter without a value."""
    hint = "give it a value"
    if not name.startswith("_") and name not in WINDOW and "[" not in name:
        hint += f", or ask for empty fields with {name[:64]}[exists]=false"
    return EmptyValue(f"{name[:64]} has no value", hint=hint)


def unknown(name: str, known: Iterable[str]) -> UnknownParameter:
    """Return the error for a parameter that is not known, with the nearest."""
    known = tuple(known)
    base = name.partition("[")[0]
    own = FOREIGN.get(base, base)
    own = own if own in known else _LIKE.get(own, own)
    guess = None if base in _RIGHT else nearest(base, known)
    near = own if own in known else guess
    return UnknownParameter(
        f"there is no parameter {name[:64]!r}",
        hint=f"did you mean {near}?" if near else _known_here(known),
        value=name,
        allowed=listed(known),
        did_you_mean=near,
    )


def _known_here(known: Sequence[str]) -> str:
    return f"known here: {', '.join(known[:20])}" if known else "none is known here"
