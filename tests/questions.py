"""What two twins are asked: every route, in all the ways that tell something."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from tests import surfaces, worlds
from tests.happenings import Happenings
from tests.submissions import NEVER, Submissions
from tests.twins import (
    FEED,
    FILTER,
    LIST,
    OWN_ID,
    VENDORS,
    Ask,
    Twin,
    check_same,
    compare,
)

ROUND = 6
"""Requests after each thing that happens."""
READERS_MAX = 9
CAMPAIGN = LIST.removesuffix("/leads")
PLAIN = [
    *(f"{CAMPAIGN}{path}" for path in ("", "/schema", "/schema.json", "/leads")),
    *("/v2/me", "/v2/campaigns", "/v2/campaigns?per_page=1&page=2"),
    *("/campaigns/362/leads", f"{LIST}?api_token=1", f"{LIST}/changes?_limit=1001"),
    *("/v2/campaigns/363/leads", "/v2/campaigns/999/leads", "/v2/nothing"),
    f"{LIST}/{NEVER}",
    f"{LIST}?_cursor=c1_AAAA",
    f"{LIST}/changes?_from=now",
    f"{LIST}/digest?_buckets=256",
    *("/docs/errors/lead_not_found", "/health/ready"),
    "/docs/download/openapi.json/any",
]
OWN = f"/v2/campaigns/{OWN_ID}/leads"
# What is asked with an account's token: of its own campaign, and of those of others.
OF_ACCOUNT = [
    *("/v2/me", "/v2/campaigns", "/docs/download/openapi.json/any"),
    *(f"{OWN}{asked}" for asked in ("?_meta=1", "?_cursor=start", "/3", "/digest")),
    *(f"{OWN}{asked}" for asked in ("/changes?_digest=1&_wait=0", "/export")),
    *(CAMPAIGN, f"{CAMPAIGN}/schema", LIST, f"{LIST}/1", "/v2/campaigns/999/leads"),
    *(f"{LIST}{asked}" for asked in ("/changes", "/digest", "/export", "?page=0")),
]
# Slugs that no token of the filter may know, and texts that come near to them.
UNKNOWN = [
    *(f"source={slug}" for pair in VENDORS for slug in (*pair, pair[0][:-1])),
    *("source[ne]=partner-north", "emial=a", "budgett=1", "statsu=new", "assigned=1"),
    *("_sort=budget", "_sort=-price,id", "_sort=budgte", "_fields=email,name"),
    *("_fields=assigned_person,external_id", "email=jane@example.com", "budget[gte]=1"),
    *(
        "assigned_to=1",
        "assigned_to=2",
        "assigned_to=9",
        "price[lt]=5",
        "external_id=a",
    ),
    *("page=0", "per_page=1001", "status=New", "created_after=yesterday", "a=b&a=c"),
    *("_q=jane", "_q=roof gutter", "page=99", "_sort=-updated_at", "id=1,2,3,4,5,6"),
]
# Of what is masked for a token, if any of it is.
MASKED = [
    *("email=jane@example.com", "email[contains]=a", "email[exists]=true", "_q=roof"),
    *("budget[gte]=1", "budget[gte]=0.5", "_sort=budget", "_sort=-email", "price=1"),
    *("_sort=field.project-notes,id", "_q=example.com", "newsletter=true", "_q=jane"),
    *("_fields=email,budget", "project-notes[starts_with]=a", "df_lines[exists]=true"),
]
FORMATS = ("ndjson", "csv", "csv-excel")


@dataclass
class Reader:
    """Where each twin's reader of the feed, or of a walk, stands."""

    path: str
    """Up to the cursor, question included."""
    token: str
    cursors: tuple[str, str]


@dataclass
class Questions:
    """A random run of requests, each of them to both twins."""

    happenings: Happenings
    random: Random
    submissions: Submissions
    readers: list[Reader] = field(default_factory=list[Reader])
    asked: int = 0

    @property
    def twins(self) -> tuple[Twin, Twin]:
        return self.happenings.twins

    def run(self, count: int) -> None:
        """Ask as often as this, while things happen."""
        self.happenings.begin()
        self.happenings.look()
        for path in (*PLAIN, *(f"{LIST}?{asked}" for asked in UNKNOWN)):
            self.ask(Ask("reader", path))
        for path in OF_ACCOUNT:
            self.ask(Ask("account", path))
        while self.asked < count:
            self.happenings.happen()
            for _ in range(ROUND):
                self.random.choice(self._kinds())()

    def ask(self, asked: Ask) -> Any:
        """Ask both; return what both have answered, for the first one."""
        self.asked += 1
        return compare(self.twins, asked)[0]

    # ── Reading ─────────────────────────────────────────────────────────────────

    def list(self) -> None:
        pairs = worlds.a_question(self.random)
        if self.random.random() < 0.3:
            pairs.append(("_meta", "1"))
        path = f"{LIST}?{urlencode(pairs, quote_via=quote)}"
        if self.random.random() < 0.2:
            path = f"{LIST}?{self.random.choice(UNKNOWN)}"
        if self.happenings.masked and self.random.random() < 0.2:
            path = f"{LIST}?{self.random.choice(MASKED)}"
        self._twice(Ask(self._token(), path))

    def walk(self) -> None:
        """Begin to walk a list, all of it or some."""
        per_page = self.random.randint(1, 5)
        path = f"{LIST}?per_page={per_page}&_meta=1{self._some()}&_cursor="
        self.follow(Reader(path, self._token(), ("start", "start")))

    def one(self) -> None:
        """Ask for a lead, which may be hidden; then it must be as if there was none."""
        lead_id = self.random.randint(1, self.happenings.last_id + 3)
        more = self.random.choice(["", "", "?_fields=name,email"])
        asked = Ask(self._token(), f"{LIST}/{lead_id}{more}")
        if self._twice(asked).status_code == 404:
            self._compare_with_none(asked, lead_id)

    def changes(self) -> None:
        """Begin to follow the changes: from the start, from now or from a list."""
        some, token = self._some(), self._token()
        beginning = self.random.choice(["", "&_from=now", "/digest", "", "/export"])
        if beginning.startswith("/"):
            begun = Ask(token, f"{LIST}{beginning}?{some[1:]}")
        else:
            begun = Ask(token, f"{LIST}/changes?_limit=3{beginning}{some}")
        self.asked += 1
        cursors = _cursors(compare(self.twins, begun))
        path = f"{LIST}/changes?{some[1:]}&_cursor="
        self._keep(Reader(path, token, cursors))

    def go_on(self) -> None:
        """Let a reader read on; most of the time to the end."""
        if not self.readers:
            self.changes()
            return
        reader = self.random.choice(self.readers)
        if "/changes" not in reader.path:
            self.follow(reader)
            return
        limit = self.random.choice([1, 3, 500, 500])
        has_more = True
        while has_more:
            wait = self.random.choice(["", "&_wait=0"])
            answer = self.follow(reader, f"&_digest=1&_limit={limit}{wait}")
            # Whoever stops half-way has more to be told of next time.
            has_more = answer.json()["has_more"] and self.random.random() < 0.6
            reader = self.readers[-1]

    def follow(self, reader: Reader, more: str = "") -> Any:
        """Ask once with each twin's own cursor, and keep the next ones."""
        path = f"{reader.path}{{cursor}}{more}"
        asked = Ask(reader.token, path.replace("?&", "?"), cursors=reader.cursors)
        self.asked += 1
        answers = compare(self.twins, asked)
        cursors = _cursors(answers)
        if reader in self.readers:
            self.readers.remove(reader)
        self._keep(replace(reader, cursors=cursors))
        return answers[0]

    def _keep(self, reader: Reader) -> None:
        if all(reader.cursors):
            self.readers = [*self.readers[1 - READERS_MAX :], reader]

    def misuse(self) -> None:
        """Use a cursor of everybody's token, or one of another kind or question."""
        # One that stands in the middle: what is told after it would differ.
        limit = self.random.randint(1, self.happenings.last_id)
        begun = Ask("everyone", f"{LIST}/changes?_limit={limit}")
        found = [twin.ask(begun) for twin in self.twins]
        one, two = (str(answer.json()["cursor"]) for answer in found)
        foreign = Reader(f"{LIST}/changes?_cursor=", "", (one, two))
        reader = self.random.choice([foreign, *self.readers])
        path = self.random.choice(
            ["/changes?", "?", "/changes?status=new&", "/export?"]
        )
        asked = Ask(self._token(), f"{LIST}{path}_cursor={{cursor}}")
        self.ask(replace(asked, cursors=reader.cursors))

    def digest(self) -> None:
        bucket = self.random.randint(1, self.happenings.last_id)
        parts = ["", "", "&_buckets=256", f"&_bucket={bucket}"]
        asked = f"{self._some()}{self.random.choice(parts)}"
        self.ask(Ask(self._token(), f"{LIST}/digest?{asked[1:]}"))

    def export(self) -> None:
        """Ask for an export, and go on with it behind one of its leads, or no lead."""
        asked = f"_format={self.random.choice(FORMATS)}{self._some()}"
        begun = Ask(self._token(), f"{LIST}/export?{asked}")
        self.asked += 1
        cursors = _cursors(compare(self.twins, begun))
        if all(cursors):
            after = self.random.randint(1, self.happenings.last_id)
            path = f"{begun.path}&_after={after}&_cursor={{cursor}}"
            self.ask(replace(begun, path=path, cursors=cursors))

    def feed(self) -> None:
        """Ask for the leads by a link, or for what it refuses."""
        asked = self.random.choice([self._some()[1:], self.random.choice(UNKNOWN)])
        method = self.random.choice(["GET", "GET", "HEAD"])
        self.ask(Ask("", f"{FEED}?{asked}", method))

    def plain(self) -> None:
        path = self.random.choice(PLAIN)
        method = self.random.choice(["GET", "GET", "HEAD", "DELETE"])
        token = self.random.choice(["reader", "writer", "", "reader"])
        self.ask(Ask(token, path, method))
        self.ask(Ask("account", self.random.choice(OF_ACCOUNT), method))

    def documents(self) -> None:
        for asked in surfaces.documents(self.random):
            self.ask(asked)

    def desks(self) -> None:
        for asked in surfaces.desks(self.random):
            self.ask(asked)

    def tool(self) -> None:
        self.ask(surfaces.tool(self.random, self.happenings.last_id))

    # ── Writing ─────────────────────────────────────────────────────────────────

    def write(self) -> None:
        """Write what is allowed or not; with a key it is sent twice."""
        asked = self.submissions.draw()
        for _ in range(2 if "Idempotency-Key" in asked.headers else 1):
            answer = self.ask(asked)
            self.submissions.note(asked, answer)
        lead_id = asked.path.removeprefix(f"{LIST}/")
        if answer.status_code == 404 and lead_id.isdigit():
            self._compare_with_none(replace(asked, headers={}), int(lead_id))
        self.happenings.look()

    # ── Both ────────────────────────────────────────────────────────────────────

    def _twice(self, asked: Ask) -> Any:
        """Ask, and ask again whether anything is new."""
        answer = self.ask(asked)
        tag = answer.headers.get("etag")
        if tag and self.random.random() < 0.4:
            self.ask(replace(asked, headers={"If-None-Match": tag}))
        return answer

    def _compare_with_none(self, asked: Ask, lead_id: int) -> None:
        """Require that a hidden lead is told of, and looked for, like one of no hub."""
        one, none = f"{LIST}/{lead_id}", f"{LIST}/{NEVER}"
        missing = replace(asked, path=asked.path.replace(one, none))
        texts, said = [], []
        for each in (asked, missing):
            texts.append(self.ask(each).text.replace(f" {lead_id} ", f" {NEVER} "))
            said.append(list(self.twins[0].database.said))
        check_same(*texts, asked)
        check_same(*said, asked)

    def _token(self) -> str:
        return self.random.choice(["reader", "reader", "writer"])

    def _some(self) -> str:
        """Conditions for part of the leads, or none for all of them."""
        some = ["", "", "", "&status=new", f"&{FILTER}", "&tags[exists]=true"]
        return self.random.choice([*some, "&budget[gte]=10", "&source=website"])

    def _kinds(self) -> "list[Callable[[], None]]":
        often = [self.list, self.one, self.go_on, self.go_on, self.write, self.write]
        others = [self.walk, self.changes, self.misuse, self.digest]
        others += [self.export, self.feed, self.documents, self.desks, self.tool]
        return [*often, *others, self.plain]


def _cursors(answers: tuple[Any, Any]) -> tuple[str, str]:
    """Return where each twin's answer goes on; empty: nowhere."""
    one, two = (_cursor(each) for each in answers)
    return one, two


def _cursor(answer: Any) -> str:
    if answer.status_code != 200:
        return ""
    if not answer.headers["content-type"].startswith("application/json"):
        return str(answer.headers["leadwell-cursor"])
    body = answer.json()
    return str(body.get("meta", {}).get("next_cursor") or body.get("cursor") or "")
