"""Every operation of the API, once: OpenAPI, collections and pages are made of it."""

from leadwell.describe.contract.parts import Answer, Operation, Parameter
from leadwell.errors import (
    Conflict,
    CursorLost,
    InvalidBatch,
    InvalidCursor,
    InvalidLead,
    KeyReused,
    LeadNotFound,
    PreconditionFailed,
    SnapshotLost,
)

_CAMPAIGN = "/v2/campaigns/{campaign_id}"
_LEADS = f"{_CAMPAIGN}/leads"


def _count(name: str, meaning: str, most: int, default: int) -> Parameter:
    bounds = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(name, meaning, bounds)


_SWITCH = {"type": "string", "enum": ["1"]}
_TEXT = {"type": "string"}
_PER_PAGE = _count("per_page", "How many are on a page.", 1_000, 50)
_PAGE = Parameter("page", "Which page, from 1.", {"type": "integer", "minimum": 1})
_FIELDS = Parameter("_fields", "Only these fields and attributes.", _TEXT)
_ZONE = Parameter(
    "_tz", "Where moments without an offset stand.", _TEXT, example="Europe/Copenhagen"
)
_FEED_CURSOR = Parameter("_cursor", "Go on behind this cursor, as it came.", _TEXT)
_MATCH = Parameter("If-Match", "Only if the lead has this version.", _TEXT, "header")
_KEY = Parameter(
    "Idempotency-Key",
    "The same key within 48 hours is the same request.",
    _TEXT | {"maxLength": 255},
    "header",
)
_NONE_MATCH = Parameter("If-None-Match", "The ETag you have.", _TEXT, "header")
_READING = ("ETag", "Leadwell-Schema-Version")
_HANDOVER = ("Leadwell-Cursor", "Leadwell-Watermark")
_UNCHANGED = Answer(304, "Nothing has changed since the ETag you sent.")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "listLeads",
        "GET",
        _LEADS,
        "Read",
        "Read leads, page by page",
        "Every condition must hold. Totals are exact. Pages of one run neither skip "
        "nor repeat a lead while others write; for long reading take `_cursor=start`.",
        (
            Answer(
                200,
                "One page of leads.",
                "LeadPage",
                headers=(*_READING, *_HANDOVER, "Leadwell-Snapshot", "Link"),
            ),
            _UNCHANGED,
        ),
        (
            _PAGE,
            _PER_PAGE,
            Parameter("_q", "One text field contains all these words.", _TEXT),
            Parameter("_sort", "Up to three keys; `-` turns one round.", _TEXT),
            _FIELDS,
            _ZONE,
            Parameter("_meta", "Adds `meta`: links, cursors, watermark.", _SWITCH),
            Parameter("_cursor", "`start`, or `next_cursor`: a walk by id.", _TEXT),
            Parameter("_snapshot", "The run of pages; `none`: no run.", _TEXT),
            _NONE_MATCH,
        ),
        takes_conditions=True,
        own_errors=(InvalidCursor, CursorLost, SnapshotLost),
    ),
    Operation(
        "showLead",
        "GET",
        f"{_LEADS}/{{lead_id}}",
        "Read",
        "Read one lead",
        "A lead outside the token's filter is a `404`, like one that does not exist.",
        (Answer(200, "The lead.", "LeadAlone", headers=_READING), _UNCHANGED),
        (_FIELDS, _NONE_MATCH),
        own_errors=(LeadNotFound,),
    ),
    Operation(
        "listChanges",
        "GET",
        f"{_LEADS}/changes",
        "Follow",
        "Read what has changed",
        "Changes in commit order, removals included. Without a cursor the whole set "
        "comes first. A copy is exact whenever `up_to_date` is true.",
        (Answer(200, "Some changes, and where to go on.", "ChangePage"),),
        (
            _FEED_CURSOR,
            _count("_limit", "How many changes at most.", 1_000, 500),
            Parameter(
                "_wait",
                "Wait so many seconds for news.",
                {"type": "integer", "minimum": 0, "maximum": 60},
            ),
            Parameter("_from", "`now`: only what changes from here on.", _TEXT),
            Parameter("_digest", "Adds count and digest once up to date.", _SWITCH),
            _FIELDS,
            _ZONE,
        ),
        takes_conditions=True,
        own_errors=(InvalidCursor, CursorLost),
    ),
    Operation(
        "digestLeads",
        "GET",
        f"{_LEADS}/digest",
        "Follow",
        "Prove that a copy is exact",
        "What the visible leads add up to: compare it with your copy's.",
        (Answer(200, "Count and digest.", "Digest"),),
        (
            Parameter(
                "_buckets",
                "Adds a digest for each id mod 256.",
                {"type": "string", "enum": ["256"]},
            ),
            Parameter(
                "_bucket",
                "Lists ids and versions of one bucket.",
                {"type": "integer", "minimum": 0, "maximum": 255},
            ),
            _ZONE,
        ),
        takes_conditions=True,
    ),
    Operation(
        "exportLeads",
        "GET",
        f"{_LEADS}/export",
        "Read",
        "Read everything as one stream",
        "Ends with a line that says count and digest; goes on after a break with "
        "`_cursor` and `_after`.",
        (
            Answer(
                200,
                "The leads, line by line.",
                "ExportLine",
                ("application/x-ndjson", "text/csv"),
                (*_HANDOVER, "Leadwell-Count", "Leadwell-Schema-Version"),
            ),
        ),
        (
            Parameter(
                "_format",
                "How the leads are written.",
                {"type": "string", "enum": ["ndjson", "csv", "csv-excel"]},
            ),
            _FEED_CURSOR,
            Parameter("_after", "The last lead that you have.", {"type": "integer"}),
            _FIELDS,
            _ZONE,
        ),
        takes_conditions=True,
        own_errors=(InvalidCursor, CursorLost),
    ),
    Operation(
        "addLead",
        "POST",
        _LEADS,
        "Write",
        "Add a lead",
        "A known `external_id` of yours updates that lead instead.",
        (
            Answer(201, "The new lead.", "LeadAlone", headers=("Location", "ETag")),
            Answer(200, "The lead that was there, as it is now.", "LeadAlone"),
        ),
        (_KEY,),
        body="NewLead",
        own_errors=(InvalidLead, KeyReused, Conflict),
        needs_write=True,
    ),
    Operation(
        "addLeads",
        "POST",
        f"{_LEADS}/batch",
        "Write",
        "Add or update up to 1,000 leads",
        "Each by itself, with a status of its own; or all or none with `atomic`.",
        (Answer(200, "What became of each.", "BatchResult"),),
        (_KEY,),
        body="Batch",
        own_errors=(InvalidLead, InvalidBatch, KeyReused, Conflict),
        needs_write=True,
    ),
    Operation(
        "changeLead",
        "PATCH",
        f"{_LEADS}/{{lead_id}}",
        "Write",
        "Change what you name of a lead",
        "`null` empties a field. What is not named stays.",
        (Answer(200, "The lead as it is now.", "LeadAlone", headers=("ETag",)),),
        (_MATCH, _KEY),
        body="LeadChange",
        own_errors=(LeadNotFound, PreconditionFailed, InvalidLead, KeyReused, Conflict),
        needs_write=True,
    ),
    Operation(
        "removeLead",
        "DELETE",
        f"{_LEADS}/{{lead_id}}",
        "Write",
        "Delete a lead",
        "Its readers are told by the change feed.",
        (Answer(204, "It is gone."),),
        (_MATCH, _KEY),
        own_errors=(LeadNotFound, PreconditionFailed, KeyReused),
        needs_write=True,
    ),
    Operation(
        "mergeLead",
        "POST",
        f"{_LEADS}/{{lead_id}}/merge",
        "Write",
        "Merge a lead into another one",
        "The other one's empty fields are filled, and it stays.",
        (Answer(200, "The lead that stays.", "LeadAlone"),),
        (_MATCH, _KEY),
        body="Merge",
        own_errors=(LeadNotFound, PreconditionFailed, InvalidLead, KeyReused, Conflict),
        needs_write=True,
    ),
    Operation(
        "showSchema",
        "GET",
        f"{_CAMPAIGN}/schema",
        "Know",
        "Read the campaign's fields, options and statuses",
        "What the token may see of them, with the slugs to ask by.",
        (Answer(200, "The schema.", "SchemaAlone"),),
    ),
    Operation(
        "showLeadSchema",
        "GET",
        f"{_CAMPAIGN}/schema.json",
        "Know",
        "Read the JSON Schema of a lead",
        "To validate against.",
        (Answer(200, "The schema.", "AnyObject", ("application/schema+json",)),),
    ),
    Operation(
        "showCampaign",
        "GET",
        _CAMPAIGN,
        "Know",
        "Read about a campaign",
        "Its name, country and the version of its schema.",
        (Answer(200, "The campaign.", "CampaignAlone"),),
    ),
    Operation(
        "listCampaigns",
        "GET",
        "/v2/campaigns",
        "Know",
        "List the campaigns that the token covers",
        "One, for a token of a campaign.",
        (Answer(200, "One page of campaigns.", "CampaignPage", headers=("Link",)),),
        (_PAGE, _PER_PAGE),
    ),
    Operation(
        "showToken",
        "GET",
        "/v2/me",
        "Know",
        "Read what the token is and may see",
        "Its rights, its filter in words and as a query, its fields, its expiry.",
        (Answer(200, "The token.", "TokenAlone"),),
    ),
)
