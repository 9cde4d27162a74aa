"""What every destination can do: say what it has, and keep a batch as one step."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import ClassVar, Protocol

from leadwell.sync.batches import Batch, Delivered, Tally
from leadwell.sync.errors import UnknownDestination
from leadwell.sync.state import State


class Overtaken(Exception):
    """Somebody else has moved the copy on meanwhile: look where it stands now."""


class Copy(ABC):
    """An open copy of a campaign's leads.

    Whatever interrupts it, the leads and the state are of one and the same step.
    """

    @abstractmethod
    def state(self) -> State | None:
        """Return where the copy stands; `None`: nothing was ever kept here.

        Raises:
            ForeignDestination: something else stands here.
        """

    @abstractmethod
    def keep(self, batch: Batch, step: int | None) -> Tally:
        """Store a batch and its state in one transaction; durable when it returns.

        Args:
            step: the step that the batch follows; `None`: it is the first one.

        Raises:
            Overtaken: the copy is not at that step any more; nothing was stored.
        """

    @abstractmethod
    def held(self) -> Iterator[tuple[int, int]]:
        """Return id and version of each lead that is there, in any order."""

    def stored(self) -> Iterator[tuple[int, int]]:
        """Return the same of the leads that were kept, written or delivered or not."""
        return self.held()

    @abstractmethod
    def known(self, lead_ids: Iterable[int]) -> set[int]:
        """Return which of these leads are there."""

    def versions(self, lead_ids: Iterable[int]) -> dict[int, int]:
        """Return the version of each of these leads that is there."""
        asked = set(lead_ids)
        return {each: version for each, version in self.held() if each in asked}

    def untold(self) -> set[int]:
        """Return the leads that are there, and were not told since all are told.

        Raises:
            UnknownDestination: it does not remember what was told.
        """
        raise UnknownDestination(
            "this destination does not remember which leads were told",
            hint="name a database or a file, which can be compared with a service",
        )

    @abstractmethod
    def people(self) -> set[int]:
        """Return the ids of all people whose names are kept."""

    def has_forgotten(self) -> bool:
        """Whether every lead that was erased is gone, also where leads are sent on to.

        If not, the hub is not told that the erasure is stored.
        """
        return True

    def settle(self) -> Delivered | None:
        """Write or deliver what is made from the copy, if that is another one now.

        Returns:
            what was delivered, where leads are sent on to somebody.
        """
        return None

    @abstractmethod
    def close(self) -> None:
        """Let go of the destination."""

    def __enter__(self) -> "Copy":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Destination(Protocol):
    """Where leads can be kept; nothing is opened before it is asked to."""

    scheme: ClassVar[str]
    """What its text begins with."""
    follows: ClassVar[bool]
    """Whether it keeps where it stands, so that a later run can go on; if not, it keeps
    no lead either, and no hub is told that anything was stored."""

    @property
    def text(self) -> str:
        """How the user names it."""
        ...

    def look(self) -> Copy | None:
        """Open it to read; `None`: there is nothing. Nothing is made or written.

        Raises:
            DestinationError: it cannot be read.
        """
        ...

    def open(self) -> Copy:
        """Open it to write, and make it if it is not there.

        Raises:
            DestinationError: it cannot be written.
        """
        ...
