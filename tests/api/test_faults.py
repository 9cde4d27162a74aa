"""What is not the client's fault: 500 and 503, and an answer that is cut off."""

from dataclasses import replace
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from leadwell.api.app import app
from leadwell.api.entrance import Entrance
from tests import make
from tests.writer import LIST, Office, Writer, code

BODY = {"fields": {"name": "Jane Doe"}}


def broken() -> Any:
    raise RuntimeError("secret of the inside")


def test_a_fault_shows_nothing_of_the_inside(office: Office, partner: Writer) -> None:
    partner.client = TestClient(app(replace(office.hub, clock=broken)))

    for method, path in [("GET", ""), ("POST", ""), ("DELETE", "/1")]:
        # To draw what is logged for a person would take longer than all the rest.
        with capture_logs() as logged:
            answer = partner.ask(method, path, BODY)
        assert logged
        assert code(answer, 500) == "internal_error"
        assert "secret" not in answer.text
        assert "RuntimeError" not in answer.text
        assert "fixed" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v2/nothing", "/mcp"])
def test_a_fault_behind_a_refusal_is_told_as_one(
    office: Office, partner: Writer, path: str
) -> None:
    partner.add()
    broken = "ALTER TABLE token RENAME TO something_else"
    office.database.write(lambda connection: connection.run(broken)).result()
    with capture_logs() as logged:
        headers = {"Authorization": f"Bearer {partner.token}"}
        answer = partner.client.get(path, headers=headers)
    assert code(answer, 500) == "internal_error"
    assert [line["event"] for line in logged if line["log_level"] == "error"] == [
        "fault"
    ]


def test_a_schema_that_changes_under_a_write_is_try_again(
    office: Office, partner: Writer
) -> None:
    partner.add()

    def clock() -> Any:
        # Between the look at the schema and the write somebody edits the schema.
        bump = "UPDATE campaign SET schema_version = schema_version + 1"
        office.database.write(lambda connection: connection.run(bump)).result()
        return make.MIDNIGHT

    steady, partner.client = (
        partner.client,
        TestClient(app(replace(office.hub, clock=clock))),
    )
    for answer in (
        partner.ask("POST", "", BODY, idempotency_key="a"),
        partner.change(1, {"status": "won"}),
        partner.remove(1),
        partner.batch(BODY),
    ):
        assert code(answer, 503) == "unavailable"
        assert answer.headers["retry-after"] == "2"
    partner.client = steady
    assert partner.total == 1
    answer = partner.ask("POST", "", BODY, idempotency_key="a")
    assert (answer.status_code, answer.json()["data"]["id"]) == (201, 2)


def test_an_answer_that_has_begun_is_only_cut_off(office: Office) -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        broken()

    client = TestClient(Entrance(half, office.hub), raise_server_exceptions=False)

    answer = client.get("/health/live")

    assert (answer.status_code, answer.content) == (200, b"")


def test_what_is_no_request_passes_through(office: Office) -> None:
    with TestClient(app(office.hub)) as client:
        assert client.get("/health/live").status_code == 200


def test_a_query_that_cannot_be_read_needs_a_token_first(office: Office) -> None:
    client = TestClient(app(office.hub))

    assert code(client.get(f"{LIST}?a=%zz"), 401) == "not_authenticated"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_waiting_for_who_hangs_up_has_no_deadline(
    office: Office, partner: Writer, method: str
) -> None:
    # A reader that waits looks whether it is still there long after its body came.
    limits = replace(office.hub.limits, body_timeout_s=0.05)
    seen: list[str] = []

    async def patient(scope: Any, receive: Any, send: Any) -> None:
        del scope, send
        seen.append((await receive())["type"])
        await anyio.sleep(0.1)
        seen.append((await receive())["type"])

    async def run() -> None:
        messages = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            raise AssertionError(message)

        scope = {"type": "http", "method": method, "path": LIST, "query_string": b""}
        headers = [(b"authorization", f"Bearer {partner.token}".encode())]
        entrance = Entrance(patient, replace(office.hub, limits=limits))
        await entrance(scope | {"headers": headers}, receive, send)

    anyio.run(run)

    assert seen == ["http.request", "http.disconnect"]
