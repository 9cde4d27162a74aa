"""Digests: what the leads of a scope, a question or a bucket add up to."""

from typing import Any

from leadwell.model.campaign import Campaign
from leadwell.model.digest import Digest, words
from leadwell.model.grant import LeadQuery
from leadwell.schema.question.following import BUCKETS, Adding
from leadwell.store import filtering
from leadwell.store.connection import Connection
from leadwell.store.writes import chores, scopes


def find(
    connection: Connection, campaign: Campaign, query: LeadQuery, asked: Adding
) -> dict[str, Any]:
    """Return what was asked: a digest, one for each bucket, or a bucket's leads."""
    if asked.bucket is not None:
        pairs = _pairs(connection, campaign, query)
        listed = [
            {"id": lead_id, "version": version}
            for lead_id, version in pairs
            if lead_id % BUCKETS == asked.bucket
        ]
        found = Digest().plus(words(each["id"], each["version"]) for each in listed)
        return _shown(found) | {"bucket": asked.bucket, "data": listed}
    if not asked.with_buckets:
        return of(connection, campaign, query)
    buckets: dict[int, list[tuple[int, int, int, int]]] = {}
    for lead_id, version in _pairs(connection, campaign, query):
        buckets.setdefault(lead_id % BUCKETS, []).append(words(lead_id, version))
    parts = [Digest().plus(buckets.get(number, ())) for number in range(BUCKETS)]
    everything = Digest().plus(part for each in buckets.values() for part in each)
    return _shown(everything) | {
        "buckets": [
            {"bucket": number, **_shown(part)} for number, part in enumerate(parts)
        ]
    }


def of(connection: Connection, campaign: Campaign, query: LeadQuery) -> dict[str, Any]:
    """Return the digest of the leads that match.

    That of a whole scope is kept with every write; any other one is added up.
    """
    is_whole = not query.asked and query.search is None
    if is_whole and not chores.is_pending(connection, campaign.id, query.scope_id):
        return _shown(scopes.digest(connection, campaign.id, query.scope_id))
    pairs = _pairs(connection, campaign, query)
    return _shown(Digest().plus(words(*pair) for pair in pairs))


def _pairs(
    connection: Connection, campaign: Campaign, query: LeadQuery
) -> list[tuple[int, int]]:
    clause = filtering.where(connection.dialect, campaign, query)
    rows = connection.rows(
        f"""
        SELECT lead.id, lead.version FROM lead
         WHERE {clause.sql}
         ORDER BY lead.id
        """,
        clause.params,
    )
    return [(row[0], row[1]) for row in rows]


def _shown(found: Digest) -> dict[str, Any]:
    return {"count": found.count, "digest": found.text}
