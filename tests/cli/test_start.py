"""What starting the command costs, told by what it imports; nothing is timed."""

import os
import subprocess
import sys

import pytest

from leadwell.cli import commands, main

HEAVY = ("cyclopts", "rich", "urllib3", "msgspec", "sqlite3", "leadwell.client")


def loaded_by(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom leadwell.cli import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        "print('loaded', *sys.modules)"
    )
    run = [sys.executable, "-c", code]
    # What measures the coverage of the suite imports modules of its own.
    plain = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    said = subprocess.run(run, check=True, capture_output=True, text=True, env=plain)
    return set(said.stdout.rpartition("loaded")[2].split())


def test_help_loads_nothing_that_a_command_needs() -> None:
    loaded = loaded_by("--help")
    assert not loaded & set(HEAVY)


def test_a_command_loads_only_itself() -> None:
    loaded = loaded_by("sync")
    assert "leadwell.cli.pull.sync" in loaded
    assert not loaded & {"leadwell.cli.demo", "rich.markdown", "leadwell.store"}


def test_help_lists_every_command_that_there_is() -> None:
    program = commands.made()
    names = [name for name, _, _ in commands.COMMANDS]
    assert names == sorted(names)
    assert names == [name for name in program if not name.startswith("-")]
    lines = commands.overview().splitlines()
    told = {" ".join(line.split()) for line in lines}
    begins = {
        line.index(summary)
        for line in lines
        for _, _, summary in commands.COMMANDS
        if line.endswith(summary)
    }
    assert len(begins) == 1
    for name, _, summary in commands.COMMANDS:
        assert program[name].help
        assert f"{name} {summary}" in told
        assert len(summary) <= 66


@pytest.mark.parametrize("asked", [(), ("--help",), ("-h",)])
def test_help_fits_a_terminal(
    asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(asked)
    assert left.value.code == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
