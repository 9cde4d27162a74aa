"""One request to a receiver, tried until it is answered as it should be or hopeless."""

import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from leadwell.client import Retry
from leadwell.client.errors import Told, Unavailable
from leadwell.client.wire.answer import Answer, Fault
from leadwell.client.wire.retry import PATIENT, Request
from leadwell.sync.pace import Pace

TOO_MANY = 429
REFUSED_TRIES = 3
"""A refusal can be a receiver that is being replaced, so it is asked again, briefly."""
SAID_CHARACTERS_MAX = 300


class Verdict(StrEnum):
    """What an answer means for what was sent."""

    DELIVERED = "delivered"
    AWAY = "away"
    """Not now: it may well be taken later."""
    REFUSED = "refused"
    """Not this one: another may be taken."""
    ENDED = "ended"
    """Nothing more: the receiver is gone, or does not know us."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Which statuses mean what; any other one is a refusal."""

    success: tuple[str, ...] = ("2xx",)
    retry: tuple[str, ...] = ("408", "425", "429", "5xx")
    stop: tuple[str, ...] = ("410",)

    def verdict(self, status: int) -> Verdict:
        """Say what a status means."""
        words = {str(status), f"{status // 100}xx"}
        if words & set(self.success):
            return Verdict.DELIVERED
        if words & set(self.stop):
            return Verdict.ENDED
        return Verdict.AWAY if words & set(self.retry) else Verdict.REFUSED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of something that was sent."""

    verdict: Verdict
    status: int | None = None
    said: str = ""
    """In words for people."""
    body: bytes = b""
    remote_ids: dict[int, str] = field(default_factory=dict[int, str])
    """What the receiver calls the leads."""

    @property
    def content(self) -> Any:
        """The JSON of the answer; `None`: it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None


class Sends(Protocol):
    """What carries a request to a receiver."""

    def send(self, request: Request) -> Answer | Fault:
        """Send a request once."""
        ...


@dataclass(slots=True)
class Line:
    """The way to one receiver, for all threads that send there."""

    sender: Sends
    retry: Retry = PATIENT
    pace: Pace = field(default_factory=Pace)
    pause: Callable[[float], None] = time.sleep
    secrets: Collection[str] = ()
    """What is taken out of what a receiver says."""

    def ask(
        self, request: Request, answers: Answers, settled: Collection[int] = ()
    ) -> Outcome:
        """Send a request, and again while that is worth it.

        Args:
            settled: statuses that would be the same the next time
        """
        tries = 0
        while True:
            self._wait()
            outcome, error = _read(self.sender.send(request), answers)
            tries += 1
            may_pass = outcome.verdict is Verdict.AWAY or (
                outcome.verdict is Verdict.REFUSED
                and tries < REFUSED_TRIES
                and outcome.status not in settled
            )
            roll = random.random()  # noqa: S311 - spreads tries, keeps no secret
            pause_s = self.retry.pause_s(error, tries, roll) if may_pass else None
            if pause_s is None:
                return replace(outcome, said=self._masked(outcome.said))
            self._pause(error, pause_s)

    def _pause(self, error: Unavailable, seconds: float) -> None:
        if error.retry_after_s or error.status == TOO_MANY:
            # It is meant for all of us.
            self.pace.hold(seconds)
        if self.retry.on_pause is not None:
            self.retry.on_pause(error, seconds)
        self.pause(seconds)

    def _masked(self, said: str) -> str:
        for secret in self.secrets:
            said = said.replace(secret, "***")
        return said

    def _wait(self) -> None:
        """Keep to the receiver's pace."""
        self._sleep(self.pace.wait_s())
        while held_s := self.pace.held_s():
            self._sleep(held_s)
            # Those who were held go on in turn.
            self._sleep(self.pace.wait_s())

    def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.pause(seconds)


def _read(came: Answer | Fault, answers: Answers) -> tuple[Outcome, Unavailable]:
    if isinstance(came, Fault):
        # The words are those of a client of a hub.
        said = came.what.replace("the hub", "the receiver")
        error = Unavailable(said)
        error.may_pass = came.may_pass
        return Outcome(Verdict.AWAY, None, said), error
    said = f"the receiver answered {came.status}"
    error = Unavailable(said, Told(came.status, retry_after_s=came.retry_after_s))
    verdict = answers.verdict(came.status)
    text = came.body[: SAID_CHARACTERS_MAX * 4].decode("utf-8", "replace")
    about = " ".join(text.split())[:SAID_CHARACTERS_MAX]
    if verdict is not Verdict.DELIVERED and about:
        said = f"{said}: {about}"
    return Outcome(verdict, came.status, said, came.body), error
