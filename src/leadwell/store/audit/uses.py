"""What was asked of a hub since the log was written last, summed up in memory.

A row for each request would make reading leads dear and the log long. What is alike
(token, link, campaign, scope, route) is one row a minute, with exact ids and counts.
"""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

from pyroaring import BitMap

from leadwell.schema.times import from_microseconds, show
from leadwell.store.audit.chain import Chain, Entry, Kind
from leadwell.store.audit.ranges import written

NAMED_MAX = 8
"""Of addresses, routes and parameters, so many are named in a row; all are counted."""
COUNTED_MAX = 1_000
"""Beyond so many different ones none is counted any more."""
_MASK_BYTES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Asker:
    """Who asks, as the log names them; one is equal to itself alone, which is quick."""

    actor: str
    """`token:<lineage>`, `person:<id>`; empty: nobody that is known."""
    account_id: int = 0
    token: str = ""
    """The public id of the one of its lineage."""
    link: str = ""
    generation: int = 0
    fields: tuple[str, ...] | None = None
    """The ids of fields, and attributes, that may be read; `None`: all of them."""
    masks: bool = False
    """Whether personal fields were masked."""


NOBODY = Asker("")


class Asked(NamedTuple):
    """What is noted of one request."""

    at: int
    """In microseconds."""
    address: str
    """Of the client; kept in memory alone."""
    read: Sequence[Sequence[int]] = ()
    """The ids of leads."""
    names: Iterable[str] = ()
    """Of parameters."""
    route: str = ""
    typed: str = ""
    """The e-mail address that somebody tried to sign in with; kept in memory alone."""
    is_whole: bool = True
    """`False`: the request goes on."""


class Key(NamedTuple):
    """What is summed up together."""

    asker: Asker
    chain: Chain
    kind: Kind
    what: str
    scope_id: int = 0


@dataclass(slots=True)
class Use:
    """Requests that are alike."""

    first: int
    last: int
    requests: int = 0
    leads: int = 0
    ids: BitMap = field(default_factory=BitMap)
    addresses: set[str] = field(default_factory=set[str])
    names: set[str] = field(default_factory=set[str])
    routes: set[str] = field(default_factory=set[str])
    typed: set[str] = field(default_factory=set[str])

    def add(self, asked: Asked) -> None:
        """Add one request."""
        self.last = asked.at
        self.requests += asked.is_whole
        for ids in asked.read:
            self.leads += len(ids)
            self.ids.update(ids)
        if len(self.addresses) < COUNTED_MAX:
            self.addresses.add(asked.address)
        if len(self.names) < COUNTED_MAX:
            self.names.update(asked.names)
        if asked.route:
            self.routes.add(asked.route)
        if asked.typed and len(self.typed) < COUNTED_MAX:
            self.typed.add(asked.typed)

    def may_wait(self, key: "Key", quiet_before: int) -> bool:
        """Whether it shows no lead, and is no attempt that failed, and is young."""
        is_quiet = key.kind in {Kind.READ, Kind.USE} and not self.ids
        return is_quiet and self.first > quiet_before

    def join(self, other: "Use") -> None:
        """Add requests that could not be written."""
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.requests += other.requests
        self.leads += other.leads
        self.ids |= other.ids
        self.addresses |= other.addresses
        self.names |= other.names
        self.routes |= other.routes
        self.typed |= other.typed


Taken: TypeAlias = dict[Key, Use]


class Uses:
    """All of one process. Requests add to it, and a thread writes it to the log."""

    def __init__(self, key: bytes) -> None:
        """Begin with nothing; `key` is the instance key."""
        self._mask = hmac.digest(key, b"audit log: addresses", "sha256")
        self._found: Taken = {}
        self._lock = Lock()

    def note(self, key: Key, asked: Asked) -> None:
        """Note one request."""
        with self._lock:
            use = self._found.get(key)
            if use is None:
                use = self._found[key] = Use(asked.at, asked.at)
            use.add(asked)

    def take(self, quiet_before: int | None = None) -> Taken:
        """Return what there is, and begin anew.

        Of requests that were shown no lead, only those stay that began not before a
        moment in microseconds: who asks for news all day needs no row each minute.
        """
        with self._lock:
            taken, self._found = self._found, {}
            if quiet_before is not None:
                for key in [k for k, u in taken.items() if u.may_wait(k, quiet_before)]:
                    self._found[key] = taken.pop(key)
        return taken

    def put_back(self, taken: Taken) -> None:
        """Have what could not be written be written later."""
        with self._lock:
            for key, use in taken.items():
                if key in self._found:
                    self._found[key].join(use)
                else:
                    self._found[key] = use

    def masked(self, text: str) -> str:
        """Return what stands for an address in the log: an HMAC under the key.

        The same address has the same one, and who has the key can tell whether it is
        one that they know.
        """
        digest = hmac.digest(self._mask, text.encode("utf-8", "replace"), "sha256")
        return digest[:_MASK_BYTES].hex()

    def entry(self, key: Key, use: Use) -> Entry:
        """Return the row of what is alike."""
        asker = key.asker
        content: dict[str, Any] = {
            "requests": use.requests,
            "from": show(from_microseconds(use.first)),
            "to": show(from_microseconds(use.last)),
        }
        if asker.token:
            content["token"] = asker.token
        if asker.link:
            content["link"] = asker.link
        if key.kind is Kind.READ:
            content |= _leads(use)
            content |= {"scope": _scope(key)} if asker.token else {}
        content |= _named("parameters", use.names)
        content |= _named("routes", use.routes)
        content |= _named("addresses", map(self.masked, filter(None, use.addresses)))
        content |= _named("typed", map(self.masked, use.typed))
        return Entry(key.kind, key.what, asker.actor, content)


def by_chain(taken: Taken) -> Mapping[Chain, Taken]:
    """Return what was taken, apart for each chain."""
    found: dict[Chain, Taken] = defaultdict(dict)
    for key, use in taken.items():
        found[key.chain][key] = use
    return found


def _scope(key: Key) -> dict[str, Any]:
    asker = key.asker
    fields = None if asker.fields is None else list(asker.fields)
    scope = {
        "filter": key.scope_id or None,
        "generation": asker.generation,
        "fields": fields,
    }
    return scope | ({"masks": True} if asker.masks else {})


def _leads(use: Use) -> dict[str, Any]:
    ids, is_exact = written(use.ids)
    found: dict[str, Any] = {
        "answered": use.leads,
        "leads": len(use.ids),
        "ids": ids,
    }
    return found if is_exact else found | {"ids_exact": False}


def _named(what: str, found: Iterable[str]) -> dict[str, Any]:
    """Return how many there are, and what the first of them are called."""
    names = sorted(found)
    if not names:
        return {}
    named: dict[str, Any] = {what: names[:NAMED_MAX]}
    return named | ({f"{what}_count": len(names)} if len(names) > NAMED_MAX else {})
