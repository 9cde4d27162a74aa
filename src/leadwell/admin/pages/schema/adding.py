"""A new field: its type in words, its options, what it is called."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from leadwell.admin.pages.schema import fitting, states
from leadwell.admin.pages.schema.kinds import TYPES
from leadwell.admin.pages.schema.listing import is_sent_twice, slug_wanted
from leadwell.admin.pages.schema.places import FIELDS
from leadwell.admin.settling import settle
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.admin.words import mark
from leadwell.errors import Conflict, LeadwellError
from leadwell.model.campaign import Field
from leadwell.model.slug import unique_slug
from leadwell.schema import definition
from leadwell.schema.parts import LABEL_CHARACTERS_MAX, WITH_OPTIONS
from leadwell.store.connection import Connection
from leadwell.store.writes import parts as edits


@dataclass(frozen=True, slots=True)
class New:
    """The page of a new field."""

    async def show(self, visit: Visit) -> Response:
        """Show the form; `type` in the address chooses a type."""
        kind = visit.request.query_params.get("type", "text")
        return await self._shown(visit, kind)

    async def add(self, visit: Visit) -> Response:
        """Add the field; without its own button the form is only shown again."""
        kind = visit.text("type")
        if not visit.text("save"):
            return await self._shown(visit, kind)
        try:
            await visit.write(lambda c: _add(c, visit))
        except LeadwellError as error:
            return await self._shown(visit, kind, error)
        await settle(visit)
        return visit.go(FIELDS.path(visit), "added")

    async def _shown(
        self, visit: Visit, kind: str, error: LeadwellError | None = None
    ) -> Response:
        content = await visit.read(lambda c: _content(c, visit, kind))
        wrong: dict[str, str] = content["wrong"] if error else {}
        content |= {"wrong": wrong, "error": None if wrong else error}
        return visit.page("field_new.html", content, 422 if error else 200)


def _content(connection: Connection, visit: Visit, kind: str) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    known = FIELDS.shelf(visit, campaign)
    names = ("label", "slug", "options", "json_schema", "required", "personal")
    slug = slug_wanted(visit, known)
    wrong = states.problems(visit.said, known, visit.text("label"), slug)
    return {
        **around(visit, campaign, FIELDS.tab),
        "back": FIELDS.path(visit),
        "types": TYPES,
        "chosen": kind if kind in TYPES else "text",
        "wanted": {name: visit.text(name) for name in names},
        "suggested": slug if visit.text("label") else "",
        "wrong": wrong | _wrong(visit, kind),
    }


def _wrong(visit: Visit, kind: str) -> dict[str, str]:
    if kind in WITH_OPTIONS:
        labels = list(_labels(visit))
        if not labels:
            return {"options": visit.said("Write at least one option.")}
        most = LABEL_CHARACTERS_MAX
        if any(len(label) > most or "\0" in label for label in labels):
            text = mark("An option has at most %(most)s characters.")
            return {"options": visit.said(text, most=most)}
    if kind == "json" and (text := fitting.problem(visit, visit.text("json_schema"))):
        return {"json_schema": text}
    return {}


def _add(connection: Connection, visit: Visit) -> None:
    campaign = visit.held(connection)
    known = FIELDS.shelf(visit, campaign)
    if is_sent_twice(visit, campaign, known):
        return
    slug = slug_wanted(visit, known)
    wrong = states.problems(visit.said, known, visit.text("label"), slug)
    if wrong := wrong | _wrong(visit, visit.text("type")):
        raise Conflict(" ".join(wrong.values()))
    edits.add_field(connection, campaign.id, _read(visit, slug))
    visit.note(connection, campaign, FIELDS.added, visit.text("label"), slug)


def _read(visit: Visit, slug: str) -> Field:
    """Read the field that a form describes.

    Raises:
        InvalidDefinition: it cannot be one.
        MalformedBody: what shall be a JSON Schema is no JSON.
    """
    kind = visit.text("type")
    given: dict[str, Any] = {
        "slug": slug,
        "label": visit.text("label") or slug,
        "type": kind,
        "required": visit.text("required") == "yes",
    }
    if visit.text("personal") in {"yes", "no"}:
        given["personal"] = visit.text("personal") == "yes"
    if kind in WITH_OPTIONS:
        given["options"] = list(_options(visit))
    if kind == "json" and visit.text("json_schema"):
        given["json_schema"] = fitting.read_schema(visit.text("json_schema"))
    return definition.read_field(given)


def _options(visit: Visit) -> Iterator[dict[str, str]]:
    taken: set[str] = set()
    for label in _labels(visit):
        slug = unique_slug(label, taken, reserved=())
        taken.add(slug)
        yield {"slug": slug, "label": label}


def _labels(visit: Visit) -> Iterator[str]:
    """Return the labels of the options: one a line, each once."""
    lines = (line.strip() for line in visit.text("options").splitlines())
    yield from dict.fromkeys(line for line in lines if line)
