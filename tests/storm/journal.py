"""Writers that keep a journal of what they asked and were answered.

Each looks after leads of its own, so that it knows exactly what has to be there. What
it was not answered before a kill it asks again, with the same Idempotency-Key.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import urllib3

from tests.served import Answer, Hubs

WRITERS = 6
KEPT_MAX = 60
"""From so many leads on a writer rather deletes."""
URL = "/v2/campaigns/362/leads"
Expected = dict[str, Any]


@dataclass
class Ask:
    """A write that may have to be asked twice."""

    op: str
    method: str
    path: str
    body: Any
    key: str
    lead_id: int = 0


@dataclass
class Writer:
    """A client with leads of its own, and exact knowledge of them."""

    name: str
    random: Random
    held: dict[int, Expected] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    open: Ask | None = None
    """What was asked and not answered."""
    answered: int = 0
    repeated: int = 0
    replayed: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def storm(self, hub: Hubs, faults: list[BaseException]) -> None:
        """Write until the hub is gone."""
        try:
            while True:
                self.settle(hub)
                self.open = self.next()
        except urllib3.exceptions.HTTPError:
            return
        except BaseException as error:
            faults.append(error)

    def settle(self, hub: Hubs) -> None:
        """Ask what is open, and believe the answer."""
        asked = self.open
        if asked is None:
            return
        headers = {"Idempotency-Key": asked.key}
        answer = hub.request(asked.method, URL + asked.path, asked.body, headers)
        self.note(asked, answer)
        self.open = None
        self.answered += 1
        self.replayed += "idempotency-replayed" in answer.headers

    def next(self) -> Ask:
        number = next(self.numbers)
        key = f"{self.name}-{number}"
        ids = sorted(self.held)
        ops = ["add", "add", "batch", "change", "change", "change", "remove"]
        op = self.random.choice(ops) if ids else "add"
        if len(ids) > KEPT_MAX:
            op = self.random.choice(["change", "remove", "remove"])
        if op == "add":
            return Ask(op, "POST", "", self.lead(key, number), key)
        if op == "batch":
            leads = [self.lead(f"{key}-{place}", number) for place in range(5)]
            return Ask(op, "POST", "/batch", {"leads": leads}, key)
        lead_id = self.random.choice(ids)
        if op == "change":
            body = {"fields": {"budget": number}}
            return Ask(op, "PATCH", f"/{lead_id}", body, key, lead_id)
        return Ask(op, "DELETE", f"/{lead_id}", None, key, lead_id)

    def lead(self, external_id: str, number: int) -> dict[str, Any]:
        fields = {"name": external_id, "budget": number}
        return {"external_id": external_id, "fields": fields}

    def note(self, asked: Ask, answer: Answer) -> None:
        if asked.op == "remove":
            assert answer.status_code == 204, answer.text
            del self.held[asked.lead_id]
            self.gone.add(asked.lead_id)
        elif asked.op == "change":
            assert answer.status_code == 200, answer.text
            known = self.held[asked.lead_id]
            known["version"] += 1
            known["budget"] = asked.body["fields"]["budget"]
            self.check(answer.json()["data"])
        elif asked.op == "add":
            assert answer.status_code == 201, answer.text
            self.take(asked.body, answer.json()["data"])
        else:
            items = answer.json()["data"]
            assert {item["status"] for item in items} == {201}, answer.text
            for given, item in zip(asked.body["leads"], items, strict=True):
                self.take(given, item["lead"])

    def take(self, given: dict[str, Any], lead: dict[str, Any]) -> None:
        assert lead["id"] not in self.held.keys() | self.gone
        self.held[lead["id"]] = {
            "version": 1,
            "budget": given["fields"]["budget"],
            "external_id": given["external_id"],
        }
        self.check(lead)

    def check(self, lead: dict[str, Any]) -> None:
        assert shown(lead) == self.held[lead["id"]]


def shown(lead: dict[str, Any]) -> Expected:
    return {
        "version": lead["metadata"]["version"],
        "budget": lead["fields"]["budget"],
        "external_id": lead["metadata"]["external_id"],
    }


def some_writers() -> list[Writer]:
    return [Writer(f"w{number}", Random(number)) for number in range(WRITERS)]  # noqa: S311
