"""Databases to measure on: seeded, made once, kept in `build/bench`."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bench import progress
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.grant import OPERATOR
from leadwell.model.token import Token, digest, public_id_of, text_of
from leadwell.schema import definition, querystring, question, submission
from leadwell.store import accounts, campaigns, filters, migrations, tokens
from leadwell.store.connection import Connection, Database
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.writes import writing

CAMPAIGN = 362
KEY = b"the instance key of the bench..."
NOW = datetime(2026, 11, 23, tzinfo=UTC)
CHUNK = 2_000
BLOCK = 2**20
SMALL = 10_000
"""The campaign with which larger ones are compared."""
STATUSES = {
    "contacted": 30,
    "new": 25,
    "called": 15,
    "offered": 12,
    "won": 9,
    "lost": 5,
    "waiting": 3,
    "duplicate": 1,
}
SELECTS = {"source": 14, "product": 6, "region": 5, "customer-type": 2, "channel": 4}
TEXTS = ("name", "street", "city", "comment")


@dataclass(frozen=True, slots=True)
class Made:
    """A database of one campaign, and tokens for it."""

    path: Path
    leads: int
    whole: str
    """A token for the whole campaign, which may write."""
    partner: str
    """A token for the leads of one source."""


def made(folder: Path, leads: int) -> Made:
    """Return the database with so many leads, made on first use."""
    path = folder / f"{leads}-{migrations.BASELINE}" / "leads.db"
    whole, partner = (text_of(bytes([n] * 6), bytes([n] * 32)) for n in (1, 2))
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"draft-{secrets.token_hex(4)}.db")
        _fill(draft, leads, whole, partner)
        draft.rename(path)
    Path(f"{path}.key").write_text(KEY.hex())
    return Made(path, leads, whole, partner)


def in_memory(path: Path) -> None:
    """Have the system hold a file in its memory, as it does once the file was used."""
    with path.open("rb", buffering=0) as file:
        while file.read(BLOCK):
            pass


def settled() -> None:
    """Wait until the disk has what was copied: that too takes processor time."""
    os.sync()


def leads_of(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield leads as they are submitted: some sources are common, most are not."""
    random = Random(seed)
    for number in range(count):
        fields: dict[str, Any] = {
            slug: f"{slug}-{min(many - 1, int(random.expovariate(0.4)))}"
            for slug, many in SELECTS.items()
        }
        fields |= {slug: f"{slug} of lead {random.randrange(10**6)}" for slug in TEXTS}
        fields["budget"] = random.randrange(100_000)
        fields["email"] = f"person{number}@example.com"
        fields["phone"] = f"+45{random.randrange(20_000_000, 99_999_999)}"
        ago = timedelta(seconds=random.randrange(2 * 365 * 86_400))
        yield {
            "status": random.choices([*STATUSES], [*STATUSES.values()])[0],
            "assigned_person": random.randint(1, 20),
            "created_at": (NOW - ago).isoformat(),
            "fields": fields,
        }


def _fill(path: Path, count: int, *secret: str) -> None:
    progress.stage(f"making a database of {count:,} leads")
    database: Database = SQLiteDatabase(path)
    database.write(lambda connection: migrations.apply(connection, now=0)).result()
    campaign = database.write(_begin).result()
    given = leads_of(count)
    for done in range(0, count, CHUNK):
        now = NOW - timedelta(seconds=(count - done) * 60 // CHUNK)
        _add(
            database,
            campaign,
            [next(given) for _ in range(min(CHUNK, count - done))],
            now,
        )
        progress.step(f"{done:,} of {count:,} leads")
    for text, asked in zip(secret, ("", "source=source-1"), strict=True):
        database.write(
            lambda c, text=text, asked=asked: _token(c, campaign, text, asked)
        ).result()
    database.close()


def _add(
    database: Database, campaign: Campaign, given: list[dict[str, Any]], now: datetime
) -> None:
    keys = submission.IMPORT_KEYS
    read = [submission.read(campaign, each, extra_keys=keys) for each in given]
    stamp = int(now.timestamp() * 1_000_000)
    database.write(lambda c: writing.add(c, campaign, read, OPERATOR, stamp)).result()


def more_campaigns(url: str, many: int) -> dict[int, str]:
    """Add campaigns like the first one, and a token for each; return them by id."""
    database = PostgresDatabase(url)

    def add(connection: Connection) -> dict[int, str]:
        (account,) = accounts.find_all(connection)
        found: dict[int, str] = {}
        for number in range(1, many + 1):
            made = _campaign(connection, account, CAMPAIGN + number)
            text = text_of(bytes([16 + number] * 6), bytes([16 + number] * 32))
            _token(connection, made, text, "")
            found[made.id] = text
        return found

    try:
        return database.write(add).result()
    finally:
        database.close()


def _begin(connection: Connection) -> Campaign:
    account = accounts.add(connection, "bench", "Bench", now=0)
    for number in range(20):
        accounts.add_person(connection, account, f"Person {number + 1}")
    return _campaign(connection, account, CAMPAIGN)


def _campaign(connection: Connection, account: Account, campaign_id: int) -> Campaign:
    fields: list[dict[str, Any]] = [
        {
            "slug": slug,
            "label": slug.title(),
            "type": "select",
            "options": [
                {"slug": f"{slug}-{n}", "label": f"{slug.title()} {n}"}
                for n in range(many)
            ],
        }
        for slug, many in SELECTS.items()
    ]
    kinds = dict.fromkeys(TEXTS, "text") | {
        "budget": "number",
        "email": "email",
        "phone": "phone",
    }
    fields += [{"slug": s, "label": s.title(), "type": k} for s, k in kinds.items()]
    statuses = [
        {
            "slug": slug,
            "label": slug.title(),
            "type": "active",
            "default": slug == "new",
        }
        for slug in STATUSES
    ]
    given = {
        "id": campaign_id,
        "name": f"Bench {campaign_id}",
        "fields": fields,
        "statuses": statuses,
    }
    made = campaigns.add(connection, account, definition.read(given).campaign, now=0)
    return campaigns.known(connection, made.id)


def _token(connection: Connection, campaign: Campaign, text: str, asked: str) -> None:
    filter_id = None
    if asked:
        conditions = question.conditions(campaign, querystring.decode(asked.encode()))
        filter_id = filters.keep(connection, campaign, None, conditions, now=0).id
    token = Token(
        public_id_of(text),
        public_id_of(text),
        "Bench",
        campaign.account_id,
        campaign.id,
        not asked,
        filter_id,
        None,
        NOW,
    )
    tokens.add(connection, token, digest(KEY, text))
