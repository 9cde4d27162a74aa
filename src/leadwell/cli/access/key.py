"""`leadwell key`: the generations of the instance key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter, validators

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where, now_us

if TYPE_CHECKING:
    from leadwell.store.connection import Connection

key = App(name="key", help="The instance key: make another one, retire an old one.")

NAMED = 5
"""So many of what ends are named."""
Minutes = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=10_080))]


@key.command(name="list")
def list_(*, where: Where = HERE) -> None:
    """List the generations of the key that count, and what is kept under each.

    Tokens and links are counted that may still be used. Each comes under the newest
    generation when it is used next.

    Example: leadwell key list

    Args:
        where: the database
    """
    from leadwell.cli.access import secret
    from leadwell.schema.times import from_microseconds, show

    keys = secret.keys(where)
    under = where.read(_kept)
    rows = [
        {
            "generation": each.number,
            "since": show(from_microseconds(each.since)) if each.since else None,
            "in_use": each is keys.in_use,
            "tokens": len(under.get(each.number, ([], []))[0]),
            "links": len(under.get(each.number, ([], []))[1]),
        }
        for each in sorted(keys.generations, key=lambda one: one.number)
    ]
    output.rows(rows, as_json=where.json)


@key.command
def rotate(*, minutes: Minutes = 1, where: Where = HERE) -> None:
    """Make another generation of the key, while hubs serve; nothing ends by it.

    Hubs that run know of it within seconds, and make everything new under it once its
    moment has come. What was made before goes on working until `leadwell key retire`.
    Hubs on other machines need the new key file before that moment: give yourself the
    minutes that it takes to copy it.

    Example: leadwell key rotate

    Example: leadwell key rotate --minutes 60

    Args:
        minutes: after how many minutes it comes into use
        where: the database
    """
    from leadwell.schema.times import from_microseconds, show
    from leadwell.server import rotating
    from leadwell.server.opening import key_path

    with where.opened() as database:
        made = rotating.rotate(where.settings(), database, minutes * 60)
        is_remote = database.is_remote
    since = show(from_microseconds(made.since))
    content = {"generation": made.number, "since": since}
    text = f"generation {made.number} of the key comes into use at {since}"
    output.document(content, as_json=where.json, text=text)
    path = key_path(where.settings())
    output.hint(f"back up {path} now: a backup of before does not have it")
    if is_remote:
        output.hint("hubs on other machines need that file before then")


@key.command
def retire(generation: int, *, yes: bool = False, where: Where = HERE) -> None:
    """Let a generation of the key count no longer: what is kept under it alone ends.

    Those are tokens and links that were not used since another one came into use,
    sessions of people, who sign in again, cursors, whose readers begin anew by
    themselves, and signatures of webhooks: give their receivers the secret of today
    first. It cannot be undone without a copy of the key file.

    Example: leadwell key retire 1

    Args:
        generation: its number, as `key list` shows it
        yes: retire it although tokens or links end with it
        where: the database
    """
    from leadwell.errors import Refused
    from leadwell.server import rotating

    with where.opened() as database:
        rotating.without(where.settings(), database, generation)
        tokens, links = database.read(_kept).get(generation, ([], []))
        if (tokens or links) and not yes:
            kept = [*(f"token {x}" for x in tokens), *(f"link {x}" for x in links)]
            more = f" and {len(kept) - NAMED} more" if len(kept) > NAMED else ""
            raise Refused(
                f"with generation {generation} would end {', '.join(kept[:NAMED])}"
                f"{more}, not used since another one came into use",
                hint="have each used once, or revoke it; or let them end: --yes",
            )
        rotating.retire(where.settings(), database, generation)
    content = {"retired": generation, "tokens": len(tokens), "links": len(links)}
    said = f"generation {generation} of the key is retired"
    output.document(content, as_json=where.json, text=said)


def _kept(connection: Connection) -> dict[int, tuple[list[str], list[str]]]:
    """Return the ids of tokens and links that are open, by generation of the key."""
    from leadwell.schema.times import from_microseconds
    from leadwell.store import links, tokens

    now, found = from_microseconds(now_us()), dict[int, tuple[list[str], list[str]]]()
    for token in tokens.find_all(connection):
        if token.is_open(now):
            kept = found.setdefault(token.key_generation, ([], []))
            kept[0].append(token.public_id)
    for link in links.find_all(connection):
        if link.is_open(now):
            kept = found.setdefault(link.key_generation, ([], []))
            kept[1].append(link.public_id)
    return found
