"""`leadwell chores`: finish what a changed filter or schema means for many leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from leadwell.cli import output
from leadwell.cli.opening import HERE, CampaignId, Where, now_us

if TYPE_CHECKING:
    from leadwell.store.connection import Connection, Database


def chores(*, campaign: CampaignId | None = None, where: Where = HERE) -> int:
    """Finish edits that were interrupted: what they mean for leads that wait still.

    A hub that runs does so too; until it is done, the change feed says that its
    readers are not up to date.

    Example: leadwell chores

    Args:
        campaign: only those of this campaign
        where: the database
    """
    from leadwell.store import campaigns
    from leadwell.store.writes import chores as waiting

    done: list[int] = []
    with where.opened() as database:
        with database.reading() as connection:
            found = waiting.campaigns_with_work(connection)
            if campaign is not None:
                found = [campaigns.known(connection, campaign).id]
        for each in found:
            if finish(database, each):
                return output.RUN_AGAIN
            done.append(each)
    text = f"nothing waits in {len(done)} campaigns" if done else "nothing waits"
    output.document({"campaigns": done}, as_json=where.json, text=text)
    return 0


def finish(database: Database, campaign_id: int) -> int:
    """Do all that waits in a campaign, with a bar on stderr; return the exit code."""
    from leadwell.store import campaigns
    from leadwell.store.writes import chores as waiting

    def chunk(connection: Connection) -> tuple[bool, int]:
        known = campaigns.known(connection, campaign_id)
        goes_on = waiting.work(connection, known, now_us())
        return goes_on, waiting.remaining(connection, campaign_id)

    with database.reading() as connection:
        if not waiting.find(connection, campaign_id):
            return 0
        total = waiting.remaining(connection, campaign_id)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} leads"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    try:
        with bar:
            task = bar.add_task(f"Campaign {campaign_id}", total=total)
            goes_on = True
            while goes_on:
                goes_on, left = database.write(chunk).result()
                bar.update(task, completed=total - left)
    except KeyboardInterrupt:
        output.hint(
            "interrupted: the edit is made, and the rest of the leads waits; "
            "run again: leadwell chores"
        )
        return output.RUN_AGAIN
    return 0


def finish_in(where: Where, campaign_id: int | None) -> int:
    """Do all that waits in a campaign; `None`: an account token waits for nothing."""
    if campaign_id is None:
        return 0
    with where.opened() as database:
        return finish(database, campaign_id)
