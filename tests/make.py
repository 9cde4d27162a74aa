"""Builders: every argument has a default, so a test names only what it is about."""

import functools
import itertools
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.grant import OPERATOR, Author
from leadwell.model.keyring import Keyring
from leadwell.model.lead import JSON, Lead
from leadwell.model.link import Link, LinkKind, secret_of
from leadwell.model.token import Token, digest, public_id_of, text_of
from leadwell.schema import definition, querystring, question, submission
from leadwell.store import accounts, campaigns, filters, links, migrations, tokens
from leadwell.store.connection import Connection, Database
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.writes import writing
from tests import postgres

ENGINES = ("sqlite", "postgres")
KEY = b"a key for tests, thirty-two bytes"
KEYS = Keyring.of(KEY)
EPOCH = b"an epoch"
MIDNIGHT = datetime(2025, 2, 21, tzinfo=UTC)
FIELDS: list[dict[str, Any]] = [
    {"slug": "name", "label": "Name", "type": "text", "required": True},
    {"slug": "email", "label": "E-mail", "type": "email"},
    {"slug": "phone", "label": "Phone", "type": "phone"},
    {"slug": "website", "label": "Website", "type": "url"},
    {"slug": "project-notes", "label": "Project notes", "type": "long_text"},
    {
        "slug": "source",
        "label": "Source",
        "type": "select",
        "options": [
            {"slug": "partner-west", "label": "Partner West"},
            {"slug": "partner-north", "label": "Partner North"},
            {"slug": "website", "label": "Our website"},
        ],
    },
    {
        "slug": "customer-type",
        "label": "Customer type",
        "type": "select",
        "options": [
            {"slug": "private", "label": "Private customer"},
            {"slug": "commercial", "label": "Commercial customer"},
        ],
    },
    {
        "slug": "tags",
        "label": "Tags",
        "type": "multi_select",
        "options": [
            {"slug": "a", "label": "A"},
            {"slug": "b", "label": "B"},
            {"slug": "c", "label": "C"},
        ],
    },
    {"slug": "budget", "label": "Budget", "type": "number"},
    {"slug": "price", "label": "Price", "type": "decimal"},
    {"slug": "newsletter", "label": "Newsletter", "type": "boolean"},
    {"slug": "follow-up", "label": "Follow up", "type": "date"},
    {"slug": "visit_at", "label": "Visit at", "type": "datetime"},
    {"slug": "df_lines", "label": "Lines", "type": "json"},
]
STATUSES: list[dict[str, Any]] = [
    {"slug": "new", "label": "New", "type": "active", "default": True},
    {"slug": "contacted", "label": "Contacted", "type": "active"},
    {"slug": "won", "label": "Won", "type": "won"},
]


class Clock:
    """A clock that a test moves; each look at it is a millisecond later."""

    def __init__(self, start: datetime = MIDNIGHT) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def a_definition(**changes: Any) -> dict[str, Any]:
    """A campaign as a file has it, for a test to change as it likes."""
    given = {"id": 362, "name": "Roofs", "fields": FIELDS, "statuses": STATUSES}
    return deepcopy(given | changes)


def a_campaign(**changes: Any) -> Campaign:
    """A campaign without a database; its ids are those a database would give."""
    return definition.read(a_definition(**changes)).campaign


def a_database(path: Path, engine: str = "sqlite") -> Database:
    """A real, empty database; on PostgreSQL the path is only its name."""
    if engine == "postgres":
        made = postgres.server().made(path)
        return PostgresDatabase(made, postgres.UNSAFE, EPOCH)
    path.write_bytes(_ready())
    return an_empty_database(path)


@functools.cache
def _ready() -> bytes:
    """A file of SQLite with the schema: written once in each process, for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.db"
        opened = an_empty_database(path)
        opened.write(lambda connection: migrations.apply(connection, now=0)).result()
        opened.close()
        return path.read_bytes()


def an_empty_database(path: Path, engine: str = "sqlite") -> Database:
    """A real database without a schema."""
    if engine == "postgres":
        made = postgres.server().made(path, template="empty")
        return PostgresDatabase(made, postgres.UNSAFE, EPOCH)
    return SQLiteDatabase(path, EPOCH)


def url_of(path: Path, engine: str) -> str:
    """The address of a database that is there already."""
    return (
        postgres.server().again(path) if engine == "postgres" else f"sqlite:///{path}"
    )


def a_database_again(path: Path, engine: str = "sqlite") -> Database:
    """A database that is there already."""
    if engine == "postgres":
        return PostgresDatabase(postgres.server().again(path), postgres.UNSAFE)
    return SQLiteDatabase(path)


def almost(text: str) -> str:
    """The same but for its last sign, whatever that is."""
    return text[:-1] + ("y" if text.endswith("x") else "x")


def settle(database: Database) -> None:
    """Wait until all that was handed in before is written."""
    database.write(lambda _: None).result()
    if isinstance(database, PostgresDatabase):
        # It has several writers: what was handed in before may be done after.
        database._writers.settle()


def an_account(database: Database, slug: str = "demo") -> Account:
    """An account with one person, Sales One, whose id is 1."""

    def job(connection: Connection) -> Account:
        account = accounts.add(connection, slug, slug.title(), now=0)
        accounts.add_person(connection, account, "Sales One")
        return account

    return database.write(job).result()


def a_kept_campaign(database: Database, account: Account, **changes: Any) -> Campaign:
    def job(connection: Connection) -> Campaign:
        made = campaigns.add(connection, account, a_campaign(**changes), now=0)
        return campaigns.known(connection, made.id)

    return database.write(job).result()


def a_lead(
    database: Database,
    campaign: Campaign,
    now: datetime = MIDNIGHT,
    author: Author = OPERATOR,
    **given: JSON,
) -> Lead:
    """A lead handed in as the operator would; `fields` has a name unless given."""
    given.setdefault("fields", {})
    fields = given["fields"]
    assert isinstance(fields, dict)
    fields.setdefault("name", "Jane Doe")
    return leads(database, campaign, [given], now, author)[0]


def leads(
    database: Database,
    campaign: Campaign,
    given: Sequence[dict[str, JSON]],
    now: datetime = MIDNIGHT,
    author: Author = OPERATOR,
) -> list[Lead]:
    """Several leads in one transaction."""
    read = [
        submission.read(campaign, each, extra_keys=submission.IMPORT_KEYS)
        for each in given
    ]
    microseconds = int(now.timestamp() * 1_000_000)

    def job(connection: Connection) -> list[writing.Outcome]:
        return writing.add(connection, campaign, read, author, microseconds)

    return [outcome.lead for outcome in database.write(job).result()]


_numbers = itertools.count(1)


def a_token(
    database: Database,
    account: Account,
    campaign: Campaign | None,
    filter: str = "",  # noqa: A002 - the word of the domain
    key: bytes = KEY,
    named: str | None = None,
    **changes: Any,
) -> str:
    """A token's text; a filter is given as conditions, or by its name as `named`."""
    number = next(_numbers)
    text = text_of(number.to_bytes(6, "big"), number.to_bytes(32, "big"))
    public_id = public_id_of(text)

    def job(connection: Connection) -> None:
        filter_id = None
        if campaign is not None and filter:
            asked = question.conditions(campaign, querystring.decode(filter.encode()))
            filter_id = filters.keep(connection, campaign, None, asked, now=0).id
        if campaign is not None and named:
            saved = filters.find_named(connection, campaign, named)
            filter_id = saved.id if saved else None
        given: dict[str, Any] = {
            "public_id": public_id,
            "lineage": public_id,
            "name": f"Token {number}",
            "account_id": account.id,
            "campaign_id": campaign.id if campaign else None,
            "may_write": False,
            "filter_id": filter_id,
            "readable": None,
            "created_at": MIDNIGHT,
        }
        tokens.add(connection, Token(**given | changes), digest(key, text))

    database.write(job).result()
    return text


def a_link(
    database: Database,
    token: str,
    kind: LinkKind = LinkKind.CSV,
    key: bytes = KEY,
    number: int = 0,
    **changes: Any,
) -> str:
    """The secret of a link, for a token by its text; equal numbers, equal secrets."""
    number = number or next(_numbers)
    secret = secret_of(number.to_bytes(32, "big"))

    def job(connection: Connection) -> None:
        owner = tokens.find_by_digest(connection, digest(key, token))
        assert owner is not None
        given: dict[str, Any] = {
            "public_id": f"link-{number}",
            "kind": kind,
            "lineage": owner.lineage,
            "account_id": owner.account_id,
            "campaign_id": owner.campaign_id,
            "created_at": MIDNIGHT,
        }
        links.add(connection, Link(**given | changes), digest(key, secret))

    database.write(job).result()
    return secret


def seeds(count: int, in_suite: int) -> list[Any]:
    """So many seeds; the suite tries the first ones, and the proofs the others."""
    return [
        pytest.param(seed, marks=[pytest.mark.proof] if seed >= in_suite else [])
        for seed in range(count)
    ]


def seeded(seed: int) -> Random:
    """A random walk that can be repeated."""
    return Random(seed)  # noqa: S311 - a seeded walk, no secret


def us(moment: datetime) -> int:
    """A moment in microseconds since 1970."""
    return int(moment.timestamp() * 1_000_000)


@contextmanager
def busy(database: Database, campaign_id: int = 362) -> Iterator[None]:
    """A write that commits only at the end: what is handed in meanwhile queues."""
    begun, over = threading.Event(), threading.Event()

    def job(connection: Connection) -> None:
        del connection
        begun.set()
        over.wait(5)

    first = database.write(job, campaign_id=campaign_id)
    assert begun.wait(5)
    try:
        yield
    finally:
        over.set()
    first.result(5)
