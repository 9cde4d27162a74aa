"""What a writing request does to leads: checked before the transaction, done in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from leadwell.api.campaigns import Opened
from leadwell.api.entrance.problems import STATUS_OF
from leadwell.errors import (
    Contradiction,
    InvalidBatch,
    InvalidLead,
    LeadwellError,
    MalformedValue,
    OutOfRange,
    Problem,
    Required,
    UnknownField,
)
from leadwell.errors.duplicates import DuplicateLead
from leadwell.model.lead import JSON
from leadwell.schema import submission
from leadwell.schema.submission import Submission
from leadwell.store.writes.writing import Outcome, Writing

BATCH_MAX = 1000
PROBLEMS_MAX = 1000
"""Told of one batch; beyond it each lead that is refused tells its first one only."""
_BATCH_KEYS = ("leads", "atomic")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a request: what is kept of it, and its leads, rendered whole."""

    kept: dict[str, Any]
    """Statuses and lead ids, and nothing personal."""
    leads: dict[int, bytes] = field(default_factory=dict[int, bytes])
    refused: dict[int, tuple[Problem, ...]] = field(
        default_factory=dict[int, tuple[Problem, ...]]
    )
    """What is wrong with the leads of a batch, by their places; never kept."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done in one transaction."""

    count: int
    """How many leads it may change."""
    do: Callable[[Writing], Done]
    saved: Sequence[Submission] = ()
    """What it is going to save."""
    is_all_or_nothing: bool = False
    """Whether what was done of it has to be undone when the rest is refused."""


def adding(opened: Opened, given: dict[str, JSON]) -> Task:
    """Add a lead, or update the one with the same external id.

    Raises:
        InvalidLead: it breaks the schema.
        Contradiction: it names another campaign than the path.
    """
    read = _read(opened, given, is_new=True)
    return Task(1, lambda writing: _done(writing.save(read)), (read,))


def changing(
    opened: Opened,
    lead_id: int,
    given: dict[str, JSON],
    versions: frozenset[int] | None,
) -> Task:
    """Change what is given of a lead; the same errors as for adding."""
    read = _read(opened, given, is_new=False)
    return Task(1, lambda writing: _done(writing.change(lead_id, read, versions)))


def removing(lead_id: int, versions: frozenset[int] | None) -> Task:
    """Delete a lead."""

    def do(writing: Writing) -> Done:
        writing.remove(lead_id, versions)
        return Done({"status": 204})

    return Task(1, do)


def merging(
    lead_id: int, given: dict[str, JSON], versions: frozenset[int] | None
) -> Task:
    """Merge a lead into the one that `into` names.

    Raises:
        InvalidLead: `into` is no id of another lead.
    """
    into = given.get("into")
    problems = [_unknown(key, ("into",)) for key in given if key != "into"]
    if not _is_id(into) or into == lead_id:
        error = MalformedValue(
            "into is no id of another lead",
            hint="give the id of the lead that stays",
            value=str(into),
        )
        problems.append(error.problem(pointer="/into"))
    if problems:
        raise InvalidLead(problems)
    into_id = int(str(into))
    return Task(2, lambda writing: _done(writing.merge(lead_id, into_id, versions)))


def batch(opened: Opened, given: dict[str, JSON]) -> Task:
    """Add or update many leads: each by itself, or all of them or none.

    Raises:
        InvalidLead: it is no batch.
        InvalidBatch: it is atomic, and one of its leads breaks the schema.
    """
    items, is_atomic = _items(given)
    found: list[Submission | LeadwellError] = []
    left = PROBLEMS_MAX
    for item in items:
        found.append(_tried(opened, item, max(left, 1)))
        left -= len(getattr(found[-1], "problems", ()))
    refused = [each for each in found if isinstance(each, LeadwellError)]
    if is_atomic and refused:
        raise InvalidBatch(list(_problems(found)))
    return Task(
        len(items),
        lambda writing: _batch(writing, found, is_atomic=is_atomic),
        [each for each in found if isinstance(each, Submission)],
        is_all_or_nothing=is_atomic,
    )


def campaign_of(given: dict[str, JSON]) -> int:
    """Return the campaign that a body names.

    Raises:
        InvalidLead: it names none.
    """
    campaign_id = given.get("campaign_id")
    if _is_id(campaign_id):
        return int(str(campaign_id))
    hint = "give the campaign's id"
    error: LeadwellError = Required("campaign_id is required here", hint=hint)
    if campaign_id is not None:
        error = MalformedValue("campaign_id is no id of a campaign", hint=hint)
    raise InvalidLead([error.problem(pointer="/campaign_id")])


def _read(
    opened: Opened,
    given: dict[str, JSON],
    *,
    is_new: bool,
    problems_max: int = submission.PROBLEMS_MAX,
) -> Submission:
    if given.get("campaign_id") is not None:
        _check_campaign(opened, campaign_of(given))
    return submission.read(opened.view, given, is_new=is_new, problems_max=problems_max)


def _check_campaign(opened: Opened, named: int) -> None:
    if named != opened.campaign.id:
        error = Contradiction(
            f"the body names campaign {named}, and the URL another one",
            hint="leave campaign_id out",
        )
        raise InvalidLead([error.problem(pointer="/campaign_id")])


def _tried(opened: Opened, item: JSON, most: int) -> Submission | LeadwellError:
    if not isinstance(item, dict):
        error = MalformedValue("this is no lead", hint="give an object with fields")
        return InvalidLead([error.problem(pointer="")])
    try:
        most = min(most, submission.PROBLEMS_MAX)
        return _read(opened, item, is_new=True, problems_max=most)
    except InvalidLead as error:
        return error


def _batch(
    writing: Writing, found: Sequence[Submission | LeadwellError], *, is_atomic: bool
) -> Done:
    outcomes = [
        each if isinstance(each, LeadwellError) else _saved(writing, each)
        for each in found
    ]
    if is_atomic and any(isinstance(each, LeadwellError) for each in outcomes):
        refusal = InvalidBatch(list(_problems(outcomes)))
        if refusal.code == DuplicateLead.code:
            # That one has a status of its own; the batch is refused as a batch.
            refusal.code = InvalidBatch.code
        raise refusal
    items = [_item(place, each) for place, each in enumerate(outcomes)]
    leads = {each.lead.id: each.body for each in outcomes if isinstance(each, Outcome)}
    refused = {
        place: each.problems
        for place, each in enumerate(outcomes)
        if isinstance(each, LeadwellError)
    }
    return Done({"status": 200, "items": items}, leads, refused)


def _saved(writing: Writing, given: Submission) -> Outcome | LeadwellError:
    try:
        return writing.save(given)
    except (InvalidLead, DuplicateLead) as error:
        return error


def _item(place: int, outcome: Outcome | LeadwellError) -> dict[str, Any]:
    if isinstance(outcome, Outcome):
        status = 201 if outcome.is_new else 200
        return {"index": place, "status": status, "lead": outcome.lead.id}
    errors = [{"pointer": x.pointer, "code": x.code} for x in outcome.problems]
    status = STATUS_OF[outcome.kind]
    return {"index": place, "status": status, "code": outcome.code, "errors": errors}


def _problems(outcomes: Sequence[object]) -> "list[Problem]":
    found: list[Problem] = []
    for place, each in enumerate(outcomes):
        if isinstance(each, LeadwellError):
            found += [problem.under(f"/leads/{place}") for problem in each.problems]
    return found


def _items(given: dict[str, JSON]) -> tuple[list[JSON], bool]:
    problems = [_unknown(key, _BATCH_KEYS) for key in given if key not in _BATCH_KEYS]
    items, atomic = given.get("leads"), given.get("atomic", False)
    if not isinstance(items, list) or not 1 <= len(items) <= BATCH_MAX:
        error = OutOfRange(
            "leads is no list of 1 to 1,000 leads",
            hint=f"send {len(items):,} leads in several batches"
            if isinstance(items, list) and items
            else 'send {"leads": [{"fields": {…}}, …]}',
        )
        problems.append(error.problem(pointer="/leads"))
    if not isinstance(atomic, bool):
        wrong = MalformedValue("atomic is neither true nor false")
        problems.append(wrong.problem(pointer="/atomic"))
    if problems:
        raise InvalidLead(problems)
    return cast("list[JSON]", items), bool(atomic)


def _done(outcome: Outcome) -> Done:
    status = 201 if outcome.is_new else 200
    lead = outcome.lead
    return Done({"status": status, "lead": lead.id}, {lead.id: outcome.body})


def _unknown(key: str, known: tuple[str, ...]) -> Problem:
    error = UnknownField(
        f"there is no {key[:64]!r} here", hint=f"known here: {', '.join(known)}"
    )
    pointer = key.replace("~", "~0").replace("/", "~1")
    return error.problem(pointer=f"/{pointer}")


def _is_id(given: JSON) -> bool:
    is_whole = isinstance(given, int) and not isinstance(given, bool)
    return is_whole and 0 < cast("int", given) < 10**15
