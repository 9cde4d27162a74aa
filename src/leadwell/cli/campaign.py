"""`leadwell campaign`: make campaigns from schema files, and look at them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from leadwell.cli import output
from leadwell.cli.chores import finish_in
from leadwell.cli.opening import HERE, CampaignId, Where, account_of, noted, now_us
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from leadwell.model.campaign import Campaign
    from leadwell.store.connection import Connection

FileOrStdin = Annotated[Path, Parameter(allow_leading_hyphen=True)]

campaign = App(name="campaign", help="Campaigns: fields, options and statuses.")


@campaign.command
def create(file: FileOrStdin, *, account: str = "", where: Where = HERE) -> None:
    """Make a campaign from a schema file (YAML or JSON) and print its id.

    Example: leadwell campaign create schema.yaml

    Example: leadwell campaign show 362 --json | leadwell campaign create - --account b

    Args:
        file: the schema file; - reads standard input
        account: the account that will own it, if the file does not say; made when new
        where: the database; made when it is not there
    """
    from leadwell.schema import definition
    from leadwell.store import campaigns
    from leadwell.store.people.activity import What

    read = definition.read(_parsed(file))
    owner = account or read.account
    if not owner:
        raise UsageError(
            "the file names no account", hint="give it one: --account demo"
        )

    def job(connection: Connection) -> Campaign:
        kept = account_of(connection, owner)
        made = campaigns.add(connection, kept, read.campaign, now_us())
        noted(connection, made, What.CAMPAIGN_MADE, made.name, made.id)
        return made

    made = where.write(job, create=True)
    content = {"id": made.id, "slug": made.slug, "name": made.name}
    output.document(content, as_json=where.json, text=str(made.id))


@campaign.command
def show(
    id: CampaignId,  # noqa: A002 - the command's word
    *,
    where: Where = HERE,
) -> None:
    """Show a campaign: its fields, options, statuses and how many leads it has.

    Example: leadwell campaign show 362

    Args:
        id: the campaign's id
        where: the database; --json answers a schema file that `create` reads
    """
    from leadwell.schema import definition
    from leadwell.store import accounts, campaigns

    def job(connection: Connection) -> tuple[dict[str, Any], int]:
        found = campaigns.known(connection, id)
        owner = accounts.find_by_id(connection, found.account_id)
        count = _leads(connection, found)
        return definition.written(found, owner.slug), count

    content, count = where.read(job)
    if where.json:
        output.document(content, as_json=True)
        return
    output.say(_as_yaml(content))
    output.hint(f"{count:,} leads")


@campaign.command(name="list")
def list_(*, account: str = "", where: Where = HERE) -> None:
    """List campaigns, with how many leads each has.

    Example: leadwell campaign list

    Args:
        account: only those of this account
        where: the database
    """
    from leadwell.store import accounts, campaigns

    def job(connection: Connection) -> list[dict[str, Any]]:
        owner = accounts.find(connection, account).id if account else None
        found = campaigns.find_page(connection, owner)
        owners = {each.id: each.slug for each in accounts.find_all(connection)}
        return [
            {
                "id": one.id,
                "name": one.name,
                "slug": one.slug,
                "account": owners[one.account_id],
                "fields": len(one.fields),
                "leads": _leads(connection, one),
            }
            for one in found.items
        ]

    output.rows(where.read(job), as_json=where.json)


@campaign.command
def duplicates(
    id: CampaignId,  # noqa: A002 - the command's word
    policy: str | None = None,
    *,
    fields: str | None = None,
    where: Where = HERE,
) -> int:
    """Say what becomes of a lead with the e-mail or phone of another one.

    Without a policy it says what is decided, and how many groups of leads look alike.
    Leads that are there already are only shown as duplicates, on the pages.

    Example: leadwell campaign duplicates 362 reject

    Args:
        id: the campaign's id
        policy: off, flag (show both), merge (fill the one that is there) or reject
        fields: the fields that are compared, with commas; every e-mail and phone
        where: the database
    """
    from leadwell.schema import identity
    from leadwell.store import campaigns
    from leadwell.store.duplicates import groups
    from leadwell.store.people.activity import What
    from leadwell.store.writes import parts

    if policy is not None:
        given, slugs = policy, None if fields is None else fields.split(",")

        def decide(connection: Connection) -> None:
            found = campaigns.known(connection, id)
            decided = identity.decision(found, given, slugs)
            parts.set_duplicates(connection, id, decided)
            chosen = decided.policy.value
            noted(connection, found, What.DUPLICATES_CHANGED, chosen, chosen)

        where.write(decide)
        code = finish_in(where, id)
        if code:
            return code

    def look(connection: Connection) -> dict[str, Any]:
        found = campaigns.known(connection, id)
        return {
            "policy": found.duplicates.policy.value,
            "fields": [field.slug for field in identity.fields(found)],
            "groups": groups.count(connection, id),
        }

    content = where.read(look)
    text = (
        f"{content['policy']}, by {', '.join(content['fields']) or 'no field'}: "
        f"{content['groups']:,} groups of leads look alike"
    )
    output.document(content, as_json=where.json, text=text)
    return 0


def _leads(connection: Connection, found: Campaign) -> int:
    from leadwell.model.grant import Grant
    from leadwell.model.query import Question
    from leadwell.store import leads

    query = Grant.of_operator(found).query(found, Question(per_page=1))
    return leads.find_page(connection, found, query).total


def _as_yaml(content: dict[str, Any]) -> str:
    import yaml

    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True).rstrip()
    if output.shown(text) == text:
        return text
    # YAML has escapes of its own, so that `create` still reads the same labels.
    return yaml.safe_dump(content, sort_keys=False).rstrip()


def _parsed(file: Path) -> object:
    import yaml

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        return yaml.safe_load(text)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{file} is neither YAML nor JSON: {said[:300]}") from None
