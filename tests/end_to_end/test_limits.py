"""Many requests at once, to a running hub: some are refused early, none is starved."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import make
from tests.effort import noted
from tests.served import KEY, Served, a_folder, a_hub
from tests.sizes import until

LEADS = "/v2/campaigns/362/leads"
NOTE = "x" * 60_000
NOTES = 120
"""Leads of so long a text: more together than the system holds for a connection."""
ROOM = {
    "LEADWELL_IN_FLIGHT_MAX": "6",
    "LEADWELL_TOKEN_IN_FLIGHT_MAX": "4",
    "LEADWELL_LONG_POLLS_MAX": "5",
    "LEADWELL_TOKEN_LONG_POLLS_MAX": "3",
    "LEADWELL_READER_TIMEOUT_S": "1",
    "LEADWELL_CONNECTIONS_MAX": "40",
}


@dataclass(frozen=True)
class House:
    """A hub with three tokens for one campaign."""

    hub: Served
    tokens: tuple[str, ...]

    def request(self, token: str, method: str, path: str, body: str = "") -> str:
        """The text of a request; of a body only its length is said."""
        lines = [f"{method} {path} HTTP/1.1", "Host: x"]
        lines += [f"Authorization: Bearer {token}"]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""])

    def opened(self, raw: str, receive_bytes: int | None = None) -> socket.socket:
        """A connection over which a request was sent."""
        made = socket.socket()
        if receive_bytes is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made.settimeout(20)
        made.connect(("127.0.0.1", self.hub.port))
        made.sendall(raw.encode())
        return made

    def refused(self, reason: str) -> float:
        return self.hub.figure(f'leadwell_limits_met_total{{limit="{reason}"}}')


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("limits")
    made = a_house(folder, **ROOM, **noted())
    yield made
    made.hub.stop()


def a_house(folder: Path, count: int = 3, notes: int = NOTES, **settings: str) -> House:
    first = a_folder(folder)
    database = make.a_database_again(folder / "leads.db")
    with database.reading() as connection:
        account = make.accounts.find_by_id(connection, 1)
        campaign = make.campaigns.known(connection, 362)
    fields = {"name": "J", "project-notes": NOTE}
    make.leads(database, campaign, [{"fields": fields}] * notes)
    others = [
        make.a_token(database, account, campaign, may_write=True, key=KEY)
        for _ in range(count - 1)
    ]
    database.close()
    return House(a_hub(folder, first, **settings), (first, *others))


def answer(opened: socket.socket) -> tuple[int, str]:
    """The status of an answer with a body, and all of its text."""
    data = b""
    while not data.endswith(b"}"):
        received = opened.recv(65_536)
        assert received, data
        data += received
    return int(data.split(b" ", 2)[1]), data.decode()


BODY = json.dumps({"fields": {"name": "Jane"}})


def half_sent(house: House, token: str) -> socket.socket:
    """A request that is worked on until its body is there."""
    opened = house.opened(house.request(token, "POST", LEADS, BODY))
    opened.sendall(BODY[:5].encode())
    return opened


def status(house: House, token: str, path: str = "/v2/me") -> tuple[int, str]:
    with closing(house.opened(house.request(token, "GET", path))) as opened:
        return answer(opened)


def test_so_many_requests_are_worked_on_and_the_next_is_refused_at_once(
    house: House,
) -> None:
    flood, calm, third = house.tokens
    before = house.refused("token_in_flight"), house.refused("in_flight")
    with ExitStack() as stack:
        opened = [stack.enter_context(half_sent(house, flood)) for _ in range(4)]
        until(lambda: status(house, flood)[0] == 429)
        code, text = status(house, flood)
        assert (code, "too_many_at_once" in text) == (429, True)
        assert "retry-after: 1" in text.lower()
        # Others have their share, until all is taken; then half of it is each one's.
        assert status(house, calm)[0] == 200
        opened += [stack.enter_context(half_sent(house, calm)) for _ in range(3)]
        until(lambda: status(house, calm)[0] == 503)
        started = time.monotonic()
        code, text = status(house, calm)
        # It does not wait for room: the bodies have half a minute to arrive.
        assert time.monotonic() - started < 10
        assert (code, '"code":"overloaded"' in text) == (503, True)
        assert "retry-after:" in text.lower()
        # Who has nothing open is not shut out by those who have.
        assert status(house, third)[0] == 200
        # No token, no limit: who is to mend it gets in.
        for path in ("/health/ready", "/login", "/docs/"):
            assert house.hub.get(path, Authorization="").status == 200
        for each in opened:
            each.sendall(BODY[5:].encode())
        assert {answer(each)[0] for each in opened} == {201}
    assert status(house, third)[0] == 200
    after = house.refused("token_in_flight"), house.refused("in_flight")
    assert after[0] > before[0]
    assert after[1] > before[1]


def test_long_polls_are_counted_apart(house: House) -> None:
    flood, calm, third = house.tokens

    def poll(token: str) -> socket.socket:
        cursor = json.loads(
            status(house, token, f"{LEADS}/changes?_from=now")[1].partition("\r\n\r\n")[
                2
            ]
        )["cursor"]
        asked = f"{LEADS}/changes?_cursor={cursor}&_wait=20"
        return house.opened(house.request(token, "GET", asked))

    with ExitStack() as stack:
        opened = [stack.enter_context(poll(flood)) for _ in range(3)]
        until(lambda: house.hub.figure("leadwell_long_polls_open") == 3)
        code, text = answer(stack.enter_context(poll(flood)))
        assert (code, "too_many_at_once" in text) == (429, True)
        opened += [stack.enter_context(poll(calm)) for _ in range(2)]
        until(lambda: house.hub.figure("leadwell_long_polls_open") == 5)
        code, text = answer(stack.enter_context(poll(third)))
        assert (code, '"code":"overloaded"' in text) == (503, True)
        # They are no work: others are answered, and so are they.
        assert status(house, flood)[0] == 200
        body = {"fields": {"name": "Jane"}}
        assert house.hub.request("POST", LEADS, body).status_code == 201
        assert {answer(each)[0] for each in opened} == {200}
    until(lambda: house.hub.figure("leadwell_long_polls_open") == 0)


def test_one_connection_too_many_is_told_so(house: House) -> None:
    token = house.tokens[2]
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(closing(house.opened("")))
        code, text = status(house, token)
        assert (code, '"code":"overloaded"' in text) == (503, True)
        assert "connection: close" in text.lower()
    until(lambda: status(house, token)[0] == 200)
    assert house.refused("connections") > 0


@pytest.mark.parametrize("path", [f"{LEADS}?per_page=1000", f"{LEADS}/export"])
def test_who_does_not_take_an_answer_is_cut_off(house: House, path: str) -> None:
    token, before = house.tokens[2], house.refused("slow_reader")
    with closing(house.opened(house.request(token, "GET", path), 4_096)) as opened:
        until(lambda: house.refused("slow_reader") > before)
        taken = 0
        with suppress(ConnectionError):
            while received := opened.recv(65_536):
                taken += len(received)
    assert taken < NOTES * len(NOTE)
    assert status(house, token)[0] == 200


def test_answers_that_are_left_lying_are_open_requests(house: House) -> None:
    token = house.tokens[1]
    asked = house.request(token, "GET", f"{LEADS}?per_page=1000")
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(closing(house.opened(asked, 4_096)))
        until(lambda: status(house, token)[0] == 429)
        # They are no work: others are not refused for them.
        assert status(house, house.tokens[2])[0] == 200
    until(lambda: status(house, token)[0] == 200)


def test_who_takes_an_answer_slowly_is_not_cut_off(house: House) -> None:
    token, taken = house.tokens[2], b""
    asked = house.request(token, "GET", f"{LEADS}?per_page=1000")
    with closing(house.opened(asked, 65_536)) as opened:
        started = time.monotonic()
        while time.monotonic() - started < 1.6:
            taken += opened.recv(65_536)
            time.sleep(0.02)
        while not taken.endswith(b"}}"):
            taken += opened.recv(1_000_000)
    assert len(taken) > NOTES * len(NOTE)


def test_requests_that_are_sent_ahead_are_answered_in_their_order(house: House) -> None:
    """Many of them wait unread, with bodies between them."""
    token = house.tokens[1]
    page = house.request(token, "GET", f"{LEADS}?per_page=1&name=J")
    write = f"{house.request(token, 'POST', LEADS, BODY)}{BODY}"
    ahead = [
        each.replace("Host: x", f"Host: x\r\nX-Request-ID: {number}", 1)
        for number, each in enumerate([page, write, page] * 60)
    ]
    with closing(house.opened("".join(ahead))) as opened:
        found: list[tuple[str, str]] = []
        text = ""
        while len(found) < len(ahead):
            received = opened.recv(65_536)
            assert received, found
            text += received.decode()
            found = re.findall(r"HTTP/1.1 (\d+).*?x-request-id: (\d+)", text, re.DOTALL)
    told = ["200", "201", "200"] * 60
    assert found == [(status, str(number)) for number, status in enumerate(told)]


def test_who_sends_ahead_without_end_is_cut_off(house: House) -> None:
    """While the first of its requests is answered, the rest of them is in memory."""
    token = house.tokens[1]
    cursor = house.hub.request("GET", f"{LEADS}/changes?_from=now").json()["cursor"]
    wait = house.request(
        house.tokens[0], "GET", f"{LEADS}/changes?_cursor={cursor}&_wait=20"
    )
    more = house.request(token, "GET", f"{LEADS}?per_page=1").encode() * 500
    started = time.monotonic()
    with closing(house.opened(wait)) as opened, suppress(ConnectionError):
        until(lambda: house.hub.figure("leadwell_long_polls_open") == 1)
        for _ in range(100):
            opened.sendall(more)
        assert opened.recv(65_536) == b""
    assert time.monotonic() - started < 15
    until(lambda: house.hub.figure("leadwell_long_polls_open") == 0)
