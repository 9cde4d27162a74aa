"""A hub of two processes tells a collector of its requests, by standard variables."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from tests.served import a_folder, a_hub
from tests.sizes import until

pytestmark = pytest.mark.proof
ROUTE = "GET /v2/campaigns/{campaign_id:id}/leads"


class Collector(ThreadingHTTPServer):
    """Keeps the names of the spans that it is sent."""

    names: list[str]

    class Answers(BaseHTTPRequestHandler):
        server: "Collector"

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            sent = ExportTraceServiceRequest.FromString(self.rfile.read(size))
            for resource in sent.resource_spans:
                for scope in resource.scope_spans:
                    self.server.names += [span.name for span in scope.spans]
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector(("127.0.0.1", 0), Collector.Answers)
    server.names = []
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_collector_is_told_of_every_request(
    tmp_path: Path, collector: Collector
) -> None:
    named = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    hub = a_hub(tmp_path, a_folder(tmp_path), workers=2, **named)
    try:
        for _ in range(20):
            assert hub.get("/v2/campaigns/362/leads").status == 200
        until(lambda: collector.names.count(ROUTE) == 20)
        assert "read" in collector.names
    finally:
        hub.stop()
