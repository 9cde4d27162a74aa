"""The first page: who reads, what the token sees, and the first three requests."""

from collections.abc import Iterator
from typing import Any

from leadwell.describe import access
from leadwell.describe.examples import asking, campaign_of, values
from leadwell.describe.examples.json_text import pretty
from leadwell.describe.pages.document import (
    Block,
    Code,
    Download,
    Facts,
    Items,
    Label,
    Link,
    Listing,
    Row,
    Section,
    Table,
    Text,
    paragraph,
    say,
    sentence,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.model.campaign import Attribute, Campaign
from leadwell.model.grant import Grant
from leadwell.schema.subjects import subject_of


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    del statuses
    return (*_welcome(reader), *_steps(reader), _reading_it(reader), _files())


def _welcome(reader: Reader) -> Iterator[Block]:
    if reader.grant is None:
        yield paragraph(
            "A lead hub keeps leads in campaigns, and programs read them over HTTP as "
            "JSON. This is the general reference: campaign 362 and its fields are an "
            "example. A token has a reference of its own, with the fields and options "
            "of its campaign: open the link that came with it, or ask with the token "
            "itself."
        )
        yield Listing("sh", asking.curl(f"{reader.public_url}/docs/index.md"))
    elif reader.view is not None:
        yield paragraph(
            "Read the leads of the campaign ",
            Label(reader.view.name),
            " over HTTP, as JSON. All that stands here is made from the campaign as "
            "the token sees it: every field, option and example is real.",
        )
        yield _access(reader, reader.grant, reader.view)
    else:
        yield paragraph(
            f"Read the leads of {reader.campaigns_total or 'no'} campaigns over HTTP, "
            "as JSON. Each has fields, options and statuses of its own."
        )
        yield _account(reader, reader.grant)


def _access(reader: Reader, grant: Grant, view: Campaign) -> Section:
    facts = Facts(
        (
            *_whose(reader),
            (
                "Campaign",
                (Label(view.name), *say(f", id `{view.id}`, slug `{view.slug}`")),
            ),
            ("Rights", say("read and write" if grant.may_write else "read")),
            *_leads(reader, grant, view),
            ("Fields", _fields(grant, view)),
            *_masked(view),
        )
    )
    return Section("What the token sees", "access", (facts,))


def _masked(view: Campaign) -> Iterator[tuple[str, Text]]:
    slugs = [f"`{slug}`" for slug in access.masked(view)]
    if slugs:
        yield (
            "Masked",
            say(
                f"{', '.join(slugs)}: the same mask stands in place of every value, "
                "and nothing can be asked of it"
            ),
        )


def _account(reader: Reader, grant: Grant) -> Section:
    rights = say("read and write" if grant.may_write else "read")
    rows = (
        Row(
            (
                (Code(f"{each.id}"),),
                (Label(each.name),),
                (Code(each.slug),),
                (each.country,),
            ),
            f"campaign-{each.id}",
        )
        for each in reader.campaigns
    )
    table = Table(("Id", "Campaign", "Slug", "Country"), tuple(rows), "The campaigns")
    facts = Facts((*_whose(reader), ("Rights", rights)))
    blocks: tuple[Block, ...] = (facts, table)
    if reader.more:
        blocks += (paragraph(reader.more_words),)
    return Section("What the token sees", "access", blocks)


def _whose(reader: Reader) -> Iterator[tuple[str, Text]]:
    if reader.account is not None:
        yield "Account", (Label(reader.account.name),)
    if reader.name:
        yield "Token", (Label(reader.name),)


def _leads(reader: Reader, grant: Grant, view: Campaign) -> Iterator[tuple[str, Text]]:
    if not grant.forced:
        yield "Leads", ("every lead of the campaign",)
        return
    hidden = any(subject_of(view, each.field) is None for each in grant.forced)
    unseen = "the token's filter asks for what it does not see"
    if not reader.filter_query:
        yield "Leads", say(f"only some: {unseen}")
    else:
        also = f"; {unseen}, too" if hidden else ""
        yield "Leads", sentence("only those where ", Label(reader.filter_words), also)
        yield "The same as a query", (Code(reader.filter_query),)


def _fields(grant: Grant, view: Campaign) -> Text:
    count = len(view.fields)
    link = Link(f"{count} field{'s' * (count != 1)}", "fields")
    hidden = [each.value for each in Attribute if each not in view.attributes]
    if grant.readable is None:
        return sentence("all of them: ", link)
    unseen = ", ".join(f"`{each}`" for each in hidden)
    return sentence("only ", link, f"; not {unseen}" if hidden else "")


def _steps(reader: Reader) -> Iterator[Block]:
    campaign = campaign_of(reader)
    yield Section(
        "1. Keep the token out of your code",
        "token",
        (
            paragraph(
                "Every request carries the token in a header. Never put it into a URL: "
                "URLs are kept in logs, and such a request is refused."
            ),
            Listing("sh", "export LEADWELL_TOKEN=lw_…"),
        ),
    )
    yield Section(
        "2. Look at what it may do",
        "me",
        (
            Listing("sh", asking.curl(f"{reader.public_url}/v2/me")),
            paragraph(
                "The answer names your campaigns, rights, filter and fields. A `401` "
                "says that the token is mistyped, expired or revoked: see ",
                Link("errors", "errors"),
                ".",
            ),
        ),
    )
    yield _first_page(reader, campaign)


def _first_page(reader: Reader, campaign: Campaign) -> Section:
    pair = asking.condition(campaign)
    asked = asking.query(pair, ("per_page", "50"))
    answer: dict[str, Any] = {
        "data": [values.lead(campaign, reader.grant)],
        "pagination": {"page": 1, "per_page": 50, "total": 1, "total_pages": 1},
    }
    more = len(campaign.fields) - values.FIELDS_MAX
    cut = f" The example shows {values.FIELDS_MAX} fields, and a lead has {more} more."
    return Section(
        "3. Read the first page of leads",
        "first-page",
        (
            Listing("sh", asking.curl(f"{reader.leads_url}?{asked}")),
            paragraph(
                f"This asks for leads with `{asking.query(pair)}`; if there is none "
                "such now, the list is empty, and without that condition come all that "
                "the token sees. Conditions stand side by side and all must hold: see ",
                Link("Filter leads", "filters"),
                f". The answer has this shape.{cut if more > 0 else ''}",
            ),
            Listing("json", pretty(answer)),
        ),
    )


def _reading_it(reader: Reader) -> Section:
    items = (
        say(
            "Programs go by `slug`, people read `label`. A label can be changed at any "
            "time; a slug that is changed still answers to its former name in filters."
        ),
        say("An empty field is there as `null`. A field that you may not see is not."),
        say(
            "Times are UTC with six digits of a second and a `Z`. `updated_at` is the "
            "hub's own and never runs backwards."
        ),
        say(
            "Ignore a key, an option or an operation that you do not know: new ones "
            "may come. Nothing that stands here is taken away or changes its meaning."
        ),
        say(
            "What you ask is read strictly. A misspelt parameter is a `400` that says "
            "what was probably meant, and is never ignored."
        ),
        sentence(
            "To hold a copy, do not read everything every hour: read it ",
            Link("once", "everything"),
            ", and then ",
            Link("only what changed", "changes"),
            ".",
        ),
    )
    return Section("What an answer says", "answers", (Items(items),))


def _files() -> Section:
    items = (
        sentence(
            Download("OpenAPI 3.1 as YAML", "download/openapi.yaml/leadwell.yaml"),
            " or ",
            Download("as JSON", "download/openapi.json/leadwell.json"),
            ": for API clients, generators and mock servers.",
        ),
        sentence(
            Download("A Postman collection", "download/collection.json/leadwell.json"),
            " and ",
            Download("its environment", "download/environment.json/leadwell.json"),
            ": every request, with a variable for the token.",
        ),
        sentence(
            Download("Swagger 2.0", "download/swagger.json/leadwell.json"),
            ": for Power Automate and other tools that read no OpenAPI 3.",
        ),
        sentence(
            Link("Connect your tool", "connect"),
            ": files for Excel, Google Sheets, warehouses and automation.",
        ),
        say(
            "Each page here also exists as Markdown, for tools and agents: add `.md` "
            "to its address, or send `Accept: text/markdown`."
        ),
    )
    return Section("Files for tools", "files", (Items(items),))


ENTRY = Entry(
    "",
    "Quick start",
    "What the token sees, and the first three requests.",
    _make,
)
