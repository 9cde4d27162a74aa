"""What every field type promises, asked of every field type there is."""

from decimal import Decimal
from typing import Any

import jsonschema
import msgspec
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadwell.errors import LabelNotSlug, LeadwellError, MalformedValue, UnknownOption
from leadwell.model.campaign import Field
from leadwell.schema.fields import FIELD_TYPES, Reading, type_named
from leadwell.schema.fields.base import PLAIN
from leadwell.schema.fields.contact import EMAIL
from tests import make, values

FIELDS = {field.type: field for field in reversed(make.a_campaign().fields)}
every_type = pytest.mark.parametrize("name", [kind.name for kind in FIELD_TYPES])


def kind_of(name: str) -> tuple[Any, Field]:
    return type_named(name), FIELDS[name]


@every_type
def test_the_example_is_accepted_in_a_question_and_in_a_lead(name: str) -> None:
    kind, field = kind_of(name)
    assert kind.parse(field, kind.example(field)) is not None
    read = kind.read(field, kind.example(field))
    assert read is not None
    assert kind.summary
    assert kind.widget


@every_type
@given(data=st.data())
def test_a_value_survives_the_database_and_fits_its_json_schema(
    name: str, data: st.DataObject
) -> None:
    kind, field = kind_of(name)
    value = data.draw(values.of(field))
    kept = msgspec.json.decode(msgspec.json.encode(kind.stored(value)))
    assert kind.restored(kept) == value
    shown = msgspec.json.decode(msgspec.json.encode(kind.show(field, value)))
    jsonschema.Draft202012Validator(kind.json_schema(field)).validate(shown)
    # What the hub answers with may be sent back to it.
    assert kind.read(field, shown) == value


@every_type
@pytest.mark.parametrize("given_", [True, 1.5, "x\0", [1], {"a": {}}, "\ud800"])
def test_a_wrong_value_is_refused_with_a_hint_or_read(name: str, given_: Any) -> None:
    kind, field = kind_of(name)
    try:
        kind.stored(kind.read(field, given_))
    except LeadwellError as error:
        hint = error.hint
    else:
        hint = "none is needed"
    assert hint


@given(st.lists(values.decimals, min_size=2, max_size=5))
def test_the_order_of_decimal_keys_is_that_of_the_numbers(held: list[Decimal]) -> None:
    kind = type_named("decimal")
    assert [Decimal(d) for d in sorted(held, key=kind.key)] == sorted(held)
    equal = kind.key(Decimal("1.5")) == kind.key(Decimal("1.50"))
    assert equal
    assert kind.key(Decimal("-0.0")) == kind.key(Decimal(0))


@pytest.mark.parametrize(
    ("name", "given_"),
    [
        ("number", "1.234,50"),
        ("number", 2**53 + 1),
        ("number", "1e400"),
        ("number", "nan"),
        ("number", "٣"),
        ("decimal", "1,5"),
        ("decimal", 1.5),
        ("decimal", "1" * 25),
        ("boolean", "yes"),
        ("date", "21-02-2025"),
        ("datetime", "soon"),
        ("email", "jane@"),
        ("email", "a@b@c"),
        ("phone", "12"),
        ("phone", "call me"),
        ("url", "javascript:alert(1)"),
        ("url", "https://"),
        ("url", "https://a b"),
        ("url", "http://[::1"),
        ("text", "x" * 4_097),
        ("long_text", "x" * 65_537),
        ("json", "x" * 70_000),
        ("json", {"a": ["x\0"]}),
        ("json", {"\0": 1}),
    ],
)
def test_what_is_no_value_of_the_type_is_malformed(name: str, given_: Any) -> None:
    kind, field = kind_of(name)
    with pytest.raises(MalformedValue) as caught:
        kind.read(field, given_)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "given_", "kept"),
    [
        ("number", 1200.0, 1200),
        ("number", "1200.50", 1200.5),
        ("number", -0.0, 0),
        ("decimal", 12, Decimal(12)),
        ("email", " Jane@EXAMPLE.com ", "Jane@example.com"),
        ("phone", "32 12 34 56", "+4532123456"),
        ("phone", "0046 70 123 45 67", "+46701234567"),
        ("url", "HTTPS://example.com/A", "https://example.com/A"),
        ("boolean", "false", False),
        ("json", "\\u0000", "\\u0000"),
    ],
)
def test_values_are_brought_into_their_normal_form(
    name: str, given_: Any, kept: Any
) -> None:
    kind, field = kind_of(name)
    value = kind.read(field, given_, Reading(country="DK"))
    assert (value, type(value)) == (kept, type(kept))


def test_a_select_knows_slugs_recognises_labels_and_names_the_nearest() -> None:
    kind, field = kind_of("select")
    assert kind.read(field, {"slug": "website", "label": "x"}) == kind.parse(
        field, "website"
    )
    with pytest.raises(LabelNotSlug) as label:
        kind.parse(field, "our WEBSITE")
    assert label.value.did_you_mean == "website"
    with pytest.raises(UnknownOption) as unknown:
        kind.parse(field, "partner-wst")
    assert unknown.value.did_you_mean == "partner-west"
    assert "partner-north" in unknown.value.allowed
    with pytest.raises(MalformedValue):
        kind.read(field, 7)


def test_a_multi_select_keeps_each_option_once_and_in_order() -> None:
    kind, field = kind_of("multi_select")
    a, _, c = (option.id for option in field.options)
    assert kind.read(field, ["c", "a", "c"]) == (a, c)
    assert kind.read(field, "c, a") == (a, c)
    assert kind.show(field, (a,)) == [{"slug": "a", "label": "A"}]
    with pytest.raises(MalformedValue):
        kind.read(field, 7)


def test_a_data_field_holds_to_its_schema_and_fetches_nothing() -> None:
    kind = type_named("json")
    field = Field(1, "df_x", "X", "json", json_schema={"type": "array"})
    assert kind.read(field, [1]) == [1]
    assert kind.parse(field, "[1]") == [1]
    with pytest.raises(MalformedValue, match="is not of type 'array'"):
        kind.read(field, {})
    with pytest.raises(MalformedValue, match="is not JSON"):
        kind.parse(field, "{")
    far = Field(1, "df_x", "X", "json", json_schema={"$ref": "https://example.com/s"})
    with pytest.raises(Exception, match=r"example\.com"):
        kind.read(far, [1])


@settings(max_examples=500)
@given(
    name=st.text("abYZ09._+-' @\"", max_size=20),
    domain=st.sampled_from(["example.com", "Example.COM", "x.example.org", "a..b", ""])
    | st.text("abX0.-_", max_size=70),
)
@example(name="Info", domain="example.com")
@example(name="a" * 64, domain="example.com")
@example(name="a", domain="b" * 63 + ".example.com")
def test_an_address_has_the_normal_form_that_the_library_gives(
    name: str, domain: str
) -> None:
    text = f"{name}@{domain}"
    try:
        expected = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        expected = None
    try:
        found = EMAIL.normal_form(text, PLAIN)
    except MalformedValue:
        found = None
    assert found == expected
