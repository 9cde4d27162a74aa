"""OpenTelemetry: a span for each request, and within it one for each database job.

Spans say which route, method and status, and how long it took; never a path, a query,
a token, an address or the text of an error. No trace is taken over from a request: what
a stranger sends decides neither what is traced nor what is told.
"""

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar, cast

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadwell.store.connection import Connection, Database

T = TypeVar("T")
JOBS_MAX = 50
"""Of one request: a reader that waits for news looks ten times a second."""
_left: ContextVar[list[None] | None] = ContextVar("left", default=None)
"""One entry for each job of this request that may still be told."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE"})


def exported(environment: Mapping[str, str]) -> "Spans":
    """Have spans sent to where the standard variables say, in a thread of its own."""
    named = "OTEL_SERVICE_NAME" in environment or "service.name=" in environment.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    resource = Resource.create({} if named else {"service.name": "leadwell"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Spans(provider)


class Spans:
    """What traces one process."""

    def __init__(self, provider: TracerProvider) -> None:
        """Give spans to the provider, which knows where they go."""
        self._provider = provider
        self.tracer = provider.get_tracer("leadwell")

    def app(self, inside: ASGIApp) -> ASGIApp:
        """Return the application, with a span around each request."""
        return _Requests(inside, self)

    def database(self, inside: Database) -> Database:
        """Return the database, with a span around each of its jobs."""
        return cast("Database", _Jobs(inside, self))

    def stop(self) -> None:
        """Send what was not sent yet."""
        self._provider.shutdown()


class _Requests:
    def __init__(self, inside: ASGIApp, spans: Spans) -> None:
        self._inside = inside
        self._tracer = spans.tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inside(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with self._tracer.start_as_current_span(
            method,
            # None of the request's own.
            context=Context(),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _answered(span, message["status"])
                await send(message)

            token = _left.set([None] * JOBS_MAX)
            try:
                await self._inside(scope, receive, noted)
            finally:
                _left.reset(token)
                # Known once the router has found it, and the same for all that ask.
                route = getattr(scope.get("route"), "path", None)
                if route:
                    span.set_attribute("http.route", route)
                    span.update_name(f"{method} {route}")


def _answered(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(StatusCode.ERROR)


class _Jobs:
    """A database whose reads and writes are traced; all else it does as it is."""

    def __init__(self, inside: Database, spans: Spans) -> None:
        self._inside = inside
        self._tracer = spans.tracer
        self._system = "postgresql" if inside.is_remote else "sqlite"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)

    def read(self, job: Callable[[Connection], T]) -> T:
        if not _may_be_told():
            return self._inside.read(job)
        with self._around("read", job):
            return self._inside.read(job)

    def write(self, job: Callable[[Connection], T], **more: Any) -> "Future[T]":
        """Hand the job in; its span ends when it is durable, the waiting included."""
        if not _may_be_told():
            return self._inside.write(job, **more)
        span = self._tracer.start_span("write", attributes=self._about("write", job))
        done = self._inside.write(job, **more)
        done.add_done_callback(partial(_ended, span))
        return done

    @contextmanager
    def _around(self, what: str, job: object) -> Generator[None]:
        with self._tracer.start_as_current_span(
            what,
            attributes=self._about(what, job),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except Exception as error:
                _failed(span, error)
                raise

    def _about(self, what: str, job: object) -> dict[str, str]:
        while isinstance(job, partial):
            job = job.func
        name = getattr(job, "__qualname__", type(job).__qualname__)
        return {
            "db.system.name": self._system,
            "db.operation.name": what,
            "code.function.name": name,
        }


def _may_be_told() -> bool:
    left = _left.get()
    if left is None:
        # Nobody's request: a hub's own work, which is little.
        return True
    if not left:
        return False
    left.pop()
    return True


def _ended(span: Span, done: "Future[Any]") -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        _failed(span, error)
    span.end()


def _failed(span: Span, error: BaseException) -> None:
    # Its kind alone: what it says may be about somebody.
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)
