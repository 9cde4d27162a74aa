from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.place import Place, a_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield from a_place(tmp_path)
