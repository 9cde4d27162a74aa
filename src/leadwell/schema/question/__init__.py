"""Read a query string as a question about a campaign's leads.

The campaign given here is the token's view of it, so a field or option that the
token may not see is unknown like any other.
"""

import re
from collections.abc import Callable, Sequence
from datetime import tzinfo

from leadwell.errors import (
    EmptyValue,
    InvalidQuestion,
    LeadwellError,
    MalformedValue,
    Problem,
    TooMany,
    UnknownOperator,
)
from leadwell.model.campaign import Campaign
from leadwell.model.lead import Value
from leadwell.model.query import (
    PAGE_MAX,
    PER_PAGE_DEFAULT,
    PER_PAGE_MAX,
    Condition,
    Question,
    Search,
)
from leadwell.schema.fields import Reading, type_named
from leadwell.schema.fields.text import TEXT
from leadwell.schema.nearest import nearest
from leadwell.schema.operators import EXISTS, Operator
from leadwell.schema.question import selection
from leadwell.schema.question.findings import (
    SETTINGS,
    WINDOW,
    Findings,
    Pairs,
    bounded,
    empty,
    switch,
    unknown,
)
from leadwell.schema.subjects import (
    SHORTCUTS,
    Subject,
    name_of,
    named,
    subject_of,
    subjects,
)

VALUES_MAX = 500
"""How many values one list may hold."""
WORDS_MAX = 20
NO_SNAPSHOT = "none"
_ZONE = ("_tz",)
_PIN = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"(?P<base>[^\[\]]*)(?:\[(?P<suffix>[^\[\]]+)\])?", re.DOTALL)


def read(view: Campaign, pairs: Pairs) -> Question:
    """Read everything a list request asks for.

    Raises:
        InvalidQuestion: at least one parameter cannot be understood; it holds all
            problems, in the order of the query string.
    """
    found = Findings(pairs)
    settings = (*WINDOW, *SETTINGS)
    conditions = found.others(settings, reader(view, settings))
    question = Question(
        conditions=conditions,
        search=found.setting("_q", lambda text: _search(view, text), None),
        sort=found.setting("_sort", lambda text: selection.sort(view, text), ()),
        page=found.setting("page", lambda text: bounded(text, "page", PAGE_MAX), 1),
        per_page=found.setting(
            "per_page",
            lambda text: bounded(text, "per_page", PER_PAGE_MAX),
            PER_PAGE_DEFAULT,
        ),
        shown=found.setting("_fields", lambda text: selection.shown(view, text), None),
        with_meta=found.setting("_meta", switch, default=False),
        cursor=found.setting("_cursor", str, None),
        snapshot=found.setting("_snapshot", _snapshot, None),
    )
    if question.cursor is not None:
        found.refuse_beside(
            "_cursor", ("page", "_sort", "_snapshot"), "a cursor walks by id"
        )
    found.refuse_problems()
    return question


def conditions(view: Campaign, pairs: Pairs) -> tuple[Condition, ...]:
    """Read the conditions of a saved filter: no window, order or words.

    Raises:
        InvalidQuestion: at least one parameter cannot be understood here.
    """
    found = Findings(pairs)
    conditions = found.others(_ZONE, reader(view, _ZONE))
    found.refuse_problems()
    return conditions


def only_shown(view: Campaign, pairs: Pairs) -> Question:
    """Read what a request for one lead may ask: `_fields`, and nothing else.

    Raises:
        InvalidQuestion: there is another parameter, or an unknown field.
    """
    found = Findings(pairs, known=("_fields",))
    shown = found.setting("_fields", lambda text: selection.shown(view, text), None)
    found.refuse_problems()
    return Question(shown=shown)


def nothing(pairs: Pairs) -> None:
    """Refuse every parameter, where nothing can be asked.

    Raises:
        InvalidQuestion: there is a parameter.
    """
    Findings(pairs, known=()).refuse_problems()


def window(pairs: Pairs) -> Question:
    """Read `page` and `per_page` where nothing else can be asked.

    Raises:
        InvalidQuestion: there is another parameter, or a number out of bounds.
    """
    found = Findings(pairs, known=WINDOW)
    question = Question(
        page=found.setting("page", lambda text: bounded(text, "page", PAGE_MAX), 1),
        per_page=found.setting(
            "per_page",
            lambda text: bounded(text, "per_page", PER_PAGE_MAX),
            PER_PAGE_DEFAULT,
        ),
    )
    found.refuse_problems()
    return question


def campaign(pairs: Pairs) -> int | None:
    """Read `campaign`, the number of one, where nothing else can be asked.

    Raises:
        InvalidQuestion: there is another parameter, or it is no number.
    """
    found = Findings(pairs, known=("campaign",))
    number = found.setting(
        "campaign", lambda text: bounded(text, "campaign", PAGE_MAX), None
    )
    found.refuse_problems()
    return number


def reader(
    view: Campaign, settings: Sequence[str]
) -> Callable[[str, str, tzinfo], Condition]:
    """Return how a parameter is read as a condition on this campaign's leads.

    What is none is unknown, and a route's own settings are offered in its place.
    """
    return lambda name, text, zone: _condition(view, settings, name, text, zone)


def _condition(
    view: Campaign, settings: Sequence[str], name: str, text: str, zone: tzinfo
) -> Condition:
    shortcut = SHORTCUTS.get(name)
    if shortcut is not None:
        subject = subject_of(view, shortcut.column)
        operator: Operator | None = shortcut.operator
    else:
        shape = _NAME.fullmatch(name)
        subject = named(view, shape["base"]) if shape else None
        suffix = (shape["suffix"] or "") if shape else ""
        operator = subject.operator(suffix) if subject else None
        if subject and operator is None:
            raise _no_operator(subject, suffix)
    if subject is None or operator is None:
        raise unknown(name, _askable(view, settings))
    values = _values(view, subject, operator, text, zone)
    return Condition(subject.ref, operator.suffix, values)


def _values(
    view: Campaign, subject: Subject, operator: Operator, text: str, zone: tzinfo
) -> tuple[Value, ...]:
    if operator is EXISTS:
        return (switch(text),)
    reading = Reading(zone, view.country, round_up=operator.suffix in {"lt", "gte"})
    # Part of an address or number has no normal form: it is compared as text.
    kind = TEXT if operator.on_key and subject.type.is_text else subject.type
    texts = text.split(",") if operator.takes_list else [text]
    if len(texts) > VALUES_MAX:
        raise TooMany(
            f"the list has {len(texts)} values", hint=f"at most {VALUES_MAX} are read"
        )
    if "" in texts:
        raise EmptyValue("the list has an empty value", hint="write a,b,c", value=text)
    problems: list[Problem] = []
    values: list[Value] = []
    for part in dict.fromkeys(texts):
        try:
            values.append(kind.parse(subject.field, part, reading))
        except LeadwellError as error:
            problems.append(error.problem(parameter=name_asked(subject, operator)))
    if problems:
        raise InvalidQuestion(problems)
    return tuple(values)


def name_asked(subject: Subject, operator: Operator) -> str:
    """Return the parameter that asks this: `budget[gte]`, or `created_after`."""
    for name, shortcut in SHORTCUTS.items():
        if shortcut.column is subject.ref and shortcut.operator is operator:
            return name
    suffix = f"[{operator.suffix}]" if operator.suffix else ""
    return name_of(subject) + suffix


def _askable(view: Campaign, settings: Sequence[str]) -> tuple[str, ...]:
    """Return every name a request may use, without the brackets."""
    return (*settings, *(name for name, _ in subjects(view)), *SHORTCUTS)


def _search(view: Campaign, text: str) -> Search:
    words = tuple(TEXT.key(word) for word in text.split())
    if not words:
        raise empty("_q")
    if len(words) > WORDS_MAX:
        raise TooMany(
            f"_q has {len(words)} words", hint=f"at most {WORDS_MAX} are looked for"
        )
    return Search(words, tuple(f.id for f in view.fields if type_named(f.type).is_text))


def _snapshot(text: str) -> str:
    if text != NO_SNAPSHOT and not _PIN.fullmatch(text):
        raise MalformedValue(
            f"{text[:40]!r} names no run of pages",
            hint="follow the Link rel=next of the page before; "
            "_snapshot=none reads pages of this moment",
            value=text,
        )
    return text


def _no_operator(subject: Subject, suffix: str) -> UnknownOperator:
    allowed = [operator.suffix for operator in subject.type.operators]
    name = name_of(subject)
    forms = [f"{name}[{known}]" if known else name for known in allowed]
    return UnknownOperator(
        f"{name} cannot be compared with [{suffix[:40]}]",
        hint=f"a {subject.type.name} knows {', '.join(forms)}",
        value=suffix,
        allowed=forms,
        did_you_mean=next(
            (
                form
                for form in forms
                if nearest(suffix, allowed) == form[len(name) + 1 : -1]
            ),
            None,
        ),
    )
