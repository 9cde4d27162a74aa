"""What campaigns decide about duplicates: columns of `campaign`."""

from collections.abc import Sequence

import msgspec

from leadwell.errors import UsageError
from leadwell.model.campaign import Campaign, Duplicates, Policy
from leadwell.schema import identity
from leadwell.store.connection import Connection


def row_of(decided: Duplicates) -> tuple[str, str | None]:
    """Return the columns that keep a decision."""
    refs = decided.fields
    return decided.policy.value, None if refs is None else _listed(refs)


def keep(connection: Connection, campaign: Campaign, decided: Duplicates) -> None:
    """Keep a decision of a campaign that is held; leads are not looked at here."""
    policy, refs = row_of(decided)
    connection.run(
        """
        UPDATE campaign SET duplicates = :policy, identifying = :refs
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign.id, "policy": policy, "refs": refs},
    )


def read(campaign: Campaign, policy: str, slugs: Sequence[str] | None) -> Duplicates:
    """Read a decision; the fields are named by their slugs, `None`: all there are.

    Raises:
        UsageError: there is no such policy, no such field, or none at all.
    """
    known = [each.value for each in Policy]
    if policy not in known:
        raise UsageError(
            f"there is no policy {policy[:40]!r}", hint=f"known: {', '.join(known)}"
        )
    by_slug = {f.slug: f.id for f in campaign.fields if f.type in identity.TYPES}
    if slugs is None:
        return Duplicates(Policy(policy))
    if unknown := [slug for slug in slugs if slug not in by_slug]:
        raise UsageError(
            f"{unknown[0][:64]!r} is no field of type e-mail or phone",
            hint=f"such fields: {', '.join(by_slug) or 'none'}",
        )
    if not slugs:
        raise UsageError(
            "no field is named that tells who somebody is",
            hint="name at least one, or leave it out: every e-mail and phone",
        )
    return Duplicates(Policy(policy), tuple(sorted(by_slug[slug] for slug in slugs)))


def _listed(refs: Sequence[int]) -> str:
    return msgspec.json.encode(refs).decode()
