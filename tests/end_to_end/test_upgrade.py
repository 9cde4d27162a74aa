"""Up from the previous release and back, with the programs of both.

The previous release is the newest tag; before there is one, the state of the sources
whose schema was the first that can be migrated. It is run from its own sources.
"""

import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from leadwell.store import migrations
from tests import make
from tests.mirror import Mirror
from tests.served import Reader, Served, a_hub

pytestmark = pytest.mark.proof
ROOT = Path(__file__).parents[2]
SCRIPTS = "src/leadwell/store/migrations"
HEADER = "name,source\n"


class Said(NamedTuple):
    code: int
    out: str
    err: str


@dataclass
class Release:
    """A program, and the folder in which it is run."""

    folder: Path
    source: Path
    token: str = ""

    @property
    def settings(self) -> dict[str, str]:
        return {
            "LEADWELL_DATABASE": f"sqlite:///{self.folder}/leads.db",
            "PYTHONPATH": str(self.source),
        }

    def run(self, *words: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "leadwell.cli", *words],
            cwd=self.folder,
            env=os.environ | self.settings,
            capture_output=True,
            text=True,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def ran(self, *words: str) -> str:
        said = self.run(*words)
        assert said.code == 0, said
        return said.out

    def add(self, name: str) -> None:
        (self.folder / "leads.csv").write_text(f"{HEADER}{name},website\n")
        self.ran("import", "leads.csv", "--campaign", "362")

    def served(self) -> Served:
        return a_hub(self.folder, self.token, **self.settings)


def _git(*words: str) -> bytes:
    return subprocess.check_output(["git", "-C", ROOT, *words])


def _previous() -> str:
    """The newest tag, or the last state that had the first schema."""
    if _git("rev-parse", "--is-shallow-repository").strip() == b"true":
        pytest.skip("the history of the sources is needed: git fetch --unshallow")
    if tags := _git("tag", "--sort=-creatordate", "--merged", "HEAD~1").split():
        return tags[0].decode()
    first = next(each for each in migrations.known()).name
    added = _git("log", "--format=%H", "--diff-filter=A", "--", f"{SCRIPTS}/{first}")
    assert added, f"no commit adds {first}"
    return f"{added.split()[-1].decode()}~1"


@pytest.fixture
def old(tmp_path: Path) -> Release:
    """The previous release, with a campaign, two leads and a token."""
    source = tmp_path / "previous"
    with tarfile.open(fileobj=io.BytesIO(_git("archive", _previous(), "src"))) as tar:
        tar.extractall(source, filter="data")
    release = Release(tmp_path, source / "src")
    schema = make.a_definition(account="demo")
    (tmp_path / "schema.yaml").write_text(yaml.safe_dump(schema))
    release.ran("campaign", "create", "schema.yaml")
    for name in ("Jane", "Joe"):
        release.add(name)
    made = release.ran(
        *("token", "create", "--campaign", "362", "--name", "West", "--json")
    )
    release.token = json.loads(made)["token"]
    return release


def test_a_hub_goes_up_a_release_and_back(old: Release) -> None:
    new = Release(old.folder, ROOT / "src", old.token)
    mirror, digest = _read(old, None)
    before = mirror.cursor
    assert sorted(mirror.copy) == [1, 2]

    steps = _steps(new)
    if steps:
        _refused(new, "back it up, then run: leadwell migrate")
        _shown(new, steps)
    new.ran("backup", "copy.db")
    new.ran("migrate")
    assert new.run("migrate", "--check").code == 0
    new.ran("doctor", "--deep")
    assert _read(new, mirror)[1] == digest
    assert mirror.cursor
    new.add("Ann")
    _read(new, mirror)
    assert sorted(mirror.copy) == [1, 2, 3]

    if steps:
        _refused(old, "run the release that made it, or a newer one")
    old.ran("restore", "copy.db", "--replace")
    hub = old.served()
    try:
        for cursor, code in ((before, 200), (mirror.cursor, 410)):
            path = f"/v2/campaigns/362/leads/changes?_cursor={cursor}"
            assert hub.get(path).status == code
        afresh = Mirror(Reader(hub), old.token)
        afresh.follow()
        assert sorted(afresh.copy) == [1, 2]
    finally:
        hub.stop()


def _read(release: Release, mirror: Mirror | None) -> tuple[Mirror, str]:
    """Follow the leads from a hub of the release; return what they add up to."""
    hub = release.served()
    try:
        mirror = mirror or Mirror(Reader(hub), release.token)
        mirror.client = Reader(hub)
        mirror.follow()
        return mirror, mirror.get("/digest").json()["digest"]
    finally:
        hub.stop()


def _refused(release: Release, hint: str) -> None:
    """A hub does not start on a database of another release, and changes nothing."""
    kept = (release.folder / "leads.db").read_bytes()
    for words in (("serve", "--port", "0"), ("token", "list", "--campaign", "362")):
        said = release.run(*words)
        assert said.code == 5
        assert "the database has schema version" in said.err
        assert hint in said.err
    assert (release.folder / "leads.db").read_bytes() == kept


def _steps(new: Release) -> list[str]:
    """Return the migrations that the new release has added; it may have none."""
    with closing(sqlite3.connect(new.folder / "leads.db")) as opened:
        ((version,),) = opened.execute("SELECT max(version) FROM migration")
    return [each.name for each in migrations.known() if each.version > version]


def _shown(new: Release, steps: list[str]) -> None:
    """What there is to do is said, and not done."""
    kept = (new.folder / "leads.db").read_bytes()
    assert new.run("migrate", "--check").code == 1
    shown = json.loads(new.ran("migrate", "--dry-run", "--json"))
    assert shown["pending"] == steps
    assert shown["sql"]
    assert (new.folder / "leads.db").read_bytes() == kept
