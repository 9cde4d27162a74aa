"""The forms of a page, as a browser without scripts would send them."""

from html.parser import HTMLParser
from typing import Any

import httpx2

Typed = dict[str, list[str]]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Typed] = {}
        self._action = ""
        self._select = ""
        self._chosen: list[str] | None = None
        self._first: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._action = given.get("action", "")
            self.found.setdefault(self._action, {})
        elif tag == "input":
            is_box = given.get("type") in {"checkbox", "radio"}
            if not is_box or "checked" in given:
                self._add(given.get("name", ""), given.get("value", "on"))
        elif tag == "select":
            self._select, self._chosen, self._first = given["name"], [], None
        elif tag == "option" and self._chosen is not None:
            value = given.get("value", "")
            self._first = value if self._first is None else self._first
            if "selected" in given:
                self._chosen.append(value)
        elif tag == "textarea":
            self._select, self._area = given["name"], ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._action = ""
        elif tag == "select" and self._chosen is not None:
            for value in self._chosen or [self._first or ""]:
                self._add(self._select, value)
            self._chosen = None
        elif tag == "textarea" and self._area is not None:
            # A browser drops one newline at its beginning, and sends them as two.
            text = self._area.removeprefix("\n").replace("\n", "\r\n")
            self._add(self._select, text)
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area += data

    def _add(self, name: str, value: str) -> None:
        if self._action and name:
            self.found[self._action].setdefault(name, []).append(value)


def form_of(page: httpx2.Response, ending: str) -> dict[str, Any]:
    """Return what the form holds whose action ends so."""
    parser = _Forms()
    parser.feed(page.text)
    for action, typed in parser.found.items():
        if action.endswith(ending):
            return dict(typed)
    raise AssertionError(f"no form {ending} among {[*parser.found]}")
