"""Every request that the original's article prints, word for word but for the host."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.testclient import TestClient

from leadwell.model.lead import Lead
from leadwell.model.token import Token, digest
from leadwell.store import tokens
from tests import make

OPAQUE = "123456789abcdef"
ARTICLE = """
GET https://api.leadvalidator.dk/v2/campaigns/362/leads
GET /campaigns/362/leads?status=contacted
GET /campaigns/362/leads?created_after=2025-01-01
GET /campaigns/362/leads?updated_after=2025-02-01
GET /campaigns/362/leads?customer-type=commercial
GET /campaigns/362/leads?status=contacted&source=partner-west
GET /campaigns/362/leads?page=2
GET /campaigns/362/leads?per_page=100
GET /campaigns/362/leads?updated_after=2025-02-21T00:00:00Z
GET /campaigns/362/leads?status=new&source=partner-north
GET /campaigns/362/leads?page=3&per_page=100
"""
REQUESTS = [line.partition(" ")[2] for line in ARTICLE.strip().splitlines()]
STATUSES = ("new", "contacted", "won")
SOURCES = ("partner-west", "partner-north", "website", None)
KINDS = ("private", "commercial", None)
DAYS = (
    datetime(2024, 12, 31, tzinfo=UTC),
    datetime(2025, 1, 1, tzinfo=UTC),
    datetime(2025, 1, 15, tzinfo=UTC),
    datetime(2025, 2, 1, tzinfo=UTC),
    datetime(2025, 2, 21, tzinfo=UTC),
    datetime(2025, 2, 21, 0, 0, 1, tzinfo=UTC),
)


def _given(number: int) -> dict:
    return {
        "status": STATUSES[number % 3],
        "fields": {
            "name": f"Lead {number}",
            "source": SOURCES[number % 4],
            "customer-type": KINDS[number // 2 % 3],
        },
    }


@pytest.fixture
def kept(database, account, campaign) -> list[tuple[dict, Lead]]:
    """240 leads in order of creation: what was handed in, and what was kept."""
    pairs = []
    for number, day in enumerate(DAYS):
        given = [_given(number * 40 + each) for each in range(40)]
        pairs += zip(given, make.leads(database, campaign, given, now=day), strict=True)
    return pairs


@pytest.fixture
def imported(database, account, campaign) -> str:
    """The article's own token, which another system made."""
    token = Token(
        public_id="imported",
        lineage="imported",
        name="The article's",
        account_id=account.id,
        campaign_id=campaign.id,
        may_write=False,
        filter_id=None,
        readable=None,
        created_at=make.MIDNIGHT,
    )
    database.write(
        lambda connection: tokens.add(connection, token, digest(make.KEY, OPAQUE))
    ).result()
    return OPAQUE


def _expected(kept: list[tuple[dict, Lead]], asked: dict[str, str]) -> list[int]:
    """What a reader of the article would expect, without any of our parsing."""
    found = kept
    for name, text in asked.items():
        if name == "status":
            found = [pair for pair in found if pair[0]["status"] == text]
        elif name in {"source", "customer-type"}:
            found = [pair for pair in found if pair[0]["fields"][name] == text]
        elif name in {"created_after", "updated_after"}:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            stamp = name.replace("_after", "_at")
            found = [pair for pair in found if getattr(pair[1], stamp) > moment]
        else:
            assert name in {"page", "per_page"}
    return [lead.id for _, lead in found]


@pytest.mark.parametrize("request_line", REQUESTS)
def test_each_request_of_the_article_works(
    client: TestClient, kept, imported, request_line: str
) -> None:
    parts = urlsplit(request_line)
    asked = dict(parse_qsl(parts.query))
    expected = _expected(kept, asked)
    page, per_page = int(asked.get("page", 1)), int(asked.get("per_page", 50))

    answer = client.get(
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        headers={"Authorization": f"Bearer {imported}", "Accept": "application/json"},
    )

    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["data", "pagination"]
    assert answer.json()["pagination"] == {
        "page": page,
        "per_page": per_page,
        "total": len(expected),
        "total_pages": -(-len(expected) // per_page),
    }
    assert all(type(number) is int for number in answer.json()["pagination"].values())
    window = expected[(page - 1) * per_page : page * per_page]
    assert [lead["id"] for lead in answer.json()["data"]] == window


def test_the_requests_of_the_article_tell_the_leads_apart(kept) -> None:
    asked = [dict(parse_qsl(urlsplit(line).query)) for line in REQUESTS]
    filters = [each for each in asked if not each.keys() & {"page", "per_page"}]
    answers = {tuple(_expected(kept, each)) for each in filters}

    assert () not in answers
    assert len(answers) == len(filters)


def test_a_lead_has_what_the_article_lists(client: TestClient, kept, imported) -> None:
    answer = client.get(
        "/campaigns/362/leads?status=contacted&source=partner-north",
        headers={"Authorization": f"Bearer {imported}"},
    )

    lead = answer.json()["data"][0]
    assert lead["status"] == {"slug": "contacted", "label": "Contacted"}
    assert lead["fields"]["source"] == {
        "slug": "partner-north",
        "label": "Partner North",
    }
    assert set(lead["fields"]) == {field["slug"] for field in make.FIELDS}
    assert {"id", "assigned_person", "created_at", "updated_at", "metadata"} <= set(
        lead
    )
