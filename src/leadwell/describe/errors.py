"""What every error code means, for the page behind a problem's `type`."""

import inspect
from dataclasses import dataclass

from leadwell.errors import LeadwellError, all_errors, title_of


@dataclass(frozen=True, slots=True)
class ErrorHelp:
    """One error code, explained."""

    code: str
    title: str
    meaning: str
    kind: str


def explained() -> dict[str, ErrorHelp]:
    """Return the help of every error code, by code."""
    return {error.code: _help(error) for error in all_errors()}


def _help(error: type[LeadwellError]) -> ErrorHelp:
    meaning = inspect.getdoc(error) or ""
    return ErrorHelp(error.code, title_of(error.code), meaning, error.kind.value)
