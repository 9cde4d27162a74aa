"""A Python program that keeps a copy in SQLite by the change feed, and proves it."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import Connector, told
from leadwell.describe.pages.document import Block, Listing
from leadwell.describe.reader import Reader
from leadwell.describe.table import Column, Kind, columns, without_labels

FILE = "leads_to_sqlite.py"
_TEMPLATE = '''\
#!/usr/bin/env python3
"""Keep a copy of your leads in SQLite: everything once, then only what changed.

It needs Python 3.9 or later and nothing else. Give it the token in the environment:

    export LEADWELL_TOKEN=...
    python3 leads_to_sqlite.py leads.db

Run it as often as you like. Leads and the place where it goes on are written in one
transaction, so it may be interrupted at any time. Deleted leads, and leads that your
token no longer sees, leave the copy. Whenever it is up to date, it compares count and
digest with the hub's, and ends with 6 if they differ.

The view `leads` has a column for each field; choices are slugs, and their words are in
the table `label`. Whole leads as they came are in the table `lead`.
"""

import hashlib
import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

CAMPAIGN = @CAMPAIGN_URL@
COLUMNS = @COLUMNS@
TRIES = 6
LOST = 410
BUSY = (408, 429, 500, 502, 503, 504)
TABLES = """
CREATE TABLE IF NOT EXISTS lead (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS label (
    field TEXT NOT NULL, slug TEXT NOT NULL, label TEXT NOT NULL,
    PRIMARY KEY (field, slug));
CREATE TABLE IF NOT EXISTS progress (
    one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL);
"""


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: leads_to_sqlite.py leads.db")
    with closing(sqlite3.connect(sys.argv[1])) as copy:
        prepare(copy)
        while True:
            answer = step(copy)
            if answer["up_to_date"]:
                sys.exit(compare(copy, answer))


def prepare(copy):
    """Make the tables, and the view as the schema was when this was made."""
    copy.executescript(TABLES)
    listed = ", ".join(f'{each} AS "{name}"' for name, each in COLUMNS)
    with copy:
        copy.execute("DROP VIEW IF EXISTS leads")
        copy.execute(f"CREATE VIEW leads AS SELECT {listed} FROM lead")


def step(copy):
    """Read some changes, and keep them together with where to go on."""
    asked = {"_limit": 1000, "_digest": 1}
    found = copy.execute("SELECT cursor FROM progress").fetchone()
    if found:
        asked["_cursor"] = found[0]
    try:
        answer = ask("/leads/changes", asked)
    except HTTPError as refused:
        if refused.code != LOST or not found:
            sys.exit(explained(refused))
        print("the hub was restored from a backup: starting anew", file=sys.stderr)
        with copy:
            copy.execute("DELETE FROM lead")
            copy.execute("DELETE FROM progress")
        return step(copy)
    is_new = not found or any(each["op"] == "schema" for each in answer["data"])
    labels = labels_now() if is_new else None
    with copy:
        for change in answer["data"]:
            apply(copy, change)
        if labels is not None:
            copy.execute("DELETE FROM label")
            copy.executemany("INSERT INTO label VALUES (?, ?, ?)", labels)
        place = (answer["cursor"],)
        copy.execute("INSERT OR REPLACE INTO progress VALUES (1, ?)", place)
    return answer


def apply(copy, change):
    """Apply one change; what is not known yet is passed over."""
    if change["op"] == "upsert":
        body = json.dumps(change["lead"], ensure_ascii=False)
        row = (change["id"], change["version"], body)
        copy.execute("INSERT OR REPLACE INTO lead VALUES (?, ?, ?)", row)
    elif change["op"] == "remove":
        copy.execute("DELETE FROM lead WHERE id = ?", (change["id"],))


def labels_now():
    """Read what the slugs of choices mean for people."""
    schema = ask("/schema", {})["data"]
    fields = [(each["slug"], each.get("options", [])) for each in schema["fields"]]
    return [
        (field, option["slug"], option["label"])
        for field, options in [("status", schema["statuses"]), *fields]
        for option in options
    ]


def compare(copy, answer):
    """Compare the copy with what the hub says of the same moment."""
    sums = [0, 0, 0, 0]
    count = 0
    for lead, version in copy.execute("SELECT id, version FROM lead"):
        first = hashlib.sha256(f"{lead}:{version}".encode()).digest()[:16]
        for part in range(4):
            number = int.from_bytes(first[4 * part : 4 * part + 4], "big")
            sums[part] = (sums[part] + number) % 2**32
        count += 1
    digest = "".join(f"{each:08x}" for each in sums)
    if (count, digest) == (answer["count"], answer["digest"]):
        print(f"{count} leads, digest {digest}, the same as at the hub")
        return 0
    print(f"the copy has {count} leads, digest {digest}", file=sys.stderr)
    print(f"the hub has {answer['count']} leads, {answer['digest']}", file=sys.stderr)
    return 6


def ask(path, asked):
    """Ask the hub; wait and ask again while it is busy or out of reach."""
    url = f"{CAMPAIGN}{path}?{urlencode(asked)}" if asked else f"{CAMPAIGN}{path}"
    token = os.environ.get("LEADWELL_TOKEN") or sys.exit("LEADWELL_TOKEN is not set")
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "leads-to-sqlite"}
    for attempt in range(1, TRIES + 1):
        try:
            with urlopen(Request(url, headers=headers), timeout=120) as answer:
                return json.load(answer)
        except HTTPError as refused:
            if refused.code not in BUSY or attempt == TRIES:
                raise
            wait_s = int(refused.headers.get("Retry-After") or 2**attempt)
        except (URLError, OSError, ValueError) as broken:
            if attempt == TRIES:
                sys.exit(f"{CAMPAIGN} is out of reach: {broken}")
            wait_s = 2**attempt
        time.sleep(wait_s)


def explained(refused):
    """Say what the hub said, which names the remedy too."""
    try:
        problem = json.load(refused)
        return f"{refused.code} {problem['code']}: {problem['detail']}"
    except (ValueError, KeyError):
        return f"{refused.code} {refused.reason}"


if __name__ == "__main__":
    main()
'''

_CHOSEN = (
    "(SELECT group_concat(json_extract(value, '$.slug'), ',')"
    " FROM json_each(body, '$@PLACE@'))"
)


def _text(reader: Reader) -> str:
    made = [
        [column.name, _expression(column)]
        for column in without_labels(columns(reader.view))
    ]
    return quoting.filled(
        _TEMPLATE,
        {
            "CAMPAIGN_URL": quoting.literal(reader.leads_url.removesuffix("/leads")),
            "COLUMNS": quoting.rows(made),
        },
    )


def _expression(column: Column) -> str:
    # A slug has no quote, so it can stand between two.
    place = "".join(f'."{key}"' for key in column.path)
    if column.kind is not Kind.CHOICES:
        return f"json_extract(body, '${place}')"
    return _CHOSEN.replace("@PLACE@", place)


def _instructions(reader: Reader) -> tuple[Block, ...]:
    del reader
    commands = f"export LEADWELL_TOKEN=…\npython3 {FILE} leads.db\n"
    return (
        told(
            "The program needs Python 3.9 or later and no package. Its first run "
            "reads everything, and each further run only what changed, removals "
            "included; at the end it proves by count and digest that the copy is "
            "exactly what the token sees."
        ),
        Listing("sh", commands),
        told(
            "Read the view `leads` with any tool that opens SQLite: it has one column "
            "for each field. Run the program from cron as often as you like. When the "
            "campaign gets new fields, download it again: the copy stays."
        ),
    )


SCRIPT = Connector(
    name="python",
    title="Leads in SQLite, with plain Python",
    file_name=FILE,
    media_type="text/x-python",
    text=_text,
    instructions=_instructions,
    tried="Run with Python 3.11 and SQLite against a hub: copy and digest are equal.",
)
