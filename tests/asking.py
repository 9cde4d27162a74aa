"""A test client that hands over a request and takes its answer at once.

Starlette's own goes to the loop's thread and back eight times for each request, so
that an answer can be read while it is made; that was half the time of the long walks.
It also starts a loop in a new thread for each request, unless it stands in a `with`.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import unquote

import anyio
import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Scope

_started: list[tuple[Any, BlockingPortal]] = []


def _loop() -> BlockingPortal:
    """The loop of all clients that have none of their own."""
    if not _started:
        context = start_blocking_portal()
        _started.append((context, context.__enter__()))
    return _started[0][1]


def stop() -> None:
    """End the loop: its thread would be waited for."""
    while _started:
        _started.pop()[0].__exit__(None, None, None)


class Whole(TestClient):
    """Asks an application whose answers are wanted whole; whatever it raises is."""

    def __init__(self, app: ASGIApp, **options: Any) -> None:
        super().__init__(app, **options)
        self._transport = _Transport(self)

    @contextmanager
    def _portal_factory(self) -> Iterator[BlockingPortal]:
        yield self.portal or _loop()

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: Any = None
    ) -> httpx2.Response:
        """Ask as `request` does, at half its price: nothing is read into the URL."""
        path, _, query = url.partition("?")
        head = [(b"host", b"testserver")]
        head += [(n.lower().encode(), text.encode()) for n, text in headers.items()]
        content = b""
        if body is not None:
            # As `request` writes it: an Idempotency-Key is of these very bytes.
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            content = text.encode()
            head.append((b"content-type", b"application/json"))
            head.append((b"content-length", b"%d" % len(content)))
        scope = _scope_of(method, path.encode(), query.encode(), head)
        with self._portal_factory() as portal:
            start, *rest = portal.call(_answer, self.app, scope, content)
        told = b"".join(message.get("body", b"") for message in rest)
        body_told = b"" if method == "HEAD" else told
        return httpx2.Response(
            start["status"], headers=start["headers"], content=body_told
        )


class _Transport(httpx2.BaseTransport):
    def __init__(self, client: Whole) -> None:
        self._client = client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        scope, content = _scope(request), request.read()
        with self._client._portal_factory() as portal:
            start, *rest = portal.call(_answer, self._client.app, scope, content)
        body = b"".join(message.get("body", b"") for message in rest)
        return httpx2.Response(
            start["status"],
            headers=start["headers"],
            stream=httpx2.ByteStream(b"" if request.method == "HEAD" else body),
            request=request,
        )


def _scope(request: httpx2.Request) -> Scope:
    url = request.url
    head = [(name.lower(), value) for name, value in request.headers.raw]
    path = url.raw_path.partition(b"?")[0]
    made = _scope_of(request.method, path, url.query, head)
    return {**made, "scheme": url.scheme, "server": (url.host, url.port or 80)}


def _scope_of(
    method: str, path: bytes, query: bytes, head: list[tuple[bytes, bytes]]
) -> Scope:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "root_path": "",
        "scheme": "http",
        "query_string": query,
        "headers": head,
        "client": ("testclient", 50_000),
        "server": ("testserver", 80),
        "state": {},
    }


async def _answer(app: ASGIApp, scope: Scope, content: bytes) -> list[Message]:
    answered: list[Message] = []
    is_over = anyio.Event()
    given = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def receive() -> Message:
        for message in given:
            return message
        await is_over.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answered.append(cast("Message", message))
        if message["type"] == "http.response.body" and not message.get("more_body"):
            is_over.set()

    await app(scope, receive, send)
    return answered
