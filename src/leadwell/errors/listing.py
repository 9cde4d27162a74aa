"""All errors there are, for what describes them."""

from leadwell import errors
from leadwell.errors import duplicates, limits, masking
from leadwell.errors.kinds import LeadwellError


def all_errors() -> tuple[type[LeadwellError], ...]:
    """Return every public error class, in the order of their modules."""
    return tuple(
        kind
        for module in (errors, duplicates, limits, masking)
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, LeadwellError)
        and kind.__module__ == module.__name__
    )
