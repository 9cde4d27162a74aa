"""Citus: campaigns spread over several machines, on the schema that is there.

A table whose key starts with `campaign_id` is distributed by it, all of them alike, so
that a campaign's rows are on one machine and every write commits there, in one phase.
The few others are copied to each machine, but for what is written all day long: that
is distributed by its own key. Nothing here but `STAND` is on the path of a request.
"""

from dataclasses import dataclass

from leadwell.errors import Refused
from leadwell.store.connection import Connection
from leadwell.store.engines.chronicle import SNAPSHOT

SHARDS = 128
"""How many parts the campaigns are in, unless it is said: the later of two machines
takes over whole parts, and to split one is what Citus does worst."""
SHARDS_MAX = 4_096
FIRST = "counter"
"""The table that the others lie beside: each campaign has one row of it."""
ALONE = frozenset({"spending"})
"""Tables of no campaign that every process writes to each second: were they copied to
each machine, all writers of the cluster would wait in one line."""
_CAMPAIGN = "campaign_id"
_IS_THERE = "SELECT count(*) FROM pg_extension WHERE extname = 'citus'"
_TABLES = """
SELECT c.relname, a.attname
  FROM pg_class c
  JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
 WHERE c.relkind = 'r'
   AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
 ORDER BY c.relname <> 'counter', c.relname
"""
"""Every table, and with what its key starts."""
_KNOWN = """
SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
 WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
"""
_IS_COORDINATOR = "SELECT groupid = 0 FROM pg_dist_local_group"
ONE_BY_ONE = "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"
"""Two tables cannot be changed side by side in one transaction."""

TELL_NODES = "SET LOCAL citus.propagate_set_commands TO 'local'; "
"""Has the node that a row lies on keep to the deadlines of a transaction: it would wait
for another one's ticket for ever."""

ONE_MOMENT = "SET LOCAL citus.select_opens_transaction_block TO 'on'; "
"""Has all statements of a transaction see the same moment of another node: so it is
unless somebody has set the server to something else."""
STAND = f"""
SELECT CAST(pg_postmaster_start_time() AS TEXT),
       CASE WHEN NOT pg_is_in_recovery() THEN {SNAPSHOT} END
  FROM counter
 WHERE campaign_id = :campaign_id
"""
"""Tells which server has a campaign, and what is seen there: it is that server which
calls the functions, as the whole statement is handed on to it (ADR 0033)."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and how it is spread."""

    name: str
    by: str | None
    """The column that says where a row lies; `None`: it is copied to each machine."""
    is_spread: bool
    """Whether Citus knows of it already."""


def is_there(connection: Connection) -> bool:
    """Tell whether the database has the extension."""
    return bool(connection.rows(_IS_THERE)[0][0])


def tables(connection: Connection) -> list[Table]:
    """Return every table of the schema, the one that the others lie beside first."""
    known = {name for (name,) in connection.rows(_KNOWN)}
    return [
        Table(
            str(name), key if key == _CAMPAIGN or name in ALONE else None, name in known
        )
        for name, key in connection.rows(_TABLES)
    ]


def check(connection: Connection) -> None:
    """Refuse a database that is spread in part.

    Raises:
        Refused: some of its tables are distributed, and others are not.
    """
    if not is_there(connection):
        return
    found = tables(connection)
    waiting = [table.name for table in found if not table.is_spread]
    if 0 < len(waiting) < len(found):
        raise Refused(
            f"{len(waiting)} of {len(found)} tables are not distributed yet: "
            f"{', '.join(waiting[:5])}{', …' if len(waiting) > 5 else ''}",
            hint="let no hub run, then: leadwell citus distribute",
        )


def check_coordinator(connection: Connection) -> None:
    """Refuse a database on which tables cannot be distributed.

    Raises:
        Refused: it has no Citus, or is not the node that changes the schema.
    """
    if not is_there(connection):
        raise Refused(
            "the database has no Citus",
            hint="install it on every node, then: CREATE EXTENSION citus",
        )
    if not connection.rows(_IS_COORDINATOR)[0][0]:
        raise Refused(
            "this node is not the coordinator, which alone changes the schema",
            hint="name the coordinator's database",
        )


def statement(table: Table, shards: int) -> str:
    """Return what spreads a table."""
    if table.by is None:
        return f"SELECT create_reference_table('{table.name}')"
    is_first = table.name == FIRST or table.by != _CAMPAIGN
    beside = f"'none', shard_count => {int(shards)}" if is_first else f"'{FIRST}'"
    return (
        f"SELECT create_distributed_table('{table.name}', '{table.by}', "
        f"colocate_with => {beside})"
    )


def spread(connection: Connection, table: Table, shards: int) -> None:
    """Spread one table, with the rows that it has; a later one lies beside the first.

    A transaction of its own for each: together they need more locks than a server as
    installed has.
    """
    connection.run(ONE_BY_ONE)
    connection.run(statement(table, shards))


def follow(connection: Connection) -> None:
    """Spread what a migration has added to a database that is spread already."""
    found = tables(connection)
    if any(table.is_spread for table in found):
        for table in found:
            if not table.is_spread:
                spread(connection, table, SHARDS)


def analyze(connection: Connection) -> None:
    """Have the planner look at the tables: it knows nothing of new shards."""
    connection.run("ANALYZE")
