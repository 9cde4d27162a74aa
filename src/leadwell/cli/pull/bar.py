"""The bar of a pull or a delivery; whoever has a terminal imports what draws it."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


def started(total: int | None, what: str) -> Progress:
    """Return a bar on stderr, with one task; its total may be unknown."""
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task("", total=total)
    bar.start()
    return bar


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Show how many leads come, or go, in a second."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")
