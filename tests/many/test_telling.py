"""Metrics and the structured log, of one copy and of many."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as prometheus

from leadwell.testing import FaultServer, Reply, Request, faults
from tests.copying import Bench
from tests.many.conftest import Run, Written, lines_of


def figures(text: str) -> dict[str, dict[str, float]]:
    """The figures of each destination, as Prometheus reads them."""
    found: dict[str, dict[str, float]] = {}
    for family in prometheus(text):
        for sample in family.samples:
            held = found.setdefault(sample.labels["destination"], {})
            held[sample.name.removeprefix("leadwell_sync_")] = sample.value
            assert sample.labels["campaign"] == "362"
    assert {f.name for f in openmetrics(text)} == {f.name for f in prometheus(text)}
    return found


def test_the_metrics_file_has_the_last_run_of_each_destination(
    run: Run, hub: Bench, tmp_path: Path
) -> None:
    file = tmp_path / "sync.prom"
    asked = ("sync", hub.url, "--metrics-file", "sync.prom", "--to")
    for to in ('sqlite:a"\\b.db', "csv:b.csv"):
        assert run(*asked, to).code == 0
    first = figures(file.read_text())
    assert list(first) == ['sqlite:a"\\b.db', "csv:b.csv"] or len(first) == 2
    held = first["csv:b.csv"]
    assert (held["added"], held["exit_code"], held["requests"]) == (21, 0, 2)
    assert run(*asked, "csv:b.csv", "--filter", "sttus=new").code != 0
    after = figures(file.read_text())
    assert after['sqlite:a"\\b.db'] == first['sqlite:a"\\b.db']
    failed = after["csv:b.csv"]
    assert failed["exit_code"] == 5
    name = "last_success_timestamp_seconds"
    assert failed[name] == held[name] <= failed["last_run_timestamp_seconds"]
    assert "added" not in failed
    assert [each.name for each in tmp_path.iterdir() if "prom" in each.name] == [
        "sync.prom"
    ]


def test_metrics_that_cannot_be_told_fail_no_run(run: Run, hub: Bench) -> None:
    asked = ("sync", hub.url, "--to", "csv:b.csv")
    said = run(*asked, "--metrics-file", "no/sync.prom")
    assert (said.code, "no/sync.prom cannot be written" in said.err) == (0, True)
    said = run(*asked, "--metrics-push", "http://u:secret@127.0.0.1:9/x")
    assert (said.code, "cannot be reached" in said.err) == (0, True)
    assert "secret" not in said.err
    said = run(*asked, "--metrics-push", "pushgateway:9091")
    assert (said.code, "is no URL" in said.err) == (2, True)


def test_metrics_are_pushed_for_each_destination(
    run: Run, write: Written, hub: Bench
) -> None:
    write('[[sync]]\nurl = "URL"\nto = "csv:b.csv"\n')
    pushed: list[Request] = []

    def gateway(request: Request) -> Reply:
        pushed.append(request)
        return Reply(202 if len(pushed) == 1 else 400)

    with FaultServer(gateway) as server:
        url = server.url.replace("//", "//u:pw@")
        asked = ("sync", "run", "--metrics-push", f"{url}/base/")
        assert run(*asked).code == 0
        assert "it answered 400" in run(*asked).err
    assert pushed[0].method == "POST"
    place = "/base/metrics/job/leadwell_sync/destination@base64/Y3N2OmIuY3N2"
    assert unquote(pushed[0].target) == place
    assert pushed[0].headers["authorization"].startswith("Basic ")
    assert figures(pushed[0].body.decode())["csv:b.csv"]["added"] == 21


def events(err: str) -> list[dict[str, Any]]:
    return [dict(line) for line in lines_of(err)]


def test_the_log_has_a_line_for_each_request_that_failed(run: Run, hub: Bench) -> None:
    with FaultServer(f"http://127.0.0.1:{hub.hub.port}") as server:
        server.plan(faults.RATE_LIMITED, faults.CUT_JSON)
        url = f"{server.url}/v2/campaigns/362"
        said = run("sync", url, "--to", "csv:b.csv", "--log", "json", "--json")
    assert said.code == 0
    told = events(said.err)
    kinds = [line["event"] for line in told]
    assert kinds == ["request_failed", "request_failed", "stored", "done"]
    assert (told[0]["status"], told[0]["code"]) == (429, "rate_limited")
    assert told[0]["pause_s"] >= 1
    assert told[1]["code"] == "unexpected_answer"
    assert told[1]["request_id"]
    assert (told[3]["added"], told[3]["exit_code"]) == (21, 0)
    assert all(line["at"].endswith("+00:00") for line in told)
    assert said.json["added"] == 21


def test_the_log_names_the_entry_and_no_value_of_a_lead(
    run: Run, write: Written, hub: Bench
) -> None:
    write('[[sync]]\nname = "n"\nurl = "URL"\nto = "csv:b.csv"\nfilter = "no=1"\n')
    said = run("sync", "run", "--log", "json", "--json")
    assert said.code == 4
    (line,) = events(said.err)
    assert (line["sync"], line["event"], line["exit_code"]) == ("n", "failed", 4)
    with FaultServer(f"http://127.0.0.1:{hub.hub.port}") as server:
        server.plan(faults.UNAVAILABLE)
        write(f'[[sync]]\nurl = "{server.url}/v2/campaigns/362"\nto = "csv:c.csv"\n')
        said = run("sync", "run")
    assert "csv:c.csv: it was unavailable; trying again" in said.err


@pytest.mark.parametrize("log", ["text", "json"])
def test_a_value_that_stops_a_strict_run_stays_out_of_the_log(
    run: Run, hub: Bench, log: str
) -> None:
    secret = "Robinson-Crusoe"

    def spoilt(exchange: faults.Exchange) -> None:
        reply = exchange.true_reply()
        content = json.loads(reply.body)
        content["data"][0]["lead"]["fields"]["budget"] = secret
        exchange.send(reply.with_body(json.dumps(content).encode()))

    with FaultServer(f"http://127.0.0.1:{hub.hub.port}") as server:
        # The first request finds out what stands at the address.
        server.plan(None, faults.Fault("spoilt", "a value breaks the schema", spoilt))
        url = f"{server.url}/v2/campaigns/362"
        said = run("sync", url, "--to", "csv:s.csv", "--strict", "--log", log)
    assert said.code == 4
    logged = [line for line in said.err.splitlines() if line.startswith("{")]
    assert len(logged) == (log == "json")
    assert secret not in "".join(logged)
