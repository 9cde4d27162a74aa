"""`leadwell demo`: a hub with sample data, the article's requests, and a copy."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leadwell.cli import output
from leadwell.errors import Unavailable
from leadwell.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leadwell.cli.demo_copy import DemoCopy
    from leadwell.server.connections.listening import Listener
    from leadwell.sync.destinations import Destination

REQUESTS = (
    "/v2/campaigns/362/leads",
    "/campaigns/362/leads?status=contacted",
    "/campaigns/362/leads?created_after=2025-01-01",
    "/campaigns/362/leads?updated_after=2025-02-01",
    "/campaigns/362/leads?customer-type=commercial",
    "/campaigns/362/leads?status=contacted&source=partner-west",
    "/campaigns/362/leads?page=2",
    "/campaigns/362/leads?per_page=100",
    "/campaigns/362/leads?updated_after=2025-02-21T00:00:00Z",
    "/campaigns/362/leads?status=new&source=partner-north",
    "/campaigns/362/leads?page=3&per_page=100",
)
"""Every request of the article on reading leads."""
READY_TIMEOUT_S = 20
HEAD_CHARACTERS = 150


@dataclass(frozen=True)
class Tokens:
    """The tokens of the demonstration."""

    every: str
    """Reads all leads of the campaign."""
    west: str
    """Reads what Partner West has brought."""
    writer: str
    """Changes leads, to show what follows in a copy."""
    setup: str = ""
    """The path on which the first password is chosen; it works once."""


COPY = "sqlite:demo-leads.db"
"""Where the copy goes: a file that many programs open."""


def demo(
    *, once: bool = False, port: int = 8362, to: str = COPY, json: bool = False
) -> None:
    """Run a hub with 1,430 sample leads until Ctrl-C, and copy them into a file.

    Prints the address, a link to the pages, two tokens and requests to paste. Only
    the copy is kept.

    Example: leadwell demo

    Example: leadwell demo --to csv-excel:demo-leads.csv

    Example: leadwell demo --once

    Args:
        once: send every request of the article, show each answer's head; copy, change
            leads, copy again, verify, and stop. The copy is kept if --to names one
        port: the port to listen on; with --once a free one is taken
        to: where the copy goes, as `leadwell sync` has it
        json: answer with JSON
    """
    from leadwell.server import sample
    from leadwell.server.connections.listening import Listener, bound
    from leadwell.sync.destinations import named

    with tempfile.TemporaryDirectory(prefix="leadwell-demo-") as folder:
        place = (
            f"sqlite:{Path(folder) / 'demo-leads.db'}" if once and to == COPY else to
        )
        destination = named(place)
        settings = Settings(
            database=f"sqlite:///{Path(folder) / 'demo.db'}",
            port=0 if once else port,
            log_level="error",
        )
        taken, settings = bound(settings)
        tokens = Tokens(*sample.fill(settings, secrets.token_bytes))
        listener = Listener(taken, settings)
        show = _journey if once else _welcome
        visit = _Visit(tokens, destination, as_json=json)
        outcome = _beside(listener, lambda url: show(url, visit), stops=once)
        listener.run()
        if outcome.fault is not None:
            raise outcome.fault


@dataclass(frozen=True)
class _Visit:
    tokens: Tokens
    destination: Destination
    as_json: bool

    def copy(self, url: str) -> DemoCopy:
        from leadwell.cli.demo_copy import DemoCopy

        campaign = f"{url}/v2/campaigns/362"
        return DemoCopy(campaign, self.tokens.every, self.destination)


@dataclass
class _Outcome:
    fault: BaseException | None = None


def _beside(
    listener: Listener, task: Callable[[str], None], *, stops: bool
) -> _Outcome:
    """Run a task in a thread as soon as the hub answers; then stop it if asked."""
    outcome = _Outcome()

    def run() -> None:
        try:
            _await_ready(listener.url)
            task(listener.url)
        except BaseException as error:
            outcome.fault = error
        if stops or outcome.fault:
            listener.stop()

    threading.Thread(target=run, name="visitor", daemon=True).start()
    return outcome


def _await_ready(url: str) -> None:
    import urllib3

    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            if (
                urllib3.request("GET", f"{url}/health/ready", retries=False).status
                == 200
            ):
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.02)
    raise Unavailable("the hub did not start in time")


def _journey(url: str, visit: _Visit) -> None:
    answers = list(_answers(url, visit))
    steps: list[dict[str, str]] = []
    for step, said in visit.copy(url).told(visit.tokens.writer):
        steps.append({"step": step, "said": said})
        if not visit.as_json:
            output.say(f"{step}\n    {said}")
    text = f"{len(REQUESTS)} requests, all answered 200; the copy is exact"
    content = {"requests": answers, "copy": steps}
    if not steps[-1]["said"].startswith("exact"):
        raise Unavailable("the copy is not what the hub says")
    output.document(content, as_json=visit.as_json, text=text)


def _answers(url: str, visit: _Visit) -> Iterator[dict[str, Any]]:
    """Send every request of the article."""
    import urllib3

    for path in REQUESTS:
        is_west = "partner-west" in path
        token = visit.tokens.west if is_west else visit.tokens.every
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer = urllib3.request("GET", url + path, headers=headers, retries=False)
        head = answer.data.decode()[:HEAD_CHARACTERS]
        if not visit.as_json:
            output.say(f"GET {path}\n    {answer.status} {head} …")
        if answer.status != 200:
            raise Unavailable(f"{path} was answered {answer.status}")
        yield {"path": path, "status": answer.status, "head": head}


def _program() -> str:
    """How this program is called where it was called: it need not be on the path."""
    return "leadwell" if shutil.which("leadwell") else sys.argv[0]


def _welcome(url: str, visit: _Visit) -> None:
    leads = f"{url}/v2/campaigns/362/leads"
    tokens, copy = visit.tokens, visit.copy(url)
    tally = copy.sync(anew=True).tally
    place = visit.destination.text
    text = f"""Leadwell answers at {url} with 1,430 sample leads in campaign 362.

The pages: open {url}{tokens.setup}
and choose a password. The link works once.

Token of everything:   {tokens.every}
Token of Partner West: {tokens.west}

{place} has a copy of {tally.total:,} leads: open {place.partition(":")[2]}

Try:
  curl -H 'Authorization: Bearer {tokens.every}' '{leads}?status=new&per_page=2'
  curl -gH 'Authorization: Bearer {tokens.west}' '{leads}?budget[gte]=100000'
  curl -H 'Authorization: Bearer {tokens.west}' '{url}/v2/me'
  curl -H 'Authorization: Bearer {tokens.west}' '{leads}?customer-type=Private'
  LEADWELL_TOKEN={tokens.every} {_program()} sync {copy.url} --to {place}

Ctrl-C stops it; only the copy is kept."""
    content = {
        "url": url,
        "setup_url": f"{url}{tokens.setup}",
        "everything": tokens.every,
        "partner_west": tokens.west,
        "copy": place,
    }
    output.document(content, as_json=visit.as_json, text=text)
