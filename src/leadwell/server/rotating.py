"""Another generation of the instance key: made, learned by hubs that run, retired."""

from threading import Event, Thread

import structlog

from leadwell.api.hub import Hub
from leadwell.errors import Conflict, NotFound, Refused
from leadwell.model.keyring import Generation
from leadwell.schema.times import from_microseconds, microseconds, show
from leadwell.server import keyfile, keys
from leadwell.server.clock import now
from leadwell.server.opening import key_path
from leadwell.settings import Settings
from leadwell.store.audit.chain import HUB, OPERATOR, Entry, Kind, append
from leadwell.store.connection import Connection, Database
from leadwell.store.hubs import instance

LOOK_EVERY_S = 5.0
"""How soon a hub that runs knows of another generation. It has to before that comes
into use: `leadwell key rotate` gives it a minute at least."""
_log = structlog.get_logger("leadwell.keys")


def rotate(settings: Settings, database: Database, after_s: int) -> Generation:
    """Make another generation, that comes into use after so many seconds; return it.

    The file first, and then what the database says of it: a hub may know more than it
    needs, and never less. What was broken off between the two is finished.

    Raises:
        Refused: the last one is not in use yet, or the file cannot be written.
        Conflict: another hub has made one at this moment.
    """
    held, path = keys.generations(settings, database), key_path(settings)
    with database.reading() as connection:
        now = connection.clock()
    newest = max(held, key=lambda each: each.number)
    if newest.since > now:
        raise Refused(
            f"generation {newest.number} is not in use before "
            f"{show(from_microseconds(newest.since))}",
            hint="wait until then: leadwell key list",
        )
    made = keyfile.new(newest.number + 1, now + after_s * 1_000_000)
    keyfile.write(path, [*held, made])
    mark = keys.fingerprint(made)

    def told(connection: Connection) -> bool:
        kept = mark
        if database.is_remote:
            kept = instance.note_key(connection, made.number, mark)
        if kept == mark:
            _tell(connection, "key-rotated", made.number)
        return kept == mark

    if not database.write(told).result():
        keyfile.write(path, held)
        raise Conflict(
            f"another hub has just made generation {made.number}",
            hint="copy its key file to this one",
        )
    return made


def retire(settings: Settings, database: Database, number: int) -> None:
    """Let a generation count no longer: what is kept under it alone ends.

    What the database says of it first, and then the file: a hub that still has it in
    its own file does not use it.

    Raises:
        NotFound, Refused: as `without`.
    """
    rest = without(settings, database, number)

    def job(connection: Connection) -> None:
        if database.is_remote:
            instance.forget_generation(connection, number)
        _tell(connection, "key-retired", number)

    database.write(job).result()
    keyfile.write(key_path(settings), rest)


def _tell(connection: Connection, what: str, generation: int) -> None:
    """Have the audit log tell what is done with the key."""
    entry = Entry(Kind.ACTION, what, OPERATOR, {"about": str(generation)})
    append(connection, HUB, microseconds(now()), [entry])


def without(settings: Settings, database: Database, number: int) -> list[Generation]:
    """Return the generations that count beside one that could be retired.

    Raises:
        NotFound: there is no such generation.
        Refused: it is in use, or the one that follows is not yet.
    """
    held = keys.generations(settings, database)
    with database.reading() as connection:
        now = connection.clock()
    if number not in {each.number for each in held}:
        raise NotFound(
            f"there is no generation {number} of the key", hint="see: leadwell key list"
        )
    rest = [each for each in held if each.number != number]
    if not any(each.number > number and each.since <= now for each in rest):
        raise Refused(
            f"generation {number} of the key is in use",
            hint="make another one, and wait until it is in use: leadwell key rotate",
        )
    return rest


class KeyWatch:
    """A thread that has a hub which runs know every generation of its key."""

    def __init__(self, hub: Hub, settings: Settings) -> None:
        """Prepare; nothing runs before `start`."""
        self._hub = hub
        self._settings = settings
        self._said = ""
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="keys", daemon=True)

    def start(self) -> None:
        """Look from now on, every few seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Stop at once."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Learn what there is; what cannot be learned is logged once."""
        try:
            found = keys.generations(self._settings, self._hub.database)
            self._hub.keys.turn(found, self._hub.agreed)
            self._said = ""
        except Refused as error:
            # It goes on with what it has: others may be served all the same.
            if error.detail != self._said:
                _log.error("key_differs", detail=error.detail, hint=error.hint)
            self._said = error.detail

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception:
                # A database that is away may be back by the next look.
                _log.exception("key_not_seen")
