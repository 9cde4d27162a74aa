"""A plain service of the article's shape, which changes while it is read."""

import json
import random
import threading
import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from leadwell.testing.exchange import Reply, Request

Order = Literal["id", "-id", "updated_at", "-updated_at"]
Envelope = Literal["pagination", "meta", "paginator", "data", "array"]
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Churn:
    """What happens between two requests; each number is how much, on average."""

    edits: float = 0
    inserts: float = 0
    deletes: float = 0


QUIET = Churn()


@dataclass(slots=True)
class PlainServer:
    """Leads behind pages and `updated_after`: no cursor, no feed, no word of deletions.

    What stands behind a `FaultServer`: `FaultServer(PlainServer(leads=1000))`. Between
    two requests leads are edited, added and deleted as `churn` says. Each answer is one
    moment; the order is total.
    """

    leads: int = 0
    """How many there are in the beginning."""
    order: Order = "id"
    churn: Churn = QUIET
    envelope: Envelope = "pagination"
    per_page_max: int = 1000
    refuses_large: bool = False
    """Whether a larger page is a 422, instead of one of `per_page_max`."""
    fixed_size: int = 0
    """Pages of this size, whatever is asked for."""
    takes: Literal["moments", "days", "nothing"] = "moments"
    """What `updated_after` understands; it is inclusive."""
    has_single: bool = True
    """Whether `/leads/{id}` answers."""
    has_date: bool = True
    clock_ahead_s: float = 0
    """How far stamps are ahead of the header `Date`."""
    schema: Mapping[str, Any] | None = None
    """What `/schema` answers; `None`: a 404."""
    latency_s: float = 0
    seed: int = 0
    make: Callable[[int, random.Random], dict[str, Any]] | None = None
    """Makes the fields of a lead, each time that it is written."""
    held: dict[int, dict[str, Any]] = field(init=False)
    """The leads, by their ids, as they are answered."""
    _bodies: dict[int, bytes] = field(init=False)
    _keys: list[tuple[str, int]] = field(init=False)
    _random: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _last: int = field(default=0, init=False)
    _stamped: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Make the leads, updated over the last days."""
        self.held, self._bodies, self._keys = {}, {}, []
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable, no secret
        # Stamps are in step with the clock, and no two are alike.
        self._stamped = datetime.now(UTC) - timedelta(days=3) - self.leads * _SECOND
        for _ in range(self.leads):
            self._stamped += _SECOND
            self._add(self._stamped)

    def __call__(self, request: Request) -> Reply:
        """Answer one request; then something happens."""
        if self.latency_s:
            time.sleep(self.latency_s)
        with self._lock:
            reply = self._answered(request)
            self._happen()
        if self.has_date:
            now = datetime.now(UTC).replace(microsecond=0)
            reply = reply.with_headers(date=format_datetime(now, usegmt=True))
        return reply

    def edit(self, lead_id: int) -> None:
        """Change a lead."""
        with self._lock:
            self._write(lead_id, self._now())

    def add(self) -> int:
        """Add a lead, and return its id."""
        with self._lock:
            return self._add(self._now())

    def delete(self, lead_id: int) -> None:
        """Delete a lead."""
        with self._lock:
            self._delete(lead_id)

    def calm(self) -> None:
        """Let nothing happen any more."""
        self.churn = QUIET

    def _happen(self) -> None:
        for _ in range(self._times(self.churn.edits)):
            if self.held:
                self._write(self._some(), self._now())
        for _ in range(self._times(self.churn.inserts)):
            self._add(self._now())
        for _ in range(self._times(self.churn.deletes)):
            if self.held:
                self._delete(self._some())

    def _times(self, average: float) -> int:
        return int(average) + (self._random.random() < average % 1)

    def _some(self) -> int:
        return self._keys[self._random.randrange(len(self._keys))][1]

    def _now(self) -> datetime:
        now = datetime.now(UTC) + timedelta(seconds=self.clock_ahead_s)
        self._stamped = max(now, self._stamped + timedelta(microseconds=1))
        return self._stamped

    def _add(self, moment: datetime) -> int:
        self._last += 1
        self._write(self._last, moment)
        return self._last

    def _write(self, lead_id: int, moment: datetime) -> None:
        stamp = f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
        lead = self.held.get(lead_id)
        if lead is not None:
            self._drop(lead_id)
        created = lead["created_at"] if lead else stamp
        make = self.make or _fields
        self.held[lead_id] = {
            "id": lead_id,
            "status": {"slug": "new", "label": "New"},
            "fields": make(lead_id, self._random),
            "assigned_person": None,
            "created_at": created,
            "updated_at": stamp,
        }
        self._bodies[lead_id] = json.dumps(self.held[lead_id]).encode()
        insort(self._keys, self._key(lead_id))

    def _delete(self, lead_id: int) -> None:
        self._drop(lead_id)
        del self.held[lead_id], self._bodies[lead_id]

    def _drop(self, lead_id: int) -> None:
        del self._keys[bisect_left(self._keys, self._key(lead_id))]

    def _key(self, lead_id: int) -> tuple[str, int]:
        by_time = self.order.endswith("updated_at")
        return (self.held[lead_id]["updated_at"] if by_time else "", lead_id)

    def _answered(self, request: Request) -> Reply:
        parts = urlsplit(request.target)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = parts.path.rstrip("/")
        if path.endswith("/leads"):
            return self._list(asked)
        if path.endswith("/schema") and self.schema is not None:
            return Reply.json({"data": self.schema})
        before, _, last = path.rpartition("/")
        lead_id = int(last) if last.isdecimal() else 0
        if self.has_single and before.endswith("/leads") and lead_id in self.held:
            return Reply.json({"data": self.held[lead_id]})
        return Reply.json({"message": "Not found"}, 404)

    def _list(self, asked: Mapping[str, str]) -> Reply:
        try:
            page = int(asked.get("page", "1"))
            per_page = self.fixed_size or int(asked.get("per_page", "50"))
            after = _moment(asked.get("updated_after"), self.takes)
        except ValueError as error:
            return Reply.json({"message": f"{error}"}, 422)
        if per_page > self.per_page_max and self.refuses_large:
            return Reply.json({"message": "per_page is too large"}, 422)
        per_page = min(per_page, self.per_page_max)
        ids = self._ids(after)
        start = (page - 1) * per_page
        bodies = [self._bodies[each] for each in ids[start : start + per_page]]
        return _enveloped(self.envelope, bodies, page, per_page, len(ids))

    def _ids(self, after: str) -> list[int]:
        keys = self._keys
        if after and self.order.endswith("updated_at"):
            keys = keys[bisect_left(keys, (after, 0)) :]
        ids: Iterable[int] = (lead_id for _, lead_id in keys)
        if after and not self.order.endswith("updated_at"):
            ids = (each for each in ids if self.held[each]["updated_at"] >= after)
        found = list(ids)
        return found[::-1] if self.order.startswith("-") else found


def _moment(text: str | None, takes: str) -> str:
    """Read `updated_after` as the stamps are written; empty: it does not matter."""
    if text is None or takes == "nothing":
        return ""
    moment = datetime.fromisoformat(text)
    if takes == "days":
        return f"{moment:%Y-%m-%d}"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _enveloped(
    envelope: Envelope, bodies: list[bytes], page: int, per_page: int, total: int
) -> Reply:
    where = {"page": page, "per_page": per_page, "total": total}
    where["total_pages"] = -(-total // per_page)
    laravel = {"current_page": page, "per_page": per_page, "total": total}
    around = {
        "pagination": {"pagination": where},
        "meta": {"links": {}, "meta": laravel},
        "paginator": laravel,
        "data": {},
        "array": {},
    }[envelope]
    listed = b"[" + b",".join(bodies) + b"]"
    rest = json.dumps(around).encode()[1:-1]
    body = b'{"data":' + listed + (b"," + rest if rest else b"") + b"}"
    if envelope == "array":
        body = listed
    return Reply(200, {"content-type": "application/json"}, body)


def _fields(lead_id: int, rolls: random.Random) -> dict[str, Any]:
    source = rolls.choice(["partner-west", "website"])
    return {
        "name": f"Lead {lead_id}",
        "email": f"lead{lead_id}@example.com",
        "budget": rolls.randrange(100_000) / 4,
        "source": {"slug": source, "label": source.title()},
        "note": f"{rolls.getrandbits(64):x}",
    }
