"""What is attacked: a whole hub with pages, two accounts, and what an attacker holds.

Each attack is a function of a place, which fails when the attack has worked. Beside it
stand weaknesses that somebody might build in by mistake: with one of them planted the
same attack has to fail, or it shows nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import pytest
from starlette.testclient import TestClient

from leadwell.admin import app as admin
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.link import LinkKind
from leadwell.model.user import Role
from leadwell.store.connection import Database
from tests import make
from tests.desk import Desk, a_user

Patch: TypeAlias = pytest.MonkeyPatch
Plant: TypeAlias = Callable[[Patch], None]
HUB = "https://hub.example"
LIST = "/v2/campaigns/362/leads"
OWN_SITE = "https://app.example.com"
"""The one other site whose pages may ask the API."""
PARTNER_WEST, PARTNER_NORTH, NORTHERN = 1, 2, 3
"""The ids of the leads: of the partner, of another one, and of another account."""
METRICS = "the operator's own secret"


@dataclass
class Place:
    """A hub that is set up once it is asked, so that what is planted before counts."""

    hub: Hub
    clock: make.Clock
    south: Account
    north: Account
    campaign: Campaign
    """362, of south, with two leads; the third lead is of 363, of north."""
    sister: Campaign
    """364, of south, without leads."""

    @property
    def database(self) -> Database:
        return self.hub.database

    @cached_property
    def client(self) -> TestClient:
        """Somebody who holds nothing yet."""
        beside = Beside(leads=admin.leads(self.hub), pages=admin.routes(self.hub))
        client = TestClient(
            app(self.hub, beside=beside), base_url=HUB, raise_server_exceptions=False
        )
        # What is cut off in its middle shall be read as far as it has come.
        client.headers["Accept-Encoding"] = "identity"
        return client

    @cached_property
    def partner(self) -> str:
        """A token for the leads of Partner West, without their e-mail addresses."""
        fields = self.campaign.field_by_slug
        shown = frozenset(each.id for slug, each in fields.items() if slug != "email")
        return self.token("source=partner-west", may_write=True, readable=shown)

    def token(self, filter: str = "", **changes: Any) -> str:  # noqa: A002
        """A token for the campaign of south."""
        return make.a_token(self.database, self.south, self.campaign, filter, **changes)

    def token_of_account(self) -> str:
        """A token for every campaign of south."""
        return make.a_token(self.database, self.south, None, may_write=True)

    def token_of_north(self) -> str:
        """A token of the other account."""
        return make.a_token(self.database, self.north, None, name="Northern's own")

    @cached_property
    def csv_link(self) -> str:
        """The path of a link that shows the partner's leads."""
        secret = make.a_link(self.database, self.partner)
        return f"/feed/{secret}.csv"

    @cached_property
    def shared_docs(self) -> str:
        """The path of documentation that is shared with the partner."""
        secret = make.a_link(self.database, self.partner, LinkKind.DOCUMENTATION)
        return f"/d/{secret}/"

    def desk(self, role: Role = Role.ADMINISTRATOR, *campaigns: Campaign) -> Desk:
        """Somebody of south who is signed in."""
        return Desk.of(
            self.hub, self.client, a_user(self.hub, self.south, role, *campaigns)
        )

    def ask(
        self, method: str, path: str, token: str = "", **options: Any
    ) -> httpx2.Response:
        """Ask, as the partner unless another token is given."""
        headers = {"Authorization": f"Bearer {token or self.partner}"}
        headers |= options.pop("headers", {})
        return self.client.request(method, path, headers=headers, **options)

    def get(self, path: str, token: str = "", **options: Any) -> httpx2.Response:
        return self.ask("GET", path, token, **options)


Attack: TypeAlias = Callable[[Place], None]


def a_place(folder: Path) -> Iterator[Place]:
    """Set up the hub and who is on it."""
    database = make.a_database(folder / "leads.db")
    south, north = (
        make.an_account(database, "south"),
        make.an_account(database, "north"),
    )
    campaign = make.a_kept_campaign(database, south)
    other = make.a_kept_campaign(database, north, id=363, slug="north", name="Northern")
    sister = make.a_kept_campaign(database, south, id=364, slug="sister", name="Sister")
    west = {"name": "Wes West", "source": "partner-west", "email": "wes@example.com"}
    hidden = {"name": "Nora North", "source": "partner-north", "budget": 741_852}
    make.a_lead(database, campaign, fields=west)
    make.a_lead(database, campaign, fields=hidden)
    make.a_lead(database, other, fields={"name": "Nils Northern"})
    clock = make.Clock()
    hub = Hub(
        database,
        make.KEYS,
        clock,
        HUB,
        metrics_token=METRICS,
        hsts_s=31_536_000,
        cors_origins=frozenset({OWN_SITE}),
        erasure_file=folder / "erasures",
    )
    yield Place(hub, clock, south, north, campaign, sister)
    database.close()


def with_plants(attacks: dict[Attack, Iterable[Plant]]) -> list[Any]:
    """Each attack with each weakness that it has to find."""
    return [
        pytest.param(attack, plant, id=f"{attack.__name__}-{plant.__name__}")
        for attack, plants in attacks.items()
        for plant in plants
    ]


def named(attacks: Iterable[Attack]) -> list[Any]:
    return [pytest.param(attack, id=attack.__name__) for attack in attacks]


def succeeds(attack: Attack, place: Place) -> None:
    """Require that the attack works, now that a weakness is planted."""
    with pytest.raises(AssertionError):
        attack(place)


def narrowed(place: Place, **changes: Any) -> Place:
    """The same place with other settings of its hub."""
    return replace(place, hub=replace(place.hub, **changes))
