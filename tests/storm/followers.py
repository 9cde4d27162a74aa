"""Those who read: mirrors of one token each, that begin and follow in every way."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.mirror import Mirror
from tests.poller import Poller
from tests.storm.campaign import Kept, Storm

PAUSE_S = 0.05
PER_PAGE = 9
LIMITS = (1, 2, 7, 50, 500)
ASKED: list[dict[str, str]] = [{}, {}, {"status": "new"}, {"budget[lt]": "15"}]


class Edited(Exception):
    """The token was edited: what was begun cannot go on."""


@dataclass
class Watched(Mirror):
    """A mirror that compares what it is told with what others were told."""

    storm: Storm | None = None

    def get(self, path: str, **asked: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        given = {**self.asked, **asked}
        answer = self.client.get(f"{self.url}{path}", params=given, headers=headers)
        if answer.status_code == 410 and path != "/changes":
            raise Edited
        assert answer.status_code == 200, answer.text
        return answer

    def apply(self, change: dict[str, Any]) -> None:
        super().apply(change)
        if self.storm is not None and change["op"] == "upsert":
            self.storm.note(change["lead"])


@dataclass
class Follower:
    """One who reads with a token, and now and then begins anew."""

    storm: Storm
    kept: Kept
    random: Random
    begin: "Callable[[Mirror, Random], None]"
    wait_s: int = 0
    mirror: Watched = field(init=False)
    told: set[int] = field(default_factory=set)
    exact: int = 0
    """How often it was told that its copy is exact, and it was."""

    def __str__(self) -> str:
        way = f"{self.kept.name}, {self.begin.__name__}, {self.mirror.asked}"
        lists = listed(self.mirror)
        wrong = [i for i, x in lists.items() if self.mirror.copy.get(i) != x]
        extra = sorted(self.mirror.copy.keys() - lists)
        return f"{way}: lacks or differs in {wrong}, has {extra}, {self.mirror.cursor}"

    def __post_init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        asked = self.random.choice(ASKED)
        token, storm = self.kept.text, self.storm
        self.mirror = Watched(
            storm.client, token, storm.id, dict(asked), told=self.told, storm=storm
        )
        try:
            self.begin(self.mirror, self.random)
        except Edited:
            self.begin_anew()

    def step(self) -> None:
        waits = self.wait_s and self.random.random() < 0.5
        asked = {"_wait": self.wait_s} if waits else {}
        answer = self.ask(self.random.choice(LIMITS), **asked)
        if self.random.random() < 0.05:
            self.begin_anew()
        if not answer["data"]:
            # Who asks again at once only takes their time from those who write.
            self.storm.is_over.wait(PAUSE_S)

    def ask(self, limit: int, **asked: Any) -> dict[str, Any]:
        """Ask once; a copy that is said to be exact must be."""
        answer = self.mirror.step(limit, _digest=1, **asked)
        if answer["up_to_date"]:
            count, digest = len(self.mirror.copy), self.mirror.digest
            assert (count, digest) == (answer["count"], answer["digest"]), self
            self.exact += 1
        return answer

    def settle(self) -> None:
        """Nobody writes any more: the copy becomes what a list shows."""
        while self.ask(self.random.choice(LIMITS[2:]))["has_more"]:
            pass
        assert self.ask(500)["up_to_date"]
        assert self.mirror.copy == listed(self.mirror)
        found = self.mirror.get("/digest").json()
        assert found["digest"] == self.mirror.digest


@dataclass
class Stamped:
    """One who asks for later stamps alone, with a token that is never edited."""

    storm: Storm
    kept: Kept
    poller: Poller
    by_cursor: bool

    def step(self) -> None:
        # A walk cannot go on after some edits: it is begun again, with the same stamp.
        with suppress(Edited):
            if self.poller.poll(by_cursor=self.by_cursor):
                return
        self.storm.is_over.wait(PAUSE_S)

    def settle(self) -> None:
        """Nobody writes any more: all that is seen is held as it is now."""
        self.poller.poll(by_cursor=self.by_cursor)
        lacks = self.poller.lacks(listed(self.poller.mirror))
        assert not lacks, (self.kept.name, self.by_cursor, lacks)


def pollers(storm: Storm) -> list[Stamped]:
    """For each token that nobody edits: its filter is what its leads come in by."""
    return [
        Stamped(
            storm,
            kept,
            Poller(Watched(storm.client, kept.text, storm.id, storm=storm), PER_PAGE),
            by_cursor=bool((place + storm.seed) % 2),
        )
        for place, kept in enumerate(storm.tokens)
        if kept.name in {"whole", "still"}
    ]


def at_start(mirror: Mirror, random: Random) -> None:
    """Begin without a cursor: the feed tells everything."""
    del mirror, random


def by_walk(mirror: Mirror, random: Random) -> None:
    """Begin with a walk of the list, page by page."""
    mirror.load(per_page=random.choice([5, 20, 200]))


def by_page(mirror: Mirror, random: Random) -> None:
    """Begin with a list of one page, while all leads go onto one."""
    answer = mirror.get("", per_page=1000)
    content = answer.json()
    if content["pagination"]["total_pages"] > 1:
        by_walk(mirror, random)
        return
    take(mirror, content["data"])
    mirror.cursor = answer.headers["leadwell-cursor"]


def by_export(mirror: Mirror, random: Random) -> None:
    """Begin with an export, or with the parts of one that broke off."""
    answer = mirror.get("/export")
    cursor = answer.headers["leadwell-cursor"]
    *leads, end = map(json.loads, answer.text.splitlines())
    assert (end["count"], end["cursor"]) == (len(leads), cursor)
    if len(leads) > 2 and random.random() < 0.5:
        leads = leads[: random.randint(1, len(leads) - 1)]
        rest = mirror.get("/export", _cursor=cursor, _after=leads[-1]["id"])
        leads += map(json.loads, rest.text.splitlines()[:-1])
    take(mirror, leads)
    mirror.cursor = cursor


def take(mirror: Mirror, leads: list[dict[str, Any]]) -> None:
    mirror.copy = {lead["id"]: lead for lead in leads}
    assert len(mirror.copy) == len(leads)
    mirror.told |= set(mirror.copy)


def listed(mirror: Mirror) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    page = 1
    while True:
        content = mirror.get("", per_page=1000, page=page).json()
        found |= {lead["id"]: lead for lead in content["data"]}
        if page >= content["pagination"]["total_pages"]:
            return found
        page += 1


BEGINNINGS = (at_start, by_walk, by_page, by_export)
