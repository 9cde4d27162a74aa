"""OWASP API8: what every answer tells browsers, and whom the hub believes."""

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Scope
from structlog.testing import capture_logs

from leadwell.api.entrance import Entrance, browsers, problems
from leadwell.api.entrance.browsers import origins_of
from leadwell.api.links import is_for_this_machine
from leadwell.errors import UsageError
from leadwell.server.connections.listening import (
    check_proxies,
    configuration,
)
from leadwell.settings import Settings
from leadwell.store import leads
from tests.attacks.place import (
    HUB,
    LIST,
    METRICS,
    OWN_SITE,
    Attack,
    Patch,
    Place,
    Plant,
    named,
    narrowed,
    succeeds,
    with_plants,
)

SAMPLES = {
    "{campaign_id:id}": "362",
    "{lead_id:id}": "1",
    "{account}": "south",
    "{connector}": "own",
    "{page}": "errors",
    "{code}": "not_found",
}
"""What stands for a part of a path; any other part is a word that nothing has."""
PUBLIC = re.compile(
    r"/(static|docs|d|health|login|setup|llms|\.well-known)(/|\.txt|\Z)"
)
"""What shows no leads, and nothing of an account."""
EVIL = "https://evil.example"


def paths(place: Place) -> list[tuple[str, list[str]]]:
    """Every path of the hub with its methods, as it could be asked."""
    entrance = place.client.app
    assert isinstance(entrance, Entrance)
    found = []
    for route in entrance._inside.routes:  # type: ignore[attr-defined]
        assert isinstance(route, Route)
        path = route.path.replace("/d/{secret}", place.shared_docs.rstrip("/"))
        path = path.replace("/feed/{secret}.csv", place.csv_link)
        for part, sample in SAMPLES.items():
            path = path.replace(part, sample)
        path = re.sub(r"\{[^}]+\}", "nothing", path)
        found.append((path, sorted((route.methods or set()) - {"HEAD"})))
    return found


def answers(place: Place) -> Iterator[tuple[str, str, httpx2.Response]]:
    """Every route: as a stranger, with a token and signed in, rightly and wrongly."""
    desk, token = place.desk(), place.token()
    for path, methods in paths(place):
        for method in [*methods, "OPTIONS"]:
            yield (
                path,
                "stranger",
                place.client.request(method, path, follow_redirects=False),
            )
            bearer = METRICS if path == "/metrics" else token
            yield path, "token", place.ask(method, path, bearer, follow_redirects=False)
        if "GET" in methods:
            yield path, "person", desk.get(path, follow_redirects=False)


def every_answer_tells_browsers_what_they_may(place: Place) -> None:
    seen = set()
    for path, who, answer in answers(place):
        headers, about = answer.headers, f"{who} {path} {answer.status_code}"
        seen.add((who, answer.status_code))
        assert answer.status_code != 500, about
        assert headers.get("x-content-type-options") == "nosniff", about
        assert headers.get("referrer-policy") in {"no-referrer", "same-origin"}, about
        assert headers.get("strict-transport-security") == "max-age=31536000", about
        policy = headers.get("content-security-policy", "")
        assert policy.startswith("default-src 'none'"), about
        assert "*" not in policy, about
        assert "script-src 'self' 'unsafe" not in policy, about
        if headers.get("content-type", "").startswith("text/html"):
            assert "frame-ancestors 'none'" in policy, about
            assert "camera=()" in headers["permissions-policy"], about
        assert "access-control-allow-credentials" not in headers, about
        assert "access-control-allow-origin" not in headers, about
        assert "server" not in headers, about
        kept = headers.get("cache-control", "")
        if who != "stranger" and answer.status_code == 200 and not PUBLIC.match(path):
            assert re.search("private|no-store", kept), about
            assert not re.search("public|s-maxage|must-revalidate", kept), about
        if answer.status_code >= 400:
            assert "Traceback" not in answer.text, about
    assert {("token", 200), ("person", 200), ("stranger", 401)} <= seen


def forget_the_policy(patch: Patch) -> None:
    honest = browsers.always
    patch.setattr(
        browsers,
        "always",
        lambda *given: [x for x in honest(*given) if x[0] != browsers.POLICY[0]],
    )


def forget_errors(patch: Patch) -> None:
    """Tell browsers something with what goes well alone."""
    honest = browsers.tell

    def tell(hub: Any, scope: Scope, headers: Any, origin: str | None) -> None:
        is_problem = any(b"problem" in value for _, value in headers)
        if not is_problem:
            honest(hub, scope, headers, origin)

    patch.setattr(browsers, "tell", tell)


def let_everybody_ask(patch: Patch) -> None:
    """Reflect whatever origin asks, as snippets on the web do."""
    honest = browsers.tell

    def tell(hub: Any, scope: Scope, headers: Any, _origin: str | None) -> None:
        asks = dict(scope["headers"]).get(b"origin", b"*")
        honest(hub, scope, headers, asks.decode())
        headers.append((b"access-control-allow-origin", asks))

    patch.setattr(browsers, "tell", tell)


def other_sites_read_nothing(place: Place) -> None:
    for origin in (EVIL, "null", f"{OWN_SITE}.evil.example", OWN_SITE.upper()):
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        before = place.client.options(LIST, headers=asked)
        after = place.get(LIST, headers={"Origin": origin})
        for answer in (before, after):
            assert not _told(answer)
    for path in ("/campaigns", "/login", "/me", "/docs/", "/metrics"):
        # Nothing that a cookie opens is shown to a page elsewhere, allowed or not.
        assert not _told(place.desk().get(path, headers={"Origin": OWN_SITE}))


def an_allowed_site_asks_with_a_token_alone(place: Place) -> None:
    asked = {"Origin": OWN_SITE, "Access-Control-Request-Method": "PATCH"}
    before = place.client.options(f"{LIST}/1", headers=asked)
    assert before.status_code == 204
    assert "Authorization" in before.headers["access-control-allow-headers"]
    assert "PATCH" in before.headers["access-control-allow-methods"]
    read = place.get(LIST, headers={"Origin": OWN_SITE})
    refused = place.client.get(LIST, headers={"Origin": OWN_SITE})
    assert (read.status_code, refused.status_code) == (200, 401)
    for answer in (before, read, refused):
        assert _told(answer) == {"access-control-allow-origin": OWN_SITE}
        assert "Origin" in answer.headers.get_list("vary")
    assert "ETag" in read.headers["access-control-expose-headers"]


def _told(answer: httpx2.Response) -> Mapping[str, str]:
    names = ("access-control-allow-origin", "access-control-allow-credentials")
    return {name: answer.headers[name] for name in names if name in answer.headers}


def allow_credentials(patch: Patch) -> None:
    honest = browsers.tell

    def tell(hub: Any, scope: Scope, headers: Any, origin: str | None) -> None:
        honest(hub, scope, headers, origin)
        headers.append((b"access-control-allow-credentials", b"true"))

    patch.setattr(browsers, "tell", tell)


def links_come_from_no_header(place: Place) -> None:
    told = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example;proto=http",
        "X-Original-URL": "/admin",
        "X-Forwarded-Prefix": "/evil",
    }
    answers = [
        place.get(LIST, headers=told),
        place.client.get("/docs/", headers=told | {"Accept": "text/html"}),
        place.client.get("/campaigns", headers=told, follow_redirects=False),
        place.client.get("/nothing", headers=told),
    ]
    for answer in answers:
        assert "evil" not in answer.text + str(answer.headers)
    assert answers[0].headers["link"].startswith(f"<{HUB}/")


def links_from_the_host(patch: Patch) -> None:
    """Name the host that the request names, in the page of an error."""
    honest = problems.response

    def response(error: Any, *, public_url: str, request_id: str) -> Any:
        del public_url
        return honest(error, public_url="https://evil.example", request_id=request_id)

    patch.setattr(problems, "response", response)


def a_fault_tells_nothing(place: Place) -> None:
    # The log is the operator's, and may say more; here it is only kept from the screen.
    with pytest.MonkeyPatch.context() as patch, capture_logs():
        secret = "value of a lead: jane@example.com"
        patch.setattr(leads, "find_one", _raising(secret))
        answer = place.get(f"{LIST}/1")
    assert answer.status_code == 500
    assert "jane" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json()["code"] == "internal_error"


def _raising(text: str) -> Any:
    def call(*_: Any) -> None:
        raise ValueError(text)

    return call


def tell_the_fault(patch: Patch) -> None:
    honest = problems.response

    def response(error: Any, **given: Any) -> Any:
        fault = sys.exc_info()[1]
        return honest(type(error)(f"{fault!r}", hint="") if fault else error, **given)

    patch.setattr(problems, "response", response)


ATTACKS: dict[Attack, list[Plant]] = {
    every_answer_tells_browsers_what_they_may: [
        forget_the_policy,
        forget_errors,
        let_everybody_ask,
    ],
    other_sites_read_nothing: [let_everybody_ask],
    an_allowed_site_asks_with_a_token_alone: [allow_credentials],
    links_come_from_no_header: [links_from_the_host],
    a_fault_tells_nothing: [tell_the_fault],
}


@pytest.mark.parametrize("attack", named(ATTACKS))
def test_a_misconfigured_hub_is_not_to_be_found(place: Place, attack: Attack) -> None:
    attack(place)


@pytest.mark.parametrize(("attack", "plant"), with_plants(ATTACKS))
def test_it_would_be_found(
    place: Place, attack: Attack, plant: Plant, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    succeeds(attack, place)


@pytest.mark.parametrize(
    ("trusted", "sender", "said", "status"),
    [
        ("127.0.0.1", "192.0.2.9", "203.0.113.7", 403),
        ("192.0.2.9", "192.0.2.9", "203.0.113.7", 200),
        ("192.0.2.0/24", "192.0.2.9", "203.0.113.7", 200),
        # What the client has written itself stands before what the proxy has added.
        ("192.0.2.9", "192.0.2.9", "203.0.113.7, 198.51.100.1", 403),
        ("192.0.2.9", "192.0.2.9", "198.51.100.1, 203.0.113.7", 200),
        ("192.0.2.9", "192.0.2.9", "203.0.113.7, 192.0.2.9", 200),
        ("192.0.2.9", "192.0.2.9", "nonsense", 403),
    ],
)
def test_an_address_is_believed_of_a_trusted_proxy_alone(
    place: Place, trusted: str, sender: str, said: str, status: int
) -> None:
    token = place.token(addresses=("203.0.113.0/24",))
    config = configuration(Settings(trusted_proxies=trusted))
    config.app, config.factory = place.client.app, False
    config.load()
    client = TestClient(config.loaded_app, base_url=HUB, client=(sender, 5000))
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": said}

    assert client.get(LIST, headers=headers).status_code == status


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.internal", "*,10.0.0.1", "::/x"])
def test_a_proxy_that_can_be_none_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="trusted_proxies"):
        check_proxies(text)


def test_proxies_are_addresses_and_networks_or_everybody() -> None:
    for text in ("", "*", "127.0.0.1", "::1, 10.0.0.0/8"):
        check_proxies(text)


@pytest.mark.parametrize(
    "text",
    [
        *("*", "app.example.com", "https://app.example.com/", "https://*.example.com"),
        *("ftp://a.example", "https://", "null", "https://A.example"),
        *("https://a.example:x", "https://a.example:0", "https://[::1"),
    ],
)
def test_what_is_no_origin_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="cors_origins"):
        origins_of(text)


def test_origins_are_read() -> None:
    given = " https://a.example,http://localhost:3000, https://[::1]:8443 ,"
    found = {"https://a.example", "http://localhost:3000", "https://[::1]:8443"}
    assert origins_of(given) == found
    assert origins_of("") == frozenset()


def test_no_site_may_ask_unless_it_is_named(place: Place) -> None:
    plain = {"public_url": "http://hub.example", "cors_origins": frozenset()}
    place = narrowed(place, **plain)
    asked = {"Origin": OWN_SITE, "Access-Control-Request-Method": "GET"}
    assert place.client.options(LIST, headers=asked).status_code in {401, 405}
    read = place.get(LIST, headers={"Origin": OWN_SITE})
    assert read.status_code == 200
    assert not _told(read)
    # Browsers are told to ask over TLS alone where that works, and nowhere else.
    assert "strict-transport-security" not in read.headers


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)),
        *(("0.0.0.0", False), ("::", False), ("192.0.2.1", False)),  # noqa: S104
        ("hub", False),
    ],
)
def test_what_others_reach_is_known(host: str, is_own: bool) -> None:
    assert is_for_this_machine(host) is is_own
