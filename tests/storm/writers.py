"""Those who write over HTTP: each as fast as it is answered, all with one token."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.served import Answer
from tests.storm.campaign import Storm

NAMES = ("Ann", "Bo", "anna")
STALE = {404, 422, 503}
"""A lead that is gone, a slug that is no longer known, a schema that has just changed:
what others did meanwhile may refuse a write, but must never break it."""


@dataclass
class Writer:
    """One of those who write."""

    storm: Storm
    random: Random
    slugs: dict[str, list[str]] = field(default_factory=dict)
    """The options and statuses that it knows of."""
    done: int = 0
    refused: int = 0

    def step(self) -> None:
        self.random.choice(OPERATIONS)(self)

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.storm.writer}"}
        url = f"/v2/campaigns/{self.storm.id}{path}"
        answer = self.storm.hub.request(method, url, body, headers)
        is_done = answer.status_code < 300
        assert is_done or answer.status_code in STALE, answer.text
        self.done += is_done
        self.refused += not is_done
        if answer.status_code == 422 or not self.slugs:
            self.learn()
        return answer

    def learn(self) -> None:
        """Read the schema as it is now."""
        headers = {"Authorization": f"Bearer {self.storm.writer}"}
        url = f"/v2/campaigns/{self.storm.id}/schema"
        content = self.storm.hub.request("GET", url, headers=headers).json()["data"]
        self.slugs = {
            each["slug"]: [option["slug"] for option in each.get("options", [])]
            for each in content["fields"]
        }
        self.slugs["status"] = [each["slug"] for each in content["statuses"]]

    def take(self, answer: Answer) -> None:
        """Note the leads of an answer, each as it was after this write."""
        if answer.status_code >= 300:
            return
        found = answer.json()["data"]
        leads = [found] if isinstance(found, dict) else [x.get("lead") for x in found]
        for lead in filter(None, leads):
            self.storm.ids.append(lead["id"])
            self.storm.note(lead)

    def goes(self, lead_id: int, answer: Answer) -> None:
        """Note a lead that is gone from now on, if the hub says so."""
        if answer.status_code < 300:
            self.storm.gone.add(lead_id)

    def some_id(self) -> int:
        # Mostly one of the last, so that they meet; 1 is there, or was.
        ids = self.storm.ids[-40:] or [1]
        return self.random.choice(ids)

    def lead(self) -> dict[str, Any]:
        random, tags = self.random, self.slugs["tags"]
        some_tags = random.sample(tags, random.randint(0, len(tags)))
        fields = {
            "name": random.choice(NAMES),
            "source": random.choice([*self.slugs["source"], None]),
            "budget": random.choice([*range(30), None]),
            "tags": random.choice([some_tags, None]),
        }
        given = {"fields": fields, "status": random.choice(self.slugs["status"])}
        if random.random() < 0.3:
            given["external_id"] = f"x{random.randint(1, 6)}"
        return given


def add(writer: Writer) -> None:
    writer.take(writer.ask("POST", "/leads", writer.lead()))


def change(writer: Writer) -> None:
    given = writer.lead()
    given.pop("external_id", None)
    body = writer.random.choice(
        [given, {"fields": {"budget": given["fields"]["budget"]}}]
    )
    writer.take(writer.ask("PATCH", f"/leads/{writer.some_id()}", body))


def move(writer: Writer) -> None:
    body = {"status": writer.random.choice(writer.slugs["status"])}
    writer.take(writer.ask("PATCH", f"/leads/{writer.some_id()}", body))


def remove(writer: Writer) -> None:
    lead_id = writer.some_id()
    writer.storm.leaving.add(lead_id)
    answer = writer.ask("DELETE", f"/leads/{lead_id}")
    writer.goes(lead_id, answer)


def merge(writer: Writer) -> None:
    one, into = writer.some_id(), writer.some_id()
    if one != into:
        writer.storm.leaving.add(one)
        answer = writer.ask("POST", f"/leads/{one}/merge", {"into": into})
        writer.take(answer)
        writer.goes(one, answer)


def batch(writer: Writer) -> None:
    leads = [writer.lead() for _ in range(writer.random.randint(1, 12))]
    body = {"leads": leads, "atomic": writer.random.choice([True, False])}
    writer.take(writer.ask("POST", "/leads/batch", body))


OPERATIONS: list[Callable[[Writer], None]] = [
    *[add] * 4,
    *[change] * 6,
    move,
    move,
    remove,
    remove,
    merge,
    batch,
]
