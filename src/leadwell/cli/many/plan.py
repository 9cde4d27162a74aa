"""What `sync.toml` asks for, read as values; what is wrong is told with its line.

Flags stand before the environment, and that before the file. A secret never stands in
the file: an entry says where its token is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

import msgspec

from leadwell.cli.many.written import Written, nearest
from leadwell.errors import UsageError
from leadwell.sync.destinations import OPTIONS, RECEIVERS, is_receiver, shown

PREFIX = "LEADWELL_SYNC_"
"""LEADWELL_SYNC_EVERY stands before `every` of each entry, and so on."""
WORKERS = 4
"""How many pull at a time: more would ask a hub for more than it does side by side."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One campaign on its way to one destination."""

    to: str
    """Where the leads go, as `--to` says it."""
    url: str
    """The campaign's address; or the hub's, beside `campaign`."""
    campaign: int | None = None
    name: str = ""
    """What `--only` calls it; where it has none, `to` does."""
    profile: str | None = None
    """What is known of a service that is no hub, as `--profile` says it."""
    filter: str = ""
    keep_removed: bool = False
    strict: bool = False
    every: str | None = None
    follow: bool = False
    token_env: str | None = None
    """The variable that holds the token."""
    token_file: str | None = None
    token_keyring: str | None = None
    """SERVICE/NAME in the keyring of this machine."""
    ledger: str | None = None
    """Of a receiver, as all that follow: what may stand after the `#` of `to`."""
    dead_letters: str | None = None
    batch: int | None = None
    parallel: int | None = None
    secret: str | None = None
    """Where it is: `env:NAME` or `file:PATH`."""


class Plan(msgspec.Struct, frozen=True):
    """All entries, in the order of the file."""

    entries: tuple[Entry, ...]
    workers: int = WORKERS


KEYS = Entry.__struct_fields__
RECEIVED = {each.replace("-", "_"): each for each in OPTIONS}
"""Keys of an entry that goes to a receiver, with the words after a `#`."""
SHARED = tuple(key for key in KEYS if key not in {"to", "name", *RECEIVED})
"""What `[defaults]` may say, and the environment."""


def read(
    file: Path, flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> Plan:
    """Read a plan. `flags` are the options of the command that were given.

    Raises:
        UsageError: the file cannot be read or used; it says where and what to write.
    """
    source = Written(file)
    content = source.content
    source.refuse_unknown(content, ("defaults", "sync", "workers"), "")
    defaults = source.table(content.get("defaults", {}), "[defaults]")
    source.refuse_unknown(defaults, SHARED, "[defaults]")
    given: object = content.get("sync", [])
    if not isinstance(given, list) or not given:
        raise UsageError(f"{file} has no [[sync]]", hint="write one for each copy")
    over = _from_environment(environment) | dict(flags)
    entries: list[Entry] = []
    for place, each in enumerate(cast("list[object]", given)):
        table = source.table(each, "[[sync]]")
        source.refuse_unknown(table, KEYS, "[[sync]]", place)
        entries.append(_entry(source, _secret_once(defaults, table) | over, place))
    workers = environment.get(f"{PREFIX}WORKERS", content.get("workers", WORKERS))
    plan = Plan(tuple(entries), _workers(source, workers))
    _refuse_twins(plan.entries)
    return plan


def chosen(plan: Plan, names: Iterable[str]) -> Plan:
    """Return the plan with these entries alone; all, where none is named.

    Raises:
        UsageError: there is no such entry.
    """
    wanted = list(names)
    known = {each.name: each for each in plan.entries}
    for name in wanted:
        if name not in known:
            near = nearest(name, known)
            raise UsageError(
                f"there is no entry {name!r}",
                hint=near or f"there are {', '.join(known)}",
            )
    kept = [each for each in plan.entries if not wanted or each.name in wanted]
    return msgspec.structs.replace(plan, entries=tuple(kept))


def address_of(entry: Entry) -> str:
    """Return the address of an entry's campaign.

    Raises:
        UsageError: it is none, or names another campaign than the entry does.
    """
    from leadwell.client import address

    hub = address.read(entry.url)
    if entry.campaign is None:
        return entry.url
    if hub.campaign_id not in {None, entry.campaign}:
        raise UsageError(
            f"{entry.name}: campaign is {entry.campaign}, but url that of "
            f"{hub.campaign_id}",
            hint="leave one of them out",
        )
    return hub.at(f"/v2/campaigns/{entry.campaign}")


def destination_of(entry: Entry) -> str:
    """Return where an entry's leads go, with all options, as `--to` has them."""
    given = {word: getattr(entry, key) for key, word in RECEIVED.items()}
    options = urlencode({k: v for k, v in given.items() if v is not None})
    joint = "&" if "#" in entry.to else "#"
    return f"{entry.to}{joint}{options}" if options else entry.to


SECRETS = ("token_env", "token_file", "token_keyring")


def _secret_once(
    defaults: Mapping[str, Any], table: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay an entry over the defaults; its own token stands before any of theirs."""
    kept = dict(defaults)
    if not table.keys().isdisjoint(SECRETS):
        kept = {key: value for key, value in kept.items() if key not in SECRETS}
    return kept | dict(table)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    named = {key: environment.get(f"{PREFIX}{key.upper()}") for key in SHARED}
    return {key: text for key, text in named.items() if text is not None}


def _entry(source: Written, given: dict[str, Any], place: int) -> Entry:
    given.setdefault("url", os.environ.get("LEADWELL_URL", ""))
    try:
        # Not strict: the environment has text, also for a number or a truth.
        entry = msgspec.convert(given, Entry, strict=False)
    except msgspec.ValidationError as error:
        found = re.search(r"`\$\.(\w+)`|field `(\w+)`", str(error))
        key = (found[1] or found[2]) if found else ""
        where = source.at(key, "[[sync]]", place)
        said = str(error).partition(" - at ")[0]
        hint = _HINTS.get(key, "")
        raise UsageError(f"{where}: {key}: {said}", hint=hint) from None
    _check(source, entry, place)
    return msgspec.structs.replace(entry, name=entry.name or shown(entry.to))


def _workers(source: Written, found: object) -> int:
    try:
        workers = msgspec.convert(found, int, strict=False)
    except msgspec.ValidationError:
        workers = 0
    if not 1 <= workers <= 64:
        raise UsageError(f"{source.file}: workers is a number from 1 to 64")
    return workers


def _check(source: Written, entry: Entry, place: int) -> None:
    where = source.at("to", "[[sync]]", place)
    if sum(getattr(entry, key) is not None for key in SECRETS) > 1:
        raise UsageError(f"{where}: the token is named twice", hint="name it once")
    if entry.every and entry.follow:
        raise UsageError(f"{where}: every and follow exclude each other")
    if not entry.url:
        raise UsageError(f"{where}: there is no url", hint="or set LEADWELL_URL")
    for key, word in RECEIVED.items():
        if getattr(entry, key) is not None:
            _check_option(entry, word, source.at(key, "[[sync]]", place))


def _check_option(entry: Entry, word: str, where: str) -> None:
    if not is_receiver(entry.to):
        raise UsageError(
            f"{where}: {shown(entry.to)} keeps leads itself, and takes no {word}",
            hint=f"leave it out; it is for {' and '.join(RECEIVERS)}",
        )
    if word in dict(parse_qsl(entry.to.partition("#")[2])):
        raise UsageError(f"{where}: {word} stands in to as well", hint="name it once")
    if word == "secret" and not str(entry.secret).startswith(("env:", "file:")):
        raise UsageError(
            f"{where}: a secret does not stand in a file that others read",
            hint='name where it is: secret = "env:NAME" or "file:PATH"',
        )


_HINTS = {
    "to": 'for instance to = "sqlite:leads.db"',
    "campaign": "for instance campaign = 362",
    "every": 'for instance every = "5m"',
    "batch": "for instance batch = 100",
    "parallel": "for instance parallel = 4",
}


def _refuse_twins(entries: Iterable[Entry]) -> None:
    places: dict[str, str] = {}
    names: set[str] = set()
    for each in entries:
        if each.name in names:
            raise UsageError(f"two entries are called {each.name!r}", hint="rename one")
        names.add(each.name)
        other = places.setdefault(_place(destination_of(each)), each.name)
        if other != each.name:
            own = "ledger" if is_receiver(each.to) else "place"
            raise UsageError(
                f"{other!r} and {each.name!r} have one destination, {shown(each.to)}",
                hint=f"give each a {own} of its own",
            )


def _place(to: str) -> str:
    """Return what two texts have in common that name one place."""
    place = to.partition(":")[2]
    is_url = place.startswith("//") or "://" in place
    return to if is_url else str(Path(place).expanduser().resolve())
