"""The audit log of the account: what a security officer asks it, and its download."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse

from leadwell.admin.pages.people.account import opened
from leadwell.admin.rendering import HEADERS
from leadwell.admin.visit import Visit, format_of
from leadwell.errors import LeadwellError, MalformedValue
from leadwell.model.campaign import Campaign
from leadwell.model.grant import PERSON
from leadwell.model.token import Token
from leadwell.schema import querystring, times
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store import accounts, tokens
from leadwell.store.audit import chain as chains
from leadwell.store.audit import finding, reporting, telling
from leadwell.store.audit.chain import HUB, TOKEN, Chain, Entry, Kind, Told
from leadwell.store.audit.finding import BEFORE_ALL, Asked, Place
from leadwell.store.connection import Connection
from leadwell.store.uploads import jobs

PER_PAGE = 100
IMPORTS_MAX = 200
"""How many imports of a campaign are called by their files."""
READ_ROWS_MAX = 20_000
"""How many rows are summed up for a page: a fortnight of a token that always asks."""
FORMATS = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
VALUE_CHARACTERS_MAX = 300
"""How much of a value a row shows: a walk over many leads names thousands of ids."""
BEHIND = "behind"
_KINDS_OF_PARTS = re.compile(r":\w+}")


@dataclass(frozen=True, slots=True)
class Form:
    """What the page is asked for."""

    since: str = ""
    """A day, or a moment as the API takes it."""
    kind: str = ""
    campaign: str = ""
    token: str = ""
    """A public id."""

    @classmethod
    def of(cls, visit: Visit) -> "Form":
        """Read the parameters of the address."""
        given = visit.request.query_params
        texts = {name: given.get(name, "").strip() for name in cls.__slots__}
        return cls(**texts)

    @property
    def query(self) -> str:
        """The query string of the same question."""
        pairs = [(name, getattr(self, name)) for name in self.__slots__]
        return querystring.encode([pair for pair in pairs if pair[1]])


@dataclass(frozen=True, slots=True)
class Question:
    """The same, as it is understood."""

    asked: Asked
    chains: tuple[Chain, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A row, with what people call what it names."""

    told: Told
    who: str
    campaign: str
    content: Mapping[str, Any]
    file: str = ""
    """That of the import which has done it."""

    @property
    def what(self) -> str:
        """What was done; a route without the kinds of its parts."""
        return _KINDS_OF_PARTS.sub("}", self.told.what)

    @property
    def at(self) -> Any:
        """When it was written."""
        return from_microseconds(self.told.at)

    @property
    def details(self) -> list[tuple[str, str]]:
        """What it holds, as words and values; of a long one its beginning."""
        return [(name, _short(_plain(value))) for name, value in self.content.items()]


class Audit:
    """The page, and the file."""

    async def show(self, visit: Visit) -> Response:
        """Show the newest rows, or those behind a place."""
        form = Form.of(visit)
        content = await visit.read(partial(_content, visit=visit, form=form))
        return visit.page(
            "people/audit.html", content, 422 if content["error"] else 200
        )

    async def send(self, visit: Visit) -> Response:
        """Send all rows as a file, and tell the log who has taken it."""
        form = Form.of(visit)
        kind = format_of(visit, "format", FORMATS, "ndjson")
        question = await visit.read(lambda c: _understood(c, visit, form))
        chain = Chain(0, visit.user.account_id)
        entry = Entry(Kind.LOG, "exported", visit.actor, {"format": kind})
        await visit.write(lambda c: chains.append(c, chain, visit.hub.moment, [entry]))
        name = f'attachment; filename="audit.{kind}"'
        headers = {**HEADERS, "Content-Disposition": name}
        lines = _lines(visit, question, kind)
        return StreamingResponse(lines, headers=headers, media_type=FORMATS[kind])


async def _lines(visit: Visit, question: Question, kind: str) -> AsyncIterator[bytes]:
    write = telling.ndjson
    if kind == "csv":
        yield telling.line(telling.COLUMNS)
        write = telling.csv
    for chain in question.chains:
        after: int | None = BEFORE_ALL
        while after is not None:
            job = partial(_after, visit, chain, after, question.asked)
            found = await visit.read(job)
            yield b"".join(map(write, found))
            after = found[-1].number if len(found) == finding.CHUNK else None
            # Others have their turn.
            await asyncio.sleep(0)


def _after(
    visit: Visit, chain: Chain, number: int, asked: Asked, connection: Connection
) -> list[Told]:
    # The session may end, and the right to see the log, while it is sent.
    visit.still(connection).check_administrator()
    return finding.after_number(connection, chain, number, asked)


def _content(connection: Connection, visit: Visit, form: Form) -> dict[str, Any]:
    known = _Known.of(connection, visit)
    content: dict[str, Any] = {
        "form": form,
        "kinds": [kind.value for kind in Kind],
        "campaigns": known.campaigns.values(),
        "tokens": known.tokens,
        "lines": [],
        "older": "",
        "is_later": BEHIND in visit.request.query_params,
        "readings": [],
        "error": None,
    }
    try:
        question = _understood(connection, visit, form)
        behind = _place(visit.request.query_params.get(BEHIND, ""))
    except LeadwellError as error:
        return content | {"error": error}
    found = finding.newest(
        connection, question.chains, question.asked, PER_PAGE + 1, behind
    )
    shown = found[:PER_PAGE]
    place = Place.of(shown[-1]) if len(found) > PER_PAGE else None
    return content | {
        "lines": [known.line(told) for told in shown],
        "older": _written(place) if place else "",
        "readings": _readings(connection, question, form),
    }


def _readings(
    connection: Connection, question: Question, form: Form
) -> list[reporting.Reading]:
    """Sum up what a token has read, where one is chosen."""
    if not form.token:
        return []
    asked = Asked(question.asked.since, None, Kind.READ.value, question.asked.actor)
    rows = finding.newest(connection, question.chains, asked, READ_ROWS_MAX)
    return reporting.readings(rows)


def _understood(connection: Connection, visit: Visit, form: Form) -> Question:
    """Return what a form asks, within the account of who asks.

    Raises:
        MalformedValue: it is no day, kind, campaign or token of the account.
    """
    known = _Known.of(connection, visit)
    if form.kind and form.kind not in {kind.value for kind in Kind}:
        raise MalformedValue(visit.said("There is no such kind of row."))
    if form.campaign and form.campaign not in known.campaigns:
        raise MalformedValue(visit.said("The account has no such campaign."))
    actor = None
    if form.token:
        token = next((x for x in known.tokens if x.public_id == form.token), None)
        if token is None:
            raise MalformedValue(visit.said("The account has no such token."))
        actor = f"{TOKEN}{token.lineage}"
    since = times.read(form.since, zone=visit.said.zone) if form.since else None
    asked = Asked(
        None if since is None else microseconds(since), None, form.kind or None, actor
    )
    own = finding.heads(connection, account_id=visit.user.account_id)
    # What belongs to no account is shown where there is one only.
    every = {**own, HUB: None} if known.is_alone else own
    wanted = int(form.campaign) if form.campaign else None
    found = (each for each in every if wanted in (None, each.campaign_id))
    return Question(asked, tuple(sorted(found)))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the account has, by which rows name it."""

    campaigns: Mapping[str, Campaign]
    tokens: list[Token]
    people: Mapping[str, str]
    files: Mapping[str, str]
    """The names of files, by the imports of the account."""
    is_alone: bool
    """Whether the hub has no other account."""

    @classmethod
    def of(cls, connection: Connection, visit: Visit) -> "_Known":
        account_id = visit.user.account_id
        people = accounts.find_people(connection, account_id)
        campaigns = opened(connection, visit)
        imports = [
            job
            for campaign in campaigns
            for job in jobs.find_all(connection, campaign.id, IMPORTS_MAX)
        ]
        return cls(
            {str(each.id): each for each in campaigns},
            tokens.find_all(connection, account_id),
            {f"{PERSON}{each.id}": each.name for each in people},
            {job.author: job.file_name for job in imports},
            len(accounts.find_all(connection)) == 1,
        )

    def line(self, told: Told) -> Line:
        """Return a row for people; what is gone is called by its id."""
        content = msgspec.json.decode(told.content)
        campaign = self.campaigns.get(str(told.chain.campaign_id))
        named = {f"{TOKEN}{each.lineage}": each.name for each in self.tokens}
        who = {**named, **self.people}.get(told.actor, told.actor)
        file = self.files.get(told.actor, "")
        return Line(told, who, campaign.name if campaign else "", content, file)


def _place(text: str) -> Place | None:
    parts = text.split(".")
    if len(parts) != 4 or not all(x.isascii() and x.isdigit() for x in parts):
        return None
    at, campaign_id, account_id, number = (int(part[:18]) for part in parts)
    return Place(at, Chain(campaign_id, account_id), number)


def _written(place: Place) -> str:
    return ".".join(map(str, (place.at, *place.chain, place.number)))


def _short(text: str) -> str:
    cut = len(text) > VALUE_CHARACTERS_MAX
    return f"{text[:VALUE_CHARACTERS_MAX]}…" if cut else text


def _plain(value: Any) -> str:
    """Write a value without the signs of JSON, where it needs none."""
    match value:
        case bool() | dict() | None:
            return msgspec.json.encode(value).decode()
        case [*parts]:
            return ", ".join(map(str, parts))
        case _:
            return str(value)
