"""Whether the numbers of a campaign agree: those that the change feed is read by.

A lead, its row in each scope and its history carry numbers that the ticket gave out.
One number twice, or one that was never given, and a reader would miss a change. All is
read in the transaction of the caller, at one moment.
"""

from collections.abc import Callable, Iterator, Mapping

from pyroaring import BitMap64

from leadwell.store.connection import Connection

CHUNK = 5_000
"""Leads that are read at once."""
SHOWN_MAX = 5
"""How many leads a finding names."""
RESTORE = (
    "restore the newest backup in which this is right (leadwell doctor --deep "
    "--database sqlite:///backup.db looks at one), and report it"
)
Told = Callable[[int], None]
"""Is told of how many leads have been looked at."""

_GIVEN = (
    (
        "seq",
        "a scope's newest change",
        "SELECT max(seq) FROM scope_member WHERE campaign_id = :campaign_id",
    ),
    (
        "seq",
        "the newest part of its history",
        "SELECT max(from_seq) FROM epoch WHERE campaign_id = :campaign_id",
    ),
    (
        "seq",
        "the newest erasure",
        "SELECT max(seq) FROM erasure WHERE campaign_id = :campaign_id",
    ),
    (
        "seq",
        "a reader's place",
        "SELECT max(seq) FROM reader WHERE campaign_id = :campaign_id",
    ),
    (
        "seq",
        "a lead's newest change",
        "SELECT max(seq) FROM lead WHERE campaign_id = :campaign_id",
    ),
    (
        "lead_id",
        "the newest lead",
        "SELECT max(lead_id) FROM scope_member WHERE campaign_id = :campaign_id",
    ),
    (
        "part_id",
        "the newest field",
        "SELECT max(id) FROM field WHERE campaign_id = :campaign_id",
    ),
    (
        "part_id",
        "the newest option",
        "SELECT max(id) FROM option WHERE campaign_id = :campaign_id",
    ),
    (
        "part_id",
        "the newest status",
        "SELECT max(id) FROM status WHERE campaign_id = :campaign_id",
    ),
    (
        "part_id",
        "the newest filter",
        "SELECT max(id) FROM filter WHERE campaign_id = :campaign_id",
    ),
    (
        "stamped_at",
        "the newest updated_at",
        "SELECT max(updated_at) FROM lead WHERE campaign_id = :campaign_id",
    ),
)
"""What each counter must have reached, and where that stands."""
_ERASED = (
    (
        "lead",
        """
        SELECT erasure.lead_id FROM erasure
          JOIN lead ON lead.campaign_id = :campaign_id AND lead.id = erasure.lead_id
         WHERE erasure.campaign_id = :campaign_id
         ORDER BY erasure.lead_id
        """,
    ),
    *(
        (
            table,
            f"""
            SELECT DISTINCT erasure.lead_id FROM erasure
              JOIN {table} ON {table}.campaign_id = :campaign_id
                          AND {table}.lead_id = erasure.lead_id
             WHERE erasure.campaign_id = :campaign_id
             ORDER BY erasure.lead_id
            """,
        )
        for table in ("lead_history", "external_key", "lead_key")
    ),
)
"""Where nothing may be left of a lead that is erased."""


def counted(connection: Connection, campaign_id: int) -> dict[str, int]:
    """Return how far each counter has come; nothing: there is none."""
    found = connection.rows(
        """
        SELECT seq, lead_id, part_id, stamped_at FROM counter
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign_id},
    )
    names = ("seq", "lead_id", "part_id", "stamped_at")
    return dict(zip(names, found[0], strict=True)) if found else {}


def differences(
    connection: Connection, campaign_id: int, counted: Mapping[str, int], told: Told
) -> Iterator[str]:
    """Yield what does not agree, and what to do about it; nothing at all is right."""
    for name, what, sql in _GIVEN:
        ((newest,),) = connection.rows(sql, {"campaign_id": campaign_id})
        if newest is not None and newest > counted[name]:
            yield f"counter.{name} is {counted[name]}, and {what} {newest}: {RESTORE}"
    yield from _leads(connection, campaign_id, told)
    yield from _history(connection, campaign_id)
    yield from _erased(connection, campaign_id)


def _leads(connection: Connection, campaign_id: int, told: Told) -> Iterator[str]:
    """Compare each lead with its row in the whole campaign's scope."""
    last_id = done = 0
    seen = BitMap64()
    twice: list[int] = []
    apart: list[int] = []
    while found := _after(connection, campaign_id, last_id):
        for lead_id, seq, version, *member in found:
            if seq in seen:
                twice.append(seq)
            seen.add(seq)
            if member != [seq, version, 1]:
                apart.append(lead_id)
        last_id = found[-1][0]
        done += len(found)
        told(done)
    if twice:
        yield f"the numbers {_few(twice)} were given twice: {RESTORE}"
    if apart:
        yield (
            f"leads {_few(apart)} are not what the change feed tells of them: {RESTORE}"
        )


def _after(
    connection: Connection, campaign_id: int, last_id: int
) -> list[tuple[int, ...]]:
    return connection.rows(
        """
        SELECT lead.id, lead.seq, lead.version,
               scope_member.seq, scope_member.version, scope_member.in_scope
          FROM lead
          LEFT JOIN scope_member ON scope_member.campaign_id = :campaign_id
                                AND scope_member.lead_id = lead.id
                                AND scope_member.scope_id = 0
         WHERE lead.campaign_id = :campaign_id AND lead.id > :last_id
         ORDER BY lead.id
         LIMIT :count
        """,
        {"campaign_id": campaign_id, "last_id": last_id, "count": CHUNK},
    )


def _history(connection: Connection, campaign_id: int) -> Iterator[str]:
    """Look for a history that is longer than its lead's life."""
    last_id = 0
    longer: list[int] = []
    while found := connection.rows(
        """
        SELECT told.lead_id, told.newest, scope_member.version
          FROM (SELECT lead_id, max(version) AS newest FROM lead_history
                 WHERE lead_history.campaign_id = :campaign_id
                   AND lead_history.lead_id > :last_id
                 GROUP BY lead_id
                 ORDER BY lead_id
                 LIMIT :count) AS told
          LEFT JOIN scope_member ON scope_member.campaign_id = :campaign_id
                                AND scope_member.lead_id = told.lead_id
                                AND scope_member.scope_id = 0
         ORDER BY told.lead_id
        """,
        {"campaign_id": campaign_id, "last_id": last_id, "count": CHUNK},
    ):
        longer += [row[0] for row in found if row[2] is None or row[1] > row[2]]
        last_id = found[-1][0]
    if longer:
        yield (
            f"the history of leads {_few(longer)} tells of revisions that they never "
            f"had: {RESTORE}"
        )


def _erased(connection: Connection, campaign_id: int) -> Iterator[str]:
    for table, sql in _ERASED:
        left = [row[0] for row in connection.rows(sql, {"campaign_id": campaign_id})]
        if left:
            yield (
                f"leads {_few(left)} are erased, and something of them is in {table}: "
                f"stop the hub, delete their rows there, and report it"
            )


def _few(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:SHOWN_MAX]))
    more = len(numbers) - SHOWN_MAX
    return f"{shown} and {more:,} more" if more > 0 else shown
