import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.model.slug import LONGEST, RESERVED, is_slug, slug_of, unique_slug


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("Age", "age"),
        ("Cust_num", "cust_num"),
        ("Årlig indtægt", "aarlig-indtaegt"),
        ("A\u030arlig", "aarlig"),
        ("Größe (cm)", "groesse-cm"),
        ("Café № 1", "cafe-no-1"),
        ("  --E-mail--  ", "e-mail"),
        ("admin.", "admin"),
        ("Kid's name", "kids-name"),
        ("名前", "unnamed"),
        ("???", "unnamed"),
    ],
)
def test_a_label_is_spelled_in_small_latin_letters(label: str, slug: str) -> None:
    assert slug_of(label) == slug


@given(st.text())
def test_whatever_the_label_its_slug_is_one(label: str) -> None:
    assert is_slug(slug_of(label))


@given(st.lists(st.text(max_size=80) | st.sampled_from(sorted(RESERVED)), max_size=12))
def test_unique_slugs_are_slugs_that_are_neither_reserved_nor_twins(
    labels: list[str],
) -> None:
    taken: list[str] = []
    for label in labels:
        taken.append(unique_slug(label, taken))
    assert all(map(is_slug, taken))
    assert len(set(taken)) == len(taken)
    assert not RESERVED & set(taken)


def test_a_reserved_name_gets_a_suffix() -> None:
    assert unique_slug("Status", ()) == "status-field"


def test_a_reserved_name_is_free_where_nothing_is_reserved() -> None:
    assert unique_slug("Status", (), reserved=()) == "status"


def test_a_taken_slug_is_numbered_from_two() -> None:
    assert unique_slug("Name", {"name", "name-2"}) == "name-3"


def test_a_numbered_slug_is_no_longer_than_any_other() -> None:
    longest = "a" * LONGEST
    assert unique_slug(longest, {longest}) == "a" * (LONGEST - 2) + "-2"


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a b", "a" * 64, "a\n", "æ"])
def test_what_is_no_slug_is_told_apart(text: str) -> None:
    assert not is_slug(text)
