"""The campaign as one token sees it: what it may not see is simply not there.

A masked field is there, as one that answers a mask and cannot be asked for.
"""

from collections.abc import Iterable
from dataclasses import replace

from leadwell.model.campaign import (
    ALL_ATTRIBUTES,
    Attribute,
    Campaign,
    Column,
    Field,
    Option,
)
from leadwell.model.grant import Grant
from leadwell.model.query import Condition, FieldRef
from leadwell.schema.fields.masked import MASKED_TYPE
from leadwell.schema.operators import EXISTS
from leadwell.schema.subjects import subject_of

_EXCLUDING = frozenset({"", "in"})


def view(campaign: Campaign, grant: Grant) -> Campaign:
    """Return the campaign without the fields and options that the token may not see.

    An option that the token's own filter excludes is hidden as well: a vendor never
    reads the names of the other vendors. Of a masked field there is the name alone: no
    option, no rule and no comparison.
    """
    key = ("view", grant.sight)
    return campaign.deriving(key, lambda: _view(campaign, grant))


def _view(campaign: Campaign, grant: Grant) -> Campaign:
    readable, masked = grant.readable, grant.masked(campaign)
    fields = tuple(
        _masked(field, masked[field.id])
        if field.id in masked
        else _narrowed(field, campaign, grant.forced)
        for field in campaign.fields
        if readable is None or field.id in readable
    )
    attributes = ALL_ATTRIBUTES if readable is None else _attributes(readable)
    seen = _kept(campaign, Column.STATUS, grant.forced)
    statuses = tuple(s for s in campaign.statuses if seen is None or s.id in seen)
    people = _kept(campaign, Column.ASSIGNED_TO, grant.forced)
    return replace(
        campaign,
        fields=fields,
        statuses=statuses if Attribute.STATUS in attributes else (),
        people=tuple(p for p in campaign.people if people is None or p.id in people)
        if Attribute.ASSIGNED_PERSON in attributes
        else (),
        attributes=attributes,
    )


def _masked(field: Field, mask: str) -> Field:
    return replace(field, type=MASKED_TYPE, mask=mask, options=(), json_schema=None)


def _attributes(readable: frozenset[int | Attribute]) -> frozenset[Attribute]:
    return frozenset(attribute for attribute in Attribute if attribute in readable)


def _narrowed(field: Field, campaign: Campaign, forced: Iterable[Condition]) -> Field:
    # A lead may have further options besides the one that its filter asks for.
    excludes = field.type == "select"
    kept = _kept(campaign, field.id, forced, only_negated=not excludes)
    if kept is None or not field.options:
        return field
    options: tuple[Option, ...] = tuple(o for o in field.options if o.id in kept)
    return replace(field, options=options)


def _kept(
    campaign: Campaign,
    ref: FieldRef,
    forced: Iterable[Condition],
    *,
    only_negated: bool = False,
) -> set[object] | None:
    """Return the ids that leads inside the filter can hold; `None`: any."""
    subject = subject_of(campaign, ref)
    if subject is None:
        return None
    kept: set[object] | None = None
    every: set[object] = {option.id for option in subject.field.options}
    if ref is Column.ASSIGNED_TO:
        every = {person.id for person in campaign.people}
    for condition in forced:
        operator = subject.operator(condition.operator)
        if condition.field != ref or operator is None:
            continue
        named = set(condition.values)
        if operator is EXISTS:
            kept = kept if condition.values == (True,) else set()
        elif operator.is_negated:
            kept = (every if kept is None else kept) - named
        elif condition.operator in _EXCLUDING and not only_negated:
            kept = (every if kept is None else kept) & named
    return kept
