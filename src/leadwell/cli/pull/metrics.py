"""Figures of the last run of each destination, as Prometheus reads them."""

from __future__ import annotations

import base64
import os
import re
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leadwell.cli import output
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadwell.cli.pull.report import Outcome

PREFIX = "leadwell_sync_"
HELP = {
    "added": "Leads that the last run added.",
    "changed": "Leads that the last run changed.",
    "removed": "Leads that the last run removed.",
    "quarantined": "Values that the last run put aside.",
    "requests": "Requests of the last run.",
    "seconds": "How long the last run took.",
    "exit_code": "How the last run ended: 0 is well, 75 is run again.",
    "last_run_timestamp_seconds": "When the last run ended.",
    "last_success_timestamp_seconds": "When a run last ended with 0.",
}
"""Every metric; all are gauges with the labels campaign and destination."""
PUSH_TIMEOUT_S = 10
_LINE = re.compile(rf"{PREFIX}(\w+)\{{(.*)\}} (\S+)")


@dataclass(frozen=True)
class Metrics:
    """Keeps the figures of each destination, and hands them on after each run."""

    file: Path | None
    push: str | None
    _held: dict[str, dict[str, float]] = field(
        default_factory=dict[str, dict[str, float]], init=False
    )
    """By the labels, as they are written."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        if self.push is not None and urlsplit(self.push).scheme not in {
            "http",
            "https",
        }:
            raise UsageError(
                "what was given as Pushgateway is no URL",
                hint="for instance http://pushgateway:9091",
            )

    def keep(self, outcome: Outcome) -> None:
        """Take a run in. That nobody could be told is no failure of the run."""
        with self._lock:
            labels = _labels(outcome)
            if self.file is not None:
                self._held.update(_read(self.file) | self._held)
            known = self._held.get(labels, {})
            figures = _figures(outcome)
            self._held[labels] = _last_success(known) | figures
            if self.file is not None:
                _replace(self.file, text(self._held))
        if self.push is not None:
            _push(self.push, outcome, text({labels: figures}))


def text(held: Mapping[str, Mapping[str, float]]) -> str:
    """Write figures by their labels, in the format of OpenMetrics and of Prometheus."""
    lines: list[str] = []
    for name, said in HELP.items():
        lines += [f"# HELP {PREFIX}{name} {said}", f"# TYPE {PREFIX}{name} gauge"]
        lines += [
            f"{PREFIX}{name}{{{labels}}} {figures[name]:.15g}"
            for labels, figures in sorted(held.items())
            if name in figures
        ]
    return "\n".join([*lines, "# EOF", ""])


def _figures(outcome: Outcome) -> dict[str, float]:
    now = time.time()
    figures = {
        "seconds": round(outcome.seconds, 3),
        "exit_code": outcome.code,
        "last_run_timestamp_seconds": now,
    }
    if outcome.code == 0:
        figures["last_success_timestamp_seconds"] = now
    if outcome.summary is not None:
        tally = outcome.summary.tally
        figures |= {
            "added": tally.added,
            "changed": tally.changed,
            "removed": tally.removed,
            "quarantined": tally.quarantined,
            "requests": outcome.summary.requests,
        }
    return figures


def _last_success(known: Mapping[str, float]) -> dict[str, float]:
    name = "last_success_timestamp_seconds"
    return {name: known[name]} if name in known else {}


def _labels(outcome: Outcome) -> str:
    escaped = outcome.destination
    for plain, written in (("\\", r"\\"), ('"', r"\""), ("\n", r"\n")):
        escaped = escaped.replace(plain, written)
    return f'campaign="{outcome.campaign_id}",destination="{escaped}"'


def _read(file: Path) -> dict[str, dict[str, float]]:
    """Read what an earlier run has written: when each destination last succeeded."""
    found: dict[str, dict[str, float]] = {}
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return found
    for line in lines:
        match = _LINE.fullmatch(line)
        if match and match[1] in HELP:
            found.setdefault(match[2], {})[match[1]] = float(match[3])
    return found


def _replace(file: Path, content: str) -> None:
    """Put the figures in the place of the old ones; whoever reads sees all of them."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as opened:
                opened.write(content)
            # The collector is another user than the one who syncs.
            Path(name).chmod(0o644)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        output.hint(f"note: {file} cannot be written: {error.strerror}")


def _push(gateway: str, outcome: Outcome, content: str) -> None:
    """Send the figures; POST leaves what they do not name, as the last success."""
    import urllib3
    from urllib3.util import make_headers, parse_url

    named = base64.urlsafe_b64encode(outcome.destination.encode()).decode()
    place = parse_url(gateway)
    group = f"/metrics/job/leadwell_sync/destination@base64/{named}"
    url = f"{place.scheme}://{place.netloc}{(place.path or '').rstrip('/')}{group}"
    headers = {"Content-Type": "text/plain; version=0.0.4"}
    headers |= make_headers(basic_auth=place.auth) if place.auth else {}
    try:
        status = urllib3.request(
            "POST",
            url,
            body=content.encode(),
            headers=headers,
            timeout=PUSH_TIMEOUT_S,
            retries=False,
        ).status
        said = "" if status < 300 else f"it answered {status}"
    except urllib3.exceptions.HTTPError:
        said = "it cannot be reached"
    if said:
        output.hint(f"note: the metrics were not pushed to {place.host}: {said}")
