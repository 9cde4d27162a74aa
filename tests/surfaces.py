"""What is asked of two twins beside the API: documentation, tools, pages for people."""

from random import Random
from typing import Any

from tests.twins import DOCS, OWN_ID, VENDORS, Ask

PAGES = ("start", "fields", "filters", "requests", "errors", "connecting", "practice")
DOWNLOADS = (
    *(f"download/{form}/x" for form in ("openapi.yaml", "swagger.json")),
    "download/collection.json/x",
    "download/openapi.json/console.json",
)
DOCUMENTS = [
    *("", *PAGES, *(f"{page}.md" for page in PAGES), *DOWNLOADS, "console", "nothing"),
    *("download/connectors/nothing/x", "download/openapi.json/x?campaign=363"),
]
"""Below `/docs/`, below a link, and below the address of an account."""
AROUND = [
    *("/llms.txt", "/.well-known/api-catalog", "/docs/errors/unknown_option"),
    *("/a/demo/api-documentation/", "/a/small/api-documentation/", "/static/x"),
    *("/health/live", "/metrics", "/d/nothing/", "/feed/nothing.csv"),
]
OWN = f"/campaigns/{OWN_ID}"
HIDDEN = "/campaigns/362"
TABS = [
    *("", "/leads", "/leads/1", "/leads/3", "/leads/1/edit?field=name", "/leads/new"),
    *("/leads/export", "/leads/3/remove", "/leads/3/merge?into=1", "/duplicates"),
    *("/fields", "/fields/new", "/fields/1", "/selects", "/statuses", "/filters"),
    *("/filters/new", "/filters/1", "/api-documentation", "/webhooks", "/activity"),
    *("/settings", "/settings/retention", "/settings/schema.json", "/import"),
    *("/settings/lead.json", "/import/1", "/import/1/errors", "/leads/bulk/x"),
]
DESKS = [
    *("/", "/campaigns", "/me", "/account", "/account/tokens", "/account/people/1"),
    *("/account/people/3", "/account/tokens/new", "/login", "/setup/nothing"),
    *(f"{base}{tab}" for tab in TABS for base in (OWN, HIDDEN, "/campaigns/999")),
]
MCP = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-06-18",
}


def documents(random: Random) -> list[Ask]:
    """A page or download as everybody, a token, a link and an account have it."""
    page = random.choice(DOCUMENTS)
    return [
        Ask("reader", f"/docs/{page}"),
        Ask("", f"{DOCS}/{page}"),
        Ask("account", f"/a/small/api-documentation/{page}"),
        Ask(random.choice(["reader", "", "account"]), random.choice(AROUND)),
    ]


def desks(random: Random) -> list[Ask]:
    """Pages that are shown to people who may see no lead of the campaign."""
    return [
        Ask(person, random.choice(DESKS), random.choice(["GET", "GET", "HEAD"]))
        for person in ("manager", "manager", "guest")
    ]


def tool(random: Random, last_id: int) -> Ask:
    """What an assistant asks with the reader's token."""
    asked = {"campaign_id": random.choice([362, 362, 362, 363, 999])}
    west = {"source": random.choice(["partner-west", "website", VENDORS[0][0]])}
    name, more = random.choice(
        [
            ("list_campaigns", {}),
            ("describe_campaign", asked),
            ("search_leads", asked | {"per_page": random.randint(1, 20)}),
            ("search_leads", asked | {"conditions": west}),
            ("get_lead", asked | {"lead_id": random.randint(1, last_id + 2)}),
            ("count_leads", asked | random.choice([{}, {"conditions": west}])),
            ("count_leads", asked | {"conditions": {"emial": "x", "budget[gt]": "1"}}),
            ("read_changes", asked),
        ]
    )
    params: dict[str, Any] = {"name": name, "arguments": more}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return Ask("reader", "/mcp", "POST", message, MCP)
