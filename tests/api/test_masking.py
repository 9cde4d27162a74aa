"""A token that masks personal fields: it sees that there is a value, never which."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from leadwell.model.campaign import MASK, mask_of
from leadwell.store import campaigns, tokens
from leadwell.store.access import personal
from leadwell.store.connection import Connection
from leadwell.store.writes import chores
from tests import make
from tests.mirror import Mirror
from tests.sheets import SHEETS

URL = "/v2/campaigns/362/leads"
SECRETS = ("jane@example.com", "example.com", "+4532123456", "Rooftop", "987654")
PERSONAL = ("email", "phone", "project-notes", "source", "budget")


@pytest.fixture
def campaign(database, account) -> Any:
    """E-mail and phone are personal by themselves; the others were ticked."""
    fields = [
        each | ({"personal": True} if each["slug"] in PERSONAL else {})
        for each in make.FIELDS
    ]
    return make.a_kept_campaign(database, account, fields=fields)


@pytest.fixture
def leads(database, campaign) -> list[int]:
    whole: dict[str, Any] = {
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "+4532123456",
        "project-notes": "Rooftop, at the back",
        "budget": 987654,
        "source": "partner-west",
    }
    made = [
        make.a_lead(database, campaign, fields=dict(whole)),
        make.a_lead(database, campaign, fields={"name": "Empty"}),
    ]
    return [lead.id for lead in made]


@pytest.fixture
def token(database, account, campaign, leads) -> str:
    return make.a_token(database, account, campaign, masks=True)


@pytest.fixture
def whole(database, account, campaign, leads) -> str:
    return make.a_token(database, account, campaign)


def get(client, token: str, path: str = "", **asked: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    path = path if path.startswith(("/v2", "/docs")) else f"{URL}{path}"
    return client.get(path, params=asked, headers=headers)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_mask_stands_in_place_of_every_value_and_of_nothing_else(
    client, token, whole, leads
) -> None:
    seen = [lead["fields"] for lead in get(client, token).json()["data"]]
    held = [lead["fields"] for lead in get(client, whole).json()["data"]]
    kinds = {each["slug"]: each["type"] for each in make.FIELDS}
    assert seen[0] == held[0] | {slug: mask_of(kinds[slug]) for slug in PERSONAL}
    assert seen[0]["email"] == "***@***"
    assert seen[0]["budget"] == MASK
    assert seen[1] == held[1]


PATHS = (
    *("", "/1", "?_sort=-id", "?_cursor=start", "?_fields=email,phone,name"),
    *("/changes", "/export", "/export?_format=csv", "/export?_format=csv-excel"),
    *("/digest?_buckets=256", "/v2/campaigns/362/schema"),
    *("/v2/campaigns/362/schema.json", "/v2/me", "/v2/campaigns/362"),
)


@pytest.mark.parametrize("path", PATHS)
def test_no_route_shows_a_masked_value(client, token, path: str) -> None:
    answer = get(client, token, path)
    assert answer.status_code == 200
    assert not [secret for secret in SECRETS if secret in answer.text]


DOCUMENTS = (
    *("index.md", "fields.md", "filters.md"),
    *("download/openapi.yaml/x", "download/swagger.json/x"),
    *("download/collection.json/x", "download/openapi.json/x"),
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_masked_field_has_no_option_and_no_comparison_in_any_document(
    client, token, whole, name: str
) -> None:
    # Whose document is made first, and kept, must make no difference.
    told = [get(client, each, f"/docs/{name}").text for each in (token, whole, token)]
    hints = ("partner-west", "Partner West", "email%5B", "email[", "budget[", "source=")
    assert not [hint for text in (told[0], told[2]) for hint in hints if hint in text]
    assert [hint for hint in hints if hint in told[1]]


@pytest.mark.parametrize(
    "asked",
    [
        *({f"{slug}": "a"} for slug in PERSONAL),
        *({f"field.{slug}[exists]": "true"} for slug in PERSONAL),
        *({f"{slug}[contains]": "a"} for slug in PERSONAL),
        *({"_sort": slug} for slug in PERSONAL),
        *({"_sort": f"-field.{slug}"} for slug in PERSONAL),
    ],
)
def test_nothing_can_be_asked_of_a_masked_field(client, token, asked) -> None:
    answer = get(client, token, **asked)
    assert code(answer) == (400, "masked_field")
    assert "ask the campaign's owner" in answer.json()["detail"]
    if "_sort" not in asked:
        for path in ("/changes", "/digest", "/export"):
            assert code(get(client, token, path, **asked)) == (400, "masked_field")


def test_words_are_not_looked_for_in_masked_fields(client, token, whole) -> None:
    assert get(client, whole, _q="rooftop").json()["pagination"]["total"] == 1
    assert get(client, token, _q="rooftop").json()["pagination"]["total"] == 0
    assert get(client, token, _q="***").json()["pagination"]["total"] == 0
    assert get(client, token, _q="doe").json()["pagination"]["total"] == 1


def test_a_misspelt_masked_field_is_not_suggested(client, token) -> None:
    (problem,) = get(client, token, emial="a").json()["errors"]
    assert problem["code"] == "unknown_parameter"
    assert not set(PERSONAL) & set(problem["allowed"])


def test_a_token_is_told_which_fields_are_masked(client, token, whole) -> None:
    me = get(client, token, "/v2/me").json()["data"]
    assert me["masked_fields"] == list(PERSONAL)
    assert me["fields"] is None
    assert get(client, whole, "/v2/me").json()["data"]["masked_fields"] == []
    schema = get(client, token, "/v2/campaigns/362/schema").json()["data"]
    email = next(each for each in schema["fields"] if each["slug"] == "email")
    assert (email["masked"], email["type"], email["operators"]) == (True, "text", [])
    source = next(each for each in schema["fields"] if each["slug"] == "source")
    assert "options" not in source
    name = next(each for each in schema["fields"] if each["slug"] == "name")
    assert "masked" not in name


def test_a_link_shows_what_its_token_sees(client, database, token, leads) -> None:
    link = f"/feed/{make.a_link(database, token)}.csv"
    shown = client.get(link)
    assert shown.status_code == 200
    assert "***@***" in shown.text
    assert not [secret for secret in SECRETS if secret in shown.text]
    assert code(client.get(link, params={"email[contains]": "a"})) == (
        400,
        "masked_field",
    )


@pytest.mark.parametrize("form", SHEETS)
def test_files_that_know_types_hold_masks_as_text(
    client, token, tmp_path, form: str
) -> None:
    path = tmp_path / f"leads.{form}"
    path.write_bytes(get(client, token, "/export", _format=form).content)
    head, first, _ = SHEETS[form](path)
    row = dict(zip(head, first, strict=True))
    assert (row["budget"], row["phone"]) == (MASK, "+** ** ** ** **")
    assert not [secret for secret in SECRETS if secret in str(row)]


def test_its_own_filter_may_ask_for_what_is_masked_and_is_not_told(
    client, database, account, campaign, leads
) -> None:
    token = make.a_token(
        database, account, campaign, "email=jane@example.com", masks=True
    )
    assert [each["id"] for each in get(client, token).json()["data"]] == [leads[0]]
    me = get(client, token, "/v2/me")
    assert "jane" not in me.text
    assert "jane" not in get(client, token, "/docs/index.md").text


@pytest.mark.parametrize("changes", [{"may_write": True}, {"readable": True}])
def test_who_writes_or_has_a_list_of_fields_sees_no_mask(
    client, database, account, campaign, leads, changes
) -> None:
    if "readable" in changes:
        changes = {"readable": frozenset({campaign.field_by_slug["email"].id})}
    token = make.a_token(database, account, campaign, masks=True, **changes)
    lead = get(client, token, f"/{leads[0]}").json()["data"]
    assert lead["fields"]["email"] == "jane@example.com"


def test_the_pages_of_two_tokens_have_two_tags(client, token, whole) -> None:
    assert get(client, token).headers["etag"] != get(client, whole).headers["etag"]


# ── Edits ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def copies(client, token, whole) -> Iterator[tuple[Mirror, Mirror]]:
    masked, seeing = Mirror(client, token), Mirror(client, whole)
    for mirror in (masked, seeing):
        assert mirror.follow()["up_to_date"]
    return masked, seeing


def write(database, job: Any) -> None:
    database.write(job).result()


def settle(database) -> None:
    while database.write(
        lambda c: chores.work(c, campaigns.known(c, 362), now=0)
    ).result():
        pass


def test_a_copy_is_exact_after_a_field_became_personal_or_no_longer_is(
    client, database, campaign, copies, leads
) -> None:
    masked, seeing = copies
    first = leads[0]
    for slug, is_personal in [("name", True), ("email", False), ("source", False)]:
        write(
            database,
            lambda c, slug=slug, on=is_personal: personal.change(
                c, 362, slug, personal=on
            ),
        )
        settle(database)
        for mirror in copies:
            assert mirror.follow()["up_to_date"]
    assert masked.copy[first]["fields"]["name"] == MASK
    assert masked.copy[first]["fields"]["email"] == "jane@example.com"
    assert masked.copy[first]["fields"]["source"]["slug"] == "partner-west"
    assert masked.copy[first]["fields"]["budget"] == MASK
    assert seeing.copy[first]["fields"]["name"] == "Jane Doe"
    assert list(masked.copy.values()) == get(client, masked.token).json()["data"]


@pytest.mark.parametrize(
    "changes",
    [{"masks": False}, {"may_write": True}, {"readable": frozenset({1, 2, 3})}],
)
def test_a_copy_is_exact_after_its_token_masks_no_more_or_does_again(
    client, database, copies, token, changes
) -> None:
    masked, _ = copies
    before = masked.copy

    def give(**changes: Any) -> None:
        def job(connection: Connection) -> None:
            known = tokens.known(connection, token.split("_")[1])
            tokens.change(connection, replace(known, **changes), now=0)

        write(database, job)
        assert masked.follow()["up_to_date"]

    give(**changes)
    assert masked.copy[1]["fields"]["email"] == "jane@example.com"
    give(masks=True, may_write=False, readable=None)
    assert masked.copy == before


def test_a_copy_by_an_accounts_token_is_exact_after_it_masks(
    client, database, account, leads
) -> None:
    token = make.a_token(database, account, None)
    mirror = Mirror(client, token)
    assert mirror.follow()["up_to_date"]
    assert mirror.copy[leads[0]]["fields"]["email"] == "jane@example.com"

    def job(connection: Connection) -> None:
        known = tokens.known(connection, token.split("_")[1])
        tokens.change(connection, replace(known, masks=True), now=0)

    write(database, job)
    assert mirror.follow()["up_to_date"]
    assert mirror.copy[leads[0]]["fields"]["email"] == "***@***"
    write(database, lambda c: personal.change(c, 362, "name", personal=True))
    settle(database)
    assert mirror.follow()["up_to_date"]
    assert mirror.copy[leads[0]]["fields"]["name"] == MASK


def test_where_every_text_is_masked_no_word_is_found(client, database, account) -> None:
    fields = [each | {"personal": True} for each in make.FIELDS]
    own = {"id": 370, "name": "All", "slug": "all"}
    kept = make.a_kept_campaign(database, account, fields=fields, **own)
    make.a_lead(database, kept)
    token = make.a_token(database, account, kept, masks=True)
    url = "/v2/campaigns/370/leads"
    assert get(client, token, url, _q="jane").json()["data"] == []
    (lead,) = get(client, token, url).json()["data"]
    assert lead["fields"]["name"] == MASK


def test_only_where_a_token_masks_is_a_lead_revised(
    database, campaign, leads, client, whole
) -> None:
    write(database, lambda c: personal.change(c, 362, "name", personal=True))
    assert not [
        each
        for each in database.read(lambda c: chores.find(c, 362))
        if each.kind is chores.Kind.REVISE
    ]
    lead = get(client, whole, f"/{leads[0]}").json()["data"]
    assert lead["metadata"]["version"] == 1
