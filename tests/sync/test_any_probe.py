"""What a service can do is found out, and what it cannot is lived with."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leadwell.client import HubError, Leadwell, Retry
from leadwell.errors import UsageError
from leadwell.sync.any_service import keeping, windows
from leadwell.sync.any_service.lists import Lists, OtherPage
from leadwell.sync.any_service.profile import ARTICLE, Parameters
from leadwell.sync.any_service.removals import Single, judge
from leadwell.sync.any_service.windows import Walk, Window, straddling
from leadwell.sync.errors import BrokenValue
from leadwell.sync.pace import Pace
from leadwell.sync.pulling import Wanted
from leadwell.testing import FaultServer, PlainServer, Reply, Request, faults
from tests.copying import Bench
from tests.elsewhere import QUICK, TOKEN, Elsewhere

Answer = Callable[[Request], Reply]
SCHEMA = {
    "fields": [
        {"slug": "note", "type": "text", "label": "Note"},
        {"slug": "budget", "type": "date", "label": "Budget"},
    ],
    "statuses": [{"slug": "new", "label": "Brand new", "type": "open"}],
}


def pulled(folder: Path, plain: PlainServer, answer: Answer, **how: Any) -> Elsewhere:
    """Pull from a service through a function that changes its answers."""
    with FaultServer(answer) as server:
        place = Elsewhere(plain, server, folder / "l.db")
        place.pull(**how)
    return place


def test_a_service_that_refuses_moments_is_asked_for_days(tmp_path: Path) -> None:
    plain = PlainServer(200)

    def strict(request: Request) -> Reply:
        is_moment = "T" in request.target.partition("updated_after=")[2]
        return faults_of(422) if is_moment else plain(request)

    place = pulled(tmp_path, plain, strict)
    plain.edit(7)
    pulled(tmp_path, plain, strict)
    place.check()


def faults_of(status: int) -> Reply:
    return Reply.json({"message": "no"}, status)


@pytest.mark.parametrize("refused", ["updated_after=", "per_page=1000"])
def test_what_is_refused_for_another_reason_is_told(
    tmp_path: Path, refused: str
) -> None:
    plain = PlainServer(200)

    def broken(request: Request) -> Reply:
        return faults_of(409) if refused in request.target else plain(request)

    with pytest.raises(HubError, match="no"):
        pulled(tmp_path, plain, broken)
    assert not (tmp_path / "l.db").exists()


def test_a_service_without_updated_after_is_read_wholly(tmp_path: Path) -> None:
    plain = PlainServer(200)

    def without(request: Request) -> Reply:
        return faults_of(400) if "updated_after" in request.target else plain(request)

    pulled(tmp_path, plain, without).check()
    named = Parameters(updated_after="")
    pulled(tmp_path, plain, plain, profile=replace(ARTICLE, parameters=named)).check()


def test_a_service_without_per_page_is_read_page_by_page(tmp_path: Path) -> None:
    plain = PlainServer(120, fixed_size=50)
    profile = replace(ARTICLE, parameters=Parameters(per_page=""))
    pulled(tmp_path, plain, plain, profile=profile).check()


def test_few_leads_are_asked_for_again_until_enough_is_known(tmp_path: Path) -> None:
    plain = PlainServer(0)
    for leads in (0, 1, 2, 30):
        while len(plain.held) < leads:
            plain.add()
        place = pulled(tmp_path, plain, plain)
        found = place.rows("SELECT id FROM leads ORDER BY id")
        assert [lead_id for (lead_id,) in found] == sorted(plain.held)
    assert pulled(tmp_path, plain, plain).rows("SELECT count(*) FROM leads") == [(30,)]


@pytest.mark.parametrize("has_page", [True, False])
def test_pages_that_become_smaller_are_noticed(
    tmp_path: Path, *, has_page: bool
) -> None:
    plain = PlainServer(700)

    def total_alone(request: Request) -> Reply:
        reply = plain(request)
        content = json.loads(reply.body)
        if has_page or "pagination" not in content:
            return reply
        total = content["pagination"]["total"]
        body = json.dumps({"data": content["data"], "total": total}).encode()
        return reply.with_body(body)

    pulled(tmp_path, plain, total_alone)
    plain.per_page_max = 100
    for lead_id in range(1, 600):
        plain.edit(lead_id)
    place = pulled(tmp_path, plain, total_alone)
    place.check()


def test_a_total_that_lies_is_not_believed(tmp_path: Path) -> None:
    plain = PlainServer(350, per_page_max=100)

    def lying(request: Request) -> Reply:
        content = json.loads((reply := plain(request)).body)
        if "pagination" in content:
            content["pagination"]["total"] += 20
        return reply.with_body(json.dumps(content).encode())

    place = pulled(tmp_path, plain, lying)
    place.check()
    plain.edit(3)
    pulled(tmp_path, plain, lying).check()


def test_a_service_that_only_answers_another_page_is_told(tmp_path: Path) -> None:
    plain = PlainServer(700)
    place = pulled(tmp_path, plain, plain)

    def stuck(request: Request) -> Reply:
        reply = plain(request)
        if "updated_after" not in request.target:
            return reply
        content = json.loads(reply.body)
        content["pagination"]["page"] = 9
        return reply.with_body(json.dumps(content).encode())

    with pytest.raises(OtherPage, match="page 9"):
        pulled(tmp_path, plain, stuck)
    place.check()


class TestSchema:
    def test_it_says_the_columns_and_what_breaks_it(self, tmp_path: Path) -> None:
        plain = PlainServer(5, schema=SCHEMA)
        place = pulled(tmp_path, plain, plain)
        columns = "SELECT name FROM pragma_table_info('leads')"
        names = [name for (name,) in place.rows(columns)]
        assert names[:5] == ["id", "status", "note", "budget", "_extra"]
        extra = json.loads(place.rows("SELECT _extra FROM leads")[0][0])
        assert extra.keys() == {"name", "email", "source"}
        assert place.rows("SELECT count(*) FROM quarantine") == [(5,)]
        with pytest.raises(BrokenValue):
            pulled(tmp_path, plain, plain, wanted=Wanted(strict=True, full=True))
        pulled(tmp_path, plain, plain, reconcile=True).check()

    @pytest.mark.parametrize(
        "answer",
        [
            Reply(200, {"content-type": "text/html"}, b"<h1>Hello</h1>"),
            Reply.json({"message": "forbidden"}, 403),
            Reply.json({"fields": "none"}),
        ],
    )
    def test_one_that_is_none_is_not_needed(
        self, tmp_path: Path, answer: Reply
    ) -> None:
        plain = PlainServer(5)

        def odd(request: Request) -> Reply:
            return answer if "/schema" in request.target else plain(request)

        pulled(tmp_path, plain, odd).check()

    def test_one_that_cannot_be_asked_now_stops_the_run(self, tmp_path: Path) -> None:
        plain = PlainServer(5)

        def odd(request: Request) -> Reply:
            is_schema = "/schema" in request.target
            return faults_of(401) if is_schema else plain(request)

        with pytest.raises(HubError):
            pulled(tmp_path, plain, odd)
        assert not (tmp_path / "l.db").exists()


def test_a_filter_may_not_name_what_the_walk_asks_for(tmp_path: Path) -> None:
    plain = PlainServer(5)
    with pytest.raises(UsageError, match="updated_after"):
        pulled(tmp_path, plain, plain, wanted=Wanted("updated_after=2025-01-01"))


def test_many_recent_leads_are_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "RECENT_MAX", 3)
    plain = PlainServer(0)
    for _ in range(8):
        plain.add()
    pulled(tmp_path, plain, plain)
    pulled(tmp_path, plain, plain).check()


def test_every_worker_waits_when_the_service_asks_for_it() -> None:
    pace = Pace(gap_s=9)
    assert pace.wait_s() == 0
    assert 0 < pace.wait_s() <= 9
    pace.hold(100)
    assert 90 < pace.wait_s() <= 100
    assert Pace().wait_s() == 0


def test_requests_are_sent_in_turn_and_pauses_are_told() -> None:
    plain = PlainServer(5)
    told: list[HubError] = []
    retry = replace(QUICK, on_pause=lambda error, _: told.append(error))
    with FaultServer(plain) as server, Leadwell(server.url, TOKEN) as client:
        server.plan(faults.RATE_LIMITED_SILENTLY)
        profile = replace(ARTICLE, requests_per_minute=6000)
        lists = Lists(client, 362, profile, [], retry)
        assert len(lists.window(Window(1, 10)).leads) == 5
        assert lists.has(3) is True
        assert lists.has(99) is False
        server.plan(faults.status(422))
        assert lists.has(3) is None
        lists = Lists(client, 362, replace(ARTICLE, lead="", schema=""), [], Retry())
        assert (lists.has(3), lists.schema()) == (None, None)
    assert [error.status for error in told] == [429]


@pytest.mark.parametrize(
    ("has", "before", "is_whole", "gone", "unclear"),
    [
        (False, set(), True, {7}, set()),
        (None, set(), True, set(), {7}),
        (None, {7}, True, {7}, set()),
        (True, set(), True, set(), set()),
        (True, {7}, True, set(), set()),
        # It is there, but the filter may not let it through any more.
        (True, set(), False, set(), {7}),
        (True, {7}, False, {7}, set()),
    ],
)
def test_what_was_not_met_is_gone_only_if_something_says_so(
    *,
    has: bool | None,
    before: set[int],
    is_whole: bool,
    gone: set[int],
    unclear: set[int],
) -> None:
    found = judge(
        {7}, frozenset(before), lambda _: has, cannot_move=False, is_whole=is_whole
    )
    assert (found.gone, found.open) == (gone, unclear)


def test_not_found_means_nothing_where_no_lead_is_found() -> None:
    assert Single(lambda _: False, met=1)(7) is None
    assert Single(lambda _: False, met=None)(7) is None
    assert Single(lambda lead_id: lead_id == 1, met=1)(7) is False


class TestWindows:
    def test_a_window_straddles_where_its_sizes_do_not_divide(self) -> None:
        assert straddling(100, 3, 100) == Window(2, 97)
        assert straddling(2520, 1, 10) is None

    def test_marks_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(windows, "MARKS_MAX", 4)
        walk = Walk(10)
        for mark in range(9):
            walk.know([mark])
        assert walk.last(10) == [6, 7, 8]
        walk.know([9])
        assert walk.last(2) == [8, 9]
        assert walk.last(10) == [6, 7, 8, 9]

    def test_what_is_behind_the_end_is_not_guessed(self) -> None:
        walk = Walk(10)
        assert len(walk.ahead(9, total=35)) < 9
        assert len(walk.ahead(9, total=None)) == 9
        walk.take(Window(1, 2), [1, 2], None)
        walk = Walk(2, offset=2)
        assert walk.ahead(9, total=None) == [Window(1, 1)]
        assert Walk(2, offset=1).ahead(9, total=None) == [Window(1, 2)]


def test_a_hub_needs_no_reconcile_and_a_feed_stays_a_feed(bench: Bench) -> None:
    said = bench.sync("sqlite:l.db", "--reconcile")
    assert (said.code, "leadwell verify" in said.err) == (2, True), said.err
    assert bench.sync("sqlite:l.db", "--workers", "17").code == 2
    assert bench.sync("sqlite:l.db").code == 0
    said = bench.sync("sqlite:l.db", "--profile", "article")
    assert (said.code, "change feed of a hub" in said.err) == (5, True), said.err
    assert bench.sync("sqlite:l.db", "--profile", "article", "--full").code == 0
    said = bench.sync("sqlite:l.db", "--profile", "article", "--max-removals", "-1")
    assert said.code == 2
