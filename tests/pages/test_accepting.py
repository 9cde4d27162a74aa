"""Which form of a page a client is given."""

import pytest

from leadwell.api.pages.accepting import HTML, MARKDOWN, preferred

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, HTML),
        ("", HTML),
        ("*/*", HTML),
        ("text/*", HTML),
        (BROWSER, HTML),
        ("text/markdown", MARKDOWN),
        ("TEXT/MARKDOWN; charset=utf-8", MARKDOWN),
        ("text/markdown, text/html, */*", MARKDOWN),
        ("text/html, text/markdown", HTML),
        ("text/html;q=0.5, text/markdown;q=0.6", MARKDOWN),
        ("text/html;q=0.6, text/markdown;q=0.5", HTML),
        ("text/markdown;q=nonsense, text/html;q=0.1", HTML),
        ("text/markdown;q=0, */*;q=0.1", HTML),
        ("text/html;q=0, text/*;q=0.1", MARKDOWN),
        ("image/png", HTML),
    ],
)
def test_the_form_that_is_liked_best_is_given(accept: str | None, form: str) -> None:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    assert preferred({"headers": headers}, (HTML, MARKDOWN)) == form
