"""One hub for all tests of many copies at once, and the command in this process."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.copying import Bench, Said, a_bench

Run = Callable[..., Said]
Written = Callable[[str], None]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = a_bench(tmp_path_factory.mktemp("hub"), leads=20)
    yield made
    made.hub.kill()


@pytest.fixture
def run(
    hub: Bench,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run `leadwell`, in a folder of its own, with the hub's token."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_TOKEN", hub.hub.token)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    return hub.here(capfd)


@pytest.fixture
def write(hub: Bench, tmp_path: Path) -> Written:
    """Write sync.toml; URL stands for the campaign's address."""

    def _write(text: str) -> None:
        (tmp_path / "sync.toml").write_text(text.replace("URL", hub.url))

    return _write


def lines_of(err: str) -> list[dict[str, object]]:
    """The lines of a structured log."""
    return [json.loads(line) for line in err.splitlines()]
