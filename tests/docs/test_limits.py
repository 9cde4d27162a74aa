"""The page of limits names every reason and setting, with the defaults there are."""

import re
from pathlib import Path

from leadwell.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/limits.md").read_text("utf-8")
SOURCE = "\n".join(
    path.read_text("utf-8") for path in (ROOT / "src/leadwell").rglob("*.py")
)
SAID = {
    "token_rate": "200 a second",
    "link_rate": "20 a second",
    "wrong_tokens_rate": "1 a second",
    "wrong_passwords_rate": "0.2 a second",
    "token_in_flight_max": "32",
    "in_flight_max": "128",
    "connections_max": "10,000",
    "token_long_polls_max": "500",
    "long_polls_max": "5,000",
    "reader_timeout_s": "30 s",
    "statement_timeout_s": "10 s",
    "header_timeout_s": "10 s",
    "keep_alive_s": "125 s",
}


def test_every_reason_is_explained_to_the_operator() -> None:
    found = set(re.findall(r'reason ?= ?"(\w+)"|(?:refused|busy)\("(\w+)"\)', SOURCE))
    reasons = {first or second for first, second in found} | {"token_rate", "link_rate"}
    assert len(reasons) >= 9
    assert not {each for each in reasons if f"`{each}`" not in PAGE}


def test_every_limit_stands_there_with_its_default() -> None:
    for name, said in SAID.items():
        (row,) = re.findall(rf"^\|[^|]*\| `{name}`[^|]*\|([^|]*)\|", PAGE, re.MULTILINE)
        assert said in row, name
        assert f"{getattr(Settings(), name):g}" in said.replace(",", "")
