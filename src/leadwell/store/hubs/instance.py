"""Facts about the whole instance: its key's fingerprints, its backup, beacons."""

from leadwell.store.connection import Connection, one

KEY = "key"
BACKUP = "backup"
"""Not a backup itself: the moment at which the newest one was complete."""
BEACON = "beacon "
BEACON_KEPT_US = 86_400_000_000
"""A process that was killed leaves its beacons behind: others remove them after it."""


def find(connection: Connection, name: str) -> bytes | None:
    """Return the fact with this name; `None`: it is not known yet."""
    row = one(
        connection.rows("SELECT value FROM instance WHERE name = :name", {"name": name})
    )
    return None if row is None else bytes(row[0])


def note(connection: Connection, name: str, value: bytes) -> bytes:
    """Keep a fact, unless another hub was first; return what is kept."""
    connection.run(
        """
        INSERT INTO instance (name, value, at)
             VALUES (:name, :value, :at)
        ON CONFLICT (name) DO NOTHING
        """,
        {"name": name, "value": value, "at": connection.clock()},
    )
    return find(connection, name) or value


def last_seen(connection: Connection) -> int:
    """Return the newest moment that anything was noted at; looks at all campaigns.

    In microseconds since 1970, by the clock of whoever noted it.
    """
    ((newest,),) = connection.rows(
        """
        SELECT coalesce(max(noted.at), 0)
          FROM (SELECT max(stamped_at) AS at FROM counter
                UNION ALL SELECT max(last_used_at) AS at FROM token
                UNION ALL SELECT max(at) AS at FROM activity
                UNION ALL SELECT max(ran_at) AS at FROM retention
                UNION ALL SELECT max(applied_at) AS at FROM migration) AS noted
        """
    )
    return int(newest)


def stamp(connection: Connection, name: str) -> None:
    """Note that something was done at this moment, instead of the last time."""
    connection.run(
        """
        INSERT INTO instance (name, value, at)
             VALUES (:name, :value, :at)
        ON CONFLICT (name) DO UPDATE SET at = excluded.at
        """,
        {"name": name, "value": b"", "at": connection.clock()},
    )


def noted_at(connection: Connection, name: str) -> int:
    """Return when a fact was noted, in microseconds; 0: it never was."""
    row = one(
        connection.rows("SELECT at FROM instance WHERE name = :name", {"name": name})
    )
    return 0 if row is None else int(row[0])


def fingerprints(connection: Connection) -> dict[int, bytes]:
    """Return the fingerprint of each generation of the key, by its number."""
    rows = connection.rows(
        "SELECT name, value FROM instance WHERE (name = :name OR name LIKE :later)",
        {"name": KEY, "later": f"{KEY} %"},
    )
    return {int(name.removeprefix(KEY) or 1): bytes(value) for name, value in rows}


def note_key(connection: Connection, number: int, fingerprint: bytes) -> bytes:
    """Keep the fingerprint of a generation, unless another hub was first with it.

    Returns what is kept.
    """
    return note(connection, _name(number), fingerprint)


def forget_generation(connection: Connection, number: int) -> None:
    """Have every hub of the database let a generation of the key be retired."""
    name = {"name": _name(number)}
    connection.run("DELETE FROM instance WHERE name = :name", name)


def forget_key(connection: Connection) -> None:
    """Have the next hub that starts give the fingerprints of its own key."""
    for number in fingerprints(connection):
        forget_generation(connection, number)


def light(connection: Connection, beacon: bytes) -> None:
    """Write a beacon, by which replicas of this history are known; old ones go."""
    connection.run(
        "DELETE FROM instance WHERE name LIKE :beacons AND at < :before",
        {"beacons": f"{BEACON}%", "before": connection.clock() - BEACON_KEPT_US},
    )
    note(connection, f"{BEACON}{beacon.hex()}", beacon)


def is_lit(connection: Connection, beacon: bytes) -> bool:
    """Whether the beacon can be seen here."""
    return find(connection, f"{BEACON}{beacon.hex()}") is not None


def put_out(connection: Connection, beacon: bytes) -> None:
    """Remove a beacon."""
    connection.run(
        "DELETE FROM instance WHERE name = :name",
        {"name": f"{BEACON}{beacon.hex()}"},
    )


def _name(number: int) -> str:
    # That of the first one is what a release wrote that knew no other.
    return KEY if number == 1 else f"{KEY} {number}"
