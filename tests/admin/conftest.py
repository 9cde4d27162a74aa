from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from leadwell.admin import app as admin
from leadwell.admin import gate, passwords
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from tests import desk as desk_module
from tests.asking import Whole
from tests.desk import PASSWORD, Desk, a_user

Sit = Callable[..., Desk]
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_KEPT = CHEAP.hash(PASSWORD)


@pytest.fixture(scope="session")
def engine() -> str:
    """What differs between the databases is the store's, and tested there."""
    return "sqlite"


@pytest.fixture(autouse=True)
def _passwords_are_hashed_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they cost a hub, tests/unit/test_passwords.py says."""
    monkeypatch.setattr(passwords, "_hasher", CHEAP)
    monkeypatch.setattr(passwords, "_NOBODY", passwords._unknown())
    monkeypatch.setattr(desk_module, "_KEPT", _KEPT)


@pytest.fixture
def client(hub: Hub) -> TestClient:
    """A browser without a session."""
    pages = Beside(None, admin.leads(hub), admin.routes(hub), gate.lost(hub))
    whole = app(hub, beside=pages)
    return Whole(whole, base_url=hub.public_url, headers={"Accept": "text/html"})


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
