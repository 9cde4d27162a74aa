"""Bodies that are no clean JSON object, wherever one is read."""

from tests.bad.row import JSON, LIST, sent

UNCLEAN = [
    b"",
    b"{",
    b"{'fields': {}}",
    b'{"fields": {"name": "a"},}',
    b'{"fields": {"name": "a"}} {}',
    b'{"fields": {"name": "a"}, "fields": {}}',
    b'{"fields": {"name": "a", "n\\u0061me": "b"}}',
    b'{"fields": {"budget": NaN}}',
    b'{"fields": {"budget": -Infinity}}',
    b'{"fields": {"budget": 1e999}}',
    b'{"fields": {"budget": 1' + b"0" * 5000 + b"}}",
    b'{"fields": {"df_lines": ' + b"[" * 33 + b"]" * 33 + b"}}",
    b"[" * 100_000 + b"]" * 100_000,
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"fields": {"name": "\xff"}}',
    b'\xef\xbb\xbf{"fields": {"name": "a"}}',
    '{"fields": {}}'.encode("utf-16"),
    b"[]",
    b'[{"fields": {"name": "a"}}]',
    b'"text"',
    b"null",
    b"1",
]
UNCLEAN_BATCHES = [
    b'{"leads": [], "leads": []}',
    b'{"leads": [{"fields": {"name": "a"}, "fields": {"name": "b"}}]}',
    b'{"leads": [{"fields": {"name": "a", "name": "b"}}]}',
    b'{"leads": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"leads": ' * 100_000,
    b"[]",
    b"",
    b"{" + b" " * 100_000,
]
KINDS = [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/json5",
    "application/x-ndjson",
    "application/jsonx",
    "multipart/form-data; boundary=x",
]
GOOD = b'{"fields": {"name": "a"}}'
WRITES = [
    ("POST", LIST),
    ("POST", "/leads"),
    ("PATCH", f"{LIST}/1"),
    ("POST", f"{LIST}/1/merge"),
]
ROWS = [
    *(
        sent(body, "malformed_body", 400, headers=JSON | {"Content-Type": kind})
        for kind in ("application/json; charset=utf-8",)
        for body in UNCLEAN
    ),
    *(
        sent(body, "malformed_body", 400, path, method=method)
        for method, path in WRITES[1:]
        for body in (b"", b"{", b"[]", b'{"a": NaN}', b"\xff", b'{"a": 1, "a": 2}')
    ),
    *(sent(b, "malformed_body", 400, f"{LIST}/batch") for b in UNCLEAN_BATCHES),
    *(
        sent(GOOD, "unsupported_media_type", 415, path, headers={"Content-Type": kind})
        for path in (LIST, f"{LIST}/batch")
        for kind in KINDS
    ),
    *(
        sent(
            b"\x1f\x8b",
            "unsupported_media_type",
            415,
            f"{LIST}/batch",
            headers=JSON | {"Content-Encoding": coding},
            says="uncompressed",
        )
        for coding in ("gzip", "br", "identity, gzip")
    ),
    sent(b'"' + b"a" * 2_000_000 + b'"', "body_too_large", 413),
]
