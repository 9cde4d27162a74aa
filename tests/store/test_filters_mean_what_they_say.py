"""The SQL of every operator means what its Python means, for every field type."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.model.campaign import Campaign, Column
from leadwell.model.grant import OPERATOR, Grant
from leadwell.model.lead import Lead
from leadwell.model.query import Condition, Question, Search, SortKey
from leadwell.schema import matching, saved
from leadwell.schema.fields import FIELD_TYPES
from leadwell.schema.operators import OPERATORS
from leadwell.schema.question.selection import sortable
from leadwell.schema.subjects import Subject, subject_of
from leadwell.schema.submission import Submission
from leadwell.store import leads
from leadwell.store.connection import Connection, Database
from leadwell.store.writes import writing
from tests import make, values
from tests.effort import REPEATS, examples

pytestmark = REPEATS
CAMPAIGN = make.a_campaign()
COLUMNS = [subject_of(CAMPAIGN, column) for column in Column]
SUBJECTS = [s for s in COLUMNS if s] + [Subject(f.id, f) for f in CAMPAIGN.fields]
PAIRS = [
    (subject, operator) for subject in SUBJECTS for operator in subject.type.operators
]
EXAMPLES = examples(12)
"""Of each pair, on each database: a wrong comparison shows in several of its pairs."""


class Shelf:
    """A database whose leads are put there and forgotten, case by case."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._campaign = make.a_kept_campaign(database, make.an_account(database))

    def filled(self, held: list[Submission]) -> tuple[Campaign, list[Lead]]:
        def job(connection: Connection) -> list[writing.Outcome]:
            connection.run("DELETE FROM lead")
            stamp = int(make.MIDNIGHT.timestamp() * 1_000_000)
            author = OPERATOR
            return [
                writing.add(connection, self._campaign, [each], author, stamp + number)[
                    0
                ]
                for number, each in enumerate(held)
            ]

        kept = self._database.write(job).result()
        return self._campaign, [outcome.lead for outcome in kept]

    def found(self, question: Question) -> list[int]:
        grant = Grant.of_operator(self._campaign)
        query = grant.query(self._campaign, replace(question, per_page=1000))
        with self._database.reading() as connection:
            page = leads.find_page(connection, self._campaign, query)
        ids = [msgspec.json.decode(body)["id"] for body in page.items]
        assert page.total == len(ids)
        return ids


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Shelf]:
    path: Path = tmp_path_factory.mktemp("shelf") / "leads.db"
    database = make.a_database(path, engine)
    yield Shelf(database)
    database.close()


def submissions(subject: Subject) -> st.SearchStrategy[Submission]:
    """Leads that differ in what the condition is about, empty ones among them."""
    if isinstance(subject.ref, int):
        ref = subject.ref
        held = st.one_of(st.none(), values.of(subject.field))
        return held.map(lambda value: Submission({ref: value}))
    statuses = st.sampled_from([None, *(status.id for status in CAMPAIGN.statuses)])
    return st.builds(
        Submission,
        values=st.just({}),
        status=statuses,
        assigned_to=st.sampled_from([None, 1]),
        created_at=st.one_of(st.none(), st.just(make.MIDNIGHT - timedelta(days=1))),
    )


def asked(subject: Subject, suffix: str) -> st.SearchStrategy[Any]:
    if suffix == "exists":
        return st.booleans()
    if isinstance(subject.ref, int):
        if subject.field.type == "multi_select":
            return st.sampled_from([option.id for option in subject.field.options])
        if suffix in {"contains", "starts_with"}:
            return values.texts
        return values.of(subject.field)
    return {
        Column.ID: st.integers(1, 5),
        Column.STATUS: st.sampled_from([status.id for status in CAMPAIGN.statuses]),
        Column.ASSIGNED_TO: st.integers(1, 2),
        Column.CREATED_AT: moments_near(),
        Column.UPDATED_AT: moments_near(),
    }[subject.ref]


def moments_near() -> st.SearchStrategy[datetime]:
    steps = st.integers(-2, 6).map(lambda n: make.MIDNIGHT + timedelta(microseconds=n))
    return st.one_of(steps, st.just(datetime(2000, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("subject", "operator"),
    PAIRS,
    ids=[f"{s.field.slug}[{o.suffix}]" for s, o in PAIRS],
)
@EXAMPLES
@given(data=st.data())
def test_a_filter_finds_exactly_the_leads_it_describes(
    shelf: Shelf, subject: Subject, operator: Any, data: st.DataObject
) -> None:
    held = data.draw(st.lists(submissions(subject), min_size=1, max_size=6))
    drawn = data.draw(st.lists(asked(subject, operator.suffix), min_size=1, max_size=3))
    if data.draw(st.booleans()) and isinstance(subject.ref, int):
        # Ask for what a lead holds, which random values hardly ever do.
        present = [each.values[subject.ref] for each in held]
        if operator.suffix not in {"exists", "contains", "starts_with"}:
            plain = [v for v in present if v is not None and not isinstance(v, tuple)]
            drawn = [*plain[:1], *drawn]
    condition = Condition(subject.ref, operator.suffix, tuple(drawn))
    campaign, kept = shelf.filled(held)
    # A saved filter is read back as the same condition.
    (again,) = saved.loaded(campaign, saved.dumped(campaign, [condition]))
    assert again == condition

    found = shelf.found(Question(conditions=(condition,)))

    expected = [e.id for e in kept if matching.matches(campaign, [condition], e)]
    assert found == expected


@EXAMPLES
@given(
    held=st.lists(
        st.fixed_dictionaries({1: values.texts, 5: st.none() | values.texts}),
        min_size=1,
        max_size=6,
    ),
    words=st.lists(values.texts.filter(str.strip), min_size=1, max_size=2),
)
def test_words_are_found_in_one_text_field(
    shelf: Shelf, held: list[dict[int, str]], words: list[str]
) -> None:
    _, kept = shelf.filled([Submission(each) for each in held])
    search = Search(tuple(word.casefold() for word in words), (1, 5))
    expected = [lead.id for lead in kept if matching.contains_words(search, lead)]
    assert shelf.found(Question(search=search)) == expected


@pytest.mark.parametrize("name", sortable(CAMPAIGN))
@pytest.mark.parametrize("descending", [False, True])
@EXAMPLES
@given(data=st.data())
def test_an_order_is_that_of_the_values_with_the_empty_ones_last(
    shelf: Shelf, name: str, descending: bool, data: st.DataObject
) -> None:
    ref = sortable(CAMPAIGN)[name]
    subject = subject_of(CAMPAIGN, ref)
    assert subject
    held = data.draw(st.lists(submissions(subject), min_size=1, max_size=6))
    _, kept = shelf.filled(held)

    def key(lead: Lead) -> Any:
        value: Any = matching.held(lead, ref)
        return value.casefold() if isinstance(value, str) else value

    filled = [lead for lead in kept if matching.held(lead, ref) is not None]
    empty = [lead for lead in kept if matching.held(lead, ref) is None]
    in_order = sorted(sorted(filled, key=lambda lead: lead.id), key=key)
    if descending:
        in_order = sorted(in_order, key=key, reverse=True)
    expected = [lead.id for lead in (*in_order, *empty)]
    assert shelf.found(Question(sort=(SortKey(ref, descending),))) == expected


def test_every_operator_belongs_to_a_type_and_is_tested_here() -> None:
    assert {o.summary for _, o in PAIRS} == {o.summary for o in OPERATORS}
    assert {f.type for f in CAMPAIGN.fields} == {kind.name for kind in FIELD_TYPES}
