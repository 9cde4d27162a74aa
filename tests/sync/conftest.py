"""A hub as a process of its own, for tests that write to it and copy from it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from leadwell.client import Campaign, Leadwell
from tests.copying import Bench, a_bench, point_at_a_database


@pytest.fixture(autouse=True)
def destination(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test with PostgreSQL as destination has a database, named as psql has it."""
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    if "postgresql" not in parameters.values():
        return
    point_at_a_database(tmp_path, monkeypatch)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A running hub with one lead, and a folder for copies of it."""
    made = a_bench(tmp_path)
    yield made
    made.hub.kill()


@pytest.fixture(scope="module")
def _standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = a_bench(tmp_path_factory.mktemp("standing"))
    yield made
    made.hub.kill()


@pytest.fixture
def standing(_standing: Bench, tmp_path: Path) -> Bench:
    """A hub that stands for all tests of a module that write nothing to it."""
    return replace(_standing, copies=tmp_path)


@pytest.fixture
def full_bench(tmp_path: Path) -> Iterator[Bench]:
    """A running hub with 1,301 leads, whose values are hard to write down."""
    made = a_bench(tmp_path, leads=1300)
    yield made
    made.hub.kill()


@pytest.fixture
def reading(request: pytest.FixtureRequest) -> Iterator[Campaign]:
    """The campaign of the hub that the test has, as its token sees it."""
    names = ("full_bench", "standing", "bench")
    (name,) = (each for each in names if each in request.fixturenames)
    bench: Bench = request.getfixturevalue(name)
    with Leadwell(bench.url, bench.hub.token) as client:
        yield client.campaign()
