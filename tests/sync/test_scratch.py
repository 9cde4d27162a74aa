"""What a killed run leaves on the disk with leads in it is gone with the next one."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadwell.sync.destinations import duckdb_file
from leadwell.sync.destinations.duckdb_file import DuckDBCopy, DuckDBFile
from leadwell.sync.destinations.scratch import PREFIX, Scratch
from leadwell.sync.locking import is_taken
from tests.copying import Bench
from tests.effort import unnoted

KEPT = """
import sys, time
from leadwell.sync.destinations.scratch import Scratch
print(Scratch().path, flush=True)
time.sleep(60)
"""
SPILLED = """
import os, signal, sys, threading, time
from pathlib import Path
from leadwell.sync.destinations.duckdb_file import DuckDBFile

copy = DuckDBFile(Path(sys.argv[1])).open()
folder = copy._folder()


def end():
    while not any(each.stat().st_size for each in folder.glob("duckdb_temp*")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


copy._run("SET memory_limit = '40MB'")
threading.Thread(target=end, daemon=True).start()
many = "SELECT md5(range::VARCHAR) AS name FROM range(9000000) ORDER BY name"
copy._run(f"CREATE TABLE other AS {many}")
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
        [sys.executable, "-c", KEPT],
        stdout=subprocess.PIPE,
        text=True,
        env=unnoted(),
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


def test_a_run_leaves_nothing_and_only_it_can_read_what_it_needs(
    bench: Bench, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    made = Scratch.__init__

    def noted(self: Scratch, *given: Any) -> None:
        made(self, *given)
        modes.append(self.path.stat().st_mode & 0o777)

    monkeypatch.setattr(Scratch, "__init__", noted)
    for to in ("duckdb:l.duckdb", "xlsx:l.xlsx", "parquet:l"):
        assert bench.sync(to).code == 0
        assert modes
        assert {*modes} == {0o700}
        assert [*temporary.glob(f"{PREFIX}*")] == []
        modes.clear()
    assert not [e for e in bench.copies.iterdir() if e.name.startswith(".")]


@pytest.mark.proof
def test_what_a_killed_duckdb_run_spilled_goes_with_the_next(
    bench: Bench, temporary: Path
) -> None:
    path = bench.copies / "l.duckdb"
    done = subprocess.run(
        [sys.executable, "-c", SPILLED, path], check=False, env=unnoted()
    )
    assert done.returncode == -signal.SIGKILL
    assert [*temporary.glob("*/duckdb_temp*")]
    assert [each.name for each in bench.copies.glob("l.duckdb*")] == ["l.duckdb"]
    assert bench.sync("duckdb:l.duckdb").code == 0
    assert [*temporary.glob(f"{PREFIX}*")] == []


def test_duckdb_lets_go_of_its_file_between_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_file, "BLOCKS", "4MiB")
    with DuckDBFile(tmp_path / "l.duckdb").open() as copy:
        assert isinstance(copy, DuckDBCopy)

        def held() -> int:
            ((found,),) = copy._run(
                "SELECT sum(memory_usage_bytes) FROM duckdb_memory()"
            )
            return int(found)

        most = copy._run("SELECT current_setting('memory_limit')")
        made = "CREATE TABLE other AS SELECT md5(range::VARCHAR) AS name"
        copy._run(f"{made} FROM range(500000)")
        copy._run("SELECT max(name) FROM other")
        before = held()
        copy._let_go()
        assert held() < 6 * 2**20 < before
        # What cannot go stays, and nothing fails.
        monkeypatch.setattr(duckdb_file, "BLOCKS", "1KiB")
        copy._let_go()
        assert copy._run("SELECT current_setting('memory_limit')") == most
        assert copy._run("SELECT count(*) FROM other") == [(500_000,)]
