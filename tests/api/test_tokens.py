"""Who may see what: 401, 403 and 404, and tokens that see a part (CONTRACT §2)."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.campaign import Attribute
from leadwell.model.token import public_id_of
from leadwell.store import tokens
from tests import make

LIST = "/v2/campaigns/362/leads"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "X-Request-ID": "fixed"}


@pytest.fixture
def lead(database, campaign) -> Any:
    return make.a_lead(
        database,
        campaign,
        status="new",
        assigned_person=1,
        external_id="crm-1",
        fields={"source": "partner-west", "budget": 10},
    )


def test_no_token_is_told_no_error_code(client: TestClient, campaign) -> None:
    for path in (LIST, "/v2/me", "/v2/campaigns", "/campaigns/362/leads", "/v2/none"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="leadwell"'


def test_a_wrong_token_is_told_invalid_token(client: TestClient, campaign) -> None:
    answer = client.get(LIST, headers=bearer("123456789abcdef"))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith(
        'Bearer realm="leadwell", error="invalid_token", error_description="'
    )


def test_the_scheme_is_read_in_any_case(client, database, account, campaign) -> None:
    token = make.a_token(database, account, campaign)

    for scheme in ("bearer", "BEARER", "Bearer "):
        headers = {"Authorization": f"{scheme} {token}"}
        assert client.get(LIST, headers=headers).status_code == 200


def test_a_missing_right_is_told_insufficient_scope(
    client, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign)

    for method, path in (("GET", "/v2/campaigns/363/leads"), ("POST", LIST)):
        answer = client.request(method, path, headers=bearer(token), json={})
        assert answer.status_code == 403
        assert answer.json()["code"] == "insufficient_scope"
        challenge = answer.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in challenge


def test_a_token_revoked_between_requests_is_refused(
    client, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign)
    assert client.get(LIST, headers=bearer(token)).status_code == 200

    database.write(
        lambda connection: connection.run(
            "UPDATE token SET revoked_at = 1 WHERE public_id = :id",
            {"id": public_id_of(token)},
        )
    ).result()

    assert client.get(LIST, headers=bearer(token)).status_code == 401


def test_an_account_token_reads_every_campaign_of_its_account(
    client, database, account, campaign, lead
) -> None:
    second = make.a_kept_campaign(database, account, id=363, name="Walls")
    make.a_lead(database, second, fields={"name": "Wall"})
    token = make.a_token(database, account, None)

    for number, name in ((362, "Jane Doe"), (363, "Wall")):
        answer = client.get(f"/v2/campaigns/{number}/leads", headers=bearer(token))
        (found,) = answer.json()["data"]
        assert found["fields"]["name"] == name
    listed = client.get("/v2/campaigns", headers=bearer(token)).json()
    assert [each["id"] for each in listed["data"]] == [362, 363]


def test_who_names_a_campaign_by_its_slug_is_told_its_id(
    client, database, account, campaign
) -> None:
    make.a_kept_campaign(database, account, id=363, name="Walls")
    other = make.an_account(database, "other")
    make.a_kept_campaign(database, other, id=400, name="Cellars")
    of_one = make.a_token(database, account, campaign)
    of_all = make.a_token(database, account, None)

    def answer(token: str, slug: str, below: str = "/v2") -> dict[str, Any]:
        path = f"{below}/campaigns/{slug}/leads"
        found = client.get(path, headers=bearer(token))
        assert found.status_code == 404
        told = found.json()
        assert told["code"] == "not_found"
        del told["request_id"]
        return told

    for token, slug, number in (
        (of_one, "roofs", 362),
        (of_all, "roofs", 362),
        (of_all, "walls", 363),
    ):
        for below in ("/v2", ""):
            detail = answer(token, slug, below)["detail"]
            assert f"that of {slug} is {number}: /v2/campaigns/{number}" in detail
    for token, slug in ((of_one, "walls"), (of_one, "cellars"), (of_all, "cellars")):
        assert answer(token, slug) == answer(token, "nothing")
    revoked = client.get(
        "/v2/campaigns/roofs/leads", headers=bearer(make.almost(of_one))
    )
    assert revoked.status_code == 401
    assert client.get("/v2/campaigns/roofs/leads").status_code == 401


def test_a_foreign_campaign_is_as_one_that_does_not_exist(
    client, database, account, campaign
) -> None:
    other = make.an_account(database, "other")
    make.a_kept_campaign(database, other, id=400)
    token = make.a_token(database, account, None, may_write=True)

    for path in ("", "/leads", "/leads/1", "/schema", "/schema.json"):
        there = client.get(f"/v2/campaigns/400{path}", headers=bearer(token))
        nowhere = client.get(f"/v2/campaigns/401{path}", headers=bearer(token))
        assert there.status_code == nowhere.status_code == 404
        assert there.json()["code"] == "campaign_not_found"
        assert there.text.replace("400", "401") == nowhere.text
    body = {"fields": {"name": "a"}}
    answer = client.post("/v2/campaigns/400/leads", json=body, headers=bearer(token))
    assert answer.status_code == 404
    listed = client.get("/v2/campaigns", headers=bearer(token)).json()
    assert [each["id"] for each in listed["data"]] == [362]


@pytest.mark.usefixtures("lead")
@pytest.mark.parametrize(
    ("hidden", "queries"),
    [
        (Attribute.STATUS, ["status=new", "status[exists]=true"]),
        (Attribute.ASSIGNED_PERSON, ["assigned_to=1"]),
        (Attribute.EXTERNAL_ID, []),
    ],
)
def test_a_hidden_attribute_is_unknown_everywhere(
    client, database, account, campaign, *, hidden: Attribute, queries: list[str]
) -> None:
    place = hidden.value
    ids = frozenset(field.id for field in campaign.fields)
    readable = ids | frozenset(Attribute) - {hidden}
    token = make.a_token(database, account, campaign, readable=readable)

    (found,) = client.get(LIST, headers=bearer(token)).json()["data"]
    schema = client.get("/v2/campaigns/362/schema", headers=bearer(token)).json()
    me = client.get("/v2/me", headers=bearer(token)).json()["data"]

    assert place not in found
    assert place not in found["metadata"]
    assert place not in me["fields"]
    if hidden is Attribute.STATUS:
        assert schema["data"]["statuses"] == []
    for query in [*queries, f"_fields={place}"]:
        answer = client.get(f"{LIST}?{query}", headers=bearer(token))
        assert answer.status_code == 400
        assert answer.json()["code"] == "unknown_parameter"
        assert place not in str(answer.json()["errors"][0]["allowed"])


def test_a_hidden_field_is_unknown_everywhere(
    client, database, account, campaign, lead
) -> None:
    name = campaign.field_by_slug["name"].id
    token = make.a_token(database, account, campaign, readable=frozenset({name}))

    (found,) = client.get(LIST, headers=bearer(token)).json()["data"]

    assert found["fields"] == {"name": "Jane Doe"}
    assert found.keys() == {"id", "fields", "created_at", "updated_at", "metadata"}
    for query in ("source=partner-west", "budgt=1", "_sort=budget", "_fields=source"):
        answer = client.get(f"{LIST}?{query}", headers=bearer(token))
        told = answer.text.replace(query.partition("=")[2], "")
        assert answer.status_code == 400
        for slug in ("customer-type", "budget", "Partner", "assigned"):
            assert slug not in told, query


def test_a_lead_outside_the_filter_is_as_one_that_does_not_exist(
    client, database, account, campaign, lead
) -> None:
    token = make.a_token(database, account, campaign, "source=partner-north")

    there = client.get(f"{LIST}/1", headers=bearer(token))
    nowhere = client.get(f"{LIST}/2", headers=bearer(token))

    assert there.status_code == nowhere.status_code == 404
    assert there.text.replace("lead 1 ", "lead 2 ") == nowhere.text
    assert there.headers.raw == nowhere.headers.raw


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("192.0.2.7", 200),
        ("192.0.3.7", 403),
        ("2001:db8::7", 200),
        ("2001:db9::7", 403),
        ("not-an-address", 403),
    ],
)
def test_addresses_that_a_token_may_come_from(
    hub: Hub, database, account, campaign, address: str, status: int
) -> None:
    blocks = ("192.0.2.0/24", "2001:db8::/32")
    token = make.a_token(database, account, campaign, addresses=blocks)
    client = TestClient(app(hub), client=(address, 5000))

    answer = client.get(LIST, headers=bearer(token) | {"X-Forwarded-For": "192.0.2.1"})

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "address_not_allowed"
        assert "192.0.2" not in answer.text


def test_the_last_use_is_written(client, database, account, campaign) -> None:
    token = make.a_token(database, account, campaign)

    client.get(LIST, headers=bearer(token))

    make.settle(database)
    with database.reading() as connection:
        found = tokens.known(connection, public_id_of(token))
    assert found.last_used_at is not None
    assert found.last_used_at > make.MIDNIGHT
    assert found.exposed_at is None
