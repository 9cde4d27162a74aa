"""Exports: complete, resumable, and harmless in a spreadsheet."""

import csv
import io
import json
from typing import Any

import pytest

from leadwell.store import exports
from tests import make
from tests.digest import digest_of
from tests.mirror import Mirror

URL = "/v2/campaigns/362/leads/export"


@pytest.fixture
def token(database, account, campaign) -> str:
    for number in range(30):
        source = "partner-west" if number % 3 else "website"
        fields = {"name": f"Lead {number}", "source": source, "tags": ["a", "b"]}
        make.a_lead(database, campaign, fields=fields)
    return make.a_token(database, account, campaign, "source=partner-west")


def export(client, token: str, **asked: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return client.get(URL, params=asked, headers=headers)


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def test_an_export_holds_every_visible_lead_and_says_that_it_is_whole(
    client, token, monkeypatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 7)
    answer = export(client, token)
    *leads, end = lines(answer)
    listed = Mirror(client, token).get("", per_page=1000).json()["data"]
    assert leads == listed
    assert end["count"] == len(leads) == 20 == int(answer.headers["leadwell-count"])
    pairs = [(lead["id"], lead["metadata"]["version"]) for lead in leads]
    assert end["digest"] == digest_of(pairs)
    assert end["cursor"] == answer.headers["leadwell-cursor"]


def test_the_feed_goes_on_where_an_export_began(
    client, token, database, account, campaign
) -> None:
    answer = export(client, token)
    writer = make.a_token(database, account, campaign, may_write=True)
    headers = {"Authorization": f"Bearer {writer}"}
    client.delete("/v2/campaigns/362/leads/2", headers=headers)
    moved = {"fields": {"source": "website"}}
    client.patch("/v2/campaigns/362/leads/3", json=moved, headers=headers)
    make.a_lead(database, campaign, fields={"source": "partner-west"})
    mirror = Mirror(client, token, cursor=answer.headers["leadwell-cursor"])
    mirror.copy = {lead["id"]: lead for lead in lines(answer)[:-1]}
    assert mirror.step()["up_to_date"]
    listed = mirror.get("", per_page=1000).json()["data"]
    assert mirror.copy == {lead["id"]: lead for lead in listed}


def test_an_export_that_broke_off_goes_on_behind_the_last_lead(client, token) -> None:
    whole = export(client, token)
    *leads, end = lines(whole)
    cursor = whole.headers["leadwell-cursor"]
    rest = export(client, token, _cursor=cursor, _after=leads[11]["id"])
    *further, part = lines(rest)
    assert leads[12:] == further
    assert part["count"] == 8
    assert part["digest"] == digest_of(
        (lead["id"], lead["metadata"]["version"]) for lead in leads[12:]
    )
    assert end["count"] == 20


def test_csv_has_a_column_for_each_field(client, token) -> None:
    answer = export(client, token, _format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 20
    assert rows[0]["name"] == "Lead 1"
    assert (rows[0]["status"], rows[0]["source"]) == ("new", "partner-west")
    assert rows[0]["tags"] == "a,b"
    assert rows[0]["budget"] == ""
    fewer = export(client, token, _format="csv", _fields="name")
    assert fewer.text.splitlines()[0] == "id,name,created_at,updated_at,version"


def test_a_field_may_have_the_name_of_a_column(client, database, account) -> None:
    campaign = make.a_kept_campaign(
        database,
        account,
        fields=[
            {"slug": "version", "label": "Version", "type": "text"},
            {"slug": "extra", "label": "Extra", "type": "json"},
        ],
    )
    given = {"version": "seven", "extra": {"slug": "a", "n": 1}}
    make.leads(database, campaign, [{"fields": given}])
    token = make.a_token(database, account, campaign)
    text = export(client, token, _format="csv").text
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["field.version"], row["version"]) == ("seven", "1")
    assert row["extra"] == '{"slug":"a","n":1}'


@pytest.mark.parametrize("name", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3"])
def test_a_spreadsheet_runs_nothing_that_a_stranger_wrote(
    client, database, account, campaign, name: str
) -> None:
    make.a_lead(database, campaign, fields={"name": name, "budget": -5})
    token = make.a_token(database, account, campaign)
    excel = export(client, token, _format="csv-excel").content
    assert excel.startswith(b"\xef\xbb\xbf")
    text = excel.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text), delimiter=";")
    assert row["name"] == f"'{name}"
    assert row["budget"] == "-5"
    plain = export(client, token, _format="csv").text
    assert next(csv.DictReader(io.StringIO(plain)))["name"] == name


def test_what_cannot_be_exported_is_said(client, token) -> None:
    refused = export(client, token, _format="xml")
    assert refused.status_code == 400
    formats = ["ndjson", "csv", "csv-excel", "xlsx", "parquet"]
    assert refused.json()["errors"][0]["allowed"] == formats
    assert export(client, token, _after="5").status_code == 400
    assert export(client, token, page="2").status_code == 400
    cursor = make.almost(export(client, token).headers["leadwell-cursor"][:-1]) + "x"
    assert export(client, token, _cursor=cursor).json()["code"] == "invalid_query" or (
        export(client, token, _cursor=cursor).json()["code"] == "invalid_cursor"
    )


def test_an_export_of_nothing_is_whole_too(client, database, account, campaign) -> None:
    token = make.a_token(database, account, campaign, "source=website")
    (end,) = lines(export(client, token))
    assert (end["_end"], end["count"], end["digest"]) == (True, 0, "0" * 32)


def test_a_lead_that_leaves_or_comes_meanwhile_is_left_to_the_feed(
    client, token, partner, monkeypatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 5)
    honest = exports.read
    leaves, comes = 29, 31
    sizes: list[int] = []

    def read(connection, found, query, ids):
        leads = honest(connection, found, query, ids)
        sizes.append(len(leads))
        if len(sizes) == 1:
            # Between two chunks, and what leaves is of the last one.
            moved = partner.change(leaves, {"fields": {"source": "website"}})
            assert moved.status_code == 200
            assert partner.add(source="partner-west")["id"] == comes
        return leads

    monkeypatch.setattr(exports, "read", read)
    answer = export(client, token)
    *leads, end = lines(answer)
    ids = [number + 1 for number in range(30) if number % 3]
    assert ids[-1] == 30
    assert [lead["id"] for lead in leads] == [i for i in ids if i != leaves]
    assert (end["count"], int(answer.headers["leadwell-count"])) == (19, 20)
    assert sizes == [5, 5, 5, 4]

    mirror = Mirror(client, token, cursor=answer.headers["leadwell-cursor"])
    mirror.copy = {lead["id"]: lead for lead in leads}
    told = {change["id"]: change["op"] for change in mirror.step()["data"]}
    assert told == {leaves: "remove", comes: "upsert"}
    listed = mirror.get("", per_page=1000).json()["data"]
    assert mirror.copy == {lead["id"]: lead for lead in listed}
