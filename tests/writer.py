"""A partner who writes leads over HTTP, and looks at what became of them."""

from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.store.connection import Database
from leadwell.store.writes import history
from tests import make
from tests.asking import Whole

LIST = "/v2/campaigns/362/leads"


@dataclass
class Writer:
    """One token and what can be asked with it."""

    client: TestClient
    token: str

    def ask(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        """Send a request; `if_match` and the like are headers."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given |= {"Authorization": f"Bearer {self.token}", "X-Request-ID": "fixed"}
        url = path if path.startswith(("/v2", "/leads")) else LIST + path
        content = {} if body is None else {"json": body}
        return self.client.request(method, url, headers=given, **content)

    def get(self, path: str = "", **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def add(self, external_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """Add a lead with these fields."""
        given = {"fields": {"name": "Jane Doe"} | fields, "external_id": external_id}
        answer = self.ask("POST", "", given)
        assert answer.status_code in {200, 201}, answer.text
        lead: dict[str, Any] = answer.json()["data"]
        return lead

    def change(self, lead_id: int, body: Any, **headers: str) -> Any:
        return self.ask("PATCH", f"/{lead_id}", body, **headers)

    def remove(self, lead_id: int, **headers: str) -> Any:
        return self.ask("DELETE", f"/{lead_id}", **headers)

    def merge(self, lead_id: int, into: Any, **headers: str) -> Any:
        return self.ask("POST", f"/{lead_id}/merge", {"into": into}, **headers)

    def batch(self, *leads: Any, atomic: bool = False, **headers: str) -> Any:
        body = {"leads": list(leads), "atomic": atomic}
        return self.ask("POST", "/batch", body, **headers)

    def lead(self, lead_id: int) -> dict[str, Any]:
        """The lead as it is now."""
        answer = self.get(f"/{lead_id}")
        assert answer.status_code == 200, answer.text
        lead: dict[str, Any] = answer.json()["data"]
        return lead

    @property
    def total(self) -> int:
        total: int = self.get().json()["pagination"]["total"]
        return total

    def feed(self, cursor: str | None = None) -> dict[str, Any]:
        """What the change feed tells after a cursor."""
        asked = f"/changes?_cursor={cursor}" if cursor else "/changes"
        answer: dict[str, Any] = self.get(asked).json()
        return answer


@dataclass
class Office:
    """A hub with one campaign, and tokens for it as a test wants them."""

    hub: Hub
    database: Database
    account: Account
    campaign: Campaign

    def writer(self, filter: str = "", **changes: Any) -> Writer:  # noqa: A002
        """A token that may write."""
        given = {"may_write": True} | changes
        token = make.a_token(
            self.database, self.account, self.campaign, filter, **given
        )
        return Writer(Whole(app(self.hub)), token)

    def ids(self, *slugs: str) -> set[int]:
        """The ids of fields, as `readable` takes them."""
        return {self.campaign.field_by_slug[slug].id for slug in slugs}

    def seq(self) -> int:
        """How many changes the campaign has seen."""
        with self.database.reading() as connection:
            rows = connection.rows("SELECT seq FROM counter WHERE campaign_id = 362")
        return int(rows[0][0])

    def history(self, lead_id: int) -> list[str]:
        """What was done to a lead, oldest first."""
        with self.database.reading() as connection:
            return [each.op for each in history.find(connection, 362, lead_id)]


def told(answer: Any, status: int = 422) -> set[tuple[str | None, str]]:
    """The places and codes of all problems."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {(each.get("pointer"), each["code"]) for each in answer.json()["errors"]}


def code(answer: Any, status: int) -> str:
    """The code of a refusal."""
    assert answer.status_code == status, answer.text
    found: str = answer.json()["code"]
    return found
