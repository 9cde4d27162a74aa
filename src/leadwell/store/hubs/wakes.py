"""How the processes of one PostgreSQL database wake each other (ADR 0028)."""

from collections.abc import Callable, Iterable

import structlog

from leadwell.store.connection import Finding
from leadwell.store.hubs.hearing import ANY, CHANNEL, Heard, Listener, Raw
from leadwell.store.hubs.telling import Teller

POOLED = "database_pooler is set, and a pooler passes on nothing that is told"
SPREAD = "each machine of a Citus cluster tells only those that are connected to it"

_TELL = "SELECT pg_notify(%s, word) FROM unnest(CAST(%s AS TEXT[])) AS word"
_log = structlog.get_logger("leadwell.hearing")


def why_off(*, is_pooled: bool, is_spread: bool) -> str:
    """Say why processes of a database tell each other nothing; empty: they do."""
    return POOLED if is_pooled else SPREAD if is_spread else ""


class Wakes:
    """Tells what this process has changed, and hears what others have.

    All of it is a hint: where it is off, or lost, who waits looks more often.
    """

    def __init__(
        self,
        borrowed: Callable[[Callable[[Raw], None]], None],
        connect: Callable[[], Raw],
        why_off: str = "",
    ) -> None:
        """Begin with nothing: the first word told or asked for starts what it needs.

        `borrowed` runs a job with a connection of the pool, `connect` opens one of its
        own; `why_off` says why nothing is told here, if so.
        """
        self._borrowed = borrowed
        self._connect = connect
        self._why_off = why_off
        self._teller = Teller(self._send)
        self._listener: Listener | None = None

    @property
    def is_hearing(self) -> bool:
        """Whether whatever is told is heard at this moment."""
        return self._listener is not None and self._listener.is_hearing

    def tell(self, campaigns: Iterable[int | None]) -> None:
        """Have it told that campaigns have changed; `None`: any may have."""
        if not self._why_off:
            self._teller.tell(ANY if each is None else str(each) for each in campaigns)

    def hear(self, heard: Heard) -> None:
        """Have a function called with each campaign that is told of."""
        if self._why_off:
            _log.info("not_hearing", reason=self._why_off)
        elif self._listener is None:
            self._listener = Listener(self._connect, self._teller.tell, heard)
            self._listener.start()

    def finding(self) -> Finding:
        """Say whether long polls of other hubs are woken."""
        said = f"off, so they look ten times a second: {self._why_off}"
        return Finding("ok", "wake-up of long polls", said if self._why_off else "on")

    def close(self) -> None:
        """Send what was told, and end."""
        if self._listener is not None:
            self._listener.stop()
        self._teller.close()

    def _send(self, words: list[str]) -> None:
        def send(raw: Raw) -> None:
            raw.execute(_TELL, (CHANNEL, words))

        self._borrowed(send)
