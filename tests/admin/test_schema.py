"""The tabs Fields, Selects and Statuses, as their owner works with them."""

import html
import re
from typing import Any

import httpx2
import pytest

from leadwell.admin.pages.schema.kinds import TYPES
from leadwell.api.hub import Hub
from leadwell.errors import Unavailable
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.schema import querystring, question
from leadwell.schema.fields import FIELD_TYPES
from leadwell.store import campaigns, filters
from leadwell.store.connection import Connection
from leadwell.store.people import activity
from leadwell.store.writes import chores
from tests import make
from tests.admin.conftest import Sit
from tests.desk import Desk, text_of
from tests.forms import form_of

AT = "/campaigns/362"
AWFUL = "<b>Tag</b> & \u202e 👩‍👩‍👧 <script>alert(1)</script>"


def now(hub: Hub, campaign_id: int = 362) -> Campaign:
    with hub.database.reading() as connection:
        return campaigns.known(connection, campaign_id)


def hidden(page: httpx2.Response, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*? value="([^"]*)"', page.text)
    assert found, name
    return html.unescape(found[1])


def part_id(hub: Hub, *slugs: str) -> str:
    """The path of a field, of one of its options, or of a status."""
    campaign = now(hub)
    if slugs[0] == "status":
        (found,) = [s for s in campaign.statuses if s.slug == slugs[1]]
        return f"{AT}/statuses/{found.id}"
    field = campaign.field_by_slug[slugs[0]]
    if len(slugs) == 1:
        return f"{AT}/fields/{field.id}"
    return f"{AT}/selects/{field.id}/{field.option_by_slug[slugs[1]].id}"


def send(desk: Desk, path: str, **fields: Any) -> httpx2.Response:
    """Open a form, change some of it, and send it."""
    page = desk.get(path)
    given = {"seen": hidden(page, "seen")}
    for name in ("label", "slug"):
        if f'name="{name}"' in page.text:
            given[name] = hidden(page, name)
    return desk.submit(path, given | fields)


def a_filter(hub: Hub, name: str, query: str) -> None:
    def job(connection: Connection) -> None:
        campaign = campaigns.known(connection, 362)
        asked = question.conditions(campaign, querystring.decode(query.encode()))
        filters.keep(connection, campaign, name, asked, now=0)

    hub.database.write(job).result()


def test_people_have_a_name_for_every_type_of_field() -> None:
    assert set(TYPES) == {kind.name for kind in FIELD_TYPES}


def test_the_tabs_show_what_there_is_and_what_uses_it(
    desk: Desk, hub: Hub, account: Account, campaign: Campaign
) -> None:
    make.a_token(hub.database, account, campaign, "source=partner-west", name="Wanda")
    a_filter(hub, "Big ones", "budget[gte]=500")
    fields = text_of(desk.get(f"{AT}/fields"))
    assert "Source source Select · 3 options 1 token" in fields
    assert "Budget budget Number 1 filter" in fields
    assert "Name name Text Required" in fields
    assert "Source source 3 · Partner West, Partner North" in text_of(
        desk.get(f"{AT}/selects")
    )
    statuses = text_of(desk.get(f"{AT}/statuses"))
    assert "New new Active Default" in statuses
    assert "Partner West partner-west 1 token" in text_of(
        desk.get(part_id(hub, "source", "website").rpartition("/")[0])
    )
    source = text_of(desk.get(part_id(hub, "source")))
    assert "Tokens Wanda" in source.replace("TokensW", "Tokens W")


def test_a_field_is_added_with_a_name_made_of_its_label(desk: Desk, hub: Hub) -> None:
    page = desk.get(f"{AT}/fields/new?type=select")
    assert re.search('value="select" checked', page.text)
    given = {
        "version": hidden(page, "version"),
        "label": "Årlig indtægt",
        "type": "multi_select",
        "options": "Small\n\n Large \nSmall\nSmall!",
        "required": "yes",
    }
    shown = desk.submit(f"{AT}/fields/new", given)
    assert shown.status_code == 200
    assert "aarlig-indtaegt" in shown.text
    assert len(now(hub).fields) == len(make.FIELDS)
    for _ in range(2):
        done = desk.submit(f"{AT}/fields/new", given | {"save": "yes"})
        assert "Added." in text_of(done)
    *_, last = now(hub).fields
    assert len(now(hub).fields) == len(make.FIELDS) + 1
    assert (last.slug, last.label, last.required) == (
        "aarlig-indtaegt",
        "Årlig indtægt",
        True,
    )
    options = [(option.slug, option.label) for option in last.options]
    assert options == [("small", "Small"), ("large", "Large"), ("small-2", "Small!")]


def test_data_may_have_a_schema(desk: Desk, hub: Hub) -> None:
    given = {"save": "yes", "label": "Lines", "slug": "df_more", "type": "json"}
    for wrong in ("{", '{"type": "nonsense"}', '{"$ref": "https://evil.example"}'):
        page = desk.submit(f"{AT}/fields/new", given | {"json_schema": wrong})
        assert page.status_code == 422
        assert 'id="w-json_schema"' in page.text
    desk.submit(f"{AT}/fields/new", given | {"json_schema": '{"type": "array"}'})
    assert now(hub).fields[-1].json_schema == {"type": "array"}
    assert "array" in text_of(desk.get(part_id(hub, "df_more")))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"label": ""}, "Write 1 to 255 characters."),
        ({"label": "x" * 10_000}, "Write 1 to 255 characters."),
        ({"slug": "Not a slug"}, "for instance not-a-slug"),
        ({"slug": "status"}, "Write status-field"),
        ({"slug": "budget"}, "Budget is called so already. Write budget-2"),
        ({"slug": "old-name"}, "Website was called so"),
        ({"type": "select"}, "Write at least one option."),
        ({"type": "select", "options": "x" * 256}, "at most 255 characters"),
        ({"type": "magic"}, "'magic' is not known here"),
    ],
)
def test_what_is_wrong_with_a_new_field_is_told_and_nothing_is_lost(
    desk: Desk, hub: Hub, changed: dict[str, str], said: str
) -> None:
    path = part_id(hub, "website")
    send(desk, path, slug="old-name", agreed="yes")
    send(desk, path, slug="website", agreed="yes")
    given = {"save": "yes", "label": "Town", "slug": "town", "type": "text"} | changed
    page = desk.submit(f"{AT}/fields/new", given)
    assert page.status_code == 422
    assert said in text_of(page)
    assert f'value="{given["label"]}"' in page.text
    assert len(now(hub).fields) == len(make.FIELDS)


def test_labels_are_shown_as_they_were_written(desk: Desk, hub: Hub) -> None:
    given = {"save": "yes", "label": AWFUL, "type": "select", "options": AWFUL}
    desk.submit(f"{AT}/fields/new", given)
    field = now(hub).fields[-1]
    assert field.label == AWFUL
    for path in (
        f"{AT}/fields",
        f"{AT}/selects",
        part_id(hub, field.slug),
        f"{part_id(hub, field.slug)}/remove",
        f"{AT}/selects/{field.id}",
        part_id(hub, field.slug, field.options[0].slug),
    ):
        page = desk.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<b>Tag" not in page.text
        assert AWFUL in text_of(page)


def test_as_many_fields_as_there_may_be_are_shown_and_no_more_are_added(
    sit: Sit, hub: Hub, account: Account
) -> None:
    fields = [
        {"slug": f"f{n}", "label": f"Field {n}", "type": "text"} for n in range(200)
    ]
    make.a_kept_campaign(hub.database, account, id=500, slug="wide", fields=fields)
    desk = sit(Role.ADMINISTRATOR)
    assert "Field 199" in text_of(desk.get("/campaigns/500/fields"))
    given = {"save": "yes", "label": "One more", "type": "text"}
    page = desk.submit("/campaigns/500/fields/new", given)
    assert page.status_code == 422
    assert "there are 200 fields already" in text_of(page)


def test_another_label_and_need_are_saved_at_once(desk: Desk, hub: Hub) -> None:
    path = part_id(hub, "email")
    page = send(desk, path, label="E-mailadresse", required="yes")
    assert page.url.path == f"{AT}/fields"
    field = now(hub).field_by_slug["email"]
    assert (field.label, field.required) == ("E-mailadresse", True)
    version = now(hub).schema_version
    assert "Saved." in text_of(send(desk, path, required="yes"))
    assert now(hub).schema_version == version
    send(desk, path)
    assert not now(hub).field_by_slug["email"].required


def test_a_new_api_name_is_agreed_to_after_its_consequences(
    desk: Desk, hub: Hub, account: Account, campaign: Campaign
) -> None:
    make.a_lead(hub.database, now(hub), fields={"budget": 5})
    make.a_token(hub.database, account, campaign, "budget[gte]=5", name="Wanda")
    path = part_id(hub, "budget")
    asked = send(desk, path, slug="amount", label="Amount")
    assert asked.status_code == 200
    told = text_of(asked)
    assert "1 lead changes for all who read it" in told
    assert "Tokens that use it: Wanda" in told
    assert "budget" in now(hub).field_by_slug
    given = {name: hidden(asked, name) for name in ("seen", "label", "slug", "type")}
    desk.submit(path, given | {"agreed": "yes"})
    field = now(hub).field_by_slug["amount"]
    assert (field.label, field.aliases) == ("Amount", ("budget",))
    with hub.database.reading() as connection:
        assert chores.find(connection, 362) == []
    again = desk.submit(path, given | {"agreed": "yes"})
    assert "Saved." in text_of(again)
    assert "Former API names" in text_of(desk.get(path))


def test_a_name_that_nobody_feels_needs_no_agreement(desk: Desk, hub: Hub) -> None:
    path = part_id(hub, "source", "website")
    page = send(desk, path, slug="web")
    assert "Saved." in text_of(page)
    assert "web" in now(hub).field_by_slug["source"].option_by_slug


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"label": " "}, "Write 1 to 255 characters."),
        ({"slug": "phone"}, "Phone is called so already"),
        ({"slug": "id"}, "The API needs this name itself"),
        ({"slug": "Æ"}, "Only a-z, 0-9"),
    ],
)
def test_what_is_wrong_with_a_change_stands_at_its_field(
    desk: Desk, hub: Hub, campaign: Campaign, changed: dict[str, str], said: str
) -> None:
    make.a_lead(hub.database, now(hub))
    before = now(hub)
    page = send(desk, part_id(hub, "email"), **changed)
    assert page.status_code == 422
    assert said in text_of(page)
    assert 'aria-invalid="true"' in page.text
    assert now(hub) == before


def test_a_name_that_a_removed_part_had_is_refused_by_the_store(
    desk: Desk, hub: Hub
) -> None:
    path = part_id(hub, "price")
    send(desk, path, slug="cost", agreed="yes")
    send(desk, f"{path}/remove")
    page = send(desk, part_id(hub, "budget"), slug="price", agreed="yes")
    assert page.status_code == 422
    assert "former slug" in text_of(page)


def test_a_field_that_a_writing_token_cannot_see_is_not_required(
    desk: Desk, hub: Hub, account: Account, campaign: Campaign
) -> None:
    readable = frozenset({campaign.field_by_slug["name"].id})
    make.a_token(
        hub.database, account, campaign, may_write=True, readable=readable, name="Wanda"
    )
    page = send(desk, part_id(hub, "email"), required="yes")
    assert page.status_code == 422
    assert "Wanda" in text_of(page)
    page = desk.submit(
        f"{AT}/fields/new",
        {"save": "yes", "label": "Town", "type": "text", "required": "yes"},
    )
    assert page.status_code == 422
    assert "Wanda" in text_of(page)


def test_two_people_at_once_overwrite_nothing(sit: Sit, hub: Hub, desk: Desk) -> None:
    path = part_id(hub, "email")
    seen = hidden(desk.get(path), "seen")
    send(sit(Role.ADMINISTRATOR), path, label="Mail of theirs")
    mine = {"label": "Mine", "slug": "email", "required": "yes", "seen": seen}
    page = desk.submit(path, mine)
    assert page.status_code == 422
    told = text_of(page)
    assert "Now it is: Mail of theirs" in told
    assert 'value="Mine"' in page.text
    assert now(hub).field_by_slug["email"].label == "Mail of theirs"
    desk.submit(path, mine | {"seen": hidden(page, "seen")})
    field = now(hub).field_by_slug["email"]
    assert (field.label, field.required) == ("Mine", True)
    removed = desk.submit(f"{path}/remove", {"seen": seen})
    assert removed.status_code == 422
    assert "email" in now(hub).field_by_slug


def test_a_removal_is_shown_first_and_done_once(
    desk: Desk, hub: Hub, campaign: Campaign
) -> None:
    make.a_lead(hub.database, now(hub), fields={"budget": 5})
    path = f"{part_id(hub, 'budget')}/remove"
    page = desk.get(path)
    assert "1 lead changes" in text_of(page)
    assert "gone for ever" in text_of(page)
    seen = hidden(page, "seen")
    for _ in range(2):
        assert "Removed." in text_of(desk.post(path, seen=seen))
    assert "budget" not in now(hub).field_by_slug
    assert desk.get(path).status_code == 404
    assert desk.post(path.removesuffix("/remove"), seen=seen).status_code == 404


def test_what_is_needed_cannot_be_removed_and_the_reason_is_said(
    desk: Desk, hub: Hub
) -> None:
    a_filter(hub, "Big ones", "budget[gte]=500")
    named = desk.get(f"{part_id(hub, 'budget')}/remove")
    assert "a filter asks for it" in text_of(named)
    assert "Big ones" in text_of(named)
    assert 'name="seen"' not in named.text
    default = desk.get(f"{part_id(hub, 'status', 'new')}/remove")
    assert "new leads get this status" in text_of(default)
    send(desk, f"{part_id(hub, 'customer-type', 'private')}/remove")
    last = desk.get(f"{part_id(hub, 'customer-type', 'commercial')}/remove")
    assert "it is the last option" in text_of(last)
    seen = hidden(desk.get(part_id(hub, "budget")), "seen")
    refused = desk.post(f"{part_id(hub, 'budget')}/remove", seen=seen)
    assert refused.status_code == 422
    assert "budget" in now(hub).field_by_slug


def test_options_and_statuses_are_added_once_and_told_what_is_wrong(
    desk: Desk, hub: Hub
) -> None:
    source = now(hub).field_by_slug["source"]
    for path, given in (
        (f"{AT}/selects/{source.id}", {"label": "Partner Øst"}),
        (f"{AT}/statuses", {"label": "Tabt på gulvet", "type": "lost"}),
    ):
        version = hidden(desk.get(path), "version")
        for _ in range(2):
            page = desk.submit(path, given | {"version": version})
            assert "Added." in text_of(page)
        taken = given | {"version": hidden(page, "version"), "slug": "new"}
        desk.submit(path, taken)
        again = desk.submit(path, taken | {"label": "Other", "version": "0"})
        assert again.status_code == 422
        assert "is called so already" in text_of(again)
        assert 'value="Other"' in again.text
    options = [option.slug for option in now(hub).field_by_slug["source"].options]
    assert options == [
        "partner-west",
        "partner-north",
        "website",
        "partner-oest",
        "new",
    ]
    lost = now(hub).statuses[-1]
    assert (lost.slug, lost.type.value) == ("tabt-paa-gulvet", "lost")
    wrong = desk.post(f"{AT}/statuses", label="X", slug="a b", type="magic")
    assert wrong.status_code == 422


def test_a_status_gets_another_type_and_becomes_the_default(
    desk: Desk, hub: Hub
) -> None:
    path = part_id(hub, "status", "contacted")
    send(desk, path, type="inactive", default="yes")
    campaign = now(hub)
    assert campaign.default_status is not None
    assert campaign.default_status.slug == "contacted"
    assert campaign.default_status.type.value == "inactive"
    assert "New leads get this status." in text_of(desk.get(path))
    send(desk, path, type="nonsense")
    assert now(hub) == campaign


def test_parts_are_moved_by_one_and_a_stale_page_moves_nothing(
    desk: Desk, hub: Hub
) -> None:
    path = f"{AT}/statuses"
    new, contacted, _ = now(hub).statuses
    version = hidden(desk.get(path), "version")
    moved = desk.submit(f"{path}/move", {"version": version, "move": f"{new.id}.down"})
    assert "Moved." in text_of(moved)
    assert [s.slug for s in now(hub).statuses] == ["contacted", "new", "won"]
    stale = desk.submit(f"{path}/move", {"version": version, "move": f"{new.id}.down"})
    assert "nothing was moved" in text_of(stale)
    version = hidden(stale, "version")
    for move in (
        f"{contacted.id}.up",
        f"{contacted.id}.sideways",
        f"{contacted.id}.3",
        f"{contacted.id}.-1",
        "9999.up",
        "",
    ):
        desk.submit(f"{path}/move", {"version": version, "move": move})
    assert [s.slug for s in now(hub).statuses] == ["contacted", "new", "won"]
    source = now(hub).field_by_slug["source"]
    website = source.option_by_slug["website"]
    options = f"{AT}/selects/{source.id}/move"
    desk.submit(options, {"version": version, "move": f"{website.id}.up"})
    found = [option.slug for option in now(hub).field_by_slug["source"].options]
    assert found == ["partner-west", "website", "partner-north"]


@pytest.mark.parametrize("tab", ["fields", "fields/new", "selects", "statuses"])
def test_members_and_strangers_get_nothing(
    sit: Sit, campaign: Campaign, tab: str
) -> None:
    member = sit(Role.MEMBER, campaign)
    assert member.get(f"{AT}/{tab}").status_code == 403
    assert member.post(f"{AT}/{tab}", label="x").status_code in {403, 405}
    assert sit(Role.ADMINISTRATOR).get(f"/campaigns/999/{tab}").status_code == 404


def test_another_accounts_campaign_looks_as_if_there_were_none(
    desk: Desk, hub: Hub
) -> None:
    other = make.an_account(hub.database, "other")
    made = make.a_kept_campaign(hub.database, other, id=700)
    field = made.fields[0]
    at = "/campaigns/700"
    for path in ("fields", f"fields/{field.id}", "selects", "statuses"):
        assert desk.get(f"{at}/{path}").status_code == 404
    for path in (
        "fields/new",
        f"fields/{field.id}",
        f"fields/{field.id}/remove",
        "fields/move",
        "statuses",
    ):
        given = {"save": "yes", "label": "Mine", "type": "text", "slug": "mine"}
        answer = desk.submit(f"{at}/{path}", given)
        assert answer.status_code == 404 or answer.url.path == f"{at}/fields"
    assert now(hub, 700) == made


def test_a_field_without_options_has_no_tab_of_them(desk: Desk, hub: Hub) -> None:
    name, source = now(hub).fields[0], now(hub).field_by_slug["source"]
    assert desk.get(f"{AT}/selects/{name.id}").status_code == 404
    assert desk.get(f"{AT}/selects/9999").status_code == 404
    assert desk.get(f"{AT}/selects/{source.id}/{name.id}").status_code == 404
    assert desk.post(f"{AT}/selects/9999", label="x").status_code == 404


def test_large_campaigns_go_on_being_written_by_themselves(
    desk: Desk, hub: Hub, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadwell.admin.settling.CHUNKS_AT_ONCE", 1)
    monkeypatch.setattr(chores, "CHUNK", 1)
    for _ in range(3):
        make.a_lead(hub.database, now(hub))
    send(desk, part_id(hub, "email"), label="Mail")
    assert "still being written anew" in text_of(desk.get(f"{AT}/fields"))


def test_a_clock_that_is_wrong_stops_no_edit(
    desk: Desk, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> None:
        raise Unavailable("the clock is wrong")

    path = part_id(hub, "email")
    object.__setattr__(hub, "guard", refused)
    assert "Saved." in text_of(send(desk, path, label="Mail"))
    assert now(hub).field_by_slug["email"].label == "Mail"


def test_what_is_done_is_noted_once(desk: Desk, hub: Hub) -> None:
    path = part_id(hub, "email")
    for _ in range(2):
        send(desk, path, label="Mail")
    send(desk, f"{path}/remove")
    desk.post(f"{AT}/statuses", label="Lost", version="0")
    version = str(now(hub).schema_version)
    move = f"{now(hub).statuses[0].id}.down"
    desk.submit(f"{AT}/statuses/move", {"version": version, "move": move})
    desk.submit(f"{AT}/fields/new", {"save": "yes", "label": "Town", "type": "text"})
    given = {"name": "Large", "c.query": "budget[gte]=5", "save": "yes"}
    for _ in range(2):
        desk.submit(f"{AT}/filters/new", given)
    kept = now(hub)
    with hub.database.reading() as connection:
        found = activity.find(connection, kept, hub.moment + 10**9, 50)
        (saved,) = filters.find_all(connection, kept)
    assert [(each.what, each.about) for each in reversed(found)] == [
        ("field-changed", "Mail"),
        ("field-removed", "Mail"),
        ("status-added", "Lost"),
        ("statuses-ordered", ""),
        ("field-added", "Town"),
        ("filter-made", "Large"),
    ]
    desk.post(f"{AT}/filters/{saved.id}/remove")
    page = desk.get(f"{AT}/settings")
    desk.post(f"{AT}/settings", seen=hidden(page, "seen"), name="Tage", country="DK")
    with hub.database.reading() as connection:
        newest = activity.find(connection, kept, hub.moment + 10**9, 2)
    assert [each.what for each in newest] == ["campaign-changed", "filter-removed"]


def test_the_json_schema_of_a_field_is_changed_with_what_it_means(
    desk: Desk, hub: Hub
) -> None:
    make.leads(
        hub.database,
        now(hub),
        [
            {"fields": {"name": "A", "df_lines": [1]}},
            {"fields": {"name": "B", "df_lines": {"sku": "A1"}}},
            {"fields": {"name": "C"}},
        ],
    )
    path = part_id(hub, "df_lines")
    for text, said in (("{", "this is no JSON"), ('{"type": "x"}', "json_schema")):
        page = send(desk, path, json_schema=text)
        assert page.status_code == 422
        assert said in text_of(page)
    fitting = send(desk, path, json_schema='{"type":["array","object"]}')
    assert "Saved." in text_of(fitting)
    asked = send(desk, path, json_schema='{"type": "array"}')
    assert "1 lead holds data that does not fit" in text_of(asked)
    assert now(hub).field_by_slug["df_lines"].json_schema == {
        "type": ["array", "object"]
    }
    saved = desk.submit(path, form_of(asked, path) | {"agreed": "yes"})
    assert "Saved." in text_of(saved)
    assert now(hub).field_by_slug["df_lines"].json_schema == {"type": "array"}
    new = {"v.name": "D", "v.df_lines": "{}", "key": "k"}
    assert desk.submit("/campaigns/362/leads/new", new).status_code == 422
    seen = hidden(desk.get(path), "seen")
    send(desk, path, json_schema="")
    assert now(hub).field_by_slug["df_lines"].json_schema is None
    stale = desk.submit(
        path, form_of(desk.get(path), path) | {"seen": seen, "json_schema": "true"}
    )
    assert stale.status_code == 422
