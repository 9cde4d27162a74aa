"""Profiles: what a CRM or an ERP is asked, as a TOML file says it."""

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct, field

from leadwell.client.wire.arriving import CONNECTIONS_MAX
from leadwell.errors import UsageError
from leadwell.sync.destinations.push import template
from leadwell.sync.destinations.push.address import check_address
from leadwell.sync.destinations.push.exchanging import Answers

REPLACE = "REPLACE_"
"""Begins what a ready profile leaves to its user."""
EACH = "each"
"""The placeholder for the leads of a batch."""
IN_HEADERS = ("event_id", "id", "version", "campaign_id")
"""Placeholders of a header, beside secrets: no stranger has typed them."""


class Call(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request."""

    path: str
    """What follows `url`; values are percent-encoded."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    query: dict[str, str] = {}
    """Parameters, each with its value."""
    headers: dict[str, str] = {}
    """Beside those of all requests."""
    body: Any = None
    """The JSON that is sent, as a tree of tables, lists and texts with placeholders."""
    each: Any = None
    """One lead of a batch; `{each}` in `body` is the list of them."""
    id: str | None = None
    """Where the answer says what the target calls the lead: `data.items.0.id`."""

    def placeholders(self) -> set[str]:
        """Return all placeholders but those of headers."""
        tree = [self.path, list(self.query.values()), self.body, self.each]
        return template.names(tree)


class Replies(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What statuses mean; whatever is not named is a refusal of the lead."""

    success: tuple[int | str, ...] = ("2xx",)
    """Delivered."""
    retry: tuple[int | str, ...] = (408, 425, 429, "5xx")
    """Not now."""
    stop: tuple[int | str, ...] = (401, 403, 410)
    """Nothing more is sent in this run."""

    def answers(self) -> Answers:
        """Return them as they are compared."""
        return Answers(*(tuple(map(str, x)) for x in msgspec.structs.astuple(self)))


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How leads are brought into one target."""

    url: str
    """The address that every path is added to; nothing is sent anywhere else."""
    headers: dict[str, str] = {}
    """Sent with each request."""
    secrets: dict[str, str] = {}
    """By the name in `{secrets.NAME}`: `env:VARIABLE` or `file:PATH`."""
    batch: int = 1
    """Leads in one request; more than one needs `upsert.each`."""
    per_second: float | None = None
    """The most requests in a second."""
    parallel: int = 1
    """Requests at a time; more where two leads are never one record in the target."""
    timeout_s: float = 30.0
    """How long an answer may take, in seconds."""
    empty: Literal["null", "omit", "text"] = "null"
    """What an empty value becomes: null, nothing at all, or an empty text."""
    separator: str | None = None
    """Makes texts of lists, with this between the items."""
    map: dict[str, dict[str, Any]] = {}
    """By field, or `status`: the target's value for each slug; `*` for all others."""
    answers: Replies = field(default_factory=Replies)
    """What statuses mean."""
    upsert: Call | None = None
    """Creates the lead or updates it, as the target decides."""
    lookup: Call | None = None
    """Finds what the target calls the lead; 404, or no id in the answer: not there."""
    create: Call | None = None
    """Creates a lead that was not found; without `lookup`, whenever no id is known."""
    update: Call | None = None
    """Updates the lead that `{remote_id}` names."""
    remove: Call | None = None
    """Carries out a removal; without it removals are not told."""

    @property
    def calls(self) -> dict[str, Call]:
        """The requests that there are, by name."""
        named = ("upsert", "lookup", "create", "update", "remove")
        return {name: call for name in named if (call := getattr(self, name))}

    @property
    def style(self) -> template.Style:
        """How values are written."""
        return template.Style(self.empty, self.separator)


def read(path: Path) -> Profile:
    """Read a profile.

    Raises:
        UsageError: it cannot be read, or does not say what is to be done.
    """
    try:
        text = path.read_text("utf-8")
        given = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(
            f"{path} cannot be read: {reason}",
            hint="begin with a ready one: leadwell target list",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    profile = _converted(path, given)
    _check(path, profile, given)
    return profile


def _converted(path: Path, given: Mapping[str, Any]) -> Profile:
    _check_keys(path, "", given, Profile)
    for name, table in given.items():
        kind = Replies if name == "answers" else Call
        is_call = name in {"upsert", "lookup", "create", "update", "remove"}
        if isinstance(table, dict) and (is_call or name == "answers"):
            _check_keys(path, f"{name}.", cast("dict[str, Any]", table), kind)
    try:
        return msgspec.convert(given, Profile)
    except msgspec.ValidationError as error:
        where = str(error).replace("$.", "")
        raise UsageError(f"{path}: {where}") from None


def _check_keys(
    path: Path, where: str, given: Mapping[str, Any], kind: type[Struct]
) -> None:
    known = [each.name for each in msgspec.structs.fields(kind)]
    for key in given.keys() - set(known):
        close = get_close_matches(key, known, 1)
        meant = f"did you mean {where}{close[0]}? " if close else ""
        raise UsageError(
            f"{path}: {where}{key} is no key of a profile",
            hint=f"{meant}there are {', '.join(known)}",
        )


def _check(path: Path, profile: Profile, given: Mapping[str, Any]) -> None:
    left = sorted(set(_to_replace(given)))
    if left:
        raise UsageError(
            f"{path} has still to be edited: {', '.join(left)}",
            hint="put your own values in their place; the comments say which",
        )
    check_address(profile.url, path.name)
    for is_wrong, what in _faults(profile):
        if is_wrong:
            raise UsageError(f"{path}: {what}")
    for name, call in profile.calls.items():
        _check_call(path, profile, name, call)


def _faults(profile: Profile) -> Iterator[tuple[bool, str]]:
    upsert, create, update = profile.upsert, profile.create, profile.update
    lookup, each = profile.lookup, bool(upsert and upsert.each)
    yield not upsert and not create, "there is neither upsert nor create"
    yield bool(upsert and (create or update)), "upsert excludes create and update"
    yield bool(lookup and not lookup.id), "lookup.id says where the answer has the id"
    yield bool(lookup and create and not update), "what lookup finds needs an update"
    yield not 1 <= profile.batch <= 1000, "batch is from 1 to 1000"
    yield (
        not 1 <= profile.parallel <= CONNECTIONS_MAX,
        f"parallel is from 1 to {CONNECTIONS_MAX}",
    )
    yield profile.batch > 1 and not each, "a batch needs upsert.each"
    has_each = EACH in template.names(upsert.body if upsert else None)
    yield each != has_each, "upsert.each and {each} in upsert.body belong together"
    yield (profile.per_second or 1) <= 0, "per_second is more than 0"


def _check_call(path: Path, profile: Profile, name: str, call: Call) -> None:
    if not call.path.startswith("/"):
        raise UsageError(f"{path}: {name}.path begins with a /")
    # What their names are is asked when the campaign's fields are known.
    call.placeholders()
    known = {*IN_HEADERS, *(f"secrets.{each}" for each in profile.secrets)}
    found = template.names([*profile.headers.values(), *call.headers.values()])
    if not found <= known:
        raise UsageError(
            f"{path}: {{{min(found - known)}}} cannot stand in a header",
            hint=f"there may be {', '.join(sorted(known))}",
        )


def _to_replace(tree: Any) -> list[str]:
    if isinstance(tree, str):
        at = tree.find(REPLACE)
        word = tree[at:].split()[0] if at >= 0 else ""
        end = next(
            (i for i, c in enumerate(word) if not (c.isalnum() or c == "_")), None
        )
        return [word[:end]] if word else []
    if isinstance(tree, dict):
        table = cast("dict[str, Any]", tree)
        return [word for pair in table.items() for e in pair for word in _to_replace(e)]
    if isinstance(tree, list):
        return [
            word for each in cast("list[object]", tree) for word in _to_replace(each)
        ]
    return []
