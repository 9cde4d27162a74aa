"""What is known of a service: its paths, names, limits and habits, as a TOML file.

A service that has the article's paths and names needs none.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadwell.errors import UsageError
from leadwell.schema.nearest import nearest

_DURATION = re.compile(r"(\d{1,6})(s|m|h|d)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The names of what is asked."""

    page: str = "page"
    per_page: str = "per_page"
    updated_after: str = "updated_after"
    """Empty: there is none, and each run reads everything."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a lead calls what every lead has."""

    id: str = "id"
    created_at: str = "created_at"
    updated_at: str = "updated_at"


@dataclass(frozen=True, slots=True)
class Profile:
    """The limits and habits of one service."""

    leads: str = "/v2/campaigns/{campaign}/leads"
    """The path of the list, below the address."""
    lead: str = "/v2/campaigns/{campaign}/leads/{lead}"
    """The path of one lead; empty: there is none."""
    schema: str = "/v2/campaigns/{campaign}/schema"
    """The path of the fields and options; empty: there is none."""
    requests_per_minute: int = 0
    """0: as fast as it answers; a `429` slows every worker down all the same."""
    per_page_max: int = 0
    """The most leads a page; 0: it is found out."""
    lag: int = 120
    """Seconds by which `updated_at` may be behind the service's clock when it shows."""
    time_zone: str = "UTC"
    """Of times that name none."""
    reconcile_every: int = 0
    """Seconds after which a run looks for leads that are gone; 0: when told to."""
    parameters: Parameters = field(default_factory=Parameters)
    names: Names = field(default_factory=Names)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times that name none."""
        return ZoneInfo(self.time_zone)


ARTICLE = Profile()
PROFILES: Mapping[str, Profile] = {
    "article": ARTICLE,
    # What the framework does unless it is told otherwise: no version in the path, 60
    # requests a minute.
    "laravel": replace(
        ARTICLE,
        leads="/campaigns/{campaign}/leads",
        lead="/campaigns/{campaign}/leads/{lead}",
        schema="",
        requests_per_minute=60,
    ),
}
"""Those that have a name. To add one, name it here."""


def named(text: str) -> Profile:
    """Return a built-in profile, or read the file of that name.

    Raises:
        UsageError: there is none, or it says what no profile can say.
    """
    if text in PROFILES:
        return PROFILES[text]
    path = Path(text).expanduser()
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        listed = ", ".join(PROFILES)
        raise UsageError(
            f"the profile {text} cannot be read: {error.strerror}",
            hint=f"name a TOML file, or one of {listed}",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{text} is not TOML: {error}") from None
    found = cast("Profile", _filled(ARTICLE, content, text))
    _check(found, text)
    return found


def _filled(default: Any, content: Mapping[str, Any], where: str) -> Any:
    known = {each.name for each in fields(default)}
    given: dict[str, Any] = {}
    for name, value in content.items():
        if name not in known:
            near = nearest(name, known)
            meant = f"did you mean {near}? " if near else ""
            raise UsageError(
                f"{where} has an unknown key {name!r}",
                hint=f"{meant}known are {', '.join(sorted(known))}",
            )
        given[name] = _value(name, getattr(default, name), value, where)
    return replace(default, **given)


def _value(name: str, default: object, value: object, where: str) -> object:
    shown, seconds = repr(value), _seconds(name, value)
    if isinstance(default, Parameters | Names):
        if isinstance(value, dict):
            table = cast("dict[str, Any]", value)
            return _filled(default, table, f"[{name}] of {where}")
    elif isinstance(default, str):
        if isinstance(value, str):
            return value
    elif seconds is not None:
        return seconds
    raise UsageError(
        f"{name} of {where} cannot be {shown}", hint=f"for instance {_example(name)}"
    )


def _seconds(name: str, value: object) -> int | None:
    """Read a number, or a duration where one is meant."""
    if type(value) is int and value >= 0:
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    is_meant = found is not None and name in {"lag", "reconcile_every"}
    return int(found[1]) * _SECONDS[found[2]] if found and is_meant else None


def _example(name: str) -> str:
    examples = {
        "requests_per_minute": "60",
        "per_page_max": "100",
        "lag": '120 or "2m"',
        "reconcile_every": '"24h"',
        "parameters": '[parameters] and below it page = "page"',
        "names": '[names] and below it id = "id"',
    }
    return examples.get(name, f'"{getattr(ARTICLE, name, name)}"')


def _check_words(path: str, known: tuple[str, ...], where: str) -> None:
    """Check that braces hold nothing but words that stand for something."""
    allowed = " and ".join(f"{{{word}}}" for word in known)
    for given in re.findall(r"\{[^{}]*\}|[{}]", path):
        word = given.strip("{}")
        if word not in known or len(given) < 2:
            near = nearest(word, set(known))
            meant = f"did you mean {{{near}}}? " if near else ""
            raise UsageError(
                f"{where} has {given} in the path {path!r}",
                hint=f"{meant}there it may have {allowed}",
            )


def _check(found: Profile, where: str) -> None:
    for path, needed in (
        (found.leads, "{campaign}"),
        (found.lead, "{lead}"),
        (found.schema, ""),
    ):
        _check_words(
            path, ("campaign", "lead") if needed == "{lead}" else ("campaign",), where
        )
        is_path = path.startswith("/") and needed in path
        if not is_path and (path or path == found.leads):
            raise UsageError(
                f"{where} has the path {path!r}",
                hint=f"it begins with a slash and has {needed or 'no host'}, as "
                f"{ARTICLE.lead}",
            )
    try:
        ZoneInfo(found.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(
            f"{where} has the time zone {found.time_zone!r}, which is not known",
            hint='for instance "Europe/Copenhagen"',
        ) from None
    if not found.parameters.page or not found.names.id:
        raise UsageError(f"{where} leaves page or id without a name")
