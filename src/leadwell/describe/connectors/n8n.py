"""A workflow for n8n: all leads by hand, and what changed by the clock."""

import json
from itertools import pairwise
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import Connector, steps, told
from leadwell.describe.pages.document import Block
from leadwell.describe.reader import Reader

FILE = "leadwell-n8n.json"
_STAND = """\
const kept = $getWorkflowStaticData('global');
return [{ json: { cursor: kept.cursor ?? '' } }];
"""
_REMEMBER = """\
// It runs last, so a change is handed out again if a step before it has failed.
const answers = $('Changes').all();
const kept = $getWorkflowStaticData('global');
kept.cursor = answers[answers.length - 1].json.cursor;
return [{ json: { cursor: kept.cursor } }];
"""


def _text(reader: Reader) -> str:
    whole = ["Read all leads", "All leads", "One lead each"]
    steps = [
        "Every 15 minutes",
        "Where we stand",
        "Changes",
        "One change each",
        "Your steps go here",
        "Remember where we stand",
    ]
    workflow = {
        "name": f"Leads of campaign {reader.campaign_id}",
        "nodes": _nodes(reader, whole, steps),
        "connections": {
            before: {"main": [[{"node": after, "type": "main", "index": 0}]]}
            for chain in (whole, steps)
            for before, after in pairwise(chain)
        },
        "settings": {"executionOrder": "v1"},
        "active": False,
    }
    return f"{json.dumps(workflow, indent=2)}\n"


def _nodes(reader: Reader, whole: list[str], steps: list[str]) -> list[dict[str, Any]]:
    url = reader.leads_url
    further = quoting.literal(f"{url}/changes?_limit=1000&_cursor=")
    first = quoting.literal(f"{url}/changes?_limit=1000")
    places = {name: [260 * x, 0] for x, name in enumerate(whole)}
    places |= {name: [260 * x, 260] for x, name in enumerate(steps)}
    kinds: dict[str, tuple[str, float, dict[str, Any]]] = {
        "Read all leads": ("manualTrigger", 1, {}),
        "All leads": _request(
            # The whole question stands in the URL: what n8n is given apart from it
            # would be sent a second time with the URL of the next page.
            f"{url}?_cursor=start&_meta=1&per_page=1000",
            "={{ $response.body.meta.next }}",
            "={{ !$response.body.meta.next }}",
        ),
        "One lead each": ("splitOut", 1, {"fieldToSplitOut": "data", "options": {}}),
        "Every 15 minutes": ("scheduleTrigger", 1.2, _EVERY_15),
        "Where we stand": ("code", 2, {"jsCode": _STAND}),
        "Changes": _request(
            f"={{{{ $json.cursor ? {further} + encodeURIComponent($json.cursor)"
            f" : {first} }}}}",
            f"={{{{ {further} + encodeURIComponent($response.body.cursor) }}}}",
            "={{ !$response.body.has_more }}",
        ),
        "One change each": ("splitOut", 1, {"fieldToSplitOut": "data", "options": {}}),
        "Your steps go here": ("noOp", 1, {}),
        "Remember where we stand": ("code", 2, {"jsCode": _REMEMBER}),
    }
    return [_node(reader, name, place, *kinds[name]) for name, place in places.items()]


def _node(
    reader: Reader,
    name: str,
    place: list[int],
    kind: str,
    version: float,
    parameters: dict[str, Any],
) -> dict[str, Any]:
    node: dict[str, Any] = {
        # The same each time, so that a second import can be told from the first.
        "id": str(uuid5(NAMESPACE_URL, f"{reader.leads_url}#{name}")),
        "name": name,
        "type": f"n8n-nodes-base.{kind}",
        "typeVersion": version,
        "position": place,
        "parameters": parameters,
    }
    if kind == "httpRequest":
        node |= {"retryOnFail": True, "maxTries": 5, "waitBetweenTries": 5000}
    return node


def _request(url: str, onward: str, is_over: str) -> tuple[str, float, dict[str, Any]]:
    pagination = {
        "paginationMode": "responseContainsNextURL",
        "nextURL": onward,
        "paginationCompleteWhen": "other",
        "completeExpression": is_over,
    }
    return (
        "httpRequest",
        4.2,
        {
            "url": url,
            "authentication": "genericCredentialType",
            "genericAuthType": "httpHeaderAuth",
            "options": {"pagination": {"pagination": pagination}},
        },
    )


_EVERY_15 = {"rule": {"interval": [{"field": "minutes", "minutesInterval": 15}]}}


def _instructions(reader: Reader) -> tuple[Block, ...]:
    del reader
    return (
        steps(
            "In n8n: a new workflow, the menu at the top right, Import from File.",
            (
                "Open the nodes All leads and Changes, and choose for both a "
                "credential of the type Header Auth: name `Authorization`, value "
                "`Bearer `, followed by your token."
            ),
            "Run Read all leads by hand to see that it works.",
            (
                "Put what is to be done with a change in place of Your steps go here. "
                "An `upsert` carries the lead, a `remove` its id and the reason."
            ),
            "Publish or activate the workflow.",
        ),
        told(
            "The workflow remembers the cursor of the change feed and moves it on only "
            "after your steps have ended well, so no change is lost, and one may come "
            "twice. n8n keeps it for an active workflow; runs by hand in the editor "
            "begin anew each time."
        ),
    )


N8N = Connector(
    name="n8n",
    title="Leads in n8n",
    file_name=FILE,
    media_type="application/json",
    text=_text,
    instructions=_instructions,
    tried="Run by hand with n8n 2.40 against a hub: all leads over three pages, then "
    "the changes from the remembered cursor. The project's own tests do not run n8n.",
)
