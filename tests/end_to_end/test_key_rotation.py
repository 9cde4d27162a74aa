"""The key is rotated and the old one retired while readers read and writers write."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from leadwell.model.token import public_id_of
from leadwell.server import keys, opening, rotating
from leadwell.settings import Settings
from leadwell.store import tokens
from tests import make
from tests.served import Served, a_folder, a_hub

pytestmark = pytest.mark.proof
LIST = "/v2/campaigns/362/leads"
WORKERS = 2
SOON_S = 2
"""By then both processes of a hub know."""
LOOK_S = 0.3
OFTEN = f"from leadwell.server import rotating; rotating.LOOK_EVERY_S = {LOOK_S}"


def follow(hub: Served, over: Event) -> tuple[list[int], set[str]]:
    """Follow the feed by its cursors; return the leads, and what cursors begin with."""
    cursor, met, heads = None, list[int](), set[str]()
    while True:
        is_last = over.is_set()
        params = {"_limit": 3} | ({"_cursor": cursor} if cursor else {})
        answer = hub.request("GET", f"{LIST}/changes", params=params)
        assert answer.status_code == 200, answer.text
        page: Any = answer.json()
        met += [change["id"] for change in page["data"]]
        cursor = page["cursor"]
        heads.add(cursor.partition("_")[0])
        if is_last and not page["has_more"]:
            return met, heads


def write(hub: Served, over: Event) -> list[int]:
    made: list[int] = []
    while not over.is_set():
        body = {"fields": {"name": f"Lead {len(made)}"}}
        answer = hub.request("POST", LIST, json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["data"]["id"])
        time.sleep(0.02)
    return made


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_readers_go_on_and_nothing_is_lost(tmp_path: Path, engine: str) -> None:
    token = a_folder(tmp_path, engine)
    hub = a_hub(tmp_path, token, WORKERS, engine, OFTEN)
    settings = Settings(
        database=make.url_of(tmp_path / "leads.db", engine),
        key_file=str(tmp_path / "leads.db.key"),
        allow_unsafe_database=True,
    )
    database, over = opening.connect(settings), Event()
    try:
        with ThreadPoolExecutor(3) as pool:
            reader, writer = (
                pool.submit(follow, hub, over),
                pool.submit(write, hub, over),
            )
            time.sleep(1)
            made = rotating.rotate(settings, database, SOON_S)
            _wait(lambda: keys.agreed(settings, database).in_use == made)
            _wait(lambda: _generation(database, token) == 2)
            # Each process turns to it within a look.
            time.sleep(5 * LOOK_S)
            rotating.retire(settings, database, 1)
            time.sleep(5 * LOOK_S)
            over.set()
            written, (met, heads) = writer.result(), reader.result()
        assert heads == {"c1", "c1.2"}
        assert set(met) == {1, *written}
        assert len(met) == len(set(met))
        assert keys.agreed(settings, database).generations == (made,)
    finally:
        over.set()
        database.close()
        hub.kill()


def _generation(database: Any, token: str) -> int:
    with database.reading() as connection:
        return tokens.known(connection, public_id_of(token)).key_generation


def _wait(is_so: Any) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to that")
