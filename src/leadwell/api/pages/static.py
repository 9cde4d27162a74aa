"""`/static/{name}`: what every page is drawn with, under names that never change.

A name holds the digest of what it names, so it may be kept for ever by anybody.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from leadwell.errors import NotFound

STYLE, ICON = "pages.css", "icon.svg"
_TYPES = {STYLE: "text/css; charset=utf-8", ICON: "image/svg+xml"}
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'",
}
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is answered."""

    name: str
    content: bytes
    media_type: str


def name_of(name: str) -> str:
    """Return the name under which a file is answered."""
    return _by_own_name()[name].name


async def show(request: Request) -> Response:
    """Answer with one file."""
    found = _by_name().get(request.path_params["name"])
    if found is None:
        raise NotFound("there is no such file", hint="pages name those that there are")
    return Response(found.content, 200, _HEADERS, found.media_type)


@cache
def _by_own_name() -> Mapping[str, File]:
    return {name: _read(name) for name in _TYPES}


@cache
def _by_name() -> Mapping[str, File]:
    return {each.name: each for each in _by_own_name().values()}


def _read(name: str) -> File:
    content = (files("leadwell.api") / "static" / name).read_bytes()
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
    return File(f"{stem}-{digest}.{ending}", content, _TYPES[name])
