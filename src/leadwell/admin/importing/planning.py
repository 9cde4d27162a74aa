"""How a file is read: what it is, where its columns go, which fields it needs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from leadwell.errors import UsageError
from leadwell.intake.inferring import field_slugs, infer, infer_fields
from leadwell.intake.mapping import OWN_TARGETS, SKIPPED, Targets, targets
from leadwell.intake.reading import open_rows
from leadwell.intake.source import Source
from leadwell.intake.suggesting import peeks, status_column_of, suggested
from leadwell.model.campaign import Campaign, Field
from leadwell.model.importing import Plan
from leadwell.model.slug import unique_slug
from leadwell.schema import definition
from leadwell.schema.definition import Definition

NEW = "+"
"""As a target: a field is made for the column."""
_DRAFT_IDS = 1_000_000_000
"""Ids of fields that are not made yet: no field of a campaign has one as high."""


def opened(path: Path, plan: Plan) -> Source:
    """Open a file as a plan says.

    Raises:
        UnreadableFile: it is no table that can be read.
    """
    return open_rows(path, encoding=plan.encoding, delimiter=plan.delimiter)


def first(path: Path, plan: Plan, campaign: Campaign) -> Plan:
    """Look at a file, and suggest where its columns go."""
    columns = peeks(opened(path, plan))
    names = [column.name for column in columns]
    return replace(plan, columns=columns, targets=suggested(campaign, names))


def drafted(path: Path, name: str) -> tuple[Definition, Plan]:
    """Infer a campaign from a file, and say where the columns go in it."""
    plan = Plan()
    source = opened(path, plan)
    status = "status" if "status" in source.lead_columns else status_column_of(source)
    found = infer(lambda: source, name=name, account="", status_column=status)
    slugs = {**field_slugs(source, status), **({status: "status"} if status else {})}
    own = {column: column for column in source.lead_columns if column != status}
    made = definition.read({k: v for k, v in found.items() if k != "account"})
    return made, Plan(peeks(source), {**own, **slugs})


def check(plan: Plan, campaign: Campaign) -> None:
    """Refuse what somebody has chosen if it cannot be.

    Raises:
        UsageError: two columns go to the same field, one to a field that there is
            not, or none goes anywhere.
    """
    by_target: dict[str, str] = {}
    for column, target in plan.targets.items():
        if target == SKIPPED:
            continue
        if target not in {NEW, *OWN_TARGETS, *campaign.field_by_slug}:
            raise UsageError(
                f"the field {target[:64]!r} is there no more",
                hint=f"choose another one for {column}",
            )
        if target != NEW and target in by_target:
            raise UsageError(
                f"{by_target[target]!r} and {column!r} go to the same field",
                hint="leave one of the two columns out",
            )
        by_target[target] = column
    if not by_target:
        raise UsageError(
            "every column is left out", hint="say where at least one column goes"
        )


def planned(
    path: Path, plan: Plan, campaign: Campaign, watch: Callable[[], None]
) -> Plan:
    """Say which fields are to be made: one pass over the file, if there are any.

    `watch` is called from time to time meanwhile.
    """
    taken = {field.slug for field in campaign.fields}
    slugs: dict[str, str] = {}
    for column, target in plan.targets.items():
        if target == NEW:
            slugs[column] = unique_slug(column, {*taken, *slugs.values()})
    if not slugs:
        return plan
    fields = infer_fields(opened(path, plan), slugs, watch)
    return replace(
        plan, targets={**plan.targets, **slugs}, fields=(*plan.fields, *fields)
    )


def mapped(plan: Plan, campaign: Campaign) -> Targets:
    """Return where the columns go, in the campaign as it is now.

    Raises:
        UsageError: a field is there no more, or two columns go to the same.
    """
    names = [column.name for column in plan.columns]
    return targets(campaign, names, plan.targets)


def fields_of(plan: Plan, campaign: Campaign) -> list[Field]:
    """Return the fields that the plan needs and the campaign does not have."""
    known = campaign.field_by_slug
    wanted = [each for each in plan.fields if each["slug"] not in known]
    return [definition.read_field(each) for each in wanted]


def drafting(plan: Plan, campaign: Campaign) -> Campaign:
    """Return the campaign as it will be once the fields are made."""
    drafts = [
        replace(
            field,
            id=_DRAFT_IDS * (place + 1),
            options=tuple(
                replace(option, id=_DRAFT_IDS * (place + 1) + number)
                for number, option in enumerate(field.options, 1)
            ),
        )
        for place, field in enumerate(fields_of(plan, campaign))
    ]
    return replace(campaign, fields=(*campaign.fields, *drafts))
