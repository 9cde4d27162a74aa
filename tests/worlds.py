"""Small random hubs, random tokens and questions, and what each token may be told.

`check` asks over HTTP and compares with `expected`, which reads plain `Lead` values:
it shares neither the grant, nor the view, nor the SQL with what it checks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Attribute, Campaign, Column
from leadwell.model.lead import JSON, Lead
from leadwell.model.query import Condition, Search, SortKey
from leadwell.schema import question, rendering
from leadwell.schema.matching import contains_words, held, matches
from leadwell.schema.operators import EXISTS
from leadwell.schema.subjects import subject_of
from leadwell.store import accounts
from leadwell.store.connection import Database
from tests import make
from tests.asking import Whole

Pairs = list[tuple[str, str]]

# Few values each, so that filters overlap and equal sort keys are common.
POOLS: Mapping[str, list[JSON]] = {
    "name": ["Ann Lee", "ann lee", "Bo Straße", "Bo STRASSE", "100%_x"],
    "email": ["jane@example.com", "joe@example.org", None],
    "phone": ["+4532123456", "+4532123457", None],
    "website": ["https://example.com/a", "https://example.org/b", None],
    "project-notes": ["new roof, soon", "Roof\nwith gutter", None],
    "source": ["partner-west", "partner-north", "website", None],
    "customer-type": ["private", "commercial", None],
    "tags": [["a"], ["a", "b"], ["c"], ["a", "b", "c"], None],
    "budget": [0, 10, 10.5, -3, None],
    "price": ["0", "10.50", "10.5", "-7", None],
    "newsletter": [True, False, None],
    "follow-up": ["2025-02-20", "2025-02-21", None],
    "visit_at": ["2025-02-21T08:00:00Z", "2025-02-21T08:00:00.000001Z", None],
    "df_lines": [{"sku": "A"}, [1], None],
}
MOMENTS = ["2025-01-01", "2025-02-01T00:00:00Z", "2025-02-21", "2025-02-22"]
COLUMNS: Mapping[str, list[JSON]] = {
    "id": [1, 2, 3, 7, 11, 19, 28],
    "status": ["new", "contacted", "won"],
    "assigned_to": [1, 2, 3],
    "created_after": list(MOMENTS),
    "created_before": list(MOMENTS),
    "updated_after": list(MOMENTS),
    "updated_before": list(MOMENTS),
}
TEXTS = ("name", "email", "phone", "website", "project-notes")
SORTABLE = ("id", "created_at", "updated_at", "name", "budget", "price", "visit_at")
WORDS = ["roof", "ANN", "strasse", "example", "%", "lee ann", "32123"]
LEADS = 30


@dataclass(frozen=True)
class Held:
    """A token, and what it was made to see."""

    text: str
    campaign: Campaign | None
    forced: tuple[Condition, ...]
    readable: frozenset[int | Attribute] | None

    def sees(self, part: int | Attribute) -> bool:
        return self.readable is None or part in self.readable


@dataclass
class World:
    """One hub with two campaigns of an account and one of another."""

    random: Random
    database: Database
    client: TestClient
    account: Account
    campaigns: list[Campaign]
    foreign: Campaign
    leads: dict[int, list[Lead]]

    def token(self) -> Held:
        random = self.random
        campaign = random.choice([*self.campaigns, None])
        asked: Pairs = []
        if campaign is not None:
            count = random.choice([0, 1, 1, 1, 2, 3])
            # Most tokens see something; the fifth try may see nothing.
            for _ in range(5):
                asked = conditions(random, count)
                forced = question.conditions(campaign, asked)
                inside = (matches(campaign, forced, x) for x in self.leads[campaign.id])
                if any(inside):
                    break
        readable = None
        if random.random() < 0.6:
            ids = [field.id for field in self.campaigns[0].fields]
            parts: list[int | Attribute] = [*ids, *Attribute]
            readable = frozenset(random.sample(parts, random.randint(0, len(parts))))
        return self.held(campaign, asked, readable)

    def held(
        self,
        campaign: Campaign | None,
        asked: Pairs,
        readable: frozenset[int | Attribute] | None = None,
        **changes: Any,
    ) -> Held:
        query = urlencode(asked, quote_via=quote)
        changes |= {"readable": readable}
        text = make.a_token(self.database, self.account, campaign, query, **changes)
        forced = question.conditions(campaign, asked) if campaign else ()
        return Held(text, campaign, forced, readable)


def a_world(folder: Path, seed: int, engine: str = "sqlite") -> World:
    random = Random(seed)  # noqa: S311 - a seeded world, no secret
    database = make.a_database(folder / f"world-{seed}.db", engine)
    accounts_of = [make.an_account(database, slug) for slug in ("demo", "other")]
    account, other = accounts_of
    database.write(lambda c: accounts.add_person(c, account, "Sales Two")).result()
    campaigns = [
        make.a_kept_campaign(database, account, id=362),
        make.a_kept_campaign(database, account, id=363, name="Walls"),
    ]
    foreign = make.a_kept_campaign(database, other, id=400)
    people = [person.id for person in campaigns[0].people]
    kept: dict[int, list[Lead]] = {}
    for campaign in (*campaigns, foreign):
        known = people if campaign is not foreign else []
        kept[campaign.id] = _leads(random, database, campaign, known)
    hub = Hub(
        database,
        make.KEYS,
        make.Clock(),
        "https://hub.example",
        nonce=Random(seed).randbytes,  # noqa: S311 - so that it can be repeated
    )
    client = Whole(app(hub))
    return World(random, database, client, account, campaigns, foreign, kept)


def _leads(
    random: Random, database: Database, campaign: Campaign, people: list[int]
) -> list[Lead]:
    found: list[Lead] = []
    for batch in range(3):
        given = [random_lead(random, people) for _ in range(LEADS // 3)]
        now = make.MIDNIGHT + timedelta(days=batch - 1)
        found += make.leads(database, campaign, given, now=now)
    return found


def random_lead(random: Random, people: list[int]) -> dict[str, JSON]:
    return {
        "status": random.choice(["new", "contacted", "won", None]),
        "assigned_person": random.choice([*people, None]),
        "external_id": random.choice([None, f"crm-{random.random()}"]),
        "created_at": random.choice(list(MOMENTS[:2])),
        "fields": {slug: random.choice(pool) for slug, pool in POOLS.items()},
    }


def conditions(random: Random, count: int) -> Pairs:
    """Random conditions over any field and operator, each name once."""
    found: dict[str, str] = {}
    while len(found) < count:
        name, text = _condition(random)
        found[name] = text
    return list(found.items())


_WHOLE = make.a_campaign()


def _condition(random: Random) -> tuple[str, str]:
    name = random.choice([*POOLS, *COLUMNS, "source", "status", "customer-type"])
    pool = [value for value in (POOLS | COLUMNS)[name] if value is not None]
    if name not in {"id", "status", "assigned_to"} and name in COLUMNS:
        return name, str(random.choice(pool))
    ref = Column(name) if name in COLUMNS else _WHOLE.field_by_slug[name].id
    subject = subject_of(_WHOLE, ref)
    assert subject is not None
    operator = random.choice(subject.type.operators)
    asked = f"{name}[{operator.suffix}]" if operator.suffix else name
    if operator is EXISTS:
        return asked, random.choice(["true", "false"])
    texts = [_text(random, value) for value in pool]
    if operator.suffix in {"contains", "starts_with"}:
        text = random.choice(texts)
        start = random.randint(0, 3) if operator.suffix == "contains" else 0
        return asked, text[start : start + random.randint(1, 4)]
    if operator.takes_list or operator.suffix in {"in", "nin"}:
        texts = [text for text in texts if "," not in text]
        chosen = random.sample(texts, random.randint(1, min(2, len(texts))))
        return asked, ",".join(dict.fromkeys(chosen))
    return asked, random.choice(texts)


def _text(random: Random, value: JSON) -> str:
    if isinstance(value, list):
        return str(random.choice(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def a_question(random: Random) -> Pairs:
    """A random list request: filters, words, order, parts and window."""
    asked = conditions(random, random.choice([0, 0, 1, 1, 1, 2, 3]))
    if random.random() < 0.2:
        asked.append(("_q", random.choice(WORDS)))
    if random.random() < 0.4:
        keys = random.sample(SORTABLE, random.randint(1, 3))
        asked.append(
            ("_sort", ",".join(random.choice(["", "-"]) + key for key in keys))
        )
    if random.random() < 0.3:
        parts = [*POOLS, *(attribute.value for attribute in Attribute)]
        chosen = random.sample(parts, random.randint(1, 4))
        asked.append(("_fields", ",".join(chosen)))
    if random.random() < 0.4:
        asked.append(("page", str(random.randint(1, 4))))
    if random.random() < 0.5:
        asked.append(("per_page", str(random.choice([1, 3, 7, 1000]))))
    random.shuffle(asked)
    return asked


def check(world: World, token: Held, asked: Pairs) -> int:
    """Ask one question of every campaign's kind, and one lead; return the status."""
    campaign = token.campaign or world.random.choice(world.campaigns)
    path = f"/v2/campaigns/{campaign.id}/leads"
    headers = {"Authorization": f"Bearer {token.text}", "X-Request-ID": "fixed"}
    query = urlencode(asked, quote_via=quote)
    answer = world.client.get(f"{path}?{query}", headers=headers)
    hidden = unknown(token, campaign, asked)
    said = f"{path}?{query} answered {answer.text}"
    if hidden:
        assert answer.status_code == 400, said
        problems = answer.json()["errors"]
        codes = {(each["parameter"], each["code"]) for each in problems}
        assert codes == hidden, said
    else:
        assert answer.status_code == 200, said
        assert answer.json() == expected(world, token, campaign, asked), said
    _check_one(world, token, campaign, headers)
    return answer.status_code


def _check_one(
    world: World, token: Held, campaign: Campaign, headers: dict[str, str]
) -> None:
    lead = world.random.choice(world.leads[campaign.id])
    path = f"/v2/campaigns/{campaign.id}/leads"
    answer = world.client.get(f"{path}/{lead.id}", headers=headers)
    if matches(campaign, token.forced, lead):
        assert answer.status_code == 200, answer.text
        parts = _parts(token, campaign, [])
        assert answer.json() == {"data": _shown(campaign, lead, parts)}
    else:
        none = world.client.get(f"{path}/987", headers=headers)
        assert answer.status_code == none.status_code == 404, answer.text
        told = answer.text.replace(f"lead {lead.id} ", "lead 987 ")
        assert told == none.text


def expected(
    world: World, token: Held, campaign: Campaign, asked: Pairs
) -> dict[str, Any]:
    """What the token may be told, from plain leads."""
    given = dict(asked)
    wanted = question.conditions(campaign, [p for p in asked if not _is_setting(p[0])])
    found = [
        lead
        for lead in world.leads[campaign.id]
        if matches(campaign, token.forced, lead) and matches(campaign, wanted, lead)
    ]
    if "_q" in given:
        search = _search(token, campaign, given["_q"])
        found = [lead for lead in found if contains_words(search, lead)]
    found.sort(key=lambda lead: lead.id)
    for key in reversed(given.get("_sort", "id").split(",")):
        found = _sorted(campaign, found, key)
    page, per_page = int(given.get("page", 1)), int(given.get("per_page", 50))
    parts = _parts(token, campaign, [given["_fields"]] if "_fields" in given else [])
    window = found[(page - 1) * per_page : page * per_page]
    return {
        "data": [_shown(campaign, lead, parts) for lead in window],
        "pagination": {
            "page": page,
            "per_page": per_page,
            "total": len(found),
            "total_pages": -(-len(found) // per_page),
        },
    }


def _is_setting(name: str) -> bool:
    return name.startswith("_") or name in {"page", "per_page"}


def _search(token: Held, campaign: Campaign, text: str) -> Search:
    words = tuple(word.casefold() for word in text.split())
    ids = (campaign.field_by_slug[slug].id for slug in TEXTS)
    return Search(words, tuple(ref for ref in ids if token.sees(ref)))


def _sorted(campaign: Campaign, found: list[Lead], key: str) -> list[Lead]:
    slug = key.removeprefix("-")
    is_column = slug in {"id", "created_at", "updated_at"}
    ref = Column(slug) if is_column else campaign.field_by_slug[slug].id
    return in_order(found, SortKey(ref, key.startswith("-")))


def in_order(found: list[Lead], key: SortKey) -> list[Lead]:
    """Sort leads by one key; those of equal value stay as they stood."""

    def value(lead: Lead) -> Any:
        held_there = held(lead, key.field)
        return held_there.casefold() if isinstance(held_there, str) else held_there

    filled = [lead for lead in found if value(lead) is not None]
    empty = [lead for lead in found if value(lead) is None]
    return sorted(filled, key=value, reverse=key.descending) + empty


def _parts(token: Held, campaign: Campaign, asked: list[str]) -> set[str]:
    fields = {field.slug for field in campaign.fields if token.sees(field.id)}
    attributes = {attribute.value for attribute in Attribute if token.sees(attribute)}
    allowed = fields | attributes
    return allowed & set(asked[0].split(",")) if asked else allowed


def _shown(campaign: Campaign, lead: Lead, parts: set[str]) -> dict[str, Any]:
    whole: dict[str, Any] = rendering.as_object(campaign, lead)
    whole["fields"] = {s: v for s, v in whole["fields"].items() if s in parts}
    if "external_id" not in parts:
        del whole["metadata"]["external_id"]
    for name in {"status", "assigned_person"} - parts:
        del whole[name]
    return whole


def unknown(token: Held, campaign: Campaign, asked: Pairs) -> set[tuple[str, str]]:
    """Which parameters name what the token may not see, and how that is refused."""
    found: set[tuple[str, str]] = set()
    for name, text in asked:
        if name == "_sort":
            hidden = _hidden(token, campaign, text.replace("-", "").split(","))
        elif name == "_fields":
            hidden = _hidden(token, campaign, text.split(","))
        elif _is_setting(name):
            continue
        else:
            hidden = _hidden(token, campaign, [name.partition("[")[0]])
            if not hidden and _excluded(token, campaign, name, text):
                found.add((name, "unknown_option"))
        if hidden:
            found.add((name, "unknown_parameter"))
    return found


def _hidden(token: Held, campaign: Campaign, names: Iterable[str]) -> bool:
    attributes = {a.value: a for a in Attribute} | {
        "assigned_to": Attribute.ASSIGNED_PERSON
    }
    for name in names:
        field = campaign.field_by_slug.get(name)
        part = field.id if field else attributes.get(name)
        if part is not None and not token.sees(part):
            return True
    return False


def _excluded(token: Held, campaign: Campaign, name: str, text: str) -> bool:
    """Whether the text names an option that no lead inside the filter can hold."""
    base, _, suffix = name.partition("[")
    if base == "status":
        options, kind, ref = campaign.statuses, "select", Column.STATUS
    elif base in {"source", "customer-type", "tags"}:
        field = campaign.field_by_slug[base]
        options, kind, ref = field.options, field.type, field.id
    else:
        return False
    if suffix == "exists]":
        return False
    ids = {option.slug: option.id for option in options}
    return any(
        not _possible(campaign, condition, ids[slug], kind, [*ids.values()])
        for condition in token.forced
        if condition.field == ref
        for slug in text.split(",")
    )


def _possible(
    campaign: Campaign, condition: Condition, option: int, kind: str, every: list[int]
) -> bool:
    field = subject_of(campaign, condition.field)
    operator = field.operator(condition.operator) if field else None
    assert operator is not None
    if kind == "select":
        return operator.holds(option, condition.values)
    sets = (s for size in range(1, len(every) + 1) for s in combinations(every, size))
    return any(operator.holds(s, condition.values) for s in sets if option in s)
