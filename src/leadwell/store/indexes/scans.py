"""What SQL told of single leads: of texts, numbers and JSON no index keeps sets."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap

from leadwell.index.index import Index
from leadwell.model.campaign import Campaign
from leadwell.model.query import Condition, Search
from leadwell.store import filtering
from leadwell.store.connection import Connection

SCANS_MAX = 64
LOOKED_AT_MAX = 2_000
"""So many leads are looked at one by one while others wait."""

Test = Condition | Search


@dataclass(slots=True)
class Scan:
    """Which leads were looked at under one test, and which of them passed."""

    seq: int
    """It holds for leads that have not changed since."""
    newest: int = 0
    """The latest moment at which one was looked at."""
    looked: BitMap = field(default_factory=BitMap)
    passed: BitMap = field(default_factory=BitMap)

    def follow(self, index: Index) -> bool:
        """Forget what has changed since; `False`: some is of a later moment."""
        if index.seq < self.newest:
            return False
        if self.seq < index.seq:
            changed = index.changed.at_least(self.seq + 1, index.everything)
            self.looked.difference_update(changed)
            self.passed.difference_update(changed)
            self.seq = index.seq
        return True

    def note(self, seq: int, looked: BitMap, passed: BitMap) -> None:
        """Add what was seen at a moment, be it before or after others."""
        self.seq = min(self.seq, seq)
        self.newest = max(self.newest, seq)
        self.looked |= looked
        self.passed -= looked
        self.passed |= passed & looked
        # Mostly it is all leads: that is one run, and takes next to nothing.
        self.looked.run_optimize()


class Scans:
    """The scans of one campaign, those asked for last."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._kept: OrderedDict[Test, Scan] = OrderedDict()

    def passing(
        self,
        connection: Connection,
        campaign: Campaign,
        index: Index,
        test: Test,
        within: BitMap,
    ) -> BitMap | None:
        """Return those of `within` that pass, at the moment of index and connection.

        `None`: too many must be looked at, or others were at a later moment.
        """
        scan = self._of(test, index.seq)
        if not scan.follow(index):
            return None
        unknown = within - scan.looked
        if len(unknown) > LOOKED_AT_MAX:
            return None
        if unknown:
            passed = look(connection, campaign, test, unknown)
            scan.note(index.seq, unknown, passed)
        return within & scan.passed

    def unknown(self, index: Index, test: Test, within: BitMap) -> BitMap:
        """Return which leads must be looked at to know it of all of `within`."""
        scan = self._of(test, index.seq)
        scan.follow(index)
        return within - scan.looked

    def note(self, test: Test, seq: int, looked: BitMap, passed: BitMap) -> BitMap:
        """Add what was seen at a moment; return all that are known to pass."""
        scan = self._of(test, seq)
        if looked:
            scan.note(seq, looked, passed)
        return scan.passed

    def bitmaps(self) -> Iterator[BitMap]:
        """Yield every bitmap that is kept."""
        for scan in self._kept.values():
            yield scan.looked
            yield scan.passed

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def _of(self, test: Test, seq: int) -> Scan:
        scan = self._kept.get(test)
        if scan is None:
            scan = self._kept[test] = Scan(seq)
        self._kept.move_to_end(test)
        if len(self._kept) > SCANS_MAX:
            self._kept.popitem(last=False)
        return scan


def look(
    connection: Connection, campaign: Campaign, test: Test, among: BitMap | None = None
) -> BitMap:
    """Ask SQL which leads pass a test: those of the campaign, or some of them.

    Served by the primary key, in either case.
    """
    if among is not None and not among:
        return among
    clause = filtering.every(connection.dialect, campaign, [test])
    if among is not None:
        clause.sql += f" AND {connection.dialect.among('lead.id', 'ids')}"
        clause.params["ids"] = connection.dialect.listed(list(among))
    rows = connection.rows(
        f"SELECT lead.id FROM lead WHERE {clause.sql}", clause.params
    )
    return BitMap([row[0] for row in rows])
