"""A copy through a token that may ask for little is late, and exact all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.copying import Bench, a_bench, rows

LEADS = 1_301


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A hub that earns a token a point a second, and six at once."""
    made = a_bench(
        tmp_path,
        leads=LEADS - 1,
        LEADWELL_TOKEN_RATE="1",
        LEADWELL_RATE_BURST_S="6",
        LEADWELL_TOKEN_IN_FLIGHT_MAX="2",
    )
    yield made
    made.hub.kill()


def test_nothing_is_lost_or_doubled_by_waiting(bench: Bench) -> None:
    def refused() -> float:
        return bench.hub.figure('leadwell_limits_met_total{limit="token_rate"}')

    said = bench.sync("sqlite:l.db", "--workers", "4")
    assert said.code == 0, said.err
    assert refused() > 0
    found = rows(
        bench.copies / "l.db", "SELECT count(*), count(DISTINCT id) FROM leads"
    )
    assert found == [(LEADS, LEADS)]
    before = refused()
    said = bench.verify("sqlite:l.db")
    assert said.code == 0, said.err
    for _ in range(3):
        assert bench.sync("sqlite:l.db").code == 0
    assert refused() > before
