"""A loader as one writes it by hand: every lead once, into DuckDB.

It has no state, no removals and no second run: what it costs is the least that reading
pages, flattening leads and storing them costs. `python -m bench.peers.by_hand URL FILE`
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import duckdb
import urllib3

PAGE = 1_000


def main(url: str, path: str) -> None:
    """Read all leads into the table `leads` of a new file."""
    headers = {"Authorization": f"Bearer {os.environ['LEADWELL_TOKEN']}"}
    pool = urllib3.PoolManager(headers=headers)
    lines, cursor = Path(f"{path}.lines"), ""
    with lines.open("w", encoding="utf-8") as opened:
        while True:
            asked = {"_limit": PAGE} | ({"_cursor": cursor} if cursor else {})
            answer = pool.request("GET", f"{url}/leads/changes", fields=asked)
            page: Any = json.loads(answer.data)
            for change in page["data"]:
                opened.write(json.dumps(_row(change["lead"])) + "\n")
            cursor = page["cursor"]
            if page["up_to_date"]:
                break
    with duckdb.connect(path) as database:
        source = f"read_json_auto('{lines}')"
        database.execute(f"CREATE TABLE leads AS SELECT * FROM {source}")


def _row(lead: dict[str, Any]) -> dict[str, Any]:
    row = {name: lead[name] for name in ("id", "created_at", "updated_at")}
    for name, value in {"status": lead["status"], **lead["fields"]}.items():
        row[name] = value["slug"] if isinstance(value, dict) else value
    return row


if __name__ == "__main__":
    main(*sys.argv[1:])
