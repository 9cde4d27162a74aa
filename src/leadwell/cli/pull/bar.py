"""The bar of a pull; what draws it is imported by whoever has a terminal."""

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


def started(total: int | None) -> Progress:
    """Return a bar on stderr, with one task; its total may be unknown."""
    bar = Progress(
        TextColumn("Leads"),
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
        """Show how many leads come in a second."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")
