"""Whether a copy that was told everything is what the hub says that it is.

A page that something between keeps and answers again is a whole answer, and true of
another moment or question: each by itself looks right. Their sum does not.
"""

from collections.abc import Iterable

from leadwell.model.digest import Digest, words
from leadwell.sync.batches import Batch
from leadwell.sync.destinations.base import Copy, Overtaken
from leadwell.sync.errors import UnprovenCopy
from leadwell.sync.feeding import Answer

_HINT = (
    "nothing of this answer was kept: most likely a cache or a proxy answers in the "
    "hub's place; ask the hub without it, and run again (leadwell verify compares a "
    "copy lead by lead, and mends it with --repair)"
)


def digest_of(held: Iterable[tuple[int, int]]) -> Digest:
    """Add up what a copy holds: id and version of each lead."""
    return Digest().plus(words(lead_id, version) for lead_id, version in held)


def prove(
    copy: Copy, batch: Batch, step: int | None, answer: Answer, place: str
) -> None:
    """Check that a copy is exact once the last answer is stored, before it is.

    It is compared with the count and the digest that came with that answer, which are
    of the same moment. Each lead of the copy is read once, its id and version alone.

    Raises:
        Overtaken: somebody else has moved the copy on meanwhile.
        UnprovenCopy: the copy would not be what the hub says.
    """
    own = digest_of(_expected(copy, batch, step))
    if (own.count, own.text) == (answer.count, answer.digest):
        return
    state = copy.state()
    if (state.step if state else None) != step:
        raise Overtaken
    raise UnprovenCopy(f"{place} would not be exact: {_what(own, answer)}", hint=_HINT)


def check_onward(asked: str | None, answer: Answer) -> None:
    """Check that an answer leads on: the same again would be asked for for ever.

    Raises:
        UnprovenCopy: it says that there is more where it was asked from.
    """
    if answer.has_more and answer.cursor == asked:
        message = "the hub answers the same again, whatever it is asked for"
        raise UnprovenCopy(message, hint=_HINT)


def _expected(copy: Copy, batch: Batch, step: int | None) -> Iterable[tuple[int, int]]:
    yield from ((row.id, row.version) for row in batch.rows)
    if step is None or batch.retold_from:
        # There is nothing yet, or all that was there is told again.
        return
    gone = {row.id for row in batch.rows} | batch.removals.keys()
    if batch.retold_to:
        gone |= copy.untold()
    for lead_id, version in copy.stored():
        if lead_id not in gone:
            yield lead_id, version


def _what(own: Digest, answer: Answer) -> str:
    if answer.count is None:
        return "the hub was asked to count its leads, and the answer has no count"
    if own.count != answer.count:
        return f"it has {own.count:,} leads, and the hub counts {answer.count:,}"
    return f"not all of its {own.count:,} leads are of the version that the hub has"
