"""`/static/…`: what pages load, each file at an address that its content never leaves.

There is no walk through a folder: what is served stands in a table, and any other
address is a `404`. A file of ours has the hash of its content in its address, one of
others the version that it came with.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import tags
from leadwell.api.entrance import codings
from leadwell.errors import NotFound

OWN = (
    "pages.css",
    "icon.svg",
    "console.css",
    "console.js",
    "admin.css",
    "admin.js",
)
"""The files of our own, which stand beside this module."""
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # A picture that somebody opens by itself is a document, and may load nothing.
    "Content-Security-Policy": "default-src 'none'",
    "Vary": "Accept-Encoding",
}
MEDIA_TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "LICENSE": "text/plain",
    "NOTICE": "text/plain",
}
"""By the name's ending, or by the whole name where it has none."""
_DIGITS = 16
_HERE = files("leadwell.api.static")


class Vendored(msgspec.Struct):
    """A package of others that is carried along, as `vendor.toml` pins it."""

    package: str
    version: str
    licence: str
    files: dict[str, str]
    """What is taken out of it, and the hash of each file."""
    texts: list[str]
    """The names of its licence's own files."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is kept, and where it is served."""

    address: str
    """Below `/static/`."""
    kept: str
    """Below this module's folder; `.gz` at its end: kept compressed."""

    @property
    def media_type(self) -> str:
        """What kind of file it is."""
        return MEDIA_TYPES[self.address.rpartition("/")[2].rpartition(".")[2]]


@cache
def vendored() -> dict[str, Vendored]:
    """Return what is carried along, by the names that our pages use."""
    pins = _HERE.joinpath("vendor", "vendor.toml").read_bytes()
    return msgspec.toml.decode(pins, type=dict[str, Vendored])


@cache
def places() -> dict[str, Place]:
    """Return every file there is, by the name that a page asks for it by.

    `pages.css` is one of ours, `scalar/standalone.js` one of others.
    """
    found = {name: Place(f"{_hash(_kept(name))}/{name}", name) for name in OWN}
    for owner, each in vendored().items():
        for file in [*each.files, *each.texts]:
            name = file.rpartition("/")[2]
            address = f"vendor/{owner}/{each.version}/{name}"
            coding = ".gz" if file in each.files else ""
            found[f"{owner}/{name}"] = Place(address, address + coding)
    return found


def path_of(public_url: str, name: str) -> str:
    """Return where a page finds a file: below the hub's own path, on any host."""
    return f"{urlsplit(public_url).path}/static/{places()[name].address}"


async def show(request: Request) -> Response:
    """Answer with a file; who keeps it need never ask for it again."""
    place = _by_address().get(request.path_params["path"])
    if place is None:
        raise NotFound("there is no such file", hint="see /docs/ for the paths")
    tag = f'W/"{_hash(_kept(place.kept))}"'
    if tags.is_known(request, tag):
        return tags.unchanged(tag, HEADERS)
    head = {**HEADERS, "ETag": tag}
    if not place.kept.endswith(".gz"):
        return Response(_kept(place.kept), 200, head, place.media_type)
    if codings.takes(request.scope, "gzip"):
        head["Content-Encoding"] = "gzip"
        return Response(_kept(place.kept), 200, head, place.media_type)
    return Response(_expanded(place.kept), 200, head, place.media_type)


@cache
def _by_address() -> dict[str, Place]:
    return {place.address: place for place in places().values()}


@cache
def _kept(name: str) -> bytes:
    return _HERE.joinpath(*name.split("/")).read_bytes()


@cache
def _expanded(name: str) -> bytes:
    return gzip.decompress(_kept(name))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
