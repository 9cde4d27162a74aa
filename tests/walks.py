"""Carries out the commands of a documentation page, in order, in an empty folder.

A page's `sh` listings are one session of bash, with the files that the page shows. A
comment before a listing says what is special about it:

    <!-- file: NAME -->         it is the content of a file
    <!-- test: another terminal -->  it goes on running while the rest is done
    <!-- test: not here -->     it is not carried out, and the page says why

The lines of a `text` or `json` listing after commands come among their output, in that
order; `…` stands for anything.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.effort import unnoted

DOCS = Path(__file__).parents[1] / "docs"
TIMEOUT_S = 120
PORT = "8362"
TOKEN_ID = "7HFZwu7h"
"""The token that guides name in their commands."""
_ASIDE = "another terminal"
_LISTING = re.compile(
    r"(?:^<!-- (file|test): ([^\n]+) -->\n)?^ *```(\w+)\n(.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_READY = (
    "until curl -fso ready.txt http://127.0.0.1:8362/health/ready; "
    "do sleep 0.05; kill -0 $!; done"
)


@dataclass(frozen=True)
class Listing:
    """A listing of a page, and what the comment before it says."""

    language: str
    text: str
    mark: str
    name: str


def listings(page: str) -> list[Listing]:
    """Read the listings of a page, named from the folder of the documentation."""
    text = (DOCS / page).read_text("utf-8")
    return [
        Listing(language, dedent(content), mark, name)
        for mark, name, language, content in _LISTING.findall(text)
    ]


def carry_out(page: str, folder: Path, given: Mapping[str, str] | None = None) -> None:
    """Carry out the page, with nothing else but a port that is free.

    Where a page begins with a hub that has leads, that is served, and `given` are the
    variables that its reader has; `TOKEN_ID` stands for the id that the page names.

    Raises:
        AssertionError: a command fails, or does not say what the page shows.
    """
    shown = listings(page)
    for each in shown:
        if each.mark == "file":
            (folder / each.name).write_text(each.text, "utf-8")
    port = _free_port()
    commands = [each for each in shown if each.language == "sh"]
    script = f"set -euo pipefail\n{_exported(given)}" + "".join(
        f"printf '\\n#{number}#\\n'\n{_command(each)}\n"
        for number, each in enumerate(commands)
    )
    own_id = (given or {}).get("TOKEN_ID", TOKEN_ID)
    script = script.replace(PORT, port).replace(TOKEN_ID, own_id)
    said = _output(script, folder, port).replace(port, PORT)
    parts = re.split(r"^#\d+#\n", said, flags=re.MULTILINE)[1:]
    assert len(parts) == len(commands), said
    outputs = iter(parts)
    for listing, after in zip(shown, [*shown[1:], None], strict=True):
        if listing.language == "sh":
            output = next(outputs)
            if after and not after.mark and after.language in ("text", "json"):
                _check(after.text, output)


def _exported(given: Mapping[str, str] | None) -> str:
    if given is None:
        return ""
    words = "".join(f"export {name}={text}\n" for name, text in given.items())
    return f"{words}{_command(Listing('sh', 'leadwell serve', 'test', _ASIDE))}\n"


def _command(listing: Listing) -> str:
    if listing.name == "not here":
        return ":"
    if listing.name == _ASIDE:
        return f"{{ {listing.text.strip()}\n}} >hub.log 2>&1 &\n{_READY}"
    return listing.text


def _output(script: str, folder: Path, port: str) -> str:
    own = {
        name: value
        for name, value in unnoted().items()
        if not name.startswith("LEADWELL_")
    }
    binaries = os.pathsep.join((str(Path(sys.executable).parent), own["PATH"]))
    known = own | {"PATH": binaries, "LEADWELL_PORT": port, "HOME": str(folder)}
    # Wide, so that no table is folded.
    known["COLUMNS"] = "200"
    process = subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=known,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=TIMEOUT_S)
    finally:
        # The hub of the page is of the same group, and ends with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    text = said.decode()
    assert process.returncode == 0, text
    return text


def _check(shown: str, output: str) -> None:
    lines: Iterator[str] = iter(output.splitlines())
    for line in shown.splitlines():
        pattern = ".*".join(map(re.escape, line.strip().split("…")))
        assert any(re.fullmatch(pattern, each.strip()) for each in lines), (
            line,
            output,
        )


def _free_port() -> str:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return str(opened.getsockname()[1])
