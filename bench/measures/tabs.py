"""What the Leads tab of the pages for people costs, with many leads and with few.

Both hubs run beside each other and are asked in turn, so that what else the machine
does hits both alike. What somebody sees first is asked, a deep page, and filters.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import load, progress, serving
from bench.data import CAMPAIGN, KEY, Made, made
from bench.measures.reading import Effort, warm
from bench.serving import Server
from leadwell.admin.sessions import new_secret
from leadwell.model.token import digest
from leadwell.model.user import Role, User
from leadwell.schema.times import microseconds
from leadwell.server.clock import now
from leadwell.store import accounts
from leadwell.store.connection import Connection
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.people import users

FEW = 1_000
PER_PAGE = 50
EMAIL = "bench@example.com"
SHARE = 10
"""A page of HTML costs about so many pages of the API: fewer are asked."""
CASES = {
    "first page": "page=1",
    "deep page": "page={deep}",
    "one filter": "status=contacted",
    "two filters": "status=contacted&source=source-1",
    "sorted": "_sort=-id",
}
Row = dict[str, float]


def measured(given: Made, folder: Path, effort: Effort) -> dict[str, dict[str, Row]]:
    """Return the figures by case and hub, in microseconds of processor time."""
    few = made(folder, FEW)
    taken: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        asked: list[tuple[Server, int, str]] = []
        for one, name in ((given, serving.HUB), (few, f"Leadwell, {FEW:,} leads")):
            secret = _signed_in(one)
            hub = stack.enter_context(serving.hub(one, name=name))
            warm(hub, one)
            asked.append((hub, one.leads, secret))
        for number in range(effort.rounds):
            progress.stage(f"the Leads tab, round {number + 1} of {effort.rounds}")
            for case, query in CASES.items():
                for hub, leads, secret in asked:
                    raw = _page(query.format(deep=leads // PER_PAGE * 3 // 4), secret)
                    cost = _cost_us(hub, raw, max(1, effort.count // SHARE))
                    taken.setdefault(case, {}).setdefault(hub.name, []).append(cost)
    return {
        case: {name: {"cpu_us": median(costs)} for name, costs in by_hub.items()}
        for case, by_hub in taken.items()
    }


def growth(found: dict[str, dict[str, Row]]) -> dict[str, float]:
    """Return, by case, how many times as much the larger campaign costs."""
    return {
        case: by_hub[serving.HUB]["cpu_us"] / _few(by_hub)
        for case, by_hub in found.items()
    }


def _few(by_hub: dict[str, Row]) -> float:
    (other,) = (row for name, row in by_hub.items() if name != serving.HUB)
    return other["cpu_us"]


def _cost_us(hub: Server, raw: bytes, count: int) -> float:
    return load.measured(hub, lambda _: raw, count).cpu_us


def _page(query: str, secret: str) -> bytes:
    lines: Sequence[str] = (
        f"GET /campaigns/{CAMPAIGN}/leads?per_page={PER_PAGE}&{query} HTTP/1.1",
        "Host: bench",
        "Accept: text/html",
        f"Cookie: leadwell={secret}",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def _signed_in(one: Made) -> str:
    """Let somebody sign in to a database; return the secret of their session."""
    secret, at = new_secret(), microseconds(now())

    def job(connection: Connection) -> None:
        if users.find(connection, EMAIL) is None:
            (account, *_) = accounts.find_all(connection)
            # One that is there: a new person has every lead rendered anew beside.
            person, *_ = accounts.find_people(connection, account.id)
            user = User(account.id, person.id, person.name, EMAIL, Role.ADMINISTRATOR)
            users.add(connection, user, None, at)
        users.add_session(connection, digest(KEY, secret), EMAIL, at)

    database = SQLiteDatabase(one.path)
    try:
        database.write(job).result()
    finally:
        database.close()
    return secret
