"""What a hub tells of itself names nobody: not in a log line, a figure, or a fault."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from leadwell import server
from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.errors import Refused
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.server import logs
from leadwell.settings import Settings
from leadwell.store.connection import Database
from leadwell.store.engines.sqlite import SQLiteDatabase
from tests import make
from tests.desk import Desk, a_user

NAME = "Zebulonquixote"
SECRET = "a secret of the operator"
FIELDS = {"name": NAME, "email": f"{NAME}@example.com", "budget": NAME}
BODY = {"fields": FIELDS, "external_id": NAME, "status": NAME}
GOOD = {"fields": {"name": NAME}, "external_id": NAME}
HEADERS = {"Idempotency-Key": NAME, "User-Agent": NAME, "If-None-Match": f'"{NAME}"'}
QUERY = f"name={NAME}&{NAME}={NAME}&_q={NAME}&_cursor={NAME}&per_page={NAME}"


@pytest.fixture
def hub(hub: Hub) -> Hub:
    return replace(hub, metrics_token=SECRET)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What a hub would write to its log."""
    before, written = structlog.get_config(), io.StringIO()
    structlog.configure(
        processors=logs.processors(),
        logger_factory=structlog.WriteLoggerFactory(written),
        cache_logger_on_first_use=False,
    )
    try:
        yield written
    finally:
        structlog.configure(**before)


@pytest.fixture
def browser(hub: Hub, account: Account, campaign: Campaign) -> Desk:
    """An administrator at all that a hub answers; the campaign has a lead."""
    make.a_lead(hub.database, campaign, fields={"name": NAME})
    made = TestClient(
        app(hub, beside=server.beside(hub, Settings())),
        base_url=hub.public_url,
        raise_server_exceptions=False,
    )
    return Desk.of(hub, made, a_user(hub, account, Role.ADMINISTRATOR))


def questions(hub: Hub) -> Iterator[tuple[str, str]]:
    """Every path and method, with the person in each place for a text in a path."""
    whole: Any = app(hub, beside=server.beside(hub, Settings()))
    for route in whole._inside.routes:
        path = route.path.replace("{campaign_id:id}", "362")
        path = re.sub(r"\{[^}]+:id\}", "1", path)
        for method in {*(getattr(route, "methods", None) or ()), "PUT"} - {"HEAD"}:
            yield re.sub(r"\{[^}]+\}", NAME, path), method


def ask(desk: Desk, token: str, path: str, method: str, body: Any = BODY) -> Any:
    by_token = path.startswith(("/v2", "/leads", "/docs", "/mcp"))
    headers = HEADERS | ({"Authorization": f"Bearer {token}"} if by_token else {})
    url = f"{path}?{QUERY}" if body is BODY else path
    if by_token or method == "GET":
        sent = None if method == "GET" else body
        return desk.client.request(method, url, json=sent, headers=headers)
    given = {"_word": desk.word, "name": NAME, "email": FIELDS["email"], "do": "look"}
    return desk.client.request(method, url, data=given, headers=headers)


def check(desk: Desk, written: io.StringIO) -> list[dict[str, Any]]:
    """Hold what was logged, and what is counted, to naming nobody."""
    headers = {"Authorization": f"Bearer {SECRET}"}
    figures = desk.client.get("/metrics", headers=headers)
    assert figures.status_code == 200
    text = written.getvalue()
    for line in (*text.splitlines(), *figures.text.splitlines()):
        assert NAME.casefold() not in line.casefold()
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_route_tells_of_anybody_whatever_is_asked(
    browser: Desk, hub: Hub, database: Database, account: Account, campaign: Campaign
) -> None:
    token = make.a_token(database, account, campaign, may_write=True)
    with logged() as written:
        answers = [ask(browser, token, path, method) for path, method in questions(hub)]
    assert len(answers) > 100
    assert not [each for each in answers if each.status_code >= 500]
    lines = check(browser, written)
    assert len([line for line in lines if line["event"] == "request"]) >= len(answers)


def quoting() -> None:
    raise ValueError(f"Key (email)=({NAME}) already exists")


def broken() -> datetime:
    try:
        quoting()
    except ValueError as error:
        raise RuntimeError(f"no {NAME}") from error
    return make.MIDNIGHT


def test_a_fault_is_logged_without_what_its_errors_say(
    browser: Desk, hub: Hub, database: Database, account: Account, campaign: Campaign
) -> None:
    token = make.a_token(database, account, campaign, may_write=True)
    whole = app(replace(hub, clock=broken, metrics_token=SECRET))
    other = replace(browser, client=TestClient(whole, base_url=hub.public_url))
    with logged() as written:
        answer = ask(other, token, "/v2/campaigns/362/leads", "POST", GOOD)
    assert answer.status_code == 500
    assert NAME not in answer.text
    (fault,) = [line for line in check(browser, written) if line["event"] == "fault"]
    assert fault["exception"].startswith("builtins.RuntimeError()\n")
    assert "builtins.ValueError()\n" in fault["exception"]
    assert "in broken" in fault["exception"] or " broken: raise" in fault["exception"]


def fail_with_values(database: Database) -> None:
    """Have the database refuse rows in words that quote them."""
    if isinstance(database, SQLiteDatabase):
        sql = """
            CREATE TRIGGER refuses BEFORE INSERT ON lead
            BEGIN SELECT RAISE(ABORT, NEW.fields); END
        """
    else:
        sql = "ALTER TABLE lead ADD CONSTRAINT refuses CHECK (external_id <> 'x')"
    if not isinstance(database, SQLiteDatabase):
        sql = sql.replace("'x'", f"'{NAME}'")
    database.write(lambda c: c.run(sql)).result()


def test_what_a_driver_says_of_a_row_is_told_to_nobody(
    browser: Desk, hub: Hub, database: Database, account: Account, campaign: Campaign
) -> None:
    token = make.a_token(database, account, campaign, may_write=True)
    fail_with_values(database)
    with logged() as written:
        answer = ask(browser, token, "/v2/campaigns/362/leads", "POST", GOOD)
    assert answer.status_code == 500
    assert NAME not in answer.text
    (fault,) = [line for line in check(browser, written) if line["event"] == "fault"]
    # Of what a worker of a cluster refused, the coordinator names no constraint.
    said = "sqlstate=23514, constraint=(refuses|None)|extendedresult=1811"
    assert re.search(said, fault["exception"])


def test_what_libraries_and_threads_say_is_told_without_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logging.getLogger("of.a.library")
    log.propagate = False
    log.addHandler(handler := logs.Handler())
    try:
        try:
            quoting()
        except ValueError:
            log.exception("Exception in %s\nfuture: <%s>", NAME, NAME)
        lines = (
            "Traceback (most recent call last):",
            "  File x",
            f"ValueError: {NAME}",
        )
        log.error("\n".join(lines))
        log.warning("")
        group = ExceptionGroup(NAME, [OSError(28, NAME, NAME), Refused(NAME)])
        log.error("several", exc_info=group)
        with logged() as written:
            logs._hooked(RuntimeError, RuntimeError(NAME), None)
            logs._hooked(KeyboardInterrupt, KeyboardInterrupt(), None)
    finally:
        log.removeHandler(handler)
    told = capsys.readouterr().err
    first, second, third, fourth = map(json.loads, told.splitlines())
    assert NAME not in told + written.getvalue()
    assert first["event"] == "Exception in %s"
    assert second["event"].splitlines()[1:] == ["  File x", "ValueError"]
    assert third["event"] == ""
    assert "errno=ENOSPC" in fourth["exception"]
    assert "code=refused" in fourth["exception"]
    assert json.loads(written.getvalue())["exception"] == "builtins.RuntimeError()"
    assert sys.excepthook is not logs._hooked
