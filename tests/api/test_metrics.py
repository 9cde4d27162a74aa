"""What the hub tells of itself: figures for Prometheus, and where the time went."""

import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.entrance import metrics
from leadwell.schema.parts import Kind, Name
from leadwell.store.hubs import instance, state
from leadwell.store.writes import parts
from tests import make
from tests.asking import Whole
from tests.sizes import until

URL = "/v2/campaigns/362/leads"
SECRET = "a secret of the operator"
STATES = ("on", "failing", "ended")


@pytest.fixture
def hub(hub):
    return replace(hub, metrics_token=SECRET)


def figures(client: TestClient) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if line[0] != "#"]
    return {name: float(x) for name, _, x in (line.rpartition(" ") for line in lines)}


def test_reads_and_writes_are_counted(client, database, account, campaign) -> None:
    token = make.a_token(database, account, campaign, may_write=True)
    headers = {"Authorization": f"Bearer {token}"}
    before = figures(client)
    assert client.post(URL, json={"fields": {"name": "Jane"}}, headers=headers)
    for _ in range(3):
        assert client.get(URL, headers=headers).status_code == 200
    assert client.get(f"{URL}/99", headers=headers).status_code == 404
    after = figures(client)

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    route = "/v2/campaigns/{campaign_id:id}/leads"
    labels = f'method="GET",route="{route}",status="200"'
    assert grown(f"leadwell_request_seconds_count{{{labels}}}") == 3
    one = f'method="GET",route="{route}/{{lead_id:id}}",status="404"'
    assert grown(f"leadwell_request_seconds_count{{{one}}}") == 1
    assert grown('leadwell_lists_total{by="index"}') == 3
    assert grown("leadwell_writes_total") >= 1
    assert grown("leadwell_commit_seconds_count") >= 1
    # That the token was used is noted beside the answers.
    until(lambda: figures(client)["leadwell_writes_waiting"] == 0)
    assert after["leadwell_index_bytes"] > 0


def test_the_state_of_the_database_is_told(client, database, account, campaign) -> None:
    token = make.a_token(database, account, campaign)
    assert figures(client)["leadwell_readers"] == 0
    headers = {"Authorization": f"Bearer {token}"}
    feed = f"{URL}/changes"
    cursor = client.get(feed, headers=headers).json()["cursor"]
    make.a_lead(database, campaign)
    for _ in range(2):
        answer = client.get(feed, params={"_cursor": cursor}, headers=headers)
        cursor = answer.json()["cursor"]
    until(lambda: figures(client)["leadwell_readers"] == 1)
    found = figures(client)
    assert found["leadwell_database_up"] == 1
    assert found["leadwell_database_bytes"] > 100_000
    assert found["leadwell_backup_timestamp_seconds"] == 0
    assert found['leadwell_jobs_waiting{kind="import"}'] == 0
    assert found["leadwell_long_polls_open"] == 0
    database.write(lambda c: instance.stamp(c, instance.BACKUP)).result()
    for _ in range(2):
        age = time.time() - figures(client)["leadwell_backup_timestamp_seconds"]
        assert 0 <= age < 60
        database.write(lambda c: instance.stamp(c, instance.BACKUP)).result()


def test_readers_that_stay_away_are_counted(hub, client, account, campaign) -> None:
    database = hub.database
    for name in ("away", "here", "revoked", "never followed"):
        make.a_token(database, account, campaign, name=name)
    day = 86_400_000_000

    def job(connection) -> None:
        for name, at in (("away", 0), ("here", hub.moment), ("revoked", 0)):
            params = {"name": name, "at": at}
            connection.run(
                "UPDATE token SET last_used_at = :at WHERE name = :name", params
            )
            connection.run(
                """
                INSERT INTO reader (campaign_id, lineage, seq, at)
                     SELECT 362, lineage, 1, 1 FROM token WHERE name = :name
                """,
                {"name": name},
            )
        connection.run("UPDATE token SET revoked_at = 1 WHERE name = 'revoked'")

    database.write(job).result()
    found = figures(client)
    assert (found["leadwell_readers"], found["leadwell_readers_away"]) == (2, 1)
    with database.reading() as connection:
        later = state.find(connection, hub.moment + day + 60_000_000)
    assert (later.readers, later.readers_away) == (2, 2)


def test_webhooks_and_work_that_waits_are_counted(
    database, client, account, campaign
) -> None:
    make.a_lead(database, campaign, fields={"source": "website"})

    def job(connection) -> None:
        for number, (failing, ended) in enumerate([(None, None), (1, None), (1, 2)]):
            connection.run(
                """
                INSERT INTO hook (campaign_id, id, lineage, url, created_at, seq,
                                  cursor, attempts, next_at, failing_since, ended_at,
                                  is_test)
                     VALUES (362, :id, 'a', 'https://x', 0, 0, '', 0, 0, :failing,
                             :ended, 0)
                """,
                {"id": str(number), "failing": failing, "ended": ended},
            )
        parts.rename(connection, 362, Name(Kind.OPTION, "website", "source"), "web")

    database.write(job).result()
    found = figures(client)
    states = [found[f'leadwell_webhooks{{state="{each}"}}'] for each in STATES]
    assert states == [1, 1, 1]
    assert found['leadwell_jobs_waiting{kind="chore"}'] >= 1


HOLDS = """
from leadwell.api.load.crowd import Crowd, Room
crowd = Crowd(Room(9, 9, 9, 9))
crowd.enter(b"reader").wait()
print("open", flush=True)
input()
"""


def test_a_worker_that_was_killed_holds_nothing_open_any_more(
    hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "figures"
    folder.mkdir()
    monkeypatch.setenv(metrics.SHARED, str(folder))
    client, name = TestClient(app(hub)), "leadwell_long_polls_open"
    told = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, "-c", HOLDS], **told) for _ in "ab"]
    for each in workers:
        assert each.stdout.readline() == "open\n"
    metrics.forget_dead()
    assert figures(client)[name] == 2
    workers[0].kill()
    workers[0].communicate()
    assert figures(client)[name] == 2
    metrics.forget_dead()
    assert figures(client)[name] == 1
    workers[1].communicate("end\n")
    monkeypatch.delenv(metrics.SHARED)
    metrics.forget_dead()


def test_a_refusal_is_counted_by_its_code(client, database, account, campaign) -> None:
    headers = {"Authorization": f"Bearer {make.a_token(database, account, campaign)}"}
    name = 'leadwell_refusals_total{code="unknown_parameter"}'
    before = figures(client).get(name, 0)
    answer = client.get(f"{URL}?_nothing=1", headers=headers)
    assert answer.json()["code"] == "unknown_parameter"
    assert figures(client)[name] == before + 1


def test_a_database_that_is_away_leaves_the_other_figures(
    hub, tmp_path, engine: str
) -> None:
    disk = replace(hub, disk=tmp_path)
    with Whole(app(disk)) as client:
        room = figures(client)
        assert room["leadwell_disk_bytes"] > room["leadwell_disk_free_bytes"] > 0
    if engine == "postgres":
        hub.database.close()
    else:
        hub.database.write(lambda c: c.run("DROP TABLE hook")).result()
    with Whole(app(disk)) as client:
        found = figures(client)
    assert found["leadwell_database_up"] == 0
    assert "leadwell_readers" not in found
    assert found["leadwell_disk_bytes"] == room["leadwell_disk_bytes"]


def test_no_series_is_of_what_a_stranger_sends(client) -> None:
    found = [set(figures(client))]
    for number in range(3):
        client.get(f"/nothing/{number}")
        client.request(f"METHOD{number}", "/health/live")
        found.append(set(figures(client)))
    assert found[-2] == found[-1]


def test_figures_tell_nothing_of_people(client, database, account, campaign) -> None:
    token = make.a_token(database, account, campaign)
    client.get(f"{URL}?name=Jane", headers={"Authorization": f"Bearer {token}"})
    headers = {"Authorization": f"Bearer {SECRET}"}
    text = client.get("/metrics", headers=headers).text
    assert "Jane" not in text
    assert token.split("_")[1] not in text
    assert "362" not in re.sub(r"[\d.e+-]+$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Basic abc"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer å".encode()}, 401),
    ],
)
def test_who_has_no_secret_is_shown_nothing(client, headers, status: int) -> None:
    assert client.get("/metrics", headers=headers).status_code == status


def test_without_the_setting_there_is_no_page(hub) -> None:
    client = TestClient(app(replace(hub, metrics_token="")))
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
        assert client.get("/metrics", headers=headers).status_code == 404


def test_where_the_time_went_is_said_only_if_it_is_set(
    hub, client, database, account, campaign
) -> None:
    make.a_lead(database, campaign, fields={"name": "Jane"})
    token = make.a_token(database, account, campaign)
    headers = {"Authorization": f"Bearer {token}"}
    assert "server-timing" not in client.get(URL, headers=headers).headers
    shown = TestClient(app(replace(hub, shows_timing=True)))
    said = shown.get(URL, headers=headers).headers["server-timing"]
    parts = [part.partition(";dur=") for part in said.split(", ")]
    assert [name for name, _, _ in parts] == ["token", "index", "bodies", "total"]
    *within, total = [float(value) for _, _, value in parts]
    assert 0 < sum(within) < total
    slow = shown.get(f"{URL}?_sort=-name", headers=headers).headers["server-timing"]
    assert "sql;dur=" in slow or "index;dur=" in slow
