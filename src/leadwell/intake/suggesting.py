"""Where the columns of a file most likely go, for somebody to look at."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from leadwell.intake.kinds import PHONE_NAME
from leadwell.intake.mapping import (
    NOTES,
    OWN_TARGETS,
    SKIPPED,
    folded_labels,
    guessed,
)
from leadwell.intake.source import Cell, Row, Source
from leadwell.intake.spelling import text_of
from leadwell.model.campaign import Campaign
from leadwell.model.importing import Peek
from leadwell.model.slug import slug_of
from leadwell.schema.nearest import nearest

EXAMPLES = 3
LOOKED_AT = 50
"""Rows that are looked at for examples."""
EXAMPLE_CHARACTERS_MAX = 80
_WORDS: Mapping[str, frozenset[str]] = {
    "status": frozenset({"status", "stage", "state", "tilstand", "fase", "trin"}),
    "assigned_person": frozenset({"owner", "assignee", "ansvarlig", "saelger"}),
    "external_id": frozenset({"external-id", "ekstern-id", "lead-id", "kunde-id"}),
    "created_at": frozenset({"created", "oprettet", "dato-oprettet", "created-at"}),
}
"""What the lead's own attributes are called in files, as slugs."""
_EMAIL_NAMES = frozenset({"email", "e-mail", "mail", "e-post", "epost", "mailadresse"})
STATUS_NAMES = _WORDS["status"]
_SAME = tuple(
    frozenset(line.split())
    for line in """
    name navn fulde-navn full-name kontakt contact kontaktperson kontaktnavn
    first-name fornavn
    last-name efternavn
    company firma virksomhed firmanavn company-name
    source kilde
    customer-type kundetype
    address adresse vej street
    zip postnr postnummer postcode postal-code
    city by town
    country land
    website hjemmeside webside url web
    budget beloeb amount pris price
    note notes noter bemaerkning bemaerkninger comment kommentar project-notes
    """.strip().splitlines()
)
"""Slugs that mean the same in files, in English and Danish, a line each."""


def peeks(source: Source) -> tuple[Peek, ...]:
    """Return the columns, and what stands in the first rows that have something."""
    examples: dict[str, list[str]] = {column: [] for column in source.columns}
    for row in islice(iter(source), LOOKED_AT):
        if isinstance(row, Row):
            _look(row.cells, examples)
    return tuple(
        Peek(column, tuple(examples[column]))
        for column in source.columns
        if column not in NOTES
    )


def suggested(campaign: Campaign, columns: Sequence[str]) -> dict[str, str]:
    """Suggest a target for every column: by slug, label, likeness, or left out.

    No two columns have the same one: that which matches best has it.
    """
    known = {**dict.fromkeys(OWN_TARGETS, ""), **campaign.field_by_slug}
    labels = folded_labels(campaign)
    found: dict[str, str] = {}
    for column in columns:
        target = guessed(column, known, labels)
        if target is not None and target not in found.values():
            found[column] = target
    for column in columns:
        if column not in found:
            free = (each for each in _similar(campaign, column))
            taken = set(found.values())
            found[column] = next((each for each in free if each not in taken), SKIPPED)
    return {column: found[column] for column in columns}


def status_column_of(source: Source) -> str | None:
    """Return the column that holds the status by its name, if one does."""
    named = (column for column in source.columns if slug_of(column) in STATUS_NAMES)
    return next(named, None)


def _similar(campaign: Campaign, column: str) -> Iterator[str]:
    slug = slug_of(column)
    yield from (target for target, words in _WORDS.items() if slug in words)
    if slug in _EMAIL_NAMES:
        yield from (field.slug for field in campaign.fields if field.type == "email")
    if PHONE_NAME.search(column):
        yield from (field.slug for field in campaign.fields if field.type == "phone")
    by_name = {
        name: field.slug
        for field in campaign.fields
        for name in (slug_of(field.label), *field.aliases, field.slug)
    }
    same = {word for words in _SAME if slug in words for word in words}
    yield from (target for name, target in by_name.items() if name in same)
    near = nearest(slug, by_name)
    if near is not None:
        yield by_name[near]


def _look(cells: Mapping[str, Cell], examples: Mapping[str, list[str]]) -> None:
    for column, seen in examples.items():
        cell = cells.get(column)
        if cell is not None and len(seen) < EXAMPLES:
            text = text_of(cell)[:EXAMPLE_CHARACTERS_MAX]
            if text not in seen:
                seen.append(text)
