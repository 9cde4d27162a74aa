"""Which history of a PostgreSQL database this process adds to, and remembers of."""

import secrets
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

import structlog

from leadwell.store.connection import EPOCH_BYTES, Row
from leadwell.store.engines.places import Place

_log = structlog.get_logger("leadwell.database")


class Part(NamedTuple):
    """The part of a history that this process adds."""

    epoch: bytes
    memo: dict[Row, Any]
    """What is remembered of the database."""


@dataclass
class Chronicle:
    """Begins another part when the history has branched. Any thread may ask.

    A standby that was promoted lacks what it had not been sent, and will give the same
    numbers to other changes.
    """

    part: Part
    _history: str | None = None
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def begun(cls, epoch: bytes | None) -> "Chronicle":
        """Begin a part, under a random name unless one is given."""
        return cls(Part(epoch or secrets.token_bytes(EPOCH_BYTES), {}))

    def at(self, place: Place) -> Part:
        """Return the part that a transaction there belongs to."""
        if place.history is None or place.history == self._history:
            return self.part
        with self._lock:
            if self._history not in {None, place.history}:
                # What was read of the other one may be undone.
                self.part = Part(secrets.token_bytes(EPOCH_BYTES), {})
                _log.warning("database_promoted", timeline=place.history)
            self._history = place.history
            return self.part
