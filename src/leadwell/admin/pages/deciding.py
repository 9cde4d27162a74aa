"""What becomes of a campaign's duplicates, as the form of its settings has it."""

from typing import Any

from leadwell.admin import freshness
from leadwell.admin.freshness import seen
from leadwell.admin.visit import Visit
from leadwell.admin.words import mark
from leadwell.model.campaign import Campaign, Duplicates, Policy
from leadwell.schema import identity
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.writes import chores, parts

POLICIES = {
    Policy.OFF: (mark("Off"), mark("Nobody looks.")),
    Policy.FLAG: (mark("Show"), mark("It is added, and both are shown here.")),
    Policy.MERGE: (
        mark("Merge"),
        mark("It fills what the lead that is there does not hold, and is not added."),
    ),
    Policy.REJECT: (mark("Refuse"), mark("Who sends it is told which lead is there.")),
}
"""Their names and what they mean, in the order of the form."""
_NAMED = {policy.value: words[0] for policy, words in POLICIES.items()}


def shown(connection: Connection, visit: Visit, campaign: Campaign) -> dict[str, Any]:
    """Return what the form shows: what was typed, or what is decided."""
    decided = campaign.duplicates
    compared = [field for field in campaign.fields if field.type in identity.TYPES]
    chosen = {field.slug for field in identity.fields(campaign)}
    policy, is_sent = decided.policy.value, visit.form.get("decided") is not None
    if is_sent:
        policy, chosen = visit.text("policy"), _ticked(visit)
    return {
        "policies": POLICIES.items(),
        "names": _NAMED,
        "policy": policy,
        "now": decided.policy.value,
        "fields": [(field, field.slug in chosen) for field in compared],
        "seen": _seen(decided),
        "is_stale": is_sent and visit.text("decided") != _seen(decided),
        "left": chores.left(connection, campaign.id, chores.Kind.KEYS),
    }


def save(connection: Connection, visit: Visit) -> None:
    """Keep what was decided.

    Raises:
        UsageError: no such policy, or no field is ticked.
        Conflict: somebody else has decided meanwhile.
    """
    campaign = visit.held(connection)
    decided = _read(visit, campaign)
    if decided == campaign.duplicates:
        return
    freshness.check(visit, _seen(campaign.duplicates), "decided")
    parts.set_duplicates(connection, campaign.id, decided)
    policy = decided.policy.value
    visit.note(connection, campaign, What.DUPLICATES_CHANGED, policy, policy)


def _read(visit: Visit, campaign: Campaign) -> Duplicates:
    compared = {x.slug for x in campaign.fields if x.type in identity.TYPES}
    ticked = _ticked(visit)
    # All of them: also those that are made later.
    slugs = None if ticked >= compared else sorted(ticked)
    return identity.decision(campaign, visit.text("policy"), slugs)


def _ticked(visit: Visit) -> set[str]:
    return {str(each) for each in visit.form.getlist("identifying")}


def _seen(decided: Duplicates) -> str:
    return seen(decided.policy.value, decided.fields)
