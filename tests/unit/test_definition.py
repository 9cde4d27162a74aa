import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.errors import InvalidDefinition
from leadwell.model.campaign import Policy
from leadwell.schema import definition
from tests import make


def problems(**changes: object) -> dict[str, str]:
    with pytest.raises(InvalidDefinition) as caught:
        definition.read(make.a_definition(**changes))
    return {p.pointer or "": p.message for p in caught.value.problems}


def test_what_is_written_is_read_back_the_same() -> None:
    campaign = make.a_campaign(country="SE")
    again = definition.read(definition.written(campaign, "demo"))
    assert again.campaign == campaign
    assert again.account == "demo"


@pytest.mark.parametrize(
    "given", [{"policy": "merge", "fields": ["email"]}, {"policy": "reject"}, {}]
)
def test_what_becomes_of_duplicates_is_read_back_the_same(given: object) -> None:
    campaign = make.a_campaign(duplicates=given)
    again = definition.read(definition.written(campaign, "demo"))
    assert again.campaign.duplicates == campaign.duplicates
    assert campaign.duplicates.policy is not Policy.OFF


def test_a_plain_off_is_understood() -> None:
    campaign = make.a_campaign(duplicates={"policy": False})
    assert "duplicates" not in definition.written(campaign, "demo")


def test_little_is_enough() -> None:
    campaign = definition.read({"name": "Årets tag"}).campaign
    assert (campaign.slug, campaign.country, campaign.id) == ("aarets-tag", "DK", 0)
    assert [s.slug for s in campaign.statuses if s.is_default] == ["new"]


@pytest.mark.parametrize(
    ("changes", "pointer", "message"),
    [
        ({"name": None}, "/name", "no text"),
        ({"name": True}, "/name", "boolean"),
        ({"slug": "-x"}, "/slug", "not a slug"),
        ({"id": 0}, "/id", "not an id"),
        ({"id": True}, "/id", "not an id"),
        ({"country": "Denmark"}, "/country", "not a country"),
        ({"nmae": "x"}, "/nmae", "did you mean name?"),
        ({"duplicates": "flag"}, "/duplicates", "no decision"),
        ({"duplicates": {"policy": "x"}}, "/duplicates", "no policy 'x'"),
        ({"duplicates": {"polcy": "off"}}, "/duplicates", "no decision"),
        ({"duplicates": {"fields": "x"}}, "/duplicates", "not a list"),
        ({"duplicates": {"fields": ["name"]}}, "/duplicates", "'name' is no field"),
        ({"fields": {"a": 1}}, "/fields", "not a list"),
        ({"fields": [7]}, "/fields/0", "not an object"),
        ({"fields": [{"slug": "page"}]}, "/fields/0/slug", "reserved"),
        ({"fields": [{"slug": "A"}]}, "/fields/0/slug", "not a slug"),
        ({"fields": ["a", "a"]}, "/fields/1/slug", "twice"),
        ({"fields": [{"slug": "a", "type": "txt"}]}, "/fields/0/type", "mean text?"),
        ({"fields": [{"slug": "a", "required": 1}]}, "/fields/0/required", "true or"),
        ({"fields": [{"slug": "a", "type": "select"}]}, "/fields/0/options", "needs"),
        ({"fields": [{"slug": "a", "options": ["x"]}]}, "/fields/0/options", "has no"),
        (
            {"fields": [{"slug": "a", "json_schema": {}}]},
            "/fields/0/json_schema",
            "no JSON Schema",
        ),
        (
            {"fields": [{"slug": "a", "type": "json", "json_schema": {"type": "x"}}]},
            "/fields/0/json_schema",
            "not valid",
        ),
        (
            {
                "fields": [
                    {
                        "slug": "a",
                        "type": "json",
                        "json_schema": {"items": {"$ref": "https://example.com/s"}},
                    }
                ]
            },
            "/fields/0/json_schema",
            "leads elsewhere",
        ),
        ({"name": "x" * 256}, "/name", "this has 256 characters"),
        ({"fields": [{"label": "x" * 256}]}, "/fields/0/label", "256 characters"),
        ({"statuses": ["x" * 1000]}, "/statuses/0/label", "1,000 characters"),
        (
            {"fields": [{"label": "A", "type": "select", "options": ["x" * 256]}]},
            "/fields/0/options/0/label",
            "256 characters",
        ),
        ({"fields": [f"f{n}" for n in range(201)]}, "/fields", "too many"),
        ({"statuses": [{"slug": "a"}]}, "/statuses", "0 statuses are the default"),
        (
            {"statuses": [{"slug": "a", "type": "open", "default": True}]},
            "/statuses/0/type",
            "not known",
        ),
    ],
)
def test_every_mistake_is_told_with_its_place(
    changes: dict[str, object], pointer: str, message: str
) -> None:
    assert message in problems(**changes)[pointer]


def test_all_mistakes_are_told_at_once() -> None:
    assert set(problems(name="", slug="-", fields=[{"slug": "page"}])) == {
        "/name",
        "/slug",
        "/fields/0/slug",
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "slug", "fields", "statuses", "options", "type", "label"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_given_is_a_campaign_or_a_list_of_mistakes(given: object) -> None:
    try:
        read = definition.read(given)
    except InvalidDefinition as error:
        outcome: object = error.problems
    else:
        outcome = read.campaign
    assert outcome
