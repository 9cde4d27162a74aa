"""Reads a page of the documentation as a browser does, and tells its faults."""

import re
import shlex
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "hr", "img", "input"}
IN_PARAGRAPH = {"a", "bdi", "code", "strong", "em"}
"""What may stand in a paragraph, a heading, a term or a cell of ours."""
TEXTUAL = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "title", "code", "bdi"}
UNASKED = {"script", "style", "iframe", "object", "embed", "form", "base", "svg"}


@dataclass
class Document(HTMLParser):
    """What a page holds; `faults` lists what a strict reader would complain about."""

    html: str
    faults: list[str] = field(default_factory=list[str])
    ids: list[str] = field(default_factory=list[str])
    links: list[str] = field(default_factory=list[str])
    loaded: list[str] = field(default_factory=list[str])
    levels: list[int] = field(default_factory=list[int])
    landmarks: list[str] = field(default_factory=list[str])
    listings: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    texts: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)
        self._open: list[str] = []
        self.feed(self.html)
        self.close()
        if self._open:
            self.faults.append(f"never closed: {self._open}")

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._check(tag, given, len(attrs))
        if tag in VOID:
            self.loaded += [given["href"] or ""] if tag == "link" else []
            return
        self._open.append(tag)
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag in {"main", "nav", "header", "footer"}:
            self.landmarks.append(tag)
        if tag == "pre":
            self.listings.append((given.get("class") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")
        if tag in {"th", "td", "dt", "dd"}:
            self.texts.append(" ")

    def handle_data(self, data: str) -> None:
        if "title" not in self._open:
            self.texts.append(data)
        if "pre" in self._open:
            language, text = self.listings.pop()
            self.listings.append((language, text + data))

    def _check(self, tag: str, given: dict[str, Any], count: int) -> None:
        if tag in UNASKED or "style" in given or any(n.startswith("on") for n in given):
            self.faults.append(f"<{tag} {given}> has no place here")
        if count != len(given):
            self.faults.append(f"<{tag}> has an attribute twice")
        parent = self._open[-1] if self._open else ""
        if parent in TEXTUAL and tag not in IN_PARAGRAPH:
            self.faults.append(f"<{tag}> in <{parent}>")
        if tag == "a" and "a" in self._open:
            self.faults.append("a link in a link")
        if parent in {"ul", "ol"} and tag != "li":
            self.faults.append(f"<{tag}> in a list")
        if tag == "th" and given.get("scope") not in {"row", "col"}:
            self.faults.append("a head of nothing")


def check(document: Document) -> None:
    """Ask what every page promises."""
    assert document.faults == []
    assert len(document.ids) == len(set(document.ids))
    assert document.levels[0] == 1
    assert document.levels.count(1) == 1
    steps = zip(document.levels, document.levels[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    assert document.landmarks.count("main") == 1
    assert "nav" in document.landmarks
    assert document.links[0] == "#content"


@dataclass
class Command:
    """A curl command as it is shown, with what its variables stand for put in."""

    method: str = "GET"
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: str | None = None

    @classmethod
    def read(cls, text: str, known: dict[str, str]) -> "Command":
        found = cls()
        filled = re.sub(r"\$([A-Z_]+)", lambda name: known[name[1]], text)
        words = iter(shlex.split(filled.replace("\\\n", " ")))
        assert next(words) == "curl"
        for word in words:
            found._take(word, words)
        return found

    def _take(self, word: str, words: Any) -> None:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            self.headers[name] = value
        elif word == "-X":
            self.method = next(words)
        elif word == "-d":
            self.body = next(words)
        elif word in {"-D", "-o"}:
            next(words)
        elif word != "-g":
            assert word.startswith("http"), word
            assert not self.url
            self.url = word
