"""`leadwell token`: make, list, edit, revoke and rotate tokens."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from leadwell.cli import output
from leadwell.cli.opening import HERE, CampaignId, Where, now_us
from leadwell.cli.rights import (
    check_writable,
    expiry,
    filter_id,
    overlap_of,
    readable_of,
)
from leadwell.errors import Conflict, Refused, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from leadwell.model.token import Token
    from leadwell.store.connection import Connection

FileOrStdin = Annotated[Path, Parameter(allow_leading_hyphen=True)]

token = App(name="token", help="Tokens: secrets that open a campaign or an account.")
IMPORTED_CHARACTERS_MIN = 12
IMPORTED_CHARACTERS_MAX = 512
"""A longer bearer token is refused by the hub unread."""


@Parameter(name="*")
@dataclass(frozen=True)
class Rights:
    """What a token may do."""

    filter: str | None = None
    """Only leads that match: conditions, or the name of a saved filter."""
    fields: str | None = None
    """Only these fields, with commas; also status, assigned_person, external_id."""
    expires: str | None = None
    """90d, 2027-01-01 or never; 90 days unless given."""
    address: list[str] | None = None
    """Only from these addresses (CIDR blocks); again for each."""


RIGHTS = Rights()


@Parameter(name="*")
@dataclass(frozen=True)
class Opens:
    """What a token opens."""

    campaign: CampaignId | None = None
    """One campaign."""
    account: str | None = None
    """All campaigns of this account."""


OPENS = Opens()


@token.command
def create(
    *,
    name: str,
    opens: Opens = OPENS,
    write: bool = False,
    rights: Rights = RIGHTS,
    from_file: FileOrStdin | None = None,
    where: Where = HERE,
) -> None:
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
    _refuse_empty(name, rights)
    text = _new_text() if from_file is None else _imported(from_file)
    key = _key(where)

    def job(connection: Connection) -> Token:
        made = _made(connection, name, opens, write=write, rights=rights)
        from leadwell.model.token import digest, looks_like_token, public_id_of
        from leadwell.store import tokens

        own = public_id_of(text if looks_like_token(text) else _new_text())
        made = replace(made, public_id=own, lineage=own)
        _check_free(connection, digest(key, text))
        tokens.add(connection, made, digest(key, text))
        return made

    made = where.write(job)
    _print_secret(made, text, as_json=where.json, is_new=from_file is None)


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
    from leadwell.cli.rights import described
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
    where: Where = HERE,
) -> None:
    """Change a token; its secret stays, and its bearer is bound at the next request.

    Example: leadwell token edit 7HFZwu7h --filter "source=partner-west&status=new"

    Args:
        id: the token's id, as `token list` shows it
        name: whose token it is
        write: let it write, or --read-only
        rights: what it may do; --filter "" and --fields "" lift them
        where: the database
    """
    from leadwell.cli.rights import described
    from leadwell.store import tokens

    def job(connection: Connection) -> dict[str, Any]:
        known = tokens.known(connection, id)
        changed = replace(
            known,
            name=known.name if name is None else name,
            may_write=known.may_write if write is None else write,
        )
        changed = _with_rights(connection, changed, rights)
        tokens.change(connection, changed)
        return described(connection, changed, _now())

    output.rows([where.write(job)], as_json=where.json)


@token.command
def revoke(id: str, *, where: Where = HERE) -> None:  # noqa: A002 - the command's word
    """Revoke a token: from now on every process refuses it.

    Example: leadwell token revoke 7HFZwu7h

    Args:
        id: the token's id, as `token list` shows it
        where: the database
    """
    from leadwell.store import tokens

    def job(connection: Connection) -> None:
        known = tokens.known(connection, id)
        if known.revoked_at is None:
            tokens.change(connection, replace(known, revoked_at=_now()))

    where.write(job)
    output.document({"revoked": id}, as_json=where.json, text=f"revoked {id}")


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
    from leadwell.model.token import digest, public_id_of
    from leadwell.store import tokens

    text, key, now = _new_text(), _key(where), _now()
    until = now + overlap_of(overlap)

    def job(connection: Connection) -> tuple[Token, datetime]:
        old = tokens.known(connection, id)
        if not old.is_open(now):
            raise Refused(
                f"token {id} is revoked or has expired",
                hint="make a new one: leadwell token create",
            )
        ends = until if old.expires_at is None else min(old.expires_at, until)
        tokens.change(connection, replace(old, expires_at=ends))
        made = replace(
            old,
            public_id=public_id_of(text),
            created_at=now,
            expires_at=expiry(expires, now),
            exposed_at=None,
            last_used_at=None,
        )
        tokens.add(connection, made, digest(key, text))
        return made, ends

    made, ends = where.write(job)
    _print_secret(made, text, as_json=where.json, is_new=True)
    output.hint(f"the old token works until {ends:%Y-%m-%d %H:%M} UTC")


def _refuse_empty(name: str, rights: Rights) -> None:
    # An unset variable in a script must not make a token that sees everything.
    given = {"--name": name, "--filter": rights.filter, "--fields": rights.fields}
    empty = [option for option, text in given.items() if text is not None and not text]
    if any(not block for block in rights.address or ()):
        empty.append("--address")
    if empty:
        raise UsageError(
            f"{' and '.join(empty)} has no value", hint="give one, or leave it out"
        )


def _check_free(connection: Connection, digest: bytes) -> None:
    from leadwell.store import tokens

    known = tokens.find_by_digest(connection, digest)
    if known is not None:
        raise Conflict(
            f"this token is here already, with the id {known.public_id}",
            hint=f"change it: leadwell token edit {known.public_id}",
        )


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
    )
    return _with_rights(connection, made, rights)


def _with_rights(connection: Connection, made: Token, rights: Rights) -> Token:
    from leadwell.cli.rights import addresses_of
    from leadwell.store import campaigns

    if rights.expires is not None:
        made = replace(made, expires_at=expiry(rights.expires, _now()))
    if rights.address is not None:
        made = replace(made, addresses=addresses_of(rights.address))
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


def _print_secret(made: Token, text: str, *, as_json: bool, is_new: bool) -> None:
    if not is_new:
        content = {"id": made.public_id}
        output.document(content, as_json=as_json, text=made.public_id)
        return
    content = {"id": made.public_id, "token": text}
    output.document(content, as_json=as_json, text=text)
    until = f"until {made.expires_at:%Y-%m-%d}" if made.expires_at else "for ever"
    output.hint(f"its id is {made.public_id}; it works {until}")
    output.hint("keep it now: it is not stored, and never shown again")


def _new_text() -> str:
    import secrets

    from leadwell.model.token import PUBLIC_BYTES, SECRET_BYTES, text_of

    return text_of(secrets.token_bytes(PUBLIC_BYTES), secrets.token_bytes(SECRET_BYTES))


def _imported(file: Path) -> str:
    try:
        read = sys.stdin.read() if str(file) == "-" else file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    text = read.strip()
    # Only what can stand in a header can ever be sent as a token.
    is_word = text.isascii() and text.isprintable() and " " not in text
    fits = IMPORTED_CHARACTERS_MIN <= len(text) <= IMPORTED_CHARACTERS_MAX
    if not is_word or not fits or text.startswith("lw_"):
        raise UsageError(
            f"{file} holds no token that can be taken over",
            hint=f"one word of {IMPORTED_CHARACTERS_MIN} to {IMPORTED_CHARACTERS_MAX} "
            "ASCII characters, not one of Leadwell's own",
        )
    return text


def _key(where: Where) -> bytes:
    from leadwell.server import instance_key

    # Opened first, so that no key is made for a database that is not there.
    with where.opened():
        return instance_key(where.settings())


def _now() -> datetime:
    from leadwell.server.clock import now

    return now()
