"""Whatever stands in a label stays text, in Markdown as in HTML."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from leadwell.api.pages.rendering import Frame, Place, html
from leadwell.describe.pages import markdown
from leadwell.describe.pages.document import (
    Block,
    Code,
    Facts,
    Items,
    Label,
    Link,
    Listing,
    Page,
    Paragraph,
    Row,
    Section,
    Table,
    Warning,  # noqa: A004 - the word that readers know it by
    visible,
)
from tests.documents import Document, check

BASE = "https://hub.example/docs"
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MARKUP = {"html_block", "html_inline", "em_open", "s_open", "image", "hardbreak"}
NASTY = st.one_of(
    st.text(max_size=60),
    st.text("`*_[]()<>#|~\\&!-+=.:;\"'1 \n\t@/ab", max_size=40),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "[x](javascript:alert(1))",
            "![x](y)",
            "a | b \\| c",
            "```\ncode\n```",
            "`` ` ``",
            "# no heading",
            "1. no list",
            "- none",
            "+ none",
            "===",
            "&lt;b&gt; &copy; &#60;",
            "<https://example.com>",
            "https://example.com www.example.com jane@example.com",
            "\u202eevil\u202c \u200f \u2067x\u2069",
            "👩‍👩‍👧 🏴‍☠️",
            "line\nbreak  \nand more",
            "x" * 10_000,
            "\\",
            "[ref]: https://example.com",
            "~~gone~~ **strong** __strong__",
            "\0\x01\x7f",
        ]
    ),
)


def plain(text: str) -> str:
    return " ".join(visible(text).split())


def page(*blocks: Block, title: str = "Title") -> Page:
    return Page("name", title, "Summary", blocks)


def parsed(written: str) -> list[Token]:
    return PARSER.parse(written)


def inline(tokens: list[Token]) -> list[Token]:
    return [t for token in tokens for t in (token, *(token.children or ()))]


def said(token: Token) -> str:
    kinds = {"text", "code_inline", "softbreak"}
    parts = (t.content or " " for t in token.children or () if t.type in kinds)
    return plain("".join(parts))


@given(NASTY)
@example("`")
@example("``a`")
@example(" ` ")
@example("\xa0")
def test_a_label_comes_back_as_the_text_it_is(label: str) -> None:
    everywhere = page(
        Paragraph((Label(label),)),
        Warning((Label(label),)),
        Items(((Label(label),), ("a ", Label(label)))),
        Items(((Label(label),),), is_ordered=True),
        Facts((("Name", (Label(label),)),)),
        Section(f"t {label}", "anchor", ()),
        title=f"t {label}",
    )
    tokens = parsed(markdown.write(everywhere, BASE))
    assert not MARKUP & {token.type for token in inline(tokens)}
    assert "link_open" not in {token.type for token in inline(tokens)}
    assert [t.tag for t in tokens if t.type == "heading_open"] == ["h1", "h2"]
    texts = [said(token) for token in tokens if token.type == "inline"]
    wanted = plain(label)
    assert texts[0] == texts[-1] == plain(f"t {label}")
    paragraphs = [wanted, plain(f"Mind: {label}"), wanted, plain(f"a {label}"), wanted]
    # A paragraph of blanks says nothing, whether it is written or left out.
    kept = [each for each in (*paragraphs, plain(f"Name: {label}")) if each]
    assert [each for each in texts[2:-1] if each] == kept


@given(NASTY, st.booleans())
@example("`", False)
@example("a|b", True)
@example("\\|", True)
@example("|", False)
def test_a_cell_holds_its_text_and_a_table_its_columns(
    label: str, is_code: bool
) -> None:
    shown = Code(label) if is_code else Label(label)
    rows = tuple(Row(((shown,), ("x",), (shown, " and ", shown))) for _ in range(2))
    tokens = parsed(markdown.write(page(Table(("A", "B", "C"), rows)), BASE))
    assert not MARKUP & {token.type for token in inline(tokens)}
    cells = [said(t) for t in tokens if t.type == "inline"][5:]
    one = [plain(label), "x", plain(f"{label} and {label}")]
    assert cells == one + one


@given(NASTY)
def test_a_listing_stays_as_it_is(text: str) -> None:
    tokens = parsed(markdown.write(page(Listing("json", text)), BASE))
    (fence,) = [token for token in tokens if token.type == "fence"]
    assert fence.info == "json"
    assert lines(fence.content) == lines(visible(text))


def lines(text: str) -> list[str]:
    """Carriage returns are ends of lines as well, and those at the end do not count."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


@given(NASTY)
def test_a_link_leads_where_it_should(label: str) -> None:
    blocks = Paragraph((Link(label, "fields"), " ", Link(label, anchor="x")))
    tokens = inline(parsed(markdown.write(page(blocks), BASE)))
    links: list[Any] = [t.attrs["href"] for t in tokens if t.type == "link_open"]
    assert links == [f"{BASE}/fields.md"]


@given(NASTY)
@example("</bdi></h2><script>")
def test_a_label_is_text_in_html_too(label: str) -> None:
    shown = page(
        Paragraph((Label(label), Code(label), Link(label, "fields"))),
        Section(label, "anchor", (Listing("sh", label),)),
        Table(("A",), (Row(((Label(label),),)),)),
        title=f"t {label}",
    )
    whose = (Label(label),)
    document = Document(
        html(shown, Place("https://h.example", "/docs"), Frame((), whose))
    )
    check(document)
    assert document.text.count(plain(label)) >= 5
    assert document.listings[0][1].split() == visible(label).split()


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_label_is_nothing(text: str) -> None:
    written = markdown.write(page(Table(("A",), (Row(((Code(text),),)),))), BASE)
    assert [t.type for t in parsed(written)].count("td_open") == 1
