"""Messages of assistants that are none."""

from tests.bad.row import JSON, refused, sent

# What tells which version of the protocol is spoken, and what may come back.
HEAD = JSON | {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-06-18",
}
LISTED = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ROWS = [
    sent(LISTED, "not_authenticated", 401, "/mcp", who="nobody"),
    sent(LISTED, "token_in_url", 400, "/mcp?access_token={token}", headers=HEAD),
    sent(LISTED, "unknown_parameter", 400, "/mcp?campaign=362", headers=HEAD),
    *(
        sent(LISTED, "origin_not_allowed", 403, "/mcp", headers=HEAD | {"Origin": each})
        for each in ("https://evil.example", "null", "http://hub.example", "")
    ),
    sent(b"x" * 1_048_577, "body_too_large", 413, "/mcp", headers=HEAD),
    *(refused("/mcp", "method_not_allowed", 405, method=m) for m in ("DELETE", "PUT")),
]
