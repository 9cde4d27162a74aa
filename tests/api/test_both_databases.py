"""The same hub on SQLite and on PostgreSQL answers the same bytes."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests import make, worlds
from tests.effort import REPEATS

pytestmark = REPEATS
QUESTIONS = 60
"""Per world; each also asks for one lead, the schema, the feed and the digest."""
PER_TOKEN = 5
PER_PAGE = 11
WRITES = 60
PER_LOOK = 15
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


def _same(
    pair: list[worlds.World],
    tokens: list[worlds.Held],
    path: str,
    method: str = "GET",
    body: Any = None,
) -> Any:
    """Ask both, and return what both have answered."""
    one, two = (
        world.client.request(
            method,
            path,
            json=body,
            headers={"Authorization": f"Bearer {token.text}", "X-Request-ID": "fixed"},
        )
        for world, token in zip(pair, tokens, strict=True)
    )
    said = f"{method} {path} {body}"
    assert one.status_code == two.status_code, said
    assert one.headers.raw == two.headers.raw, said
    assert one.content == two.content, said
    assert one.status_code < 500, said
    return one


def _read_on(
    pair: list[worlds.World], tokens: list[worlds.Held], path: str, cursor: str = ""
) -> None:
    """Read a walk or the feed to its end: the cursors are the same in both."""
    asked: str | None = path + cursor
    while asked:
        answer = _same(pair, tokens, asked)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        further = told["cursor"] if told.get("has_more") else None
        further = further or told.get("meta", {}).get("next_cursor")
        asked = further and f"{path}&_cursor={further}"


def _look(pair: list[worlds.World], tokens: list[worlds.Held], path: str) -> None:
    """Compare all that a token sees, in every way there is to read it."""
    walk = f"{path}/leads?per_page={PER_PAGE}&_meta=1"
    _read_on(pair, tokens, walk, "&_cursor=start")
    _read_on(pair, tokens, f"{path}/leads/changes?_limit={PER_PAGE}&_digest=1")
    for format_ in ("ndjson", "csv", "csv-excel"):
        answer = _same(pair, tokens, f"{path}/leads/export?_format={format_}")
        assert answer.status_code == 200, answer.text
    buckets = _same(pair, tokens, f"{path}/leads/digest?_buckets=256")
    assert buckets.status_code == 200, buckets.text


@pytest.mark.parametrize("seed", make.seeds(8, in_suite=1))
def test_random_questions_have_the_same_answers(pair: list[worlds.World]) -> None:
    random = Random(5)  # noqa: S311 - a seeded walk, no secret
    statuses: Counter[int] = Counter()
    for number in range(QUESTIONS):
        is_new = number % PER_TOKEN == 0
        if is_new:
            tokens = _tokens(pair, worlds.World.token)
        campaign = tokens[0].campaign or pair[0].campaigns[number % 2]
        query = urlencode(worlds.a_question(random), quote_via=quote)
        path = f"/v2/campaigns/{campaign.id}"
        statuses[_same(pair, tokens, f"{path}/leads?{query}").status_code] += 1
        _same(pair, tokens, f"{path}/leads/{random.randint(1, worlds.LEADS + 1)}")
        for each in (
            f"{path}/schema.json",
            f"{path}/leads/changes?_limit={random.randint(1, 40)}",
            f"{path}/leads/digest",
            "/v2/me",
        ):
            assert _same(pair, tokens, each).status_code == 200, each
        if is_new:
            _look(pair, tokens, path)
    assert statuses[200] > QUESTIONS / 4


def _a_write(random: Random) -> tuple[str, str, Any]:
    """Draw a write, which may be refused."""
    one = f"/{random.randint(1, worlds.LEADS + 3)}"
    op = random.choice(["add", "add", "change", "change", "remove", "batch", "merge"])
    if op == "add":
        return "POST", "", _a_lead(random)
    if op == "change":
        given = random.choice([_a_lead(random), {"status": "won"}, {"status": "won!"}])
        return "PATCH", one, given
    if op == "remove":
        return "DELETE", one, None
    if op == "merge":
        return "POST", f"{one}/merge", {"into": random.randint(1, worlds.LEADS)}
    leads = [_a_lead(random) for _ in range(random.randint(1, 4))]
    return "POST", "/batch", {"leads": leads, "atomic": random.random() < 0.3}


def _a_lead(random: Random) -> dict[str, Any]:
    given: dict[str, Any] = worlds.random_lead(random, [1, 2])
    del given["created_at"]
    given["external_id"] = random.choice([None, "crm-1", "crm-2"])
    return given


@pytest.mark.parametrize("seed", make.seeds(4, in_suite=1))
def test_writes_have_the_same_answers(pair: list[worlds.World], seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seeded walk, no secret
    asked = [("source[in]", "partner-west,website")]
    writers, narrow = (
        _tokens(pair, lambda w, some=some: w.held(w.campaigns[0], some, may_write=True))
        for some in ([], asked)
    )
    statuses: Counter[int] = Counter()
    for number in range(1, WRITES + 1):
        tokens = random.choice([writers, writers, narrow])
        method, path, body = _a_write(random)
        path = f"/v2/campaigns/362/leads{path}"
        statuses[_same(pair, tokens, path, method, body).status_code] += 1
        if number % PER_LOOK == 0:
            _look(pair, writers, "/v2/campaigns/362")
            _look(pair, narrow, "/v2/campaigns/362")
    assert {200, 201, 204, 404, 422} <= set(statuses), statuses


@pytest.mark.parametrize("seed", [14])
def test_odd_questions_have_the_same_answers(pair: list[worlds.World]) -> None:
    tokens = _tokens(pair, lambda world: world.held(world.campaigns[0], []))
    for query in ODD:
        _same(pair, tokens, f"/v2/campaigns/362/leads?{query}")
    _same(pair, tokens, "/v2/campaigns/362/leads/9223372036854775808")
    _same(pair, tokens, "/v2/campaigns/99999999999999999999/leads")
    _same(pair, tokens, "/v2/campaigns")
