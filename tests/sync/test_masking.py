"""A copy by a token that masks follows what becomes personal, or no longer is."""

import json

import pytest

from tests.copying import Bench, rows

TO = ("sqlite:l.db", pytest.param("duckdb:l.duckdb", marks=pytest.mark.proof))


@pytest.mark.parametrize("to", TO)
def test_a_copy_follows_masks_whatever_the_type_of_the_field(
    bench: Bench, to: str
) -> None:
    bench.add(email="jane@example.com", budget=987.5, source="partner-west", tags=["a"])
    at = ("--campaign", "362", "--database", f"sqlite:///{bench.folder / 'leads.db'}")
    made = bench.run("token", "create", *at, "--name", "W", "--json")
    assert made.code == 0, made.err
    token = json.loads(made.out)["token"]
    path = bench.copies / to.partition(":")[2]

    def synced() -> list[object]:
        assert bench.sync(to, token=token).code == 0
        assert bench.run("verify", bench.url, "--to", to, token=token).code == 0
        asked = "SELECT email, budget, source, tags FROM leads ORDER BY id DESC LIMIT 1"
        (row,) = rows(path, asked)
        return list(row)

    assert synced()[:3] == ["***@***", 987.5, "partner-west"]
    for slug in ("budget", "source", "tags"):
        assert bench.run("field", "personal", slug, *at, "--yes").code == 0
    assert synced() == ["***@***", "***", "***", "***"]
    for slug in ("budget", "email"):
        assert bench.run("field", "personal", slug, "--off", *at, "--yes").code == 0
    assert synced() == ["jane@example.com", 987.5, "***", "***"]
