"""Fill a new database with the sample account, campaign, leads and tokens."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from leadwell.demo import campaign as sample_campaign
from leadwell.demo import words
from leadwell.demo.leads import DemoLead, leads
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.model.keyring import Keyring
from leadwell.model.token import Token, public_id_of, text_of
from leadwell.schema import definition, querystring, question, submission
from leadwell.schema.times import microseconds
from leadwell.server import invitations, keys, open_database
from leadwell.server.clock import now
from leadwell.settings import Settings
from leadwell.store import accounts, campaigns, filters, tokens
from leadwell.store.connection import Connection
from leadwell.store.writes import writing

LINEAGE = "demo"


def fill(
    settings: Settings, random_bytes: Callable[[int], bytes]
) -> tuple[str, str, str, str]:
    """Make the sample; return tokens, and the path where the first password is chosen.

    The tokens are those of all of it, of Partner West, and to write.
    """
    database = open_database(settings, create=True)
    ring, moment = keys.agreed(settings, database), now()

    def job(connection: Connection) -> tuple[str, str, str, str]:
        desk = _Desk(connection, ring, moment, random_bytes)
        account, campaign = desk.campaign()
        desk.leads(campaign)
        return (
            desk.token(account, campaign, "Everything", ""),
            desk.token(account, campaign, "Partner West", "source=partner-west"),
            desk.token(account, campaign, "Desk", "", may_write=True),
            invitations.first(connection, ring.in_use.secret),
        )

    try:
        return database.write(job).result()
    finally:
        database.close()


@dataclass(frozen=True)
class _Desk:
    connection: Connection
    keys: Keyring
    now: datetime
    random_bytes: Callable[[int], bytes]

    def campaign(self) -> tuple[Account, Campaign]:
        read = definition.read(sample_campaign.definition())
        account = accounts.add(self.connection, sample_campaign.ACCOUNT, "Demo", 0)
        for name in words.PEOPLE:
            accounts.add_person(self.connection, account, name)
        made = campaigns.add(self.connection, account, read.campaign, now=0)
        return account, campaigns.known(self.connection, made.id)

    def leads(self, campaign: Campaign) -> None:
        """Play the leads' lives in the order in which they happened."""
        people = {person.name: person.id for person in campaign.people}
        events: list[tuple[datetime, dict[str, Any]]] = []
        for lead in leads(self.now):
            events.append((lead.created_at, _arrival(lead)))
            if lead.updated_at is not None:
                events.append((lead.updated_at, _progress(lead, people)))
        author = Author(LINEAGE)
        for moment, given in sorted(events, key=lambda event: event[0]):
            read = submission.read(campaign, given, is_new="fields" in given)
            stamp = microseconds(moment)
            writing.add(self.connection, campaign, [read], author, stamp)

    def token(
        self,
        account: Account,
        campaign: Campaign,
        name: str,
        conditions: str,
        *,
        may_write: bool = False,
    ) -> str:
        filter_id = None
        if conditions:
            asked = question.conditions(
                campaign, querystring.decode(conditions.encode())
            )
            stamp = microseconds(self.now)
            kept = filters.keep(self.connection, campaign, None, asked, stamp)
            filter_id = kept.id
        text = text_of(self.random_bytes(6), self.random_bytes(32))
        public_id = public_id_of(text)
        token = Token(
            public_id=public_id,
            lineage=public_id,
            name=name,
            account_id=account.id,
            campaign_id=campaign.id,
            may_write=may_write,
            filter_id=filter_id,
            readable=None,
            created_at=self.now,
        )
        token = replace(token, key_generation=self.keys.in_use.number)
        tokens.add(self.connection, token, self.keys.digest(text))
        return text


def _arrival(lead: DemoLead) -> dict[str, Any]:
    return {"fields": lead.fields, "external_id": lead.external_id}


def _progress(lead: DemoLead, people: dict[str, int]) -> dict[str, Any]:
    return {
        "external_id": lead.external_id,
        "status": lead.status,
        "assigned_person": people[lead.assigned_person or ""],
    }
