"""`PATCH` and `DELETE` of one lead, and `If-Match` (CONTRACT §8)."""

from typing import Any

import pytest

from leadwell.model.campaign import Attribute
from tests.writer import Office, Writer, code, told

WEST = {"source": "partner-west"}


def test_a_patch_changes_what_it_names(partner: Writer) -> None:
    before = partner.add("crm-1", email="a@example.com", budget=5, tags=["a"])
    body = {"status": "won", "assigned_person": 1, "fields": {"budget": 6}}

    answer = partner.change(1, body)

    assert answer.status_code == 200
    lead = answer.json()["data"]
    assert lead == partner.lead(1)
    assert lead["fields"] == before["fields"] | {"budget": 6}
    assert lead["status"]["slug"] == "won"
    assert lead["assigned_person"]["id"] == 1
    assert lead["metadata"]["version"] == 2
    assert lead["metadata"]["external_id"] == "crm-1"
    assert lead["created_at"] == before["created_at"]
    assert lead["updated_at"] > before["updated_at"]
    assert answer.headers["etag"] == partner.get("/1").headers["etag"]
    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("empty", [None, "", []])
def test_what_is_empty_empties(partner: Writer, empty: Any) -> None:
    partner.add(tags=["a"], budget=1, email="a@example.com")
    fields = {"tags": empty, "budget": empty, "email": empty}

    lead = partner.change(1, {"fields": fields}).json()["data"]

    assert [lead["fields"][slug] for slug in fields] == [None] * 3
    assert lead["fields"]["name"] == "Jane Doe"


def test_null_takes_status_and_person_away(partner: Writer) -> None:
    partner.add()
    partner.change(1, {"assigned_person": 1})

    body = {"status": None, "assigned_person": None}
    lead = partner.change(1, body).json()["data"]

    assert (lead["status"], lead["assigned_person"]) == (None, None)


@pytest.mark.parametrize("empty", [None, "", []])
def test_a_required_field_cannot_be_emptied(partner: Writer, empty: Any) -> None:
    partner.add()

    answer = partner.change(1, {"fields": {"name": empty}})

    assert told(answer) == {("/fields/name", "required")}
    assert partner.lead(1)["metadata"]["version"] == 1


SAME = [
    {},
    {"fields": {}},
    {"fields": None},
    {"fields": {"budget": 5}},
    {"fields": {"budget": 5.0}},
    {"fields": {"budget": "5"}},
    {"fields": {"email": None}},
    {"fields": {"df_lines": {"b": 1, "a": [2]}}},
    {"field_values": {"price": "1.50"}},
    {"status": "new", "external_id": "x"},
    {"status": {"slug": "new", "label": "New"}, "assigned_person": None},
    {"campaign_id": 362},
    {"campaign_id": None},
]


@pytest.mark.parametrize("body", SAME, ids=repr)
def test_a_patch_that_changes_nothing_changes_nothing(
    partner: Writer, office: Office, body: dict[str, Any]
) -> None:
    lead = partner.add("x", budget=5, price="1.50", df_lines={"a": [2], "b": 1})
    cursor, seq = partner.feed()["cursor"], office.seq()
    tag = partner.get().headers["etag"]

    answer = partner.change(1, body)

    assert answer.status_code == 200
    assert answer.json()["data"] == lead
    assert office.seq() == seq
    assert partner.feed(cursor)["data"] == []
    assert partner.get().headers["etag"] == tag
    assert office.history(1) == ["create"]


@pytest.mark.parametrize(
    ("slug", "held", "given"),
    [
        ("df_lines", {"a": 1}, {"a": True}),
        ("df_lines", [0], [False]),
        ("df_lines", False, 0),
        ("price", "1.5", "1.50"),
    ],
)
def test_what_only_python_calls_equal_is_a_change(
    partner: Writer, slug: str, held: Any, given: Any
) -> None:
    partner.add(**{slug: held})

    lead = partner.change(1, {"fields": {slug: given}}).json()["data"]

    assert repr(lead["fields"][slug]) == repr(given)
    assert lead["metadata"]["version"] == 2


def test_all_problems_of_a_patch_are_told_at_once(partner: Writer) -> None:
    partner.add()
    body = {"status": "New", "id": 7, "fields": {"budget": "x", "colour": 1}}

    assert told(partner.change(1, body)) == {
        ("/status", "label_not_slug"),
        ("/id", "unknown_field"),
        ("/fields/budget", "malformed_value"),
        ("/fields/colour", "unknown_field"),
    }


# ── external_id ─────────────────────────────────────────────────────────────────


def test_an_external_id_is_set_changed_and_emptied(partner: Writer) -> None:
    partner.add()

    for external_id in ("a", "b"):
        lead = partner.change(1, {"external_id": external_id}).json()["data"]
        assert lead["metadata"]["external_id"] == external_id
        assert partner.add(external_id)["id"] == 1
    assert partner.add("a")["id"] == 2
    lead = partner.change(1, {"external_id": None}).json()["data"]
    assert lead["metadata"]["external_id"] is None
    assert partner.add("b")["id"] == 3


def test_an_external_id_that_is_taken_is_a_conflict(partner: Writer) -> None:
    partner.add("a")
    partner.add("b", budget=1)

    answer = partner.change(2, {"external_id": "a", "fields": {"budget": 2}})

    assert code(answer, 409) == "conflict"
    lead = partner.lead(2)
    assert (lead["metadata"]["external_id"], lead["fields"]["budget"]) == ("b", 1)
    assert partner.add("b")["id"] == 2


def test_each_partner_has_names_of_its_own(office: Office) -> None:
    one, two = office.writer(), office.writer()
    one.add("a")

    two.change(1, {"external_id": "a"})

    assert [one.add("a")["id"], two.add("a")["id"]] == [1, 1]
    two.change(1, {"external_id": "b"})
    one.change(1, {"external_id": None})
    assert [one.add("a")["id"], two.add("b")["id"], two.add("a")["id"]] == [2, 1, 3]


def test_a_name_that_another_partner_gave_can_be_sent_back(office: Office) -> None:
    one, two = office.writer(), office.writer()
    one.add("a")
    two.add("a")

    for lead_id in (1, 2):
        answer = one.change(lead_id, {"external_id": "a", "fields": {"budget": 1}})
        assert answer.status_code == 200
    assert [one.add("a")["id"], two.add("a")["id"]] == [1, 2]


# ── If-Match ────────────────────────────────────────────────────────────────────

HELD = ['"2"', 'W/"2"', "*", '"1", "2"', '"2-abc"', '"x" , W/"2"', " * "]
STALE = ['"1"', '"3"', 'W/"1-abc"', '"1", "3"', '"x"', '""', '"*"', '"-2"', '"99"']


@pytest.mark.parametrize("given", HELD)
def test_if_match_lets_the_version_through(partner: Writer, given: str) -> None:
    partner.add("x")
    partner.change(1, {"status": "won"})

    answer = partner.change(1, {"status": "new"}, if_match=given)
    assert answer.status_code == 200, answer.text
    tag = given.replace("2", "3")
    assert partner.remove(1, if_match=tag).status_code == 204


@pytest.mark.parametrize("given", STALE)
def test_if_match_stops_a_writer_who_has_not_seen_it(
    partner: Writer, given: str
) -> None:
    partner.add()
    partner.add()
    lead = partner.change(1, {"status": "won"}).json()["data"]

    for answer in (
        partner.change(1, {"status": "new"}, if_match=given),
        partner.remove(1, if_match=given),
        partner.merge(1, 2, if_match=given),
    ):
        assert code(answer, 412) == "precondition_failed"
        assert "version 2" in answer.json()["detail"]
    assert partner.lead(1) == lead


def test_the_tag_of_every_answer_guards_the_next_change(partner: Writer) -> None:
    body = {"fields": {"name": "a"}}
    tag = partner.ask("POST", "", body).headers["etag"]

    for budget in range(3):
        changed = {"fields": {"budget": budget}}
        answer = partner.change(1, changed, if_match=tag)
        assert answer.status_code == 200
        assert code(partner.change(1, changed, if_match=tag), 412)
        tag = answer.headers["etag"]
        assert partner.get("/1").headers["etag"] == tag


def test_two_lines_of_if_match_are_one_list(partner: Writer) -> None:
    partner.add()
    lines = [("If-Match", '"7"'), ("If-Match", '"1"')]
    headers = [("Authorization", f"Bearer {partner.token}"), *lines]
    url = "/v2/campaigns/362/leads/1"

    answer = partner.client.patch(url, json={"status": "won"}, headers=headers)

    assert answer.status_code == 200


# ── Scope ───────────────────────────────────────────────────────────────────────


def outside(office: Office) -> tuple[Writer, Writer]:
    """A partner with a filter, and leads of which only 1 and 4 are inside it."""
    everyone, west = office.writer(), office.writer("source=partner-west")
    everyone.add(**WEST)
    everyone.add("secret", source="partner-north", name="Hidden")
    everyone.add()
    west.add(**WEST)
    return everyone, west


@pytest.mark.parametrize("headers", [{}, {"if_match": '"1"'}, {"if_match": '"9"'}])
def test_a_lead_outside_the_filter_is_one_that_does_not_exist(
    office: Office, headers: dict[str, str]
) -> None:
    everyone, west = outside(office)

    def asked(lead_id: int) -> list[Any]:
        return [
            west.get(f"/{lead_id}"),
            west.change(lead_id, {"status": "won"}, **headers),
            west.change(lead_id, {"external_id": "secret"}, **headers),
            west.change(lead_id, {"fields": {"name": None}}, **headers),
            west.remove(lead_id, **headers),
            west.merge(lead_id, 1, **headers),
            west.merge(1, lead_id),
            west.merge(lead_id, 99, **headers),
            west.merge(lead_id, lead_id, **headers),
        ]

    hidden, missing = asked(2), asked(7)
    for one, two in zip(hidden, missing, strict=True):
        assert one.status_code == two.status_code
        assert one.content.replace(b"2", b"7") == two.content.replace(b"2", b"7")
        assert one.headers.raw == two.headers.raw
        assert b"Hidden" not in one.content
        assert b"north" not in one.content
    assert [each.status_code for each in hidden].count(404) == 7
    assert everyone.total == 4


def test_a_patch_may_not_leave_the_filter(office: Office) -> None:
    _, west = outside(office)

    for body in ({"fields": {"source": None}}, {"field_values": {"source": ""}}):
        assert told(west.change(1, body)) == {("", "outside_scope")}
    answer = west.change(1, {"fields": {"source": "partner-north"}})
    assert told(answer) == {("/fields/source", "unknown_option")}
    assert "North" not in answer.text
    assert west.lead(1)["metadata"]["version"] == 1


def test_leaving_the_filter_leaves_the_name_as_it_was(office: Office) -> None:
    _, west = outside(office)
    west.change(1, {"external_id": "a"})

    answer = west.change(1, {"external_id": "b", "fields": {"source": None}})

    assert told(answer) == {("", "outside_scope")}
    assert west.add("a", **WEST)["id"] == 1


def test_a_lead_that_was_taken_out_of_the_filter_is_not_written_by_its_name(
    office: Office,
) -> None:
    everyone, west = outside(office)
    west.change(1, {"external_id": "a"})
    everyone.change(1, {"fields": {"source": "partner-north"}})

    answer = west.ask("POST", "", {"external_id": "a", "fields": WEST | {"name": "b"}})

    assert told(answer) == {("", "outside_scope")}
    assert "north" not in answer.text
    assert everyone.lead(1)["fields"]["name"] == "Jane Doe"


def test_what_a_token_does_not_see_it_cannot_change(office: Office) -> None:
    everyone = office.writer()
    everyone.add("x", budget=5, **WEST)
    narrow = office.writer(readable=frozenset(office.ids("name", "email")))
    body = {
        "status": "won",
        "assigned_person": 1,
        "external_id": "y",
        "fields": {"budget": 6, "source": None, "nothing": 1},
    }

    answer = narrow.change(1, body)

    assert told(answer) == {
        (place, "unknown_field")
        for place in (
            "/status",
            "/assigned_person",
            "/external_id",
            "/fields/budget",
            "/fields/source",
            "/fields/nothing",
        )
    }
    assert "website" not in answer.text
    assert everyone.lead(1)["metadata"]["version"] == 1


def test_a_narrow_token_keeps_what_it_does_not_see(office: Office) -> None:
    everyone = office.writer()
    everyone.add("x", budget=5, **WEST)
    parts = frozenset({*office.ids("name"), Attribute.STATUS})
    narrow = office.writer("budget[gte]=5", readable=parts)

    answer = narrow.change(1, {"status": "won", "fields": {"name": "b"}})

    assert answer.json()["data"].keys() == {
        "id",
        "status",
        "fields",
        "created_at",
        "updated_at",
        "metadata",
    }
    assert answer.json()["data"]["fields"] == {"name": "b"}
    lead = everyone.lead(1)
    assert lead["fields"]["budget"] == 5
    assert lead["metadata"]["external_id"] == "x"


# ── DELETE ──────────────────────────────────────────────────────────────────────


def test_a_deleted_lead_is_gone_and_the_feed_says_so(
    partner: Writer, office: Office
) -> None:
    partner.add("x")
    cursor = partner.feed()["cursor"]

    answer = partner.remove(1)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "private, no-cache"
    for again in (partner.get("/1"), partner.remove(1), partner.change(1, {})):
        assert code(again, 404) == "lead_not_found"
    (entry,) = partner.feed(cursor)["data"]
    assert (entry["op"], entry["id"], entry["version"]) == ("remove", 1, 2)
    assert entry["reason"] == "deleted"
    assert office.history(1) == ["create", "delete"]
    assert partner.add("x")["id"] == 2


def test_a_token_that_only_reads_changes_nothing(office: Office) -> None:
    office.writer().add()
    reader = office.writer(may_write=False)

    for answer in (
        reader.change(1, {}),
        reader.remove(1),
        reader.remove(7),
        reader.merge(1, 2),
        reader.batch({}),
        reader.change(1, {}, if_match="broken"),
        reader.ask("PATCH", "/1"),
        reader.ask("DELETE", "/1?a=b"),
    ):
        assert code(answer, 403) == "insufficient_scope"
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert reader.total == 1
