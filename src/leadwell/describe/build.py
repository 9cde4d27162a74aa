"""Which build of Leadwell describes and answers."""

from functools import cache
from importlib.metadata import version


@cache
def build() -> str:
    """Return the version of the installed package; what is kept is of one build."""
    return version("leadwell")
