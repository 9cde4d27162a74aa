"""Durable writes over HTTP, to a copy of the leads that are read."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import load, serving
from bench.cases import LEADS
from bench.data import Made, leads_of
from bench.load import posted

WRITTEN = 5_000


def measured(given: Made, folder: Path) -> dict[str, float]:
    """Return leads a second: one lead a request, and batches of 100."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        copy = Made(Path(name) / "leads.db", given.leads, given.whole, given.partner)
        shutil.copy(given.path, copy.path)
        shutil.copy(f"{given.path}.key", f"{copy.path}.key")
        bodies = list(_bodies())
        one = [posted(LEADS, copy.whole, json.dumps(x).encode()) for x in bodies]
        many = [
            posted(
                f"{LEADS}/batch",
                copy.whole,
                json.dumps({"leads": bodies[start : start + 100]}).encode(),
            )
            for start in range(0, len(bodies), 100)
        ]
        rates: dict[str, float] = {}
        with serving.hub(copy) as hub:
            for clients in (1, 16):
                figures = load.measured(hub, lambda n: one[n], 1_000, clients, 201)
                rates[f"writes of one lead, {clients} clients"] = (
                    figures.count / figures.wall_s
                )
            for clients in (1, 4):
                figures = load.measured(hub, lambda n: many[n], len(many), clients)
                rates[f"batches of 100, {clients} clients"] = WRITTEN / figures.wall_s
    return rates


def _bodies() -> Iterator[dict[str, Any]]:
    for lead in leads_of(WRITTEN, seed=2):
        del lead["created_at"]
        yield lead
