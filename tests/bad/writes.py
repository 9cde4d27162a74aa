"""Clean JSON that no lead can be made of, and what else a write may not ask."""

from typing import Any

from tests.bad.row import JSON, LIST, refused, sent

GOOD = {"fields": {"name": "Jane Doe"}}
ZEROS = b"1" + b"0" * 400


def _fields(**values: Any) -> dict[str, Any]:
    return {"fields": {"name": "a"} | values}


HALVES = [
    b'{"fields": {"name": "\\ud800"}}',
    b'{"fields": {"name": "a", "source": "\\ud800"}}',
    b'{"fields": {"name": "a", "tags": ["\\ud800"]}}',
    b'{"fields": {"name": "a", "budget": "\\ud800"}}',
    b'{"fields": {"name": "a", "df_lines": {"\\ud800": 1}}}',
    b'{"fields": {"name": "a", "\\ud800": 1}}',
    b'{"fields": {"name": "a"}, "\\udfff": 1}',
    b'{"fields": {"name": "a"}, "status": "\\ud800"}',
    b'{"fields": {"name": "a"}, "external_id": "\\ud800"}',
    b'{"fields": {"name": "a"}, "assigned_person": "\\ud800"}',
]
"""Texts with half a character."""
LONG = [
    b'{"fields": {"name": "a", "df_lines": ' + ZEROS + b"}}",
    b'{"fields": {"name": "a", "budget": ' + ZEROS + b"}}",
    b'{"fields": {"name": "a", "price": ' + ZEROS + b"}}",
    b'{"fields": {"name": "a"}, "status": ' + ZEROS + b"}",
]
"""Numbers that no computer counts with."""
# Which value, how it is refused, and where.
VALUES = [
    (_fields(name=["a"]), "malformed_value", "/fields/name"),
    (_fields(name={"a": 1}), "malformed_value", "/fields/name"),
    (_fields(name=None), "required", "/fields/name"),
    (_fields(name=""), "required", "/fields/name"),
    (_fields(name="a" * 10_000), "malformed_value", "/fields/name"),
    (_fields(email="nobody"), "malformed_value", "/fields/email"),
    (_fields(email="a@b"), "malformed_value", "/fields/email"),
    (_fields(email="a@example.com, b@example.com"), "malformed_value", "/fields/email"),
    (_fields(email=7), "malformed_value", "/fields/email"),
    (_fields(phone="12"), "malformed_value", "/fields/phone"),
    (_fields(phone="+45 call me"), "malformed_value", "/fields/phone"),
    (_fields(website="example"), "malformed_value", "/fields/website"),
    (_fields(website="javascript:alert(1)"), "malformed_value", "/fields/website"),
    (_fields(website="file:///etc/passwd"), "malformed_value", "/fields/website"),
    (_fields(source="Our website"), "label_not_slug", "/fields/source"),
    (_fields(source="WEBSITE"), "unknown_option", "/fields/source"),
    (_fields(source="nobody"), "unknown_option", "/fields/source"),
    (_fields(source=["website"]), "malformed_value", "/fields/source"),
    (_fields(source=1), "malformed_value", "/fields/source"),
    (_fields(tags=["a", "q"]), "unknown_option", "/fields/tags"),
    (_fields(tags={"a": True}), "malformed_value", "/fields/tags"),
    (_fields(budget="much"), "malformed_value", "/fields/budget"),
    (_fields(budget=True), "malformed_value", "/fields/budget"),
    (_fields(budget=[1]), "malformed_value", "/fields/budget"),
    (_fields(price="1,2,3"), "malformed_value", "/fields/price"),
    (_fields(price="1e3"), "malformed_value", "/fields/price"),
    (_fields(newsletter=1), "malformed_value", "/fields/newsletter"),
    (_fields(newsletter="perhaps"), "malformed_value", "/fields/newsletter"),
    (_fields(**{"follow-up": "2025-02-30"}), "malformed_value", "/fields/follow-up"),
    (_fields(**{"follow-up": "soon"}), "malformed_value", "/fields/follow-up"),
    (_fields(**{"follow-up": 20250101}), "malformed_value", "/fields/follow-up"),
    (_fields(visit_at="25:00"), "malformed_value", "/fields/visit_at"),
    (_fields(visit_at="10000-01-01T00:00:00Z"), "malformed_value", "/fields/visit_at"),
    (_fields(df_lines={"a": 10**25}), "malformed_value", "/fields/df_lines"),
    (_fields(nmae="a"), "unknown_field", "/fields/nmae"),
    (_fields(**{"name'; DROP TABLE lead; --": 1}), "unknown_field", ""),
    ({"fields": [["name", "a"]]}, "invalid_lead", ""),
    ({"fields": "name"}, "invalid_lead", ""),
    ({}, "required", "/fields/name"),
    (GOOD | {"id": 7}, "unknown_field", "/id"),
    (GOOD | {"created_at": "2020-01-01"}, "unknown_field", "/created_at"),
    (GOOD | {"__proto__": {}}, "unknown_field", "/__proto__"),
    (GOOD | {"status": "lost"}, "unknown_option", "/status"),
    (GOOD | {"status": "New"}, "label_not_slug", "/status"),
    (GOOD | {"status": {"slug": []}}, "malformed_value", "/status"),
    (GOOD | {"status": ["new"]}, "malformed_value", "/status"),
    (GOOD | {"external_id": 7}, "malformed_value", "/external_id"),
    (GOOD | {"external_id": "x" * 300}, "malformed_value", "/external_id"),
    (GOOD | {"assigned_person": True}, "malformed_value", "/assigned_person"),
    (GOOD | {"assigned_person": [1]}, "malformed_value", "/assigned_person"),
    (GOOD | {"assigned_person": {}}, "malformed_value", "/assigned_person"),
    (GOOD | {"assigned_person": {"id": {}}}, "malformed_value", "/assigned_person"),
    (
        GOOD | {"assigned_person": {"name": "Sales One"}},
        "malformed_value",
        "/assigned_person",
    ),
    (GOOD | {"assigned_person": 99}, "malformed_value", "/assigned_person"),
    (GOOD | {"campaign_id": 363}, "contradiction", "/campaign_id"),
]
CAMPAIGNS: list[tuple[Any, str]] = [
    (None, "required"),
    ("362", "malformed_value"),
    (True, "malformed_value"),
    (362.0, "malformed_value"),
    (0, "malformed_value"),
    (-362, "malformed_value"),
    (10**15, "malformed_value"),
    ([362], "malformed_value"),
]
BATCHES: list[tuple[Any, str, str]] = [
    ({}, "out_of_range", "/leads"),
    ({"leads": []}, "out_of_range", "/leads"),
    ({"leads": {}}, "out_of_range", "/leads"),
    ({"leads": None}, "out_of_range", "/leads"),
    ({"leads": [GOOD] * 1001}, "out_of_range", "/leads"),
    ({"leads": [GOOD], "atomic": 1}, "malformed_value", "/atomic"),
    ({"leads": [GOOD], "atomic": None}, "malformed_value", "/atomic"),
    ({"leads": [GOOD], "atomc": True}, "unknown_field", "/atomc"),
    ({"leads": 1, "atomic": "yes", "fields": {}}, "invalid_lead", ""),
    ({"leads": [GOOD, {}], "atomic": True}, "required", "/leads/1/fields/name"),
]
INTOS: list[Any] = [None, 1, 0, -1, "2", 2.0, True, [2], 10**15, 10**30]
TAGS = ["2", "W/2", '"2', "'2'", '"2" x', '"2" "3"', '"2",', "*, *", "", "w/'2'"]
CHANGES = [
    ("PATCH", f"{LIST}/1", {}),
    ("DELETE", f"{LIST}/1", None),
    ("POST", f"{LIST}/1/merge", {"into": 2}),
]
KEYS: list[str | bytes] = [
    *("", " ", '""', "a b", "a" * 256, "a\tb", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
]
ROWS = [
    *(sent(body, "malformed_body", 400) for body in (*HALVES, *LONG)),
    sent(b'{"fields": {"name": "a\\u0000"}}', "malformed_value", at="/fields/name"),
    *(sent(body, code, at=at) for body, code, at in VALUES),
    *(
        sent({"campaign_id": given} | GOOD, code, path="/leads", at="/campaign_id")
        for given, code in CAMPAIGNS
    ),
    *(
        sent({"campaign_id": given} | GOOD, code, at="/campaign_id")
        for given, code in CAMPAIGNS[1:]
    ),
    *(sent(body, code, path=f"{LIST}/batch", at=at) for body, code, at in BATCHES),
    *(
        sent({"into": into}, "malformed_value", path=f"{LIST}/1/merge", at="/into")
        for into in INTOS
    ),
    sent({}, "malformed_value", path=f"{LIST}/1/merge", at="/into"),
    *(
        sent(body, "malformed_request", 400, path, method=method, headers=headers)
        for method, path, body in CHANGES
        for headers in (JSON | {"If-Match": tag} for tag in TAGS)
    ),
    *(
        sent({"leads": []}, "malformed_request", 400, path, headers=headers)
        for path in (LIST, f"{LIST}/batch", "/leads")
        for headers in [JSON | {"If-Match": '"1"'}]
    ),
    *(
        sent(body, "precondition_failed", 412, path, method=method, headers=headers)
        for method, path, body in CHANGES
        for headers in [JSON | {"If-Match": '"99"'}]
    ),
    *(
        sent(GOOD, "malformed_request", 400, headers=JSON | {"Idempotency-Key": key})
        for key in KEYS
    ),
    *(
        sent(body, "unknown_parameter", 400, f"{path}?{asked}", method=method)
        for method, path, body in [
            ("POST", LIST, GOOD),
            ("POST", "/leads", GOOD),
            ("POST", f"{LIST}/batch", {"leads": [GOOD]}),
            *CHANGES,
        ]
        for asked in ("status=new", "_fields=name", "page=1", "a=b")
    ),
    *(
        sent(body, "lead_not_found", 404, path.replace("/1", "/98765"), method=method)
        for method, path, body in CHANGES
    ),
    *(
        sent(body, "insufficient_scope", 403, path, method=method, who="reader")
        for method, path, body in [("POST", LIST, []), ("POST", "/leads", {}), *CHANGES]
    ),
    *(
        sent(GOOD, "insufficient_scope", 403, f"/v2/campaigns/{number}/leads")
        for number in (363, 364)
    ),
    *(
        sent(body, "insufficient_scope", 403, path.replace("362", "363"), method=method)
        for method, path, body in [("POST", f"{LIST}/batch", {}), *CHANGES]
    ),
    sent(
        GOOD | {"campaign_id": 363},
        "contradiction",
        path=f"{LIST}/1",
        method="PATCH",
        at="/campaign_id",
    ),
    refused(f"{LIST}/98765", "lead_not_found", 404),
]
