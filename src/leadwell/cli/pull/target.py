"""`leadwell target`: ready profiles for CRMs and ERPs, to be copied and edited."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import resources

from cyclopts import App

from leadwell.cli import output
from leadwell.errors import UsageError

target = App(name="target", help="Ready profiles for `leadwell sync --to http:FILE`.")
FOLDER = resources.files("leadwell.sync.destinations.push") / "ready"


@target.command(name="list")
def list_(*, json: bool = False) -> None:
    """List the ready profiles.

    Args:
        json: answer with JSON
    """
    found = {name: profile(name) for name in names()}
    output.rows(
        [{"name": n, "what": text.splitlines()[0][2:]} for n, text in found.items()],
        as_json=json,
    )


@target.command
def show(name: str) -> None:
    """Print a ready profile, to be edited before it is used.

    Example: leadwell target show hubspot > hubspot.toml

    Args:
        name: as `leadwell target list` has it
    """
    if name not in names():
        close = get_close_matches(name.lower(), names(), 1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"there is no ready profile {name!r}",
            hint=f"{meant}there are {', '.join(names())}",
        )
    output.say(profile(name).rstrip("\n"))


def names() -> list[str]:
    """Return the names of all ready profiles."""
    found = (each.name for each in FOLDER.iterdir())
    return sorted(name[:-5] for name in found if name.endswith(".toml"))


def profile(name: str) -> str:
    """Return the text of a ready profile."""
    return (FOLDER / f"{name}.toml").read_text("utf-8")
