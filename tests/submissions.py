"""What two twins are told to write: what a token may write, and what it may not."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from tests import worlds
from tests.happenings import PEOPLE, Happenings
from tests.twins import LIST, VENDORS, Ask

NEVER = 98_765
"""The id of a lead that there never was."""
NAMES = [f"own-{number}" for number in range(12)]
"""Names that the token gives its leads; hidden ones have them from somebody else."""
FEW = ("name", "phone", "source", "tags")
Write = tuple[str, str, Any]


@dataclass
class Submissions:
    """Random writes of a token with a filter."""

    happenings: Happenings
    random: Random

    def draw(self) -> Ask:
        """Draw a write, sometimes with a key or a condition."""
        ways = [self._adding, self._changing]
        method, path, body = self.random.choice(
            [*ways, *ways, self._merging, self._batch]
        )()
        headers: dict[str, str] = {}
        if self.random.random() < 0.3:
            headers["Idempotency-Key"] = f"k{self.random.randint(1, 20)}"
        if self.random.random() < 0.2 and not path.endswith(("leads", "batch")):
            headers["If-Match"] = self.random.choice(['"1"', '"2"', "*", '"1", "3"'])
        return Ask("writer", path, method, body, headers)

    def note(self, asked: Ask, answer: Any) -> None:
        """Note which leads the token has names for."""
        if answer.status_code not in {200, 201}:
            return
        data = answer.json()["data"]
        items = data if isinstance(data, list) else [{"lead": data}]
        if "external_id" in json.dumps(asked.body) or asked.path.endswith("/merge"):
            ids = {item["lead"]["id"] for item in items if "lead" in item}
            self.happenings.named |= ids

    def _adding(self) -> Write:
        if self.random.random() < 0.2:
            return "POST", "/leads", self._lead() | {"campaign_id": 362}
        return "POST", LIST, self.random.choice([self._lead(), self._lead(), {"a": 1}])

    def _changing(self) -> Write:
        if self.random.random() < 0.2:
            return "DELETE", self._one(), None
        some: list[Any] = [{"status": "won"}, {"fields": {"name": "Bo"}}]
        return "PATCH", self._one(), self.random.choice([self._lead(), *some])

    def _merging(self) -> Write:
        into = self.random.choice([*self.happenings.inside, 3, NEVER])
        return "POST", f"{self._one()}/merge", {"into": into}

    def _batch(self) -> Write:
        leads = [self._lead() for _ in range(self.random.randint(1, 4))]
        body = {"leads": leads, "atomic": self.random.random() < 0.3}
        return "POST", f"{LIST}/batch", body

    def _one(self) -> str:
        """Name a lead that the token sees, or any other."""
        ids = self.happenings.inside
        if not ids or self.random.random() < 0.4:
            ids = [self.random.randint(1, self.happenings.last_id + 2)]
        return f"{LIST}/{self.random.choice(ids)}"

    def _lead(self) -> dict[str, Any]:
        given: dict[str, Any] = worlds.random_lead(self.random, PEOPLE)
        del given["created_at"]
        given["external_id"] = self.random.choice([None, *NAMES])
        sources = ["partner-west"] * 6 + ["website", *(slug for slug, _ in VENDORS)]
        given["fields"]["source"] = self.random.choice(sources)
        is_few = self.happenings.few_fields or self.happenings.masked
        if is_few and self.random.random() < 0.9:
            del given["assigned_person"], given["external_id"]
            given["fields"] = {slug: given["fields"][slug] for slug in FEW}
        return given
