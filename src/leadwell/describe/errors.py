"""What every error code means, and what to do about it, for those who meet it."""

import inspect
from dataclasses import dataclass

from leadwell.describe.remedies import REMEDIES
from leadwell.errors import LeadwellError, title_of
from leadwell.errors.listing import all_errors


@dataclass(frozen=True, slots=True)
class ErrorHelp:
    """One error code, explained."""

    code: str
    title: str
    meaning: str
    """What caused it."""
    kind: str
    remedy: str
    """What to do about it."""


def explained() -> dict[str, ErrorHelp]:
    """Return the help of every error code, by code."""
    return {error.code: _help(error) for error in all_errors()}


def _help(error: type[LeadwellError]) -> ErrorHelp:
    meaning = inspect.getdoc(error) or ""
    remedy = REMEDIES[error.code]
    return ErrorHelp(
        error.code, title_of(error.code), meaning, error.kind.value, remedy
    )
