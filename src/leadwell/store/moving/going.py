"""The whole way of a hub to another database: copy, compare, and copy what differs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from leadwell.store.connection import Database
from leadwell.store.moving import checking, copying
from leadwell.store.moving.checking import Summed
from leadwell.store.moving.tables import everything

TRIES = 2
"""How often what differs is copied anew: the source was written to in between."""

Tell = Callable[[str, str, int], None]
"""Is told what is done, with which table, and how many rows are done now."""


@dataclass(slots=True)
class Moved:
    """What came of it; the target is open to hubs if both are the same."""

    was_begun: bool
    """Whether an earlier run had copied a part."""
    rows: dict[str, int] = field(default_factory=dict[str, int])
    """How many rows of each table are the same in both."""
    different: tuple[str, ...] = ()
    """Tables that still differ."""
    digests: tuple[Summed, ...] = ()
    """What the leads of every scope add up to in the target."""

    @property
    def wrong(self) -> tuple[Summed, ...]:
        """The scopes whose members are not what their own row says."""
        return tuple(each for each in self.digests if not each.is_kept)


def move(
    source: Database, target: Database, *, name: str, now: int, tell: Tell
) -> Moved:
    """Copy a hub into an empty database, or go on with a copy of it.

    `name` says which source it is, to know it again; `now` is in microseconds since
    1970. The source may be written to by nobody, or what was written since is found at
    the end, where all is compared with one moment of it, and copied then.

    Raises:
        Refused: the target is neither empty nor half a copy of this source.
    """
    moved = Moved(copying.begin(target, name, now))
    for _ in range(1 + TRIES):
        _copy(source, target, moved, tell)
        _compare(source, target, moved, tell)
        if not moved.different:
            break
    else:
        return moved
    with target.reading() as connection:
        moved.digests = tuple(checking.digests(connection))
    if not moved.wrong:
        copying.end(target)
    return moved


def _copy(source: Database, target: Database, moved: Moved, tell: Tell) -> None:
    for table in everything():
        if table.name in moved.different:
            copying.clear(target, table)
        for rows in copying.copy(source, target, table):
            tell("Copying", table.name, rows)


def _compare(source: Database, target: Database, moved: Moved, tell: Tell) -> None:
    # One moment of each, so that rows of two tables that belong together do.
    with source.reading() as old, target.reading() as new:
        found: list[str] = []
        for table in everything():
            compared = checking.compare(old, new, table)
            moved.rows[table.name] = compared.rows
            found += [] if compared.is_same else [table.name]
            tell("Comparing", table.name, compared.rows)
    moved.different = tuple(found)
