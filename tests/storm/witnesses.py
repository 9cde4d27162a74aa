"""Those who hold each answer against all that was answered before it was asked for.

Whichever process answers, of whichever hub, and from whichever server of the database:
nobody is shown an older version of a lead than anybody was shown before, a lead that
was said to be gone, or a list that lacks one that is there.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.storm.campaign import Kept, Storm
from tests.storm.followers import Watched

PAUSE_S = 0.05
TIMES = 4
PER_PAGE = (3, 10, 400)
Shown = dict[int, int]
"""The version of each lead that an answer has."""


@dataclass
class Witness:
    """One who asks for everything that its token sees, each time in another way."""

    storm: Storm
    kept: Kept
    random: Random
    is_whole: bool = False
    """Whether the token sees every lead, so that none may be missing."""
    checked: int = 0
    unchanged: int = 0
    """How often nothing had changed since it asked before."""
    etag: str = ""
    known: Shown = field(default_factory=dict)

    def step(self) -> None:
        storm = self.storm
        newest, gone = dict(storm.newest), set(storm.gone)
        shown = self.random.choice(WAYS)(self)
        missing = newest.keys() - shown.keys() - storm.leaving
        old = {i: (v, newest[i]) for i, v in shown.items() if v < newest.get(i, 0)}
        assert not old, (self.kept.name, "older than what was shown before", old)
        assert not shown.keys() & gone, (self.kept.name, shown.keys() & gone)
        assert not (self.is_whole and missing), missing
        self.checked += 1
        storm.is_over.wait(PAUSE_S)

    def get(self, path: str, **asked: Any) -> Any:
        mirror = Watched(self.storm.client, self.kept.text, self.storm.id)
        return mirror.get(path, **asked)

    def take(self, shown: Shown, leads: list[dict[str, Any]]) -> None:
        """Note what was shown; no lead may come twice."""
        for lead in leads:
            assert lead["id"] not in shown
            shown[lead["id"]] = lead["metadata"]["version"]
            self.storm.note(lead)


def by_number(witness: Witness) -> Shown:
    """Page after page, as the links lead on."""
    shown: Shown = {}
    asked: dict[str, Any] = {"per_page": witness.random.choice(PER_PAGE), "page": 1}
    while asked:
        answer = witness.get("", **asked)
        witness.take(shown, answer.json()["data"])
        asked = _next(answer.headers.get("link", ""))
    return shown


def _next(link: str) -> dict[str, Any]:
    for each in link.split(", "):
        url, _, rel = each.partition("; ")
        if rel == 'rel="next"':
            return {k: v[0] for k, v in parse_qs(urlsplit(url[1:-1]).query).items()}
    return {}


def by_walk(witness: Witness) -> Shown:
    shown: Shown = {}
    cursor, per_page = "start", witness.random.choice(PER_PAGE)
    while cursor is not None:
        answer = witness.get("", _cursor=cursor, per_page=per_page, _meta=1).json()
        witness.take(shown, answer["data"])
        cursor = answer["meta"]["next_cursor"]
    return shown


def by_export(witness: Witness) -> Shown:
    shown: Shown = {}
    answer = witness.get("/export")
    *leads, end = map(json.loads, answer.text.splitlines())
    assert end["count"] == len(leads)
    witness.take(shown, leads)
    return shown


def by_condition(witness: Witness) -> Shown:
    """One page, unless it is as it was: then what was shown before holds still."""
    headers = {"Authorization": f"Bearer {witness.kept.text}"}
    if witness.etag:
        headers["If-None-Match"] = witness.etag
    url = f"/v2/campaigns/{witness.storm.id}/leads"
    asked = {"per_page": 1000, "_snapshot": "none"}
    answer = witness.storm.client.get(url, params=asked, headers=headers)
    if answer.status_code == 304:
        witness.unchanged += 1
        return witness.known
    assert answer.status_code == 200, answer.text
    content = answer.json()
    if content["pagination"]["total_pages"] > 1:
        return by_walk(witness)
    witness.etag, witness.known = answer.headers["etag"], {}
    witness.take(witness.known, content["data"])
    return witness.known


WAYS: list[Callable[[Witness], Shown]] = [by_number, by_walk, by_export, by_condition]


@dataclass
class Inquirer:
    """One who asks, between two edits, what a token may do: all say the same."""

    storm: Storm
    random: Random
    asked: int = 0

    def step(self) -> None:
        storm = self.storm
        headers = {"Authorization": f"Bearer {self.random.choice(storm.tokens).text}"}
        with storm.editing:
            told = [
                storm.client.get("/v2/me", headers=headers).json()["data"]
                for _ in range(TIMES)
            ]
        assert all(each == told[-1] for each in told)
        self.asked += 1
        storm.is_over.wait(PAUSE_S)


def witnesses(storm: Storm) -> list[Witness]:
    """Two for each of the tokens that nobody edits."""
    return [
        Witness(storm, kept, storm.random(f"witness-{number}"), kept.name == "whole")
        for number, kept in enumerate([*storm.tokens[:2]] * 2)
    ]
