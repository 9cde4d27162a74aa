"""What goes wrong between a client and a hub, each as one way to answer."""

import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from leadwell.testing.exchange import Exchange, Reply

PAGE = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. Add your own: `Fault("mine", "…", function)`."""

    name: str
    meaning: str
    play: Callable[[Exchange], None]


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    """Return a fault that answers a status, with `retry_after="1"` and the like."""

    def play(exchange: Exchange) -> None:
        exchange.send(Reply(code, body=body).with_headers(**headers))

    return Fault(f"status_{code}", f"the answer is a {code}", play)


def problem(code: int, name: str, **headers: str) -> Fault:
    """Return a fault that answers a problem document, as a hub does."""
    content: dict[str, object] = {
        "code": name,
        "status": code,
        "detail": f"it was {name}",
        "errors": [],
    }
    kind = "application/problem+json"
    reply = Reply.json(content, code, **headers).with_headers(content_type=kind)
    return Fault(f"problem_{code}", f"a hub's {code}", lambda x: x.send(reply))


def until(seconds: int) -> str:
    """Return an HTTP date that many seconds from now, for `Retry-After`."""
    return formatdate(time.time() + seconds, usegmt=True)


def _reset(exchange: Exchange) -> None:
    exchange.reset()


def _hang_up(exchange: Exchange) -> None:
    exchange.hang_up()


def _part(exchange: Exchange) -> bytes:
    reply = exchange.true_reply()
    length = str(len(reply.body))
    exchange.head(reply.with_headers(content_length=length))
    return reply.body[: len(reply.body) // 2]


def _reset_within(exchange: Exchange) -> None:
    exchange.raw(_part(exchange))
    exchange.reset()


def _short(exchange: Exchange) -> None:
    exchange.raw(_part(exchange))
    exchange.hang_up()


DRIPS, DRIP_S = 100, 0.1


def _slow(exchange: Exchange) -> None:
    part = _part(exchange)
    for place in range(DRIPS):
        exchange.raw(part[place : place + 1])
        time.sleep(DRIP_S)
    exchange.hang_up()


def _silent(exchange: Exchange) -> None:
    time.sleep(DRIPS * DRIP_S)
    exchange.hang_up()


def _cut_json(exchange: Exchange) -> None:
    reply = exchange.true_reply()
    exchange.send(reply.with_body(reply.body[: len(reply.body) // 2]))


def _empty(exchange: Exchange) -> None:
    exchange.send(exchange.true_reply().with_body(b""))


def _other_shape(exchange: Exchange) -> None:
    exchange.send(Reply.json({"items": [], "ok": True}))


def _wrong_type(exchange: Exchange) -> None:
    exchange.send(exchange.true_reply().with_headers(content_type="text/html"))


def _page_for_people(exchange: Exchange) -> None:
    exchange.send(Reply(200, {"content-type": "text/html"}, PAGE))


def _cut_gzip(exchange: Exchange) -> None:
    reply = exchange.true_reply()
    packed = gzip.compress(reply.body)
    cut = reply.with_body(packed[: len(packed) * 2 // 3])
    exchange.send(cut.with_headers(content_encoding="gzip"))


def _spoilt_gzip(exchange: Exchange) -> None:
    reply = exchange.true_reply().with_body(b"\x1f\x8b no gzip at all")
    exchange.send(reply.with_headers(content_encoding="gzip"))


def _foreign_next(exchange: Exchange) -> None:
    link = '<http://attacker.example/v2/campaigns/362/leads?page=2>; rel="next"'
    exchange.send(exchange.true_reply().with_headers(link=link))


def _redirected(exchange: Exchange) -> None:
    location = "http://attacker.example/v2/campaigns/362/leads"
    exchange.send(Reply(302, {"location": location}))


def _redirected_in_a_circle(exchange: Exchange) -> None:
    location = f"{exchange.own_url}{exchange.request.target}"
    exchange.send(Reply(307, {"location": location}))


HUGE_CHARACTERS = 10 * 2**20


def _altered(exchange: Exchange, change: Callable[[dict[str, Any]], None]) -> None:
    """Answer with other JSON than the true one; what is no list of data stays."""
    reply = exchange.true_reply()
    content: Any = json.loads(reply.body or b"{}")
    if isinstance(content.get("data"), list):
        change(content)
        reply = reply.with_body(json.dumps(content).encode())
    exchange.send(reply)


def _doubled(content: dict[str, Any]) -> None:
    content["data"] = [each for each in content["data"] for _ in range(2)]


def _turned(content: dict[str, Any]) -> None:
    content["data"].reverse()


def _lying(content: dict[str, Any]) -> None:
    for numbers in (content, content.get("pagination", {})):
        for name in ("count", "total", "total_pages"):
            if isinstance(numbers.get(name), int):
                numbers[name] = numbers[name] * 2 + 7


def _huge(content: dict[str, Any]) -> None:
    for each in content["data"][:1]:
        fields = (each.get("lead") or each).get("fields", {})
        for name in [n for n, value in fields.items() if isinstance(value, str)][:1]:
            fields[name] = "x" * HUGE_CHARACTERS


def _stale(exchange: Exchange) -> None:
    exchange.send(exchange.last_reply or exchange.true_reply())


def _other_clock(exchange: Exchange) -> None:
    exchange.send(exchange.true_reply().with_headers(date=until(-600)))


RATE_LIMITED = problem(429, "rate_limited", retry_after="1")
RATE_LIMITED_SILENTLY = status(429)
INTERNAL_ERROR = problem(500, "internal_error")
BAD_GATEWAY = status(502, PAGE, content_type="text/html")
UNAVAILABLE = problem(503, "unavailable", retry_after="1")
RESET = Fault("reset", "the connection is reset before an answer", _reset)
HUNG_UP = Fault("hung_up", "the connection ends before an answer", _hang_up)
RESET_WITHIN = Fault("reset_within", "it is reset within the body", _reset_within)
SHORT = Fault("short", "it ends before the body does", _short)
SLOW = Fault("slow", "the body comes byte by byte, ten a second", _slow)
SILENT = Fault("silent", "no answer comes for ten seconds", _silent)
CUT_JSON = Fault("cut_json", "a 200 with half of its JSON", _cut_json)
EMPTY = Fault("empty", "a 200 without a body", _empty)
OTHER_SHAPE = Fault("other_shape", "a 200 with other JSON", _other_shape)
WRONG_TYPE = Fault("wrong_type", "a 200 of text/html, which is JSON", _wrong_type)
PAGE_FOR_PEOPLE = Fault("page_for_people", "a 200 with HTML", _page_for_people)
CUT_GZIP = Fault("cut_gzip", "a 200 with two thirds of its gzip", _cut_gzip)
SPOILT_GZIP = Fault("spoilt_gzip", "a 200 with gzip that is none", _spoilt_gzip)
FOREIGN_NEXT = Fault("foreign_next", "the next page is elsewhere", _foreign_next)
REDIRECTED = Fault("redirected", "a redirect to another host", _redirected)
REDIRECTED_IN_A_CIRCLE = Fault(
    "redirected_in_a_circle", "a redirect to itself", _redirected_in_a_circle
)
REVOKED = problem(401, "invalid_token")
DOUBLED = Fault("doubled", "all of a page comes twice", lambda x: _altered(x, _doubled))
TURNED = Fault(
    "turned", "a page comes in another order", lambda x: _altered(x, _turned)
)
LYING = Fault("lying", "counts and totals are wrong", lambda x: _altered(x, _lying))
HUGE = Fault("huge", "a text of ten megabytes", lambda x: _altered(x, _huge))
STALE = Fault("stale", "an earlier answer to that question comes again", _stale)
OTHER_CLOCK = Fault("other_clock", "the hub is ten minutes late", _other_clock)

LIES: tuple[Fault, ...] = (DOUBLED, TURNED, LYING, HUGE, STALE, OTHER_CLOCK)
"""Whole answers that are not true: none shows by itself, and none may lose by them."""

FAULTS: tuple[Fault, ...] = (
    RATE_LIMITED,
    RATE_LIMITED_SILENTLY,
    INTERNAL_ERROR,
    BAD_GATEWAY,
    UNAVAILABLE,
    RESET,
    HUNG_UP,
    RESET_WITHIN,
    SHORT,
    SLOW,
    SILENT,
    CUT_JSON,
    EMPTY,
    OTHER_SHAPE,
    WRONG_TYPE,
    PAGE_FOR_PEOPLE,
    CUT_GZIP,
    SPOILT_GZIP,
    FOREIGN_NEXT,
    REDIRECTED,
    REDIRECTED_IN_A_CIRCLE,
)
"""Every fault there is, but a connection that is refused: `FaultServer.refusing`."""
