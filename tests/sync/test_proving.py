"""A full copy proves itself: what a proxy answers from its memory is noticed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import urllib3

from leadwell.client import Leadwell
from leadwell.sync import asking
from leadwell.sync.destinations import named
from leadwell.sync.errors import UnprovenCopy
from leadwell.sync.pulling import ANEW, Pull, Summary, Wanted
from leadwell.sync.rehearsing import Rehearsal
from leadwell.sync.verifying import verify
from leadwell.testing import Exchange, Fault, FaultServer, Reply, Request
from tests.copying import Bench, a_bench, rows

LEADS = 24
PAGE = 10
IDS = "SELECT id, version FROM leads ORDER BY id"


class Cache:
    """A proxy that keeps answers by their path alone, whoever asks and whatever for."""

    def __init__(self, hub: str) -> None:
        self.hub = hub
        self.kept: dict[str, Reply] = {}

    def take(self, request: Request) -> Reply:
        path = request.target.partition("?")[0]
        if not path.endswith("/changes"):
            return self.asked(request)
        return self.kept.setdefault(path, self.asked(request))

    def asked(self, request: Request) -> Reply:
        found = urllib3.request(
            request.method,
            self.hub + request.target,
            headers={"authorization": request.headers["authorization"]},
        )
        kept = ("content-type", "leadwell-cursor", "date")
        headers = {n.lower(): t for n, t in found.headers.items() if n.lower() in kept}
        return Reply(found.status, headers, found.data)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A hub with 25 leads, for all tests of the module."""
    made = a_bench(tmp_path_factory.mktemp("proving"), leads=LEADS)
    yield made
    made.hub.kill()


@pytest.fixture
def server(bench: Bench) -> Iterator[FaultServer]:
    """The caching proxy; it has seen nothing yet."""
    hub = f"http://127.0.0.1:{bench.hub.port}"
    with FaultServer(Cache(hub).take) as found:
        yield found


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAGE_LEADS", PAGE)
    # Each answer is a step of its own, so that something can happen in between.
    monkeypatch.setattr(asking, "STEP_S", -1.0)


@pytest.fixture
def to(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'l.db'}"


def pull(bench: Bench, to: str, url: str = "", **wanted: Any) -> Summary:
    address = f"{url or bench.url.partition('/v2')[0]}/v2/campaigns/362"
    with Leadwell(address, bench.hub.token) as client:
        return Pull(client.campaign(), "", named(to), Wanted(**wanted)).run()


def rehearse(bench: Bench, to: str) -> Summary:
    with Leadwell(bench.url, bench.hub.token) as client:
        return Pull(client.campaign(), "", Rehearsal(named(to)), Wanted()).run()


def stop_halfway(bench: Bench, to: str) -> None:
    """Begin a copy; its first answer is stored, and the next one does not come."""

    def tell(summary: Summary) -> None:
        del summary
        raise KeyboardInterrupt

    with (
        Leadwell(bench.url, bench.hub.token) as client,
        pytest.raises(KeyboardInterrupt),
    ):
        Pull(client.campaign(), "", named(to), Wanted(), tell).run()


def is_exact(bench: Bench, to: str) -> bool:
    with Leadwell(bench.url, bench.hub.token) as client:
        return verify(client.campaign(), named(to)).is_exact


def follow(bench: Bench, url: str, **asked: Any) -> None:
    """Somebody else asks for news through the proxy, which keeps the answer."""
    with (
        Leadwell(bench.url, bench.hub.token) as near,
        Leadwell(f"{url}/v2/campaigns/362", bench.hub.token) as far,
    ):
        cursor = list(near.campaign().feed())[-1].cursor
        assert far.campaign().changes(cursor, **asked).up_to_date


@pytest.mark.parametrize(
    ("asked", "said"),
    [({}, "has no count"), ({"digest": True}, "0 leads, and the hub counts 25")],
)
def test_an_end_out_of_a_memory_makes_no_empty_copy(
    bench: Bench, server: FaultServer, to: str, asked: dict[str, Any], said: str
) -> None:
    follow(bench, server.url, **asked)
    with pytest.raises(UnprovenCopy, match=said) as caught:
        pull(bench, to, server.url)
    assert "cache or a proxy" in caught.value.hint
    assert pull(bench, to).tally.added == LEADS + 1
    assert is_exact(bench, to)


def test_reading_everything_again_through_a_memory_removes_nothing(
    bench: Bench, server: FaultServer, to: str
) -> None:
    pull(bench, to)
    before = rows(Path(to.partition(":")[2]), IDS)
    follow(bench, server.url)
    with pytest.raises(UnprovenCopy, match="has no count"):
        pull(bench, to, server.url, full=True)
    assert rows(Path(to.partition(":")[2]), IDS) == before
    pull(bench, to, full=True)
    assert is_exact(bench, to)


def test_the_same_page_for_ever_ends(
    bench: Bench, server: FaultServer, to: str
) -> None:
    with pytest.raises(UnprovenCopy, match="the same again"):
        pull(bench, to, server.url)
    assert len(rows(Path(to.partition(":")[2]), IDS)) == PAGE
    assert pull(bench, to).tally.added == LEADS + 1 - PAGE
    assert is_exact(bench, to)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE leads SET version = 77", "of the version that the hub has"),
        ("DELETE FROM leads WHERE id = 3", "24 leads, and the hub counts 25"),
    ],
)
def test_what_was_stored_wrongly_is_told_and_then_read_anew(
    bench: Bench, to: str, damage: str, said: str
) -> None:
    path = Path(to.partition(":")[2])
    pull(bench, to, query="id=1,2,3")
    with pytest.raises(UnprovenCopy, match=said):
        within(bench, to, lambda: change(path, damage))
    healed = pull(bench, to)
    assert (healed.was_anew, healed.notes) == (True, [ANEW])
    assert is_exact(bench, to)


def test_a_copy_that_keeps_removed_leads_is_not_read_anew_by_itself(
    bench: Bench, to: str
) -> None:
    path = Path(to.partition(":")[2])
    pull(bench, to, keep_removed=True)
    with pytest.raises(UnprovenCopy):
        within(bench, to, lambda: change(path, "DELETE FROM leads WHERE id = 3"))
    with pytest.raises(UnprovenCopy):
        pull(bench, to)
    with Leadwell(bench.url, bench.hub.token) as client:
        assert verify(client.campaign(), named(to), repair=True).repaired == 1
    assert pull(bench, to).is_up_to_date
    assert is_exact(bench, to)


def test_who_is_overtaken_while_it_proves_goes_on(bench: Bench, to: str) -> None:
    def others() -> None:
        bench.ask("DELETE", f"/{gone}")
        pull(bench, to)

    gone = bench.add(name="Gone")
    for lead_id in range(1, 21):
        bench.ask("PATCH", f"/{lead_id}", {"fields": {"name": "after it"}})
    pull(bench, to, query="id=1,2,3")
    within(bench, to, others, known=True)
    assert is_exact(bench, to)


@pytest.mark.parametrize("scheme", ["duckdb", "csv", "postgresql"])
def test_every_kind_of_copy_proves_itself(
    bench: Bench, scheme: str, tmp_path: Path
) -> None:
    to = f"{scheme}:{tmp_path / 'l'}"
    if scheme == "postgresql":
        to = "postgresql:///"
    pull(bench, to)
    bench.ask("PATCH", "/1", {"status": "new"})
    assert pull(bench, to, full=True).is_up_to_date
    assert is_exact(bench, to)


def test_the_command_says_what_is_most_likely(
    bench: Bench, server: FaultServer
) -> None:
    follow(bench, server.url)
    url = f"{server.url}/v2/campaigns/362"
    said = bench.run("sync", url, "--to", "csv:proved.csv")
    assert said.code == 5
    assert "has no count" in said.err
    assert "leadwell verify" in said.err
    assert not (bench.copies / "proved.csv").exists()


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def within(
    bench: Bench, to: str, do: Callable[[], object], *, known: bool = False
) -> None:
    """Pull everything anew; something happens before the last answer arrives.

    Args:
        known: whether that answer is of the moment before
    """

    def play(exchange: Exchange) -> None:
        reply = exchange.true_reply()
        do()
        exchange.send(reply if known else exchange.true_reply())

    with FaultServer(f"http://127.0.0.1:{bench.hub.port}") as server:
        # The schema, and the pages before the last one.
        server.plan(None, None, None, Fault("meanwhile", "others do", play))
        pull(bench, to, server.url, full=True)


def test_a_rehearsal_of_several_steps_is_proven_like_a_run(
    bench: Bench, tmp_path: Path
) -> None:
    """What it would have stored before counts, and not what stands in a file."""
    to = f"csv:{tmp_path / 'l.csv'}"
    summary = rehearse(bench, to)
    assert (summary.tally.added, summary.notes) == (LEADS + 1, [])
    stop_halfway(bench, to)
    summary = rehearse(bench, to)
    assert (summary.tally.added, summary.notes) == (LEADS + 1 - PAGE, [])
