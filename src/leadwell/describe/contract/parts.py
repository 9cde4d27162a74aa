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
    InvalidQuestion,
    InvalidToken,
    LabelNotSlug,
    LeadwellError,
    MalformedBody,
    MalformedQuery,
    MalformedRequest,
    MalformedValue,
    NotAuthenticated,
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
    Unavailable,
)
_QUESTION = (
    InvalidQuestion,
    MalformedQuery,
    TooMany,
    # One problem alone is told by its own code.
    UnknownParameter,
    DuplicateParameter,
    EmptyValue,
    UnknownOperator,
    UnknownOption,
    LabelNotSlug,
    MalformedValue,
    OutOfRange,
    Contradiction,
)
_OPENED = (InsufficientScope, CampaignNotFound)
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
class Answer:
    """What an operation answers when it succeeds."""

    status: int
    meaning: str
    schema: str | None = None
    """The name of the schema of its body; `None`: it has none."""
    types: tuple[str, ...] = (JSON_TYPE,)
    headers: tuple[str, ...] = ()


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
        questions = () if self.needs_write else _QUESTION
        body = _BODY if self.body else ()
        return (*_ANY, *questions, *opened, *body, *self.own_errors)
