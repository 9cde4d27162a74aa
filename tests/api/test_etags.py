"""`ETag` and `If-None-Match` of pages and of single leads (CONTRACT §3)."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from leadwell.schema import querystring, question
from leadwell.store import accounts, campaigns, filters
from leadwell.store.connection import Connection
from leadwell.store.writes import chores
from tests import make
from tests.writer import Office, Writer, code

WEST, NORTH = {"source": "partner-west"}, {"source": "partner-north"}


def tag_of(writer: Writer, path: str = "") -> str:
    answer = writer.get(path)
    assert answer.status_code == 200, answer.text
    tag: str = answer.headers["etag"]
    return tag


def test_an_unchanged_page_is_a_304_with_the_headers_of_the_page(
    partner: Writer,
) -> None:
    partner.add()
    for path in ("", "?status=new&per_page=1", "?page=7", "?_cursor=start", "/1"):
        full = partner.get(path)

        answer = partner.get(path, if_none_match=full.headers["etag"])

        assert (answer.status_code, answer.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "leadwell-schema-version"):
            assert answer.headers[name] == full.headers[name]
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "Authorization" in answer.headers["vary"]
        assert "content-type" not in answer.headers
        assert "x-request-id" in answer.headers


@pytest.mark.parametrize(
    "form", ["{}", "*", ' "x" , {} ', 'W/"x",{}', "{},{}", "W/{}", "strong"]
)
def test_if_none_match_compares_weakly(partner: Writer, form: str) -> None:
    partner.add()
    for path in ("", "/1"):
        tag = tag_of(partner, path)
        opaque = tag.removeprefix("W/")
        given = form.replace("{}", opaque) if form != "strong" else opaque

        assert partner.get(path, if_none_match=given).status_code == 304


@pytest.mark.parametrize("given", ["", "x", '"x"', '"', 'W/""', '"*"'])
def test_another_tag_is_answered_in_full(partner: Writer, given: str) -> None:
    partner.add()

    for path in ("", "/1"):
        assert partner.get(path, if_none_match=given).status_code == 200


def test_two_lines_of_tags_are_one_list(partner: Writer) -> None:
    tag = tag_of(partner)
    lines = [("If-None-Match", '"x"'), ("If-None-Match", tag)]
    headers = [("Authorization", f"Bearer {partner.token}"), *lines]

    answer = partner.client.get("/v2/campaigns/362/leads", headers=headers)

    assert answer.status_code == 304


def test_a_head_has_the_tag_of_its_page(partner: Writer) -> None:
    partner.add()
    for path in ("", "/1"):
        tag = tag_of(partner, path)
        assert partner.ask("HEAD", path).headers["etag"] == tag
        answer = partner.ask("HEAD", path, if_none_match=tag)
        assert answer.status_code == 304


# ── What changes a tag, and what does not ───────────────────────────────────────


def test_what_lies_outside_the_scope_changes_no_tag(office: Office) -> None:
    everyone, west = office.writer(), office.writer("source=partner-west")
    everyone.add(**WEST)
    everyone.add(**NORTH)
    tags = [tag_of(west, path) for path in ("", "?status=new", "/1")]

    everyone.add("x", **NORTH)
    everyone.change(2, {"status": "won"})
    everyone.merge(3, 2)
    everyone.remove(2)
    everyone.batch({"fields": {"name": "a"}}, {})
    office.writer()

    assert [tag_of(west, path) for path in ("", "?status=new", "/1")] == tags


CHANGES: list[Callable[[Writer], Any]] = [
    lambda w: w.add(**WEST),
    lambda w: w.change(1, {"fields": {"name": "b"}}),
    lambda w: w.change(1, {"status": "won"}),
    lambda w: w.change(1, {"external_id": "y"}),
    lambda w: w.change(1, {"fields": NORTH}),
    lambda w: w.change(3, {"fields": WEST}),
    lambda w: w.remove(2),
    lambda w: w.merge(1, 2),
    lambda w: w.merge(1, 3),
    lambda w: w.batch({"fields": {"name": "b", **WEST}}),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_every_visible_change_changes_the_tag(office: Office, number: int) -> None:
    everyone, west = office.writer(), office.writer("source=partner-west")
    for fields in (WEST, WEST, NORTH):
        everyone.add(**fields)
    tags = [tag_of(writer) for writer in (everyone, west)]

    CHANGES[number](everyone)

    for writer, tag in zip((everyone, west), tags, strict=True):
        assert tag_of(writer) != tag
        assert writer.get(if_none_match=tag).status_code == 200


def test_a_change_that_is_undone_is_another_state(partner: Writer) -> None:
    partner.add()
    seen = {tag_of(partner), tag_of(partner, "/1")}

    for status in ("won", "new"):
        partner.change(1, {"status": status})
        seen |= {tag_of(partner), tag_of(partner, "/1")}

    assert len(seen) == 6


def test_a_renamed_label_changes_the_tag(office: Office) -> None:
    writer = office.writer()
    writer.add(**WEST)
    guard = tag_of(writer, "/1")
    seen = {tag_of(writer), guard}

    def rename(connection: Connection) -> None:
        connection.run("UPDATE option SET label = label || '!'")
        connection.run("UPDATE campaign SET schema_version = schema_version + 1")

    office.database.write(rename).result()
    seen |= {tag_of(writer), tag_of(writer, "/1")}
    assert len(seen) == 4
    # The version is what it was, so a writer may go on with the tag from before.
    assert writer.change(1, {"status": "won"}, if_match=guard).status_code == 200


def test_an_edited_filter_changes_the_tag_at_once(office: Office) -> None:
    everyone = office.writer()
    for fields in (WEST, NORTH):
        everyone.add(**fields)

    def edit(text: str) -> None:
        def job(connection: Connection) -> None:
            campaign = campaigns.known(connection, 362)
            asked = question.conditions(campaign, querystring.decode(text.encode()))
            filters.keep(connection, campaign, "f", asked, now=0)

        office.database.write(job).result()

    edit("source=partner-west")
    reader = office.writer(named="f")
    first = tag_of(reader)
    edit("source=partner-west,partner-north")
    second = tag_of(reader)
    office.database.write(
        lambda c: chores.work(c, campaigns.known(c, 362), now=0)
    ).result()
    third = tag_of(reader)

    assert first not in (second, third)
    assert reader.total == 2


def test_another_question_or_token_has_another_tag(office: Office) -> None:
    everyone = office.writer()
    everyone.add(**WEST)
    questions = ["", "?page=2", "?per_page=1", "?status=new", "?_sort=-id"]
    questions += ["?_fields=name", "?_meta=1", "?_cursor=start", "?source=partner-west"]
    tokens = [everyone, office.writer("source=partner-west")]
    tokens.append(office.writer(readable=frozenset(office.ids("name"))))

    tags = [tag_of(everyone, each) for each in questions]
    assert len(set(tags)) == len(tags)
    assert tag_of(everyone, "?page=1") == tag_of(everyone, "")
    assert len({tag_of(each) for each in tokens}) == 3
    assert len({tag_of(each, "/1") for each in (everyone, tokens[2])}) == 2
    assert tag_of(everyone, "/1?_fields=name") != tag_of(everyone, "/1")


TAG = """
import sys
from pathlib import Path
from starlette.testclient import TestClient
from leadwell.api.app import app
from leadwell.api.hub import Hub
from tests import make
database = make.a_database_again(Path(sys.argv[1]))
hub = Hub(database, make.KEYS, make.Clock(), "https://hub.example")
headers = {"Authorization": "Bearer " + sys.argv[2]}
url = "/v2/campaigns/362/leads?_fields=name,email,phone,budget,tags"
print(TestClient(app(hub)).get(url, headers=headers).headers["etag"])
database.close()
"""


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_process_gives_the_same_tag(office: Office) -> None:
    # Sets of texts have another order in every process.
    slugs = ("name", "email", "phone", "website", "budget", "tags", "price")
    office.writer().add()
    narrow = office.writer(readable=frozenset(office.ids(*slugs)))
    path = office.database.path  # type: ignore[attr-defined]

    found = {
        subprocess.run(
            [sys.executable, "-c", TAG, str(path), narrow.token],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
        for seed in range(3)
    }

    assert len(found) == 1


# ── A 304 comes last ────────────────────────────────────────────────────────────


def test_whoever_may_not_read_is_not_told_that_nothing_changed(
    office: Office,
) -> None:
    writer = office.writer()
    writer.add(**NORTH)
    other = office.writer("source=partner-west")

    for path in ("", "/1"):
        tag = tag_of(writer, path)
        for given in (tag, "*"):
            url = f"/v2/campaigns/363/leads{path}"
            assert code(writer.get(url, if_none_match=given), 403)
            plain = f"/v2/campaigns/362/leads{path}"
            headers = {"If-None-Match": given}
            answer = writer.client.get(plain, headers=headers)
            assert code(answer, 401) == "not_authenticated"
    tag = tag_of(writer, "/1")
    missing = other.get("/1", if_none_match=tag)
    assert code(missing, 404) == "lead_not_found"
    assert code(other.get("/7", if_none_match="*"), 404) == "lead_not_found"
    assert other.get(if_none_match=tag_of(writer)).status_code == 200


@pytest.mark.parametrize(
    "path", ["?statu=new", "?page=0", "?status=New", "?_fields=x", "/1?x=1"]
)
def test_a_bad_question_is_refused_before_it_is_compared(
    partner: Writer, path: str
) -> None:
    partner.add()

    assert partner.get(path, if_none_match="*").status_code == 400


def test_two_accounts_do_not_share_a_tag(office: Office) -> None:
    one = office.writer()
    foreign = make.an_account(office.database, "foreign")
    campaign = make.a_kept_campaign(office.database, foreign, id=363)
    token = make.a_token(office.database, foreign, campaign)
    other = replace(one, token=token)

    with office.database.reading() as connection:
        assert accounts.find_by_id(connection, foreign.id).slug == "foreign"
    assert tag_of(one) != tag_of(other, "/v2/campaigns/363/leads")
