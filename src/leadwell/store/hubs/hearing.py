"""Hearing over one connection of what other processes have told (ADR 0028).

A connection can be deaf and not know it: a firewall has dropped it, or a pooler lends
its server to others in between. So it is believed once it has heard a word that this
process itself has told over another connection, and asked again from time to time.
"""

import re
import secrets
import time
from collections.abc import Callable
from threading import Event, Thread

import psycopg
import structlog

from leadwell.store.connection import Row
from leadwell.store.figures import HEARING

Raw = psycopg.Connection[Row]
Heard = Callable[[int | None], None]

CHANNEL = "leadwell"
ANY = "any"
"""The word for all campaigns; that for one is its id."""
PROBE = "?"
"""What a word begins with that its own sender waits for."""
PROBE_EVERY_S = 15.0
ANSWER_S = 3.0
"""How long a probe may be on its way, on a busy server."""
SLICE_S = 0.5
"""How soon it notices that it is to stop."""
AGAIN_S, AGAIN_MAX_S = 1.0, 30.0
TOLD_EVERY_S = 60.0
"""One that comes and goes is logged no more often."""
_LISTEN = f"LISTEN {CHANNEL}".encode()
_ID = re.compile(r"[0-9]{1,18}")
_DEAF = (
    "what was told over another connection did not arrive: "
    "is a pooler in transaction mode before the database? Then set database_pooler"
)
_log = structlog.get_logger("leadwell.hearing")


class _DeafError(Exception):
    """A probe was not heard."""


class Listener:
    """A thread that listens, and connects anew whenever it is deaf.

    It calls `heard` with the campaign that was told of, and with `None` when any may
    have changed: after it was deaf, and when it becomes so.
    """

    def __init__(
        self,
        connect: Callable[[], Raw],
        tell: Callable[[list[str]], None],
        heard: Heard,
    ) -> None:
        """Prepare; `tell` sends words over another connection."""
        self._connect = connect
        self._tell = tell
        self._heard = heard
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="listener", daemon=True)
        self._told_at = float("-inf")
        self._pause_s = AGAIN_S
        self.is_hearing = False
        """Whether whatever is told is heard."""

    def start(self) -> None:
        """Listen from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop soon; a server that does not answer is not waited for."""
        self._stopping.set()
        self._tell([PROBE])
        self._thread.join(2 * SLICE_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._connect() as raw:
                    self._listen(raw)
            except psycopg.Error as error:
                # What libpq says may name people's data and addresses.
                self._lost(type(error).__name__)
            except _DeafError:
                self._lost(_DEAF)
            except Exception:
                self._lost("of a fault")
                _log.exception("listener_failed")
            self._stopping.wait(self._pause_s)
            self._pause_s = min(2 * self._pause_s, AGAIN_MAX_S)

    def _listen(self, raw: Raw) -> None:
        raw.execute(_LISTEN)
        while not self._stopping.is_set():
            self._probe(raw)

    def _probe(self, raw: Raw) -> None:
        """Listen for a while, and expect to hear a word of one's own in time."""
        probe = f"{PROBE}{secrets.token_hex(8)}"
        self._tell([probe])
        asked_at = time.monotonic()
        is_answered = False
        while time.monotonic() < asked_at + PROBE_EVERY_S:
            for word in self._words(raw):
                if word == probe:
                    is_answered = True
                    self._believe()
                else:
                    self._pass_on(word)
            if self._stopping.is_set():
                return
            if not is_answered and time.monotonic() > asked_at + ANSWER_S:
                raise _DeafError

    def _words(self, raw: Raw) -> list[str]:
        """Wait for a moment until something is told; each word is there once."""
        found = raw.notifies(timeout=SLICE_S, stop_after=1)
        return list(dict.fromkeys(each.payload for each in found))

    def _pass_on(self, word: str) -> None:
        # Anybody who may connect may say anything.
        if word == ANY:
            self._heard(None)
        elif _ID.fullmatch(word):
            self._heard(int(word))

    def _believe(self) -> None:
        self._pause_s = AGAIN_S
        if not self.is_hearing:
            self.is_hearing = True
            HEARING.set(1)
            _log.info("hearing")
            # Whatever was told before that was missed.
            self._heard(None)

    def _lost(self, reason: str) -> None:
        was_hearing, self.is_hearing = self.is_hearing, False
        HEARING.set(0)
        if was_hearing:
            self._heard(None)
        now = time.monotonic()
        if not self._stopping.is_set() and now - self._told_at >= TOLD_EVERY_S:
            self._told_at = now
            _log.warning("not_hearing", reason=reason)
