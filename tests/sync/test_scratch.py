"""What a killed run leaves on the disk with leads in it is gone with the next one."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadwell.sync.destinations.scratch import PREFIX, Scratch
from leadwell.sync.locking import is_taken
from tests.copying import Bench

KEPT = """
import sys, time
from leadwell.sync.destinations.scratch import Scratch
print(Scratch().path, flush=True)
time.sleep(60)
"""
SPILLED = """
import os, signal, sys
from pathlib import Path
from leadwell.sync.destinations.duckdb_file import DuckDBFile
copy = DuckDBFile(Path(sys.argv[1])).open()
copy._folder()
copy._run("SET memory_limit = '20MB'")
many = "SELECT md5(range::VARCHAR) AS name FROM range(1000000) ORDER BY name"
try:
    copy._run(f"CREATE TABLE other AS {many}")
finally:
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that is ours alone."""
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    monkeypatch.setenv("TMPDIR", str(made))
    return made


@pytest.fixture
def living() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that has a folder, and that folder."""
    with subprocess.Popen(
        [sys.executable, "-c", KEPT], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_the_folder_of_a_killed_run_goes_and_those_of_living_ones_stay(
    living: tuple[subprocess.Popen[str], Path], temporary: Path
) -> None:
    process, theirs = living
    (theirs / "leads").write_text("Jane Doe")
    with Scratch() as ours, Scratch() as another:
        assert theirs.exists()
        assert ours.exists()
        assert another.stat().st_mode & 0o777 == 0o700
    assert [*temporary.iterdir()] == [theirs]
    process.kill()
    process.wait()
    with Scratch() as ours:
        assert [*temporary.iterdir()] == [ours]
    assert [*temporary.iterdir()] == []


def test_what_is_nobodys_folder_is_left_alone(temporary: Path) -> None:
    (temporary / "leadwell-leads-mine").mkdir()
    (temporary / "lock").touch()
    (temporary / "leadwell-leads-odd" / "lock").mkdir(parents=True)
    with Scratch():
        pass
    assert len([*temporary.rglob("*")]) == 4


def test_a_lock_is_held_by_one_open_file(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "l", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert not is_taken(first)
    assert is_taken(second)
    os.close(first)
    assert not is_taken(second)
    os.close(second)
    with pytest.raises(OSError, match="Bad file descriptor"):
        is_taken(second)


@pytest.mark.parametrize("to", ["duckdb:l.duckdb", "xlsx:l.xlsx", "parquet:l"])
def test_a_run_leaves_nothing_and_only_it_can_read_what_it_needs(
    bench: Bench, temporary: Path, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    made = Scratch.__init__

    def noted(self: Scratch, *given: object) -> None:
        made(self, *given)  # type: ignore[arg-type]
        modes.append(self.path.stat().st_mode & 0o777)

    monkeypatch.setattr(Scratch, "__init__", noted)
    assert bench.sync(to).code == 0
    assert modes
    assert {*modes} == {0o700}
    assert [*temporary.glob(f"{PREFIX}*")] == []
    assert not [e for e in bench.copies.iterdir() if e.name.startswith(".")]


def test_what_a_killed_duckdb_run_spilled_goes_with_the_next(
    bench: Bench, temporary: Path
) -> None:
    path = bench.copies / "l.duckdb"
    done = subprocess.run([sys.executable, "-c", SPILLED, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [*temporary.glob("*/duckdb_temp*")]
    assert [each.name for each in bench.copies.glob("l.duckdb*")] == ["l.duckdb"]
    assert bench.sync("duckdb:l.duckdb").code == 0
    assert [*temporary.glob(f"{PREFIX}*")] == []
