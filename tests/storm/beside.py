"""What else goes on while writers write: pages and exports are read, files imported."""

import itertools
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import msgspec
import urllib3

from tests.forking import Forked, Source
from tests.served import Hubs, Served, once_ready, settings_of, words_of
from tests.storm.journal import URL, Expected

EVERY = 4
"""Of so many storms one begins to import a file."""
ROWS = 40
PREFIX = "file-"
PAUSE_S = 0.05
"""Who reads without a pause only takes their time from those who write."""


def look(hub: Hubs, is_over: Event, faults: list[BaseException]) -> None:
    """Read pages and exports; each that comes whole holds no lead twice."""
    try:
        with suppress(urllib3.exceptions.HTTPError):
            for number in itertools.count():
                if number % 2:
                    answer = hub.request("GET", f"{URL}/export")
                    lines = answer.data.splitlines()
                    found = [msgspec.json.decode(line).get("id") for line in lines]
                else:
                    answer = hub.request("GET", f"{URL}?per_page=50")
                    found = [lead["id"] for lead in answer.json()["data"]]
                assert answer.status_code == 200, answer.text
                assert len(found) == len(set(found))
                if is_over.wait(PAUSE_S):
                    return
    except BaseException as error:
        faults.append(error)


def is_imported(lead: Expected) -> bool:
    return f"{lead['external_id']}".startswith(PREFIX)


@dataclass
class Imports:
    """Files that a command loads beside the hub; both are forks of one process."""

    source: Source
    folder: Path
    engine: str
    files: int = 0
    storms: int = 0
    broken_off: int = 0
    running: Forked | None = None

    def a_hub(self, token: str) -> Served:
        words = words_of(self.folder, 1, self.engine)
        log = self.folder / "log"
        process = self._run(words, log)
        return once_ready(process, log, token, self.engine)

    def begin(self, random: Random) -> None:
        """Now and then, begin to load another file."""
        self.storms += 1
        if self.storms % EVERY == 1:
            self.files += 1
            rows = [f"{each},{self.files},{each}" for each in self._named(self.files)]
            random.shuffle(rows)
            text = "\n".join(["name,budget,external_id", *rows])
            self._file.write_text(f"{text}\n", "utf-8")
            self.running = self._begun()

    def kill(self) -> None:
        """End a load wherever it is."""
        if self.running is not None and self.running.poll() is None:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()

    def settle(self) -> None:
        """Load what was broken off once more, to its end."""
        if self.running is not None and self.running.returncode != 0:
            # It was killed, or the database's server was.
            self.broken_off += 1
            again = self._begun()
            assert again.wait() == 0, self._log.read_text()
        self.running = None

    def check(self, found: list[Expected]) -> None:
        """Each row of each file became one lead, and was never touched again."""
        files = range(1, self.files + 1)
        rows = sorted((each, file) for file in files for each in self._named(file))
        leads = sorted((lead["external_id"], lead["budget"]) for lead in found)
        assert leads == rows
        assert {lead["version"] for lead in found} <= {1}

    def _named(self, file: int) -> list[str]:
        return [f"{PREFIX}{file}-{row}" for row in range(ROWS)]

    @property
    def _file(self) -> Path:
        return self.folder / f"file-{self.files}.csv"

    @property
    def _log(self) -> Path:
        return self.folder / "import.log"

    def _begun(self) -> Forked:
        words = ["import", f"{self._file}", "--campaign", "362"]
        database = words_of(self.folder, 1, self.engine)[3:5]
        return self._run([*words, *database], self._log)

    def _run(self, words: list[str], log: Path) -> Forked:
        settings: dict[str, Any] = settings_of(self.folder)
        env = dict(os.environ) | settings
        return self.source.run(words, cwd=self.folder, env=env, log=log)
