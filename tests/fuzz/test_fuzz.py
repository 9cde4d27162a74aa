"""Nothing that a stranger sends breaks a parser, or keeps a processor busy.

Two minutes are spent in a run; more, and from where another run has ended, on command:
LEADWELL_TEST_FUZZ_S=3600 LEADWELL_TEST_CORPUS=~/corpus make fuzz.
"""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests import environments
from tests.fuzz.targets import TARGETS, feed
from tests.recording import recorded

HERE = Path(__file__).parent
ROOT = environments.ROOT
SECONDS = int(os.environ.get("LEADWELL_TEST_FUZZ_S", "120"))
"""Of all targets together."""
CORPUS = os.environ.get("LEADWELL_TEST_CORPUS", "")
"""Where what was found to reach new code is kept from run to run."""
BYTES_MAX = 8_192
"""What a URL may have; longer inputs only take longer."""
HANGS_S = 10
PATHS = (ROOT, ROOT / "src", Path(sysconfig.get_path("purelib")))
"""What the fuzzer's own Python finds beside it: the project and its packages."""


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_of_a_corpus_is_taken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seeds = sorted((HERE / "corpus" / name).iterdir())
    assert len(seeds) >= 5
    for seed in seeds:
        feed(TARGETS[name], seed.read_bytes())


@pytest.mark.proof
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_parser(name: str, tmp_path: Path) -> None:
    folder = Path(CORPUS) / name if CORPUS else tmp_path / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    with recorded("fuzz", on=name) as counts:
        said = fuzzed(name, tmp_path, folder, HERE / "corpus" / name)
        found = re.search(r"number_of_executed_units: *(\d+)", said)
        assert found, said
        counts["executions"] = int(found[1])
    assert counts["executions"] > 0


def fuzzed(name: str, where: Path, *folders: Path, seconds: int = SECONDS) -> str:
    """Fuzz a target for its share of the time, and return what was said."""
    words = [
        f"-max_total_time={max(1, seconds // len(TARGETS))}",
        *(f"-max_len={BYTES_MAX}", f"-timeout={HANGS_S}", "-rss_limit_mb=0"),
        *("-print_final_stats=1", f"-dict={HERE / 'words.dict'}"),
    ]
    python = environments.python_of("fuzz")
    done = subprocess.run(
        [python, "-m", "tests.fuzz.drive", name, *words, *map(str, folders)],
        cwd=where,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, PATHS))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds + 300,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said[-5_000:]
    return said
