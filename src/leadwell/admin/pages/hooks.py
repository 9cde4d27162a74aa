"""Webhooks of a campaign: who is told of news, and how that went."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.api.cursors import webhooks
from leadwell.errors import LeadwellError, MalformedValue, NotFound
from leadwell.model.hook import Attempt, Hook, check_url, is_id, secret_of
from leadwell.model.token import PUBLIC_BYTES, Token, short_id
from leadwell.store import tokens
from leadwell.store.connection import Connection
from leadwell.store.outgoing import hooks
from leadwell.store.outgoing.hooks import Told
from leadwell.store.people.activity import What

ANYTHING_NEW = -1
"""The change before the first one: whatever is there counts as news."""
CURRENT = "api-documentation"
_NOTED = {
    "off": What.WEBHOOK_CHANGED,
    "on": What.WEBHOOK_CHANGED,
    "remove": What.WEBHOOK_REMOVED,
}


@dataclass(frozen=True, slots=True)
class Hooks:
    """The pages about webhooks."""

    async def list(self, visit: Visit) -> Response:
        """Show all webhooks, and a form for a new one."""
        return await self._listed(visit, None)

    async def add(self, visit: Visit) -> Response:
        """Make a webhook."""
        try:
            check_url(visit.text("url"))
            # It asks for the addresses of a name, which can take long.
            await asyncio.to_thread(visit.hub.check_receiver, visit.text("url"))
            made = await visit.write(lambda c: _made(c, visit))
        except LeadwellError as error:
            return await self._listed(visit, error)
        return visit.go(f"/campaigns/{made.campaign_id}/webhooks/{made.id}", "added")

    async def show(self, visit: Visit) -> Response:
        """Show one webhook, its secret, and its last messages."""

        def job(connection: Connection) -> dict[str, Any]:
            campaign, hook = visit.campaign(connection), _hook(connection, visit)
            return {
                **around(visit, campaign, CURRENT),
                "hook": hook,
                "token": tokens.newest(connection, hook.lineage),
                "secret_text": secret_of(visit.hub.key, campaign.id, hook.id),
                "attempts": hooks.attempts(connection, hook),
            }

        return visit.page("hook.html", await visit.read(job))

    async def act(self, visit: Visit) -> Response:
        """Test, send again, switch off or on, or remove a webhook."""
        action = visit.text("action")

        await visit.write(lambda c: _acted(c, visit, action))
        below = f"/campaigns/{visit.campaign_id}/webhooks"
        if action == "remove":
            return visit.go(below, "removed")
        return visit.go(f"{below}/{visit.request.path_params['hook_id']}", "saved")

    async def _listed(self, visit: Visit, error: LeadwellError | None) -> Response:
        def job(connection: Connection) -> dict[str, Any]:
            campaign = visit.campaign(connection)
            found = hooks.find_all(connection, campaign.id)
            return {
                **around(visit, campaign, CURRENT),
                "hooks": [(h, tokens.newest(connection, h.lineage)) for h in found],
                "tokens": _open_tokens(connection, visit),
            }

        content = await visit.read(job) | {
            "error": error,
            "url": visit.text("url"),
            "chosen": visit.text("token"),
            "id": visit.text("id") or short_id(secrets.token_bytes(PUBLIC_BYTES)),
        }
        return visit.page("hooks.html", content, 422 if error else 200)


def _made(connection: Connection, visit: Visit) -> Hook:
    campaign, hook_id = visit.campaign(connection), visit.text("id")
    wanted = visit.text("token")
    chosen = [t for t in _open_tokens(connection, visit) if t.public_id == wanted]
    if not chosen or not is_id(hook_id):
        raise MalformedValue("no token is chosen", hint="choose whose changes are told")
    hook = webhooks.add(
        visit.hub.sealer,
        connection,
        chosen[0],
        hook_id=hook_id,
        url=visit.text("url"),
        at=visit.hub.clock(),
    )
    visit.note(connection, campaign, What.WEBHOOK_MADE, hook.origin, hook.id)
    return hook


def _acted(connection: Connection, visit: Visit, action: str) -> None:
    campaign, hook = visit.campaign(connection), _hook(connection, visit)
    match action:
        case "test":
            hooks.restart(connection, hook, test=True)
        case "again":
            hooks.restart(connection, hook, _again(connection, hook, visit))
        case "off":
            hooks.end(connection, hook, visit.hub.clock())
        case "on":
            hooks.restart(connection, hook)
        case "remove":
            hooks.remove(connection, hook)
        case _:
            raise MalformedValue("there is no such button")
    if action in _NOTED:
        visit.note(connection, campaign, _NOTED[action], hook.origin, hook.id)


def _open_tokens(connection: Connection, visit: Visit) -> list[Token]:
    now = visit.hub.clock()
    found = tokens.find_all(connection, campaign_id=visit.campaign_id)
    return [token for token in found if token.is_open(now)]


def _hook(connection: Connection, visit: Visit) -> Hook:
    return hooks.find(
        connection, visit.campaign_id, visit.request.path_params["hook_id"]
    )


def _again(connection: Connection, hook: Hook, visit: Visit) -> Told:
    """Return where the receiver stood before a message that is sent again."""
    wanted = visit.text("message")
    found: list[Attempt] = hooks.attempts(connection, hook)
    for attempt in found:
        if attempt.message == wanted:
            return Told(ANYTHING_NEW, attempt.cursor)
    raise NotFound("there is no such message any more", hint="load the page again")
