"""The builder of filters: what is built is what a request asks, there and back."""

from typing import Any

import pytest
from starlette.datastructures import ImmutableMultiDict

from leadwell.admin import building, comparing
from leadwell.admin.building import Built
from leadwell.admin.words import words
from leadwell.model.campaign import Person
from leadwell.schema import question
from tests import make

SAID = words("en")
CAMPAIGN = make.a_campaign()
QUERIES = [
    "status=new,won",
    "status[ne]=contacted",
    "status[exists]=false",
    "assigned_to=17",
    "id=1,2",
    "id[gte]=5",
    "created_after=2025-02-21T00:00:00.000000Z",
    "updated_before=2025-02-21T10:11:12.345678Z",
    "name=Jane, Doe",
    "name[in]=a,b",
    "name[nin]=a,b",
    "name[contains]=æ",
    "name[starts_with]=J",
    "email[exists]=true",
    "phone=+4533333333",
    "budget[gte]=1200.5",
    "budget[in]=1,2",
    "price[lt]=9.90",
    "newsletter=true",
    "newsletter[ne]=false",
    "follow-up[gte]=2025-02-21",
    "visit_at[gt]=2025-02-21T10:11:12.5Z",
    "source=partner-west",
    "source[in]=partner-west,website",
    "source[nin]=website",
    "tags=a,b",
    "tags[ne]=c",
    "source=website&budget[lt]=5&tags[exists]=false",
]


def read(query: str) -> Any:
    return building.conditions_of(CAMPAIGN, query)


def sent(built: Built, **more: str) -> ImmutableMultiDict[str, Any]:
    """The form that a browser sends when the builder is shown to it."""
    fields: list[tuple[str, str]] = []
    for number, row in enumerate(built.rows):
        name = f"c.{number}"
        fields += [(f"{name}.about", row.about), (f"{name}.is", row.chosen.key)]
        fields += [(f"{name}.value", each) for each in row.values]
    fields += [("c.query", built.query), ("c.was", built.query)]
    kept = [(name, value) for name, value in fields if name not in more]
    return ImmutableMultiDict([*kept, *more.items()])


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_asked_comes_back_from_the_form_the_same(query: str) -> None:
    asked = read(query)
    built = building.read(SAID, CAMPAIGN, sent(building.shown(SAID, CAMPAIGN, asked)))
    checked, found = building.checked(SAID, CAMPAIGN, built, is_final=True)
    assert checked.is_sound
    assert question.conditions(CAMPAIGN, checked.pairs) == found
    meant = [(each.field, set(each.values)) for each in asked]
    assert [(each.field, set(each.values)) for each in found] == meant


def test_every_comparison_that_is_offered_can_be_asked() -> None:
    for subject in comparing.subjects(CAMPAIGN):
        for each in comparing.comparisons(SAID, subject):
            example = subject.type.example(subject.field)
            form = ImmutableMultiDict(
                {
                    "c.0.about": str(subject.ref),
                    "c.0.is": each.key,
                    "c.0.value": example,
                }
            )
            built = building.read(SAID, CAMPAIGN, form)
            checked, found = building.checked(SAID, CAMPAIGN, built, is_final=True)
            assert checked.is_sound, (subject.field.slug, each.key, checked)
            assert len(found) == 1
            assert comparing.in_words(SAID, CAMPAIGN, found)


def test_a_row_is_added_filled_in_and_dropped() -> None:
    budget = str(CAMPAIGN.field_by_slug["budget"].id)
    added = building.read(
        SAID, CAMPAIGN, ImmutableMultiDict({"c.do": "add", "c.about": budget})
    )
    (row,) = added.rows
    assert (row.is_new, row.widget, row.is_complete) == (True, "number", False)
    draft, found = building.checked(SAID, CAMPAIGN, added, is_final=False)
    assert (draft.is_sound, found) == (True, ())
    refused, found = building.checked(SAID, CAMPAIGN, added, is_final=True)
    assert (refused.rows[0].problem, found) == ("A value is missing.", ())
    gone = building.read(SAID, CAMPAIGN, sent(added, **{"c.do": "drop.0"}))
    assert gone.rows == ()
    empty, _ = building.checked(SAID, CAMPAIGN, gone, is_final=True)
    assert empty.problem == "Add at least one condition."


def test_a_problem_stands_at_its_row() -> None:
    built = building.shown(SAID, CAMPAIGN, read("status=new&budget[gte]=5"))
    form = sent(built, **{"c.1.value": "many"})
    checked, found = building.checked(
        SAID, CAMPAIGN, building.read(SAID, CAMPAIGN, form), is_final=True
    )
    assert found == ()
    assert checked.rows[0].problem == ""
    assert "many" in checked.rows[1].problem
    assert checked.rows[1].value == "many"


@pytest.mark.parametrize(
    ("typed", "query", "problem"),
    [
        ("source=website", "source=website", ""),
        ("?source=website", "source=website", ""),
        ("source=webs", "source=webs", "did you mean website"),
        ("a=%zz", "a=%zz", "%"),
        ("a=\ud800", "a=\ud800", "half a character"),
        ("name=" + "x" * 6_000, "name=" + "x" * 6_000, "too long"),
        ("", "", ""),
    ],
)
def test_a_query_that_was_typed_counts_instead(
    typed: str, query: str, problem: str
) -> None:
    built = building.shown(SAID, CAMPAIGN, read("status=new"))
    found = building.read(SAID, CAMPAIGN, sent(built, **{"c.query": typed}))
    assert found.query == query
    assert problem in found.problem
    assert bool(found.problem) == bool(problem)


def test_two_conditions_of_one_name_are_refused_where_they_stand() -> None:
    built = building.shown(SAID, CAMPAIGN, read("status=new"))
    status = built.rows[0].about
    form = sent(built, **{"c.1.about": status, "c.1.value": "won"})
    checked, found = building.checked(
        SAID, CAMPAIGN, building.read(SAID, CAMPAIGN, form), is_final=True
    )
    assert found == ()
    assert not checked.is_sound


def test_nothing_is_added_to_a_filter_that_is_long_and_nothing_is_dropped() -> None:
    name = str(CAMPAIGN.field_by_slug["name"].id)
    fields = {f"c.{n}.about": name for n in range(30)} | {"c.40.about": name}
    form = ImmutableMultiDict(fields | {"c.do": "add", "c.about": name})
    built = building.read(SAID, CAMPAIGN, form)
    assert len(built.rows) == 31
    assert built.problem


def test_a_filter_with_many_conditions_is_sent_whole() -> None:
    numbers = ("gt", "gte", "lt", "lte", "ne", "in", "nin")
    texts = ("ne", "contains", "starts_with", "in", "nin")
    asked = [
        *(f"{slug}[{each}]=5" for slug in ("budget", "price") for each in numbers),
        *(f"name[{each}]=a" for each in texts),
        "email[exists]=true",
        "newsletter=true",
        "source=website",
    ]
    conditions = read("&".join(asked))
    assert len(conditions) > building.ROWS_MAX
    built = building.shown(SAID, CAMPAIGN, conditions)
    again = building.read(SAID, CAMPAIGN, sent(built))
    checked, found = building.checked(SAID, CAMPAIGN, again, is_final=True)
    assert checked.is_sound, checked
    assert set(found) == set(conditions)


def test_a_condition_about_a_field_that_is_gone_is_told() -> None:
    built = building.shown(SAID, CAMPAIGN, read("status=new&budget[gte]=5"))
    form = sent(built, **{"c.1.about": "9999"})
    checked, found = building.checked(
        SAID, CAMPAIGN, building.read(SAID, CAMPAIGN, form), is_final=True
    )
    assert found == ()
    assert "is gone" in checked.problem
    assert len(checked.rows) == 1
    dropped = building.read(
        SAID, CAMPAIGN, ImmutableMultiDict({**dict(form), "c.do": "drop.1"})
    )
    assert dropped.problem == ""


def test_people_and_many_options_are_chosen_from_lists() -> None:
    options = [{"slug": f"o{n}", "label": f"Option {n}"} for n in range(13)]
    fields = [{"slug": "big", "label": "Big", "type": "select", "options": options}]
    campaign = make.a_campaign(fields=fields)
    object.__setattr__(campaign, "people", (Person(17, "Sales One"),))
    asked = building.conditions_of(campaign, "big=o1&assigned_to=17")
    big, assigned = building.shown(SAID, campaign, asked).rows
    assert (big.widget, len(big.options)) == ("list", 13)
    assert (assigned.widget, assigned.options) == ("checks", (("17", "Sales One"),))
    danish = comparing.in_words(words("da"), campaign, asked)
    assert danish == "Big er Option 1 og Ansvarlig er Sales One"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            "source=partner-west&budget[gte]=500",
            "Source is Partner West and Budget is at least 500",
        ),
        ("source=partner-west,website", "Source is one of Partner West or Our website"),
        ("source[nin]=website", "Source is not Our website"),
        ("name[in]=a,b", "Name is one of a or b"),
        ("name[nin]=a,b", "Name is none of a or b"),
        ("tags[ne]=a", "Tags has none of A"),
        ("newsletter=true", "Newsletter is Yes"),
        ("newsletter=false", "Newsletter is No"),
        ("email[exists]=false", "E-mail is empty"),
        ("email[exists]=true", "E-mail has a value"),
        ("follow-up[lte]=2025-02-21", "Follow up is on or before 2025-02-21"),
    ],
)
def test_conditions_are_said_in_words(query: str, said: str) -> None:
    assert comparing.in_words(SAID, CAMPAIGN, read(query)) == said


def test_no_conditions_are_every_lead() -> None:
    assert comparing.in_words(SAID, CAMPAIGN, ()) == "every lead"
