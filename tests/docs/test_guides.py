"""Every command of these how-to guides is carried out, and says what they show."""

import sys
from pathlib import Path

import pytest

from leadwell.model.lead import JSON
from leadwell.testing import FaultServer, PlainServer
from tests import environments, make, postgres, walks

SERVED = ["get-everything-once", "give-a-vendor-only-his-leads"]
SERVED += ["rotate-a-token", "why-a-token-does-not-see-a-lead", "read-the-audit-log"]
SERVED += ["hide-personal-data"]
SERVED += ["send-to-an-automation-platform", "send-into-a-crm-or-erp"]
SERVED += ["pull-into-a-file-every-night", "run-many-syncs"]
STOPPED = ["back-up-and-restore", "upgrade", "keep-leads-only-so-long"]
STOPPED += ["answer-somebody-who-asks"]


@pytest.mark.proof
@pytest.mark.parametrize("name", [*SERVED, *STOPPED])
def test_every_command_of_the_guide_works(tmp_path: Path, name: str) -> None:
    token = a_hub_with_leads(tmp_path)
    known = {
        "LEADWELL_TOKEN": token,
        "LEADWELL_URL": f"http://127.0.0.1:{walks.PORT}",
        "TOKEN_ID": token.split("_")[1],
    }
    given = None if name in STOPPED else known
    walks.carry_out(f"how-to/{name}.md", tmp_path, given)


@pytest.mark.proof
def test_every_command_of_the_guide_to_other_services_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(PlainServer(250)) as server:
        monkeypatch.setenv("SERVICE", server.url)
        walks.carry_out("how-to/pull-from-another-service.md", tmp_path)


@pytest.mark.proof
def test_every_command_of_the_guide_to_warehouses_works(tmp_path: Path) -> None:
    """The hub is served by this environment; what loads is in one that has dlt."""
    python = environments.python_of("dlt")
    (tmp_path / "packages").mkdir()
    packages = environments.unpacked_leadwell(tmp_path / "packages")
    known = {
        "LEADWELL_TOKEN": a_hub_with_leads(tmp_path),
        "LEADWELL_URL": f"http://127.0.0.1:{walks.PORT}",
        "PATH": f"{tmp_path / 'bin'}:$PATH",
    }
    (tmp_path / "bin").mkdir()
    loading = tmp_path / "bin/leadwell"
    loading.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = serve ] && exec {Path(sys.executable).parent}/leadwell "$@"\n'
        f'PYTHONPATH={packages} exec {python} -m leadwell.cli "$@"\n'
    )
    loading.chmod(0o755)
    walks.carry_out("how-to/load-into-a-warehouse.md", tmp_path, known)


@pytest.mark.proof
def test_every_command_of_the_guide_to_postgresql_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_hub_with_leads(tmp_path)
    url = postgres.server().made(tmp_path / "new.db", template="empty")
    monkeypatch.setenv("NEW", url)
    with postgres.durable(url):
        walks.carry_out("how-to/move-to-postgresql.md", tmp_path)


def a_hub_with_leads(folder: Path) -> str:
    """What `leadwell.db` has when a guide begins; returns a vendor's token."""
    key = make.KEY[:32]
    (folder / "leadwell.db.key").write_text(key.hex())
    database = make.a_database(folder / "leadwell.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    inside: dict[str, JSON] = {"source": "partner-west", "budget": 900}
    make.a_lead(database, campaign, fields=inside)
    make.a_lead(database, campaign)
    token = make.a_token(database, account, campaign, "source=partner-west", key)
    database.close()
    return token
