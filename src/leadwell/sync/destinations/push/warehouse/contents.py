"""What is loaded: the leads of a chunk, the words beside them, and whose copy it is."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from leadwell.sync.destinations.push.ledger import UPSERT, Entry, Ledger
from leadwell.sync.destinations.push.warehouse.columns import REMOVED, Shape, Type
from leadwell.sync.state import State

LEADS, MARK = "leads", "leadwell_sync"
WORDS = ("options", "statuses", "people", "quarantine")
"""Tables that are replaced as a whole when they have changed."""
MARK_COLUMNS = (
    Shape("campaign_id", Type.WHOLE),
    Shape("ledger", Type.TEXT),
    Shape("step", Type.WHOLE),
    Shape("synced_at", Type.MOMENT),
    Shape("is_up_to_date", Type.BOOLEAN),
)
_LABELS = (Shape("slug", Type.TEXT), Shape("label", Type.TEXT))
_POSITION = Shape("position", Type.WHOLE)
_WORD_COLUMNS = {
    "options": (Shape("field", Type.TEXT), *_LABELS, _POSITION),
    "statuses": (*_LABELS, Shape("type", Type.TEXT), _POSITION),
    "people": (Shape("id", Type.WHOLE), Shape("name", Type.TEXT)),
    "quarantine": (
        Shape("lead_id", Type.WHOLE),
        Shape("version", Type.WHOLE),
        Shape("field", Type.TEXT),
        Shape("value", Type.TEXT),
        Shape("reason", Type.TEXT),
    ),
}


@dataclass(frozen=True, slots=True)
class Content:
    """Rows of one table."""

    table: str
    shapes: Sequence[Shape]
    rows: Sequence[Sequence[Any]]
    """Cells as SQLite holds them."""
    key: str | None = None
    """The column by which rows replace others; `None`: all that are there go."""


def leads(ledger: Ledger, entries: Iterable[Entry], shapes: Sequence[Shape]) -> Content:
    """Return the last state of these leads; of one that is gone, only that it is."""
    entries = list(entries)
    told = [entry.lead_id for entry in entries if entry.operation == UPSERT]
    rows = [(*row, None) for row in ledger.rows_of(told, [s.of for s in shapes])]
    nothing = (None,) * (len(shapes) - 1)
    gone = [(e.lead_id, *nothing, True) for e in entries if e.operation != UPSERT]
    return Content(LEADS, [*shapes, Shape(REMOVED, Type.BOOLEAN)], rows + gone, "id")


def mark(state: State, ledger_id: str) -> Content:
    """Return the row that says whose copy it is."""
    moved = (state.step, state.synced_at, state.is_up_to_date)
    row = (state.campaign_id, ledger_id, *moved)
    return Content(MARK, MARK_COLUMNS, [row], "campaign_id")


def words(ledger: Ledger, shapes: Sequence[Shape]) -> list[Content]:
    """Return the tables beside the leads; fields are named as their columns are."""
    shown = {shape.of: shape.name for shape in shapes}
    found: list[Content] = []
    for table in WORDS:
        own = _WORD_COLUMNS[table]
        columns = [shape.name for shape in own]
        rows = sorted(ledger.words(table, columns))
        if "field" in columns:
            at = columns.index("field")
            rows = [(*r[:at], shown.get(r[at], r[at]), *r[at + 1 :]) for r in rows]
        found.append(Content(table, own, rows))
    return found


def digest(content: Content) -> str:
    """Return what tells a content from another one of its table."""
    return hashlib.sha256(msgspec.json.encode(content.rows)).hexdigest()
