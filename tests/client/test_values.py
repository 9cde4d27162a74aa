"""The pure part: decisions and readings that need no hub."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.client import Lead, Retry
from leadwell.client.errors import HubError, RateLimited, Told, UnexpectedAnswer
from leadwell.client.feed import Changes
from leadwell.client.lead import Kinds, read, value
from leadwell.client.wire import address
from leadwell.client.wire.answer import Answer, Fault, checked, decoded
from leadwell.client.wire.arriving import allowed_s
from leadwell.errors import UsageError

NOW = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)


def an_answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, {"content-type": "application/json"} | named, body, NOW)


@given(
    tries=st.integers(1, 20),
    roll=st.floats(0, 1),
    asked_s=st.none() | st.floats(0, 10**6),
)
def test_a_pause_is_bounded_and_obeys_the_hub(
    tries: int, roll: float, asked_s: float | None
) -> None:
    retry = Retry()
    error = RateLimited("busy", Told(429, retry_after_s=asked_s))
    pause_s = retry.pause_s(error, tries, roll)
    if tries >= retry.tries_max or (asked_s or 0) > retry.retry_after_max_s:
        assert pause_s is None
    else:
        assert pause_s is not None
        assert pause_s >= max(retry.first_s, asked_s or 0)
        assert pause_s <= max(retry.longest_s, asked_s or 0)


@given(tries=st.integers(1, 7), roll=st.floats(0, 1))
def test_what_does_not_pass_is_not_waited_for(tries: int, roll: float) -> None:
    assert Retry().pause_s(HubError("no"), tries, roll) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("Mon, 23 Nov 2026 09:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 08:00:00 GMT", 0),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_http_means_it(text: str, seconds: float | None) -> None:
    with pytest.raises(HubError) as caught:
        checked(an_answer(429, retry_after=text))
    assert caught.value.retry_after_s == seconds


def test_a_date_is_compared_with_the_clock_of_who_sent_it() -> None:
    until = "Mon, 23 Nov 2026 12:00:30 GMT"
    sent = "Mon, 23 Nov 2026 12:00:00 GMT"
    with pytest.raises(HubError) as caught:
        checked(an_answer(503, retry_after=until, date=sent))
    assert caught.value.retry_after_s == 30


@given(status=st.integers(100, 599), body=st.binary(), kind=st.text())
def test_no_answer_makes_anything_but_an_error_of_ours(
    status: int, body: bytes, kind: str
) -> None:
    answer = Answer(status, {"content-type": kind}, body, NOW)
    with contextlib.suppress(HubError):
        decoded(checked(answer), Changes)


@given(
    problem=st.dictionaries(
        st.sampled_from(["code", "detail", "errors"]),
        st.text()
        | st.integers(-(2**53), 2**53)
        | st.lists(st.text() | st.dictionaries(st.text(), st.text())),
    )
)
def test_a_strange_problem_is_still_one(problem: dict[str, Any]) -> None:
    with pytest.raises(HubError) as caught:
        checked(an_answer(400, msgspec.json.encode(problem)))
    assert caught.value.problem_document == problem


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('<https://a/b?c=1,2>; rel="next"', "https://a/b?c=1,2"),
        ('<x>; rel="first", <y>; title="a, b; c"; rel=next', "y"),
        ('<x>; rel="prev next"', "x"),
        ('<x>; rel="nextish"', None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_links_are_read_as_written(header: str, found: str | None) -> None:
    assert an_answer(link=header).links.get("next") == found


@pytest.mark.parametrize(
    ("url", "base", "campaign_id"),
    [
        ("https://a.example", "https://a.example", None),
        ("https://a.example/hub/", "https://a.example/hub", None),
        ("https://a.example/hub/v2", "https://a.example/hub", None),
        ("https://a.example/v2/campaigns/362", "https://a.example", 362),
        ("https://a.example/hub/v2/campaigns/7/leads", "https://a.example/hub", 7),
        ("http://[::1]:8362/campaigns/7/leads/", "http://[::1]:8362", 7),
    ],
)
def test_an_address_may_name_a_campaign(
    url: str, base: str, campaign_id: int | None
) -> None:
    assert address.read(url) == address.Address(base, campaign_id)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lw_abc_def",
        "ftp://a",
        "https://",
        "https://u:p@a",
        "https://a?x=1",
        "https://a#b",
        "https://a\\b",
        "https://a:0",
        "https://a:x",
        "https://a b",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        address.read(url)
    assert len(url) < 9 or url not in caught.value.detail


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("https://a.example/v2/x?page=2", "https://a.example/v2/x?page=2"),
        ("https://A.example:443/v2/x#f", "https://a.example/v2/x"),
        ("?page=2", "https://a.example/v2/here?page=2"),
        ("//a.example/x", "https://a.example/x"),
        ("http://a.example/x", None),
        ("https://a.example:444/x", None),
        ("https://a.example.attacker.example/x", None),
        ("https://a.example@attacker.example/x", None),
        ("https://u@a.example/x", None),
        ("//attacker.example/x", None),
        ("https://localhost/x", None),
        ("https://[::1", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_link_is_followed_to_the_same_hub_only(
    link: str, leads_to: str | None
) -> None:
    hub = address.read("https://a.example")
    assert hub.onward("https://a.example/v2/here", link) == leads_to


def test_the_names_of_this_machine_are_one() -> None:
    hub = address.read("http://localhost:8362")
    found = hub.onward(hub.url, "http://127.0.0.1:8362/v2/x?page=2")
    assert found == "http://localhost:8362/v2/x?page=2"
    assert hub.onward(hub.url, "http://127.0.0.1:8363/x") is None


@given(received=st.integers(0, 10**8))
def test_a_slow_line_gets_its_time(received: int) -> None:
    assert allowed_s(30, received) >= 30 + received / 10_000


def a_raw_lead(**changes: Any) -> dict[str, Any]:
    stamp = "2026-11-23T09:13:58.402117Z"
    metadata = {"campaign_id": 362, "version": 7, "source_updated_at": None}
    made = {"id": 1, "fields": {"name": "Jane"}, "metadata": metadata}
    return made | {"created_at": stamp, "updated_at": stamp} | changes


def test_what_a_newer_hub_adds_is_kept() -> None:
    raw = a_raw_lead(temperature="hot")
    raw["fields"]["place"] = {"lat": 1}
    lead = read(raw, Kinds("k1", {"name": "text", "place": "location"}))
    assert isinstance(lead, Lead)
    assert lead["place"] == {"lat": 1}
    assert lead.raw["temperature"] == "hot"
    assert (lead.status, lead.assigned_person, lead.external_id) == (None, None, None)


@pytest.mark.parametrize("kind", ["decimal", "date", "datetime", "select", "other"])
@pytest.mark.parametrize("given_value", ["nonsense", 7, [], {}, None, True])
def test_a_value_that_cannot_be_read_is_kept_as_it_came(
    kind: str, given_value: Any
) -> None:
    held = value(given_value, kind)
    assert held == given_value or kind == "decimal"


def test_a_fault_that_lasts_says_so() -> None:
    with pytest.raises(HubError) as caught:
        checked(Fault("no safe connection", may_pass=False))
    assert not caught.value.may_pass
    with pytest.raises(UnexpectedAnswer):
        checked(Fault("cannot be unpacked", is_answer_broken=True))
