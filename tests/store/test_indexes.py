"""The index says what SQL says: random campaigns, writes, filters, orders, pages."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from leadwell.errors import InvalidQuestion
from leadwell.index import snapshot
from leadwell.model.campaign import Campaign, Column
from leadwell.model.grant import Grant, LeadQuery
from leadwell.schema import question
from leadwell.store import campaigns, feed, leads, pages
from leadwell.store.connection import Connection
from leadwell.store.indexes import Indexes, kept, making, scans
from leadwell.store.writes import scopes
from tests import make, worlds

SEEDS = 12
STEPS = 40
KNOWN_ORDERS = {(), (Column.ID,), (Column.CREATED_AT,), (Column.CREATED_AT, Column.ID)}


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so low that thirty leads reach them all."""
    monkeypatch.setattr(kept, "FOLLOWED_MAX", 4)
    monkeypatch.setattr(scans, "LOOKED_AT_MAX", 3)
    monkeypatch.setattr(scans, "SCANS_MAX", 3)
    monkeypatch.setattr(kept, "REMEMBERED_MAX", 3)
    monkeypatch.setattr(kept, "PACKED_AFTER", 20)
    monkeypatch.setattr(making, "CHUNK", 7)
    monkeypatch.setattr("leadwell.store.indexes.SMALL", 0)
    monkeypatch.setattr("leadwell.store.indexes.SAVED_AFTER", 5)


def a_query(random: Random, campaign: Campaign, forced: Any = ()) -> LeadQuery:
    while True:
        try:
            asked = question.read(campaign, worlds.a_question(random))
        except InvalidQuestion:
            continue
        grant = Grant(campaign.account_id, campaign.id, forced=forced)
        return grant.query(campaign, asked)


def write(world: worlds.World, campaign: Campaign, text: str) -> None:
    random = world.random
    url = f"/v2/campaigns/{campaign.id}/leads"
    headers = {"Authorization": f"Bearer {text}"}
    lead_id = random.randint(1, worlds.LEADS)
    lead = worlds.random_lead(random, [1])
    del lead["created_at"], lead["external_id"]
    many = {"leads": [lead] * 7}
    into = random.randint(1, worlds.LEADS)
    method, path, body = random.choice(
        [
            ("POST", "", lead),
            ("POST", "/batch", many),
            *[("PATCH", f"/{lead_id}", lead)] * 4,
            ("DELETE", f"/{lead_id}", None),
            ("POST", f"/{lead_id}/merge", {"into": into}),
        ]
    )
    answer = world.client.request(method, url + path, json=body, headers=headers)
    assert answer.status_code < 500, answer.text


def told(connection: Connection, indexes: Indexes, query: LeadQuery) -> str:
    """Ask both; return how the index came to its answer."""
    campaign = campaigns.known(connection, query.campaign_id)
    by_sql = leads.find_page(connection, campaign, query)
    window, how = indexes.window(connection, campaign, query), "at once"
    if window is None:
        indexes.scan(connection, campaign, query)
        window, how = indexes.window(connection, campaign, query), "after a scan"
    if window is None:
        return "not"
    assert window.total == by_sql.total, query
    expected = [msgspec.json.decode(body)["id"] for body in by_sql.items]
    assert list(window.ids) == expected, query
    found = pages.find_quickly(connection, indexes, campaign, query)
    assert found is not None
    assert list(found.page.items) == list(by_sql.items)
    return how


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_index_says_what_sql_says(
    tmp_path: Path, engine: str, tight: None, seed: int
) -> None:
    del tight
    world = worlds.a_world(tmp_path, seed, engine)
    indexes = Indexes(world.database)
    campaign = world.campaigns[0]
    text = make.a_token(world.database, world.account, campaign, may_write=True)
    answers: Counter[str] = Counter()
    for _ in range(STEPS):
        for _ in range(world.random.randint(0, 3)):
            write(world, campaign, text)
        forced = question.conditions(
            campaign, worlds.conditions(world.random, world.random.randint(0, 2))
        )
        for _ in range(3):
            query = a_query(world.random, campaign, forced)
            with world.database.reading() as connection:
                how = told(connection, indexes, query)
            if tuple(key.field for key in query.sort) in KNOWN_ORDERS:
                answers[how] += 1
        if world.random.random() < 0.2:
            indexes.settle()
        if world.random.random() < 0.1:
            indexes.close()
            indexes = Indexes(world.database)
    indexes.close()
    world.database.close()
    # "not": it is being made or followed beside; then SQL answers.
    assert answers["at once"] > 5
    assert answers["at once"] + answers["after a scan"] > answers["not"] / 2


def kept_index(tmp_path: Path, engine: str) -> tuple[worlds.World, Campaign, bytes]:
    world = worlds.a_world(tmp_path, 1, engine)
    campaign = world.campaigns[0]
    with world.database.reading() as connection:
        seq = feed.head(connection, campaign.id).seq
        index = making.make_at_once(connection, campaign, seq)
    data = snapshot.write(index)
    world.database.write(
        lambda connection: making.save(connection, campaign.id, data, seq)
    ).result()
    return world, campaign, data


def stored(world: worlds.World, campaign: Campaign, data: bytes) -> None:
    world.database.write(
        lambda connection: connection.run(
            "UPDATE index_snapshot SET data = :data WHERE campaign_id = :campaign_id",
            {"data": data, "campaign_id": campaign.id},
        )
    ).result()


def test_a_stored_index_is_loaded_and_followed(
    tmp_path: Path, engine: str, tight: None
) -> None:
    del tight
    world, campaign, _ = kept_index(tmp_path, engine)
    text = make.a_token(world.database, world.account, campaign, may_write=True)
    for _ in range(10):
        write(world, campaign, text)
    indexes = Indexes(world.database)
    query = Grant.of_operator(campaign).query(campaign, question.read(campaign, []))
    with world.database.reading() as connection:
        assert indexes.window(connection, campaign, query) is None
    indexes.settle()
    with world.database.reading() as connection:
        assert told(connection, indexes, query) == "at once"
    indexes.close()
    world.database.close()


@pytest.mark.parametrize("damage", ["cut off", "another form", "a byte", "empty"])
def test_a_stored_index_that_is_damaged_is_made_again(
    tmp_path: Path, engine: str, damage: str
) -> None:
    world, campaign, data = kept_index(tmp_path, engine)
    damaged = {
        "cut off": data[:-9],
        "another form": (snapshot.FORM + 1).to_bytes(4, "big") + data[4:],
        "a byte": data[:100] + bytes([data[100] ^ 1]) + data[101:],
        "empty": b"",
    }[damage]
    stored(world, campaign, damaged)
    with world.database.reading() as connection:
        assert making.load(connection, campaign.id) is None
    world.database.close()


def test_a_stored_index_of_a_lost_future_is_not_used(
    tmp_path: Path, engine: str
) -> None:
    world, campaign, _ = kept_index(tmp_path, engine)
    world.database.write(
        lambda connection: connection.run(
            "UPDATE index_snapshot SET epoch = :epoch WHERE campaign_id = :campaign_id",
            {"epoch": b"elsewhen", "campaign_id": campaign.id},
        )
    ).result()
    with world.database.reading() as connection:
        assert making.load(connection, campaign.id) is None
    world.database.close()


def test_what_is_asked_least_is_let_go_first(tmp_path: Path, engine: str) -> None:
    world = worlds.a_world(tmp_path, 2, engine)
    indexes = Indexes(world.database, budget_bytes=1)
    for campaign in (*world.campaigns, *world.campaigns):
        query = Grant.of_operator(campaign).query(campaign, question.read(campaign, []))
        with world.database.reading() as connection:
            assert told(connection, indexes, query) == "at once"
        assert [*indexes.held()] == [campaign.id]
    indexes.close()
    world.database.close()


def test_an_index_ahead_of_a_reader_does_not_answer(database, campaign) -> None:
    """Two threads read two moments: the later one has moved the index on."""
    make.a_lead(database, campaign)
    query = Grant.of_operator(campaign).query(campaign, question.read(campaign, []))
    indexes = Indexes(database)
    with database.reading() as early:
        assert scopes.digest(early, campaign.id, scopes.WHOLE).count == 1
        make.a_lead(database, campaign)
        with database.reading() as late:
            window = indexes.window(late, campaign, query)
            assert window is not None
            assert window.total == 2
        assert indexes.window(early, campaign, query) is None
    indexes.close()
