"""Reading a lead that is handed in: what only an import may say."""

from typing import Any

import pytest

from leadwell.errors import InvalidLead
from leadwell.schema import submission
from leadwell.schema.submission import IMPORT_KEYS
from tests import make


def read(given: dict[str, Any], **more: Any) -> submission.Submission:
    given = {"fields": {"name": "a"}} | given
    return submission.read(make.a_campaign(), given, **more)


def places(given: dict[str, Any], **more: Any) -> list[str | None]:
    with pytest.raises(InvalidLead) as refused:
        read(given, **more)
    return [problem.pointer for problem in refused.value.problems]


@pytest.mark.parametrize("given", ["yesterday", 7, "2025-02-30", ["2025-01-01"]])
def test_a_moment_that_cannot_be_read_is_told(given: Any) -> None:
    both = dict.fromkeys(IMPORT_KEYS, given)

    assert places(both, extra_keys=IMPORT_KEYS) == [f"/{key}" for key in IMPORT_KEYS]


def test_a_moment_of_an_import_is_read() -> None:
    found = read({"created_at": "2025-02-21"}, extra_keys=IMPORT_KEYS)

    assert found.created_at == make.MIDNIGHT
    assert found.source_updated_at is None


def test_the_first_problems_are_enough() -> None:
    given = {f"key-{number}": 1 for number in range(300)}

    assert len(places(given)) == 100
    assert len(places(given, problems_max=3)) == 3
