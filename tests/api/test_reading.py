"""Reading pages, single leads and what describes them (CONTRACT §§1 and 3)."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from starlette.testclient import TestClient

from leadwell.api import campaigns as campaigns_api
from leadwell.errors.listing import all_errors
from tests import make

LIST = "/v2/campaigns/362/leads"
HUB = "https://hub.example"
SOURCES = ("partner-west", "partner-north", None)


@pytest.fixture
def bearer(database, account, campaign) -> dict[str, str]:
    token = make.a_token(database, account, campaign)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def seven(database, campaign) -> list[Any]:
    """Seven leads with ids 1 to 7 and budgets 0, 10, 20, 0, 10, 20, 0."""
    given = [
        {
            "status": ("new", "contacted")[number % 2],
            "assigned_person": (None, 1)[number % 2],
            "fields": {
                "name": f"Lead {number}",
                "source": SOURCES[number % 3],
                "budget": number % 3 * 10,
                "tags": [None, ["a", "c"]][number % 2],
                "price": "1200.50",
                "newsletter": True,
                "follow-up": "2025-02-21",
                "visit_at": "2025-02-21T08:00:00+01:00",
                "df_lines": [{"sku": "A1"}],
                "email": "jane@example.com",
                "phone": "32 12 34 56",
                "website": "https://example.com/a",
            },
        }
        for number in range(7)
    ]
    return make.leads(database, campaign, given)


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [lead["id"] for lead in answer.json()["data"]]


def links(answer: Any) -> dict[str, str]:
    found = re.findall(r'<([^>]*)>; rel="([^"]*)"', answer.headers["link"])
    return {rel: url for url, rel in found}


def test_a_token_with_a_filter_never_sees_past_it(
    client: TestClient, database, account, campaign
) -> None:
    make.a_lead(database, campaign, fields={"source": "partner-west"})
    make.a_lead(database, campaign, fields={"source": "partner-north"})
    token = make.a_token(database, account, campaign, "source=partner-west")

    answer = client.get(LIST, headers={"Authorization": f"Bearer {token}"})

    assert ids(answer) == [1]
    assert answer.json()["pagination"]["total"] == 1


@pytest.mark.parametrize(
    ("per_page", "pages"), [(1, 7), (2, 4), (3, 3), (6, 2), (7, 1), (8, 1), (1000, 1)]
)
def test_pages_hold_every_lead_once(
    client, bearer, seven, per_page: int, pages: int
) -> None:
    found: list[int] = []
    for page in range(1, pages + 1):
        query = f"page={page}&per_page={per_page}"
        answer = client.get(f"{LIST}?{query}", headers=bearer)
        assert answer.json()["pagination"] == {
            "page": page,
            "per_page": per_page,
            "total": 7,
            "total_pages": pages,
        }
        found += ids(answer)

    assert found == [1, 2, 3, 4, 5, 6, 7]


def test_a_page_past_the_end_is_empty(client, bearer, seven) -> None:
    answer = client.get(f"{LIST}?page=9&per_page=3", headers=bearer)

    assert ids(answer) == []
    assert answer.json()["pagination"] == {
        "page": 9,
        "per_page": 3,
        "total": 7,
        "total_pages": 3,
    }
    assert "next" not in links(answer)
    assert "&page=3&_snapshot=" in links(answer)["prev"]


def test_nothing_found_has_no_pages(client, bearer) -> None:
    answer = client.get(LIST, headers=bearer)

    assert answer.json() == {
        "data": [],
        "pagination": {"page": 1, "per_page": 50, "total": 0, "total_pages": 0},
    }


def test_links_lead_through_all_pages(client, bearer, seven) -> None:
    answer = client.get(f"{LIST}?per_page=2&status=new,contacted", headers=bearer)
    found = ids(answer)
    assert "prev" not in links(answer)
    while "next" in links(answer):
        answer = client.get(links(answer)["next"].removeprefix(HUB), headers=bearer)
        found += ids(answer)

    assert found == [1, 2, 3, 4, 5, 6, 7]
    assert "&page=4&_snapshot=" in links(answer)["last"]
    assert links(answer)["first"].endswith("page=1")
    assert "status=new,contacted" in links(answer)["first"]


def test_links_are_encoded_and_never_from_the_host(client, bearer, seven) -> None:
    query = "name[ne]=%C3%A6%20%3E%22%26&per_page=2&page=2"
    headers = bearer | {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}

    answer = client.get(f"{LIST}?{query}", headers=headers)

    assert answer.status_code == 200
    assert "evil" not in str(answer.headers) + answer.text
    assert answer.headers["link"].isascii()
    url = links(answer)["next"]
    assert url.startswith(f"{HUB}{LIST}?name%5Bne%5D=%C3%A6%20%3E%22%26&")
    assert ids(client.get(url.removeprefix(HUB), headers=bearer)) == [5, 6]


def test_the_article_s_path_links_to_the_versioned_one(client, bearer, seven) -> None:
    answer = client.get("/campaigns/362/leads?per_page=2", headers=bearer)

    pages = {rel: url for rel, url in links(answer).items() if rel != "service-desc"}
    assert all(url.startswith(f"{HUB}/v2/") for url in pages.values())


@pytest.mark.parametrize("path", [LIST, f"{LIST}/1", "/v2/me", "/v2/campaigns"])
def test_head_is_get_without_a_body(client, bearer, seven, path: str) -> None:
    headers = bearer | {"X-Request-ID": "fixed"}
    whole = client.get(path, headers=headers)

    head = client.head(path, headers=headers)

    assert head.status_code == 200
    # Two cursors are never equal, so that nothing can be learned from their equality.
    cursors = [answer.headers.pop("leadwell-cursor", "") for answer in (head, whole)]
    assert len(cursors[0]) == len(cursors[1])
    assert head.headers.raw == whole.headers.raw


def test_meta_is_a_third_key_on_request(client, bearer, seven) -> None:
    answer = client.get(f"{LIST}?_meta=1&per_page=2", headers=bearer)

    assert list(answer.json()) == ["data", "pagination", "meta"]
    meta = answer.json()["meta"]
    assert meta["next"] == links(answer)["next"]
    assert meta["schema_version"] == answer.headers["leadwell-schema-version"]
    answer = client.get(f"{LIST}?_meta=0", headers=bearer)
    assert list(answer.json()) == ["data", "pagination"]


def test_fields_answers_fewer(client, bearer, seven) -> None:
    answer = client.get(f"{LIST}?_fields=name,status", headers=bearer)

    lead = answer.json()["data"][0]
    assert lead["fields"] == {"name": "Lead 0"}
    assert lead["status"]["slug"] == "new"
    assert "assigned_person" not in lead
    assert "external_id" not in lead["metadata"]
    one = client.get(f"{LIST}/1?_fields=name,status", headers=bearer)
    assert one.json()["data"] == lead


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("id", [1, 2, 3, 4, 5, 6, 7]),
        ("-id", [7, 6, 5, 4, 3, 2, 1]),
        ("budget", [1, 4, 7, 2, 5, 3, 6]),
        ("-budget", [3, 6, 2, 5, 1, 4, 7]),
        ("-budget,-id", [6, 3, 5, 2, 7, 4, 1]),
        ("-created_at", [1, 2, 3, 4, 5, 6, 7]),
        ("-name", [7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_an_order_is_total(client, bearer, seven, sort: str, order: list[int]) -> None:
    found: list[int] = []
    for page in (1, 2, 3):
        query = f"_sort={sort}&per_page=3&page={page}"
        found += ids(client.get(f"{LIST}?{query}", headers=bearer))

    assert found == order


def test_one_lead_is_as_its_list_shows_it(client, bearer, seven) -> None:
    listed = client.get(LIST, headers=bearer).json()["data"]

    for lead in listed:
        answer = client.get(f"{LIST}/{lead['id']}", headers=bearer)
        assert answer.json() == {"data": lead}
    assert client.get(f"{LIST}/8", headers=bearer).json()["code"] == "lead_not_found"
    refused = client.get(f"{LIST}/1?status=new", headers=bearer)
    assert refused.json()["code"] == "unknown_parameter"


def test_a_lead_has_the_shape_of_the_contract(client, bearer, seven) -> None:
    lead = client.get(f"{LIST}/2", headers=bearer).json()["data"]

    assert lead == {
        "id": 2,
        "status": {"slug": "contacted", "label": "Contacted"},
        "fields": {
            "name": "Lead 1",
            "email": "jane@example.com",
            "phone": "+4532123456",
            "website": "https://example.com/a",
            "project-notes": None,
            "source": {"slug": "partner-north", "label": "Partner North"},
            "customer-type": None,
            "tags": [{"slug": "a", "label": "A"}, {"slug": "c", "label": "C"}],
            "budget": 10,
            "price": "1200.50",
            "newsletter": True,
            "follow-up": "2025-02-21",
            "visit_at": "2025-02-21T07:00:00.000000Z",
            "df_lines": [{"sku": "A1"}],
        },
        "assigned_person": {"id": 1, "name": "Sales One"},
        "created_at": "2025-02-21T00:00:00.000000Z",
        "updated_at": "2025-02-21T00:00:00.000000Z",
        "metadata": {
            "campaign_id": 362,
            "version": 1,
            "external_id": None,
            "source_updated_at": None,
        },
    }


def test_the_json_schema_accepts_every_lead(client, bearer, seven) -> None:
    answer = client.get("/v2/campaigns/362/schema.json", headers=bearer)

    assert answer.headers["content-type"] == "application/schema+json"
    Draft202012Validator.check_schema(answer.json())
    validator = Draft202012Validator(answer.json(), format_checker=FormatChecker())
    leads = client.get(LIST, headers=bearer).json()["data"]
    assert len(leads) == 7
    for lead in leads:
        validator.validate(lead)
    assert not validator.is_valid(leads[0] | {"id": "1"})


def test_the_schema_names_fields_options_and_statuses(client, bearer) -> None:
    schema = client.get("/v2/campaigns/362/schema", headers=bearer).json()["data"]

    assert [field["slug"] for field in schema["fields"]] == [
        field["slug"] for field in make.FIELDS
    ]
    by_slug = {field["slug"]: field for field in schema["fields"]}
    assert by_slug["tags"]["options"][0] == {"slug": "a", "label": "A"}
    assert [status["slug"] for status in schema["statuses"]] == [
        "new",
        "contacted",
        "won",
    ]
    assert (
        schema["version"]
        == (client.get(LIST, headers=bearer).headers["leadwell-schema-version"])
    )


def test_me_and_the_campaigns(client, database, account, campaign) -> None:
    query = "source=partner-west"
    token = make.a_token(database, account, campaign, query)
    headers = {"Authorization": f"Bearer {token}"}

    me = client.get("/v2/me", headers=headers).json()["data"]
    listed = client.get("/v2/campaigns", headers=headers).json()
    shown = client.get("/v2/campaigns/362", headers=headers).json()

    assert me["token"]["kind"] == "campaign"
    assert me["token"]["rights"] == ["read"]
    assert me["filter"]["query"] == query
    assert me["filter"]["words"]
    assert me["fields"] is None
    assert (me["limits"]["per_page_default"], me["limits"]["per_page_max"]) == (
        50,
        1000,
    )
    assert me["limits"]["rate"] is None
    assert token not in str(me)
    assert me["campaigns"] == listed["data"] == [shown["data"]]
    assert listed["pagination"]["total"] == 1
    assert shown["data"]["id"] == 362
    for path in ("/v2/me", "/v2/campaigns", "/v2/campaigns/362"):
        assert client.get(f"{path}?a=b", headers=headers).status_code == 400


def test_an_account_with_very_many_campaigns_is_told_how_many(
    client, database, account, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (363, 364):
        make.a_kept_campaign(database, account, id=number, name=f"Walls {number}")
    token = make.a_token(database, account, None)
    headers = {"Authorization": f"Bearer {token}"}

    def known() -> tuple[Any, list[int], Any, str]:
        me = client.get("/v2/me", headers=headers).json()["data"]
        download = client.get("/docs/download/openapi.json/a", headers=headers).json()
        leads = download["paths"]["/v2/campaigns/{campaign_id}/leads"]
        place = (leads.get("parameters") or leads["get"]["parameters"])[0]
        shown = [each["id"] for each in me["campaigns"]]
        about = download["info"]["description"]
        return me["campaigns_total"], shown, place["schema"].get("enum"), about

    total, shown, allowed, _ = known()
    assert (total, shown, allowed) == (3, [362, 363, 364], [362, 363, 364])
    monkeypatch.setattr(campaigns_api, "DESCRIBED_MAX", 2)
    total, shown, allowed, about = known()
    # What is not described may be asked for all the same.
    assert (total, shown, allowed) == (3, [362, 363], None)
    assert "and 1 more" in about
    for page in ("", "fields"):
        as_text = headers | {"Accept": "text/markdown"}
        said = client.get(f"/docs/{page}", headers=as_text).text
        assert "opens 1 more: `GET /v2/campaigns`" in said


def test_headers_keep_leads_out_of_shared_caches(client, bearer, seven) -> None:
    for path in (LIST, f"{LIST}/1", "/v2/me", "/v2/campaigns/362/schema"):
        headers = client.get(path, headers=bearer).headers
        assert headers["cache-control"] == "private, no-cache"
        assert headers["vary"] == "Authorization, Accept, Accept-Encoding"
        assert headers["x-content-type-options"] == "nosniff"
    headers = client.get(LIST, headers=bearer).headers
    assert headers["content-type"] == "application/json"
    assert re.fullmatch(r"k[0-9a-f]{10}", headers["leadwell-schema-version"])


def test_a_request_id_is_echoed_or_made(client, bearer) -> None:
    def answered(given: str) -> str:
        headers = bearer | {"X-Request-ID": given}
        found: str = client.get(LIST, headers=headers).headers["x-request-id"]
        return found

    assert answered("abc-1._Z") == "abc-1._Z"
    for given in ("", "a b", "a" * 65, "<script>"):
        assert re.fullmatch(r"req_[0-9a-f]{24}", answered(given))
    assert answered("") != answered("")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        (LIST, "GET, HEAD, POST"),
        (f"{LIST}/1", "DELETE, GET, HEAD, PATCH"),
        ("/v2/me", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "LOOK"])
def test_another_method_is_told_which_are_known(
    client, bearer, path: str, allow: str, method: str
) -> None:
    answer = client.request(method, path, headers=bearer)

    assert answer.status_code == 405
    assert answer.headers["allow"] == allow
    assert answer.json()["code"] == "method_not_allowed"


def test_health_needs_no_token(client, campaign) -> None:
    for path, status in (("/health/live", "ok"), ("/health/ready", "ready")):
        answer = client.get(path)
        assert answer.json() == {"status": status}
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("code", sorted({error.code for error in all_errors()}))
def test_every_error_code_has_a_page(client, code: str) -> None:
    answer = client.get(f"/docs/errors/{code}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert code in answer.text


def test_an_unknown_error_code_has_none(client) -> None:
    assert client.get("/docs/errors/nothing").status_code == 404


def test_an_unknown_path_with_and_without_a_token(client, bearer) -> None:
    assert client.get("/nothing").json()["code"] == "not_found"
    assert client.get("/v2/nothing").json()["code"] == "not_authenticated"
    assert client.get("/v2/nothing", headers=bearer).json()["code"] == "not_found"
