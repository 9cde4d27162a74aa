"""What partners call leads: external ids, a set of them for each lineage."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from leadwell.errors import Conflict
from leadwell.model.campaign import Campaign
from leadwell.model.lead import Lead
from leadwell.store.connection import Connection, Params


@dataclass(slots=True)
class Names:
    """The names of one campaign's leads, as one transaction finds and changes them.

    Under the ticket nobody else changes them: what was looked up once is known, and
    what is given is written in the end, or before anything else touches the table.
    """

    connection: Connection
    campaign: Campaign
    _known: dict[tuple[str, str], int | None] = field(
        default_factory=dict[tuple[str, str], int | None]
    )
    _given: list[Params] = field(default_factory=list[Params])

    def expect(self, lineage: str, external_ids: Iterable[object]) -> None:
        """Look up together what is going to be asked for one by one."""
        asked = {each for each in external_ids if isinstance(each, str)}
        unknown = sorted(each for each in asked if (lineage, each) not in self._known)
        if not unknown:
            return
        dialect = self.connection.dialect
        rows = self.connection.rows(
            f"""
            SELECT external_id, lead_id FROM external_key
             WHERE campaign_id = :campaign_id AND lineage = :lineage
               AND {dialect.among("external_id", "names")}
            """,
            {
                "campaign_id": self.campaign.id,
                "lineage": lineage,
                "names": dialect.listed(unknown),
            },
        )
        found = {row[0]: int(row[1]) for row in rows}
        self._known |= {(lineage, each): found.get(each) for each in unknown}

    def find(self, lineage: str, external_id: str) -> int | None:
        """Return the id of the lead that this partner calls by this name."""
        self.expect(lineage, (external_id,))
        return self._known[lineage, external_id]

    def give(self, lineage: str, lead: Lead) -> None:
        """Remember what this partner calls the lead."""
        if lead.external_id is None:
            return
        self._known[lineage, lead.external_id] = lead.id
        self._given.append(
            {
                "campaign_id": lead.campaign_id,
                "lineage": lineage,
                "external_id": lead.external_id,
                "lead_id": lead.id,
            }
        )

    def change(self, lineage: str, before: Lead, after: Lead) -> None:
        """Let the partner call the lead what it now shows, and nothing else.

        A lead shows the name that was given last, by whomever. So one that is sent back
        as it was shown takes no name away; it becomes the partner's own if it is free.

        Raises:
            Conflict: the partner calls another lead so.
        """
        external_id = after.external_id
        if external_id is None:
            self._forget(lineage, after)
            return
        is_same = external_id == before.external_id
        known = self.find(lineage, external_id)
        if known is None:
            if not is_same:
                self._forget(lineage, after)
            self.give(lineage, after)
        elif known != after.id and not is_same:
            raise Conflict(
                f"another lead has the external_id {external_id[:64]!r}",
                hint="merge the two, or choose another",
            )

    def pass_on(self, lead: Lead, into: Lead) -> None:
        """Let every partner's name of a lead mean another one from now on."""
        self.settle()
        pass_on(self.connection, lead, into)

    def settle(self) -> None:
        """Write what was given, and know nothing more: somebody else goes on."""
        self.write()
        self._known.clear()

    def write(self) -> None:
        """Write what was given."""
        if self._given:
            self.connection.run_many(_GIVE, self._given)
            self._given = []

    def _forget(self, lineage: str, lead: Lead) -> None:
        self.settle()
        forget(self.connection, lineage, lead)


_GIVE = """
INSERT INTO external_key (campaign_id, lineage, external_id, lead_id)
     VALUES (:campaign_id, :lineage, :external_id, :lead_id)
ON CONFLICT (campaign_id, lineage, external_id)
  DO UPDATE SET lead_id = excluded.lead_id
"""


def forget(connection: Connection, lineage: str, lead: Lead) -> None:
    """Forget what this partner calls the lead, so that those names are free again.

    Served by `external_key_by_lead`.
    """
    connection.run(
        """
        DELETE FROM external_key
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
           AND lineage = :lineage
        """,
        {"campaign_id": lead.campaign_id, "lineage": lineage, "lead_id": lead.id},
    )


def pass_on(connection: Connection, lead: Lead, into: Lead) -> None:
    """Let every partner's name of a lead mean another one from now on.

    Served by `external_key_by_lead`.
    """
    connection.run(
        """
        UPDATE external_key SET lead_id = :into
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        {"campaign_id": lead.campaign_id, "lead_id": lead.id, "into": into.id},
    )
