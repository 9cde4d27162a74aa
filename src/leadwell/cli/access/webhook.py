"""`leadwell webhook`: who is told that there are new leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyclopts import App

from leadwell.cli import output
from leadwell.cli.access import secret
from leadwell.cli.opening import HERE, CampaignId, Where, now_us

if TYPE_CHECKING:
    from leadwell.model.hook import Hook
    from leadwell.store.connection import Connection

webhook = App(name="webhook", help="Webhooks: who is told that there is news.")


@webhook.command
def add(url: str, *, token: str, where: Where = HERE) -> None:
    """Tell an address whenever there is something new to read for a token.

    A message holds no lead: it says where to read on, and is signed by the Standard
    Webhooks rules with the secret that is printed here. A hub that runs sends it.

    Example: leadwell webhook add https://automation.example.com/x --token 7HFZwu7h

    Args:
        url: where messages go
        token: the id of a token of the campaign, as `token list` shows it
        where: the database
    """
    from secrets import token_bytes

    from leadwell.api.cursors import webhooks
    from leadwell.api.cursors.sealing import Sealer
    from leadwell.errors import Refused
    from leadwell.model.hook import secret_of
    from leadwell.model.token import PUBLIC_BYTES, short_id
    from leadwell.server.clock import now
    from leadwell.server.outgoing import sending
    from leadwell.store import tokens
    from leadwell.store.people.activity import What

    keys, at = secret.keys(where), now()
    sealer, hook_id = Sealer(keys, token_bytes), short_id(token_bytes(PUBLIC_BYTES))

    def job(connection: Connection) -> Hook:
        chosen = tokens.known(connection, token)
        made = webhooks.add(sealer, connection, chosen, hook_id=hook_id, url=url, at=at)
        _note(connection, made, What.WEBHOOK_MADE)
        return made

    made = where.write(job)
    text = secret_of(keys.in_use.secret, made.campaign_id, made.id)
    content = {"id": made.id, "campaign": made.campaign_id, "secret": text}
    output.document(content, as_json=where.json, text=text)
    output.hint(f"its id is {made.id}; messages are signed with this secret")
    campaign = f"--campaign {made.campaign_id}"
    try:
        sending.check(url, sending.networks_of(where.settings().webhook_networks))
    except Refused as error:
        output.hint(f"note: a hub with these settings sends nothing there: {error}")
    output.hint(f"to see if it arrives: leadwell webhook test {made.id} {campaign}")


@webhook.command(name="list")
def list_(*, campaign: CampaignId, where: Where = HERE) -> None:
    """List the webhooks of a campaign, and how their last messages went.

    Of an address only the host is shown: its path is often a password.

    Example: leadwell webhook list --campaign 362

    Args:
        campaign: the campaign's id
        where: the database
    """
    from leadwell.store.outgoing import hooks

    def job(connection: Connection) -> list[dict[str, Any]]:
        found = hooks.find_all(connection, campaign)
        return [_described(connection, each) for each in found]

    output.rows(where.read(job), as_json=where.json)


@webhook.command(name="test")
def try_(id: str, *, campaign: CampaignId, where: Where = HERE) -> None:  # noqa: A002
    """Have a running hub send a message at once, to see if it arrives.

    Example: leadwell webhook test Abcd1234 --campaign 362

    Args:
        id: the webhook's id, as `webhook list` shows it
        campaign: the campaign's id
        where: the database
    """
    from leadwell.store.outgoing import hooks

    def job(connection: Connection) -> None:
        hooks.restart(connection, hooks.find(connection, campaign, id), test=True)

    where.write(job)
    output.document({"tested": id}, as_json=where.json, text=f"asked to test {id}")
    output.hint("a hub that runs sends it within seconds")
    output.hint(f"how it went: leadwell webhook list --campaign {campaign}")


@webhook.command
def remove(id: str, *, campaign: CampaignId, where: Where = HERE) -> None:  # noqa: A002
    """Remove a webhook, and what is known of its messages.

    Example: leadwell webhook remove Abcd1234 --campaign 362

    Args:
        id: the webhook's id, as `webhook list` shows it
        campaign: the campaign's id
        where: the database
    """
    from leadwell.store.outgoing import hooks
    from leadwell.store.people.activity import What

    def job(connection: Connection) -> None:
        hook = hooks.find(connection, campaign, id)
        hooks.remove(connection, hook)
        _note(connection, hook, What.WEBHOOK_REMOVED)

    where.write(job)
    output.document({"removed": id}, as_json=where.json, text=f"removed {id}")


def _note(connection: Connection, hook: Hook, what: Any) -> None:
    from leadwell.store import campaigns
    from leadwell.store.people import activity

    campaign = campaigns.known(connection, hook.campaign_id)
    about = activity.Named(hook.origin, hook.id)
    activity.note(connection, campaign, what, about, who="", at=now_us())


def _described(connection: Connection, hook: Hook) -> dict[str, Any]:
    from leadwell.schema.times import show
    from leadwell.store import tokens
    from leadwell.store.outgoing import hooks

    last = next(iter(hooks.attempts(connection, hook)), None)
    token = tokens.newest(connection, hook.lineage)
    state = "off" if hook.ended_at else "failing" if hook.failing_since else "on"
    return {
        "id": hook.id,
        "host": hook.origin,
        "token": token.public_id,
        "name": token.name,
        "state": state,
        "told_at": show(last.at) if last else None,
        "status": last.status if last else None,
        "problem": last.said if last else "",
    }
