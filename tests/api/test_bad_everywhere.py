"""Whatever is wrong with any request, it breaks no route of the hub."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.hub import Hub
from tests import make
from tests.bad.asking import URL, ask, whole
from tests.bad.row import Bad
from tests.bad.stage import Stage, a_stage
from tests.recording import recorded

pytestmark = pytest.mark.proof
HUGE = "a" * 9_000
SIGNED_OUT = {"/logout", "/me/sign-out"}
"""What a person who goes on with bad requests may not ask well."""


@pytest.mark.parametrize("who", ["nobody", "writer", "person"])
def test_whatever_is_bad_anywhere_breaks_no_route(tmp_path: Path, who: str) -> None:
    with closing(make.a_database(tmp_path / "leads.db")) as database:
        hub = Hub(database, make.KEYS, make.Clock(), URL)
        stage = a_stage(hub, database)
        with whole(hub) as client, recorded("bad input", on=who) as counts:
            routes = list(every_route(client))
            assert len(routes) > 100
            for path, methods in routes:
                bad = Bad(path=path, status=0, code="", who=who)
                counts["requests"] += spoil(client, stage, bad, methods)


def spoil(client: TestClient, stage: Stage, bad: Bad, methods: list[str]) -> int:
    """Ask one path in every bad way, and return in how many."""
    asked = 0
    for method in {*methods, "LOOK"} - {"HEAD"}:
        if bad.path in SIGNED_OUT and method == "POST":
            continue
        for changed in spoilt(replace(bad, method=method)):
            answer = ask(client, stage, changed)
            # Erasing says that this hub keeps no list of erasures.
            assert answer.status_code < 500 or answer.status_code == 503, changed
            asked += 1
    return asked


def spoilt(asked: Bad) -> Iterator[Bad]:
    """Yield a request with each of the ways to spoil any."""
    kind = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    form = kind | {"Content-Type": "application/x-www-form-urlencoded"}
    yield replace(asked, headers={"Content-Length": "x"})
    yield replace(asked, path=f"{asked.path}?a={HUGE}")
    yield replace(asked, path=f"{asked.path}?a=%zz&%00=%ff", headers=kind)
    yield replace(asked, path=f"{asked.path}?page=x&version=x", body=b"\xff\x00{")
    if asked.method in {"POST", "PATCH"}:
        yield replace(asked, headers=kind, body=b'{"a": "\\ud800"')
        yield replace(asked, headers=form, body=b"_word={word}&version=x&id=%00&a=%ff")


def every_route(client: TestClient) -> Iterator[tuple[str, list[str]]]:
    """Yield each path of the hub, filled in, with the methods that it knows."""
    entrance: Any = client.app
    given = {"campaign_id": "362", "account": "demo", "code": "too_many", "name": "x"}
    for route in entrance._inside.routes:
        kinds = route.param_convertors.items()
        parts = {
            name: "1" if kind.regex.startswith("[1") else "x" for name, kind in kinds
        }
        parts |= {name: text for name, text in given.items() if name in parts}
        yield route.path_format.format(**parts), sorted(route.methods)
