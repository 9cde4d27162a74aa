"""What people and programs do with a hub on a long day, each at a pace of its own."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from leadwell.store.uploads import jobs
from tests.admin.uploads import Upload, send
from tests.desk import Desk
from tests.served import Answer, Served

CAMPAIGN = "/v2/campaigns/362"
LEADS = f"{CAMPAIGN}/leads"
KEPT_MAX = 2_500
"""With more leads some are removed: the campaign stays as large as it is."""
BATCH = 50
PATIENCE_S = 60
PAGES = (
    "/campaigns/362/leads",
    "/campaigns/362/leads?status=new",
    "/campaigns/362/leads/1",
    "/campaigns/362/duplicates",
    "/campaigns/362/fields",
    "/campaigns/362/settings",
)
"""What somebody who is signed in looks at."""


@dataclass
class Day:
    """What is done until it is over, and what it was answered."""

    hub: Served
    desk: Desk
    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[BaseException] = field(default_factory=list)
    is_over: Event = field(default_factory=Event)

    def live(self, seconds: float) -> None:
        """Have everybody at work for so long; a fault ends the day."""
        threads = [
            Thread(target=self._work, args=(job, pause_s)) for job, pause_s in JOBS
        ]
        for thread in threads:
            thread.start()
        self.is_over.wait(seconds)
        self.is_over.set()
        for thread in threads:
            thread.join()

    def _work(self, job: Callable[["Day"], None], pause_s: float) -> None:
        try:
            while not self.is_over.wait(pause_s):
                job(self)
        except BaseException as error:
            self.faults.append(error)
            self.is_over.set()

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask the API; whatever was not answered well is a fault."""
        answer = self.hub.request(method, path, body)
        self.statuses[f"{method} {answer.status_code}"] += 1
        assert answer.status_code < 300, (method, path, answer.text)
        return answer


def page(day: Day) -> None:
    """Walk a list, page by page."""
    for number in (1, 2, 3):
        day.ask("GET", f"{LEADS}?per_page=100&page={number}&_sort=-created_at")


def search(day: Day) -> None:
    day.ask("GET", f"{LEADS}?_q=person&per_page=50")


def follow(day: Day) -> None:
    """Read the change feed from now on, and wait for what comes."""
    cursor = day.ask("GET", f"{LEADS}/changes?_from=now").json()["cursor"]
    for _ in range(20):
        url = f"{LEADS}/changes?_cursor={cursor}&_wait=1"
        cursor = day.ask("GET", url).json()["cursor"]


def export(day: Day) -> None:
    *_, end = day.ask("GET", f"{LEADS}/export").text.splitlines()
    assert "cursor" in json.loads(end)


def write(day: Day) -> None:
    """Add a lead, change it, and look at it."""
    body = {"fields": {"name": "Person", "source": "website"}}
    made = day.ask("POST", LEADS, body).json()["data"]["id"]
    day.ask("PATCH", f"{LEADS}/{made}", {"fields": {"budget": made}})
    day.ask("GET", f"{LEADS}/{made}")


def hand_in(day: Day) -> None:
    """Hand in a batch, and let go of old leads when there are too many."""
    leads = [{"fields": {"name": f"Person {number}"}} for number in range(BATCH)]
    day.ask("POST", f"{LEADS}/batch", {"leads": leads})
    found = day.ask("GET", f"{LEADS}?per_page={4 * BATCH}&_sort=created_at").json()
    too_many = found["pagination"]["total"] - KEPT_MAX
    for lead in found["data"][: max(too_many, 0)]:
        if lead["id"] != 1:
            day.ask("DELETE", f"{LEADS}/{lead['id']}")


def look(day: Day) -> None:
    """Open some pages of the console."""
    for path in PAGES:
        shown = day.desk.get(path)
        day.statuses[f"page {shown.status_code}"] += 1
        assert shown.status_code == 200, (path, shown.status_code)


def load(day: Day) -> None:
    """Load a file on the pages."""
    lines = [f"Person {number}" for number in range(BATCH)]
    content = "\n".join(["name", *lines, ""])
    upload = Upload(day.desk, send(day.desk, f"{CAMPAIGN[3:]}/import", content))
    for what, state in (("check", "checked"), ("load", "loaded")):
        day.desk.submit(upload.path, {"do": what})
        _await(day, upload, state)
    day.statuses["file loaded"] += 1


def _await(day: Day, upload: Upload, state: str) -> None:
    until_s = time.monotonic() + PATIENCE_S
    number = int(upload.path.rpartition("/")[2])
    while (found := _state(day, number)) != state:
        assert time.monotonic() < until_s, found
        time.sleep(0.2)


def _state(day: Day, number: int) -> str:

    known = day.desk.hub.database.read(lambda c: jobs.known(c, 362, number))
    return known.state.value


JOBS: tuple[tuple[Callable[[Day], None], float], ...] = (
    (page, 0.1),
    (page, 0.2),
    (search, 0.5),
    (follow, 0.0),
    (follow, 0.1),
    (export, 2.0),
    (write, 0.1),
    (hand_in, 1.0),
    (look, 1.0),
    (load, 5.0),
)
"""Who is at work, and how long they pause."""
