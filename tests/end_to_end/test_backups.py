"""A hub is backed up while partners write to it, lost, and put back elsewhere.

On SQLite by `leadwell backup` and `restore`; on PostgreSQL by pg_dump and pg_restore,
as the page says. What was answered before the backup is there, what was erased after it
is gone, readers of before go on, and those of after are told that theirs is lost.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

import pytest

from tests import make, postgres
from tests.digest import digest_of
from tests.mirror import Mirror
from tests.served import Reader, Served, a_folder, a_hub

pytestmark = pytest.mark.proof
LEADS = "/v2/campaigns/362/leads"
WRITERS = 3
BEFORE = 25
"""Leads that are answered before the backup begins; as many come after it."""
PATIENCE_S = 60


@dataclass
class Partners:
    """Some who add leads and change them, one after another, until they are told."""

    hub: Served
    answered: dict[int, int] = field(default_factory=dict)
    """The version that each lead was last answered with."""
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def writing(self) -> Iterator[None]:
        stop = Event()
        threads = [Thread(target=self._write, args=(stop,)) for _ in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _write(self, stop: Event) -> None:
        while not stop.is_set():
            given = {"fields": {"name": "Jane", "source": "website"}}
            lead = self.hub.request("POST", LEADS, json=given).json()["data"]
            self._note(lead["id"], 1)
            path = f"{LEADS}/{lead['id']}"
            changed = self.hub.request("PATCH", path, json={"fields": {"budget": 7}})
            self._note(lead["id"], changed.json()["data"]["metadata"]["version"])

    def _note(self, lead_id: int, version: int) -> None:
        with self._lock:
            self.answered[lead_id] = version

    def now(self) -> dict[int, int]:
        with self._lock:
            return dict(self.answered)

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while len(self.now()) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@dataclass
class Place:
    """Where a hub's database is, and how it is backed up from there."""

    folder: Path
    engine: str

    @property
    def url(self) -> str:
        return make.url_of(self.folder / "leads.db", self.engine)

    @property
    def settings(self) -> dict[str, str]:
        """Key and erasures are kept apart from the database, and outlive it."""
        kept = self.folder.parent / "kept"
        return {
            "LEADWELL_DATABASE": self.url,
            "LEADWELL_KEY_FILE": str(kept / "key"),
            "LEADWELL_ERASURE_FILE": str(kept / "erasures"),
            "LEADWELL_ALLOW_UNSAFE_DATABASE": "true",
        }

    def ran(self, *words: str | Path, code: int | None = 0) -> str:
        command = [sys.executable, "-m", "leadwell.cli", *words]
        done = subprocess.run(
            command,
            env=os.environ | self.settings,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert code in {None, done.returncode}, done.stdout + done.stderr
        return done.stdout

    def back_up(self, file: Path) -> None:
        if self.engine == "sqlite":
            self.ran("backup", file)
        else:
            _postgres("pg_dump", "--format=custom", f"--file={file}", self.url)
            self.ran("backup", "--elsewhere")

    def restore(self, file: Path) -> None:
        if self.engine == "sqlite":
            assert "erased 1 leads again" in self.ran("restore", file)
        else:
            new = postgres.server().made(self.folder / "leads.db", template="empty")
            _postgres("pg_restore", "--no-owner", f"--dbname={new}", file)


def _postgres(program: str, *words: str | Path) -> None:
    path = postgres.server().program(program)
    subprocess.run([path, *words], check=True, capture_output=True)


@dataclass
class Lost:
    """What is known of a hub that is gone."""

    token: str
    file: Path
    """Its backup."""
    before: dict[int, int]
    """What had been answered when the backup began."""
    answered: dict[int, int]
    erased: int
    """A lead of before that was erased after the backup."""
    early: Mirror
    """Has read before the backup."""
    late: Mirror
    """Has read everything."""


@pytest.mark.one_server
def test_what_was_answered_before_a_backup_is_there_after_a_restore(
    tmp_path: Path, engine: str
) -> None:
    old, new = (Place(tmp_path / name, engine) for name in ("old", "new"))
    for folder in (old.folder, new.folder, tmp_path / "kept"):
        folder.mkdir()
    lost = _lost(old, tmp_path / "backup")
    new.restore(lost.file)
    hub = a_hub(new.folder, lost.token, engine=engine, **new.settings)
    try:
        _compare(hub, lost)
    finally:
        hub.kill()
    found = json.loads(new.ran("doctor", "--deep", "--json", code=None))
    states = {finding["what"]: finding["state"] for finding in found}
    # The suite's server does not wait for the disk.
    states.pop("durability")
    assert states.pop("campaign 362") == states.pop("erasures") == "ok"
    assert "fail" not in states.values()


def _lost(place: Place, file: Path) -> Lost:
    """Run a hub, back it up while it is written to, erase a lead, and lose the hub."""
    token = a_folder(place.folder, place.engine)
    shutil.move(place.folder / "leads.db.key", place.settings["LEADWELL_KEY_FILE"])
    hub = a_hub(place.folder, token, engine=place.engine, **place.settings)
    try:
        early, late = (Mirror(Reader(hub), token) for _ in range(2))
        partners = Partners(hub)
        with partners.writing():
            partners.wait_for(BEFORE)
            early.follow()
            before = partners.now()
            place.back_up(file)
            partners.wait_for(len(partners.now()) + BEFORE)
        erased = min(before)
        place.ran("lead", "erase", str(erased), "--campaign", "362", "--yes")
        late.follow()
        assert erased not in late.copy
    finally:
        hub.kill()
    return Lost(token, file, before, partners.answered, erased, early, late)


def _compare(hub: Served, lost: Lost) -> None:
    """What was answered in time is whole, and nothing is there that never was."""
    reader = lost.early.client = Reader(hub)
    assert hub.get(f"{LEADS}/{lost.erased}").status == 404
    answer = reader.get(
        f"{LEADS}/changes",
        params={"_cursor": lost.late.cursor},
        headers={"Authorization": f"Bearer {lost.token}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_lost")
    assert lost.early.follow()["up_to_date"]
    fresh = Mirror(reader, lost.token)
    fresh.follow()
    assert fresh.copy == lost.early.copy
    found = {id_: lead["metadata"]["version"] for id_, lead in fresh.copy.items()}
    assert fresh.get("/digest").json()["digest"] == digest_of(found.items())
    # The lead that the folder began with is nobody's answer.
    del found[1]
    before = {id_: n for id_, n in lost.before.items() if id_ != lost.erased}
    assert found.keys() >= before.keys()
    assert all(found[id_] >= version for id_, version in before.items())
    assert all(version <= lost.answered[id_] for id_, version in found.items())
    assert len(found) < len(lost.answered)
