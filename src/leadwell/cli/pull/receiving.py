"""What a run that sends leads on is told, tells, and ends with."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeGuard

import msgspec

from leadwell.cli import output
from leadwell.errors import UsageError
from leadwell.sync.destinations.push.pushed import Pushed

if TYPE_CHECKING:
    from leadwell.cli.pull.going import Where
    from leadwell.client import Retry
    from leadwell.client.wire.retry import Request
    from leadwell.sync.any_service.choosing import Origin
    from leadwell.sync.batches import Delivered
    from leadwell.sync.destinations import Destination
    from leadwell.sync.destinations.push.delivering import Tell
    from leadwell.sync.pulling import Summary, Wanted

PARTLY = 7
"""Exit code: something was not taken, and the rest was done."""


def configured(destination: Destination, where: Where, retry: Retry) -> Destination:
    """Take over what the command says of a receiver.

    Raises:
        UsageError: the destination is none.
    """
    if isinstance(destination, Pushed):
        return replace(
            destination,
            ledger=where.ledger or destination.ledger,
            dead_letters=where.dead_letters or destination.dead_letters,
            revives=where.retry_dead,
            retry=retry,
        )
    if where.ledger or where.dead_letters or where.retry_dead:
        raise UsageError(
            f"{destination.text} keeps leads itself: it has no ledger and no dead "
            "letters",
            hint="leave --ledger, --dead-letters and --retry-dead out",
        )
    return destination


def watched(destination: Destination, tell: Tell) -> Destination:
    """Have it told how far a delivery is, where leads are sent on."""
    return replace(destination, tell=tell) if is_pushed(destination) else destination


def is_pushed(destination: Destination) -> TypeGuard[Pushed]:
    """Whether leads are sent on, and not kept."""
    return isinstance(destination, Pushed)


def rehearsed(origin: Origin, destination: Pushed, wanted: Wanted) -> Summary:
    """Print each request that would be sent, one JSON object a line."""
    from leadwell.sync.destinations.scratch import Scratch

    with Scratch() as folder:
        pushed = destination.rehearsal(folder, _show)
        return origin.pull(pushed, wanted).run()


def _show(request: Request) -> None:
    shown = {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": msgspec.Raw(request.body) if request.body else None,
    }
    output.document(shown, as_json=True)


def exit_code(delivered: Delivered | None) -> int:
    """Return what the command ends with."""
    if delivered is None:
        return 0
    if delivered.waiting:
        return output.RUN_AGAIN
    return PARTLY if delivered.dead else 0


def told(delivered: Delivered) -> dict[str, Any]:
    """Return the delivery as JSON has it."""
    return asdict(delivered)


def words(delivered: Delivered | None) -> str:
    """Return the delivery in words, to stand after what was pulled."""
    if delivered is None:
        return ""
    text = f"\ndelivered: {delivered.upserts:,} leads, {delivered.removals:,} removals"
    if delivered.waiting:
        text += f"; {delivered.waiting:,} wait: {delivered.said}"
    if delivered.dead:
        text += f"; {delivered.dead:,} were not taken: see --dead-letters"
    return text
