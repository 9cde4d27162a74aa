"""A reader of the change feed that keeps a copy, as the documentation tells it to."""

from dataclasses import dataclass, field
from typing import Any

from starlette.testclient import TestClient

from tests.digest import digest_of


@dataclass
class Mirror:
    """A copy of what one token sees: leads by id, and the cursor that goes on."""

    client: TestClient
    token: str
    campaign_id: int = 362
    asked: dict[str, str] = field(default_factory=dict)
    copy: dict[int, dict[str, Any]] = field(default_factory=dict)
    cursor: str | None = None
    told: set[int] = field(default_factory=set)
    """Every id that the hub ever named."""
    schemas: int = 0
    is_stale: bool = False
    """Whether the schema is another one than when labels were read last."""
    reasons: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"/v2/campaigns/{self.campaign_id}/leads"

    def get(self, path: str, **asked: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.client.get(
            f"{self.url}{path}", params={**self.asked, **asked}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return answer

    def step(self, limit: int = 500, **asked: Any) -> dict[str, Any]:
        """Ask once, and apply what came, in its order."""
        if self.cursor is not None:
            asked["_cursor"] = self.cursor
        answer: dict[str, Any] = self.get("/changes", _limit=limit, **asked).json()
        for change in answer["data"]:
            self.apply(change)
        self.cursor = answer["cursor"]
        if self.is_stale:
            self.label()
        assert not (answer["has_more"] and answer["up_to_date"])
        return answer

    def apply(self, change: dict[str, Any]) -> None:
        if change["op"] == "schema":
            self.schemas += 1
            self.is_stale = True
        elif change["op"] == "upsert":
            self.copy[change["id"]] = change["lead"]
            assert change["lead"]["metadata"]["version"] == change["version"]
            self.told.add(change["id"])
        else:
            self.copy.pop(change["id"], None)
            self.told.add(change["id"])
            self.reasons.append(change["reason"])
            if "merged_into" in change:
                self.told.add(change["merged_into"])

    def label(self) -> None:
        """Read the schema again: its labels, and fields that are empty everywhere."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"/v2/campaigns/{self.campaign_id}/schema"
        schema = self.client.get(url, headers=headers).json()["data"]
        self.is_stale = False
        statuses = {each["slug"]: each["label"] for each in schema["statuses"]}
        for lead in self.copy.values():
            relabel(lead.get("status"), statuses)
            for each in schema["fields"]:
                options = {o["slug"]: o["label"] for o in each.get("options", [])}
                relabel(lead["fields"].setdefault(each["slug"]), options)

    def follow(self, limit: int = 500) -> dict[str, Any]:
        """Ask until nothing more is there to be had at once."""
        while (answer := self.step(limit))["has_more"]:
            pass
        return answer

    def load(self, per_page: int) -> None:
        """Begin with a walk of the list, and go on with the feed."""
        self.copy.clear()
        cursor = "start"
        while cursor is not None:
            answer = self.get("", _cursor=cursor, per_page=per_page, _meta=1)
            body = answer.json()
            for lead in body["data"]:
                assert lead["id"] not in self.copy
                self.copy[lead["id"]] = lead
                self.told.add(lead["id"])
            self.cursor = answer.headers["leadwell-cursor"]
            cursor = body["meta"]["next_cursor"]

    @property
    def digest(self) -> str:
        return digest_of((i, x["metadata"]["version"]) for i, x in self.copy.items())


def relabel(value: Any, labels: dict[str, str]) -> None:
    """Write the present labels into an option, a status or a list of options."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict) and each.get("slug") in labels:
            each["label"] = labels[each["slug"]]
