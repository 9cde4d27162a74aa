"""One campaign's index beside its database: followed, asked, and what it found."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple, TypeVar

from pyroaring import BitMap

from leadwell.index import snapshot
from leadwell.index.finding import Found, find, select
from leadwell.index.index import Index, Row, bytes_of, kinds_of
from leadwell.model.campaign import Campaign
from leadwell.model.grant import LeadQuery
from leadwell.model.query import Condition
from leadwell.store.connection import Connection, one
from leadwell.store.figures import INDEX_CHANGES
from leadwell.store.indexes.scans import Scans, Test, look

C = TypeVar("C")
FOLLOWED_MAX = 2_000
"""Changes that a reader follows at once; more are followed beside the readers."""
REMEMBERED_MAX = 64
PACKED_AFTER = 1_000
"""Changes after which a small index is packed; a large one, after a twentieth of it."""
_NOTHING = BitMap()


class Window(NamedTuple):
    """The leads on a page, and how many there are on all pages."""

    ids: Sequence[int]
    total: int
    has_more: bool
    """Whether others come after them."""
    matching: BitMap
    """All that match; it stays as it is."""


@dataclass(slots=True)
class Kept:
    """An index that follows its campaign. Any thread may ask it.

    It answers for the moment that a connection reads, or not at all.
    """

    index: Index
    history: str = ""
    """The history of the database that it was made of."""
    saved_seq: int = 0
    """The last change that the stored snapshot knows."""
    size_bytes: int = 0
    """How much memory it took when it was weighed last."""
    grown_bytes: int = 0
    """What it has taken since, given back or not."""
    _unpacked: int = 0
    """Changes since the bitmaps were packed."""
    _lock: Lock = field(default_factory=Lock)
    _scans: Scans = field(default_factory=Scans)
    _found: OrderedDict[tuple[int, tuple[Test, ...]], BitMap] = field(
        default_factory=OrderedDict[tuple[int, tuple[Test, ...]], BitMap]
    )
    """Answers at the index's present moment, by the version of the schema."""

    def weigh(self) -> int:
        """Return how much memory it takes."""
        with self._lock:
            beside = (*self._found.values(), *self._scans.bitmaps())
            self.size_bytes = self.index.size_bytes + sum(map(bytes_of, beside))
            self.grown_bytes = 0
            return self.size_bytes

    def forget(self) -> None:
        """Let go of all that can be found again."""
        with self._lock:
            self._found.clear()
            self._scans.clear()

    def window(
        self,
        connection: Connection,
        campaign: Campaign,
        query: LeadQuery,
        seq: int,
        after: int | None = None,
    ) -> Window | None:
        """Return the ids on a page; `None` when that takes more than a moment.

        `seq` is the last change that the connection sees. With `after`, the page
        begins behind that id, wherever it stood.
        """
        with self._lock:
            ids = self._matching(connection, campaign, query, seq)
            if ids is None:
                return None
            start = query.offset if after is None else ids.rank(after)
            found = select(self.index, ids, query.sort, start, query.per_page)
            if found is None:
                return None
            total = len(ids)
            return Window(found, total, start + len(found) < total, ids)

    def matching(
        self, connection: Connection, campaign: Campaign, query: LeadQuery, seq: int
    ) -> BitMap | None:
        """Return all ids that match; `None` when that takes more than a moment.

        They stay as they are; nobody may change them.
        """
        with self._lock:
            return self._matching(connection, campaign, query, seq)

    def counted(
        self,
        connection: Connection,
        campaign: Campaign,
        query: LeadQuery,
        seq: int,
        count: Callable[[Index, BitMap], C],
    ) -> C | None:
        """Return what is counted of those that match; `None` as for `matching`."""
        with self._lock:
            ids = self._matching(connection, campaign, query, seq)
            return None if ids is None else count(self.index, ids)

    def scan(
        self, connection: Connection, campaign: Campaign, query: LeadQuery, seq: int
    ) -> None:
        """Look at the leads that sets leave over; readers are not held up."""
        with self._lock:
            ids, left = self._by_sets(connection, campaign, query, seq)
        # Without a set all leads are looked at, one statement being quicker than a list
        # of all. The question alone decides that: did it depend on how many leads there
        # are, a token could tell how many it does not see.
        is_whole = len(left) == len(query.conditions)
        for test in _tests(left, query):
            with self._lock:
                unknown = self._scans.unknown(self.index, test, ids)
            seen = look(connection, campaign, test, None if is_whole else unknown)
            is_whole = False
            with self._lock:
                ids = ids & self._scans.note(test, seq, unknown, seen)
                self.grown_bytes += 2 * bytes_of(unknown)

    def follow(self, connection: Connection, campaign: Campaign, seq: int) -> bool:
        """Take in the next changes up to `seq`; return whether those were all."""
        with self._lock:
            return self._follow(connection, campaign, seq)

    def written(self) -> tuple[bytes, int]:
        """Return the index as bytes, and the last change that it knows."""
        with self._lock:
            return snapshot.write(self.index), self.index.seq

    def _follow(self, connection: Connection, campaign: Campaign, seq: int) -> bool:
        if self.index.seq >= seq:
            return self.index.seq == seq
        self._found.clear()
        kinds = kinds_of(campaign)
        rows = connection.rows(
            """
            SELECT member.lead_id, member.seq, lead.status, lead.assigned_to,
                   lead.created_at, lead.fields
              FROM scope_member AS member
              LEFT JOIN lead ON lead.campaign_id = :campaign_id
                            AND lead.id = member.lead_id
             WHERE member.campaign_id = :campaign_id
               AND member.scope_id = 0
               AND member.seq > :seq
             ORDER BY member.seq
             LIMIT :limit
            """,
            {
                "campaign_id": campaign.id,
                "seq": self.index.seq,
                "limit": FOLLOWED_MAX,
            },
        )
        self.index.drop(BitMap([row[0] for row in rows if row[4] is None]))
        self.index.put_all(kinds, [Row(*row) for row in rows if row[4] is not None])
        INDEX_CHANGES.inc(len(rows))
        is_all = len(rows) < FOLLOWED_MAX
        self.index.seq = seq if is_all else rows[-1][1]
        self._pack(len(rows))
        return self.index.seq == seq

    def _pack(self, changes: int) -> None:
        """Pack the index once so many changes have come in that it pays."""
        self._unpacked += changes
        if self._unpacked > max(PACKED_AFTER, len(self.index.everything) // 20):
            self.index.pack()
            self._unpacked = 0
            self.grown_bytes += bytes_of(self.index.everything)

    def _matching(
        self, connection: Connection, campaign: Campaign, query: LeadQuery, seq: int
    ) -> BitMap | None:
        if not self._follow(connection, campaign, seq):
            return None
        tests = tuple(_tests(query.conditions, query))
        key = (campaign.schema_version, tests)
        if key in self._found:
            self._found.move_to_end(key)
            return self._found[key]
        ids, left = self._by_sets(connection, campaign, query, seq)
        for test in _tests(left, query):
            passing = self._scans.passing(connection, campaign, self.index, test, ids)
            if passing is None:
                return None
            ids = passing
        # What the index holds itself is changed in place by the next write. A union is
        # a copy, made in a sixth of the time.
        ids = ids | _NOTHING
        self._found[key] = ids
        if len(self._found) > REMEMBERED_MAX:
            self._found.popitem(last=False)
        self.grown_bytes += bytes_of(ids)
        return ids

    def _by_sets(
        self, connection: Connection, campaign: Campaign, query: LeadQuery, seq: int
    ) -> Found:
        return find(
            self.index,
            campaign,
            query.conditions,
            lambda moment: _seq_of(connection, campaign.id, moment, seq),
        )


def _tests(conditions: Iterable[Condition], query: LeadQuery) -> list[Test]:
    return [*conditions, *([query.search] if query.search else [])]


def _seq_of(connection: Connection, campaign_id: int, moment: int, seq: int) -> int:
    """Return the first change at a moment or after; one past `seq` if there is none.

    Of one transaction's leads, which share a stamp, it is the first one. Served by
    `lead_by_updated`.
    """
    row = one(
        connection.rows(
            """
            SELECT seq FROM lead
             WHERE campaign_id = :campaign_id AND updated_at >= :moment
             ORDER BY updated_at, seq
             LIMIT 1
            """,
            {"campaign_id": campaign_id, "moment": moment},
        )
    )
    return seq + 1 if row is None else int(row[0])
