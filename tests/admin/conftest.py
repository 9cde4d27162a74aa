from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from leadwell.admin import app as admin
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from tests.desk import Desk, a_user

Sit = Callable[..., Desk]


@pytest.fixture(scope="session")
def engine() -> str:
    """What differs between the databases is the store's, and tested there."""
    return "sqlite"


@pytest.fixture
def client(hub: Hub) -> TestClient:
    """A browser without a session."""
    whole = app(hub, beside=Beside(leads=admin.leads(hub), pages=admin.routes(hub)))
    return TestClient(whole, base_url=hub.public_url, headers={"Accept": "text/html"})


@pytest.fixture
def sit(hub: Hub, account: Account, client: TestClient) -> Sit:
    """Sign somebody in: `sit(role, campaigns)`."""

    def made(role: Role = Role.MEMBER, *campaigns: Campaign) -> Desk:
        user = a_user(hub, account, role, *campaigns)
        return Desk.of(hub, client, user)

    return made


@pytest.fixture
def desk(sit: Sit, campaign: Campaign) -> Desk:
    """An administrator who is signed in; the account has one campaign."""
    del campaign
    return sit(Role.ADMINISTRATOR)
