"""`POST …/leads/batch`: many leads at once, each by itself or all of them (§8)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from leadwell.api.app import app
from leadwell.api.hub import Limits
from tests.asking import Whole
from tests.writer import LIST, Office, Writer, code, told

GOOD: dict[str, Any] = {"fields": {"name": "Jane Doe"}}


def named(name: str, external_id: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"external_id": external_id, "fields": {"name": name, **fields}}


def test_each_lead_has_a_status_in_the_order_that_was_sent(partner: Writer) -> None:
    partner.add("known", name="Old")

    answer = partner.batch(
        named("A"),
        named("B", email="nobody"),
        named("Known", "known"),
        7,
        {"fields": {}},
        named("C", budget=3),
    )

    assert answer.status_code == 200
    assert list(answer.json()) == ["data"]
    items = answer.json()["data"]
    assert [each["index"] for each in items] == [0, 1, 2, 3, 4, 5]
    assert [each["status"] for each in items] == [201, 422, 200, 422, 422, 201]
    for each in (items[0], items[2], items[5]):
        assert each.keys() == {"index", "status", "lead"}
        assert each["lead"] == partner.lead(each["lead"]["id"])
    assert [items[place]["lead"]["id"] for place in (0, 2, 5)] == [2, 1, 3]
    for each in (items[1], items[3], items[4]):
        assert each.keys() == {"index", "status", "code", "errors"}
        for problem in each["errors"]:
            assert {"pointer", "code", "message"} <= problem.keys()
    assert [(x["pointer"], x["code"]) for x in items[1]["errors"]] == [
        ("/fields/email", "malformed_value")
    ]
    assert items[1]["errors"][0]["message"]
    assert items[3]["errors"][0]["pointer"] == ""
    assert items[4]["code"] == "required"
    assert partner.total == 3


def test_a_refused_lead_is_told_as_much_as_one_alone(partner: Writer) -> None:
    lead = {"status": "New", "fields": {"name": "a", "source": "partner-wets", "x": 1}}

    (item,) = partner.batch(lead).json()["data"]

    alone = partner.ask("POST", "", lead).json()
    assert item["errors"] == alone["errors"]
    assert item["code"] == alone["code"]
    assert item["status"] == alone["status"]


def test_an_atomic_batch_is_written_whole(partner: Writer) -> None:
    partner.add("known")

    items = partner.batch(named("A"), named("B", "known"), atomic=True).json()["data"]

    assert [each["status"] for each in items] == [201, 200]
    assert partner.total == 2


def test_an_atomic_batch_is_refused_whole(partner: Writer, office: Office) -> None:
    partner.add("known", name="Old")
    seq = office.seq()
    leads = [
        named("A"),
        named("New", "known"),
        [],
        named("B", budget="x", email="y"),
        {"fields": {}, "a/b": 1},
    ]

    answer = partner.batch(*leads, atomic=True)

    assert code(answer, 422) == "invalid_batch"
    assert told(answer) == {
        ("/leads/2", "malformed_value"),
        ("/leads/3/fields/budget", "malformed_value"),
        ("/leads/3/fields/email", "malformed_value"),
        ("/leads/4/fields/name", "required"),
        ("/leads/4/a~1b", "unknown_field"),
    }
    assert partner.total == 1
    assert partner.lead(1)["fields"]["name"] == "Old"
    assert office.seq() == seq
    assert partner.add()["id"] == 2


def test_a_batch_outside_the_filter(office: Office) -> None:
    everyone, west = office.writer(), office.writer("source=partner-west")
    inside = named("A", source="partner-west")
    everyone.add()
    leads = [inside, named("B"), named("C", source="partner-north"), inside]

    answer = west.batch(*leads, atomic=True)
    assert told(answer) == {("/leads/2/fields/source", "unknown_option")}
    leads[2] = named("C")
    answer = west.batch(*leads, atomic=True)
    assert told(answer) == {
        ("/leads/1", "outside_scope"),
        ("/leads/2", "outside_scope"),
    }
    assert everyone.total == 1
    items = west.batch(*leads).json()["data"]
    assert [each["status"] for each in items] == [201, 422, 422, 201]
    assert [each["code"] for each in items[1:3]] == ["outside_scope"] * 2
    # A lead that was refused has taken no id: the next one shows no gap.
    assert [items[place]["lead"]["id"] for place in (0, 3)] == [2, 3]
    assert west.total == 2


def test_an_external_id_twice_in_one_batch_is_one_lead(
    partner: Writer, office: Office
) -> None:
    leads = [named("A", "x", budget=1), named("B", "x"), named("B", "x")]

    items = partner.batch(*leads).json()["data"]

    assert [each["status"] for each in items] == [201, 200, 200]
    assert [each["lead"]["id"] for each in items] == [1, 1, 1]
    lead = partner.lead(1)
    assert all(each["lead"] == lead for each in items)
    assert (lead["fields"]["name"], lead["fields"]["budget"]) == ("B", 1)
    assert lead["metadata"]["version"] == 2
    assert office.history(1) == ["create", "update"]


def test_a_thousand_leads_are_a_batch(partner: Writer) -> None:
    answer = partner.batch(*[named(f"Lead {number}") for number in range(1000)])

    items = answer.json()["data"]
    assert [each["lead"]["id"] for each in items] == list(range(1, 1001))
    assert [each["lead"]["fields"]["name"] for each in items[:2]] == [
        "Lead 0",
        "Lead 1",
    ]
    assert partner.total == 1000


def test_a_lead_of_a_batch_may_not_name_another_campaign(partner: Writer) -> None:
    leads = [GOOD | {"campaign_id": each} for each in (362, 363, None, True, "362")]

    items = partner.batch(*leads).json()["data"]

    assert [each["status"] for each in items] == [201, 422, 201, 422, 422]
    assert [each.get("code") for each in items] == [
        None,
        "contradiction",
        None,
        "malformed_value",
        "malformed_value",
    ]


# ── Hostile bodies ──────────────────────────────────────────────────────────────


def small(office: Office, **limits: int) -> Writer:
    """A hub with small limits."""
    hub = replace(office.hub, limits=replace(Limits(), **limits))
    return replace(office.writer(), client=Whole(app(hub)))


def test_a_batch_may_be_larger_than_a_lead(office: Office) -> None:
    writer = small(office, body_bytes_max=1_000, batch_bytes_max=20_000)
    leads = [named("a" * 100)] * 100

    assert writer.batch(*leads).status_code == 200
    answer = writer.batch(*leads * 2)
    assert code(answer, 413) == "body_too_large"
    assert "20,000" in answer.json()["detail"]
    large = named("a" * 2_000)
    for method, path in [("POST", ""), ("PATCH", "/1"), ("POST", "/1/merge")]:
        answer = writer.ask(method, path, large)
        assert code(answer, 413) == "body_too_large"
        assert "1,000" in answer.json()["detail"]
    assert code(writer.ask("POST", "/leads", large), 413) == "body_too_large"
    assert writer.total == 100


def test_ten_megabytes_are_read_of_a_batch_and_of_nothing_else(
    partner: Writer,
) -> None:
    leads = [named("a", **{"project-notes": "b" * 50_000})] * 200

    assert partner.batch(*leads).status_code == 200
    body = {"leads": leads}
    for method, path in [("POST", ""), ("PATCH", "/1"), ("POST", "/1/merge")]:
        assert code(partner.ask(method, path, body), 413) == "body_too_large"
    assert partner.total == 200


def test_an_undeclared_length_is_counted_as_it_comes(office: Office) -> None:
    writer = small(office, batch_bytes_max=2_000)

    def chunks() -> Iterator[bytes]:
        yield b'{"leads": ['
        for _ in range(100):
            yield json.dumps(GOOD).encode() + b","
        yield json.dumps(GOOD).encode() + b"]}"

    headers = {"Authorization": f"Bearer {writer.token}"}
    headers["Content-Type"] = "application/json"

    url = f"{LIST}/batch"
    answer = writer.client.post(url, content=chunks(), headers=headers)

    assert code(answer, 413) == "body_too_large"


def raw(writer: Writer, content: bytes, **headers: str) -> Any:
    given = {"Authorization": f"Bearer {writer.token}"}
    headers.setdefault("content_type", "application/json")
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return writer.client.post(f"{LIST}/batch", content=content, headers=given)


def test_a_lead_may_be_as_deep_in_a_batch_as_alone(partner: Writer) -> None:
    for depth, status in [(30, 201), (31, 400)]:
        deep: Any = 1
        for _ in range(depth):
            deep = [deep]
        lead = named("a", df_lines=deep)
        assert partner.ask("POST", "", lead).status_code == status
        answer = partner.batch(lead)
        if status == 201:
            assert answer.json()["data"][0]["status"] == 201
        else:
            assert code(answer, 400) == "malformed_body"


def test_a_name_that_stands_twice_among_many_is_found_at_once(partner: Writer) -> None:
    # Counting each name in the list of all took minutes for a body within the limit.
    names = ",".join(f'"{number:x}":1' for number in range(60_000))
    content = f'{{{names},"ea5f":2}}'.encode()

    answer = raw(partner, content)

    assert "'ea5f' stands twice" in answer.json()["detail"]


def test_the_answer_to_a_thousand_mistakes_is_not_huge(partner: Writer) -> None:
    fields = {f"naem-{number}": 1 for number in range(500)}

    alone = partner.ask("POST", "", {"fields": fields})
    assert len(alone.json()["errors"]) == 100
    answer = partner.batch(*[{"fields": fields}] * 100)
    counts = [len(each["errors"]) for each in answer.json()["data"]]
    assert counts == [100] * 10 + [1] * 90
    atomic = partner.batch(*[{"fields": fields}] * 100, atomic=True)
    assert len(atomic.json()["errors"]) == 1_090
