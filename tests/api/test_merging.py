"""`POST …/leads/{lead_id}/merge`: who stays, and what others are told (CONTRACT §8)."""

from tests.writer import Office, Writer, code, told

WEST, NORTH = {"source": "partner-west"}, {"source": "partner-north"}


def test_the_lead_that_is_named_stays_and_is_filled(
    partner: Writer, office: Office
) -> None:
    partner.add("gone", email="a@example.com", budget=1, tags=["a"], name="Gone")
    partner.change(1, {"assigned_person": 1, "status": "won"})
    partner.add(budget=2, name="Stays")
    partner.change(2, {"status": None})

    answer = partner.merge(1, 2)

    assert answer.status_code == 200
    lead = answer.json()["data"]
    assert lead == partner.lead(2)
    assert lead["fields"]["name"] == "Stays"
    assert lead["fields"]["budget"] == 2
    assert lead["fields"]["email"] == "a@example.com"
    assert [tag["slug"] for tag in lead["fields"]["tags"]] == ["a"]
    assert lead["status"]["slug"] == "won"
    assert lead["assigned_person"]["id"] == 1
    assert lead["metadata"]["external_id"] == "gone"
    assert lead["metadata"]["version"] == 3
    assert answer.headers["location"].endswith("/leads/2")
    assert answer.headers["etag"] == partner.get("/2").headers["etag"]
    assert code(partner.get("/1"), 404) == "lead_not_found"
    assert partner.total == 1
    assert office.history(1)[-1] == office.history(2)[-1] == "merge"


def test_what_the_lead_that_stays_holds_is_kept(partner: Writer) -> None:
    partner.add("a", budget=1, newsletter=True)
    stays = partner.add("b", budget=0, newsletter=False)

    assert partner.merge(1, 2).json()["data"] == stays


def test_the_names_of_the_lead_that_is_gone_mean_the_one_that_stays(
    office: Office,
) -> None:
    one, two = office.writer(), office.writer()
    one.add("a")
    one.add("b")
    two.change(1, {"external_id": "their-a"})
    two.merge(1, 2)

    assert [one.add("a")["id"], one.add("b")["id"], two.add("their-a")["id"]] == [2] * 3
    assert one.total == 1
    # A writer who sends back what it was shown loses none of the names.
    one.change(2, {"external_id": one.lead(2)["metadata"]["external_id"]})
    assert one.add("a")["id"] == one.add("b")["id"] == one.add("their-a")["id"] == 2
    one.remove(2)
    assert one.add("a")["id"] == 3


def test_the_feed_says_where_the_lead_went(partner: Writer) -> None:
    partner.add(budget=1)
    partner.add()
    cursor = partner.feed()["cursor"]

    partner.merge(1, 2)

    filled, gone = partner.feed(cursor)["data"]
    assert (filled["op"], filled["id"], filled["version"]) == ("upsert", 2, 2)
    assert filled["lead"] == partner.lead(2)
    assert (gone["op"], gone["id"], gone["reason"]) == ("remove", 1, "merged")
    assert gone["merged_into"] == 2


def test_the_feed_names_only_a_lead_that_its_reader_sees(office: Office) -> None:
    everyone, west = office.writer(), office.writer("source=partner-west")
    everyone.add(name="Hidden", **NORTH)
    everyone.add(**WEST)
    cursor = west.feed()["cursor"]

    everyone.merge(2, 1)

    (gone,) = west.feed(cursor)["data"]
    assert (gone["id"], gone["reason"]) == (2, "merged")
    assert "merged_into" not in gone
    assert west.total == 0


def test_a_merge_that_brings_a_lead_into_the_filter_names_it(office: Office) -> None:
    everyone, west = office.writer(), office.writer("source=partner-west")
    everyone.add(**WEST)
    everyone.add()
    cursor = west.feed()["cursor"]

    everyone.merge(1, 2)

    entries = west.feed(cursor)["data"]
    assert [(each["op"], each["id"]) for each in entries] == [
        ("upsert", 2),
        ("remove", 1),
    ]
    assert entries[1]["merged_into"] == 2


def test_nothing_but_into_is_read(partner: Writer) -> None:
    partner.add()
    partner.add()

    answer = partner.ask("POST", "/1/merge", {"into": 2, "in/to": 2, "fields": {}})

    assert told(answer) == {("/in~1to", "unknown_field"), ("/fields", "unknown_field")}
    assert told(partner.ask("POST", "/1/merge", {})) == {("/into", "malformed_value")}
    assert partner.total == 2


def test_one_outside_the_filter_is_like_one_that_is_missing(office: Office) -> None:
    everyone, west = office.writer(), office.writer("source=partner-west")
    everyone.add(**WEST)
    everyone.add(name="Hidden", **NORTH)

    for path in [(1, 2), (2, 1), (2, 7), (7, 2)]:
        hidden = west.merge(*path)
        missing = west.merge(*(9 if lead_id == 2 else lead_id for lead_id in path))
        assert hidden.status_code == missing.status_code == 404
        assert hidden.content.replace(b"lead 2", b"lead 9") == missing.content
        assert hidden.headers.raw == missing.headers.raw
    assert everyone.total == 2


def test_a_merge_within_the_filter_stays_within_it(office: Office) -> None:
    everyone, some = office.writer(), office.writer("budget[ne]=7&status=new,won")
    everyone.add(budget=8, tags=["a"])
    everyone.add()
    everyone.add(budget=7)

    assert some.merge(3, 2).status_code == some.merge(2, 3).status_code == 404
    assert some.merge(1, 2).status_code == 200
    assert some.lead(2)["fields"]["budget"] == 8


def test_a_token_keeps_what_it_does_not_see(office: Office) -> None:
    everyone = office.writer()
    everyone.add("x", budget=1)
    everyone.add()
    narrow = office.writer(readable=frozenset(office.ids("name")))

    answer = narrow.merge(1, 2)

    assert answer.json()["data"]["fields"] == {"name": "Jane Doe"}
    assert "external_id" not in answer.json()["data"]["metadata"]
    assert everyone.lead(2)["fields"]["budget"] == 1
