"""A wire to PostgreSQL that breaks where a test wants it to."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread

_SOCKET = ".s.PGSQL.5432"
_BYTES = 65_536


@dataclass
class Wire:
    """Passes on what is said, until something comes that is to be lost."""

    folder: Path
    behind: Path
    lost: str = ""
    """What the next COMMIT loses: `question` (it is not done) or `answer` (it is)."""
    after: bytes = b""
    """What a connection must have said before."""
    place: int = 0
    """Which of the next questions, from 1 on, is lost rather than a COMMIT."""
    cuts: int = 0
    _opened: list[socket.socket] = field(default_factory=list)
    _deaf: set[socket.socket] = field(default_factory=set)
    """What is to hear no answer."""
    _counting: Lock = field(default_factory=Lock)

    def serve(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self.behind / _SOCKET))
                self._opened += [near, far]
                for job in (self._ask, self._answer):
                    Thread(target=job, args=(near, far), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        is_meant = False
        with suppress(OSError):
            while said := near.recv(_BYTES):
                is_meant = is_meant or (bool(self.after) and self.after in said)
                lost = self._loses(said, is_meant=is_meant or not self.after)
                if lost == "answer":
                    # It is noticed once the server has answered, and so has done it;
                    # what belongs to the same question still comes.
                    self._deaf.add(near)
                if lost == "question":
                    break
                far.sendall(said)
        with suppress(OSError):
            far.shutdown(socket.SHUT_WR)

    def _loses(self, said: bytes, *, is_meant: bool) -> str:
        """Return what is lost of this question; it is the last that loses something."""
        with self._counting:
            if self.place:
                self.place -= 1
                is_lost = self.place == 0
            else:
                is_lost = b"COMMIT\0" in said and is_meant
            if not (is_lost and self.lost):
                return ""
            lost, self.lost = self.lost, ""
            self.cuts += 1
            return lost

    def _answer(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while (said := far.recv(_BYTES)) and near not in self._deaf:
                near.sendall(said)
        for each in (near, far):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for each in self._opened:
            each.close()


@contextmanager
def a_wire(behind: Path) -> Iterator[Wire]:
    """A wire to the server whose socket is in a folder; its own is in `folder`."""
    with (
        tempfile.TemporaryDirectory(prefix="leadwell-") as name,
        socket.socket(socket.AF_UNIX) as listening,
    ):
        wire = Wire(Path(name), behind)
        listening.bind(str(wire.folder / _SOCKET))
        listening.listen()
        thread = Thread(target=wire.serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield wire
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            wire.close()
