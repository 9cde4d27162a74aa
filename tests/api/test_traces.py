"""What OpenTelemetry is told: routes, statuses and times, and nothing of people."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from leadwell.api.app import app
from leadwell.server.tracing import spans, traces
from leadwell.server.tracing.spans import Spans
from tests import make
from tests.asking import Whole

URL = "/v2/campaigns/362/leads"
ROUTE = "/v2/campaigns/{campaign_id:id}/leads"
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def told() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(told: InMemorySpanExporter) -> Spans:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(told))
    return Spans(provider)


@pytest.fixture
def client(hub, traced: Spans) -> Iterator[Whole]:
    watched = replace(hub, database=traced.database(hub.database))
    with Whole(traced.app(app(watched))) as client:
        yield client
    watched.indexes.close()


def requests_of(told: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in told.get_finished_spans() if span.kind is SpanKind.SERVER]


def test_a_request_is_told_with_its_route_and_its_jobs(
    client, told, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign, may_write=True)
    headers = {"Authorization": f"Bearer {token}"}
    given = {"fields": {"name": "Jane Doe", "source": "website"}}
    assert client.post(URL, json=given, headers=headers).status_code == 201
    (span,) = requests_of(told)
    assert span.name == f"POST {ROUTE}"
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": ROUTE,
        "http.response.status_code": 201,
    }
    jobs = [each for each in told.get_finished_spans() if each is not span]
    assert {"read", "write"} == {each.name for each in jobs}
    of_this = [each for each in jobs if each.parent == span.context]
    assert {each.name for each in of_this} == {"read", "write"}
    for each in jobs:
        about = dict(each.attributes or {})
        assert about.keys() == {
            *("db.system.name", "db.operation.name", "code.function.name")
        }
        assert each.status.status_code is StatusCode.UNSET


def test_nothing_of_people_or_secrets_is_told(
    client, told, database, account, campaign
) -> None:
    make.a_lead(database, campaign, fields={"name": "Jane", "email": "j@example.com"})
    token = make.a_token(database, account, campaign)
    headers = {
        "Authorization": f"Bearer {token}",
        "User-Agent": "of Jane",
        "Traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "Tracestate": "jane=1",
        "Baggage": "who=jane",
        "X-Request-Id": "jane",
    }
    for path in (f"{URL}?email=j@example.com", f"{URL}/1?name=Jane", "/jane/362?j=1"):
        client.get(path, headers=headers)
    client.request("JANE", URL, headers=headers)
    assert len(requests_of(told)) == 4
    for span in told.get_finished_spans():
        said = f"{span.name} {dict(span.attributes or {})}".lower()
        for secret in ("jane", "j@example", token.lower(), token.split("_")[1], "362"):
            assert secret.lower() not in said
        assert f"{span.context.trace_id:032x}" != "a" * 32
        assert not span.context.trace_state
        assert not [*span.events, *span.links]
        assert span.status.description is None


def test_a_refusal_is_no_fault_and_a_fault_says_only_its_kind(
    client, told, traced, database
) -> None:
    assert client.get(URL).status_code == 401
    (span,) = requests_of(told)
    assert span.status.status_code is StatusCode.UNSET
    told.clear()

    def job(_: object) -> None:
        raise ValueError("of Jane")

    watched = traced.database(database)
    with pytest.raises(ValueError, match="Jane"):
        watched.read(job)
    with pytest.raises(ValueError, match="Jane"):
        watched.write(job).result()
    found = told.get_finished_spans()
    assert [span.attributes["error.type"] for span in found] == ["ValueError"] * 2
    assert [span.status.status_code for span in found] == [StatusCode.ERROR] * 2
    assert not any(span.events or "Jane" in span.to_json() for span in found)


def test_a_request_tells_of_so_many_jobs_and_no_more(
    client, told, database, account, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "JOBS_MAX", 0)
    token = make.a_token(database, account, campaign, may_write=True)
    headers = {"Authorization": f"Bearer {token}"}
    client.post(URL, json={"fields": {"name": "Ann"}}, headers=headers)
    (span,) = requests_of(told)
    jobs = [each for each in told.get_finished_spans() if each.parent == span.context]
    assert not jobs


@pytest.mark.parametrize(
    ("environment", "is_wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, True),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "TRUE"}, False),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
)
def test_the_standard_variables_decide(environment, is_wanted: bool) -> None:
    assert traces.wanted(environment) is is_wanted
    if not is_wanted:
        assert traces.spans(environment) is None


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "leadwell"),
        ({"OTEL_SERVICE_NAME": "roofs"}, "roofs"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=west"}, "west"),
    ],
)
def test_the_hub_is_called_as_the_variables_say(
    environment, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in (ENDPOINT | environment).items():
        monkeypatch.setenv(key, value)
    found = traces.spans(ENDPOINT | environment)
    assert found is not None
    with found.tracer.start_as_current_span("a") as span:
        assert span.resource.attributes["service.name"] == name
        # Nobody listens there: it would be waited for.
        found._provider._active_span_processor._span_processors = ()


def test_without_the_extra_a_hub_serves_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(traces, "import_module", missing)
    assert traces.spans(ENDPOINT) is None
    assert "leadwell[otel]" in capsys.readouterr().err
