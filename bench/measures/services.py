"""Reading a service that is no hub: how quick, and how much is read twice for safety.

And what a look for news takes by itself, once the program has started.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlsplit

from bench import progress, serving
from bench.data import CAMPAIGN, Made
from bench.measures import syncing
from bench.measures.reading import Effort
from bench.measures.syncing import Place, Row
from leadwell.client import Leadwell, Retry
from leadwell.sync.any_service.choosing import Origin
from leadwell.sync.any_service.pulling import How
from leadwell.sync.destinations import named
from leadwell.sync.pulling import Wanted
from leadwell.testing import FaultServer, PlainServer

LATENCY_S = 0.05
WORKERS = 16
LATE = "50 ms of latency, 16 workers"
QUIET = "a quiet walk, pages of {:,}"
LOOK = "a look for news, after the start"
LOOKS = 20
PATH = f"/v2/campaigns/{CAMPAIGN}"


def measured(given: Made, effort: Effort) -> dict[str, Row]:
    """Return the figures by their names."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = [_late(given, folder, number) for number in range(effort.rounds)]
        late = {key: median(each[key] for each in found) for key in found[0]}
        quiet = {
            QUIET.format(size): _quiet(given.leads, size, folder)
            for size in (100, 1_000)
        }
        return {LATE: late, **quiet, LOOK: _looked(given, folder)}


def _late(given: Made, folder: Path, number: int) -> Row:
    """Run the command against a service that lets each request wait."""
    progress.stage(f"a service that waits, round {number + 1}")
    with _plain(given.leads, LATENCY_S) as url:
        place = Place(given, f"{url}{PATH}", folder, "")
        to = ("--to", f"sqlite:{folder}/late-{number}.db", "--workers", str(WORKERS))
        taken = syncing.run([*syncing.COMMAND, "sync", place.url, *to], place)
    return {
        "leads_per_s": given.leads / taken.wall_s,
        "cpu_us_per_lead": taken.cpu_s / given.leads * 1e6,
        "wall_s": taken.wall_s,
    }


@contextmanager
def _plain(leads: int, latency_s: float) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.plain", str(leads), str(latency_s)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            serving.stop(process)


def _quiet(leads: int, per_page: int, folder: Path) -> Row:
    """Count what is read of a service where nothing happens meanwhile."""
    progress.stage(f"a quiet walk, pages of {per_page:,}")
    with FaultServer(PlainServer(leads, per_page_max=per_page)) as server:
        with Leadwell(f"{server.url}{PATH}", "a-token") as client:
            how = How(workers=1)
            origin = Origin(client, f"{server.url}{PATH}", Retry(), how=how)
            place = named(f"sqlite:{folder}/quiet-{per_page}.db")
            origin.pull(place, Wanted()).run()
        targets = [urlsplit(each.target) for each in server.requests]
    asked = [parse_qs(x.query) for x in targets if x.path.endswith("/leads")]
    windows = [(int(x["page"][0]), int(x["per_page"][0])) for x in asked]
    rows = sum(_length(leads, page, size) for page, size in windows)
    return {
        "more_rows": rows / leads - 1,
        "more_requests": len(targets) / -(-leads // per_page) - 1,
    }


def _length(leads: int, page: int, size: int) -> int:
    return max(min(size, leads - (page - 1) * size), 0)


def _looked(given: Made, folder: Path) -> Row:
    """Look for news again and again in one process."""
    place = named(f"sqlite:{folder}/looked.db")
    with serving.hub(given) as hub:
        url = f"http://127.0.0.1:{hub.port}{PATH}"
        with Leadwell(url, given.whole) as client:
            origin = Origin(client, url, Retry())
            origin.pull(place, Wanted()).run()
            requests, spent = 0, []
            for _ in range(LOOKS):
                before = time.process_time()
                requests = origin.pull(place, Wanted()).run().requests
                spent.append(time.process_time() - before)
    return {"cpu_ms": median(spent) * 1e3, "requests": requests}
