"""The same commands on PostgreSQL, and what they say when it cannot be used."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from leadwell.store import migrations
from tests import make, postgres
from tests.cli.saying import Run, runs


@pytest.fixture
def url(tmp_path: Path) -> str:
    return postgres.server().made(tmp_path / "commands.db", template="empty")


@pytest.fixture
def run(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_DATABASE", url)
    monkeypatch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "true")
    monkeypatch.delenv("LEADWELL_KEY_FILE", raising=False)

    return runs(capfd)


def test_a_hub_is_set_up_looked_after_and_filled(run: Run, tmp_path: Path) -> None:
    (tmp_path / "schema.yaml").write_text(
        yaml.safe_dump(make.a_definition(account="demo"))
    )
    (tmp_path / "leads.csv").write_text("name,budget\nJane,1\nJoe,2\n")
    code, _, err = run("campaign", "list")
    assert (code, "is empty" in err) == (5, True)

    assert run("campaign", "create", "schema.yaml")[:2] == (0, "362\n")
    loaded = run("import", "leads.csv", "--campaign", "362", "--json")
    assert json.loads(loaded[1])["added"] == 2
    assert run("token", "create", "--campaign", "362", "--name", "T")[0] == 0
    # There is no file beside which the key could lie.
    assert (tmp_path / "leadwell.key").exists()
    assert json.loads(run("migrate", "--json")[1])["after"] == migrations.newest()

    found = json.loads(run("doctor", "--json")[1])
    states = {each["what"]: each["state"] for each in found}
    # The test's server does not wait for the disk, and the doctor says so.
    assert states.pop("durability") == "fail"
    # Of several hubs, each would note erasures in a folder of its own.
    assert states.pop("erasures") == "warn"
    assert set(states.values()) == {"ok"}
    assert "PostgreSQL" in next(e["said"] for e in found if e["what"] == "server")


def test_all_hubs_have_one_key(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schema.yaml").write_text(
        yaml.safe_dump(make.a_definition(account="demo"))
    )
    (tmp_path / "other.key").write_text("ab" * 32)
    run("campaign", "create", "schema.yaml")
    token = ("token", "create", "--campaign", "362", "--name", "T")
    assert run(*token)[0] == 0

    monkeypatch.setenv("LEADWELL_KEY_FILE", "missing.key")
    code, _, err = run(*token)
    assert (code, "has a key already" in err) == (5, True)
    # None is made that every hub would refuse.
    assert not (tmp_path / "missing.key").exists()

    monkeypatch.setenv("LEADWELL_KEY_FILE", "other.key")
    code, _, err = run(*token)
    assert (code, "--forget-key" in err) == (5, True)
    found = {x["what"]: x for x in json.loads(run("doctor", "--json")[1])}
    assert "other.key is not that of" in found["database"]["said"]
    assert run("migrate", "--forget-key", "--dry-run")[0] == 0
    assert run(*token)[0] == 5
    assert run("migrate", "--forget-key")[0] == 0
    assert run(*token)[0] == 0
    monkeypatch.delenv("LEADWELL_KEY_FILE")
    assert run(*token)[0] == 5


def test_the_doctor_tells_of_replicas(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schema.yaml").write_text(
        yaml.safe_dump(make.a_definition(account="demo"))
    )
    run("campaign", "create", "schema.yaml")
    monkeypatch.setenv("LEADWELL_ERASURE_FILE", "shared.erasures")
    away = "postgresql://hub:hunter2@/x?host=/no/such/folder"
    itself = postgres.server().url("ready")
    monkeypatch.setenv("LEADWELL_DATABASE_REPLICAS", f"{away}, {itself},")
    out = run("doctor", "--json")[1]
    assert "hunter2" not in out
    told = [x["said"] for x in json.loads(out) if x["what"] == "replica"]
    assert "nothing listens there" in told[0]
    assert "it takes writes of its own" in told[1]
    assert len(told) == 2


@pytest.mark.parametrize(
    ("database", "replicas", "said"),
    [
        ("sqlite:///leads.db", "postgresql://replica/leads", "has no replicas"),
        ("", "sqlite:///replica.db", "has no replicas, and is none"),
        ("", "postgresql://hub:hunter2%@host/x", "cannot be read"),
    ],
)
def test_what_can_be_no_replica_is_refused(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    replicas: str,
    said: str,
) -> None:
    (tmp_path / "schema.yaml").write_text(
        yaml.safe_dump(make.a_definition(account="demo"))
    )
    if database:
        monkeypatch.setenv("LEADWELL_DATABASE", database)
    run("campaign", "create", "schema.yaml")
    monkeypatch.setenv("LEADWELL_DATABASE_REPLICAS", replicas)
    code, out, err = run("doctor")
    assert code == 1
    assert said in out
    assert "hunter2" not in out + err


def test_an_unsafe_server_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "false")
    code, _, err = run("campaign", "list")
    assert (code, "fsync is off" in err) == (5, True)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://hub:hunter2@127.0.0.1:1/leads",
        "postgres://hub:hunter2@127.0.0.1:1/leads",
        "postgresql://hub:hunter2%@127.0.0.1/leads",
        "postgrsql://hub:hunter2@127.0.0.1/leads",
        "mysql://127.0.0.1/leads?password=hunter2",
    ],
)
def test_a_wrong_address_is_told_without_its_password(run: Run, address: str) -> None:
    code, out, err = run("campaign", "list", "--database", address)
    assert code in {2, 5}
    assert "hunter2" not in out + err
    assert err
    assert "hunter2" not in run("doctor", "--database", address)[1]


def test_without_the_extra_the_command_names_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "leadwell.store.engines.postgres"
    monkeypatch.delattr("leadwell.store.engines.postgres")
    monkeypatch.setitem(sys.modules, name, None)
    code, _, err = run("campaign", "list")
    assert (code, "pip install 'leadwell[server,postgres]'" in err) == (2, True)
