"""What Leadwell itself brings: a command that keeps a copy, a client for Python."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import Connector, told
from leadwell.describe.pages.document import Block, Listing
from leadwell.describe.reader import Reader

SCRIPT_FILE = "sync.sh"
_SCRIPT = """\
#!/usr/bin/env bash
# Keep a copy of all leads: everything once, then only what changed.
#
#     pip install 'leadwell[sync]'
#     export LEADWELL_TOKEN=...
#     bash sync.sh
#
# Run it as often as you like: leads and the place where it goes on are stored together,
# so it may be interrupted at any time. Leads that were deleted, or that the token does
# not see any more, leave the copy. It ends with 6 if the copy is not exact.
#
# Instead of duckdb:leads.duckdb it may be sqlite:leads.db, csv:leads.csv,
# csv-excel:leads.csv or ndjson:leads.ndjson; --follow keeps it going.
set -euo pipefail

campaign=@CAMPAIGN_URL@
copy=${1:-duckdb:leads.duckdb}
: "${LEADWELL_TOKEN:?set it to your token}"

leadwell sync "$campaign" --to "$copy"
leadwell verify "$campaign" --to "$copy"
"""
PROGRAM_FILE = "read_leads.py"
_PROGRAM = '''\
"""Read all leads, and then whatever changes, with the client of Leadwell.

    pip install leadwell
    export LEADWELL_TOKEN=...
    python3 read_leads.py

Pages, retries and waiting are the client's part. What is printed is where your own
program begins.
"""

from leadwell.client import Leadwell

FIELDS = @FIELDS@

with Leadwell(@CAMPAIGN_URL@) as hub:
    campaign = hub.campaign()
    # Everything once. Keep the cursor together with what you keep of the leads, and
    # give it to feed(cursor) next time: then only what changed is told.
    cursor = None
    for changes in campaign.feed(cursor):
        told = [each.lead for each in changes.entries if each.op == "upsert"]
        for lead in campaign.typed(told):
            print("lead", lead.id, *(f"{name}={lead[name]!r}" for name in FIELDS))
        for change in changes.entries:
            if change.op == "remove":
                print("gone", change.id, change.reason)
        cursor = changes.cursor
'''


def _campaign_url(reader: Reader) -> str:
    return reader.leads_url.removesuffix("/leads")


def _script(reader: Reader) -> str:
    campaign = quoting.shell(_campaign_url(reader))
    return quoting.filled(_SCRIPT, {"CAMPAIGN_URL": campaign})


def _of_script(reader: Reader) -> tuple[Block, ...]:
    campaign = quoting.shell(_campaign_url(reader))
    return (
        told(
            "The command keeps a copy in DuckDB, SQLite, CSV or NDJSON, with a column "
            "for each field. It needs Python 3.11 or later, and a token:"
        ),
        Listing(
            "sh",
            "pip install 'leadwell[sync]'\n"
            "export LEADWELL_TOKEN=…\n"
            f"leadwell sync {campaign} --to duckdb:leads.duckdb\n",
        ),
        told("The script does the same, and compares the copy with the hub:"),
        Listing("sh", f"bash {SCRIPT_FILE}\n"),
    )


def _program(reader: Reader) -> str:
    fields = [field.slug for field in reader.view.fields] if reader.view else []
    return quoting.filled(
        _PROGRAM,
        {
            "CAMPAIGN_URL": quoting.literal(_campaign_url(reader)),
            "FIELDS": quoting.rows(fields),
        },
    )


def _of_program(reader: Reader) -> tuple[Block, ...]:
    del reader
    return (
        told(
            "The program prints every lead with its fields, typed as the campaign's "
            "schema says. It needs Python 3.11 or later, and a token:"
        ),
        Listing(
            "sh",
            f"pip install leadwell\nexport LEADWELL_TOKEN=…\npython3 {PROGRAM_FILE}\n",
        ),
    )


COMMAND = Connector(
    name="leadwell-sync",
    title="A copy in DuckDB, SQLite or CSV, with leadwell sync",
    file_name=SCRIPT_FILE,
    media_type="text/x-shellscript",
    text=_script,
    instructions=_of_script,
    tried="Run with bash 5 against a hub, into DuckDB and CSV: the copies are exact.",
)
CLIENT = Connector(
    name="python-client",
    title="Leads in a Python program, with the client",
    file_name=PROGRAM_FILE,
    media_type="text/x-python",
    text=_program,
    instructions=_of_program,
    tried="Run with Python 3.11 against a hub: it tells every lead once.",
)
