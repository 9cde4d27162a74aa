"""Conditions as a saved filter keeps them: by ids, so that no renaming changes them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from leadwell.model.campaign import Campaign, Column
from leadwell.model.lead import Value
from leadwell.model.query import Condition, FieldRef
from leadwell.schema.operators import EXISTS, Operator
from leadwell.schema.subjects import Subject, subject_of


class _Saved(msgspec.Struct, frozen=True):
    field: int | str
    operator: str
    values: list[Any]


_decoder = msgspec.json.Decoder(list[_Saved])


def dumped(campaign: Campaign, conditions: Iterable[Condition]) -> str:
    """Write conditions as JSON text."""
    return msgspec.json.encode(
        [
            _Saved(
                condition.field,
                condition.operator,
                [_stored(campaign, condition, value) for value in condition.values],
            )
            for condition in conditions
        ]
    ).decode()


def loaded(campaign: Campaign, text: str) -> tuple[Condition, ...]:
    """Read conditions back.

    One whose field is gone is kept: it matches nothing, for it must never widen
    what its token sees.
    """
    return tuple(_loaded(campaign, saved) for saved in _decoder.decode(text))


def _loaded(campaign: Campaign, saved: _Saved) -> Condition:
    ref: FieldRef = saved.field if isinstance(saved.field, int) else Column(saved.field)
    subject = subject_of(campaign, ref)
    operator = subject.operator(saved.operator) if subject else None
    if subject is None or operator is None or _is_plain(subject, operator):
        return Condition(ref, saved.operator, tuple(saved.values))
    values: list[Value] = [subject.type.restored(value) for value in saved.values]
    return Condition(ref, saved.operator, tuple(values))


def _stored(campaign: Campaign, condition: Condition, value: Value) -> Any:
    subject = subject_of(campaign, condition.field)
    operator = subject.operator(condition.operator) if subject else None
    if subject is None or operator is None or _is_plain(subject, operator):
        return value
    return subject.type.stored(value)


def _is_plain(subject: Subject, operator: Operator) -> bool:
    # Part of a text, the id of one option, yes or no: JSON holds these as they are.
    is_part = operator.on_key and subject.type.is_text
    return operator is EXISTS or is_part or subject.field.type == "multi_select"
