"""`leadwell token`: make, list, edit, revoke and rotate tokens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from leadwell.cli import output
from leadwell.cli.access import noting, secret
from leadwell.cli.access.rights import LIFTS, OPENS, RIGHTS, Lifts, Opens, Rights
from leadwell.cli.chores import finish_in
from leadwell.cli.opening import HERE, CampaignId, Where, now_us
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from leadwell.model.token import Token
    from leadwell.store.connection import Connection

FileOrStdin = Annotated[Path, Parameter(allow_leading_hyphen=True)]

token = App(name="token", help="Tokens: secrets that open a campaign or an account.")


@token.command
def create(
    *,
    name: str,
    opens: Opens = OPENS,
    write: bool = False,
    rights: Rights = RIGHTS,
    from_file: FileOrStdin | None = None,
    where: Where = HERE,
) -> int:
    """Make a token and print its secret, which is shown this once and never again.

    Example: leadwell token create --campaign 362 --name "W" --filter "source=west"

    Example: leadwell token create --account demo --name "BI" --expires never

    Args:
        name: whose token it is
        opens: what it opens
        write: let it write too
        rights: what it may do
        from_file: a file with a token of another system that shall go on working
        where: the database
    """
    if (opens.campaign is None) == (opens.account is None):
        raise UsageError(
            "say what the token opens", hint="give either --campaign or --account"
        )
    if opens.account is not None and (rights.filter or rights.fields):
        raise UsageError(
            "an account token has neither a filter nor a list of fields",
            hint="make one token for each campaign: --campaign 362",
        )
    _check_name(name)
    _refuse_empty(name, rights)
    if from_file is not None and rights.show_personal is None:
        # Whoever has it already goes on to see what they saw.
        rights = replace(rights, show_personal=True)
    from leadwell.cli.access.describing import masked_in
    from leadwell.store.access import making
    from leadwell.store.people.activity import What

    text = making.new_text() if from_file is None else secret.imported(from_file)
    keys = secret.keys(where)

    def job(connection: Connection) -> tuple[Token, str]:
        made = _made(connection, name, opens, write=write, rights=rights)
        kept = making.add(connection, made, text, keys)
        noting.note(connection, kept, What.TOKEN_MADE)
        return kept, masked_in(connection, kept)

    made, masked = where.write(job)
    secret.print_secret(made, text, as_json=where.json, is_new=from_file is None)
    if masked:
        output.hint(f"it sees a mask of {masked}, unless you say --show-personal")
    return finish_in(where, made.campaign_id)


@token.command(name="list")
def list_(
    *,
    campaign: CampaignId | None = None,
    account: str | None = None,
    where: Where = HERE,
) -> None:
    """List tokens; their secrets are not kept, so they are not shown.

    Example: leadwell token list --campaign 362

    Args:
        campaign: only those of this campaign
        account: only those of this account
        where: the database
    """
    from leadwell.cli.access.describing import described
    from leadwell.store import accounts, tokens

    def job(connection: Connection) -> list[dict[str, Any]]:
        owner = accounts.find(connection, account).id if account else None
        found = tokens.find_all(connection, owner, campaign)
        return [described(connection, each, _now()) for each in found]

    output.rows(where.read(job), as_json=where.json)


@token.command
def edit(
    id: str,  # noqa: A002 - the command's word
    *,
    name: str | None = None,
    write: Annotated[
        bool | None, Parameter(negative=("--read-only", "--no-write"))
    ] = None,
    rights: Rights = RIGHTS,
    lifts: Lifts = LIFTS,
    where: Where = HERE,
) -> int:
    """Change a token; its secret stays, and its bearer is bound at the next request.

    Example: leadwell token edit 7HFZwu7h --filter "source=partner-west&status=new"

    Args:
        id: the token's id, as `token list` shows it
        name: whose token it is
        write: let it write, or --read-only
        rights: what it may do
        lifts: what restricts it no more
        where: the database
    """
    from leadwell.cli.access.describing import described
    from leadwell.store import tokens
    from leadwell.store.people.activity import What

    _check_name(name)
    _refuse_empty(name, rights)
    _refuse_both(rights, lifts)

    def job(connection: Connection) -> tuple[dict[str, Any], int | None]:
        known = _lifted(tokens.hold(connection, id), lifts)
        changed = replace(
            known,
            name=known.name if name is None else name,
            may_write=known.may_write if write is None else write,
        )
        changed = _with_rights(connection, changed, rights)
        tokens.change(connection, changed, now_us())
        noting.note(connection, changed, What.TOKEN_CHANGED)
        return described(connection, changed, _now()), changed.campaign_id

    content, campaign_id = where.write(job)
    output.rows([content], as_json=where.json)
    return finish_in(where, campaign_id)


@token.command
def revoke(id: str, *, where: Where = HERE) -> None:  # noqa: A002 - the command's word
    """Revoke a token: from now on every process refuses it.

    Its links end with it. Those of a rotation follow the newest token alone: they end
    with that one, even while an older one still works.

    Example: leadwell token revoke 7HFZwu7h

    Args:
        id: the token's id, as `token list` shows it
        where: the database
    """
    from leadwell.store import tokens
    from leadwell.store.access import making
    from leadwell.store.people.activity import What

    def job(connection: Connection) -> int:
        known = tokens.hold(connection, id)
        noting.note(connection, known, What.TOKEN_REVOKED)
        return making.revoke(connection, id, _now())

    ended = where.write(job)
    output.document({"revoked": id}, as_json=where.json, text=f"revoked {id}")
    if ended:
        output.hint(f"links that ended with it: {ended}")


@token.command
def rotate(
    id: str,  # noqa: A002 - the command's word
    *,
    overlap: str = "24h",
    expires: str | None = None,
    where: Where = HERE,
) -> None:
    """Make a token like this one, and let this one expire after an overlap.

    Leads keep their external ids: the new token is of the same lineage.

    Example: leadwell token rotate 7HFZwu7h --overlap 7d

    Args:
        id: the token's id, as `token list` shows it
        overlap: how long both work: 0h to 7d
        expires: when the new one expires: 90d, 2027-01-01 or never
        where: the database
    """
    from leadwell.store.access import making
    from leadwell.store.access.rights import expiry, overlap_of
    from leadwell.store.people.activity import What

    now, text = _now(), making.new_text()
    until, keys = now + overlap_of(overlap), secret.keys(where)
    rotation = making.Rotation(text, keys, now, until, expiry(expires, now))

    def job(connection: Connection) -> tuple[Token, Token]:
        made, old = rotation.carry_out(connection, id)
        noting.note(connection, made, What.TOKEN_ROTATED)
        return made, old

    made, old = where.write(job)
    secret.print_secret(made, text, as_json=where.json, is_new=True)
    output.hint(f"the old token works until {old.expires_at:%Y-%m-%d %H:%M} UTC")


def _refuse_empty(name: str | None, rights: Rights) -> None:
    # An unset variable in a script must not make a token that sees everything.
    given = {"--name": name, "--filter": rights.filter, "--fields": rights.fields}
    empty = [option for option, text in given.items() if text is not None and not text]
    if any(not block for block in rights.address or ()):
        empty.append("--address")
    if empty:
        raise UsageError(
            f"{' and '.join(empty)} has no value", hint="give one, or leave it out"
        )


def _check_name(name: str | None) -> None:
    from leadwell.model.token import NAME_CHARACTERS_MAX as MOST

    if name is not None and len(name) > MOST:
        raise UsageError(
            f"--name has {len(name):,} characters", hint=f"write {MOST} at most"
        )


def _refuse_both(rights: Rights, lifts: Lifts) -> None:
    pairs = {
        "filter": (rights.filter, lifts.no_filter),
        "fields": (rights.fields, lifts.no_fields),
        "address": (rights.address, lifts.no_address),
        "rate": (rights.rate, lifts.no_rate),
    }
    for option, (given, is_lifted) in pairs.items():
        if given is not None and is_lifted:
            raise UsageError(
                f"--{option} and --no-{option} exclude each other", hint="give one"
            )


def _lifted(known: Token, lifts: Lifts) -> Token:
    return replace(
        known,
        filter_id=None if lifts.no_filter else known.filter_id,
        readable=None if lifts.no_fields else known.readable,
        addresses=() if lifts.no_address else known.addresses,
        rate=None if lifts.no_rate else known.rate,
    )


def _masked(made: Token, rights: Rights) -> Token:
    shows = rights.show_personal
    return made if shows is None else replace(made, masks=not shows)


def _made(
    connection: Connection,
    name: str,
    opens: Opens,
    *,
    write: bool,
    rights: Rights,
) -> Token:
    from leadwell.model.token import Token
    from leadwell.store import accounts, campaigns
    from leadwell.store.access.rights import expiry

    if opens.campaign is not None:
        owner = campaigns.known(connection, opens.campaign).account_id
    else:
        owner = accounts.find(connection, opens.account or "").id
    made = Token(
        public_id="",
        lineage="",
        name=name,
        account_id=owner,
        campaign_id=opens.campaign,
        may_write=write,
        filter_id=None,
        readable=None,
        created_at=_now(),
        expires_at=expiry(None, _now()),
        masks=True,
    )
    return _with_rights(connection, made, rights)


def _with_rights(connection: Connection, made: Token, rights: Rights) -> Token:
    from leadwell.store import campaigns
    from leadwell.store.access.rights import (
        addresses_of,
        check_writable,
        expiry,
        filter_id,
        rate_of,
        readable_of,
    )

    made = _masked(made, rights)
    if rights.expires is not None:
        made = replace(made, expires_at=expiry(rights.expires, _now()))
    if rights.address is not None:
        made = replace(made, addresses=addresses_of(rights.address))
    if rights.rate is not None:
        made = replace(made, rate=rate_of(rights.rate))
    if made.campaign_id is None:
        if rights.filter or rights.fields:
            raise UsageError("an account token has neither a filter nor fields")
        return made
    campaign = campaigns.known(connection, made.campaign_id)
    if rights.filter is not None:
        kept = filter_id(connection, campaign, rights.filter, now_us())
        made = replace(made, filter_id=kept)
    if rights.fields is not None:
        made = replace(made, readable=readable_of(campaign, rights.fields))
    check_writable(connection, campaign, made)
    return made


def _now() -> datetime:
    from leadwell.server.clock import now

    return now()
