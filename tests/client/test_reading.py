"""Reading from a real hub over real HTTP."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec import Struct

from leadwell.client import (
    Choice,
    CursorLost,
    Forbidden,
    Leadwell,
    NotFound,
    Person,
    QuestionRefused,
    Unauthenticated,
)
from leadwell.errors import LeadwellError, MalformedValue, UsageError
from leadwell.model.digest import Digest, words
from tests import served
from tests.client.conftest import LEADS, url_of


def test_every_lead_is_met_once_whatever_the_page_size(client: Leadwell) -> None:
    campaign = client.campaign(362)
    for per_page in (1, 7, 25, 1000):
        ids = [lead.id for lead in campaign.leads(per_page=per_page)]
        assert ids == list(range(1, LEADS + 1))


def test_another_order_is_read_to_its_end_too(client: Leadwell) -> None:
    found = client.campaign(362).leads(_sort="-budget", per_page=4)
    assert [lead["budget"] for lead in found] == [n * 100 for n in range(LEADS, 0, -1)]


def test_values_have_the_types_of_the_schema(client: Leadwell) -> None:
    lead = client.campaign(362).lead(3)
    assert lead.status == Choice("new", "New")
    assert lead.assigned_person == Person(1, "Sales One")
    assert lead.external_id == "crm-3"
    assert lead.created_at.utcoffset() == timedelta(0)
    assert (lead.id, lead.version, lead.campaign_id) == (3, 1, 362)
    assert lead.fields == {
        "name": "Jane 3",
        "email": "jane3@example.com",
        "phone": None,
        "website": None,
        "project-notes": None,
        "source": Choice("partner-west", "Partner West"),
        "customer-type": None,
        "tags": (Choice("a", "A"), Choice("c", "C")),
        "budget": 300,
        "price": Decimal("1200.50"),
        "newsletter": True,
        "follow-up": date(2025, 2, 21),
        "visit_at": datetime(2025, 2, 21, 7, 30, tzinfo=UTC),
        "df_lines": [{"sku": "A1", "count": 3}],
    }
    assert lead.raw["fields"]["price"] == "1200.50"
    assert str(lead["source"]) == "Partner West"


def test_conditions_are_given_as_names_or_as_a_mapping(client: Leadwell) -> None:
    campaign = client.campaign(362)
    query = {"budget[gte]": 1000, "source": ["website"], "newsletter": True}
    assert [lead.id for lead in campaign.leads(query, status="won")] == [10, 20]
    since = datetime(2025, 2, 21, tzinfo=UTC) - timedelta(days=1)
    assert campaign.page(updated_after=since, per_page=3).total == LEADS
    assert campaign.page({"price": Decimal("1200.50")}).total == LEADS
    assert campaign.page({"follow-up": date(2025, 2, 21)}, page=9).leads == []


def test_one_page_says_where_it_stands(client: Leadwell) -> None:
    page = client.campaign(362).page(per_page=10, page=2)
    assert (page.page, page.per_page, page.total, page.total_pages) == (2, 10, 25, 3)
    assert [lead.id for lead in page.leads] == list(range(11, 21))


def test_fields_that_were_not_asked_for_are_absent(client: Leadwell) -> None:
    (lead, *_) = client.campaign(362).leads(_fields="name")
    assert lead.fields == {"name": "Jane 1"}
    assert lead.status is None


def test_the_feed_tells_all_and_then_waits(client: Leadwell) -> None:
    campaign = client.campaign(362)
    cursor, told = None, []
    while True:
        changes = campaign.changes(cursor, limit=10, digest=True)
        told += [entry for entry in changes.entries if entry.op == "upsert"]
        cursor = changes.cursor
        if changes.up_to_date:
            break
    leads = campaign.typed([entry.lead for entry in told if entry.lead])
    assert leads == list(campaign.leads())
    own = Digest().plus(words(lead.id, lead.version) for lead in leads)
    assert (changes.count, changes.digest) == (own.count, own.text)
    assert campaign.changes(cursor, wait_s=1).entries == []


def test_the_feed_takes_conditions(client: Leadwell) -> None:
    changes = client.campaign(362).changes(query={"status": "won"})
    assert [entry.id for entry in changes.entries] == [5, 10, 15, 20, 25]


def test_the_feed_is_read_as_a_type_of_ones_own(client: Leadwell) -> None:
    class Entry(Struct):
        id: int

    class Ids(Struct):
        data: list[Entry]

    found = client.campaign(362).changes_as(Ids, query={"status": "won"})
    assert [entry.id for entry in found.data] == [5, 10, 15, 20, 25]


def test_a_digest_is_narrowed_down_by_bucket(client: Leadwell) -> None:
    campaign = client.campaign(362)
    whole = campaign.digest()
    assert (whole.count, len(whole.digest)) == (LEADS, 32)
    buckets = campaign.digest(buckets=256).buckets
    assert [(b.bucket, b.count) for b in buckets[:3]] == [(0, 0), (1, 1), (2, 1)]
    one = campaign.digest(query={"status": "new"}, bucket=3)
    assert [(held.id, held.version) for held in one.leads] == [(3, 1)]
    assert campaign.changes(whole.cursor).up_to_date


def test_a_campaigns_own_url_is_enough(read_hub: served.Served) -> None:
    for tail in ("/v2/campaigns/362/leads", "/v2/campaigns/362/", "/campaigns/362"):
        with Leadwell(url_of(read_hub) + tail, read_hub.token) as client:
            assert client.campaign().digest().count == LEADS
            with pytest.raises(UsageError, match="363"):
                client.campaign(363)


def test_the_environment_says_where_and_who(
    read_hub: served.Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADWELL_URL", f"http://localhost:{read_hub.port}/")
    monkeypatch.setenv("LEADWELL_TOKEN", f"{read_hub.token}\n")
    with Leadwell() as client:
        # The hub's links name 127.0.0.1, which is this machine too.
        assert len(list(client.campaign(362).leads(per_page=10))) == LEADS


def test_what_is_refused_says_all_that_is_wrong(client: Leadwell) -> None:
    with pytest.raises(QuestionRefused) as caught:
        list(client.campaign(362).leads({"budget[gt]": "many"}, status="New"))
    error = caught.value
    assert (error.status, error.code) == (400, "invalid_query")
    assert [p.parameter for p in error.problems] == ["budget[gt]", "status"]
    assert error.problems[1].did_you_mean == "new"
    assert error.request_id
    assert error.request_id in str(error)
    assert isinstance(error, LeadwellError)


def test_each_refusal_has_its_class(read_hub: served.Served, client: Leadwell) -> None:
    with pytest.raises(NotFound, match="there is no lead 999"):
        client.campaign(362).lead(999)
    with pytest.raises(Forbidden):
        client.campaign(1).schema()
    with pytest.raises(QuestionRefused) as caught:
        client.campaign(362).changes("c1_nonsense")
    assert caught.value.code == "invalid_cursor"
    assert not issubclass(QuestionRefused, CursorLost)
    with (
        Leadwell(url_of(read_hub), "lw_wrong") as stranger,
        pytest.raises(Unauthenticated) as refused,
    ):
        stranger.campaign(362).schema()
    assert (refused.value.status, refused.value.code) == (401, "invalid_token")


def test_what_has_no_meaning_is_refused_before_it_is_sent(client: Leadwell) -> None:
    campaign = client.campaign(362)
    moment = datetime(2025, 2, 21)  # noqa: DTZ001 - what is refused
    for value in (moment, None, object()):
        with pytest.raises(MalformedValue):
            campaign.leads(updated_after=value)  # type: ignore[arg-type]
