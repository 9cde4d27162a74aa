"""What cannot be served, migrated or copied into: each says what is wrong, and why."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from leadwell.cli import main
from leadwell.store import migrations
from leadwell.store.connection import Connection
from leadwell.store.engines import postgres_checkup
from tests import make, postgres

Run = Callable[..., tuple[int, str]]
COMMANDS = ("serve", "migrate", "copy")
NOBODY = 65_534


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "true")
    monkeypatch.setenv("LEADWELL_PORT", "0")
    for name in ("DATABASE", "KEY_FILE", "ERASURE_FILE", "MIGRATE_URL"):
        monkeypatch.delenv(f"LEADWELL_{name}", raising=False)

    def _run(command: str, address: str) -> tuple[int, str]:
        words = [command, "--database", address]
        if command == "copy":
            words = [command, "--from", "sqlite:///source.db", "--to", address]
        with pytest.raises(SystemExit) as left:
            main(words)
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return int(left.value.code or 0), out + err

    make.a_database(tmp_path / "source.db").close()
    return _run


def _url(folder: Path) -> str:
    return postgres.server().made(folder / "bad.db", template="empty")


def _changed(folder: Path, engine: str, *statements: str) -> str:
    """The address of a database in which somebody has run these."""
    database = make.an_empty_database(folder / "bad.db", engine)

    def job(connection: Connection) -> None:
        for statement in statements:
            connection.run(statement)

    database.write(job).result()
    database.close()
    return make.url_of(folder / "bad.db", engine)


def other(folder: Path, engine: str) -> str:
    return _changed(folder, engine, "CREATE TABLE other (x INTEGER)")


def other_with_migrations(folder: Path, engine: str) -> str:
    made = "CREATE TABLE migration (name TEXT)"
    return _changed(folder, engine, made, "CREATE TABLE account (id INTEGER)")


def newer(folder: Path, engine: str) -> str:
    database = make.a_database(folder / "bad.db", engine)
    database.write(
        lambda c: c.run(
            "INSERT INTO migration (version, applied_at) VALUES (:version, 0)",
            {"version": migrations.newest() + 1},
        )
    ).result()
    database.close()
    return make.url_of(folder / "bad.db", engine)


def before_the_first(folder: Path, engine: str) -> str:
    database = make.a_database(folder / "bad.db", engine)
    database.write(lambda c: c.run("UPDATE migration SET version = 1")).result()
    database.close()
    return make.url_of(folder / "bad.db", engine)


def no_database(folder: Path, engine: str) -> str:
    if engine == "sqlite":
        (folder / "bad.db").write_text("this is no database at all " * 100)
    return make.url_of(folder / "bad.db", engine)


def no_address(folder: Path, engine: str) -> str:
    del folder
    return "sqlite://bad.db" if engine == "sqlite" else "postgresql://a:hunter2%@b/c"


def nobody_listens(folder: Path, engine: str) -> str:
    if engine == "sqlite":
        return f"sqlite:///{folder}/missing/bad.db"
    return "postgresql://hub:hunter2@127.0.0.1:1/leads"


def wrong_password(folder: Path) -> str:
    server = postgres.server()
    server.run("DROP ROLE IF EXISTS guarded")
    server.run("CREATE ROLE guarded LOGIN PASSWORD 'another'")
    return _url(folder).replace("postgres@", "guarded:hunter2@")


def read_only(folder: Path) -> str:
    url = _url(folder)
    name = url.split("/")[3].partition("?")[0]
    set_to = f"ALTER DATABASE {name} SET default_transaction_read_only = on"
    postgres.server().run(set_to)
    return url


def no_rights(folder: Path) -> str:
    server = postgres.server()
    server.run("DROP ROLE IF EXISTS stranger")
    server.run("CREATE ROLE stranger LOGIN")
    return _url(folder).replace("postgres@", "stranger@")


def no_schema(folder: Path) -> str:
    return f"{_url(folder)}&options=-csearch_path%3Dnowhere"


def latin(folder: Path) -> str:
    del folder
    server = postgres.server()
    server.run("DROP DATABASE IF EXISTS latin_1")
    made = "CREATE DATABASE latin_1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    server.run(made)
    return server.url("latin_1")


def _named(
    cases: list[tuple[Callable[..., str], int, str]],
) -> list[ParameterSet]:
    return [pytest.param(*case, id=case[0].__name__) for case in cases]


BAD = [
    (other, 5, "another program"),
    (other_with_migrations, 5, "another program"),
    (newer, 5, "is of a newer Leadwell"),
    (before_the_first, 5, "of before the first release"),
    (no_database, 5, ""),
    (no_address, 2, "address of"),
    (nobody_listens, 5, ""),
]
BAD_SERVERS = [
    (wrong_password, 5, "it refuses the user or the password"),
    (read_only, 5, "read-only mode"),
    (no_rights, 5, "has no right to do this"),
    (no_schema, 5, "no schema to keep tables in"),
    (latin, 5, "has the encoding LATIN1"),
]


@pytest.mark.parametrize("engine", make.ENGINES)
@pytest.mark.parametrize(("made", "code", "said"), _named(BAD))
def test_a_bad_database_is_told_by_every_command(
    run: Run,
    tmp_path: Path,
    engine: str,
    made: Callable[[Path, str], str],
    code: int,
    said: str,
) -> None:
    address = made(tmp_path, engine)
    for command in COMMANDS:
        left, told = run(command, address)
        assert (left, said in told) == (code, True), (command, told)
        assert "; " in told, "what to do next"
        assert "hunter2" not in told


@pytest.mark.parametrize(("made", "code", "said"), _named(BAD_SERVERS))
def test_a_bad_server_is_told_by_every_command(
    run: Run, tmp_path: Path, made: Callable[[Path], str], code: int, said: str
) -> None:
    address = made(tmp_path)
    for command in COMMANDS:
        left, told = run(command, address)
        assert (left, said in told) == (code, True), (command, told)
        assert "; " in told, "what to do next"
        assert "hunter2" not in told


def test_an_old_server_is_told_by_every_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Started first: the tests that follow use it, and could not with this minimum.
    address = _url(tmp_path)
    monkeypatch.setattr(postgres_checkup, "VERSION_MIN", 99)
    for command in COMMANDS:
        left, told = run(command, address)
        assert (left, "the server is PostgreSQL" in told) == (5, True), told


@pytest.fixture(params=[0o755, 0o777], ids=["and-its-folder", "in-a-free-folder"])
def read_only_file(
    run: Run, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A database that this process may read and not write; root may do everything."""
    for command in COMMANDS:
        # What it imports may be where only root may read.
        run(command, "sqlite://bad.db")
    folder = Path(tempfile.mkdtemp())
    monkeypatch.chdir(folder)
    make.a_database(folder / "bad.db").close()
    folder.chmod(request.param)
    (folder / "bad.db").chmod(0o444)
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield f"sqlite:///{folder / 'bad.db'}"
    os.seteuid(before)
    shutil.rmtree(folder)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_file_that_may_only_be_read_is_told(
    run: Run, read_only_file: str, command: str
) -> None:
    left, told = run(command, read_only_file)
    assert (left, "cannot be opened" in told) == (5, True), told
    assert "may be written" in told


def test_the_schema_is_changed_by_another_user_than_the_hubs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, url = postgres.server(), _url(tmp_path)
    hubs = url.replace("postgres@", "small@")
    server.run("DROP ROLE IF EXISTS small")
    server.run("CREATE ROLE small LOGIN")
    owner = make.a_database_again(tmp_path / "bad.db", "postgres")
    rights = "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES"
    owner.write(lambda c: c.run(f"{rights} TO small")).result()
    owner.close()
    left, told = run("migrate", hubs)
    assert (left, "leadwell migrate --migrate-url" in told) == (5, True)

    monkeypatch.setenv("LEADWELL_DATABASE", hubs)
    monkeypatch.setenv("LEADWELL_MIGRATE_URL", url)
    with pytest.raises(SystemExit) as ended:
        main(["migrate"])
    assert not ended.value.code
    with pytest.raises(SystemExit) as ended:
        main(["campaign", "list"])
    assert not ended.value.code
    owner = make.a_database_again(tmp_path / "bad.db", "postgres")
    # Default rights are of the role that gives them: the next test has its own.
    owner.write(lambda c: c.run("DROP OWNED BY small")).result()
    owner.close()
