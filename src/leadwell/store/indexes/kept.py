"""One campaign's index beside its database: followed, asked, and what it found."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple, TypeVar

from pyroaring import BitMap

from leadwell.index import snapshot
from leadwell.index.finding import find, select
from leadwell.index.index import Index, Row, kinds_of
from leadwell.model.campaign import Campaign
from leadwell.model.grant import LeadQuery
from leadwell.model.query import Condition, Search
from leadwell.store import filtering
from leadwell.store.connection import Connection, one
from leadwell.store.figures import INDEX_CHANGES

FOLLOWED_MAX = 2_000
"""Changes that a reader follows at once; more are followed beside the readers."""
LOOKED_AT_MAX = 2_000
"""So many leads are looked at one by one; for more, all of the campaign are."""
REMEMBERED_MAX = 64

_NOTHING = BitMap()
Test = Condition | Search
K = TypeVar("K")
V = TypeVar("V")


class Window(NamedTuple):
    """The leads on a page, and how many there are on all pages."""

    ids: Sequence[int]
    total: int
    has_more: bool
    """Whether others come after them."""
    matching: BitMap
    """All that match; it stays as it is."""


class Scan(NamedTuple):
    """The leads that pass a test which only SQL can make, at a moment."""

    seq: int
    ids: BitMap


@dataclass(slots=True)
class Kept:
    """An index that follows its campaign. Any thread may ask it.

    It answers for the moment that a connection reads, or not at all.
    """

    index: Index
    saved_seq: int = 0
    """The last change that the stored snapshot knows."""
    _lock: Lock = field(default_factory=Lock)
    _scans: OrderedDict[Test, Scan] = field(default_factory=OrderedDict[Test, Scan])
    _found: OrderedDict[tuple[int, tuple[Test, ...]], BitMap] = field(
        default_factory=OrderedDict[tuple[int, tuple[Test, ...]], BitMap]
    )
    """Answers at the index's present moment, by the version of the schema."""

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

    def scan(
        self, connection: Connection, campaign: Campaign, query: LeadQuery, seq: int
    ) -> None:
        """Look at all leads for what sets cannot tell; readers are not held up."""
        with self._lock:
            left = find(self.index, campaign, query.conditions, _no_moment).left
            tests = [test for test in _tests(left, query) if test not in self._scans]
        for test in tests:
            ids = _passing(connection, campaign, test)
            with self._lock:
                _remember(self._scans, test, Scan(seq, ids))

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
        return self.index.seq == seq

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
        ids, left = find(
            self.index,
            campaign,
            query.conditions,
            lambda moment: _seq_of(connection, campaign.id, moment, seq),
        )
        for test in _tests(left, query):
            passing = self._passed(connection, campaign, test, ids)
            if passing is None:
                return None
            ids = passing
        # What the index holds itself is changed in place by the next write. A union is
        # a copy, made in a sixth of the time.
        ids = ids | _NOTHING
        _remember(self._found, key, ids)
        return ids

    def _passed(
        self, connection: Connection, campaign: Campaign, test: Test, within: BitMap
    ) -> BitMap | None:
        """Return those of `within` that pass; `None`: too many must be looked at."""
        scan = self._scans.get(test)
        if scan is None:
            if len(within) > LOOKED_AT_MAX:
                return None
            return _passing(connection, campaign, test, within)
        ids = scan.ids
        if scan.seq < self.index.seq:
            changed = self.index.changed.at_least(scan.seq + 1, self.index.everything)
            if len(changed) > LOOKED_AT_MAX:
                del self._scans[test]
                return self._passed(connection, campaign, test, within)
            ids = (ids - changed) | _passing(connection, campaign, test, changed)
        _remember(self._scans, test, Scan(max(scan.seq, self.index.seq), ids))
        return within & ids


def _tests(conditions: Iterable[Condition], query: LeadQuery) -> list[Test]:
    return [*conditions, *([query.search] if query.search else [])]


def _passing(
    connection: Connection,
    campaign: Campaign,
    test: Test,
    within: BitMap | None = None,
) -> BitMap:
    """Ask SQL which leads pass a test: all of the campaign, or those of `within`."""
    clause = filtering.every(connection.dialect, campaign, [test])
    if within is not None:
        if not within:
            return within
        clause.sql += f" AND {connection.dialect.among('ids')}"
        clause.params["ids"] = connection.dialect.listed(list(within))
    rows = connection.rows(
        f"SELECT lead.id FROM lead WHERE {clause.sql}", clause.params
    )
    return BitMap([row[0] for row in rows])


def _seq_of(connection: Connection, campaign_id: int, moment: int, seq: int) -> int:
    """Return the first change at a moment or after; one past `seq` if there is none.

    Of one transaction's leads, which share a stamp, it is the first one.
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


def _no_moment(moment: int) -> int:
    """Stand in for a look at the database where only what is left over counts."""
    return moment


def _remember(found: OrderedDict[K, V], key: K, value: V) -> None:
    found[key] = value
    found.move_to_end(key)
    if len(found) > REMEMBERED_MAX:
        found.popitem(last=False)
