"""Read what the change feed, the digest and the export can be asked."""

from dataclasses import dataclass

from leadwell.errors import MalformedValue
from leadwell.model.campaign import Campaign
from leadwell.model.query import Question
from leadwell.schema.question import reader, selection
from leadwell.schema.question.findings import (
    DIGEST,
    EXPORT,
    FEED,
    Findings,
    Pairs,
    bounded,
    switch,
)

LIMIT_DEFAULT = 500
LIMIT_MAX = 1000
WAIT_S_MAX = 60
BUCKETS = 256
FORMATS = ("ndjson", "csv", "csv-excel", "xlsx", "parquet")
CSV_FEED = "csv-feed"
"""The format of an export by link, which names no other."""
_CSV_FEED = ("_fields", "_tz")


@dataclass(frozen=True, slots=True)
class Following:
    """A request for changes."""

    question: Question
    limit: int
    wait_s: int
    from_now: bool
    with_digest: bool
    confirms: bool
    """Whether the reader has stored all that came before its cursor."""


@dataclass(frozen=True, slots=True)
class Adding:
    """A request for a digest."""

    question: Question
    with_buckets: bool
    bucket: int | None
    """Which bucket's leads are listed: those whose id mod 256 this is."""


@dataclass(frozen=True, slots=True)
class Exporting:
    """A request for an export."""

    question: Question
    format: str
    after: int
    """The last lead that the reader has: an export goes on behind it."""


def changes(view: Campaign, pairs: Pairs) -> Following:
    """Read a request for changes.

    Raises:
        InvalidQuestion: it cannot be understood; it holds all problems.
    """
    found = Findings(pairs)
    asked = Following(
        question=Question(
            conditions=found.others(FEED, reader(view, FEED)),
            shown=found.setting("_fields", lambda t: selection.shown(view, t), None),
            cursor=found.setting("_cursor", str, None),
        ),
        limit=found.setting(
            "_limit", lambda t: bounded(t, "_limit", LIMIT_MAX), LIMIT_DEFAULT
        ),
        wait_s=found.setting(
            "_wait", lambda t: bounded(t, "_wait", WAIT_S_MAX, least=0), 0
        ),
        from_now=found.setting("_from", _now, default=False),
        with_digest=found.setting("_digest", switch, default=False),
        confirms=found.setting("_confirm", switch, default=True),
    )
    if asked.question.cursor is not None:
        found.refuse_beside("_cursor", ("_from",), "the cursor says where to begin")
    found.refuse_problems()
    return asked


def digest(view: Campaign, pairs: Pairs) -> Adding:
    """Read a request for a digest.

    Raises:
        InvalidQuestion: it cannot be understood; it holds all problems.
    """
    found = Findings(pairs)
    asked = Adding(
        question=Question(conditions=found.others(DIGEST, reader(view, DIGEST))),
        with_buckets=found.setting("_buckets", _all_buckets, default=False),
        bucket=found.setting(
            "_bucket", lambda t: bounded(t, "_bucket", BUCKETS - 1, least=0), None
        ),
    )
    if asked.bucket is not None:
        found.refuse_beside("_bucket", ("_buckets",), "ask for one or the other")
    found.refuse_problems()
    return asked


def export(view: Campaign, pairs: Pairs) -> Exporting:
    """Read a request for an export.

    Raises:
        InvalidQuestion: it cannot be understood; it holds all problems.
    """
    found = Findings(pairs)
    asked = Exporting(
        question=Question(
            conditions=found.others(EXPORT, reader(view, EXPORT)),
            shown=found.setting("_fields", lambda t: selection.shown(view, t), None),
            cursor=found.setting("_cursor", str, None),
        ),
        format=found.setting("_format", _format, FORMATS[0]),
        after=found.setting("_after", lambda t: bounded(t, "_after", 10**12), 0),
    )
    if asked.question.cursor is None:
        found.refuse_beside(
            "an export from its beginning",
            ("_after",),
            "give the export's Leadwell-Cursor as _cursor too",
        )
    found.refuse_problems()
    return asked


def csv_feed(view: Campaign, pairs: Pairs) -> Exporting:
    """Read a request for the leads of a link: conditions, and which fields.

    Raises:
        InvalidQuestion: it cannot be understood; it holds all problems.
    """
    found = Findings(pairs)
    question = Question(
        conditions=found.others(_CSV_FEED, reader(view, _CSV_FEED)),
        shown=found.setting("_fields", lambda t: selection.shown(view, t), None),
    )
    found.refuse_problems()
    return Exporting(question, CSV_FEED, after=0)


def _now(text: str) -> bool:
    if text == "now":
        return True
    raise MalformedValue(
        f"{text[:40]!r} is no place to begin",
        hint="_from=now answers a cursor alone; without it the feed begins with all",
        value=text,
        allowed=("now",),
    )


def _all_buckets(text: str) -> bool:
    if text == str(BUCKETS):
        return True
    raise MalformedValue(
        f"{text[:40]!r} is no number of buckets",
        hint=f"_buckets={BUCKETS} answers one digest for each id mod {BUCKETS}",
        value=text,
        allowed=(str(BUCKETS),),
    )


def _format(text: str) -> str:
    if text in FORMATS:
        return text
    raise MalformedValue(
        f"{text[:40]!r} is no format of an export",
        hint=f"write {', '.join(FORMATS)}",
        value=text,
        allowed=FORMATS,
    )
