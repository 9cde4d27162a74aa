"""What each tool does: questions to the hub, and what is told of its answers."""

from collections.abc import Iterator
from typing import Any

from leadwell.errors import Contradiction, LeadwellError, TooMany, UnknownParameter
from leadwell.mcp import asked, told
from leadwell.mcp.door import Door, Refusal
from leadwell.mcp.questions import conditions, listed

OPTIONS_SHOWN = 50
"""Of each field, unless it is asked for by name: some have thousands."""
GROUPS_MAX = 50
"""Each group is a question of its own."""


async def list_campaigns(door: Door, given: asked.Campaigns) -> told.Campaigns:
    """Return a page of the campaigns that the token opens."""
    answer = await door.get("/v2/campaigns", {"page": f"{given.page}"})
    return told.Campaigns(answer.content["data"], answer.content["pagination"])


async def describe_campaign(door: Door, given: asked.Description) -> told.Description:
    """Return the campaign's schema, and what the token may do with it."""
    campaign = await _schema(door, given.campaign_id)
    me = (await door.get("/v2/me")).content["data"]
    fields = campaign["fields"]
    if given.fields:
        by_slug = {field["slug"]: field for field in fields}
        campaign["fields"] = [_named(by_slug, slug) for slug in given.fields]
    else:
        campaign["fields"] = [_shortened(field) for field in fields]
    seen = {name: me[name] for name in ("filter", "fields", "masked_fields")}
    return told.Description(campaign, me["token"] | seen)


async def search_leads(door: Door, given: asked.Search) -> told.Leads:
    """Return a page of the leads that fulfil the conditions."""
    window = {"page": f"{given.page}", "per_page": f"{given.per_page}"}
    question = _conditions(given) | _fields(given.fields) | window
    if given.sort:
        question["_sort"] = given.sort
    answer = await door.get(_leads(given.campaign_id), question)
    return told.Leads(
        told.NOTICE,
        answer.content["data"],
        answer.content["pagination"],
        # The feed knows no words, so such a cursor would lead nowhere.
        None if given.words else answer.cursor,
    )


async def get_lead(door: Door, given: asked.OneLead) -> told.OneLead:
    """Return one lead."""
    path = f"{_leads(given.campaign_id)}/{given.lead_id}"
    answer = await door.get(path, _fields(given.fields))
    return told.OneLead(told.NOTICE, answer.content["data"])


async def count_leads(door: Door, given: asked.Count) -> told.Counts:
    """Return how many leads fulfil the conditions, and how many of each option."""
    question = _conditions(given)
    # Asked first: what is wrong with the conditions is told before anything else.
    total = await _total(door, given.campaign_id, question)
    if not given.by:
        return told.Counts(total)
    campaign = await _schema(door, given.campaign_id)
    name, options = _choices(campaign, given.by)
    if name in question:
        raise _contradiction(name)
    groups: list[told.Group] = []
    for slug, label in options:
        only = question | {name: slug}
        count = await _total(door, given.campaign_id, only)
        groups.append(told.Group(slug, label, count))
    without = question | {f"{name}[exists]": "false"}
    count = await _total(door, given.campaign_id, without)
    groups.append(told.Group(None, None, count))
    return told.Counts(total, given.by, groups)


async def read_changes(door: Door, given: asked.Following) -> told.Changes:
    """Return the changes after a cursor."""
    question = conditions(given.conditions) | _fields(given.fields)
    # An agent keeps no copy: that it reads on says nothing of what it has forgotten.
    question |= {"_limit": f"{given.limit}", "_confirm": "false"}
    if given.cursor:
        question["_cursor"] = given.cursor
    if given.from_now:
        question["_from"] = "now"
    answer = await door.get(f"{_leads(given.campaign_id)}/changes", question)
    found = answer.content
    ends = (found["cursor"], found["has_more"], found["up_to_date"])
    return told.Changes(told.NOTICE, found["data"], *ends)


def _leads(campaign_id: int) -> str:
    return f"/v2/campaigns/{campaign_id}/leads"


def _conditions(given: asked.Search | asked.Count) -> dict[str, str]:
    words = {"_q": given.words} if given.words else {}
    return conditions(given.conditions) | words


def _fields(slugs: list[str]) -> dict[str, str]:
    return {"_fields": listed("fields", slugs)} if slugs else {}


async def _schema(door: Door, campaign_id: int) -> dict[str, Any]:
    answer = await door.get(f"/v2/campaigns/{campaign_id}/schema")
    found: dict[str, Any] = answer.content["data"]
    return found


async def _total(door: Door, campaign_id: int, question: dict[str, str]) -> int:
    # Pages of this moment: there is no second page that a run of them would serve.
    window = {"per_page": "1", "_snapshot": "none"}
    answer = await door.get(_leads(campaign_id), question | window)
    total: int = answer.content["pagination"]["total"]
    return total


def _choices(campaign: dict[str, Any], by: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the parameter that asks for an option, and the options."""
    found = {field["slug"]: field for field in _countable(campaign)}
    field = _named(found, by, parameter="by")
    options = [(each["slug"], each["label"]) for each in field["options"]]
    if len(options) > GROUPS_MAX:
        error = TooMany(
            f"{by} has {len(options)} options",
            hint=f"at most {GROUPS_MAX} are counted at once; count those that matter "
            "one by one, with conditions",
        )
        raise Refusal.of(error)
    return field["filter_name"], options


def _countable(campaign: dict[str, Any]) -> Iterator[dict[str, Any]]:
    answers = [{"slug": "true", "label": "Yes"}, {"slug": "false", "label": "No"}]
    for field in campaign["fields"]:
        if field["type"] == "boolean":
            yield field | {"options": answers}
        elif "options" in field:
            yield field
    # Last, for by="status" means the lead's own even if a field has that slug.
    if campaign["statuses"]:
        status = {"slug": "status", "filter_name": "status"}
        yield status | {"options": campaign["statuses"]}


def _named(
    known: dict[str, dict[str, Any]], slug: str, parameter: str = "fields"
) -> dict[str, Any]:
    if slug in known:
        return known[slug]
    error: LeadwellError = UnknownParameter(
        f"there is no {slug[:64]!r} here",
        hint=f"known: {', '.join([*known][:OPTIONS_SHOWN])}",
        allowed=[*known][:OPTIONS_SHOWN],
    )
    raise Refusal.of(error, parameter)


def _contradiction(name: str) -> Refusal:
    error = Contradiction(
        f"the conditions ask for one {name} already", hint="leave it out of them"
    )
    return Refusal.of(error, "by")


def _shortened(field: dict[str, Any]) -> dict[str, Any]:
    options = field.get("options", [])
    if len(options) <= OPTIONS_SHOWN:
        return field
    left_out = len(options) - OPTIONS_SHOWN
    return field | {"options": options[:OPTIONS_SHOWN], "options_left_out": left_out}
