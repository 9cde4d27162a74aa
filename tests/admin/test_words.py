"""Every text of the pages is said in every language, and none that no page says."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment

from leadwell.admin import tabs, words
from leadwell.admin.words import Words

ADMIN = Path(words.__file__).parents[1]
OTHERS = [tag for tag in words.LANGUAGES if tag != "en"]
_environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])


def said_in_templates() -> Iterator[tuple[str, str | None]]:
    for path in sorted((ADMIN / "templates").rglob("*.html")):
        source = path.read_text("utf-8")
        for _, function, text in _environment.extract_translations(source):
            if function == "ngettext":
                yield text[0], text[1]
            elif text is not None:
                yield (text if isinstance(text, str) else text[0]), None


def said_in_code() -> Iterator[tuple[str, str | None]]:
    for path in sorted(ADMIN.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if name in {"said", "_", "gettext", "mark"} and isinstance(texts[:1], list):
                yield from ((t, None) for t in texts[:1] if isinstance(t, str))
            if name == "ngettext" and texts:
                yield texts[0], texts[1]


@cache
def texts() -> set[tuple[str, str | None]]:
    # Not when the module is imported: each process of the suite does that.
    titles = {(tab.title, None) for tab in tabs.TABS}
    return {*said_in_templates(), *said_in_code(), *titles}


@pytest.mark.parametrize("tag", OTHERS)
def test_every_text_is_said_in_every_language(tag: str) -> None:
    found: Words = words.words(tag)
    missing = {one for one, many in texts() if many is None} - found.said.keys()
    missing |= {one for one, many in texts() if many} - found.counted.keys()
    assert not missing


def test_a_token_is_of_one_gender_in_danish() -> None:
    found = words.words("da")
    texts = [
        *found.said.values(),
        *(t for pair in found.counted.values() for t in pair),
    ]
    texts += [text for _, text in found.refused]
    assert not [x for x in texts if re.search(r"(?i)\b(et|intet) token\b|tokenet", x)]


@pytest.mark.parametrize("tag", OTHERS)
def test_no_text_is_kept_that_no_page_says(tag: str) -> None:
    found = words.words(tag)
    known = {one for one, _ in texts()}
    assert not found.said.keys() - known
    assert not found.counted.keys() - known


@pytest.mark.parametrize("tag", OTHERS)
def test_a_text_has_the_same_values_put_in(tag: str) -> None:
    found = words.words(tag)
    pairs = [*found.said.items()]
    pairs += [(one, form) for one, forms in found.counted.items() for form in forms]
    for text, said in pairs:
        assert _values(text) == _values(said) or "%(num)s" in text, text


def _values(text: str) -> set[str]:
    return {part.partition(")")[0] for part in text.split("%(")[1:]}


@pytest.mark.parametrize(
    ("chosen", "accept", "tag"),
    [
        ("", "", "en"),
        ("da", "en", "da"),
        ("xx", "da-DK,da;q=0.9,en;q=0.8", "da"),
        ("", "de,en;q=0.5,da;q=0.7", "da"),
        ("", "da;q=nonsense", "en"),
        ("", "fr", "en"),
    ],
)
def test_a_page_is_in_the_language_that_its_reader_likes_best(
    chosen: str, accept: str, tag: str
) -> None:
    assert words.preferred(chosen, accept) == tag


def test_numbers_are_written_as_their_readers_do() -> None:
    assert words.words("en").number(1_234_567) == "1,234,567"
    assert words.words("da").number(1_234_567) == "1.234.567"
    assert words.words("da").ngettext("%(num)s x", "%(num)s xs", 2) == "%(num)s xs"
