"""No token is ever told more, or less, than its grant: random cases, planted leaks."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from starlette.testclient import TestClient

from leadwell.api import campaigns as api_campaigns
from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.grant import Grant
from leadwell.schema import rendering
from leadwell.store import filtering, leads
from leadwell.store.connection import Database
from tests import make, worlds

WORLDS = 8
CASES = 260
"""Per world: 2,080 in all."""
FOUND_WITHIN = 300


def _cases(
    folder: Path, seed: int, count: int, engine: str = "sqlite"
) -> Iterator[int]:
    world = worlds.a_world(folder, seed, engine)
    token = world.token()
    for number in range(count):
        if number % 4 == 0:
            token = world.token()
        yield worlds.check(world, token, worlds.a_question(world.random))
    world.database.close()


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_token_is_told_what_its_grant_lets_it_see(
    tmp_path: Path, engine: str, seed: int
) -> None:
    answers = Counter(_cases(tmp_path, seed, CASES, engine))

    # Both kinds of answer must be common, or the cases would show little.
    assert answers.total() == CASES
    assert min(answers[200], answers[400]) > CASES / 8


def _without_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Grant.query
    monkeypatch.setattr(
        Grant, "query", lambda self, *asked: honest(replace(self, forced=()), *asked)
    )


def _total_without_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    honest_page = leads.find_page

    def find_page(connection: Any, campaign: Any, query: Any) -> Any:
        page = honest_page(connection, campaign, query)
        rest = replace(query, forced=())
        return replace(page, total=honest_page(connection, campaign, rest).total)

    monkeypatch.setattr(leads, "find_page", find_page)


def _changed_where(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]
) -> None:
    honest = filtering.where

    def where(*given: Any) -> filtering.Clause:
        clause = honest(*given)
        clause.sql = change(clause.sql)
        return clause

    monkeypatch.setattr(filtering, "where", where)


def _any_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(sql: str) -> str:
        campaign, *rest = sql.split("\n           AND ")
        return f"{campaign} AND ({' OR '.join(rest)})" if rest else campaign

    _changed_where(monkeypatch, change)


def _any_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    own = "lead.campaign_id = :campaign_id"
    _changed_where(
        monkeypatch, lambda sql: sql.replace(own, ":campaign_id = :campaign_id")
    )


def _whole_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_campaigns, "view_of", lambda campaign, _grant: campaign)


def _whole_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "narrowed", lambda rendered, _shown: rendered)


@pytest.mark.parametrize(
    "plant",
    [
        _without_forced,
        _total_without_forced,
        _any_for_all,
        _any_campaign,
        _whole_view,
        _whole_leads,
    ],
)
def test_a_planted_leak_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[..., None]
) -> None:
    plant(monkeypatch)

    with pytest.raises(AssertionError):
        list(_cases(tmp_path, 0, FOUND_WITHIN))


def test_the_same_cases_without_a_leak_pass(tmp_path: Path) -> None:
    assert len(list(_cases(tmp_path, 0, FOUND_WITHIN))) == FOUND_WITHIN


def _twin(
    folder: Path, hidden: Random, engine: str
) -> tuple[Database, TestClient, str]:
    """A hub whose leads of partner-west are fixed, and whose others are not."""
    shown = Random(1)  # noqa: S311 - both twins draw the same leads
    folder.mkdir()
    database = make.a_database(folder / "leads.db", engine)
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    for number in range(40):
        given = worlds.random_lead(shown if number % 3 else hidden, [1])
        given["fields"]["source"] = "partner-west" if number % 3 else "partner-north"
        make.leads(database, campaign, [given])
    text = make.a_token(database, account, campaign, "source=partner-west")
    hub = Hub(database, make.KEY, make.Clock(), "https://hub.example")
    return database, TestClient(app(hub)), text


def test_what_lies_outside_the_scope_changes_no_byte(
    tmp_path: Path, engine: str
) -> None:
    random = Random(7)  # noqa: S311 - a seeded walk, no secret
    twins = [
        _twin(tmp_path / str(seed), Random(seed), engine)  # noqa: S311 - the same
        for seed in (100, 200)
    ]
    paths = ["", "/schema", "/schema.json", "/leads/1", "/leads/2", "/leads/3"]
    asked = [f"/v2/campaigns/362{path}" for path in paths] + ["/v2/campaigns"]
    for _ in range(200):
        query = urlencode(worlds.a_question(random), quote_via=quote)
        asked.append(f"/v2/campaigns/362/leads?{query}")

    for path in asked:
        one, two = (
            client.get(
                path,
                headers={"Authorization": f"Bearer {text}", "X-Request-ID": "fixed"},
            )
            for _, client, text in twins
        )
        cursors = [each.headers.pop("leadwell-cursor", "") for each in (one, two)]
        assert len(cursors[0]) == len(cursors[1])
        assert one.status_code == two.status_code, path
        assert one.headers.raw == two.headers.raw, path
        assert one.content == two.content, path
    for database, _, _ in twins:
        database.close()
