"""Random values of every field type, with those that trip up databases."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from leadwell.model.campaign import Field

TRICKY = (
    "%",
    "_",
    "\\",
    "a%b_c\\d",
    "'",
    '"',
    "$.x",
    "ß",
    "SS",
    "İ",
    "i̇",
    "K",  # the Kelvin sign, which folds to k
    "k",
    "ﬁ",
    "fi",
    "Σ",
    "ς",
    "a,b",
    "  ",
    "\N{PILE OF POO}",
    "null",
    "0",
)
letters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
texts = st.one_of(
    st.sampled_from(TRICKY),
    st.lists(st.sampled_from(TRICKY), min_size=1, max_size=3).map("".join),
    st.text(letters, min_size=1, max_size=6),
)
numbers = st.one_of(
    st.integers(-3, 3),
    st.integers(-(2**53), 2**53),
    st.sampled_from([0.1, 0.2, 0.1 + 0.2, 1e-9, 1e22, 123456.789, -0.5, 2.5]),
    st.floats(allow_nan=False, allow_infinity=False).map(
        lambda x: int(x) if x.is_integer() and abs(x) < 2**53 else x
    ),
).filter(lambda x: not float(x).is_integer() or abs(x) <= 2**53)
decimals = st.one_of(
    st.sampled_from([Decimal(text) for text in ("0", "-0.0", "1.50", "1.5", "-1.05")]),
    st.decimals(-(10**23), 10**23, places=3),
)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC)
)
emails = st.sampled_from(["jane@example.com", "JANE@example.com", "a_b%c@example.org"])
phones = st.sampled_from(["+4532123456", "+4532123457", "+46701234567"])
urls = st.sampled_from(["https://example.com/a", "https://example.com/A?b=%5F"])


def of(field: Field) -> st.SearchStrategy[object]:
    """Values that a lead may hold in this field."""
    ids = [option.id for option in field.options]
    return {
        "text": texts,
        "long_text": texts,
        "number": numbers,
        "decimal": decimals,
        "boolean": st.booleans(),
        "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
        "datetime": moments,
        "email": emails,
        "phone": phones,
        "url": urls,
        "select": st.sampled_from(ids or [0]),
        "multi_select": st.sets(st.sampled_from(ids or [0]), min_size=1).map(
            lambda chosen: tuple(sorted(chosen))
        ),
        "json": st.sampled_from([{"a": [1]}, [], 0, False, "x", {"b": None}]),
    }[field.type]
