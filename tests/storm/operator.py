"""The operator: edits filters, tokens and the schema beside the hub that serves."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random

from leadwell.errors import Conflict, InvalidQuestion
from leadwell.model.campaign import Attribute, Campaign, Field, Status
from leadwell.schema.parts import Kind, Name, shelf
from leadwell.store import campaigns, filters, tokens
from leadwell.store.connection import Connection
from leadwell.store.writes import chores, erasing, parts
from tests.storm import truth
from tests.storm.campaign import FILTERS, Storm, keep_filter

LASTING = {"name", "source", "tags", "budget", "new", "won", "a"}
"""What others ask for by its slug."""
PAUSE_S = 0.01


@dataclass
class Operator:
    """The one who edits; nobody else does."""

    storm: Storm
    random: Random
    edits: int = 0

    def step(self) -> None:
        # An option of a filter may be gone, or a slug be taken: then nothing is done.
        with self.storm.editing, suppress(Conflict, InvalidQuestion):
            self.random.choice(OPERATIONS)(self)
            self.edits += 1
        self.storm.note_filters()
        self.storm.is_over.wait(PAUSE_S)


def edit_filter(operator: Operator) -> None:
    name = operator.random.choice(["moved", "other"])
    keep_filter(operator.storm, name, operator.random.choice(FILTERS[name]))


def edit_token(operator: Operator) -> None:
    random, storm = operator.random, operator.storm
    kept = storm.tokens[-1]
    named = random.choice(["moved", "other"])
    fewer = random.choice([True, False])

    def job(connection: Connection, campaign: Campaign) -> None:
        token = tokens.hold(connection, kept.public_id)
        found = filters.find_named(connection, campaign, named)
        assert found is not None
        shown = {campaign.field_by_slug[slug].id for slug in ("budget", "tags")}
        readable = frozenset({*shown, Attribute.STATUS}) if fewer else None
        tokens.change(
            connection, replace(token, filter_id=found.id, readable=readable), now=0
        )

    storm.write(job)


def edit_part(operator: Operator) -> None:
    """Add, rename, relabel or remove what nobody asks for by its name."""
    random, storm = operator.random, operator.storm
    kind, fresh = random.choice(list(Kind)), f"s{random.randint(1, 30)}"
    what = random.random()

    def job(connection: Connection, campaign: Campaign) -> None:
        field = random.choice(["source", "tags"]) if kind is Kind.OPTION else ""
        name = Name(kind, random.choice(shelf(campaign, kind, field).parts).slug, field)
        if what < 0.3 and name.slug not in LASTING:
            parts.rename(connection, storm.id, name, fresh)
        elif what < 0.6:
            parts.relabel(connection, storm.id, name, fresh.upper())
        elif what < 0.8 and name.slug not in LASTING:
            parts.remove(connection, storm.id, name)
        elif kind is Kind.FIELD:
            parts.add_field(connection, storm.id, Field(0, fresh, fresh, "text"))
        elif kind is Kind.OPTION:
            parts.add_option(connection, storm.id, field, fresh, fresh)
        else:
            parts.add_status(connection, storm.id, Status(0, fresh, fresh))

    storm.write(job)


def erase(operator: Operator) -> None:
    storm = operator.storm
    if not storm.ids:
        return
    lead_id = operator.random.choice(storm.ids)
    # With it go those that were merged into it, which have left already.
    storm.leaving.add(lead_id)

    def job(connection: Connection, campaign: Campaign) -> dict[int, list[truth.State]]:
        merged = erasing.merged_into(connection, campaign.id, lead_id)
        states = {
            each: truth.states(connection, campaign, each)
            for each in [lead_id, *merged]
        }
        erasing.erase(connection, campaign, lead_id, now=0)
        return states

    for each, states in storm.write(job).items():
        storm.erased.setdefault(each, []).extend(states)
    storm.gone.add(lead_id)


def do_chores(operator: Operator) -> None:
    for _ in range(4):
        finish_chunk(operator.storm)


def finish_chunk(storm: Storm) -> bool:
    """Do a chunk of what waits, as the command does; return whether more waits."""
    return storm.database.write(
        lambda c: chores.work(c, campaigns.known(c, storm.id), now=0)
    ).result()


OPERATIONS: list[Callable[[Operator], None]] = [
    *[edit_filter] * 3,
    *[edit_token] * 2,
    *[edit_part] * 3,
    erase,
    *[do_chores] * 4,
]
