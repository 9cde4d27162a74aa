"""From a schema to columns, and from a lead to cells: without a hub."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.client import UnexpectedAnswer
from leadwell.describe.schema import document
from leadwell.describe.table import columns as columns_of_export
from leadwell.schema.fields import FIELD_TYPES
from leadwell.schema.rendering import as_object
from leadwell.sync.batches import told_by
from leadwell.sync.cells import Fault, Row, row_of
from leadwell.sync.feeding import Answer, Entry, reader_of
from leadwell.sync.table import Kind, Table, alteration, table_of
from tests import make

SCHEMA = document(make.a_campaign())
TABLE = table_of(SCHEMA)


def a_raw_lead(lead_id: int = 1, version: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": lead_id,
        "status": {"slug": "new", "label": "New"},
        "fields": fields,
        "assigned_person": {"id": 1, "name": "Sales One"},
        "created_at": "2025-02-21T00:00:00.000000Z",
        "updated_at": "2025-02-21T00:00:00.000000Z",
        "metadata": {"campaign_id": 362, "version": version, "external_id": "x"},
    }


def read(lead: Any, table: Table = TABLE) -> tuple[Row, list[Fault]]:
    """Read a lead as the pull does, and value by value: both say the same."""
    text = msgspec.json.encode(lead)
    row, faults, _ = reader_of(table)(text)
    again, others = row_of(msgspec.json.decode(text), table)
    assert (row, faults) == (again, others)
    assert list(map(type, row.cells)) == list(map(type, again.cells))
    return row, faults


def cells(lead: dict[str, Any], table: Table = TABLE) -> dict[str, Any]:
    row, faults = read(lead, table)
    assert not faults
    return dict(zip((c.name for c in table.columns), row.cells, strict=True))


def test_columns_have_the_names_and_the_order_of_an_export() -> None:
    fields = [*make.FIELDS, {"slug": "version", "label": "V", "type": "text"}]
    view = make.a_campaign(fields=fields)
    own = [each.name for each in table_of(document(view)).columns]
    export = [each.name for each in columns_of_export(view) if not each.is_label]
    assert own == [*export, "source_updated_at"]
    assert "field.version" in own


@pytest.mark.parametrize("kind", FIELD_TYPES, ids=lambda kind: kind.name)
def test_every_field_type_has_a_column_that_takes_its_values(kind: Any) -> None:
    options = [{"slug": "an-option", "label": "An option"}]
    given = {"slug": "x", "label": "X", "type": kind.name}
    if "select" in kind.name:
        given["options"] = options
    campaign = make.a_campaign(fields=[given])
    field = campaign.field_by_slug["x"]
    value = kind.parse(field, kind.example(field))
    if kind.name == "multi_select":
        value = (value,)
    table = table_of(document(campaign))
    assert cells(a_raw_lead(x=kind.show(field, value)), table)["x"] is not None
    assert (table.kinds["x"] is Kind.DATA) == (kind.name == "json")


def test_a_type_that_is_not_known_here_keeps_its_json() -> None:
    fields = [{"slug": "x", "label": "X", "type": "colour"}]
    table = table_of(SCHEMA | {"fields": fields})
    assert cells(a_raw_lead(x={"red": 1}), table)["x"] == '{"red":1}'


def test_what_a_token_may_not_see_is_empty() -> None:
    lead = a_raw_lead()
    del lead["status"], lead["assigned_person"], lead["metadata"]["external_id"]
    found = cells(lead)
    assert (found["status"], found["assigned_person"], found["name"]) == (None,) * 3


@pytest.mark.parametrize(
    ("slug", "value", "reason"),
    [
        ("name", 7, "text"),
        ("name", "a\0b", "NUL"),
        ("budget", "7", "number"),
        ("budget", True, "number"),
        ("budget", 2**53 + 1, "exact"),
        ("price", 1.5, "decimal"),
        ("price", "1e9", "decimal"),
        ("newsletter", 1, "true or false"),
        ("follow-up", "2025-02-30", "date"),
        ("follow-up", "20250201", "date"),
        ("visit_at", "2025-02-21T00:00:00+01:00", "UTC"),
        ("source", "website", "slug"),
        ("source", {"label": "x"}, "slug"),
        ("tags", {"slug": "a"}, "list"),
        ("tags", ["a"], "slug"),
    ],
)
def test_a_value_that_breaks_the_schema_is_put_aside(
    slug: str, value: Any, reason: str
) -> None:
    row, (fault,) = read(a_raw_lead(7, 3, **{slug: value}))
    assert (fault.lead_id, fault.version, fault.field) == (7, 3, slug)
    assert reason in fault.reason
    assert row.cells[[c.name for c in TABLE.columns].index(slug)] is None


WORDS = ("", "x", "a\0", "\\u0000", "1.5", "1e9", "2025-02-21", "2025-02-30")
MOMENTS = (
    "2025-02-21T08:00:00Z",
    "2025-02-21T08:00:00.000001Z",
    "2025-W01-1T08:00:00Z",
)
NUMBERS = (0, -1, 2**53, 2**53 + 1, 2**63, -(2**70), 1.0, 1e300, -0.0)
SCALARS = st.sampled_from([None, True, *NUMBERS, *WORDS, *MOMENTS])
SLUGGED = st.dictionaries(st.sampled_from(["slug", "label"]), SCALARS)
ANY_JSON = SCALARS | SLUGGED | st.lists(SCALARS | SLUGGED, max_size=2)


@given(
    st.dictionaries(
        st.sampled_from([each.field for each in TABLE.columns if each.field]), ANY_JSON
    ),
    st.dictionaries(
        st.sampled_from(["status", "created_at", "updated_at", "more"]), ANY_JSON
    ),
)
def test_reading_straight_into_cells_is_reading_value_by_value(
    fields: Any, beside: Any
) -> None:
    read(a_raw_lead(**fields) | beside)


@pytest.mark.parametrize(
    "text", [b"", b"null", b"{}", b"[1]", b"{", b'{"id": "\xff"}'], ids=repr
)
def test_what_is_no_lead_is_no_answer(text: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        reader_of(TABLE)(text)


def test_two_answers_are_what_both_say_and_end_where_the_second_does() -> None:
    one, two = (
        Answer([Entry("remove", n)], f"c{n}", has_more=n == 1, up_to_date=n == 2)
        for n in (1, 2)
    )
    assert one.plus(two) == Answer(
        [Entry("remove", 1), Entry("remove", 2)], "c2", has_more=False, up_to_date=True
    )


def test_the_last_word_on_a_lead_counts() -> None:
    entries: list[dict[str, Any]] = [
        {"op": "upsert", "id": 1, "version": 1, "lead": a_raw_lead(1, 1)},
        {"op": "remove", "id": 1, "version": 2, "reason": "deleted"},
        {"op": "remove", "id": 2, "version": 2, "reason": "something new"},
        {"op": "upsert", "id": 2, "version": 3, "lead": a_raw_lead(2, 3)},
        {"op": "upsert", "id": 3, "version": 1, "lead": a_raw_lead(3, 1)},
        {"op": "upsert", "id": 3, "version": 2, "lead": a_raw_lead(3, 2)},
        {"op": "schema", "schema_version": "k1"},
        {"op": "a later idea", "id": 3},
    ]
    told = told_by(
        msgspec.json.decode(msgspec.json.encode(entries), type=list[Entry]), TABLE
    )
    assert {(row.id, row.version) for row in told.rows} == {(2, 3), (3, 2)}
    assert told.removals == {1: "deleted"}
    assert told.people == {1: "Sales One"}


NAMES = st.sampled_from(["a", "b", "c", "d"])
KINDS = st.sampled_from(["text", "number", "select", "json"])
SCHEMAS = st.dictionaries(NAMES, KINDS).map(
    lambda found: {
        "fields": [{"slug": s, "label": s, "type": t} for s, t in found.items()],
        "statuses": [],
    }
)


@given(st.lists(SCHEMAS, min_size=1, max_size=6))
def test_a_copy_has_every_column_it_needs_and_loses_none(schemas: list[Any]) -> None:
    held: dict[str, Kind] = {}
    for schema in schemas:
        table = table_of(schema)
        found = alteration(held, table)
        assert table.kinds.items() <= found.columns.items()
        kinds = sorted(found.columns.values())
        assert all(kinds.count(k) >= list(held.values()).count(k) for k in kinds)
        assert set(found.emptied) == found.columns.keys() - table.kinds.keys()
        held = dict(found.columns)
        assert alteration(held, table).added == alteration(held, table).renamed == ()


def test_a_whole_lead_of_the_hub_becomes_a_row(database, account, campaign) -> None:
    lead = make.a_lead(
        database,
        campaign,
        fields={"budget": 1200.0, "price": "1.50", "tags": ["c", "a"], "name": "Ann"},
    )
    found = cells(as_object(campaign, lead))
    assert found | {"budget": 1200, "price": "1.50", "tags": ["a", "c"]} == found
    assert type(found["budget"]) is int
