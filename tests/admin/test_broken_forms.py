"""Forms that no browser sends: told on a page, whatever they are, and never a fault."""

import json
import subprocess
import sys

import pytest

from tests.desk import Desk, text_of

NAMED = b'Content-Disposition: form-data; name="v.name"'
FORM = "multipart/form-data"
EDGE = f"{FORM}; boundary=edge"
KINDS = [
    *(f"{FORM}; boundary=edge; charset={each}" for each in ("undefined", "punycode")),
    *(f"{FORM}; boundary=edge; charset={each}" for each in ("idna", "unicode_escape")),
    *(
        f"{FORM}; boundary=edge; charset={each}"
        for each in ("base64", "utf-16", "x" * 5000)
    ),
    *(f"{FORM}{each}" for each in ("", ";", "; boundary=", '; boundary="')),
    *(f"{FORM}; boundary={each}" for each in ("x" * 300, "\xe6", "edge")),
    f"{FORM}; boundary*=idna''edge",
    "multipart/mixed; boundary=edge",
    "application/x-www-form-urlencoded; charset=punycode",
]


def part(head: bytes, body: bytes = b"x") -> bytes:
    return b"--edge\r\n%s\r\n\r\n%s\r\n--edge--\r\n" % (head, body)


BODIES = [
    part(NAMED, b"a\\q\xff"),
    part(b"Content-Disposition: form-data; name*=idna''%ff"),
    part(b'Content-Disposition: form-data; name="f"; filename="\xff\\q"'),
    part(b"Content-Disposition: form-data; name=f; filename*=punycode''%ff"),
    part(b"Content-Disposition: form-data"),
    part(NAMED + b"\r\nContent-Transfer-Encoding: gzip"),
    part(b"X" * 20_000),
    part(b"A: b\r\n" * 500 + NAMED),
    b"--edge\r\n" + NAMED,
    b"--edge\r\nB\x00d: x\r\n\r\n",
    b"--edge--after",
    b"",
]


@pytest.fixture(scope="session")
def engine() -> str:
    return "sqlite"


def test_a_form_that_is_broken_is_told_on_a_page(desk: Desk) -> None:
    for path, statuses in (
        ("/campaigns/362/leads/new", {200, 400, 403, 422}),
        ("/campaigns/362/import", {400, 403, 422}),
        ("/login", {400, 401}),
    ):
        of_kinds = [(kind, BODIES[0]) for kind in KINDS]
        for kind, body in [*of_kinds, *((EDGE, body) for body in BODIES)]:
            head = {
                "Sec-Fetch-Site": "same-origin",
                "Content-Type": kind.encode("latin-1"),
                "X-Leadwell-Word": desk.word,
            }
            answer = desk.client.post(path, content=body, headers=head)
            said = (path, kind[:60], body[:60], text_of(answer)[:200])
            assert answer.status_code in statuses, said
            assert answer.headers["content-type"].startswith("text/html"), said


def test_another_charset_is_told(desk: Desk) -> None:
    head = {"Sec-Fetch-Site": "same-origin", "Content-Type": KINDS[0]}
    page = desk.client.post("/login", content=BODIES[0], headers=head)
    assert page.status_code == 400
    assert "the form is in undefined" in text_of(page)
    assert "send it in UTF-8" in text_of(page)


LOGGED = """
import logging, warnings
from leadwell.server.logs import configure_logs
configure_logs("info")
logging.getLogger("python_multipart.multipart").warning("Did not find boundary %r", 1)
warnings.warn("Jane is no header", RuntimeWarning, stacklevel=1)
warnings.warn("Jane", UserWarning, stacklevel=1)
"""


def test_warnings_of_python_are_lines_of_the_log_without_their_words() -> None:
    command = [sys.executable, "-c", LOGGED]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [json.loads(each) for each in done.stderr.splitlines()]
    assert [(each["event"], each["of"]) for each in lines] == [
        ("warned", "RuntimeWarning"),
        ("warned", "UserWarning"),
    ]
    assert all(each["at"].startswith("<string>:") for each in lines)
    assert "Jane" not in done.stderr
