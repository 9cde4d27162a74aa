"""The leads of a copy in a database: stored, removed, and what was said of them."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from leadwell.sync.batches import ERASED, NOT_TOLD, Batch, Tally
from leadwell.sync.destinations.database import Database
from leadwell.sync.table import REMOVED_AT, REMOVED_REASON, table_of

TOLD = "leadwell_told"
"""The leads that were told since everything is told again."""


class Leads(Database):
    """The leads in the tables of a copy."""

    _is_marked: bool | None = None
    """Whether there are columns for removed leads; `None`: not known."""

    def held(self) -> Iterator[tuple[int, int]]:
        """Return id and version of each lead that is there."""
        where = f" WHERE {REMOVED_AT} IS NULL" if self._keeps_removed() else ""
        return self._rows(f"SELECT id, version FROM leads{where}")

    def known(self, lead_ids: Iterable[int]) -> set[int]:
        """Return which of these leads are there."""
        where = f" AND {REMOVED_AT} IS NULL" if self._keeps_removed() else ""
        sql = f"SELECT id FROM leads WHERE id IN ({self.listed}){where}"
        return {found for (found,) in self._run(sql, [_json(lead_ids)])}

    def versions(self, lead_ids: Iterable[int]) -> dict[int, int]:
        """Return the version of each of these leads that is there."""
        where = f" AND {REMOVED_AT} IS NULL" if self._keeps_removed() else ""
        sql = f"SELECT id, version FROM leads WHERE id IN ({self.listed}){where}"
        return dict(self._run(sql, [_json(lead_ids)]))

    def untold(self) -> set[int]:
        """Return the leads that are there, and were not told since all are told."""
        where = f" AND {REMOVED_AT} IS NULL" if self._keeps_removed() else ""
        # PostgreSQL would search a NOT IN of many leads from its beginning each time.
        sql = "SELECT id FROM leads AS l WHERE NOT EXISTS"
        sql += f" (SELECT 1 FROM {TOLD} AS t WHERE t.id = l.id){where}"
        return {found for (found,) in self._run(sql)}

    def people(self) -> set[int]:
        """Return the ids of all people whose names are kept."""
        return {found for (found,) in self._run("SELECT id FROM people")}

    def _keeps_removed(self) -> bool:
        # Asked several times a step, and it can change between steps alone.
        if self._is_marked is None:
            self._is_marked = REMOVED_AT in self._columns()
        return self._is_marked

    def _told(self, batch: Batch) -> Tally:
        if batch.retold_from:
            self._run(f"DELETE FROM {TOLD}")
        tally = self._stored(batch)
        tally.removed = self._removed(batch, batch.removals)
        if batch.retells:
            ids = [*(row.id for row in batch.rows), *batch.seen]
            self._run(f"DELETE FROM {TOLD} WHERE id IN ({self.listed})", [_json(ids)])
            self._run(f"INSERT INTO {TOLD} {self.listed}", [_json(ids)])
            gone = _json(batch.removals)
            self._run(f"DELETE FROM {TOLD} WHERE id IN ({self.listed})", [gone])
        if batch.retold_to:
            tally.removed += self._removed(batch, self._untold())
            self._run(f"DELETE FROM {TOLD}")
        return tally

    def _stored(self, batch: Batch) -> Tally:
        ids = [row.id for row in batch.rows]
        known = self.known(ids)
        columns = table_of(batch.state.schema).columns
        new = [row for row in batch.rows if row.id not in known]
        if new:
            self._put_new(new, columns)
        if known:
            self._put([row for row in batch.rows if row.id in known], columns)
        self._forget_faults([*ids, *batch.removals])
        self._many(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)",
            [(f.lead_id, f.version, f.field, f.value, f.reason) for f in batch.faults],
        )
        if batch.schema is not None:
            self._run("DELETE FROM people")
        self._name(batch.people)
        added = len(ids) - len(known)
        return Tally(added, len(known), 0, len(batch.faults))

    def _name(self, people: Mapping[int, str]) -> None:
        """Store the names of people that are new, or not what they were."""
        if not people:
            return
        known = self._run("SELECT id, name FROM people")
        other = dict(people.items() - known)
        if other:
            sql = f"DELETE FROM people WHERE id IN ({self.listed})"
            self._run(sql, [_json(other)])
            self._many("INSERT INTO people VALUES (?, ?)", other.items())

    def _removed(self, batch: Batch, removals: Mapping[int, str]) -> int:
        """Remove leads, or mark them where they are kept; return how many went."""
        if not removals:
            return 0
        there = self.known(removals)
        deleted = list(removals)
        if batch.state.keeps_removed:
            deleted = [each for each, why in removals.items() if why == ERASED]
            marked = [
                (batch.state.synced_at, removals[each], each)
                for each in there.difference(deleted)
            ]
            sql = (
                f"UPDATE leads SET {REMOVED_AT} = ?, {REMOVED_REASON} = ? WHERE id = ?"
            )
            self._many(sql, marked)
        sql = f"DELETE FROM leads WHERE id IN ({self.listed})"
        self._run(sql, [_json(deleted)])
        return len(there)

    def _untold(self) -> dict[int, str]:
        found = dict.fromkeys(self.untold(), NOT_TOLD)
        self._forget_faults(found)
        return found

    def _forget_faults(self, lead_ids: Iterable[int]) -> None:
        if self._run("SELECT lead_id FROM quarantine LIMIT 1"):
            sql = f"DELETE FROM quarantine WHERE lead_id IN ({self.listed})"
            self._run(sql, [_json(lead_ids)])


def _json(numbers: Iterable[int]) -> str:
    return msgspec.json.encode(list(numbers)).decode()
