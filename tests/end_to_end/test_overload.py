"""Ten times what a hub is rated at, sent by a clock that waits for nobody.

What the hub answers at most is measured first; half of it is what it is rated at. It
has one core and the generator another one, where the machine has two. For as long as a
release is tested: LEADWELL_TEST_LOAD_S=300.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import pytest

from leadwell.store import accounts, campaigns
from tests import make
from tests.load.gauge import Gauge, Polite, watched
from tests.load.generator import HUB_CORE, Order, Sent, asked, on_core, sending
from tests.recording import recorded
from tests.served import KEY, Served, a_folder, a_hub
from tests.sizes import PROC, size_of

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not PROC.exists(), reason="only Linux tells what it holds"),
]
SECONDS = float(os.environ.get("LEADWELL_TEST_LOAD_S", "5"))
MEASURED_S = min(max(SECONDS / 20, 2), 10)
ENGINE = os.environ.get("LEADWELL_TEST_LOAD_ON", "sqlite")
LEADS = "/v2/campaigns/362/leads"
MANY = 2_000
TOKENS = 8
"""Half of them have no rate, so that the processor is the bound."""
BUSY, CROWD = 64, 1_000
"""Connections while it is measured how fast the hub is, and in the crowd."""
GROWTH_KIB_MAX = 100_000
"""What a crowd may add to the memory of a hub that was at work already."""
NORMAL_WITHIN_S = 10
ENOUGH = 10
"""So many answers one after the other, none slow: then it is as it was."""


@contextmanager
def crowded(folder: Path) -> Iterator[tuple[Served, list[str]]]:
    """A hub with the limits it has by default, and the tokens of a crowd."""
    own = a_folder(folder, ENGINE)
    database = make.a_database_again(folder / "leads.db", ENGINE)
    with database.reading() as connection:
        account = accounts.find_by_id(connection, 1)
        campaign = campaigns.known(connection, 362)
    make.leads(database, campaign, [{"fields": {"name": "J"}}] * MANY)
    tokens = [
        make.a_token(
            database,
            account,
            campaign,
            key=KEY,
            may_write=True,
            rate=0 if number % 2 else None,
        )
        for number in range(TOKENS)
    ]
    database.close()
    default = {
        "LEADWELL_TOKEN_RATE": "200",
        "LEADWELL_LINK_RATE": "20",
        "LEADWELL_WRONG_TOKENS_RATE": "1",
        "LEADWELL_LOG_LEVEL": "warning",
    }
    with on_core(HUB_CORE):
        hub = a_hub(folder, own, 1, ENGINE, "", 10, **default)
    try:
        yield hub, tokens
    finally:
        hub.stop()


def reads_of(hub: Served, token: str) -> list[bytes]:
    """What one reader asks: mostly pages."""
    page = _raw(token, "GET", f"{LEADS}?per_page=50")
    reader = Served(hub.process, hub.port, token)
    cursor = reader.request("GET", f"{LEADS}/changes?_from=now").json()["cursor"]
    rarer = [
        _raw(token, "GET", f"{LEADS}/changes?_cursor={cursor}"),
        _raw(token, "GET", f"{LEADS}?status=new&_sort=-created_at&per_page=50"),
        _raw(token, "GET", f"{LEADS}/2"),
        _raw(token, "GET", f"{LEADS}?_q=j&per_page=10"),
    ]
    return [each for other in rarer for each in (page, page, page, other)]


def a_write_of(token: str) -> bytes:
    return _raw(token, "PATCH", f"{LEADS}/2", b'{"fields": {"budget": 7}}')


def _raw(token: str, method: str, path: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def capacity(hub: Served, tokens: list[str]) -> float:
    """Return how many reads a second are answered at most."""
    series = [reads_of(hub, token) for token in tokens]
    sent = asked(Order(hub.port, series * (BUSY // len(series)), MEASURED_S))
    assert set(sent.seen) == {200}, sent
    return sent.seen.total() / MEASURED_S


def normal_after(polite: Polite, good_s: float) -> float:
    """Return after how long all is as it was."""
    started = time.monotonic()
    first, good = started, 0
    while good < ENOUGH:
        asked_at = time.monotonic()
        assert asked_at - started < 6 * NORMAL_WITHIN_S
        spent_s = polite.ask()
        if polite.statuses[-1] == 200 and spent_s < good_s:
            first = asked_at if not good else first
            good += 1
        else:
            good = 0
        time.sleep(0.05)
    return first - started


def flooded(
    hub: Served, tokens: list[str], rate: float, polite: Polite
) -> tuple[Sent, Gauge]:
    """Send by the clock, one request in seventeen a write, while somebody is polite."""
    series = [[*reads_of(hub, token), a_write_of(token)] for token in tokens]
    order = Order(hub.port, series * (CROWD // len(series)), SECONDS, rate)
    with watched(hub, min(1.0, SECONDS / 10)) as gauge, sending(order) as crowd:
        while crowd.goes_on:
            polite.ask()
            time.sleep(min(1.0, SECONDS / 50))
        return crowd.sent(), gauge


def test_ten_times_the_rated_load_is_refused_and_forgotten(tmp_path: Path) -> None:
    with recorded("load", on=ENGINE) as counts, crowded(tmp_path) as (hub, tokens):
        counts["started_mb"] = size_of(hub).memory_kib // 1024
        alone, beside = (Polite(hub, f"{LEADS}?per_page=50") for _ in range(2))
        for _ in range(50):
            alone.ask()
        most = capacity(hub, tokens[1::2])
        steady_kib = size_of(hub).memory_kib
        sent, gauge = flooded(hub, tokens, 10 * most / 2, beside)
        after_s = normal_after(alone, max(5 * median(alone.waits_s), 0.05))
        again = capacity(hub, tokens[1::2])
        counts.update(
            capacity=round(most),
            capacity_after=round(again),
            wanted=round(10 * most / 2),
            sent=sent.sent,
            answered=sent.seen[200],
            refused=sent.seen[429] + sent.seen[503],
            steady_mb=steady_kib // 1024,
            peak_mb=gauge.peak_kib // 1024,
            polite=len(beside.statuses),
            polite_answered=beside.statuses.count(200),
            polite_ms=round(median(beside.waits_s) * 1e3),
            polite_slow_ms=round(quantiles(beside.waits_s, n=20)[-1] * 1e3),
            normal_after_ms=round(after_s * 1e3),
        )
        say(f"{counts} {sent} {[size.memory_kib // 1024 for size in gauge.sizes]}")
        assert not sent.broken
        assert set(sent.seen) <= {200, 429, 503}
        assert sent.sent + sent.held_back == sent.due >= 0.95 * SECONDS * 10 * most / 2
        assert gauge.peak_kib - steady_kib < GROWTH_KIB_MAX
        assert set(beside.statuses) <= {200, 503}
        assert beside.statuses.count(200) > 0.9 * len(beside.statuses)
        assert after_s < NORMAL_WITHIN_S
        assert again > most / 2


def say(text: str) -> None:
    """Show figures to who runs this with `-s`."""
    sys.stdout.write(f"{text}\n")
