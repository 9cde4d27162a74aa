"""Build the wheel, install it away from `src`, and use it as a stranger would.

The dependencies are lent by the environment that runs this, so no network is needed.
A `.pth` line lends a folder without reading the `.pth` files in it: the editable
install, and with it `src`, stays behind.
"""

import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src/leadwell"
CLIENT = """
from leadwell.client import Leadwell
from leadwell.testing import FaultServer, Reply, faults

answer = {"count": 7, "digest": "0", "cursor": "c"}
with FaultServer(lambda _: Reply.json(answer)) as server:
    server.plan(faults.SHORT)
    assert Leadwell(server.url, "lw_x").campaign(362).digest().count == 7
"""
SUFFIXES_OF_SOURCE = {".pyc", ".pyo"}


def run(*command: str | Path, cwd: Path, timeout_s: int = 300) -> str:
    """Run a command away from the sources, and stop everything when it fails."""
    print("  $", *(Path(command[0]).name, *command[1:]), flush=True)
    done = subprocess.run(
        command, cwd=cwd, timeout=timeout_s, text=True, capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}\nfailed with {done.returncode}")
    return done.stdout


def build(into: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", into]
    run(*command, cwd=ROOT)
    return next(into.glob("*.whl"))


def missing_from(wheel: Path) -> list[str]:
    """Name what stands in `src` and did not reach the wheel: templates, SQL, icons."""
    packed = set(zipfile.ZipFile(wheel).namelist())
    files = (path for path in SRC.rglob("*") if path.is_file())
    wanted = (f for f in files if f.suffix not in SUFFIXES_OF_SOURCE)
    names = (path.relative_to(SRC.parent).as_posix() for path in wanted)
    return sorted(name for name in names if name not in packed)


def install(wheel: Path, into: Path) -> Path:
    """Make an environment that holds the wheel and borrows everything else."""
    run(sys.executable, "-m", "venv", "--without-pip", into, cwd=into.parent)
    python = into / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet"]
    options = ["--no-deps", "--no-index", "--disable-pip-version-check"]
    run(*pip, "install", *options, wheel, cwd=into.parent)
    site = next(into.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return into / "bin"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        wheel = build(folder / "dist")
        if lost := missing_from(wheel):
            sys.exit(f"not in the wheel: {', '.join(lost)}")
        programs = install(wheel, folder / "venv")
        where = "import leadwell; print(leadwell.__file__)"
        found = run(programs / "python", "-c", where, cwd=folder).strip()
        if not Path(found).is_relative_to(folder):
            sys.exit(f"leadwell came from {found}, not from the wheel")
        # The sources decide what has to work, so a lost command is seen.
        if (SRC / "cli").exists():
            run(programs / "leadwell", "--help", cwd=folder)
        if (SRC / "cli").exists() and (SRC / "demo").exists():
            run(programs / "leadwell", "demo", "--once", cwd=folder)
        if (SRC / "client").exists():
            run(programs / "python", "-c", CLIENT, cwd=folder)
    print("the wheel works")


if __name__ == "__main__":
    main()
