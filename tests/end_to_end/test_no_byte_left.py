"""A person who is erased is in no byte of what a hub keeps, wherever they had been."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from leadwell import server
from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.cli import main
from leadwell.model.campaign import Campaign
from leadwell.model.token import public_id_of
from leadwell.model.user import Role
from leadwell.server import hub_of
from leadwell.server.outgoing import sending
from leadwell.server.outgoing.ringing import Ringer
from leadwell.server.outgoing.sending import networks_of
from leadwell.settings import Settings
from leadwell.store import accounts, campaigns
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.outgoing import hooks
from leadwell.store.uploads import jobs
from leadwell.testing import FaultServer, Reply
from tests import make
from tests.admin.uploads import upload
from tests.api.test_erasing import contents
from tests.asking import Whole
from tests.desk import Desk, a_user

NAME = "Zebulonquixote"
EMAIL = f"{NAME}@Example.com"
PHONE = "+4551525354"
MARKERS = (NAME.casefold(), PHONE.removeprefix("+45"))
LEADS = "/v2/campaigns/362/leads"
METRICS = "a secret of the operator"
OWN = networks_of("127.0.0.0/8")
"""Where this machine is: a hub sends nothing there unless it is told to."""


@pytest.fixture
def settings(tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A hub that has all its files in one folder."""
    # The server, which all tests share, has its files where they always are.
    make.a_database(tmp_path / "leads.db", engine).close()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(server, "gettempdir", lambda: str(tmp_path / "tmp"))
    given = {
        "LEADWELL_KEY_FILE": str(tmp_path / "key"),
        "LEADWELL_ERASURE_FILE": str(tmp_path / "erasures"),
        "LEADWELL_ALLOW_UNSAFE_DATABASE": "true",
    }
    given["LEADWELL_DATABASE"] = make.url_of(tmp_path / "leads.db", engine)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return Settings(
        database=given["LEADWELL_DATABASE"],
        key_file=given["LEADWELL_KEY_FILE"],
        erasure_file=given["LEADWELL_ERASURE_FILE"],
        allow_unsafe_database=True,
        metrics_token=METRICS,
        public_url="https://hub.example",
    )


@pytest.fixture
def hub(settings: Settings) -> Iterator[Hub]:
    made = hub_of(settings)
    yield made
    made.indexes.close()
    made.database.close()


@pytest.fixture
def desk(hub: Hub, settings: Settings) -> Desk:
    """An administrator at a whole hub, whose account has the campaign 362."""
    account = make.an_account(hub.database)
    make.a_kept_campaign(hub.database, account)
    client = Whole(
        app(hub, beside=server.beside(hub, settings)), base_url=hub.public_url
    )
    return Desk.of(hub, client, a_user(hub, account, Role.ADMINISTRATOR))


def campaign_of(hub: Hub) -> Campaign:
    with hub.database.reading() as connection:
        return campaigns.known(connection, 362)


def files_with(folder: Path, *but: Path) -> list[str]:
    """The files below a folder in which the person stands, in any way of writing."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in but:
            content = path.read_bytes()
            texts = (
                content.decode("utf-8", "ignore"),
                content.decode("utf-16-le", "ignore"),
            )
            if any(each in text.casefold() for text in texts for each in MARKERS):
                found.append(path.name)
    return found


def tell_everywhere(desk: Desk, token: str) -> None:
    """Have the person come in by every way that there is, and be asked for."""

    def ask(method: str, path: str, body: Any = None, **more: str) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Accept": "*/*", **more}
        return desk.client.request(method, path, json=body, headers=headers)

    known = {"name": NAME, "email": EMAIL, "phone": PHONE, "source": "website"}
    more = {
        "website": f"https://{NAME}.example/{NAME}",
        "project-notes": f"{NAME} " * 900,
    }
    more |= {"df_lines": [{"of": NAME}]}
    body = {"fields": known | more, "external_id": f"{NAME}-1"}
    key = {"Idempotency-Key": f"{NAME}-key"}
    for _ in range(2):
        assert ask("POST", LEADS, body, **key).status_code == 201
    assert (
        ask("POST", LEADS, {"fields": known | {"budget": NAME}}, **key).status_code
        == 422
    )
    assert ask("POST", LEADS, {"fields": known, "status": NAME}).status_code == 422
    batch = {
        "leads": [{"fields": known, "external_id": f"{NAME}-{n}"} for n in range(2, 6)]
    }
    batch["leads"].append({"fields": {"name": NAME, "email": NAME}})
    assert ask("POST", f"{LEADS}/batch", batch).status_code == 200
    fields = {"project-notes": f"not {NAME}", "name": "Somebody"}
    assert ask("PATCH", f"{LEADS}/1", {"fields": fields}).status_code == 200
    assert ask("DELETE", f"{LEADS}/2").status_code == 204
    assert ask("POST", f"{LEADS}/3/merge", {"into": 4}).status_code == 200
    asked = [f"email={EMAIL}", f"_q={NAME}", f"name[contains]={NAME}&per_page=1"]
    asked += [
        f"name={NAME}&_sort=name&per_page=1&page=2",
        "per_page=1",
        f"status={NAME}",
    ]
    for query in asked:
        ask("GET", f"{LEADS}?{query}", None)
    for path in ("changes", "digest", f"export?_format=csv&name={NAME}", NAME, "99"):
        ask("GET", f"{LEADS}/{path}", None)
    assert ask("PUT", f"{LEADS}/1", {"fields": known}).status_code == 405


def load_everywhere(desk: Desk, hub: Hub) -> None:
    """Have files hold the person: one that waits, and one whose rows were refused."""
    rows = ["name;email;budget", f"{NAME};{EMAIL};much", f"{NAME};{EMAIL};7"]
    upload(desk, 362, rows).look()
    loaded = upload(desk, 362, rows)
    loaded.look()
    loaded.do("check")
    loaded.do("load")
    with hub.database.reading() as connection:
        assert len(jobs.find_kept(connection, 362)) == 2


def ring_in_vain(desk: Desk, hub: Hub, token: str) -> None:
    """Have a message of a webhook wait, for nobody takes it."""
    with FaultServer(lambda _: Reply(500)) as receiver, ThreadPoolExecutor(1) as pool:
        hub.__dict__["check_receiver"] = partial(sending.check, allowed=OWN)
        given = {"url": f"{receiver.url}/hook", "token": public_id_of(token)}
        page = desk.post("/campaigns/362/webhooks", id="Abcd1234", **given)
        assert page.status_code == 200
        ringer = Ringer(hub, OWN)
        database, campaign = hub.database, campaign_of(hub)
        make.a_lead(database, campaign, fields={"name": NAME, "email": EMAIL})
        for each in ringer.look(pool):
            each.result()
    with database.reading() as connection:
        (hook,) = hooks.find_all(connection, 362)
    assert hook.attempts == 1


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def check_told_nothing(desk: Desk, logged: str) -> None:
    headers = {"Authorization": f"Bearer {METRICS}"}
    figures = desk.client.get("/metrics", headers=headers)
    assert figures.status_code == 200
    assert "'event': 'request'" in logged
    told = (logged + figures.text).casefold()
    assert not [each for each in MARKERS if each in told]


def test_no_byte_is_left_of_who_was_erased(
    hub: Hub,
    desk: Desk,
    tmp_path: Path,
) -> None:
    with hub.database.reading() as connection:
        (account,) = accounts.find_all(connection)
    token = make.a_token(
        hub.database, account, campaign_of(hub), key=hub.key, may_write=True
    )
    with capture_logs() as logged:
        tell_everywhere(desk, token)
        ring_in_vain(desk, hub, token)
        load_everywhere(desk, hub)
    hub.indexes.close()
    backup = tmp_path / "backup.db"
    if isinstance(hub.database, SQLiteDatabase):
        assert run("backup", str(backup)) == 0
        assert "leads.db" in "".join(files_with(tmp_path, backup))
    assert NAME.casefold() in contents(hub.database).casefold()
    assert files_with(tmp_path / "tmp")

    given = ("--email", EMAIL.upper(), "--phone", PHONE)
    assert run("person-data", "erase", *given, "--former", "--yes") == 0

    left = contents(hub.database).casefold()
    assert not [each for each in MARKERS if each in left]
    assert files_with(tmp_path, backup) == []
    check_told_nothing(desk, repr(logged))
    if backup.exists():
        hub.database.close()
        assert files_with(tmp_path, tmp_path / "nothing") == ["backup.db"]
        assert run("restore", str(backup), "--replace") == 0
        assert files_with(tmp_path, backup) == []
