"""`/docs/download/…`: the API described for machines, for the token that asks."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import readers, tags
from leadwell.api.entrance.problems import STATUS_OF
from leadwell.api.hub import Hub
from leadwell.api.readers import Resolve
from leadwell.describe.contract import openapi
from leadwell.describe.reader import Reader
from leadwell.errors import all_errors

STATUSES = {error.code: STATUS_OF.get(error.kind, 500) for error in all_errors()}
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Documents:
    """Descriptions of the API, to download."""

    hub: Hub
    resolve: Resolve = readers.asking

    async def openapi_json(self, request: Request) -> Response:
        """Answer with OpenAPI as JSON."""
        reader = await self.resolve(self.hub, request)
        made = self._made(reader, "json", _as_json)
        return _answer(request, made, "application/json")

    async def openapi_yaml(self, request: Request) -> Response:
        """Answer with OpenAPI as YAML."""
        reader = await self.resolve(self.hub, request)
        made = self._made(reader, "yaml", _as_yaml)
        return _answer(request, made, "application/yaml")

    def _made(
        self, reader: Reader, form: str, write: Callable[[dict[str, Any]], bytes]
    ) -> bytes:
        def make() -> bytes:
            return write(openapi.document(reader, STATUSES))

        if reader.view is None:
            return make()
        key = ("openapi", form, self.hub.public_url, reader.may_write)
        return reader.view.deriving(key, make)


def _answer(request: Request, content: bytes, media_type: str) -> Response:
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:_DIGITS]}"'
    if tags.is_known(request, tag):
        return tags.unchanged(tag, HEADERS)
    return Response(content, 200, {**HEADERS, "ETag": tag}, media_type)


def _as_json(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content)


def _as_yaml(content: dict[str, Any]) -> bytes:
    text: str = yaml.dump(
        content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=88
    )
    return text.encode()


class _Plain(yaml.SafeDumper):
    """Writes what stands twice twice: not every reader knows YAML's references."""

    def ignore_aliases(self, data: object) -> bool:
        """Never point back."""
        del data
        return True
