"""Runs of page numbers while others write: nothing is lost, and nothing met twice."""

import itertools
import os
import re
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.lists import pins
from leadwell.schema import querystring, question
from leadwell.store import campaigns, filters
from leadwell.store.connection import Connection, Database
from tests import make
from tests.asking import Whole
from tests.effort import REPEATS
from tests.mirror import Mirror

URL = "/v2/campaigns/362/leads"
PER_PAGE = 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pins"


@pytest.fixture
def hub(hub, folder: Path):
    return replace(hub, pins_folder=folder)


@pytest.fixture
def writer(database, account, campaign) -> str:
    given = [
        {"fields": {"name": f"Lead {n}", "source": "partner-west", "budget": n % 7}}
        for n in range(100)
    ]
    make.leads(database, campaign, given)
    return make.a_token(database, account, campaign, may_write=True)


class Reader:
    """Reads page after page as the article does."""

    def __init__(self, client: TestClient, token: str, **asked: Any) -> None:
        self.client, self.asked = client, asked
        self.headers = {"Authorization": f"Bearer {token}"}
        self.said: list[str] = []

    def page(self, number: int, **more: Any) -> Any:
        params = {**self.asked, "per_page": PER_PAGE, "page": number, **more}
        answer = self.client.get(URL, params=params, headers=self.headers)
        self.said.append(answer.headers.get("leadwell-snapshot", ""))
        return answer

    def pages(self, meanwhile: Callable[[], None]) -> Iterator[int]:
        """Yield the ids that are met while something happens between the pages."""
        for number in itertools.count(1):
            content = self.page(number).json()
            yield from (lead["id"] for lead in content["data"])
            if number >= content["pagination"]["total_pages"]:
                return
            meanwhile()


def statuses_change(client: TestClient, writer: str) -> Callable[[], None]:
    """Ten leads change their status: five leave what is read, five come back."""
    ids = iter(range(1, 101))

    def change() -> None:
        for place, lead_id in enumerate(itertools.islice(ids, 10)):
            status = "contacted" if place % 2 else "new"
            client.patch(
                f"{URL}/{lead_id}",
                json={"status": status},
                headers={"Authorization": f"Bearer {writer}"},
            )

    return change


def test_what_matches_throughout_is_met_once(client, writer) -> None:
    reader = Reader(client, writer, status="new")
    met = list(reader.pages(statuses_change(client, writer)))
    assert sorted(met) == list(range(1, 101))
    assert len(set(reader.said)) == 1
    assert re.fullmatch("[0-9a-f]{32}", reader.said[0])


def test_pages_of_each_moment_lose_leads(client, writer) -> None:
    """Without the pin the loss shows, so the test above bites."""
    reader = Reader(client, writer, status="new", _snapshot="none")
    met = list(reader.pages(statuses_change(client, writer)))
    throughout = {n for n in range(1, 101) if (n - 1) % 10 % 2 == 0}
    assert throughout - set(met)
    assert set(reader.said) == {""}


@REPEATS
@pytest.mark.parametrize("sort", ["-id", "-budget,name", "created_at", "-updated_at"])
def test_a_run_in_any_order_meets_each_once(client, writer, sort: str) -> None:
    expected = Reader(client, writer, _sort=sort, _snapshot="none")
    before = list(expected.pages(lambda: None))
    reader = Reader(client, writer, _sort=sort, status="new")
    assert list(reader.pages(statuses_change(client, writer))) == before


def test_every_process_keeps_to_the_run(hub, client, writer) -> None:
    other = Whole(app(replace(hub, clock=hub.clock)))
    reader, change = Reader(client, writer), statuses_change(client, writer)
    met = []
    for number in range(1, 11):
        reader.client = other if number % 2 else client
        met += [lead["id"] for lead in reader.page(number).json()["data"]]
        change()
    assert met == list(range(1, 101))


def test_slots_stay_and_leads_are_as_they_are_now(
    database: Database, account, campaign, client, writer
) -> None:
    text = make.a_token(database, account, campaign, "source=partner-west")
    reader = Reader(client, text)
    assert reader.page(1).json()["pagination"]["total"] == 100
    headers = {"Authorization": f"Bearer {writer}"}
    client.delete(f"{URL}/11", headers=headers)
    website = {"fields": {"source": "website"}}
    client.patch(f"{URL}/12", json=website, headers=headers)
    client.patch(f"{URL}/13", json={"fields": {"name": "New"}}, headers=headers)
    make.a_lead(database, campaign, fields={"source": "partner-west"})
    answer = reader.page(2).json()
    assert [lead["id"] for lead in answer["data"]] == list(range(13, 21))
    assert answer["data"][0]["fields"]["name"] == "New"
    assert answer["pagination"]["total"] == 100
    assert reader.page(1, _snapshot="none").json()["pagination"]["total"] == 99


def test_a_filter_that_is_edited_is_obeyed_in_the_middle_of_a_run(
    database: Database, account, campaign, client, writer
) -> None:
    del writer

    def keep(connection: Connection, asked: bytes) -> None:
        known = campaigns.known(connection, 362)
        conditions = question.conditions(known, querystring.decode(asked))
        filters.keep(connection, known, "mine", conditions, now=0)

    database.write(lambda c: keep(c, b"source=partner-west")).result()
    text = make.a_token(database, account, campaign, named="mine")
    reader = Reader(client, text)
    reader.page(1)
    database.write(lambda c: keep(c, b"source=partner-west&budget=3")).result()
    seen = {
        lead["fields"]["budget"]
        for number in range(2, 11)
        for lead in reader.page(number).json()["data"]
    }
    assert seen == {3}


def test_a_lost_run_is_said(client, writer, folder: Path) -> None:
    reader = Reader(client, writer)
    name = reader.page(1).headers["leadwell-snapshot"]
    link = reader.page(2).links["next"]["url"]
    assert f"_snapshot={name}" in link
    for path in folder.iterdir():
        path.unlink()
    other = Reader(Whole(app(replace(client.app._hub))), writer)
    gone = other.page(3, _snapshot=name)
    assert (gone.status_code, gone.json()["code"]) == (410, "snapshot_lost")
    assert "_snapshot" not in gone.links["start"]["url"]
    assert other.page(3).headers["leadwell-snapshot"] == "lost"
    # From there on it is a run again.
    assert other.page(4).headers["leadwell-snapshot"] == name


@pytest.mark.parametrize("how", ["idle", "swept"])
def test_a_first_page_never_names_a_run_that_is_gone(
    client, writer, folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    reader = Reader(client, writer)
    # Nothing is written between the pages, so they are of one moment.
    name = reader.page(1).headers["leadwell-snapshot"]
    if how == "idle":
        later = time.time() + 11 * 60
        monkeypatch.setattr(time, "time", lambda: later)
    else:
        for path in folder.iterdir():
            path.unlink()
        client.app._hub.pins._let_go(name)
    assert reader.page(1).headers["leadwell-snapshot"] == name
    assert reader.page(2, _snapshot=name).status_code == 200
    assert reader.page(2).headers["leadwell-snapshot"] == name


def test_a_run_lives_ten_idle_minutes(
    client, writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(client, writer)
    name = reader.page(1).headers["leadwell-snapshot"]
    start = time.time()
    for minutes in (9, 18, 27):
        monkeypatch.setattr(time, "time", lambda at=start + minutes * 60: at)
        client.app._hub.pins.sweep()
        assert reader.page(2).headers["leadwell-snapshot"] == name
    monkeypatch.setattr(time, "time", lambda: start + 38 * 60)
    assert reader.page(2).headers["leadwell-snapshot"] == "lost"


def test_pins_stay_within_their_bound(
    client, writer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "BYTES_MAX", 2_000)
    monkeypatch.setattr(pins, "SWEPT_EVERY", 1)
    for number in range(40):
        Reader(client, writer, **{"budget[lt]": f"{100 + number}"}).page(1)
    # What was written since the last look may stand over it.
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3_000


def test_what_is_kept_read_of_pins_is_bounded_by_its_bytes(
    client, writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "HELD_BYTES_MAX", 10_000)
    readers = [Reader(client, writer, _sort="-id", id=f"1,2,{n}") for n in range(3, 33)]
    names = [
        reader.page(1, per_page=1).headers["leadwell-snapshot"] for reader in readers
    ]
    held = client.app._hub.pins._held
    assert [*held] == names[-len(held) :]
    assert 3 < len(held) < 10
    assert sum(each.size_bytes for each in held.values()) <= 10_000
    # The others are in their files.
    assert readers[0].page(2, per_page=1).headers["leadwell-snapshot"] == names[0]
    assert [*held][-1] == names[0]
    monkeypatch.setattr(pins, "HELD_BYTES_MAX", 0)
    assert readers[1].page(2, per_page=1).json()["data"][0]["id"] == 2
    assert not held


def test_the_ids_of_a_sorted_run_are_held_as_numbers_alone() -> None:
    pin = pins.Pin(b"", list(range(1_000)), 0, b"", 0, b"")
    assert isinstance(pin.slots, array)
    assert pin.size_bytes == 1_000 * pin.slots.itemsize + 1_000
    assert pin.window(10, 3) == [10, 11, 12]


def test_the_run_asked_for_longest_ago_is_forgotten_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "RUNS_HELD_MAX", 2)
    kept = pins.Pins(tmp_path)
    for owner in (b"1", b"2", b"3"):
        kept.keep(f"pin of {owner!r}", pins.Pin(owner, [1], 0, b"", 0, b""))
    for owner in (b"1", b"2", b"1", b"3"):
        assert kept.of_run(owner) == f"pin of {owner!r}"
    assert [*kept._runs] == [b"1", b"3"]


def test_nothing_waits_for_the_disk_when_pages_are_read(
    client, writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a read has synced")

    for name in ("fsync", "fdatasync", "sync"):
        monkeypatch.setattr(os, name, refuse)
    for asked in ({}, {"_sort": "-budget"}):
        reader = Reader(client, writer, **asked)
        assert len(list(reader.pages(lambda: None))) == 100
        assert reader.said[0]


def test_a_pin_is_of_one_token_and_question(
    client, database, account, campaign, writer
) -> None:
    name = Reader(client, writer).page(1).headers["leadwell-snapshot"]
    other = make.a_token(database, account, campaign)
    assert Reader(client, other).page(2, _snapshot=name).status_code == 410
    asked = Reader(client, writer, status="new").page(2, _snapshot=name)
    assert asked.status_code == 410
    assert Reader(client, writer).page(2, _snapshot="x").status_code == 400
    walk = Reader(client, writer, _cursor="start")
    assert (
        walk.client.get(
            URL, params={"_cursor": "start", "_snapshot": name}, headers=walk.headers
        ).json()["errors"][0]["code"]
        == "contradiction"
    )


def test_one_page_needs_no_pin(client, writer, folder: Path) -> None:
    answer = Reader(client, writer, **{"budget[gt]": "5"}).page(1, per_page=50)
    assert "leadwell-snapshot" not in answer.headers
    assert not folder.exists()


def test_the_feed_goes_on_where_a_run_began(client, writer) -> None:
    reader = Reader(client, writer)
    change = statuses_change(client, writer)
    first = reader.page(1)
    change()
    last = reader.page(10)
    assert first.headers["leadwell-watermark"] == last.headers["leadwell-watermark"]
    mirror = Mirror(client, writer)
    mirror.cursor = last.headers["leadwell-cursor"]
    changed = {entry["id"] for entry in mirror.step(500)["data"] if "lead" in entry}
    assert changed == {2, 4, 6, 8, 10}


def test_a_disk_that_refuses_pins_does_not_refuse_pages(
    client, writer, folder: Path
) -> None:
    folder.write_text("no folder")
    reader = Reader(client, writer)
    answer = reader.page(1)
    assert len(answer.json()["data"]) == PER_PAGE
    assert "_snapshot" not in answer.headers["link"]
    assert reader.said == [""]


def test_a_pin_that_is_damaged_is_lost(hub, client, writer, folder: Path) -> None:
    name = Reader(client, writer).page(1).headers["leadwell-snapshot"]
    (folder / name).write_bytes(b"\x93")
    other = Reader(Whole(app(replace(hub, clock=hub.clock))), writer)
    assert other.page(2, _snapshot=name).status_code == 410
