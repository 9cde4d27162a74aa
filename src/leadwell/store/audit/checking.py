"""Looking whether a chain is as it was written: nothing changed, removed or put in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from leadwell.store.audit import chain as chains
from leadwell.store.audit import cutting, finding
from leadwell.store.audit.chain import Chain, Head, Kind, Told
from leadwell.store.audit.cutting import CUT, Cut
from leadwell.store.connection import Database

Noted = Mapping[int, str]
"""Hashes by number that were kept elsewhere: whoever can write to the database could
make a whole chain anew, and only they would show it."""
UNNOTED: Noted = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that is not as it was written."""

    chain: Chain
    number: int
    said: str


@dataclass(slots=True)
class Checked:
    """What was found of one chain so far, row by row in the order of their numbers."""

    chain: Chain
    last: Head
    """The row before the next one."""
    noted: Noted
    rows: int = 0
    faults: list[Fault] = field(default_factory=list[Fault])

    @classmethod
    def from_(cls, chain: Chain, cut: Cut, noted: Noted) -> "Checked":
        """Begin behind the rows that were removed because of their age."""
        return cls(chain, Head(cut.to, cut.hash), noted)

    def follow(self, told: Told) -> None:
        """Look at the next row."""
        number, before = told.number, self.last
        self._miss(before.number + 1, number - 1)
        if number <= before.number:
            self._fault(number, "stands where there are removed rows, or another one")
        elif told.hash != told.hash_after(before.hash):
            self._fault(
                number,
                f"does not follow from row {number - 1}: one of the two"
                " was changed or put in"
                if number > 1
                else "was changed",
            )
        if self.noted.get(number, told.hash) != told.hash:
            self._fault(number, "is not the row that was noted elsewhere")
        self.last = Head(number, told.hash)
        self.rows += 1

    def end(self, head: Head) -> None:
        """Compare the last row with what is kept of it beside the rows."""
        last = self.last
        self._miss(last.number + 1, head.number)
        if last.number > head.number:
            words = f"follows on row {head.number}, which was written last"
            self._fault(head.number + 1, words)
        elif last.number == head.number and last.hash != head.hash:
            self._fault(last.number, "is not the row that was written last")
        for number in sorted(self.noted):
            if number > max(last.number, head.number):
                self._fault(number, "was noted elsewhere, and the log ends before it")

    def _miss(self, first: int, last: int) -> None:
        if first == last:
            self._fault(first, "is missing")
        elif first < last:
            self._fault(first, f"and all to {last} are missing")

    def _fault(self, number: int, said: str) -> None:
        self.faults.append(Fault(self.chain, number, said))


def check(database: Database, chain: Chain, noted: Noted = UNNOTED) -> Checked:
    """Look at every row of a chain."""
    while True:
        with database.reading() as connection:
            cut = cutting.find(connection, chain)
        checked = _checked(database, chain, cut, noted)
        with database.reading() as connection:
            if cutting.find(connection, chain) == cut:
                return checked
        # Rows went while they were looked at.


def _checked(database: Database, chain: Chain, cut: Cut, noted: Noted) -> Checked:
    checked = Checked.from_(chain, cut, noted)
    head: Head | None = None
    after = finding.BEFORE_ALL
    while head is None:
        with database.reading() as connection:
            found = finding.after_number(connection, chain, after)
            if len(found) < finding.CHUNK:
                # Of the same moment as the last rows.
                head = chains.head(connection, chain)
        for told in found:
            checked.follow(told)
            after = told.number
    checked.end(head)
    return checked


def check_told(rows: Iterable[Told], noted: Mapping[Chain, Noted]) -> list[Checked]:
    """Look at rows that were exported: whole chains, or all from some row on.

    What stands before the first row of a chain is believed.
    """
    chains_of: dict[Chain, list[Told]] = {}
    for told in rows:
        chains_of.setdefault(told.chain, []).append(told)
    return [
        _followed(chain, own, noted.get(chain, UNNOTED))
        for chain, own in chains_of.items()
    ]


def _followed(chain: Chain, rows: list[Told], noted: Noted) -> Checked:
    first = rows[0]
    before = dict(_cuts(rows)).get(first.number - 1, "")
    checked = Checked.from_(chain, Cut(first.number - 1, before), noted)
    is_known = first.number == 1 or before
    if not is_known:
        # Nothing says what stood before it: it is believed.
        checked.last, checked.rows = Head(first.number, first.hash), 1
    for told in rows if is_known else rows[1:]:
        checked.follow(told)
    checked.end(checked.last)
    return checked


def _cuts(rows: Iterable[Told]) -> Iterator[tuple[int, str]]:
    for told in rows:
        if (told.kind, told.what) == (Kind.LOG.value, CUT):
            content = msgspec.json.decode(told.content)
            yield content["to"], content["hash"]
