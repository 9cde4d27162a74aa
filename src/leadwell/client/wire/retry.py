"""When a request is sent again, and after how long: a pure decision."""

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from leadwell.client.errors import HubError
from leadwell.client.wire.answer import Answer, Fault, checked

T = TypeVar("T")

KEY = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent; the token is added when it is."""

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    wait_s: float = 0
    """How long the hub was asked to hold its answer back."""

    @property
    def may_repeat(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in {"GET", "DELETE"} or KEY in self.headers


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long, then go on."""

    seconds: float


Flow: TypeAlias = Generator[Request | Pause, Answer | Fault | None, T]
"""What is to be sent and awaited, and in the end the result.

The flow does neither itself: a shell sends each request and hands its outcome in, so
that the shell which blocks and the one which awaits cannot disagree.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How patient a client is. Durations in seconds."""

    tries_max: int = 8
    first_s: float = 0.2
    """The shortest pause; the longest possible one doubles with each try."""
    longest_s: float = 30.0
    retry_after_max_s: float = 120.0
    """A hub that asks for more patience than this is not waited for: the error says
    how long it asked for."""
    on_pause: Callable[[HubError, float], None] | None = None
    """Told before each pause: what went wrong, and how long is waited."""

    def pause_s(self, error: HubError, tries: int, roll: float) -> float | None:
        """Decide how long to wait after that many tries; `None`: give up.

        Full jitter: `roll` from 0 to 1 picks the pause between the shortest one and a
        bound that doubles. The hub's own `Retry-After` is never cut short.
        """
        if not error.may_pass or tries >= self.tries_max:
            return None
        asked_s = error.retry_after_s or 0.0
        if asked_s > self.retry_after_max_s:
            return None
        bound_s = min(self.first_s * 2.0**tries, self.longest_s)
        return max(self.first_s + roll * (bound_s - self.first_s), asked_s)


PATIENT = Retry()
NEVER = Retry(tries_max=1)
"""No second try."""


def persistently(
    request: Request, retry: Retry, read: Callable[[Answer], T]
) -> Flow[T]:
    """Send a request until it is answered as it should be, or that is hopeless.

    Reading the answer is part of a try: one that does not parse is no answer.

    Raises:
        HubError: the last one.
    """
    tries = 0
    while True:
        outcome = yield request
        tries += 1
        try:
            return read(checked(_arrived(outcome)))
        except HubError as error:
            pause_s = retry.pause_s(error, tries, random.random())  # noqa: S311
            if pause_s is None or not request.may_repeat:
                raise
            if retry.on_pause is not None:
                retry.on_pause(error, pause_s)
        yield Pause(pause_s)


def paused(seconds: float) -> Flow[None]:
    """Wait so long."""
    yield Pause(seconds)


def _arrived(outcome: Answer | Fault | None) -> Answer | Fault:
    return Fault("nothing came") if outcome is None else outcome
