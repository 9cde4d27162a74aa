import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.place import Place, a_place
from tests.recording import recorded


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield from a_place(tmp_path)


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have it counted under the risk of OWASP's list that its module is about."""
    risk = re.fullmatch(r"test_(api\d+)_\w+\.py", request.path.name)
    if risk is None:
        yield
        return
    is_planted = request.node.originalname.endswith("would_be_found")
    with recorded("attacks", on=risk[1].upper()) as counts:
        counts["planted" if is_planted else "tests"] = 1
        yield
