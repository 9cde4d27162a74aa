"""A dlt pipeline: the change feed into a warehouse, merged by id, removals included."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import Connector, told
from leadwell.describe.pages.document import Block, Listing
from leadwell.describe.reader import Reader
from leadwell.describe.table import Kind, columns, identifiers, without_labels

FILE = "leads_with_dlt.py"
_TEMPLATE = '''\
"""Load your leads with dlt: everything once, then only what changed.

    pip install "dlt[duckdb]"
    export SOURCES__LEADWELL__TOKEN=...
    python leads_with_dlt.py

It follows the change feed. dlt keeps the place where it goes on together with what it
has loaded, and merges by id: a run may be interrupted and repeated, and deleted leads,
and leads that your token no longer sees, leave the table. For another warehouse change
DESTINATION and install dlt with its extra. To start anew: python leads_with_dlt.py anew
"""

import json
import sys

import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

CAMPAIGN = @CAMPAIGN_URL@
DESTINATION = "duckdb"
# Name here, keys that lead to the value, kind.
COLUMNS = @COLUMNS@
TYPES = {
    "text": {"data_type": "text"},
    "whole": {"data_type": "bigint"},
    "number": {"data_type": "double"},
    "decimal": {"data_type": "decimal", "precision": 36, "scale": 12},
    "yes_no": {"data_type": "bool"},
    "date": {"data_type": "date"},
    "moment": {"data_type": "timestamp"},
    "choices": {"data_type": "text"},
    "data": {"data_type": "text"},
}
OWN = {
    "id": {"data_type": "bigint", "nullable": False},
    "_removed": {"data_type": "bool", "hard_delete": True},
    "_place": {"data_type": "bigint", "dedup_sort": "desc"},
}


@dlt.source(name="leadwell", max_table_nesting=0)
def leadwell(token: str = dlt.secrets.value):
    client = RESTClient(CAMPAIGN, auth=BearerTokenAuth(token))
    return leads(client), options(client)


@dlt.resource(
    name="leads",
    write_disposition="merge",
    primary_key="id",
    columns={**{name: dict(TYPES[kind]) for name, _, kind in COLUMNS}, **OWN},
)
def leads(client):
    """Follow the change feed from where the last load ended."""
    state = dlt.current.resource_state()
    place, more = 0, True
    while more:
        asked = {"_limit": 1000}
        if "cursor" in state:
            asked["_cursor"] = state["cursor"]
        answer = client.get("/leads/changes", params=asked)
        if answer.status_code == 410:
            sys.exit("the hub was restored from a backup: run this with the word anew")
        answer.raise_for_status()
        found = answer.json()
        for change in found["data"]:
            place += 1
            if change["op"] == "upsert":
                yield {**row(change["lead"]), "_removed": False, "_place": place}
            elif change["op"] == "remove":
                yield {"id": change["id"], "_removed": True, "_place": place}
        state["cursor"] = found["cursor"]
        more = found["has_more"]


@dlt.resource(name="options", write_disposition="replace")
def options(client):
    """Say what the slugs of choices mean for people: it is small, and read anew."""
    answer = client.get("/schema")
    answer.raise_for_status()
    schema = answer.json()["data"]
    fields = [(each["slug"], each.get("options", [])) for each in schema["fields"]]
    for field, listed in [("status", schema["statuses"]), *fields]:
        for option in listed:
            yield {"field": field, "slug": option["slug"], "label": option["label"]}


def row(lead):
    """Make one flat row of a lead."""
    return {name: cell(lead, path, kind) for name, path, kind in COLUMNS}


def cell(lead, path, kind):
    value = lead
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return None
    if kind == "choices":
        return ",".join(each["slug"] for each in value)
    return json.dumps(value) if kind == "data" else value


if __name__ == "__main__":
    pipeline = dlt.pipeline(
        @PIPELINE@, destination=DESTINATION, dataset_name="leadwell"
    )
    anew = "drop_sources" if sys.argv[1:] == ["anew"] else None
    print(pipeline.run(leadwell(), refresh=anew))
'''


def _text(reader: Reader) -> str:
    found = without_labels(columns(reader.view))
    names = identifiers(found)
    made = [[names[c.name], list(c.path), c.kind.value] for c in found]
    return quoting.filled(
        _TEMPLATE,
        {
            "CAMPAIGN_URL": quoting.literal(reader.leads_url.removesuffix("/leads")),
            "COLUMNS": quoting.rows(made),
            # Not the dataset's name: DuckDB cannot tell a file from a dataset in it.
            "PIPELINE": quoting.literal(f"campaign_{reader.campaign_id}"),
        },
    )


def _instructions(reader: Reader) -> tuple[Block, ...]:
    found = without_labels(columns(reader.view))
    names = identifiers(found)
    other = [c.name for c in found if names[c.name] != c.name]
    named = (
        f" Names are spelled as databases take them: `{other[0]}` is the column "
        f"`{names[other[0]]}`."
        if other
        else ""
    )
    exact = any(c.kind is Kind.DECIMAL for c in found)
    return (
        Listing(
            "sh",
            'pip install "dlt[duckdb]"\n'
            "export SOURCES__LEADWELL__TOKEN=…\n"
            f"python {FILE}\n",
        ),
        told(
            "The pipeline follows the change feed and merges by `id`: after a run the "
            "table `leads` holds exactly what the token sees, removals included. dlt "
            "keeps where it goes on beside the data it loads. The table `options` "
            f"says what the slugs of choices mean for people.{named}"
        ),
        told(
            "It loads into DuckDB; change `DESTINATION` for PostgreSQL, BigQuery, "
            "Snowflake or another one of dlt's."
            + (" Decimals stay exact." if exact else "")
        ),
    )


DLT = Connector(
    name="dlt",
    title="Leads in a data warehouse, with dlt",
    file_name=FILE,
    media_type="text/x-python",
    text=_text,
    instructions=_instructions,
    tried="Run with dlt 1.31 and DuckDB against a hub: all leads, then what changed.",
)
