"""`leadwell demo`: a hub with sample data, and the article's requests sent to it."""

from __future__ import annotations

import secrets
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
    from collections.abc import Callable

    from leadwell.server.listening import Listener

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
    """The two tokens of the demonstration."""

    every: str
    """Reads all leads of the campaign."""
    west: str
    """Reads what Partner West has brought."""


def demo(*, once: bool = False, port: int = 8362, json: bool = False) -> None:
    """Run a hub with 1,430 sample leads until Ctrl-C; nothing of it is kept.

    Prints the address, two tokens and requests to paste.

    Example: leadwell demo

    Example: leadwell demo --once

    Args:
        once: send every request of the article, show each answer's head, and stop
        port: the port to listen on; with --once a free one is taken
        json: answer with JSON
    """
    from leadwell.server import sample
    from leadwell.server.listening import Listener, bound

    with tempfile.TemporaryDirectory(prefix="leadwell-demo-") as folder:
        settings = Settings(
            database=f"sqlite:///{Path(folder) / 'demo.db'}",
            port=0 if once else port,
            log_level="error",
        )
        taken, settings = bound(settings)
        tokens = Tokens(*sample.fill(settings, secrets.token_bytes))
        listener = Listener(taken, settings)
        show = _journey if once else _welcome
        outcome = _beside(
            listener, lambda url: show(url, tokens, as_json=json), stops=once
        )
        listener.run()
        if outcome.fault is not None:
            raise outcome.fault


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


def _journey(url: str, tokens: Tokens, *, as_json: bool) -> None:
    import urllib3

    answers: list[dict[str, Any]] = []
    for path in REQUESTS:
        token = tokens.west if "partner-west" in path else tokens.every
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer = urllib3.request("GET", url + path, headers=headers, retries=False)
        head = answer.data.decode()[:HEAD_CHARACTERS]
        answers.append({"path": path, "status": answer.status, "head": head})
        if not as_json:
            print(f"GET {path}\n    {answer.status} {head} …")
        if answer.status != 200:
            raise Unavailable(f"{path} was answered {answer.status}")
    text = f"{len(REQUESTS)} requests, all answered 200"
    output.document(answers, as_json=as_json, text=text)


def _welcome(url: str, tokens: Tokens, *, as_json: bool) -> None:
    leads = f"{url}/v2/campaigns/362/leads"
    text = f"""Leadwell answers at {url} with 1,430 sample leads in campaign 362.

Token of everything:   {tokens.every}
Token of Partner West: {tokens.west}

Try:
  curl -H 'Authorization: Bearer {tokens.every}' '{leads}?status=new&per_page=2'
  curl -gH 'Authorization: Bearer {tokens.west}' '{leads}?budget[gte]=100000'
  curl -H 'Authorization: Bearer {tokens.west}' '{url}/v2/me'
  curl -H 'Authorization: Bearer {tokens.west}' '{leads}?customer-type=Private'

Ctrl-C stops it; nothing is kept."""
    content = {"url": url, "everything": tokens.every, "partner_west": tokens.west}
    output.document(content, as_json=as_json, text=text)
