"""What an operation of the API is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from leadwell.errors import (
    AddressNotAllowed,
    BodyTooLarge,
    BodyTooSlow,
    CampaignNotFound,
    Contradiction,
    DuplicateParameter,
    EmptyValue,
    HeadersTooLarge,
    InsufficientScope,
    InternalError,
    InvalidQuestion,
    InvalidToken,
    LabelNotSlug,
    LeadwellError,
    MalformedBody,
    MalformedQuery,
    MalformedRequest,
    MalformedValue,
    NotAuthenticated,
    NotFound,
    OutOfRange,
    OutsideScope,
    Required,
    TokenInURL,
    TooMany,
    Unavailable,
    UnknownField,
    UnknownOperator,
    UnknownOption,
    UnknownParameter,
    UnsupportedMediaType,
    URLTooLong,
)
from leadwell.errors.limits import Overloaded, RateLimited, TooManyAtOnce
from leadwell.errors.masking import MaskedField

JSON_TYPE = "application/json"
Errors = Sequence[type[LeadwellError]]
_ANY = (
    MalformedRequest,
    TokenInURL,
    NotAuthenticated,
    InvalidToken,
    AddressNotAllowed,
    URLTooLong,
    HeadersTooLarge,
    RateLimited,
    TooManyAtOnce,
    InternalError,
    Unavailable,
    Overloaded,
)
# One problem alone is told by its own code.
_NOTHING = (
    InvalidQuestion,
    MalformedQuery,
    TooMany,
    UnknownParameter,
    DuplicateParameter,
    EmptyValue,
)
_SETTING = (*_NOTHING, MalformedValue, OutOfRange)
_QUESTION = (
    *_SETTING,
    UnknownOperator,
    UnknownOption,
    LabelNotSlug,
    MaskedField,
    Contradiction,
)
_OPENED = (InsufficientScope, CampaignNotFound)
_NUMBERED = (NotFound,)
"""A number in the path that is none, or too large, leads nowhere."""
LEAD_ERRORS = (
    Required,
    UnknownField,
    OutsideScope,
    UnknownOption,
    LabelNotSlug,
    MalformedValue,
    OutOfRange,
    Contradiction,
)
"""What can be wrong with one value of a lead; alone it is told by its own code."""
_BODY = (MalformedBody, UnsupportedMediaType, BodyTooLarge, BodyTooSlow)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that does not depend on the campaign."""

    name: str
    meaning: str
    schema: dict[str, Any]
    where: str = "query"
    example: Any = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of operations."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Onward:
    """What can be asked next, with something that was just answered."""

    name: str
    operation_id: str
    parameter: str
    """The parameter of that operation which takes it."""
    where: str
    """Where it stands in the answer, as a runtime expression of OpenAPI."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers when it succeeds."""

    status: int
    meaning: str
    schema: str | None = None
    """The name of the schema of its body; `None`: it has none."""
    types: tuple[str, ...] = (JSON_TYPE,)
    headers: tuple[str, ...] = ()
    """Those of its own; what every answer has is not named."""
    onward: tuple[Onward, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    """Permanent: generated clients name their functions by it."""
    method: str
    path: str
    tag: str
    summary: str
    meaning: str
    answers: tuple[Answer, ...]
    parameters: tuple[Parameter, ...] = ()
    takes_conditions: bool = False
    """Whether a condition on every field can stand in its query string."""
    body: str | None = None
    """The name of the schema of the body that it takes."""
    own_errors: Errors = field(default_factory=tuple)
    needs_write: bool = False

    @property
    def errors(self) -> Errors:
        """Everything that it may be refused with."""
        opened = _OPENED if "{campaign_id}" in self.path else ()
        numbered = _NUMBERED if opened else ()
        body = _BODY if self.body else ()
        every = (*_ANY, *self._questions, *numbered, *opened, *body, *self.own_errors)
        return tuple(dict.fromkeys(every))

    @property
    def _questions(self) -> Errors:
        if self.takes_conditions:
            return _QUESTION
        in_query = [each for each in self.parameters if each.where == "query"]
        return _SETTING if in_query else _NOTHING
