"""Random histories of a hub: leads, filters, tokens and schemas, changed in turn.

Each operation does one thing that a real hub may meet, over HTTP or as an operator's
command would. Who reads meanwhile decides what must hold.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Protocol

from leadwell.errors import Conflict, InvalidQuestion
from leadwell.model.campaign import Attribute, Campaign, Field, Status
from leadwell.model.query import Condition
from leadwell.schema import querystring, question
from leadwell.schema.matching import matches
from leadwell.schema.parts import Kind, Name, shelf
from leadwell.store import campaigns, filters, tokens
from leadwell.store.connection import Connection, Database
from leadwell.store.writes import chores, erasing, parts, rows
from tests import make
from tests.mirror import Mirror

KEY = make.KEY[:32]
NAME, SOURCE, TAGS, BUDGET = (
    make.a_campaign().field_by_slug[slug].id
    for slug in ("name", "source", "tags", "budget")
)
KEPT = (NAME, SOURCE, TAGS, BUDGET)
NEW = make.a_campaign().statuses[0].id
SHOWN = [f.id for f in make.a_campaign().fields if f.slug in {"budget", "tags"}]
FILTERS = [
    "source=partner-west",
    "source=partner-north",
    "status=new",
    "budget[gte]=10",
    "source[ne]=website&status=new,won",
    "tags=a",
    "assigned_to[exists]=true",
    "name[contains]=ann",
]


class Client(Protocol):
    """What sends requests to the hub."""

    def request(self, method: str, path: str, *, json: Any, headers: Any) -> Any: ...


@dataclass
class Kept:
    """A token, its filter's name, its mirrors, and all that it ever could see."""

    text: str
    public_id: str
    filter: str | None
    mirrors: list[Mirror] = field(default_factory=list)
    visible: set[int] = field(default_factory=set)


@dataclass
class Model:
    random: Random
    database: Database
    client: Client
    writer: str
    tokens: list[Kept]
    checked: int = 0

    def campaign(self) -> Campaign:
        with self.database.reading() as connection:
            return campaigns.known(connection, 362)

    def ids(self) -> list[int]:
        return [lead.id for lead in self.leads()]

    def leads(self) -> list[Any]:
        with self.database.reading() as connection:
            campaign = campaigns.known(connection, 362)
            return rows.find_after(connection, campaign, 0, 1000)

    def post(self, path: str, body: Any, method: str = "POST") -> Any:
        return self.client.request(
            method,
            f"/v2/campaigns/362/leads{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.writer}"},
        )

    def forced(self, kept: Kept) -> tuple[Condition, ...]:
        with self.database.reading() as connection:
            campaign = campaigns.known(connection, 362)
            token = tokens.known(connection, kept.public_id)
            if token.filter_id is None:
                return ()
            return filters.find(connection, campaign, token.filter_id).conditions

    def look(self) -> None:
        """Note what each token could see at this moment."""
        campaign, leads = self.campaign(), self.leads()
        for kept in self.tokens:
            forced = self.forced(kept)
            kept.visible |= {x.id for x in leads if matches(campaign, forced, x)}


def some_lead(model: Model) -> dict[str, Any]:
    random, campaign = model.random, model.campaign()
    by_id = campaign.field_by_id
    sources = [option.slug for option in by_id[SOURCE].options]
    tags = [option.slug for option in by_id[TAGS].options]
    fields = {
        by_id[NAME].slug: random.choice(["Ann", "Bo", "anna"]),
        by_id[SOURCE].slug: random.choice([*sources, None]),
        by_id[BUDGET].slug: random.choice([5, 10, 20, None]),
        by_id[TAGS].slug: random.choice(
            [random.sample(tags, random.randint(0, len(tags))), None]
        ),
    }
    return {
        "fields": fields,
        "status": random.choice([status.slug for status in campaign.statuses]),
        "assigned_person": random.choice([1, None]),
    }


def add(model: Model) -> None:
    given = some_lead(model)
    if model.random.random() < 0.4:
        given["external_id"] = f"x{model.random.randint(1, 6)}"
    assert model.post("", given).status_code in {200, 201}


def change(model: Model) -> None:
    if ids := model.ids():
        given = some_lead(model)
        name = model.campaign().field_by_id[NAME].slug
        body = model.random.choice(
            [given, given, {"status": given["status"]}, {"fields": {name: "Ann"}}]
        )
        answer = model.post(f"/{model.random.choice(ids)}", body, "PATCH")
        assert answer.status_code == 200, answer.text


def remove(model: Model) -> None:
    if ids := model.ids():
        answer = model.post(f"/{model.random.choice(ids)}", None, "DELETE")
        assert answer.status_code == 204


def erase(model: Model) -> None:
    with model.database.reading() as connection:
        found = connection.rows("SELECT DISTINCT lead_id FROM scope_member ORDER BY 1")
    if found:
        (lead_id,) = model.random.choice(found)
        campaign = model.campaign()
        model.database.write(
            lambda c: erasing.erase(c, campaign, lead_id, now=0)
        ).result()


def merge(model: Model) -> None:
    if len(ids := model.ids()) > 1:
        one, into = model.random.sample(ids, 2)
        assert model.post(f"/{one}/merge", {"into": into}).status_code == 200


def batch(model: Model) -> None:
    count = model.random.randint(1, 12)
    leads = [some_lead(model) for _ in range(count)]
    for lead in leads:
        if model.random.random() < 0.3:
            lead["external_id"] = f"x{model.random.randint(1, 6)}"
    answer = model.post("/batch", {"leads": leads, "atomic": True})
    assert answer.status_code == 200


def edit_filter(model: Model) -> None:
    name = model.random.choice(["f1", "f2"])
    text = model.random.choice(FILTERS)

    def job(connection: Connection) -> None:
        campaign = campaigns.known(connection, 362)
        asked = question.conditions(campaign, querystring.decode(text.encode()))
        filters.keep(connection, campaign, name, asked, now=0)

    # One of its options may be gone; a former slug is understood.
    with suppress(InvalidQuestion):
        model.database.write(job).result()


def edit_schema(model: Model) -> None:
    """Add, rename, relabel or remove what no mirror asks for by its name."""
    campaign, random = model.campaign(), model.random
    kind = random.choice(list(Kind))
    owner = random.choice([SOURCE, TAGS])
    field = campaign.field_by_id[owner].slug if kind is Kind.OPTION else ""
    known = shelf(campaign, kind, field).parts
    fresh = f"s{random.randint(1, 30)}"
    name = Name(kind, random.choice(known).slug, field)
    asked = {"new", *(campaign.field_by_id[ref].slug for ref in KEPT)}
    new = campaign.status_by_id.get(NEW)
    asked |= {new.slug} if new else set()

    def job(connection: Connection) -> None:
        what = random.random()
        if what < 0.3:
            parts.rename(connection, 362, name, fresh)
        elif what < 0.6:
            parts.relabel(connection, 362, name, fresh.upper())
        elif what < 0.8 and name.slug not in asked:
            parts.remove(connection, 362, name)
        elif kind is Kind.FIELD:
            parts.add_field(connection, 362, Field(0, fresh, fresh, "text"))
        elif kind is Kind.OPTION:
            parts.add_option(connection, 362, field, fresh, fresh)
        else:
            parts.add_status(connection, 362, Status(0, fresh, fresh))

    with suppress(Conflict):
        model.database.write(job).result()


def edit_token(model: Model) -> None:
    kept = model.random.choice(model.tokens)
    name = model.random.choice(["f1", "f2", None])
    fewer = frozenset({1, *SHOWN, Attribute.STATUS})
    readable = model.random.choice([None, fewer, "same", "same"])

    def job(connection: Connection) -> None:
        campaign = campaigns.known(connection, 362)
        token = tokens.known(connection, kept.public_id)
        named = filters.find_named(connection, campaign, name) if name else None
        seen = token.readable if readable == "same" else readable
        changed = replace(token, filter_id=named and named.id, readable=seen)
        tokens.change(connection, changed, now=0)

    model.database.write(job).result()


def do_chores(model: Model) -> None:
    model.database.write(
        lambda c: chores.work(c, campaigns.known(c, 362), now=0)
    ).result()


EDITS: list[Callable[[Model], None]] = [
    *[add] * 4,
    *[change] * 6,
    remove,
    remove,
    merge,
    erase,
    batch,
    edit_filter,
    edit_token,
    edit_schema,
    edit_schema,
    *[do_chores] * 3,
]
"""As often as they are listed."""


def a_model(
    folder: Path, seed: int, engine: str, opened: Callable[[Database], Client]
) -> Model:
    """A campaign with two filters, and tokens of everything and of each filter.

    `opened` starts the hub over the database.
    """
    random = Random(seed)  # noqa: S311 - a seeded walk, no secret
    database = make.a_database(folder / "leads.db", engine)
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    model = Model(
        random,
        database,
        opened(database),
        make.a_token(database, account, campaign, may_write=True, key=KEY),
        [],
    )
    for name in ("f1", "f2"):
        text = random.choice(FILTERS)
        asked = question.conditions(campaign, querystring.decode(text.encode()))
        database.write(
            lambda c, name=name, asked=asked: filters.keep(c, campaign, name, asked, 0)
        ).result()
    for name in (None, "f1", "f2"):
        text = make.a_token(database, account, campaign, named=name, key=KEY)
        model.tokens.append(Kept(text, text.split("_")[1], name))
    return model


def finish(model: Model) -> None:
    """Finish all chores."""
    while model.database.write(
        lambda c: chores.work(c, campaigns.known(c, 362), now=0)
    ).result():
        pass
