"""Read a query string as a question about a campaign's leads.

The campaign given here is the token's view of it, so a field or option that the
token may not see is unknown like any other.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadwell.errors import (
    VALUE_CHARACTERS_MAX,
    DuplicateParameter,
    EmptyValue,
    InvalidQuestion,
    LeadwellError,
    MalformedValue,
    OutOfRange,
    Problem,
    TooMany,
    UnknownOperator,
    UnknownParameter,
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
from leadwell.schema import selection
from leadwell.schema.fields import Reading, type_named
from leadwell.schema.fields.text import TEXT
from leadwell.schema.nearest import listed, nearest
from leadwell.schema.operators import EXISTS, Operator
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
T = TypeVar("T")
_NAME = re.compile(r"(?P<base>[^\[\]]*)(?:\[(?P<suffix>[^\[\]]+)\])?", re.DOTALL)
_WHOLE = re.compile(r"\d{1,13}", re.ASCII)

WINDOW = ("page", "per_page")
SETTINGS = ("_sort", "_fields", "_meta", "_tz", "_q")
"""The parameters that are no conditions; all that comes later starts with `_` too."""
FOREIGN = {
    "limit": "per_page",
    "page_size": "per_page",
    "pageSize": "per_page",
    "size": "per_page",
    "offset": "page",
    "sort": "_sort",
    "order": "_sort",
    "order_by": "_sort",
    "fields": "_fields",
    "select": "_fields",
    "q": "_q",
    "query": "_q",
    "search": "_q",
    "since": "updated_after",
    "updated_since": "updated_after",
    "modified_since": "updated_after",
    "assigned_person": "assigned_to",
    "created_at": "created_after",
    "updated_at": "updated_after",
}
"""How other APIs call these parameters; a field of that name comes first."""

Pairs = Sequence[tuple[str, str]]


def read(view: Campaign, pairs: Pairs) -> Question:
    """Read everything a list request asks for.

    Raises:
        InvalidQuestion: at least one parameter cannot be understood; it holds all
            problems, in the order of the query string.
    """
    found = _Findings(view, pairs)
    conditions = found.conditions(view, (*WINDOW, *SETTINGS))
    question = Question(
        conditions=conditions,
        search=found.setting("_q", lambda text: _search(view, text), None),
        sort=found.setting("_sort", lambda text: selection.sort(view, text), ()),
        page=found.setting("page", lambda text: _bounded(text, "page", PAGE_MAX), 1),
        per_page=found.setting(
            "per_page",
            lambda text: _bounded(text, "per_page", PER_PAGE_MAX),
            PER_PAGE_DEFAULT,
        ),
        shown=found.setting("_fields", lambda text: selection.shown(view, text), None),
        with_meta=found.setting("_meta", _switch, default=False),
    )
    found.refuse_problems()
    return question


def conditions(view: Campaign, pairs: Pairs) -> tuple[Condition, ...]:
    """Read the conditions of a saved filter: no window, order or words.

    Raises:
        InvalidQuestion: at least one parameter cannot be understood here.
    """
    found = _Findings(view, pairs)
    conditions = found.conditions(view, ("_tz",))
    found.refuse_problems()
    return conditions


def only_shown(view: Campaign, pairs: Pairs) -> Question:
    """Read what a request for one lead may ask: `_fields`, and nothing else.

    Raises:
        InvalidQuestion: there is another parameter, or an unknown field.
    """
    found = _Findings(view, pairs, known=("_fields",))
    shown = found.setting("_fields", lambda text: selection.shown(view, text), None)
    found.refuse_problems()
    return Question(shown=shown)


def nothing(pairs: Pairs) -> None:
    """Refuse every parameter, where nothing can be asked.

    Raises:
        InvalidQuestion: there is a parameter.
    """
    _Findings(None, pairs, known=()).refuse_problems()


def window(pairs: Pairs) -> Question:
    """Read `page` and `per_page` where nothing else can be asked.

    Raises:
        InvalidQuestion: there is another parameter, or a number out of bounds.
    """
    found = _Findings(None, pairs, known=WINDOW)
    question = Question(
        page=found.setting("page", lambda text: _bounded(text, "page", PAGE_MAX), 1),
        per_page=found.setting(
            "per_page",
            lambda text: _bounded(text, "per_page", PER_PAGE_MAX),
            PER_PAGE_DEFAULT,
        ),
    )
    found.refuse_problems()
    return question


class _Findings:
    """The parameters of one query string, and all problems found in them so far."""

    def __init__(
        self, view: Campaign | None, pairs: Pairs, known: tuple[str, ...] | None = None
    ) -> None:
        self._view = view
        self._problems: list[tuple[int, Problem]] = []
        self._values: dict[str, str] = {}
        self._order = {name: place for place, (name, _) in enumerate(pairs)}
        self._gather(pairs)
        for name in self._values:
            if known is not None and name not in known:
                self._note(name, _unknown(name, known))
        utc: tzinfo = UTC
        self._zone = self.setting("_tz", _zone, utc)

    def setting(self, name: str, read_text: Callable[[str], T], default: T) -> T:
        """Read one parameter that is no condition; note what is wrong with it."""
        if name not in self._values:
            return default
        try:
            return read_text(self._values[name])
        except LeadwellError as error:
            self._note(name, error)
            return default

    def conditions(
        self, view: Campaign, others: Sequence[str]
    ) -> tuple[Condition, ...]:
        """Read all parameters but the others as conditions."""
        found: list[Condition] = []
        for name, text in self._values.items():
            if name in others:
                continue
            try:
                found.append(_condition(view, name, text, self._zone))
            except InvalidQuestion as several:
                place = self._order[name]
                self._problems += [(place, problem) for problem in several.problems]
            except LeadwellError as error:
                self._note(name, error)
        return tuple(found)

    def refuse_problems(self) -> None:
        """Raise all problems at once, in the order of the query string."""
        if self._problems:
            self._problems.sort(key=lambda pair: pair[0])
            raise InvalidQuestion([problem for _, problem in self._problems])

    def _gather(self, pairs: Pairs) -> None:
        for name, text in pairs:
            if name in self._values:
                hint = f"give it once; several values are written {name}=a,b"
                self._note(
                    name,
                    DuplicateParameter(f"{name} is given twice", hint=hint, value=text),
                )
            elif not text:
                self._note(name, _empty(name))
            else:
                self._values[name] = text

    def _note(self, name: str, error: LeadwellError) -> None:
        problem = error.problem(parameter=name[:VALUE_CHARACTERS_MAX])
        self._problems.append((self._order[name], problem))


def _condition(view: Campaign, name: str, text: str, zone: tzinfo) -> Condition:
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
        raise _unknown(name, askable(view))
    values = _values(view, subject, operator, text, zone)
    return Condition(subject.ref, operator.suffix, values)


def _values(
    view: Campaign, subject: Subject, operator: Operator, text: str, zone: tzinfo
) -> tuple[Value, ...]:
    if operator is EXISTS:
        return (_switch(text),)
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


def askable(view: Campaign) -> tuple[str, ...]:
    """Return every name a list request may use, without the brackets."""
    return (*WINDOW, *(name for name, _ in subjects(view)), *SHORTCUTS, *SETTINGS)


def _search(view: Campaign, text: str) -> Search:
    words = tuple(TEXT.key(word) for word in text.split())
    if not words:
        raise _empty("_q")
    if len(words) > WORDS_MAX:
        raise TooMany(
            f"_q has {len(words)} words", hint=f"at most {WORDS_MAX} are looked for"
        )
    return Search(words, tuple(f.id for f in view.fields if type_named(f.type).is_text))


def _bounded(text: str, name: str, most: int) -> int:
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= most:
        raise OutOfRange(
            f"{name} is {text[:40]!r}",
            hint=f"{name} is a whole number from 1 to {most}",
            value=text,
        )
    return int(text)


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "0": False, "false": False}
    if text not in words:
        raise MalformedValue(
            f"{text[:40]!r} is neither true nor false",
            hint="write true or false",
            value=text,
            allowed=("true", "false"),
        )
    return words[text]


def _zone(text: str) -> tzinfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MalformedValue(
            f"{text[:40]!r} is not a time zone",
            hint="write a name of the IANA database, for instance Europe/Copenhagen",
            value=text,
        ) from None


def _empty(name: str) -> EmptyValue:
    hint = "give it a value"
    if not name.startswith("_") and name not in WINDOW and "[" not in name:
        hint += f", or ask for empty fields with {name[:64]}[exists]=false"
    return EmptyValue(f"{name[:64]} has no value", hint=hint)


def _unknown(name: str, known: Iterable[str]) -> UnknownParameter:
    known = tuple(known)
    base = name.partition("[")[0]
    near = FOREIGN.get(base) if FOREIGN.get(base) in known else nearest(base, known)
    return UnknownParameter(
        f"there is no parameter {name[:64]!r}",
        hint=f"did you mean {near}?" if near else _known_here(known),
        value=name,
        allowed=listed(known),
        did_you_mean=near,
    )


def _known_here(known: Sequence[str]) -> str:
    return f"known here: {', '.join(known[:20])}" if known else "none is known here"


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
