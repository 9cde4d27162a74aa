"""Addresses, methods, tokens and headers."""

from tests.bad.row import LIST, Bad, refused

AUTHORIZATIONS: list[tuple[str | bytes, str]] = [
    ("", "not_authenticated"),
    ("Bearer", "not_authenticated"),
    ("Bearer  ", "not_authenticated"),
    ("Basic YTpi", "not_authenticated"),
    ("Token abc", "not_authenticated"),
    ("Bearer nobody-knows-this", "invalid_token"),
    ("Bearer a b", "invalid_token"),
    ("Bearer " + "a" * 600, "invalid_token"),
    ("Bearer lw_", "invalid_token"),
    ("Bearer ' OR 1=1 --", "invalid_token"),
    (b"Bearer \xff\xfe", "invalid_token"),
]
NOWHERE = [
    "/v2/campaigns/0/leads",
    "/v2/campaigns/-1/leads",
    "/v2/campaigns/0362/leads",
    "/v2/campaigns/362.0/leads",
    "/v2/campaigns/1e2/leads",
    "/v2/campaigns/%D9%A3/leads",
    "/v2/campaigns/" + "9" * 40 + "/leads",
    "/v2/campaigns/362/leads/",
    "/v2/campaigns/362/leads/abc",
    "/v2/campaigns/362/leads/1%0A",
    "/v2/campaigns/362/leads%0A",
    "/v2/campaigns/362%2Fleads/x",
    "/v2/campaigns/362/leads/%00",
    "/v2//campaigns/362/leads",
    "/V2/campaigns/362/leads",
    "/v2/campaigns/362/leads/../leads;x",
    "/v2/nothing",
    "/nothing",
    "/docs/errors/nothing",
    "/docs/nothing",
    "/docs/nothing.md",
    "/docs/download/connectors/nothing/x",
    "/a/nobody/api-documentation/",
    "/d/nothing/",
    "/d/{feed}/",
    "/feed/nothing.csv",
    "/feed/{feed}x.csv",
    "/metrics",
    *(
        f"/static/{name}"
        for name in (
            "",
            "vendor/vendor.toml",
            "vendor/scalar/1.72.1/standalone.js.gz",
            "%2e%2e/app.py",
            "..%2fapp.py",
            "__init__.py",
            "/etc/passwd",
            "vendor/scalar/1.72.1/LICENSE/",
            "vendor/scalar/1.72.1/LICENSE%0A",
            "vendor%5cscalar%5c1.72.1%5cLICENSE",
        )
    ),
]
# What anybody may ask who has no token, and what a token may not.
CLOSED = [
    *(LIST, f"{LIST}/1", f"{LIST}/changes", f"{LIST}/digest", f"{LIST}/export"),
    *("/v2/me", "/v2/campaigns", "/v2/campaigns/362", "/v2/campaigns/362/schema"),
    *("/v2/campaigns/362/schema.json", "/v2/nothing", "/a/demo/api-documentation/"),
]
FOREIGN = ["", "/leads", "/leads/1", "/leads/changes", "/leads/export", "/schema"]
OTHER_METHODS = [
    *((method, LIST) for method in ("PUT", "OPTIONS", "TRACE", "LOOK")),
    *((method, f"{LIST}/1") for method in ("PUT", "POST", "OPTIONS")),
    *((method, "/v2/me") for method in ("POST", "PUT", "DELETE")),
    *((method, "/health/live") for method in ("POST", "DELETE")),
    *(("GET", path) for path in ("/leads", "/mcp", f"{LIST}/batch")),
]
HUGE = "a" * 60_000
ROWS = [
    *(refused(path, "not_authenticated", 401, who="nobody") for path in CLOSED),
    *(
        refused(LIST, code, 401, who="nobody", headers={"Authorization": given})
        for given, code in AUTHORIZATIONS
    ),
    *(refused(LIST, "invalid_token", 401, who=who) for who in ("revoked", "expired")),
    *(
        refused(f"{LIST}?{name}={{token}}", "token_in_url", who=who)
        for name in ("access_token", "api_token", "token", "anything")
        for who in ("nobody", "writer")
    ),
    *(refused(f"{LIST}?{asked}", "token_in_url") for asked in ("{token}=1", "{token}")),
    *(refused(path, "not_found", 404) for path in NOWHERE),
    *(
        refused(f"/v2/campaigns/{number}{path}", "insufficient_scope", 403)
        for number in (363, 364)
        for path in FOREIGN
    ),
    *(
        refused(f"/v2/campaigns/{number}{path}", "campaign_not_found", 404, who="all")
        for number in (363, 364)
        for path in FOREIGN
    ),
    *(
        refused(path, "method_not_allowed", 405, method=method)
        for method, path in OTHER_METHODS
    ),
    *(
        refused(path, "method_not_allowed", 405, method=method, who="nobody")
        for method in ("POST", "PUT")
        for path in ("/feed/{feed}.csv", "/docs/")
    ),
    *(
        refused(LIST, "malformed_request", headers={"Content-Length": length})
        for length in (b"-1", b"1e3", b"abc", "\u0661".encode())
    ),
    refused(f"{LIST}?name={HUGE}", "url_too_long", 414),
    refused(f"/{HUGE}", "url_too_long", 414, who="nobody"),
    refused(LIST, "headers_too_large", 431, headers={"X-A": HUGE}),
    Bad(
        path=LIST,
        status=431,
        code="headers_too_large",
        headers={f"X-{number}": "a" for number in range(100)},
    ),
]
