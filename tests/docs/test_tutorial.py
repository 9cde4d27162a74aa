"""Every command of these pages is carried out, and says what the page shows."""

from pathlib import Path

import pytest

from tests import walks

PAGES = ["tutorial/from-nothing-to-a-synced-copy.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_works(tmp_path: Path, page: str) -> None:
    walks.carry_out(page, tmp_path)
