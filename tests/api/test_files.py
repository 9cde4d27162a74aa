"""Exports as a workbook and as Parquet: the cells of the CSV, with types."""

import sys
from typing import Any

import pytest

from leadwell.sheets import xlsx
from leadwell.store import exports
from tests import make
from tests.copying import a_lead
from tests.sheets import SHEETS, of_csv, plain

URL = "/v2/campaigns/362/leads/export"
each_format = pytest.mark.parametrize("format_", list(SHEETS))


@pytest.fixture
def token(database, account, campaign) -> str:
    make.leads(database, campaign, [a_lead(number) for number in range(40)])
    return make.a_token(database, account, campaign)


@pytest.fixture
def narrow(database, account, campaign, token) -> str:
    return make.a_token(database, account, campaign, "source=website")


def export(client, token: str, **asked: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return client.get(URL, params=asked, headers=headers)


@each_format
@pytest.mark.parametrize("asked", [{}, {"source": "website", "_fields": "name,tags"}])
def test_a_file_has_the_cells_of_the_csv(
    client, token, tmp_path, monkeypatch, format_, asked
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 7)
    answer = export(client, token, _format=format_, **asked)
    assert answer.status_code == 200, answer.text
    path = tmp_path / f"leads.{format_}"
    path.write_bytes(answer.content)
    expected = of_csv(export(client, token, _format="csv", **asked).text)
    assert [*map(plain, SHEETS[format_](path))] == [*map(plain, expected)]
    assert int(answer.headers["leadwell-count"]) == len(expected) - 1
    assert f'filename="leads.{format_}"' in answer.headers["content-disposition"]


@each_format
def test_a_token_with_a_filter_gets_no_other_lead(
    client, narrow, tmp_path, format_
) -> None:
    path = tmp_path / f"leads.{format_}"
    path.write_bytes(export(client, narrow, _format=format_).content)
    names, *leads = SHEETS[format_](path)
    assert len(leads) == 13
    assert {lead[names.index("source")] for lead in leads} == {"website"}


def test_more_leads_than_a_sheet_holds_are_refused(client, token, monkeypatch) -> None:
    monkeypatch.setattr(xlsx, "LEADS_MAX", 39)
    answer = export(client, token, _format="xlsx")
    assert answer.status_code == 400
    assert answer.json()["code"] == "too_many"
    assert "at most 39 leads" in answer.text
    assert "csv-excel, csv, ndjson and parquet" in answer.text
    assert export(client, token, _format="xlsx", id="1,2").status_code == 200


@pytest.mark.parametrize(
    ("format_", "package"), [("xlsx", "xlsxwriter"), ("parquet", "duckdb")]
)
def test_a_hub_that_cannot_write_it_says_what_is_missing(
    client, token, monkeypatch, format_, package
) -> None:
    for name in (package, f"leadwell.sheets.{format_}"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delattr(f"leadwell.sheets.{format_}", raising=False)
    answer = export(client, token, _format=format_)
    assert answer.status_code == 400
    assert "pip install 'leadwell[server,sync]'" in answer.text


@each_format
def test_a_head_tells_the_headers_alone(client, token, format_) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.head(URL, params={"_format": format_}, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["leadwell-count"] == "40"
