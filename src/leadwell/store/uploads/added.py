"""The leads that an import has added: to be counted, and to be taken back."""

from dataclasses import dataclass

from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.model.importing import Job
from leadwell.store.connection import Connection, one
from leadwell.store.writes.writing import Writing

CHUNK = 500
"""Leads in one transaction: others write in between."""
# A change of the schema has made revisions that nobody has asked for.
_UNCHANGED = """lead.version - 1 = (
                   SELECT count(*) FROM lead_history
                    WHERE lead_history.campaign_id = :campaign_id
                      AND lead_history.lead_id = lead.id
                      AND lead_history.version > 1
                      AND lead_history.op = 'schema')"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A lead that was added, and the row that it was."""

    lead_id: int
    digest: bytes
    nth: int


@dataclass(frozen=True, slots=True)
class Count:
    """What undoing an import would do."""

    added: int
    """The leads it has added that nobody has taken back."""
    removable: int
    """Those of them that are there, and that nobody has changed since."""


def note(connection: Connection, job: Job, leads: list[Loaded]) -> None:
    """Remember leads, in the transaction that adds them."""
    connection.run_many(
        """
        INSERT INTO import_lead (campaign_id, import_id, lead_id, digest, nth)
             VALUES (:campaign_id, :import_id, :lead_id, :digest, :nth)
        """,
        [
            {
                "campaign_id": job.campaign_id,
                "import_id": job.id,
                "lead_id": lead.lead_id,
                "digest": lead.digest,
                "nth": lead.nth,
            }
            for lead in leads
        ],
    )


def count(connection: Connection, job: Job) -> Count:
    """Count what an import has added. Looks at every lead of it."""
    row = one(
        connection.rows(
            f"""
            SELECT count(*), count(CASE WHEN {_UNCHANGED} THEN 1 END)
              FROM import_lead
              LEFT JOIN lead ON lead.campaign_id = :campaign_id
                            AND lead.id = import_lead.lead_id
             WHERE import_lead.campaign_id = :campaign_id
               AND import_lead.import_id = :import_id
            """,
            {"campaign_id": job.campaign_id, "import_id": job.id},
        )
    )
    return Count(*row) if row else Count(0, 0)


def total(connection: Connection, job: Job) -> int:
    """Return how many leads an import has added that nobody has taken back."""
    ((found,),) = connection.rows(
        """
        SELECT count(*) FROM import_lead
         WHERE campaign_id = :campaign_id AND import_id = :import_id
        """,
        {"campaign_id": job.campaign_id, "import_id": job.id},
    )
    return int(found)


def take_back(
    connection: Connection, campaign: Campaign, job: Job, author: str, now: int
) -> int:
    """Delete some of what it has added and nobody has changed; return how many.

    Fewer than `CHUNK` were the last ones. The rows may be loaded again.

    Raises:
        Unavailable: the campaign's schema has changed since it was read.
    """
    writing = Writing.begin(connection, campaign, Author(author), now, CHUNK)
    found = connection.rows(
        f"""
        SELECT lead.id, import_lead.digest, import_lead.nth
          FROM import_lead
          JOIN lead ON lead.campaign_id = :campaign_id
                   AND lead.id = import_lead.lead_id
         WHERE import_lead.campaign_id = :campaign_id
           AND import_lead.import_id = :import_id
           AND {_UNCHANGED}
         ORDER BY import_lead.lead_id
         LIMIT :most
        """,
        {"campaign_id": campaign.id, "import_id": job.id, "most": CHUNK},
    )
    leads = [Loaded(row[0], bytes(row[1]), row[2]) for row in found]
    for lead in leads:
        writing.remove(lead.lead_id)
    writing.close()
    _forget(connection, job, leads)
    return len(leads)


def _forget(connection: Connection, job: Job, leads: list[Loaded]) -> None:
    params = [
        {
            "campaign_id": job.campaign_id,
            "import_id": job.id,
            "lead_id": lead.lead_id,
            "digest": lead.digest,
            "nth": lead.nth,
        }
        for lead in leads
    ]
    connection.run_many(
        """
        DELETE FROM import_row
         WHERE campaign_id = :campaign_id AND digest = :digest AND nth = :nth
           AND lead_id = :lead_id
        """,
        list(params),
    )
    connection.run_many(
        """
        DELETE FROM import_lead
         WHERE campaign_id = :campaign_id AND import_id = :import_id
           AND lead_id = :lead_id
        """,
        list(params),
    )
