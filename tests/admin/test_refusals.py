"""What the layers below refuse is said in the language of who reads it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import leadwell
from leadwell.admin import words
from leadwell.admin.words import refusals
from leadwell.errors import InvalidDefinition, LeadwellError
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.schema import definition, question, submission
from leadwell.store.people import users
from tests import make
from tests.admin.conftest import Sit
from tests.desk import text_of

SRC = Path(leadwell.__file__).parent
OTHERS = [tag for tag in words.LANGUAGES if tag != "en"]
MET = (
    "schema/fields/*.py",
    "schema/submission.py",
    "schema/parts.py",
    "schema/querystring.py",
    "schema/question/__init__.py",
    "schema/question/selection.py",
    "schema/question/findings.py",
    "schema/times.py",
    "intake/formats/*.py",
    "admin/**/*.py",
)
"""Whose refusals people meet on the pages."""
_FOLLOW = (
    "follow the Link rel=next of the page before; _snapshot=none reads pages of this "
    "moment"
)
UNMET = {
    "",
    "{}",
    "{} is {}",
    "{} cannot stand beside {}",
    "{} is a {}, and has no options",
    "{} names no run of pages",
    "only fields of the types select and multi_select have options",
    "it is called {} now",
    "the token does not see the values of {}",
    "ask the campaign's owner for a token that names it",
    _FOLLOW,
}
"""Those of them that a program meets alone."""
OF_SCHEMAS = {
    "{}: $ref {} leads elsewhere. refer within: #/$defs/…",
    "{}: {}. see JSON Schema 2020-12",
    "{}: {} items are too many. at most {}",
    "{}: this has {} characters. write {} at most",
    "{}: this has no text. give it one",
}
"""What is wrong with a definition that a page made, or a file that was loaded."""
JOINED = {
    "give it a value, or ask for empty fields with {}[exists]=false",
    *OF_SCHEMAS,
}
"""What the code puts together."""


def sentences(node: ast.AST) -> Iterator[str]:
    """Yield what an expression may say, with {} for each value."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else refusals.HOLE
                for part in parts
            )
        case ast.IfExp(body=one, orelse=other):
            yield from sentences(one)
            yield from sentences(other)
        case _:
            return


def refused_in(path: Path) -> Iterator[str]:
    """Yield what the errors that a module makes say."""
    names = {each.__name__ for each in every(LeadwellError)}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in names or node.func.id in {"_unknown", "wrong_type"}:
            hints = [each.value for each in node.keywords if each.arg == "hint"]
            for given in (*node.args[:1], *hints):
                yield from sentences(given)


def every(kind: type[LeadwellError]) -> Iterator[type[LeadwellError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from every(each)


@pytest.mark.parametrize("tag", OTHERS)
def test_what_people_meet_is_said_in_every_language(tag: str) -> None:
    paths = [path for each in MET for path in sorted(SRC.glob(each))]
    found = {text for path in paths for text in refused_in(path)}
    assert len(found) > 50
    said = {text for text in found if words.words(tag).refusal(text) != text}
    assert found - said == UNMET


@pytest.mark.parametrize("tag", OTHERS)
def test_no_sentence_is_kept_that_nothing_says(tag: str) -> None:
    known = {
        text
        for path in SRC.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for text in sentences(node)
    }
    assert set(words.read(tag).refused) - known == JOINED


@pytest.mark.parametrize("tag", OTHERS)
def test_a_sentence_has_as_many_values_in_every_language(tag: str) -> None:
    for text, said in words.read(tag).refused.items():
        assert text.count(refusals.HOLE) == said.count(refusals.HOLE), text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name is required; give it a value", "name skal udfyldes; skriv en værdi"),
        ("'x; y' is not a number", "'x; y' er ikke et tal"),
        ("'x' is not a date; ask Bo", "'x' er ikke en dato; ask Bo"),
        ("nobody has translated this; not at all", None),
        ("", None),
    ],
)
def test_a_sentence_is_said_with_what_to_do(text: str, said: str | None) -> None:
    assert words.words("da").refusal(text) == (text if said is None else said)
    assert words.words("en").refusal(text) == text


WRONG = {
    "name": "x" * 10_000,
    "email": "nobody",
    "phone": "12",
    "website": "example",
    "source": "West",
    "tags": ["q"],
    "budget": "much",
    "price": "1,2,3",
    "newsletter": "perhaps",
    "follow-up": "soon",
    "visit_at": "later",
}


def test_every_type_of_field_refuses_in_danish() -> None:
    danish = words.words("da")
    with pytest.raises(LeadwellError) as caught:
        submission.read(make.a_campaign(), {"fields": WRONG})
    problems = caught.value.problems
    assert len(problems) == len(WRONG)
    for problem in problems:
        assert danish.refusal(problem.message) != problem.message, problem.message


@pytest.mark.parametrize(
    "wrong",
    [
        {"json_schema": {"$ref": "https://example.com/x"}},
        {"json_schema": {"type": 7}},
        {"label": "x" * 256},
        {"label": [1]},
        {"type": "select", "options": [f"o{n}" for n in range(2_001)]},
    ],
)
def test_a_definition_is_refused_in_danish(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        definition.read_field({"slug": "x", "label": "x", "type": "json"} | wrong)
    said = caught.value.problems[0].message
    assert words.words("da").refusal(said) != said, said


@pytest.mark.parametrize(
    "asked",
    [
        ("sourze", "x"),
        ("source", "wst"),
        ("source", ""),
        ("source[gt]", "partner-west"),
        ("budget", "much"),
        ("created_after", "soon"),
        ("_tz", "Mars"),
        ("id", "x"),
    ],
)
def test_a_filter_is_refused_in_danish(asked: tuple[str, str]) -> None:
    with pytest.raises(LeadwellError) as caught:
        question.conditions(make.a_campaign(), [asked])
    (problem,) = caught.value.problems
    assert words.words("da").refusal(problem.message) != problem.message


def test_a_page_refuses_in_danish(sit: Sit, campaign: Campaign) -> None:
    desk = sit(Role.MEMBER, campaign)
    email = desk.user.email
    desk.hub.database.write(lambda c: users.set_tastes(c, email, "da", "")).result()
    page = desk.submit("/campaigns/362/leads/new", {"v.email": "x", "v.name": ""})
    assert page.status_code == 422
    assert "'x' er ikke en e-mailadresse" in text_of(page)
    assert "name skal udfyldes" in text_of(page)
    asked = desk.get("/campaigns/362/leads?sourze=x&budget=much")
    assert "der er ingen parameter 'sourze'" in text_of(asked)
    assert "'much' er ikke et tal" in text_of(asked)
    assert "dette er kun for administratorer" in text_of(desk.get("/account"))
