"""Two hubs that differ only in what a token may not see, and their answers compared.

Clock, nonces and epoch are the same in both, and so are the ids, versions and stamps of
all that the token sees. What is left, but for what is sealed in a cursor, must be the
same to the byte; and so must the statements that it took, which stand for the time.
"""

import hashlib
import logging
import re
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import structlog

from leadwell.admin import app as admin
from leadwell.admin import sessions
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.mcp import over_http
from leadwell.model.campaign import Attribute, Campaign, Duplicates, Policy
from leadwell.model.link import LinkKind, secret_of
from leadwell.model.token import digest
from leadwell.model.user import Role, User
from leadwell.store import accounts
from leadwell.store.duplicates import policies
from leadwell.store.people import users
from leadwell.store.writes import rows
from tests import make
from tests.asking import Whole
from tests.desk import a_user
from tests.watching import Watched

LIST = "/v2/campaigns/362/leads"
FEED = "{feed}"
"""The path of the reader's CSV link."""
DOCS = "{docs}"
"""And of the link to the reader's documentation."""
FILTER = "source=partner-west"
OWN_ID = 370
"""The only campaign of another account, the same in both: its token sees no other."""
SEEN = ("name", "phone", "website", "source", "customer-type", "tags", "visit_at")
"""What a token of few fields may see, beside the status."""
UNSEEN = ("email", "project-notes", "budget", "price", "newsletter", "df_lines")
"""Some of the fields that it may not see; other values stand there in each twin.

A token that masks sees these too, but for their values: no twin has one that the other
has not.
"""
PERSONAL = (*UNSEEN, "phone")
VENDORS = (("partner-north", "Partner North"), ("partner-nord", "Nord & Sons"))
"""The option that the token's filter excludes; another one in each twin."""
_CURSOR = re.compile(rb"c1_[A-Za-z0-9_-]+")
_DRAWN = re.compile(
    rb'\b[0-9a-f]{64}\b|(?<=name="once" value=")[0-9a-f]{12}'
    rb'|(?<=name="key" value=")[0-9a-f]{32}'
)
"""What a page draws anew each time: the word of its session, the name of a form."""
_LIST_TAG = re.compile(rb'W/"[0-9a-f]{24}"')


class Differs(AssertionError):
    """An answer tells something of what its token may not see."""


@dataclass(frozen=True)
class Ask:
    """One request to both twins; `{cursor}` in its path is each twin's own."""

    token: str
    path: str
    method: str = "GET"
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    cursors: tuple[str, str] = ("", "")


@dataclass
class Twin:
    """One of the two hubs, and what is its own."""

    hub: Hub
    database: Watched
    client: Whole
    clock: make.Clock
    campaign: Campaign
    tokens: Mapping[str, str]
    links: Mapping[str, str]
    """The paths of the reader's links: of its leads as CSV, of its documentation."""
    people: Mapping[str, str]
    """The cookies of people who are signed in, and see none of the leads."""
    hidden: Random
    """Where everything comes from that the token may not see."""
    vendor: str
    names: list[str]
    """External ids that hidden leads are given by somebody else."""
    free: list[int] = field(default_factory=list[int])
    """Hidden leads that never come into sight."""
    policy: Policy = Policy.OFF
    """What the campaign does about duplicates that the writer sends."""
    holding: set[int] = field(default_factory=set[int])
    """Hidden leads that hold what the token saw once: erased, they take it along."""

    def ask(self, asked: Ask, cursor: str = "") -> Any:
        """Send a request; its statements, and no others, are noted."""
        # Compressed, random bytes of cursors would make other lengths.
        plain = {"X-Request-ID": "fixed", "Accept-Encoding": "identity"}
        headers = plain | dict(asked.headers)
        if token := self.tokens.get(asked.token):
            headers["Authorization"] = f"Bearer {token}"
        if cookie := self.people.get(asked.token):
            headers |= {"Cookie": cookie, "Accept": "text/html"}
        url = self.address(asked, cursor)
        self.database.said.clear()
        answer = self.client.ask(asked.method, url, headers, asked.body)
        self.database.settle()
        # Two hubs that break alike would tell nothing apart.
        assert answer.status_code < 500, answer.text
        return answer

    def address(self, asked: Ask, cursor: str = "") -> str:
        """Return the path that is asked for here."""
        path = asked.path.replace("{cursor}", cursor)
        for name, link in self.links.items():
            path = path.replace(name, link)
        return path

    def do(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Let somebody who sees everything write, and return what it answers.

        Duplicates of theirs are only flagged: to them nothing is hidden.
        """
        if self.policy is not Policy.OFF:
            self._decide(Policy.FLAG)
        answer = self.ask(Ask("everyone", LIST + path, method, body))
        if self.policy is not Policy.OFF:
            self._decide(self.policy)
        assert answer.status_code in {200, 201, 204}, answer.text
        return answer.json()["data"] if answer.content else None

    def _decide(self, policy: Policy) -> None:
        decided = Duplicates(policy)
        job = partial(policies.keep, campaign=self.campaign, decided=decided)
        self.database.write(job).result()

    def inside(self) -> list[int]:
        """The leads that the filter lets through, by a look at all of them."""
        source = self.campaign.field_by_slug["source"]
        west = source.options[0].id
        with self.database.reading() as connection:
            found = rows.find_after(connection, self.campaign, 0, 10_000)
        return [lead.id for lead in found if lead.values.get(source.id) == west]

    def wait_until(self, seconds: int) -> None:
        """Move the clock, however often it was looked at before."""
        self.clock.now = make.MIDNIGHT + timedelta(seconds=seconds)


@contextmanager
def opened(
    folder: Path,
    engine: str = "sqlite",
    *,
    few_fields: bool = False,
    masked: bool = False,
    policy: Policy = Policy.OFF,
) -> Generator[tuple[Twin, Twin]]:
    """Two empty hubs, for as long as they are asked; what they log is not."""
    with ExitStack() as stack:
        stack.enter_context(_unlogged())
        one, two = (
            stack.enter_context(
                _running(
                    folder / str(number),
                    number,
                    engine,
                    few_fields=few_fields,
                    masked=masked,
                )
            )
            for number in range(2)
        )
        one.policy = two.policy = policy
        yield one, two


@contextmanager
def _unlogged() -> Generator[None]:
    # A tenth of the time, and nobody reads it.
    before = structlog.get_config()
    only_errors = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=only_errors)
    try:
        yield
    finally:
        structlog.configure(**before)


@contextmanager
def _running(folder: Path, number: int, engine: str, **sees: bool) -> Generator[Twin]:
    twin = a_twin(folder, number, engine, **sees)
    with twin.client:
        yield twin
    twin.database.settle()
    twin.hub.indexes.close()
    twin.database.close()


def a_twin(
    folder: Path, number: int, engine: str, *, few_fields: bool, masked: bool = False
) -> Twin:
    """One hub of a pair; a token of few fields is told of those alone.

    Of `masked` ones there is a mask: but for the writer, who has few fields then.
    """
    folder.mkdir(parents=True)
    database = make.a_database(folder / "leads.db", engine)
    account = make.an_account(database)
    database.write(lambda c: accounts.add_person(c, account, "Sales Two")).result()
    fields = _fields(*VENDORS[number])
    campaign = make.a_kept_campaign(database, account, fields=fields)
    walls = make.a_kept_campaign(database, account, id=363, name="Walls", fields=fields)
    ids = {campaign.field_by_slug[slug].id for slug in SEEN}
    few = frozenset({*ids, Attribute.STATUS})
    readable = few if few_fields else None
    small = make.an_account(database, "small")
    own = make.a_kept_campaign(database, small, id=OWN_ID, name="Own")
    for number_of_own in range(5):
        make.a_lead(database, own, fields={"name": f"Own {number_of_own}"})
    numbered = iter(range(1, 9))

    def token(filter: str = "", **changes: Any) -> str:  # noqa: A002 - as in make
        name = f"Token {next(numbered)}"
        changes |= {"name": name, "public_id": name, "lineage": name}
        return make.a_token(database, account, campaign, filter, **changes)

    tokens = {
        "everyone": token(may_write=True),
        "walls": token(may_write=True, campaign_id=walls.id),
        "account": token(account_id=small.id, campaign_id=None),
        "reader": token(FILTER, readable=readable, masks=masked),
        "writer": token(FILTER, readable=few if masked else readable, may_write=True),
    }
    feed = make.a_link(database, tokens["reader"])
    # The same in both, for its pages name it.
    docs = make.a_link(database, tokens["reader"], LinkKind.DOCUMENTATION, number=1)
    watched, clock = Watched(database), make.Clock()
    nonce = Random(0).randbytes  # noqa: S311 - the same bytes in both
    hub = Hub(watched, make.KEYS, clock, "https://hub.example", nonce=nonce)
    people = {
        # Who runs the other account, and who may open no campaign of this one.
        "manager": _signed_in(hub, a_user(hub, small)),
        "guest": _signed_in(hub, a_user(hub, account, Role.MEMBER)),
    }
    return Twin(
        hub,
        watched,
        Whole(app(hub, beside=_beside(hub))),
        clock,
        campaign,
        tokens,
        {FEED: f"/feed/{feed}.csv", DOCS: f"/d/{docs}"},
        people,
        Random(100 + number),  # noqa: S311 - seeded, no secret
        VENDORS[number][0],
        [f"own-{each}" for each in range(number, 200, 2)],
    )


def _beside(hub: Hub) -> Beside:
    return Beside(over_http.answer, admin.leads(hub), admin.routes(hub))


def _signed_in(hub: Hub, user: User) -> str:
    # The same in both: pages show a word that is made of it.
    secret = secret_of(hashlib.sha256(user.email.encode()).digest())
    key = digest(hub.key, secret)
    hub.database.write(
        lambda c: users.add_session(c, key, user.email, hub.moment)
    ).result()
    return f"{sessions.cookie_name(hub)}={secret}"


def _fields(slug: str, label: str) -> list[dict[str, Any]]:
    fields = deepcopy(make.FIELDS)
    source = next(each for each in fields if each["slug"] == "source")
    source["options"][1] = {"slug": slug, "label": label}
    # To tokens that do not mask it makes no difference.
    return [each | {"personal": each["slug"] in PERSONAL} for each in fields]


def compare(twins: tuple[Twin, Twin], asked: Ask) -> tuple[Any, Any]:
    """Ask both twins, require the same answer, and return both."""
    one, two = (
        twin.ask(asked, cursor)
        for twin, cursor in zip(twins, asked.cursors, strict=True)
    )
    # The tag of a page is a digest of its question too, and so of the cursor in it.
    has_cursor = asked.cursors[0] != asked.cursors[1]
    told = [_told(answer, has_cursor=has_cursor) for answer in (one, two)]
    check_same(told[0], told[1], asked)
    check_same(twins[0].database.said, twins[1].database.said, asked)
    return one, two


def check_same(one: object, two: object, asked: Ask) -> None:
    """Say which request it was that told the twins apart."""
    if one != two:
        raise Differs(f"{asked.method} {asked.path} {asked.body}: {one} or {two}")


def _told(
    answer: Any, *, has_cursor: bool
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    headers = [(name, _unsealed(value)) for name, value in answer.headers.raw]
    if has_cursor:
        headers = [(name, _LIST_TAG.sub(b"tag", value)) for name, value in headers]
    return answer.status_code, headers, _unsealed(answer.content)


def _unsealed(content: bytes) -> bytes:
    """Put its length in place of each cursor: what stands in it nobody can read."""
    content = _DRAWN.sub(b"drawn", content)
    return _CURSOR.sub(lambda found: b"c1_%d" % len(found[0]), content)
