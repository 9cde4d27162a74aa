"""What the hub tells of itself: figures for Prometheus, and where the time went."""

import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from tests import make
from tests.sizes import until

URL = "/v2/campaigns/362/leads"
SECRET = "a secret of the operator"


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
