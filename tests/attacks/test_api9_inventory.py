"""OWASP API9, improper inventory management: nothing is served that nobody knows of."""

import re
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from leadwell.api import app as paths
from leadwell.api.entrance import Entrance
from leadwell.describe.contract.operations import OPERATIONS
from tests.attacks.place import (
    LIST,
    Attack,
    Patch,
    Place,
    Plant,
    named,
    succeeds,
    with_plants,
)

BESIDE = (
    *("/d/{secret}", "/a/{account}", "/docs", "/feed/{secret}", "/static/", "/mcp"),
    *("/llms.txt", "/.well-known/api-catalog", "/metrics", "/health/"),
    *("/campaigns", "/account", "/me", "/login", "/logout", "/setup/", "/leads"),
)
"""What is no operation of the API: documentation, pages, links, what operators ask."""
FORGOTTEN = [
    *("/v1/campaigns", "/v1/campaigns/362/leads", "/v2", "/v2/", "/v3/campaigns"),
    *("/api/v2/campaigns", "/admin", "/debug", "/docs/../metrics", "/openapi.json"),
    *("/redoc", "/swagger", "/graphql", "/actuator", "/server-status", "/.env"),
    *("/.git/config", "/v2/users", "/v2/tokens", "/v2/accounts", "/console"),
    *("/v2/campaigns/362/leads/", "/v2/campaigns/362/leads/export/"),
    *("/v2/campaigns/0362/leads", "/v2/campaigns/362/tokens", "/backup"),
    *("/v2/me%0A", "/V2/me", "/v2//me", "/%2e%2e/v2/me", "/static/../settings.py"),
    *("/static/..%2f..%2fapp.py", "/static/%2e%2e/__init__.py", "/favicon.php"),
]


def every_path_is_known(place: Place) -> None:
    """Each route is an operation that OpenAPI describes, or named above."""
    entrance = place.client.app
    assert isinstance(entrance, Entrance)
    described = {(each.method.upper(), _plain(each.path)) for each in OPERATIONS}
    for route in entrance._inside.routes:  # type: ignore[attr-defined]
        assert isinstance(route, Route)
        if any(route.path.startswith(each) for each in BESIDE) or route.path == "/":
            continue
        for method in (route.methods or set()) - {"HEAD"}:
            assert (method, _plain(route.path)) in described, route.path


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def nothing_forgotten_is_served(place: Place) -> None:
    for path in FORGOTTEN:
        for answer in (place.client.get(path), place.get(path)):
            assert answer.status_code in {401, 404}, path
            assert answer.headers["content-type"] == "application/problem+json", path


def every_operation_wants_a_token(place: Place) -> None:
    for each in OPERATIONS:
        path = re.sub(r"\{[^}]*\}", "1", each.path)
        answer = place.client.request(each.method.upper(), path)
        assert answer.status_code == 401, path
    # A stranger is told the same whether something is there or not.
    same = {"X-Request-ID": "same"}
    for path in (LIST, "/v2/campaigns/999/leads", "/v2/nothing", "/v2/campaigns/x"):
        stranger = place.client.get(path, headers=same)
        assert stranger.text == place.client.get("/v2/me", headers=same).text, path


def a_path_of_nobody(patch: Patch) -> None:
    honest = paths.Router

    def router(routes: Any, **given: Any) -> Any:
        async def dump(_: Any) -> PlainTextResponse:
            return PlainTextResponse("everything")

        return honest([paths.route("/debug", GET=dump), *routes], **given)

    patch.setattr(paths, "Router", router)


def a_path_for_everybody(patch: Patch) -> None:
    """Let one path of the API be asked without a token."""
    from leadwell.api import entrance  # noqa: PLC0415

    narrow = re.compile(r"/v2/campaigns|/campaigns/|/leads\Z|/mcp\Z|/a/")
    patch.setattr(entrance, "_NEEDS_TOKEN", narrow)


ATTACKS: dict[Attack, list[Plant]] = {
    every_path_is_known: [a_path_of_nobody],
    nothing_forgotten_is_served: [a_path_of_nobody],
    every_operation_wants_a_token: [a_path_for_everybody],
}


@pytest.mark.parametrize("attack", named(ATTACKS))
def test_nothing_is_served_that_nobody_knows_of(place: Place, attack: Attack) -> None:
    attack(place)


@pytest.mark.parametrize(("attack", "plant"), with_plants(ATTACKS))
def test_it_would_be_found(
    place: Place, attack: Attack, plant: Plant, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    succeeds(attack, place)
