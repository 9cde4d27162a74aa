"""Leads, pages and profiles of other services: read as they are meant, none lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from leadwell.errors import UsageError
from leadwell.sync.any_service import columns, envelopes, profile, shaping
from leadwell.sync.any_service.columns import Columns
from leadwell.sync.any_service.place import Place, Position, place_of
from leadwell.sync.any_service.profile import ARTICLE, PROFILES, Names
from leadwell.sync.any_service.shaping import Told
from leadwell.sync.any_service.traits import Traits

COPENHAGEN = profile.replace(ARTICLE, time_zone="Europe/Copenhagen").zone


def told(**lead: Any) -> Told:
    return shaping.told({"id": 1} | lead, Names(), COPENHAGEN)


def shown(known: Columns, lead: Told) -> dict[str, Any]:
    """The row that a lead becomes, by its columns; what is empty is left out."""
    known.learn([lead])
    row, _ = known.row(lead)
    cells = zip(known.table.columns, row.cells, strict=True)
    found = {column.name: cell for column, cell in cells if cell is not None}
    found.pop("version")
    if "_extra" in found:
        found["_extra"] = json.loads(str(found["_extra"]))
    return found


SELECT = {"slug": "west", "label": "West"}


@pytest.mark.parametrize(
    ("lead", "row"),
    [
        ({}, {}),
        ({"name": "Ann", "age": 7, "ok": True}, {"name": "Ann", "age": 7, "ok": True}),
        (
            {"field_values": {"name": "A"}, "select_field_values": {"source": SELECT}},
            {"name": "A", "source": "west"},
        ),
        ({"fields": {"tags": [SELECT]}}, {"tags": ["west"]}),
        ({"fields": ["odd"]}, {"_extra": {"fields": ["odd"]}}),
        ({"data_field_values": {"df": [{"n": 1}]}}, {"df": '[{"n":1}]'}),
        ({"status": "new"}, {"status": "new"}),
        ({"status": {"slug": "new", "label": "New"}}, {"status": "new"}),
        (
            {"status": {"slug": "new", "label": "New", "color": "red"}},
            {
                "status": "new",
                "_extra": {"status": {"slug": "new", "label": "New", "color": "red"}},
            },
        ),
        ({"status": 7}, {"_extra": {"status": 7}}),
        ({"assigned_person": {"id": 3, "name": "S"}}, {"assigned_person": 3}),
        ({"assigned_person": 3}, {"assigned_person": 3}),
        ({"assigned_person": "Sally"}, {"_extra": {"assigned_person": "Sally"}}),
        (
            {"assigned_person": {"id": "u7", "name": "S"}},
            {"_extra": {"assigned_person": {"id": "u7", "name": "S"}}},
        ),
        (
            {"created": "2025-02-21 08:30:00"},
            {"created_at": "2025-02-21T07:30:00.000000Z"},
        ),
        ({"created_at": "soon"}, {"field.created_at": "soon"}),
        ({"updated_at": 1700000000}, {"field.updated_at": 1700000000}),
        (
            {
                "metadata": {
                    "external_id": "x",
                    "source_updated_at": "2025-02-21T00:00:00Z",
                    "k": 1,
                }
            },
            {
                "external_id": "x",
                "source_updated_at": "2025-02-21T00:00:00.000000Z",
                "_extra": {"metadata": {"k": 1}},
            },
        ),
        ({"metadata": "odd"}, {"_extra": {"metadata": "odd"}}),
        ({"version": 3}, {"field.version": 3}),
        ({"Version": 3}, {"_extra": {"Version": 3}}),
        ({"name": "A", "NAME": "B"}, {"name": "A", "_extra": {"NAME": "B"}}),
        ({"_x": 1, "a.b": 2, "æ ø": 3}, {"æ ø": 3, "_extra": {"_x": 1, "a.b": 2}}),
        ({"n": "x" * 60, "y" * 60: 1}, {"n": "x" * 60, "_extra": {"y" * 60: 1}}),
        ({"nul": "a\0b"}, {"_extra": {"nul": "a\0b"}}),
        (
            {"source": {"slug": "w", "label": "W", "id": 4}},
            {
                "source": "w",
                "_extra": {"source": {"slug": "w", "label": "W", "id": 4}},
            },
        ),
    ],
)
def test_all_of_a_lead_is_in_its_row(lead: dict[str, Any], row: dict[str, Any]) -> None:
    assert shown(columns.inferred(), told(**lead)) == {"id": 1} | row


def test_columns_grow_and_a_value_of_another_kind_is_kept_beside() -> None:
    known = columns.inferred()
    assert shown(known, told(size=1, tags=[])) == {
        "id": 1,
        "size": 1,
        "_extra": {"tags": []},
    }
    assert shown(known, told(size="large", tags=[SELECT, "east"])) == {
        "id": 1,
        "tags": '[{"slug":"west","label":"West"},"east"]',
        "_extra": {"size": "large"},
    }
    known = columns.inferred()
    shown(known, told(tags=[SELECT]))
    assert shown(known, told(tags=[SELECT, "east"]))["tags"] == ["west", "east"]
    assert [(o.slug, o.label) for o in known.table.options] == [("west", "West")]


def test_a_served_schema_says_the_columns() -> None:
    given = {
        "data": {
            "fields": [
                {"slug": "due", "type": "date", "label": "Due"},
                {"slug": "source", "type": "select", "options": [SELECT]},
                {"slug": "_extra", "type": "text"},
            ],
            "statuses": [{"slug": "new", "label": "New"}],
        }
    }
    known = columns.served(given)
    assert known
    lead = told(due="2025-02-21", source="west", more=1, status="won")
    assert shown(known, lead) == {
        "id": 1,
        "status": "won",
        "due": "2025-02-21",
        "source": "west",
        "_extra": {"more": 1},
    }
    _, faults = known.row(told(due="soon"))
    assert [(fault.field, fault.value) for fault in faults] == [("due", '"soon"')]
    assert [each.slug for each in known.table.statuses] == ["new", "won"]


def test_a_served_name_that_is_no_name_is_kept_beside_the_columns() -> None:
    hostile = 'x" FROM leads; DROP TABLE leads; --'
    slugs = [hostile, "=1+1", "ID", "due", "Due", "x" * 60]
    given = {"fields": [{"slug": each, "type": "select"} for each in slugs]}
    known = columns.served(given)
    assert known
    assert [each["slug"] for each in known.schema["fields"]] == ["due", "_extra"]
    found = shown(known, told(**{hostile: "a", "=1+1": "b", "due": "c"}))
    assert (found["due"], found["_extra"]) == ("c", {hostile: "a", "=1+1": "b"})


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "x",
        {},
        {"data": 1},
        {"fields": 1},
        {"fields": [{"slug": 1, "type": 2}]},
    ],
)
def test_what_is_no_schema_is_none(content: object) -> None:
    assert columns.served(content) is None


@pytest.mark.parametrize("lead_id", [None, "a1", 1.5, True, 2**63, [1]])
def test_a_lead_needs_an_id_that_is_a_number(lead_id: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        told(id=lead_id)
    assert told(id="17").id == 17


@pytest.mark.parametrize(
    ("content", "variant"),
    [
        ([{"id": 1}], "array"),
        ({"data": []}, "data"),
        ({"data": [], "pagination": {"page": 1}}, "pagination"),
        ({"data": [], "meta": {"current_page": "1"}, "links": {}}, "meta"),
        ({"data": [], "current_page": 1}, "paginator"),
    ],
)
def test_envelopes_are_told_apart(content: object, variant: str) -> None:
    assert envelopes.read(content).variant == variant


@pytest.mark.parametrize("content", [1, None, {}, {"data": {}}, {"data": [1]}, ["x"]])
def test_what_is_no_list_of_leads_is_said(content: object) -> None:
    with pytest.raises(envelopes.NoListing):
        envelopes.read(content)


@pytest.mark.parametrize("name", PROFILES)
def test_a_built_in_profile_has_a_name(name: str) -> None:
    assert profile.named(name) is PROFILES[name]


def test_a_profile_is_a_small_file(tmp_path: Path) -> None:
    path = tmp_path / "crm.toml"
    path.write_text(
        'leads = "/api/{campaign}/leads"\nlag = "5m"\nrequests_per_minute = 60\n'
        'schema = ""\n[parameters]\nper_page = "limit"\n[names]\nid = "lead_id"\n'
    )
    found = profile.named(str(path))
    assert (found.leads, found.lag, found.schema) == ("/api/{campaign}/leads", 300, "")
    assert (found.parameters.per_page, found.parameters.page) == ("limit", "page")
    assert found.names.id == "lead_id"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("leeds = 1", "did you mean leads"),
        ("[parameters]\nperpage = 'x'", "did you mean per_page"),
        ("[names]\nzzz = 'x'", "known are created_at"),
        ("lag = 'soon'", 'for instance 120 or "2m"'),
        ("lag = -1", "lag of"),
        ("lag = true", "lag of"),
        ("per_page_max = '5m'", "for instance 100"),
        ("parameters = 1", "[parameters]"),
        ("leads = 7", "for instance"),
        ("leads = '/leads'", "{campaign}"),
        ("leads = ''", "{campaign}"),
        ("lead = '/x'", "{lead}"),
        ("schema = 'https://elsewhere.example/schema'", "begins with a slash"),
        ("lead = '/{campain}/{lead}'", "did you mean {campaign}?"),
        ("leads = '/{campaign}/{lead}'", "{campaign}"),
        ("leads = '/{campaign!r}{'", "there it may have {campaign}"),
        ("time_zone = 'Mars/Olympus'", "Europe/Copenhagen"),
        ("[names]\nid = ''", "without a name"),
        ("leads = ", "is not TOML"),
    ],
)
def test_a_wrong_profile_says_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "crm.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        profile.named(str(path))
    assert said in caught.value.detail


def test_a_profile_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        profile.named("hubspot")
    assert "article" in caught.value.hint


def test_a_place_is_no_cursor_of_a_feed() -> None:
    place = Place(Traits("data", 50), walk=Position(since=None, marks=[(1, 2)]))
    read = place_of(place.text())
    assert read == place
    for cursor in (None, "opaque", "{", "{}", '{"kind":1}'):
        assert place_of(cursor) is None
