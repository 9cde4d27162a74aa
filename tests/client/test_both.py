"""What both clients do alike, on a real hub, beyond the reading of lists."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leadwell.client import (
    Leadwell,
    Unavailable,
    UnexpectedAnswer,
    address,
    configured,
)
from leadwell.client.aio import AsyncLeadwell
from leadwell.client.errors import EndlessAnswer, Unreachable
from leadwell.client.wire import arriving
from leadwell.errors import UsageError
from leadwell.testing import FaultServer, Reply, Request, faults
from leadwell.testing.server import _Listener
from tests import served
from tests.client.conftest import LEADS, url_of
from tests.client.test_faults import PASSING, each_twin
from tests.client.twins import QUICK, Twin

QUICKLY_PASSING = [
    fault
    for fault in PASSING
    if fault
    not in (faults.RATE_LIMITED, faults.UNAVAILABLE, faults.SLOW, faults.SILENT)
]


def test_a_token_says_what_it_is(read_hub: served.Served, client: Leadwell) -> None:
    assert client.me()["token"]["rights"] == ["read"]
    (campaign,) = client.campaigns()
    assert campaign["id"] == 362
    assert client.campaign(362).id == 362

    async def ask() -> tuple[Any, list[Any], int]:
        async with AsyncLeadwell(url_of(read_hub), read_hub.token) as hub:
            campaigns = [each async for each in hub.campaigns()]
            return await hub.me(), campaigns, hub.campaign(362).id

    assert asyncio.run(ask()) == (client.me(), [campaign], 362)


def test_campaigns_come_in_pages_as_leads_do() -> None:
    def answer(request: Request) -> Reply:
        page = 2 if "page=2" in request.target else 1
        place = {"page": page, "per_page": 1, "total": 2, "total_pages": 2}
        reply = Reply.json({"data": [{"id": page}], "pagination": place})
        link = '<?page=2>; rel="next"'
        return reply.with_headers(link=link) if page == 1 else reply

    async def ask(url: str) -> list[Any]:
        async with AsyncLeadwell(url, "lw_x") as hub:
            return [each async for each in hub.campaigns()]

    with FaultServer(answer) as server, Leadwell(server.url, "lw_x") as hub:
        assert list(hub.campaigns()) == [{"id": 1}, {"id": 2}]
        assert asyncio.run(ask(server.url)) == [{"id": 1}, {"id": 2}]


def test_the_feed_is_followed_to_its_end_and_read_with_types(
    read_hub: served.Served, client: Leadwell
) -> None:
    campaign = client.campaign(362)
    (changes,) = campaign.feed()
    raw = [entry.lead for entry in changes.entries if entry.lead]
    leads = campaign.typed(raw)
    assert leads == list(campaign.leads())

    async def ask() -> list[Any]:
        async with AsyncLeadwell(url_of(read_hub), read_hub.token) as hub:
            twin = hub.campaign(362)
            (told,) = [each async for each in twin.feed()]
            assert (await twin.schema())["campaign_id"] == 362
            assert (await twin.page(per_page=1)).total == LEADS
            return await twin.typed([e.lead for e in told.entries if e.lead])

    assert asyncio.run(ask()) == leads


@pytest.mark.parametrize("seed", range(4))
@each_twin
def test_whatever_happens_on_the_way_the_copy_is_whole(
    read_hub: served.Served, seed: int, twin: Twin
) -> None:
    random = Random(seed)  # noqa: S311 - it decides no secret
    with FaultServer(url_of(read_hub)) as server:
        script = [
            random.choice(QUICKLY_PASSING) if random.random() < 0.5 else None
            for _ in range(40)
        ]
        server.plan(*script)
        found = twin(server.url, read_hub.token).leads(per_page=3)
        assert [lead.id for lead in found] == list(range(1, LEADS + 1))


def test_threads_share_a_client(client: Leadwell) -> None:
    campaign = client.campaign(362)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(campaign.lead, list(range(1, LEADS + 1)) * 2))
    assert [lead.id for lead in found] == list(range(1, LEADS + 1)) * 2


def test_tasks_share_a_client(read_hub: served.Served) -> None:
    async def ask() -> list[int]:
        async with AsyncLeadwell(url_of(read_hub), read_hub.token) as hub:
            asked = map(hub.campaign(362).lead, list(range(1, LEADS + 1)) * 2)
            return [lead.id for lead in await asyncio.gather(*asked)]

    assert asyncio.run(ask()) == list(range(1, LEADS + 1)) * 2


@each_twin
def test_a_changed_schema_is_read_again(twin: Twin) -> None:
    types = iter(["text", "decimal"])
    versions = iter(["k1", "k2", "k2"])

    def answer(request: Request) -> Reply:
        if request.target.endswith("/schema"):
            fields = [{"slug": "price", "type": next(types)}]
            version = "k1" if fields[0]["type"] == "text" else "k2"
            return Reply.json({"data": {"version": version, "fields": fields}})
        version = next(versions)
        stamp = "2026-11-23T09:13:58.402117Z"
        lead = {"id": 1, "fields": {"price": "1.50"}, "created_at": stamp}
        lead |= {"updated_at": stamp, "metadata": {"campaign_id": 362, "version": 1}}
        place = {"page": 1, "per_page": 1, "total": 1, "total_pages": 1}
        reply = Reply.json({"data": [lead], "pagination": place})
        link = '<?_cursor=more>; rel="next"' if version == "k1" else ""
        return reply.with_headers(leadwell_schema_version=version, link=link)

    with FaultServer(answer) as server:
        found = twin(server.url, "lw_x").leads()
    assert [type(lead["price"]).__name__ for lead in found] == ["str", "Decimal"]


@pytest.mark.parametrize(
    "content",
    [
        {"data": {"version": "k1"}},
        {"data": {"version": "k1", "fields": [{"slug": "a"}]}},
        {"data": {"version": "k1", "fields": 7}},
    ],
)
@each_twin
def test_a_schema_that_is_none_is_told(content: Any, twin: Twin) -> None:
    with FaultServer(lambda _: Reply.json(content)) as server:
        with pytest.raises(UnexpectedAnswer, match="schema"):
            twin(server.url, "lw_x").do("schema")
        assert len(server.requests) == 8


@each_twin
def test_a_lead_that_is_none_is_told(twin: Twin) -> None:
    def answer(request: Request) -> Reply:
        if request.target.endswith("/schema"):
            return Reply.json({"data": {"version": "k1", "fields": []}})
        return Reply.json({"data": {"id": 1}})

    with FaultServer(answer) as server, pytest.raises(UnexpectedAnswer, match="lead"):
        twin(server.url, "lw_x").do("lead", 1)


@each_twin
def test_an_answer_without_an_end_is_not_kept(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "ANSWER_BYTES_MAX", 1_000_000)
    with FaultServer(lambda _: Reply.json("x" * 2_000_000)) as server:
        with pytest.raises(EndlessAnswer, match="no end"):
            twin(server.url, "lw_x").do("digest")
        assert len(server.requests) == 1


def test_without_a_token_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEADWELL_TOKEN", raising=False)
    monkeypatch.delenv("LEADWELL_URL", raising=False)
    for url, token in (("https://a", None), ("https://a", "two words"), (None, "lw_x")):
        for kind in (Leadwell, AsyncLeadwell):
            with pytest.raises(UsageError) as caught:
                kind(url, token)
            assert "two words" not in caught.value.detail
    with pytest.raises(UsageError, match="no campaign"):
        Leadwell("https://a", "lw_x").campaign()


@pytest.fixture
def distrusted(tmp_path: Path) -> Iterator[str]:
    """A server whose certificate nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(now - timedelta(1))
        .not_valid_after(now + timedelta(1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "pem").write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    server = FaultServer(lambda _: Reply.json({}))
    server.refuse()
    listener = _Listener(("127.0.0.1", 0), server)
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
    yield f"https://localhost:{listener.server_address[1]}"
    listener.shutdown()
    listener.server_close()
    assert server.requests == []


@each_twin
def test_a_certificate_that_nobody_signed_ends_it(distrusted: str, twin: Twin) -> None:
    pauses: list[Any] = []
    retry = replace(QUICK, on_pause=lambda *told: pauses.append(told))
    with pytest.raises(Unreachable, match="certificate"):
        twin(distrusted, "lw_secret", retry=retry).do("digest")
    assert pauses == []


@each_twin
def test_what_speaks_no_http_is_told(twin: Twin) -> None:
    def nonsense(exchange: faults.Exchange) -> None:
        exchange.raw(b"220 mail.example ESMTP\r\n")
        exchange.hang_up()

    with FaultServer(lambda _: Reply.json({})) as server:
        server.plan(*[faults.Fault("smtp", "another protocol", nonsense)] * 8)
        with pytest.raises(Unavailable, match="broke"):
            twin(server.url, "lw_x").do("digest")


@each_twin
def test_a_proxy_of_the_environment_is_used(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"count": 7, "digest": "0" * 32, "cursor": "c1_x"}
    with FaultServer(lambda _: Reply.json(answer)) as proxy:
        named = proxy.url.replace("//", "//jane:a%20b@")
        monkeypatch.setenv("HTTP_PROXY", named)
        monkeypatch.setenv("NO_PROXY", "intranet.example")
        assert twin("http://leads.example/hub", "lw_x").do("digest").count == 7
        (sent,) = proxy.requests
        target = "http://leads.example/hub/v2/campaigns/362/leads/digest"
        assert sent.target == target
        assert sent.headers["proxy-authorization"] == "Basic amFuZTphIGI="
    for place in ("http://intranet.example", "http://127.0.0.1:1"):
        assert configured.proxy_of(address.read(place)) is None
    monkeypatch.setenv("HTTP_PROXY", "socks5://proxy.example")
    with pytest.raises(UsageError, match="proxy"):
        twin("http://leads.example", "lw_x").do("digest")
