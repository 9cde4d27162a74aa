"""Every bad input that is known is refused as it has to be, and breaks nothing.

The rows of `tests.bad` are sent to one hub: none of them may leave a trace in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from leadwell.api.hub import Hub
from tests import make
from tests.bad import ROWS, questions, writes
from tests.bad.asking import URL, check, whole
from tests.bad.row import Bad
from tests.bad.stage import Stage, a_stage

Asked = tuple[TestClient, Stage]


@contextmanager
def a_hub(folder: Path, engine: str) -> Iterator[Asked]:
    database = make.a_database(folder / "leads.db", engine)
    erasures = folder / "erasures"
    hub = Hub(database, make.KEYS, make.Clock(), URL, erasure_file=erasures)
    stage = a_stage(hub, database)
    with whole(hub) as client:
        yield client, stage
    database.close()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with a_hub(tmp_path_factory.mktemp("hub"), "sqlite") as made:
        yield made


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_bad_input_is_refused(asked: Asked, row: Bad) -> None:
    check(*asked, row)


def test_the_other_database_keeps_nothing_bad_either(tmp_path: Path) -> None:
    with a_hub(tmp_path, "postgres") as asked:
        # What would be looked for there, or kept.
        for row in (*questions.ROWS, *writes.ROWS):
            check(*asked, row)


def test_no_bad_input_is_listed_twice() -> None:
    assert len(ROWS) >= 300
    assert len({(str(row), row.who, row.body, row.path) for row in ROWS}) == len(ROWS)
