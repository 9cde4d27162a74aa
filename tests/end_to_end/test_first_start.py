"""A hub that nobody can administrate yet is not reached by others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadwell.cli.app import main
from leadwell.errors import Refused
from leadwell.model.user import Role, User
from leadwell.server import invitations
from leadwell.store.people import users
from tests import make


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_without_an_administrator_others_do_not_reach_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    host: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["serve", "--host", host, "--port", "0"])
    assert left.value.code == 5
    said = capsys.readouterr()
    assert f"at {host} others reach it" in said.err
    assert "LEADWELL_ALLOW_SETUP=true" in said.err
    # No link was made that somebody could use later.
    assert "/setup/" not in said.out + said.err


def test_with_an_administrator_it_is_reached(tmp_path: Path) -> None:
    database = make.a_database(tmp_path / "leads.db")
    account = make.an_account(database)
    with database.reading() as connection, pytest.raises(Refused):
        invitations.check_administrator(connection, "::")
    user = User(account.id, 1, "Sales", "jane@example.com", Role.ADMINISTRATOR)
    database.write(lambda c: users.add(c, user, "a hash", 0)).result()
    with database.reading() as connection:
        invitations.check_administrator(connection, "::")
    database.close()


def test_a_container_may_be_set_up_by_the_link_in_its_log(tmp_path: Path) -> None:
    """As `deploy/Dockerfile` starts it: at every address, with a fresh folder."""
    settings = {
        "LEADWELL_HOST": "0.0.0.0",  # noqa: S104
        "LEADWELL_ALLOW_SETUP": "true",
        "LEADWELL_PORT": "0",
        "LEADWELL_DATABASE_FILE": str(tmp_path / "database"),
    }
    (tmp_path / "database").write_text(f"sqlite:///{tmp_path}/leads.db\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "leadwell.cli", "serve"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | settings,
    )
    try:
        assert process.stderr is not None
        lines = [process.stderr.readline(), process.stderr.readline()]
        assert lines[0].startswith("Leadwell answers at http://0.0.0.0:")
        assert "become the administrator at http://0.0.0.0:" in lines[1]
        assert (tmp_path / "leads.db").exists()
    finally:
        process.terminate()
        process.wait(30)
        assert process.stderr is not None
        process.stderr.close()
