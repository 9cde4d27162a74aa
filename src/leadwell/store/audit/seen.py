"""Which leads a request has read, noted where they are read: whoever asks is noted.

The functions of the store that return leads say so here. What nobody watches, such as
a command at the operator's own terminal, is noted nowhere.
"""

import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import TypeAlias

from leadwell.model.grant import LeadQuery

HAND_OVER_S = 10.0
"""A request that goes on for longer, such as an export, is noted in parts."""
READ_MAX = 40
"""So many chunks at most are held in memory: some ten thousand ids."""


@dataclass(slots=True)
class Seen:
    """What one request has read of one campaign; it may read in several threads."""

    hand_over: "HandOver | None" = None
    """Takes what was read so far, of a request that goes on."""
    campaign_id: int = 0
    """0: no lead was asked for."""
    scope_id: int = 0
    """The scope that it was read through; 0: the whole campaign."""
    read: list[Sequence[int]] = field(default_factory=list[Sequence[int]])
    """The ids of leads, as often as they were read."""
    since: float = 0.0

    def note(self, query: LeadQuery, ids: Sequence[int]) -> None:
        """Note that these leads were read, or that there were none to be read."""
        self.campaign_id, self.scope_id = query.campaign_id, query.scope_id
        if not self.read:
            self.since = time.monotonic()
        self.read.append(ids)
        if self.hand_over is None or len(self.read) == 1:
            return
        is_long = time.monotonic() - self.since >= HAND_OVER_S
        if is_long or len(self.read) >= READ_MAX:
            self.hand_over(self)
            self.read = []


HandOver: TypeAlias = Callable[[Seen], None]
_watched: ContextVar[Seen | None] = ContextVar("seen", default=None)


def watch(found: Seen) -> Token[Seen | None]:
    """Begin to note what is read in this task, and in threads that it waits for."""
    return _watched.set(found)


def leave(token: Token[Seen | None]) -> None:
    """Note no more."""
    _watched.reset(token)


def note(query: LeadQuery, ids: Sequence[int]) -> None:
    """Note in the request that is being answered that these leads were read."""
    found = _watched.get()
    if found is not None:
        found.note(query, ids)
