"""Asks a whole hub, and looks at what is told, and logged, of a bad request."""

import re
from typing import Any

from starlette.testclient import TestClient
from structlog.testing import capture_logs

from leadwell.admin import app as admin
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.mcp import over_http
from tests.asking import Whole
from tests.bad.row import Bad
from tests.bad.stage import PRIVATE, TYPED, Stage

URL = "https://hub.example"
KEYS = ["type", "title", "status", "detail", "code", "errors", "request_id", "message"]
INSIDE = re.compile(r"Traceback|File \"|\.py\b|site-packages|apsw|psycopg|SELECT ")
"""What tells of the code."""


def whole(hub: Hub) -> TestClient:
    """All that a hub answers: the API, the tools of assistants, pages for people."""
    beside = Beside(over_http.answer, admin.leads(hub), admin.routes(hub))
    client = Whole(app(hub, beside=beside))
    client.follow_redirects = False
    return client


def ask(client: TestClient, stage: Stage, row: Bad) -> Any:
    """Send a row; nothing inside or personal is told by what comes of it."""
    with capture_logs() as logs:
        answer = client.send(stage.request(row, URL))
    told = f"{answer.headers} {answer.text}"
    assert not INSIDE.search(told)
    assert [each for each in logs if each["event"] == "request"]
    assert {each["log_level"] for each in logs} <= {"info", "debug"}, logs
    for secret in (*PRIVATE, *stage.tokens.values()):
        # Who is signed in may see the lead, on a page that waits to be mended.
        assert secret not in (f"{logs}" if row.who == "person" else f"{told} {logs}")
    assert TYPED not in f"{logs}"
    return answer


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The contract's error (CONTRACT §7), checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    assert list(document) == KEYS
    assert document["type"] == f"{URL}/docs/errors/{code}"
    assert document["code"] == code
    assert document["status"] == status
    assert document["title"]
    assert document["detail"] == document["message"] != ""
    assert document["request_id"] == answer.headers["x-request-id"]
    for each in document["errors"]:
        assert {"code", "message"} <= each.keys()
        assert ("parameter" in each) != ("pointer" in each)
        assert len(each.get("value") or "") <= 200
    return document


def _has_hint(document: dict[str, Any]) -> bool:
    """Whether it says what to do, or what is allowed."""
    return bool("; " in document["detail"] or document["errors"])


def check(client: TestClient, stage: Stage, row: Bad) -> None:
    """Require that a row is refused as it says, and that the hub goes on."""
    answer = ask(client, stage, row)
    assert answer.status_code == row.status, answer.text
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert row.says in answer.text
    elif answer.content:
        document = problem(answer, row.status, row.code)
        assert row.says in document["detail"]
        assert _has_hint(document), document["detail"]
        places = {e.get("parameter", e.get("pointer")) for e in document["errors"]}
        assert not row.at or places == {row.at}
    good = client.send(stage.good(URL))
    assert good.status_code == 200
    assert good.json()["pagination"]["total"] == 1
