"""What pages load: whole, kept for ever, and nothing beside it."""

import base64
import gzip
import hashlib
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

import pytest

from leadwell.api import static

CONSOLE = "scalar/standalone.js"
KEPT = files("leadwell.api.static")


def raw(client, path: str, **headers: str) -> Any:
    """The answer as it came, in the coding that was asked for."""
    asked = {"accept-encoding": ""} | headers
    with client.stream("GET", path, headers=asked) as answer:
        answer.raw_bytes = b"".join(answer.iter_raw())
        return answer


@pytest.mark.parametrize("name", static.places())
def test_every_file_is_served_as_what_it_is(client, name: str) -> None:
    answer = client.get(static.path_of("https://hub.example", name))
    assert answer.status_code == 200
    kind, _, charset = answer.headers["content-type"].partition("; ")
    assert kind in static.MEDIA_TYPES.values()
    assert charset in {"charset=utf-8", ""}
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text


@pytest.mark.parametrize("owner", static.vendored())
def test_what_others_wrote_is_exactly_what_is_pinned(owner: str) -> None:
    pinned = static.vendored()[owner]
    folder = KEPT.joinpath("vendor", owner, pinned.version)
    for name, integrity in pinned.files.items():
        kept = folder.joinpath(f"{PurePosixPath(name).name}.gz").read_bytes()
        found = hashlib.sha512(gzip.decompress(kept)).digest()
        assert integrity == f"sha512-{base64.b64encode(found).decode()}"


def test_whatever_is_kept_has_its_place_in_the_table() -> None:
    def names(folder: Any, below: str = "") -> set[str]:
        found: set[str] = set()
        for each in folder.iterdir():
            here = f"{below}{each.name}"
            found |= names(each, f"{here}/") if each.is_dir() else {here}
        return {x for x in found if not x.endswith((".py", ".pyc", "vendor.toml"))}

    assert names(KEPT) == {place.kept for place in static.places().values()}


@pytest.mark.parametrize("asked", ["gzip", "gzip, deflate, br, zstd", "zstd", ""])
def test_a_file_is_the_same_in_every_coding(client, asked: str) -> None:
    path = static.path_of("", CONSOLE)
    answer = raw(client, path, **{"accept-encoding": asked})
    coding = answer.headers.get("content-encoding")
    assert coding == ("gzip" if "gzip" in asked else asked or None)
    assert answer.headers["vary"] == "Accept-Encoding"
    whole = client.get(path)
    assert hashlib.sha512(whole.content).digest() == base64.b64decode(
        static.vendored()["scalar"].files["dist/browser/standalone.js"][7:]
    )
    if coding is None:
        assert answer.raw_bytes == whole.content
    else:
        assert len(answer.raw_bytes) < len(whole.content) / 3


def test_who_has_a_file_is_not_sent_it_again(client) -> None:
    path = static.path_of("", CONSOLE)
    tag = client.get(path).headers["etag"]
    answer = client.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_address_is_below_the_path_of_the_hub() -> None:
    path = static.path_of("https://hub.example/leads", CONSOLE)
    assert path == "/leads" + static.path_of("https://other.example", CONSOLE)
