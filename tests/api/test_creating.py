"""`POST /v2/campaigns/{id}/leads`: what is kept, and what is refused (CONTRACT §8)."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.model.campaign import Attribute
from tests import make
from tests.writer import Office, Writer, code, told

LIST = "/v2/campaigns/362/leads"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def writer(database, account, campaign) -> dict[str, str]:
    return bearer(make.a_token(database, account, campaign, may_write=True))


def problems(answer: Any, code: str | None = None) -> set[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    document = answer.json()
    if code is not None:
        assert document["code"] == code
    return {(each["pointer"], each["code"]) for each in document["errors"]}


def test_the_lead_of_the_contract(client: TestClient, writer) -> None:
    given = {
        "status": "new",
        "fields": {"name": "Jane Doe", "source": "partner-west", "budget": 1200.5},
        "assigned_person": 1,
        "external_id": "crm-77",
    }

    answer = client.post(LIST, json=given, headers=writer)

    assert answer.status_code == 201
    assert answer.headers["location"] == f"https://hub.example{LIST}/1"
    assert list(answer.json()) == ["data"]
    lead = answer.json()["data"]
    assert lead["status"] == {"slug": "new", "label": "New"}
    assert lead["fields"]["name"] == "Jane Doe"
    assert lead["fields"]["budget"] == 1200.5
    assert lead["fields"]["source"] == {
        "slug": "partner-west",
        "label": "Partner West",
    }
    assert lead["fields"]["email"] is None
    assert lead["assigned_person"] == {"id": 1, "name": "Sales One"}
    assert lead["metadata"]["external_id"] == "crm-77"
    assert lead["metadata"]["version"] == 1
    assert client.get(f"{LIST}/1", headers=writer).json() == answer.json()


def test_what_is_left_out_falls_to_its_default(client: TestClient, writer) -> None:
    answer = client.post(LIST, json={"fields": {"name": "a"}}, headers=writer)

    lead = answer.json()["data"]
    assert lead["status"]["slug"] == "new"
    assert lead["assigned_person"] is None
    assert lead["metadata"]["external_id"] is None
    assert [slug for slug, value in lead["fields"].items() if value] == ["name"]


def test_null_is_no_status(client: TestClient, writer) -> None:
    given = {"status": None, "fields": {"name": "a", "email": None, "tags": []}}

    lead = client.post(LIST, json=given, headers=writer).json()["data"]

    assert lead["status"] is None
    assert lead["fields"]["tags"] is None


def test_all_problems_are_told_at_once(client: TestClient, writer) -> None:
    given = {
        "status": "New",
        "colour": "red",
        "assigned_person": 99,
        "external_id": 7,
        "fields": {
            "email": "nobody",
            "source": "Partner West",
            "customer-type": "industrial",
            "budget": "much",
            "a/b~c": 1,
        },
    }

    answer = client.post(LIST, json=given, headers=writer)

    assert problems(answer, "invalid_lead") == {
        ("/status", "label_not_slug"),
        ("/colour", "unknown_field"),
        ("/assigned_person", "malformed_value"),
        ("/external_id", "malformed_value"),
        ("/fields/email", "malformed_value"),
        ("/fields/source", "label_not_slug"),
        ("/fields/customer-type", "unknown_option"),
        ("/fields/budget", "malformed_value"),
        ("/fields/a~1b~0c", "unknown_field"),
        ("/fields/name", "required"),
    }
    by_pointer = {each["pointer"]: each for each in answer.json()["errors"]}
    assert by_pointer["/fields/source"]["did_you_mean"] == "partner-west"
    assert by_pointer["/fields/customer-type"]["allowed"] == ["private", "commercial"]
    assert client.get(LIST, headers=writer).json()["pagination"]["total"] == 0


@pytest.mark.parametrize("empty", [None, "", []])
def test_a_required_field_may_not_be_empty(client, writer, empty) -> None:
    answer = client.post(LIST, json={"fields": {"name": empty}}, headers=writer)

    assert ("/fields/name", "required") in problems(answer)


def test_a_hidden_field_is_an_unknown_field(
    client, database, account, campaign
) -> None:
    readable = frozenset({campaign.field_by_slug["name"].id})
    token = make.a_token(database, account, campaign, may_write=True, readable=readable)
    given = {
        "status": "new",
        "assigned_person": 1,
        "external_id": "a",
        "fields": {"name": "a", "source": "partner-west", "nothing": 1},
    }

    answer = client.post(LIST, json=given, headers=bearer(token))

    assert problems(answer, "unknown_field") == {
        ("/status", "unknown_field"),
        ("/assigned_person", "unknown_field"),
        ("/external_id", "unknown_field"),
        ("/fields/source", "unknown_field"),
        ("/fields/nothing", "unknown_field"),
    }
    assert "budget" not in answer.text
    assert "partner-west" not in answer.text


def test_what_is_answered_shows_no_hidden_field(
    client, database, account, campaign
) -> None:
    parts = {campaign.field_by_slug["name"].id, Attribute.EXTERNAL_ID}
    token = make.a_token(
        database, account, campaign, may_write=True, readable=frozenset(parts)
    )
    given = {"external_id": "a", "fields": {"name": "a"}}

    lead = client.post(LIST, json=given, headers=bearer(token)).json()["data"]

    assert lead["fields"] == {"name": "a"}
    assert lead.keys() == {"id", "fields", "created_at", "updated_at", "metadata"}
    assert lead["metadata"]["external_id"] == "a"


def test_a_lead_outside_the_filter_is_refused(
    client, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign, "budget[gte]=100", may_write=True)

    for fields in ({"name": "a"}, {"name": "a", "budget": 99}):
        answer = client.post(LIST, json={"fields": fields}, headers=bearer(token))
        assert problems(answer, "outside_scope") == {("", "outside_scope")}
    inside = {"fields": {"name": "a", "budget": 100}}
    answer = client.post(LIST, json=inside, headers=bearer(token))
    assert answer.status_code == 201
    assert answer.json()["data"]["id"] == 1


def test_an_option_that_the_filter_excludes_is_unknown(
    client, database, account, campaign
) -> None:
    token = make.a_token(
        database, account, campaign, "source=partner-west", may_write=True
    )
    given = {"fields": {"name": "a", "source": "partner-north"}}

    answer = client.post(LIST, json=given, headers=bearer(token))

    assert problems(answer) == {("/fields/source", "unknown_option")}
    assert "Partner North" not in answer.text
    assert answer.json()["errors"][0]["allowed"] == ["partner-west"]


def test_a_known_external_id_updates(client: TestClient, writer) -> None:
    first = {"external_id": "a", "fields": {"name": "One", "budget": 1}}
    second = {"external_id": "a", "fields": {"name": "Two"}}

    new = client.post(LIST, json=first, headers=writer)
    known = client.post(LIST, json=second, headers=writer)
    again = client.post(LIST, json=second, headers=writer)

    assert [new.status_code, known.status_code, again.status_code] == [201, 200, 200]
    lead = known.json()["data"]
    assert (lead["id"], lead["metadata"]["version"]) == (1, 2)
    assert (lead["fields"]["name"], lead["fields"]["budget"]) == ("Two", 1)
    assert lead["updated_at"] > new.json()["data"]["updated_at"]
    assert again.json() == known.json()
    assert client.get(LIST, headers=writer).json()["pagination"]["total"] == 1


def test_an_external_id_belongs_to_a_lineage(
    client, database, account, campaign
) -> None:
    mine, rotated, foreign = (
        make.a_token(database, account, campaign, may_write=True, lineage=lineage)
        for lineage in ("mine", "mine", "foreign")
    )
    given = {"external_id": "a", "fields": {"name": "a"}}

    answers = [
        client.post(LIST, json=given, headers=bearer(token))
        for token in (mine, rotated, foreign)
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 201]
    assert [answer.json()["data"]["id"] for answer in answers] == [1, 1, 2]


def test_the_original_s_names_are_read(client: TestClient, writer) -> None:
    given = {
        "campaign_id": 362,
        "field_values": {"name": "a", "budget": 5},
        "select_field_values": {"source": "website", "tags": ["b", "a"]},
    }

    lead = client.post(LIST, json=given, headers=writer).json()["data"]

    assert lead["fields"]["name"] == "a"
    assert lead["fields"]["budget"] == 5
    assert lead["fields"]["source"]["slug"] == "website"
    assert [tag["slug"] for tag in lead["fields"]["tags"]] == ["a", "b"]


def test_what_a_lead_shows_can_be_sent_back(client: TestClient, writer) -> None:
    given = {
        "fields": {"name": "a", "source": "website", "tags": ["a"], "price": "1.50"},
        "assigned_person": 1,
    }
    shown = client.post(LIST, json=given, headers=writer).json()["data"]
    kept = {key: shown[key] for key in ("status", "fields", "assigned_person")}

    copy = client.post(LIST, json=kept, headers=writer)

    assert copy.status_code == 201, copy.text
    again = copy.json()["data"]
    assert {key: again[key] for key in kept} == kept


def test_a_token_that_only_reads_may_not_write(
    client, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign)

    answer = client.post(LIST, json={"fields": {"name": "a"}}, headers=bearer(token))

    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"
    listed = client.get(LIST, headers=bearer(token)).json()
    assert listed["pagination"]["total"] == 0


# ── One field, given twice ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("slug", "one", "two"),
    [
        ("name", "a", "b"),
        ("name", "a", None),
        ("email", None, "a@example.com"),
        ("budget", 1, 2),
        ("df_lines", {"a": 1}, {"a": True}),
        ("source", "website", "partner-west"),
        ("tags", ["a"], ["a", "b"]),
    ],
)
def test_a_field_that_is_given_differently_is_a_contradiction(
    partner: Writer, slug: str, one: Any, two: Any
) -> None:
    parts = ["fields", "field_values", "select_field_values"]
    for first, second in [(0, 1), (1, 2), (0, 2)]:
        given = {parts[first]: {slug: one}, parts[second]: {slug: two}}
        given.setdefault("fields", {}).setdefault("name", "a")

        found = told(partner.ask("POST", "", given))

        place = f"/{parts[second]}/{slug}"
        assert (place, "contradiction") in found or (place, "required") in found
    assert partner.total == 0


def test_a_field_that_is_given_alike_is_given_once(partner: Writer) -> None:
    given = {
        "fields": {"name": "a", "budget": 5, "tags": ["b", "a"], "email": None},
        "field_values": {"name": "a", "budget": "5.0", "df_lines": {"a": 1, "b": 2}},
        "select_field_values": {
            "tags": [{"slug": "a"}, "b"],
            "email": "",
            "df_lines": {"b": 2, "a": 1},
        },
    }

    assert partner.ask("POST", "", given).status_code == 201


def test_a_field_is_refused_where_it_stands_and_not_missed_too(
    partner: Writer,
) -> None:
    assert told(partner.ask("POST", "", {"field_values": {"name": 7}})) == {
        ("/field_values/name", "malformed_value")
    }


# ── Numbers that readers would round ────────────────────────────────────────────


@pytest.mark.parametrize(
    "number", [2**53 + 1, 2**63 - 1, -(2**63), 10**18 + 1, 0, -1, 1.5, True]
)
def test_a_json_number_of_64_bits_is_kept_exactly(partner: Writer, number: Any) -> None:
    answer = partner.ask(
        "POST", "", {"fields": {"name": "a", "df_lines": {"ids": [number]}}}
    )

    assert answer.status_code == 201
    for kept in (answer.json()["data"], partner.lead(1), partner.feed()["data"][-1]):
        assert repr(kept.get("lead", kept)["fields"]["df_lines"]["ids"][0]) == repr(
            number
        )


@pytest.mark.parametrize("digits", range(20, 41, 4))
@pytest.mark.parametrize("sign", [1, -1])
def test_a_longer_json_number_is_refused(
    partner: Writer, digits: int, sign: int
) -> None:
    number = sign * int("9" * digits)
    for value in (number, {"a": [{"b": number}]}):
        answer = partner.ask("POST", "", {"fields": {"name": "a", "df_lines": value}})
        if len(str(number)) > 40:
            assert code(answer, 400) == "malformed_body"
        else:
            assert told(answer) == {("/fields/df_lines", "malformed_value")}
            assert "as a text" in answer.json()["detail"]
    assert partner.total == 0


# ── POST /leads ─────────────────────────────────────────────────────────────────


def test_a_lead_can_be_sent_without_a_campaign_in_the_path(partner: Writer) -> None:
    given = {"campaign_id": 362, "external_id": "x", "fields": {"name": "a"}}

    answer = partner.ask("POST", "/leads", given)
    again = partner.ask("POST", "", given)

    assert answer.status_code == 201
    assert answer.headers["location"].endswith("/v2/campaigns/362/leads/1")
    assert again.status_code == 200
    assert again.content == answer.content


@pytest.mark.parametrize("kind", ["campaign", "account"])
@pytest.mark.parametrize("may_write", [True, False])
def test_a_foreign_campaign_is_refused_as_by_its_path(
    office: Office, kind: str, may_write: bool
) -> None:
    foreign = make.an_account(office.database, "foreign")
    make.a_kept_campaign(office.database, foreign, id=363, name="Walls")
    campaign = office.campaign if kind == "campaign" else None
    writer = office.writer()
    writer.token = make.a_token(
        office.database, office.account, campaign, may_write=may_write
    )

    for number in (363, 364):
        given = {"campaign_id": number, "fields": {"name": "a"}}
        path = writer.ask("POST", f"/v2/campaigns/{number}/leads", given)
        alias = writer.ask("POST", "/leads", given)
        status = 404 if may_write and kind == "account" else 403
        assert alias.status_code == path.status_code == status
        assert alias.content == path.content
        assert alias.headers.raw == path.headers.raw
    one = writer.ask("POST", "/leads", {"campaign_id": 363}).content
    other = writer.ask("POST", "/leads", {"campaign_id": 364}).content
    assert one.replace(b"363", b"364") == other


def test_a_token_that_only_reads_is_told_so_before_anything_else(
    office: Office,
) -> None:
    reader = office.writer(may_write=False)

    for body in ({}, {"campaign_id": 362}, [], None, {"campaign_id": "x"}):
        for path in ("", "/leads", "/batch"):
            answer = reader.ask("POST", path, body)
            assert code(answer, 403) == "insufficient_scope"


def test_the_alias_needs_a_token_and_knows_one_method(partner: Writer) -> None:
    assert partner.client.post("/leads", json={}).status_code == 401
    answer = partner.ask("GET", "/leads")
    assert code(answer, 405) == "method_not_allowed"
    assert answer.headers["allow"] == "POST"
    assert code(partner.ask("POST", "/leads?a=b", {}), 400) == "unknown_parameter"
