"""Pages for people, and the forms on them."""

from typing import Any
from urllib.parse import urlencode

from tests.bad.row import Bad

CAMPAIGN = "/campaigns/362"
LEADS = f"{CAMPAIGN}/leads"
HERE = {"Sec-Fetch-Site": "same-origin"}
TYPED = HERE | {"Content-Type": "application/x-www-form-urlencoded"}
EDGE = "edge-of-a-part"
FILED = HERE | {"Content-Type": f"multipart/form-data; boundary={EDGE}"}


def page(path: str, status: int, says: str, **more: Any) -> Bad:
    """A page that somebody who is signed in asks for, and does not get."""
    return Bad(**{"path": path, "status": status, "code": "", "says": says} | more)


def form(path: str, status: int, says: str, /, **fields: Any) -> Bad:
    """A form that is sent by somebody who is signed in, and refused."""
    body = b"_word={word}&" + urlencode(fields).encode()
    return posted(path, status, says, body, TYPED)


def posted(
    path: str, status: int, says: str, body: bytes, headers: dict[str, str]
) -> Bad:
    """A body of any kind that is sent by somebody who is signed in."""
    given = {"method": "POST", "headers": headers, "body": body, "who": "person"}
    return page(path, status, says, **given)


def file(content: bytes, name: str = "leads.csv") -> bytes:
    """A body with the word of the session, and with a file."""
    edge = EDGE.encode()
    head = b'Content-Disposition: form-data; name="file"; filename="%s"' % name.encode()
    word = (
        b'--%s\r\nContent-Disposition: form-data; name="_word"\r\n\r\n{word}\r\n' % edge
    )
    return b"%s--%s\r\n%s\r\n\r\n%s\r\n--%s--\r\n" % (word, edge, head, content, edge)


# Where nothing is, or nothing for them: the path, and what the page says.
NOWHERE = [
    ("/campaigns/363/leads", "there is no campaign 363"),
    ("/campaigns/364/leads", "there is no campaign 364"),
    (f"{LEADS}/98765", "no lead 98765"),
    (f"{LEADS}/98765/edit?field=name", "no lead 98765"),
    (f"{LEADS}/bulk/nothing", "there is no such edit"),
    (f"{CAMPAIGN}/fields/98765", "Not found"),
    (f"{CAMPAIGN}/selects/98765", "Not found"),
    (f"{CAMPAIGN}/statuses/98765", "Not found"),
    (f"{CAMPAIGN}/filters/98765", "Not found"),
    (f"{CAMPAIGN}/webhooks/nothing", "there is no such webhook"),
    (f"{CAMPAIGN}/import/98765", "there is no import 98765"),
    (f"{CAMPAIGN}/import/98765/errors", "there is no import 98765"),
    (f"{CAMPAIGN}/api-documentation/nothing", "there is no token"),
    ("/account/tokens/nothing", "there is no token"),
    ("/account/people/98765", "there is no person 98765"),
]
# Questions that a page cannot answer, and stays to be mended.
ASKED = [
    (f"{LEADS}?sourze=x", 422, "did you mean source?"),
    (f"{LEADS}?page=0", 422, "page is a whole number from 1"),
    (f"{LEADS}?created_after=2025-02-30", 422, "2025-02-30"),
    (f"{LEADS}?budget=much", 422, "is not a number"),
    (f"{LEADS}?source=%ff", 400, "Malformed query"),
    (f"{LEADS}?name=%00", 400, "Malformed query"),
    (f"{LEADS}/export?sourze=x", 400, "did you mean source?"),
    ("/setup/nothing", 410, "leadwell admin invite"),
]
FORMS = [
    form(f"{LEADS}/new", 422, "is not an e-mail address", **{"v.email": "x"}),
    form(f"{LEADS}/new", 422, "required", **{"v.name": ""}),
    form(f"{LEADS}/new", 422, "a NUL", **{"v.name": "a\x00b"}),
    form(f"{LEADS}/1", 400, "the form has no version", version="one"),
    form(f"{LEADS}/1", 422, "required", version="1", **{"v.name": ""}),
    form(f"{LEADS}/98765", 404, "no lead 98765", version="1"),
    form(f"{LEADS}/1/edit", 400, "the form has no version", field="x", value="x"),
    form(f"{LEADS}/1/undo", 400, "the form has no version", version="x"),
    form(f"{LEADS}/1/merge", 400, "the form has no into", into="x"),
    form(f"{LEADS}/98765/erase", 404, "never was a lead 98765"),
    form(f"{LEADS}/bulk", 404, "to edit", lead="x"),
    form(f"{LEADS}/bulk/run", 404, "to edit", action="explode"),
    form(f"{LEADS}/bulk/nothing/undo", 404, "there is no such edit"),
    form("/campaigns", 422, "empty or too long", name=""),
    form("/campaigns", 422, "empty or too long", name="a" * 10_000),
    form("/campaigns", 422, "empty or too long", name="a\x00b"),
    form(f"{CAMPAIGN}/statuses", 422, 'role="alert"', label=""),
    form(f"{CAMPAIGN}/statuses", 422, 'role="alert"', label="x" * 5_000),
    form(f"{CAMPAIGN}/duplicates", 409, "look at them again", action="x"),
    form(f"{CAMPAIGN}/settings", 422, "1 to 255 characters", name=""),
    form(f"{CAMPAIGN}/settings", 422, "Two letters", name="Roofs", country="Mars"),
    form(f"{CAMPAIGN}/settings/duplicates", 422, "problem", policy="x"),
    form(f"{CAMPAIGN}/settings/retention", 422, "whole number", days="0"),
    form(f"{CAMPAIGN}/settings/retention", 422, "whole number", days="9" * 400),
    form(f"{CAMPAIGN}/webhooks", 422, "problem", url="ftp://example.com"),
    form(f"{CAMPAIGN}/webhooks", 422, "problem", url="http://127.0.0.1:1/"),
    form(f"{CAMPAIGN}/webhooks/nothing", 404, "no such webhook", action="explode"),
    form(f"{CAMPAIGN}/api-documentation/nothing/revoke", 404, "there is no token"),
    form("/account", 422, "problem", name="", email="x"),
    form("/account", 422, "too long", name="x" * 5_000, email="a@example.com"),
    form("/account/people/98765/rights", 404, "there is no person 98765"),
    form("/me/password", 422, "problem", old="x", new="y"),
]
NEW = f"{LEADS}/new"
STRANGE = [
    posted(NEW, 403, "older page", b"v.name=a", TYPED),
    posted(NEW, 403, "older page", b"_word=wrong&v.name=a", TYPED),
    posted(NEW, 403, "", b"_word={word}", TYPED | {"Sec-Fetch-Site": "cross-site"}),
    posted(
        NEW, 403, "", b"_word={word}", {**TYPED, "Sec-Fetch-Site": "", "Origin": "null"}
    ),
    posted(NEW, 403, "older page", b"{}", HERE | {"Content-Type": "application/json"}),
    posted(NEW, 400, "", b"--wrong", FILED),
    posted(NEW, 400, "", b"a", HERE | {"Content-Type": "multipart/form-data"}),
    posted(NEW, 422, "required", b"_word={word}&%ff=%ff", TYPED),
]
FILES = [
    (b"", "leads.csv"),
    (b"name\n", "leads.csv"),
    (b"PK\x03\x04broken", "leads.xlsx"),
    (b"MZ", "leads.exe"),
    (b"{", "leads.ndjson"),
]
STRANGERS = {"who": "nobody", "method": "POST", "headers": TYPED}
ROWS = [
    *(page(path, 404, says, who="person") for path, says in NOWHERE),
    *(page(path, status, says, who="person") for path, status, says in ASKED),
    *FORMS,
    *STRANGE,
    *(posted(f"{CAMPAIGN}/import", 422, "problem", file(*e), FILED) for e in FILES),
    *(posted("/campaigns/import", 422, "problem", file(*e), FILED) for e in FILES),
    page("/login", 401, "password is wrong", body=b"email=x&password=y", **STRANGERS),
    page("/login", 401, "password is wrong", body=b"\xff=%ff&%00", **STRANGERS),
    page(NEW, 401, "Sign in", body=b"v.name=a", **STRANGERS),
    *(
        page(path, 303, "", who="nobody", headers={"Accept": "text/html"})
        for path in ("/", "/campaigns", LEADS, f"{LEADS}/1", "/account", "/me")
    ),
]
