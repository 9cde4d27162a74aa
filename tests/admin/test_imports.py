"""Files of leads, loaded on the pages by who is signed in."""

import csv
import errno
import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest

from leadwell.admin.importing import files
from leadwell.admin.importing.running import Run
from leadwell.api.hub import Limits
from leadwell.errors import NotFound
from leadwell.model.importing import STALE_US, Job, State
from leadwell.model.user import Role
from leadwell.server.upkeep import Upkeep
from leadwell.store import campaigns
from leadwell.store.uploads import jobs
from leadwell.store.writes import parts
from tests import make
from tests.admin.conftest import Sit
from tests.admin.uploads import (
    ROWS,
    Upload,
    an_odd_workbook,
    bodies,
    change,
    counts,
    send,
    upload,
)
from tests.desk import Desk, text_of


def job_of(one: Upload):
    campaign_id, _, import_id = one.path.split("/")[2:5]
    with one.desk.hub.database.reading() as connection:
        return jobs.known(connection, int(campaign_id), int(import_id))


def interrupted(one: Upload, state: State, clock: make.Clock) -> None:
    """Have it stand as a hub leaves it that is killed at its work."""
    job, hub = job_of(one), one.desk.hub
    begun = replace(job, state=state, beat_at=hub.moment)
    assert hub.database.write(lambda c: jobs.beat(c, job, begun)).result()
    clock.now += timedelta(microseconds=STALE_US)


def begun(one: Upload, state: State) -> Job:
    """Have it stand as it does when somebody has begun, and nobody works at it yet."""
    job, hub = job_of(one), one.desk.hub
    return hub.database.write(
        lambda c: jobs.begin(c, job, {job.state}, state, hub.moment)
    ).result()


def test_a_file_is_mapped_checked_loaded_and_undone(desk: Desk, campaign) -> None:
    one = upload(desk, campaign.id, ROWS)
    assert "ase@example.com · not mail" in text_of(one.page)
    assert counts(one.do("check")) | {"Rows read": 3} == {
        "Rows read": 3,
        "New leads": 2,
        "Leads to update, by their external id": 0,
        "Same as before": 0,
        "Refused": 1,
    }
    assert bodies(desk, campaign) == []
    assert "Row 3: 'not mail' is not an e-mail address" in text_of(one.page)
    assert "ase@example.com" in str(job_of(one))
    assert counts(one.do("load"))["Added"] == 2
    # An erasure looks for people in leads, and would not find them there.
    assert "ase@example.com" not in str(job_of(one))
    first, second = bodies(desk, campaign)
    history = desk.get(f"/campaigns/{campaign.id}/leads/{first['id']}")
    assert "The import of leads.csv" in text_of(history)
    assert first["fields"]["name"] == "Åse"
    assert first["fields"]["source"]["slug"] == "partner-west"
    assert second["fields"]["project-notes"] == "skriv"

    again = upload(desk, campaign.id, ROWS)
    assert counts(again.do("check"))["Same as before"] == 2
    assert "Load" not in text_of(again.page)

    change(desk, campaign, second["id"], name="Ib Holm")
    assert "1 lead that it has added is deleted" in text_of(one.look("?undo=1"))
    assert "1 lead stays" in text_of(one.page)
    assert "1 lead is taken back" in text_of(one.do("undo"))
    assert [lead["id"] for lead in bodies(desk, campaign)] == [second["id"]]
    again.do("plan")
    assert counts(again.do("check"))["New leads"] == 1


def test_statuses_and_options_that_are_missing_can_be_added_in_between(
    desk: Desk, campaign
) -> None:
    rows = ["Name,Status,Source", "Ib,lost,partner-west", "Bo,new,partner-moon"]
    one = upload(desk, campaign.id, rows)
    one.do("check")
    told = text_of(one.page)
    assert "The column Status holds choices that the campaign does not have." in told
    assert f'href="/campaigns/{campaign.id}/statuses">Statuses' in one.page.text
    assert f'href="/campaigns/{campaign.id}/selects">Selects' in one.page.text
    assert "No row of it can be loaded." in told
    assert "The other rows can be loaded" not in told


def test_what_was_refused_is_mended_and_loaded_alone(desk: Desk, campaign) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    one.do("load")
    sent = desk.get(f"{one.path}/errors")
    assert sent.headers["content-type"].startswith("text/csv")
    assert 'filename="leads-errors.csv"' in sent.headers["content-disposition"]
    (row,) = csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig")))
    assert (row["_row"], row["_field"]) == ("3", "Mail")
    row["Mail"] = "bo@example.com"
    mended = [",".join(row), ",".join(f'"{cell}"' for cell in row.values())]
    two = upload(desk, campaign.id, mended, name="mended.csv")
    assert "_error" not in two.page.text
    two.do("check")
    assert counts(two.do("load"))["Added"] == 1
    assert len(bodies(desk, campaign)) == 3
    assert desk.get(f"{two.path}/errors").status_code == 404


def test_a_new_field_is_made_only_when_the_file_is_loaded(desk: Desk, campaign) -> None:
    lines = [
        "Navn;Farve;Weight",
        *(f"N{n};{'rød' if n % 2 else 'blå'};{n}" for n in range(40)),
    ]
    one = upload(desk, campaign.id, lines)
    page = one.do("check", column_1="+", column_2="+")
    assert "2 fields are made for it: Farve, Weight." in text_of(page)
    assert counts(page)["New leads"] == 40
    one.do("plan")
    assert text_of(one.do("check")).count("2 fields are made") == 1
    with desk.hub.database.reading() as connection:
        assert campaigns.known(connection, campaign.id).fields == campaign.fields
    one.do("load")
    with desk.hub.database.reading() as connection:
        made = campaigns.known(connection, campaign.id).field_by_slug
    assert (made["farve"].type, made["weight"].type) == ("select", "number")
    assert bodies(desk, campaign)[0]["fields"]["farve"]["label"] == "blå"
    happened = text_of(desk.get(f"/campaigns/{campaign.id}/activity"))
    assert "added the field Farve" in happened
    assert "Import of leads.csv added 40 leads" in happened


def test_a_file_becomes_a_campaign(desk: Desk) -> None:
    lines = [
        "name,job,state",
        *(f"N{n},{'a' if n % 2 else 'b'},new" for n in range(30)),
    ]
    page = send(desk, "/campaigns/import", "\n".join(lines), "Bank 2026.csv")
    assert "Bank 2026" in text_of(page)
    one = Upload(desk, page)
    one.do("check")
    assert counts(one.do("load"))["Added"] == 30
    with desk.hub.database.reading() as connection:
        found = campaigns.find_page(connection).items
    (shown,) = [each for each in found if each.name == "Bank 2026"]
    assert [field.type for field in shown.fields] == ["text", "select"]
    assert [status.slug for status in shown.statuses] == ["new"]
    assert bodies(desk, shown)[0]["status"]["slug"] == "new"
    taken = send(desk, "/campaigns/import", "\n".join(lines), title="Bank 2026")
    assert taken.status_code == 422
    assert "has a campaign" in text_of(taken)
    assert kept(desk) == []


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "", "no file was chosen"),
        (b"", "empty.csv", "empty.csv is empty"),
        (b"\x89PNG\r\n", "x.csv", "x.csv is a PNG image"),
        (b"PK\x03\x04 nothing", "x.xlsx", "damaged"),
        (b"name\n", "x.csv", "no rows"),
        (b"1,2\n3,4\n", "x\x01../../y.csv", "holds values, not names"),
    ],
)
@pytest.mark.parametrize("path", ["/campaigns/362/import", "/campaigns/import"])
def test_what_is_no_table_is_told_and_not_kept(
    desk: Desk, path: str, content: bytes, name: str, said: str
) -> None:
    page = send(desk, path, content, name)
    assert page.status_code == 422
    assert said in text_of(page)
    assert 'role="alert"' in page.text
    assert kept(desk) == []


def kept(desk: Desk) -> list[str]:
    folder = desk.hub.uploads
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_formulas_merged_cells_and_dates_of_a_workbook(
    desk: Desk, campaign, tmp_path
) -> None:
    raw = an_odd_workbook(tmp_path / "odd.xlsx")
    page = send(desk, f"/campaigns/{campaign.id}/import", raw, "odd.xlsx")
    one = Upload(desk, page)
    assert counts(one.do("check"))["New leads"] == 2
    one.do("load")
    first, second = (lead["fields"] for lead in bodies(desk, campaign))
    assert (first["budget"], first["follow-up"]) == (3, "2026-11-29")
    assert (second["name"], second["budget"]) == ("Bo", None)
    assert "Row 3: name is required" in text_of(one.page)
    assert "Row 5: '45000' is not a date" in text_of(one.page)


def test_a_workbook_that_unpacks_to_too_much_is_refused(desk: Desk, campaign) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        cell = '<row r="1048576"><c r="XFD1048576"/></row>'
        archive.writestr("xl/worksheets/sheet1.xml", cell)
    path = f"/campaigns/{campaign.id}/import"
    page = send(desk, path, packed.getvalue(), "bomb.xlsx")
    assert page.status_code == 422
    assert "more cells than can be held" in text_of(page)


def test_the_letters_and_the_delimiter_can_be_named(desk: Desk, campaign) -> None:
    raw = "Navn|Note\nÅse|a;b\nBo|c;d\n".encode("cp1252")
    page = send(desk, f"/campaigns/{campaign.id}/import", raw)
    one = Upload(desk, page)
    one.do("read", encoding="iso-8859-15", delimiter=";")
    assert "Navn|Note" in text_of(one.page)
    one.do("read", encoding="nonsense", delimiter="|")
    assert "Åse · Bo" in text_of(one.page)
    assert one.do("read", encoding="utf-8").status_code == 422


def test_what_was_chosen_wrongly_is_told_with_all_that_was_chosen(
    desk: Desk, campaign
) -> None:
    one = upload(desk, campaign.id, ROWS)
    twice = one.do("check", column_0="email")
    assert twice.status_code == 422
    assert "'Navn' and 'Mail' go to the same field" in text_of(twice)
    out = {f"column_{n}": "-" for n in range(5)}
    nothing = one.do("check", **out)
    assert "every column is left out" in text_of(nothing)
    assert one.do("check", column_0="nonsense").status_code == 422
    assert one.do("nonsense").status_code == 400
    assert one.look().status_code == 200


def test_an_import_that_was_broken_off_is_gone_on_with(
    desk: Desk, campaign, clock: make.Clock
) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    interrupted(one, State.CHECKING, clock)
    assert "This was interrupted" in text_of(one.look())
    assert "interrupted" in text_of(desk.get(f"/campaigns/{campaign.id}/import"))
    one.do("plan")
    one.do("check")
    interrupted(one, State.LOADING, clock)
    assert "Go on" in text_of(one.look())
    assert counts(one.do("load"))["Added"] == 2
    interrupted(one, State.UNDOING, clock)
    assert "Go on taking back" in text_of(one.look())
    assert "2 leads are taken back" in text_of(one.do("undo"))


def test_what_an_earlier_run_has_added_counts_as_added(
    desk: Desk, campaign, clock: make.Clock
) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    hub, job = desk.hub, job_of(one)
    Run(
        hub,
        hub.database.write(
            lambda c: jobs.begin(c, job, {State.CHECKED}, State.LOADING, hub.moment)
        ).result(),
        desk.user.person_id,
    )._load()
    files.keep(hub, "x.csv", io.BytesIO("\n".join(ROWS).encode()))
    (hub.uploads / kept(desk)[0]).rename(hub.uploads / job.file)
    clock.now += timedelta(microseconds=STALE_US)
    page = one.do("load")
    assert counts(page)["Added"] == 2
    assert counts(page)["Same as before"] == 0


def test_a_file_that_is_loaded_in_part_is_not_read_otherwise(
    desk: Desk, campaign
) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    # The hub stops after the first rows, and somebody does not want the others then.
    desk.hub.works.stopping.set()
    Run(desk.hub, begun(one, State.LOADING), desk.user.person_id)()
    desk.hub.works.stopping.clear()
    one.do("stop")
    assert len(bodies(desk, campaign)) == 2
    assert "Change where columns go" not in text_of(one.look())
    for again in ("plan", "read"):
        assert "undo the import first" in text_of(one.do(again))
    one.do("load")
    assert len(bodies(desk, campaign)) == 2


def test_an_import_is_stopped_and_gone_on_with(desk: Desk, campaign) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    person = desk.user.person_id
    run = Run(desk.hub, begun(one, State.LOADING), person)
    shown = desk.get(one.path)
    assert 'hx-trigger="every 1s"' in shown.text
    assert "<progress" in shown.text
    refused = desk.submit(one.path, {"do": "load"})
    assert refused.status_code == 422
    assert "this import has gone on" in text_of(refused)
    one.do("stop")
    run()
    assert job_of(one).state is State.STOPPED
    assert bodies(desk, campaign) == []
    assert "The import was stopped" in text_of(one.look())
    assert counts(one.do("load"))["Added"] == 2
    one.do("undo")

    two = upload(desk, campaign.id, ROWS)
    run = Run(desk.hub, begun(two, State.CHECKING), person)
    two.do("stop")
    run()
    assert job_of(two).state is State.UPLOADED


def test_a_hub_that_stops_leaves_an_import_to_be_gone_on_with(
    desk: Desk, campaign, clock: make.Clock
) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    desk.hub.works.stop()
    one.do("load")
    assert job_of(one).state is State.LOADING
    clock.now += timedelta(microseconds=STALE_US)
    assert "This was interrupted" in text_of(one.look())


def test_an_import_that_fails_says_why(
    desk: Desk, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    folder = desk.hub.uploads
    (held,) = [name for name in kept(desk) if not name.endswith("errors.csv")]
    (folder / held).rename(folder / "away")
    assert "the hub has leads.csv no more" in text_of(one.do("load"))
    (folder / "away").rename(folder / held)

    for fault, said in (
        (OSError(errno.ENOSPC, "No space left on device"), "has no room"),
        (OSError(errno.EIO, "Input/output error"), "could not go on"),
        (RuntimeError("something else"), "could not go on"),
    ):
        # The row that is refused cannot be written.
        monkeypatch.setattr("csv.writer", raising(fault))
        assert said in text_of(one.do("load"))
        monkeypatch.undo()
    assert counts(one.do("load"))["Added"] == 2


def raising(fault: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise fault

    return fail


def test_a_field_that_is_removed_meanwhile_is_told(desk: Desk, campaign) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    name = parts.Name(parts.Kind.FIELD, "email")
    desk.hub.database.write(lambda c: parts.remove(c, campaign.id, name)).result()
    page = one.do("load")
    assert "no field 'email'" in text_of(page)
    one.do("plan")
    assert one.do("check").status_code == 422
    one.do("check", column_1="-")
    assert counts(one.do("load"))["Added"] == 3


def test_a_disk_that_is_full_is_told_and_nothing_is_left(
    desk: Desk, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("shutil.copyfileobj", raising(full))
    one = upload(desk, campaign.id, ROWS)
    assert one.page.status_code == 422
    assert "the hub has no room for the file" in text_of(one.page)
    assert kept(desk) == []


def test_a_file_that_nobody_goes_on_with_is_let_go(desk: Desk, campaign) -> None:
    upload(desk, campaign.id, ROWS)
    (name,) = kept(desk)
    os.utime(desk.hub.uploads / name, (0, 0))
    upload(desk, campaign.id, ROWS)
    Upkeep(desk.hub)._look()
    assert len(kept(desk)) == 1
    assert name not in kept(desk)
    assert (desk.hub.uploads / kept(desk)[0]).stat().st_mode & 0o777 == 0o600


def test_rows_on_their_way_are_not_loaded_behind_an_undo(desk: Desk, campaign) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    loader = Run(desk.hub, begun(one, State.LOADING), desk.user.person_id)
    for what in ("stop", "undo"):
        one.do(what)
    assert job_of(one).state is State.UNDONE
    loader()
    assert bodies(desk, campaign) == []
    assert job_of(one).state is State.UNDONE


def test_what_stood_in_a_file_is_forgotten_with_the_file(
    desk: Desk, campaign, clock: make.Clock
) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    upkeep = Upkeep(desk.hub)
    upkeep._look()
    assert "not mail" in str(job_of(one))
    clock.now += timedelta(seconds=files.KEPT_S + 1)
    Upkeep(desk.hub)._look()
    one.desk = Desk.of(desk.hub, desk.client, desk.user)
    held = job_of(one)
    assert "not mail" not in str(held)
    assert (held.file, held.file_name) == ("", "leads.csv")
    assert counts(one.look())["New leads"] == 2
    assert "choose it once more" in text_of(one.do("load"))
    one.do("undo")
    assert job_of(one).state is State.UNDONE


def test_a_folder_of_somebody_else_is_left_alone(
    desk: Desk, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = desk.hub.uploads
    folder.mkdir(exist_ok=True)
    (folder / "old").touch()
    os.utime(folder / "old", (0, 0))
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    page = send(desk, f"/campaigns/{campaign.id}/import", "name\nBo\n")
    assert "belongs to somebody else" in text_of(page)
    Upkeep(desk.hub)._look()
    assert (folder / "old").exists()


def test_only_administrators_load_files(sit: Sit, desk: Desk, campaign) -> None:
    one = upload(desk, campaign.id, ROWS)
    member = sit(Role.MEMBER, campaign)
    for path in (one.path, f"/campaigns/{campaign.id}/import", f"{one.path}/errors"):
        assert member.get(path).status_code == 403
    assert upload(member, campaign.id, ROWS).page.status_code == 403
    assert send(member, "/campaigns/import", "x").status_code == 403
    assert member.submit(one.path, {"do": "check"}).status_code == 403
    assert "Import" not in text_of(member.get("/campaigns"))


def test_an_import_belongs_to_its_campaign(desk: Desk, campaign, account) -> None:
    one = upload(desk, campaign.id, ROWS)
    make.a_kept_campaign(desk.hub.database, account, slug="other", id=363)
    elsewhere = one.path.replace("362", "363")
    assert desk.get(elsewhere).status_code == 404
    assert desk.get(f"{elsewhere}/errors").status_code == 404
    assert desk.submit(elsewhere, {"do": "check"}).status_code == 404


def test_a_form_of_another_site_uploads_nothing(desk: Desk, campaign) -> None:
    path = f"/campaigns/{campaign.id}/import"
    desk.client.headers["Sec-Fetch-Site"] = "cross-site"
    assert send(desk, path, "name\nÅse\n").status_code == 403
    desk.client.headers["Sec-Fetch-Site"] = "same-origin"
    assert send(desk, path, "name\nÅse\n", _word="").status_code == 403
    assert kept(desk) == []


def test_who_is_not_signed_in_any_more_is_told_to_choose_the_file_again(
    desk: Desk, campaign, clock: make.Clock
) -> None:
    clock.now += timedelta(hours=13)
    one = upload(desk, campaign.id, ROWS)
    assert one.page.status_code == 401
    assert "The file has to be chosen again" in text_of(one.page)
    assert kept(desk) == []


def test_a_file_may_be_larger_than_other_bodies_but_not_of_any_size(
    desk: Desk, campaign
) -> None:
    desk.hub.__dict__["limits"] = Limits(body_bytes_max=1_000, upload_bytes_max=50_000)
    path = f"/campaigns/{campaign.id}/import"
    assert send(desk, path, "name\n" + "Åse\n" * 5_000).status_code == 200
    assert send(desk, path, "name\n" + "Åse\n" * 20_000).status_code == 413
    assert desk.submit("/campaigns", {"name": "x" * 2_000}).status_code == 413
    assert len(kept(desk)) == 1


def test_an_upload_that_is_cut_off_leaves_nothing(desk: Desk, campaign) -> None:
    head = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\nname\n"
    )
    sent = iter(
        [
            {"type": "http.request", "body": head, "more_body": True},
            {"type": "http.request", "body": b"x" * 2_000_000, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    answers: list[object] = []
    cookie = "; ".join(f"{k}={v}" for k, v in desk.client.cookies.items())
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/campaigns/{campaign.id}/import",
        "raw_path": b"",
        "query_string": b"",
        "headers": [
            (b"host", b"hub.example"),
            (b"accept", b"text/html"),
            (b"cookie", cookie.encode()),
            (b"content-type", b"multipart/form-data; boundary=x"),
        ],
    }

    async def receive():
        return next(sent)

    async def send_(message: object) -> None:
        answers.append(message)

    anyio.run(desk.client.app, scope, receive, send_)
    assert answers == []
    assert kept(desk) == []


def test_an_import_that_there_is_not_is_not_found(desk: Desk, campaign) -> None:
    assert desk.get(f"/campaigns/{campaign.id}/import/99").status_code == 404
    with desk.hub.database.reading() as connection, pytest.raises(NotFound):
        jobs.known(connection, campaign.id, 99)


def test_a_name_is_shortened_and_is_no_path() -> None:
    assert files.shown_name("C:\\Users\\ann\\leads.csv") == "leads.csv"
    assert files.shown_name("../../etc/passwd") == "passwd"
    assert files.shown_name("") == "file"
    assert len(files.shown_name("x" * 999 + ".csv")) == files.NAME_CHARACTERS_MAX
