"""What a write finds of the leads that are there, whoever else may see them.

Only writes may ask: what a token may see, it is told through a `LeadQuery`.
"""

from dataclasses import dataclass, replace

from leadwell.errors import LeadNotFound, PreconditionFailed
from leadwell.errors.duplicates import DuplicateLead
from leadwell.model.campaign import Campaign, Policy
from leadwell.model.grant import Author
from leadwell.model.lead import Lead
from leadwell.schema.matching import matches
from leadwell.store.connection import Connection
from leadwell.store.duplicates import matching
from leadwell.store.writes import rows
from leadwell.store.writes.names import Names
from leadwell.store.writes.rows import Added


@dataclass(slots=True)
class Present:
    """The leads of a campaign, as one transaction finds them."""

    connection: Connection
    campaign: Campaign
    author: Author
    added: Added
    names: Names

    def known(self, lead_id: int, if_versions: frozenset[int] | None) -> Lead:
        """Return a lead that the author may see.

        Raises:
            LeadNotFound: there is none.
            PreconditionFailed: it has none of the versions that are named.
        """
        found = self._find(lead_id)
        if found is None or not matches(self.campaign, self.author.forced, found):
            raise LeadNotFound.of(lead_id, self.campaign.id)
        if if_versions is not None and found.version not in if_versions:
            raise PreconditionFailed(
                f"lead {lead_id} has version {found.version} now",
                hint="read it again, and repeat your change on what it holds now",
            )
        return found

    def named(self, external_id: object) -> Lead | None:
        """Return the lead that the author calls so."""
        if not isinstance(external_id, str):
            return None
        lead_id = self.names.find(self.author.lineage, external_id)
        return None if lead_id is None else self._find(lead_id)

    def met(self, lead: Lead) -> Lead | None:
        """Return the lead in sight that a new one is to be merged into, if any.

        Raises:
            DuplicateLead: the campaign refuses duplicates.
        """
        if self.campaign.duplicates.policy not in matching.ACTING:
            return None
        self.added.write()
        forced, readable = self.author.forced, self.author.readable
        found = matching.find(self.connection, self.campaign, lead, forced, readable)
        if found is None:
            return None
        known_id, field = found
        if self.campaign.duplicates.policy is Policy.REJECT:
            raise DuplicateLead.of(known_id, field.slug)
        known = self._find(known_id)
        # Rather two leads than one that its author could not see any more.
        if known is None or not matches(
            self.campaign, forced, with_gaps_filled(known, lead)
        ):
            return None
        return known

    def _find(self, lead_id: int) -> Lead | None:
        self.added.write()
        return rows.find(self.connection, self.campaign, lead_id)


def with_gaps_filled(into: Lead, other: Lead) -> Lead:
    """Return a lead that also has what another one has, where it has nothing."""
    return replace(
        into,
        values={**other.values, **into.values},
        status=other.status if into.status is None else into.status,
        assigned_to=other.assigned_to if into.assigned_to is None else into.assigned_to,
        external_id=into.external_id or other.external_id,
    )
