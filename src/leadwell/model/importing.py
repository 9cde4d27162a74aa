"""A file that somebody loads on the pages: where its columns go, how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

IMPORT = "import:"
"""What the author's name begins with in the history of leads that a file has added."""


class State(StrEnum):
    """Where an import stands."""

    UPLOADED = "uploaded"
    """It waits for somebody to say where its columns go."""
    CHECKING = "checking"
    CHECKED = "checked"
    LOADING = "loading"
    LOADED = "loaded"
    STOPPED = "stopped"
    """Somebody has stopped it; it can be gone on with."""
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


BUSY = frozenset({State.CHECKING, State.LOADING, State.UNDOING})
"""Something is being done; one that is not worked on any more was interrupted."""
STALE_US = 30_000_000
"""After so long without a sign of life nobody works on it."""


@dataclass(frozen=True, slots=True)
class Peek:
    """A column of the file, and what stands in its first rows."""

    name: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How the file is read."""

    columns: tuple[Peek, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict[str, str])
    """By column: the slug of a field, an attribute of leads, `-` or `+`."""
    fields: tuple[Mapping[str, Any], ...] = ()
    """The fields that are to be made, as in a schema file."""
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A row that was refused."""

    row: int
    message: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is wrong in one column, most of all in its first rows."""

    column: str
    """Empty: the whole row."""
    count: int
    first: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come."""

    added: int = 0
    updated: int = 0
    known: int = 0
    failed: int = 0
    duplicates: int = 0
    """Rows, by what was foreseen, with the e-mail or phone of another lead or row."""
    removed: int = 0
    """By undoing it."""
    position: int = 0
    size: int = 0
    """How much there is to be done, in the unit of `position`."""
    refusals: tuple[Refusals, ...] = ()
    problem: str = ""
    """Why it could not go on."""
    hint: str = ""

    @property
    def rows(self) -> int:
        """The rows that were read."""
        return self.added + self.updated + self.known + self.failed

    @property
    def percent(self) -> int:
        """How much is done, from 0 to 100."""
        return min(100, 100 * self.position // self.size) if self.size else 0


@dataclass(frozen=True, slots=True)
class Job:
    """One import."""

    campaign_id: int
    id: int
    person_id: int
    who: str
    """The name of who has uploaded it."""
    file_name: str
    file: str
    """What the hub calls the file; empty: it was let go, with what was read of it."""
    state: State
    plan: Plan
    progress: Progress
    created_at: datetime
    beat_at: int
    """When it was last worked on, in microseconds."""

    def is_busy(self, now: int) -> bool:
        """Whether something is being done at this moment."""
        return self.state in BUSY and now - self.beat_at < STALE_US

    def is_interrupted(self, now: int) -> bool:
        """Whether what was being done was broken off: by a restart, for instance."""
        return self.state in BUSY and not self.is_busy(now)

    @property
    def let_go(self) -> "Job":
        """The same without what stood in the file: nobody has gone on with it."""
        columns = tuple(Peek(each.name) for each in self.plan.columns)
        return replace(
            self,
            file="",
            plan=replace(self.plan, columns=columns),
            progress=replace(self.progress, refusals=()),
        )

    @property
    def author(self) -> str:
        """What the history of its leads calls it."""
        return f"{IMPORT}{self.id}"
