"""The columns that other programs get of a lead."""

import re

from hypothesis import given, settings

from leadwell.describe import sheet, table
from leadwell.describe.table import Kind
from leadwell.model.campaign import Campaign, Field
from leadwell.schema.fields import FIELD_TYPES
from tests import awful


@settings(max_examples=40, deadline=None)
@given(awful.campaigns())
def test_the_columns_are_those_of_an_export_with_labels_beside_them(
    campaign: Campaign,
) -> None:
    found = table.columns(campaign)
    plain = table.without_labels(found)
    exported = sheet.columns(campaign)
    assert [each.name for each in plain] == [each.name for each in exported]
    names = [each.name for each in found]
    assert len(names) == len(set(names))


@settings(max_examples=40, deadline=None)
@given(awful.campaigns())
def test_every_database_takes_the_names_and_tells_them_apart(
    campaign: Campaign,
) -> None:
    found = table.columns(campaign)
    names = table.identifiers(found)
    assert len(set(names.values())) == len(found)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names.values())
    # What every lead has is called so, whatever the fields are called.
    assert all(names[c.name] == c.name for c in found if c.name == "updated_at")


def test_a_field_may_be_called_like_a_hidden_column() -> None:
    field = Field(1, "external_id", "Theirs", "text")
    hidden = awful.campaign([field], attributes=frozenset())
    named = {column.name: column.path for column in table.columns(hidden)}
    assert named["field.external_id"] == ("fields", "external_id")
    assert not {"external_id", "status", "assigned_person"} & named.keys()


def test_each_type_of_field_is_a_kind_of_column() -> None:
    kinds = {kind.name: table.columns(_with(kind.name))[3].kind for kind in FIELD_TYPES}
    assert kinds["number"] is Kind.NUMBER
    assert kinds["decimal"] is Kind.DECIMAL
    assert kinds["boolean"] is Kind.YES_NO
    assert kinds["date"] is Kind.DATE
    assert kinds["datetime"] is Kind.MOMENT
    assert kinds["multi_select"] is Kind.CHOICES
    assert kinds["json"] is Kind.DATA
    text = {name for name, kind in kinds.items() if kind is Kind.TEXT}
    assert text == {"text", "long_text", "email", "phone", "url", "select"}


def test_without_a_campaign_the_fields_are_one_column() -> None:
    named = {column.name: column for column in table.columns(None)}
    assert named["fields"].kind is Kind.DATA
    assert not [name for name in named if name.startswith("fields.")]


def _with(kind: str) -> Campaign:
    return awful.campaign([Field(1, "one", "One", kind)])
