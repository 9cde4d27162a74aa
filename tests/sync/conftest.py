"""A hub as a process of its own, for tests that write to it and copy from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadwell.client import Campaign, Leadwell
from tests import served
from tests.copying import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A running hub with one lead, and a folder for copies of it."""
    folder = tmp_path / "hub"
    folder.mkdir()
    hub = served.a_hub(folder, served.a_folder(folder))
    yield Bench(hub, folder, tmp_path)
    hub.kill()


@pytest.fixture
def reading(bench: Bench) -> Iterator[Campaign]:
    with Leadwell(bench.url, bench.hub.token) as client:
        yield client.campaign()
