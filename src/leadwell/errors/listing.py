"""All errors there are, for what describes them."""

from leadwell import errors
from leadwell.errors.kinds import LeadwellError


def all_errors() -> tuple[type[LeadwellError], ...]:
    """Return every public error class, in the order of their module."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    found = [kind for kind in kinds if issubclass(kind, LeadwellError)]
    return tuple(error for error in found if error.__module__ == errors.__name__)
