"""A clock that is put ahead by days stops writes; time that passes does not."""

import os
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.errors import Refused
from leadwell.schema.times import microseconds
from leadwell.server import hub_of
from leadwell.server.auditing import Auditor, Pace
from leadwell.server.clock import (
    APART_MAX,
    QUIET_MAX,
    JumpGuard,
    apart_s,
    check_against,
    elapsed_s,
    now,
)
from leadwell.server.upkeep import Upkeep
from leadwell.settings import Settings
from leadwell.store.connection import Connection
from tests import make
from tests.asking import Whole

LIST = "/v2/campaigns/362/leads"
HOUR = timedelta(hours=1)


@dataclass
class Machine:
    """A machine whose clock can be set, and whose running time cannot."""

    clock: make.Clock = field(default_factory=make.Clock)
    started: float = 5_000.0

    def elapsed(self) -> float:
        return self.started

    def wait(self, span: timedelta) -> None:
        self.clock.now += span
        self.started += span.total_seconds()

    def set_ahead(self, span: timedelta) -> None:
        self.clock.now += span


@pytest.fixture
def machine() -> Machine:
    return Machine()


def a_hub(database: Any, machine: Machine) -> Hub:
    guard = JumpGuard(machine.clock, machine.elapsed)
    return Hub(database, make.KEYS, machine.clock, "https://hub", guard=guard)


def a_client(database: Any, machine: Machine) -> TestClient:
    return Whole(app(a_hub(database, machine)))


@pytest.fixture
def token(database, account, campaign) -> str:
    return make.a_token(database, account, campaign, may_write=True)


def post(client: TestClient, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return client.post(LIST, json={"fields": {"name": "J"}}, headers=headers)


def test_a_jump_stops_every_write_and_no_read(database, machine, token) -> None:
    client = a_client(database, machine)
    headers = {"Authorization": f"Bearer {token}"}
    assert post(client, token).status_code == 201
    machine.set_ahead(25 * HOUR)
    body = {"fields": {"name": "J"}}
    for method, path, given in [
        ("POST", "", body),
        ("PATCH", "/1", {"fields": {"name": "Other"}}),
        ("DELETE", "/1", None),
        ("POST", "/batch", {"leads": [body]}),
    ]:
        answer = client.request(method, LIST + path, json=given, headers=headers)
        assert answer.status_code == 503
        assert answer.json()["code"] == "unavailable"
        assert "restarts the hub" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0
    for path in ("", "/1", "/changes", "/digest"):
        assert client.get(LIST + path, headers=headers).status_code == 200
    changes = client.get(f"{LIST}/changes", headers=headers).json()
    cursor = {"_cursor": changes["cursor"]}
    again = client.get(f"{LIST}/changes", params=cursor, headers=headers)
    assert again.status_code == 200
    assert [(x["id"], x["version"]) for x in changes["data"]] == [(1, 1)]


def test_a_hub_that_was_idle_for_long_goes_on(database, machine, token) -> None:
    client = a_client(database, machine)
    assert post(client, token).status_code == 201
    machine.wait(100 * HOUR)
    assert post(client, token).status_code == 201


def test_a_clock_that_is_put_right_is_believed_again(database, machine, token) -> None:
    client = a_client(database, machine)
    machine.set_ahead(400 * HOUR)
    assert post(client, token).status_code == 503
    machine.set_ahead(-399 * HOUR)
    assert post(client, token).status_code == 201


def test_a_clock_that_is_not_believed_removes_nothing_old(
    database, machine, token, tmp_path: Path
) -> None:
    hub = replace(a_hub(database, machine), pins_folder=tmp_path / "pins")
    client = TestClient(app(hub))
    assert post(client, token).status_code == 201
    client.get(LIST, headers={"Authorization": f"Bearer {token}"})
    auditor = Auditor(hub, Pace(days=30))
    auditor.look()
    before = kept(database)
    assert all(before.values())
    hub.uploads.mkdir()
    upload = hub.uploads / "sent.csv"
    upload.touch()
    # To the clock that was put ahead it is old.
    os.utime(upload, (0, 0))
    machine.set_ahead(timedelta(days=400))
    auditor._cut_at = 0.0
    auditor.look()
    Upkeep(hub, history_days=30)._look()
    assert kept(database) == before
    assert upload.exists()
    # Once somebody has confirmed it, what is too old goes.
    hub = replace(a_hub(database, machine), pins_folder=tmp_path / "pins")
    Auditor(hub, Pace(days=30)).look()
    Upkeep(hub, history_days=30)._look()
    after = kept(database)
    assert after["lead_history"] == 0
    assert after["audit"] < before["audit"]
    assert not upload.exists()


def test_two_clocks_that_are_far_apart_remove_nothing_old(
    database, machine, token
) -> None:
    hub = a_hub(database, machine)
    assert post(TestClient(app(hub)), token).status_code == 201
    Auditor(hub).look()
    before = kept(database)
    machine.wait(timedelta(days=400))
    apart = replace(hub, agreed_clock=lambda: microseconds(make.MIDNIGHT))
    with capture_logs() as logs:
        Auditor(apart, Pace(days=30)).look()
        Upkeep(apart, history_days=30)._look()
    assert kept(database) == before
    told = [line["ahead_s"] for line in logs if line["event"] == "clock_differs"]
    assert told == [400 * 86_400] * 2


def kept(database: Any) -> dict[str, int]:
    """Count what is removed when it is too old."""
    tables = ("lead_history", "audit")
    with database.reading() as connection:
        return {
            each: connection.rows(f"SELECT count(*) FROM {each}")[0][0]  # noqa: S608
            for each in tables
        }


def test_small_corrections_pass_and_add_up(database, machine, token) -> None:
    client = a_client(database, machine)
    machine.set_ahead(23 * HOUR)
    assert post(client, token).status_code == 201
    machine.wait(48 * HOUR)
    machine.set_ahead(23 * HOUR)
    assert post(client, token).status_code == 503


def test_a_clock_that_is_put_back_stops_nothing(database, machine, token) -> None:
    client = a_client(database, machine)
    first = post(client, token).json()["data"]["updated_at"]
    machine.set_ahead(-1_000 * HOUR)
    assert post(client, token).json()["data"]["updated_at"] > first


def test_a_restart_confirms_the_clock(database, machine, token) -> None:
    client = a_client(database, machine)
    machine.set_ahead(1_000 * HOUR)
    assert post(client, token).status_code == 503
    assert post(a_client(database, machine), token).status_code == 201


def test_a_hub_as_it_is_served_watches_its_clock(tmp_path: Path) -> None:
    hub = hub_of(Settings(database=f"sqlite:///{tmp_path}/leads.db"))
    assert isinstance(hub.guard, JumpGuard)
    assert hub.now <= hub.moment
    hub.database.close()


def test_the_running_time_of_the_machine_goes_with_its_clock() -> None:
    clock, passed = now(), elapsed_s()
    ahead = (now() - clock).total_seconds() - (elapsed_s() - passed)
    assert abs(ahead) < 1


def test_a_command_looks_at_its_clock(database) -> None:
    """A server has a clock of its own; what was noted speaks on both databases."""
    here = now()

    def noted(connection: Connection) -> None:
        connection.run(
            "UPDATE migration SET applied_at = :at", {"at": microseconds(here)}
        )

    database.write(noted).result()
    check_against(database, here)
    check_against(database, here + 0.9 * APART_MAX)
    check_against(database, here - 0.9 * APART_MAX)
    with pytest.raises(Refused) as behind:
        check_against(database, here - 1.1 * APART_MAX)
    with pytest.raises(Refused) as ahead:
        check_against(database, here + 1.1 * QUIET_MAX)
    assert "--clock-is-right" in (ahead.value.hint or "")
    if database.is_remote:
        assert "and the database's" in behind.value.message
        assert "and the database's" in ahead.value.message
        with pytest.raises(Refused, match="the database's"):
            check_against(database, here + 1.1 * APART_MAX)
    else:
        assert "was noted at" in behind.value.message
        assert "may have been put ahead" in ahead.value.message
        check_against(database, here + 0.9 * QUIET_MAX)


def test_two_clocks_are_far_apart_either_way() -> None:
    hour = 3_600_000_000
    assert apart_s(hour, 0) == apart_s(0, hour) == 0
    assert apart_s(2 * hour, 0) == 7_200
    assert apart_s(0, 2 * hour) == -7_200
