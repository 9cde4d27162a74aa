"""Answers in a content coding: for those who ask, and never another token's bytes."""

import gzip
import json
import sys
import zlib
from typing import Any

import pytest

from leadwell.api import static
from leadwell.api.entrance import codings
from tests import make

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

URL = "/v2/campaigns/362/leads"
READ = {"gzip": gzip.decompress, "zstd": zstd.decompress, "": bytes}


@pytest.fixture
def token(database, account, campaign) -> str:
    given = [
        {
            "fields": {
                "name": f"Lead {n}",
                "source": "partner-west",
                "project-notes": "n",
            }
        }
        for n in range(40)
    ]
    make.leads(database, campaign, given)
    return make.a_token(database, account, campaign)


def raw(client, token: str, path: str = "", **headers: str) -> Any:
    """The answer as it came: with `accept-encoding` only if it is given."""
    asked = {"Authorization": f"Bearer {token}", "accept-encoding": ""} | headers
    with client.stream("GET", f"{URL}{path}", headers=asked) as answer:
        answer.raw_bytes = b"".join(answer.iter_raw())
        return answer


@pytest.mark.parametrize(
    ("asked", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("ZSTD ; q=0.3", "zstd"),
        ("gzip;q=0", ""),
        ("gzip;q=0, zstd;q=0.000", ""),
        ("identity", ""),
        ("br, deflate", ""),
        ("gzip;q=nonsense", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("path", ["", "?per_page=1000", "/changes", "/export"])
def test_an_answer_is_the_same_in_every_coding(
    client, token, path: str, asked: str, coding: str
) -> None:
    answer = raw(client, token, path, **{"accept-encoding": asked})
    assert answer.headers.get("content-encoding", "") == coding
    assert "accept-encoding" in answer.headers["vary"].lower()
    text = READ[coding](answer.raw_bytes)
    plain = raw(client, token, path).raw_bytes
    assert without_cursors(text) == without_cursors(plain)
    if coding:
        assert len(answer.raw_bytes) < len(text) / 3
    if "content-length" in answer.headers:
        assert int(answer.headers["content-length"]) == len(answer.raw_bytes)


def without_cursors(text: bytes) -> list[Any]:
    """The lines of JSON but for what is sealed anew each time."""
    found = [json.loads(line) for line in text.splitlines()]
    for each in found:
        each.pop("cursor", None)
    return found


@pytest.mark.parametrize("asked", ["gzip", ""])
@pytest.mark.parametrize(
    "path",
    [
        "/docs/",
        "/docs/index.md",
        "/docs/errors/not_found",
        "/docs/download/openapi.json/api.json",
        "/docs/download/connectors/curl/any",
        "/llms.txt",
        "/static/{css}",
    ],
)
def test_who_keeps_an_answer_is_told_that_there_are_others(
    client, path: str, asked: str
) -> None:
    url = path.format(css=static.places()["pages.css"].address)
    answer = client.get(url, headers={"accept-encoding": asked})
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding", "") == asked
    assert answer.headers["vary"].lower().count("accept-encoding") == 1
    if tag := answer.headers.get("etag"):
        headers = {"accept-encoding": asked, "if-none-match": tag}
        unchanged = client.get(url, headers=headers)
        assert unchanged.status_code == 304
        assert unchanged.headers["vary"] == answer.headers["vary"]


def test_a_short_answer_and_one_lead_are_sent_as_they_are(client, token) -> None:
    asked = {"accept-encoding": "gzip"}
    assert "content-encoding" not in raw(client, token, "?id=1", **asked).headers
    one = raw(client, token, "/1", **asked)
    assert "content-encoding" not in one.headers
    assert one.headers["etag"].startswith('"')


def test_a_page_is_compressed_once(client, token, monkeypatch) -> None:
    first = raw(client, token, **{"accept-encoding": "gzip"})

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("it was compressed again")

    monkeypatch.setattr(zlib, "compressobj", refuse)
    again = raw(client, token, **{"accept-encoding": "gzip"})
    assert again.raw_bytes == first.raw_bytes
    unchanged = raw(
        client,
        token,
        **{"accept-encoding": "gzip", "if-none-match": first.headers["etag"]},
    )
    assert unchanged.status_code == 304


def test_what_was_kept_is_of_the_leads_as_they_are(
    client, token, database, campaign
) -> None:
    asked = {"accept-encoding": "gzip"}
    before = gzip.decompress(raw(client, token, **asked).raw_bytes)
    make.a_lead(database, campaign, fields={"name": "Newcomer"})
    after = gzip.decompress(raw(client, token, **asked).raw_bytes)
    assert json.loads(after)["pagination"]["total"] == 41
    assert json.loads(before)["pagination"]["total"] == 40


def test_no_token_gets_what_was_kept_for_another(
    client, token, database, account, campaign
) -> None:
    """With the same scope, fewer fields, another filter, and another generation."""
    others = [
        make.a_token(database, account, campaign),
        make.a_token(database, account, campaign, readable=frozenset({1})),
        make.a_token(
            database, account, campaign, filter="source=partner-west&name[contains]=1"
        ),
    ]
    asked = {"accept-encoding": "gzip"}
    whole = raw(client, token, "?_meta=1", **asked)
    for other in others:
        for path in ("?_meta=1", ""):
            coded = raw(client, other, path, **asked).raw_bytes
            plain = raw(client, other, path).raw_bytes
            found, expected = json.loads(gzip.decompress(coded)), json.loads(plain)
            assert found["data"] == expected["data"]
            assert found["pagination"] == expected["pagination"]
        cursor = json.loads(
            gzip.decompress(raw(client, other, "?_meta=1", **asked).raw_bytes)
        )
        followed = raw(client, other, f"/changes?_cursor={cursor['meta']['cursor']}")
        assert followed.status_code == 200
    revoked = raw(client, "lw_wrong", "?_meta=1", **asked)
    assert revoked.status_code == 401
    assert whole.status_code == 200


def test_what_is_kept_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(codings, "KEPT_BYTES_MAX", 250)
    kept = codings.Kept()
    for number in range(5):
        kept.keep(("gzip", b"", b"%d" % number), bytes(100))
    kept.keep(("gzip", b"", b"3"), bytes(90))
    found = [kept.get(("gzip", b"", b"%d" % number)) for number in range(5)]
    assert [None if each is None else len(each) for each in found] == [
        None,
        None,
        None,
        90,
        100,
    ]
