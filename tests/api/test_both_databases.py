"""The same hub on SQLite and on PostgreSQL answers the same bytes."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from urllib.parse import quote, urlencode

import pytest

from tests import make, worlds

QUESTIONS = 150
"""Per world; each also asks for one lead and the campaign's schema."""
_numbers = itertools.count(1)
ODD = [
    "_q=%00",
    "_q=a%00b",
    "_q=%F0%9F%8F%A0",
    "name=%00",
    "name[contains]=%00",
    "name[contains]=%25%5C_",
    "name[contains]=%27%22%3Aid%3A%3Atext",
    "name[starts_with]=%25",
    "id=99999999999999999999",
    "id=9223372036854775807",
    "id[in]=1,2,3,9007199254740993",
    "assigned_to=0",
    "budget=1e-320",
    "budget[gt]=5e-324",
    "budget[lt]=1e400",
    "budget[gte]=9007199254740993",
    "budget=10.50",
    "price[gt]=-999999999999999999999999.999999999999",
    "price=1e3",
    "visit_at[gte]=0001-01-01T00:00:00Z",
    "created_after=9999-12-31T23:59:59.999999Z",
    "follow-up[lt]=0001-01-01",
    "df_lines[exists]=true",
    "tags[nin]=a,b,c",
    "page=99999999999999999999",
    "page=9007199254740993&per_page=1000",
    "page=9223372036854775807&per_page=1000",
    "per_page=0",
    "_sort=-budget,price,-name,visit_at,-updated_at",
    "_sort=follow-up,-website",
]


@pytest.fixture
def pair(tmp_path: Path, seed: int) -> Iterator[list[worlds.World]]:
    made = [worlds.a_world(tmp_path, seed, engine) for engine in make.ENGINES]
    yield made
    for world in made:
        world.database.close()


def _tokens(
    pair: list[worlds.World], made: Callable[[worlds.World], worlds.Held]
) -> list[worlds.Held]:
    """One token for each world; both have the same name and secret."""
    number = next(_numbers)
    found: list[worlds.Held] = []
    for world in pair:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(make, "_numbers", itertools.count(number))
            found.append(made(world))
    return found


def _same(pair: list[worlds.World], tokens: list[worlds.Held], path: str) -> int:
    one, two = (
        world.client.get(
            path,
            headers={"Authorization": f"Bearer {token.text}", "X-Request-ID": "fixed"},
        )
        for world, token in zip(pair, tokens, strict=True)
    )
    assert one.status_code == two.status_code, path
    assert one.headers.raw == two.headers.raw, path
    assert one.content == two.content, path
    assert one.status_code < 500, path
    return one.status_code


@pytest.mark.parametrize("seed", make.seeds(3, in_suite=1))
def test_random_questions_have_the_same_answers(pair: list[worlds.World]) -> None:
    random = Random(5)  # noqa: S311 - a seeded walk, no secret
    statuses: list[int] = []
    for number in range(QUESTIONS):
        if number % 5 == 0:
            tokens = _tokens(pair, worlds.World.token)
        campaign = tokens[0].campaign or pair[0].campaigns[number % 2]
        query = urlencode(worlds.a_question(random), quote_via=quote)
        path = f"/v2/campaigns/{campaign.id}"
        statuses.append(_same(pair, tokens, f"{path}/leads?{query}"))
        _same(pair, tokens, f"{path}/leads/{random.randint(1, worlds.LEADS + 1)}")
        _same(pair, tokens, f"{path}/schema.json")
        _same(pair, tokens, f"{path}/leads/changes?limit={random.randint(1, 40)}")
        _same(pair, tokens, f"{path}/leads/digest")
        _same(pair, tokens, "/v2/me")
    assert statuses.count(200) > QUESTIONS / 4


@pytest.mark.parametrize("seed", [14])
def test_odd_questions_have_the_same_answers(pair: list[worlds.World]) -> None:
    tokens = _tokens(pair, lambda world: world.held(world.campaigns[0], []))
    for query in ODD:
        _same(pair, tokens, f"/v2/campaigns/362/leads?{query}")
    _same(pair, tokens, "/v2/campaigns/362/leads/9223372036854775808")
    _same(pair, tokens, "/v2/campaigns/99999999999999999999/leads")
    _same(pair, tokens, "/v2/campaigns")
