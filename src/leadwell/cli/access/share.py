"""`leadwell share`: make, list and revoke URLs that show what a token sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyclopts import App

from leadwell.cli import output
from leadwell.cli.access import noting, secret
from leadwell.cli.opening import HERE, CampaignId, Where, now_us

if TYPE_CHECKING:
    from datetime import datetime

    from leadwell.model.link import Link
    from leadwell.store.connection import Connection

share = App(name="share", help="Links: URLs that show what a token sees.")


@share.command
def create(
    token: str, *, csv: bool = False, expires: str | None = None, where: Where = HERE
) -> None:
    """Make a link and print its URL, which is shown this once and never again.

    It shows the documentation of the API as the token sees it, and no lead. It follows
    the token's edits, goes on for the new token when it is rotated, and ends with that
    one at the latest. With --csv it is the leads themselves, for spreadsheets that
    cannot send a token.

    Example: leadwell share create 7HFZwu7h --expires 30d

    Example: leadwell share create 7HFZwu7h --csv

    Args:
        token: the token's id, as `token list` shows it; of a rotation the newest one's
        csv: show the token's leads as CSV, to whoever has the URL
        expires: 90d, 2027-01-01 or never; 90 days unless given
        where: the database
    """
    from leadwell.api.links import link_url
    from leadwell.model.link import LinkKind
    from leadwell.store import tokens
    from leadwell.store.access import making
    from leadwell.store.access.rights import expiry
    from leadwell.store.people.activity import What

    kind = LinkKind.CSV if csv else LinkKind.DOCUMENTATION
    settings, keys = where.settings(), secret.keys(where)
    now, text = _now(), making.new_secret()
    until = expiry(expires, now)

    def job(connection: Connection) -> Link:
        made = making.new_link(connection, token, kind, now, until)
        made = making.add_link(connection, made, text, keys)
        of = tokens.newest(connection, made.lineage)
        noting.note(connection, of, What.LINK_MADE, made.public_id)
        return made

    _print(where.write(job), link_url(settings.url, kind, text), as_json=where.json)
    if not settings.public_url:
        output.hint("note: set LEADWELL_PUBLIC_URL, or the URL names this host")


@share.command(name="list")
def list_(*, campaign: CampaignId | None = None, where: Where = HERE) -> None:
    """List links; their URLs are not kept, so they are not shown.

    Example: leadwell share list --campaign 362

    Args:
        campaign: only those of this campaign's tokens
        where: the database
    """
    from leadwell.store import links

    def job(connection: Connection) -> list[dict[str, Any]]:
        found = links.find_all(connection, campaign)
        return [_described(connection, each, _now()) for each in found]

    output.rows(where.read(job), as_json=where.json)


@share.command
def revoke(id: str, *, where: Where = HERE) -> None:  # noqa: A002 - the command's word
    """Revoke a link: from now on every process answers it with 410.

    Example: leadwell share revoke 3kQ9dTzB

    Args:
        id: the link's id, as `share list` shows it
        where: the database
    """
    from leadwell.store import links, tokens
    from leadwell.store.people.activity import What

    def job(connection: Connection) -> None:
        lineage = links.revoke(connection, id, now_us())
        of = tokens.newest(connection, lineage)
        noting.note(connection, of, What.LINK_REVOKED, id)

    where.write(job)
    output.document({"revoked": id}, as_json=where.json, text=f"revoked {id}")


def _print(made: Link, url: str, *, as_json: bool) -> None:
    from leadwell.model.link import LinkKind
    from leadwell.schema.times import show

    content = {
        "id": made.public_id,
        "kind": made.kind,
        "url": url,
        "expires_at": show(made.expires_at) if made.expires_at else None,
    }
    output.document(content, as_json=as_json, text=url)
    until = f"until {made.expires_at:%Y-%m-%d}" if made.expires_at else "for ever"
    output.hint(f"its id is {made.public_id}; it works {until}, while its token works")
    output.hint("keep it now: it is not stored, and never shown again")
    if made.kind is LinkKind.CSV:
        output.hint(
            "warning: whoever has this URL reads the leads, without a token, and "
            "browsers, proxies and shared sheets keep URLs; to end it: "
            f"leadwell share revoke {made.public_id}"
        )


def _described(connection: Connection, link: Link, now: datetime) -> dict[str, Any]:
    from leadwell.schema.times import show
    from leadwell.store import tokens
    from leadwell.store.access.making import link_state

    token = tokens.newest(connection, link.lineage)
    moments = {
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "last_used_at": link.last_used_at,
    }
    return {
        "id": link.public_id,
        "kind": link.kind,
        "token": token.public_id,
        "name": token.name,
        "campaign": link.campaign_id,
        "state": link_state(link, token, now),
        **{name: at and show(at) for name, at in moments.items()},
    }


def _now() -> datetime:
    from leadwell.server.clock import now

    return now()
