"""Every operation of the API, once: OpenAPI, collections and pages are made of it."""

from leadwell.describe.contract import parameters
from leadwell.describe.contract.parts import Answer, Onward, Operation, Tag
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
from leadwell.errors.duplicates import DuplicateLead

TAGS = (
    Tag("Read", "Read leads: page by page, one alone, or all as one stream."),
    Tag("Follow", "Keep a copy exact: what changed since a cursor, and a digest."),
    Tag("Write", "Add, change, delete and merge leads."),
    Tag("Know", "What the token is, and what there is to ask for."),
)
_CAMPAIGN = "/v2/campaigns/{campaign_id}"
_LEADS = f"{_CAMPAIGN}/leads"


_TAGGED = ("ETag", "Leadwell-Schema-Version")
_HANDOVER = ("Leadwell-Cursor", "Leadwell-Watermark")
_REPLAYED = "Idempotency-Replayed"
_UNCHANGED = Answer(304, "Nothing has changed since your ETag.", headers=_TAGGED)
_WRITTEN = (InvalidLead, KeyReused, Conflict)
_ADDED = (*_WRITTEN, DuplicateLead)
_GUARDED = (LeadNotFound, PreconditionFailed)


def _with(name: str, where: str, *operations: str) -> tuple[Onward, ...]:
    """Say which operations of one lead can be asked with an id that was answered."""
    return tuple(
        Onward(f"{name}{each[0].upper()}{each[1:]}", each, "lead_id", where)
        for each in operations
    )


_ONE = ("showLead", "changeLead", "removeLead")
_ITS_ID = "$response.body#/data/id"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "listLeads",
        "GET",
        _LEADS,
        "Read",
        "Read leads, page by page",
        "Every condition must hold. Totals are exact. Pages of one run neither skip "
        "nor repeat a lead while others write; for long reading take `_cursor=start`, "
        "which excludes `page`, `_sort` and `_snapshot`.",
        (
            Answer(
                200,
                "One page of leads.",
                "LeadPage",
                headers=(*_TAGGED, *_HANDOVER, "Leadwell-Snapshot", "Link"),
                onward=(
                    *_with("first", "$response.body#/data/0/id", *_ONE),
                    Onward(
                        "whatChanged",
                        "listChanges",
                        "_cursor",
                        "$response.header.Leadwell-Cursor",
                    ),
                ),
            ),
            _UNCHANGED,
        ),
        parameters.OF_LIST,
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
        (Answer(200, "The lead.", "LeadAlone", headers=_TAGGED), _UNCHANGED),
        parameters.OF_LEAD,
        own_errors=(LeadNotFound,),
    ),
    Operation(
        "listChanges",
        "GET",
        f"{_LEADS}/changes",
        "Follow",
        "Read what has changed",
        "Changes in commit order, removals included. Without a cursor the whole set "
        "comes first. A copy is exact whenever `up_to_date` is true. A cursor belongs "
        "to its token and to its conditions.",
        (
            Answer(
                200,
                "Some changes, and where to go on.",
                "ChangePage",
                onward=(
                    Onward("goOn", "listChanges", "_cursor", "$response.body#/cursor"),
                ),
            ),
        ),
        parameters.OF_FEED,
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
        (
            Answer(
                200,
                "Count and digest.",
                "Digest",
                onward=(
                    Onward("goOn", "listChanges", "_cursor", "$response.body#/cursor"),
                ),
            ),
        ),
        parameters.OF_DIGEST,
        takes_conditions=True,
    ),
    Operation(
        "exportLeads",
        "GET",
        f"{_LEADS}/export",
        "Read",
        "Read everything as one stream",
        "NDJSON ends with a line that says count and digest. After a break it goes on "
        "with `_cursor`, the `Leadwell-Cursor` of its beginning, and `_after`.",
        (
            Answer(
                200,
                "The leads, line by line.",
                "ExportLine",
                (
                    "application/x-ndjson",
                    "text/csv",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    "application/vnd.apache.parquet",
                ),
                (
                    *_HANDOVER,
                    "Leadwell-Count",
                    "Leadwell-Schema-Version",
                    "Content-Disposition",
                ),
            ),
        ),
        parameters.OF_EXPORT,
        takes_conditions=True,
        own_errors=(InvalidCursor, CursorLost),
    ),
    Operation(
        "addLead",
        "POST",
        _LEADS,
        "Write",
        "Add a lead",
        "A known `external_id` of yours updates that lead instead. A campaign may "
        "refuse a lead with the e-mail or phone of one that you can see, or merge the "
        "two: then the answer is `200` with the lead that stays.",
        (
            Answer(
                201,
                "The new lead.",
                "LeadAlone",
                headers=("Location", "ETag", _REPLAYED),
                onward=_with("added", _ITS_ID, *_ONE, "mergeLead"),
            ),
            Answer(
                200,
                "The lead that was there, as it is now.",
                "LeadAlone",
                headers=("Location", "ETag", _REPLAYED),
            ),
        ),
        parameters.OF_ADDING,
        body="NewLead",
        own_errors=(*_ADDED, LeadNotFound),
        needs_write=True,
    ),
    Operation(
        "addLeads",
        "POST",
        f"{_LEADS}/batch",
        "Write",
        "Add or update up to 1,000 leads",
        "Each by itself, with a status of its own; or all or none with `atomic`.",
        (Answer(200, "What became of each.", "BatchResult", headers=(_REPLAYED,)),),
        parameters.OF_ADDING,
        body="Batch",
        own_errors=(InvalidBatch, *_ADDED),
        needs_write=True,
    ),
    Operation(
        "changeLead",
        "PATCH",
        f"{_LEADS}/{{lead_id}}",
        "Write",
        "Change what you name of a lead",
        "`null` empties a field. What is not named stays.",
        (
            Answer(
                200,
                "The lead as it is now.",
                "LeadAlone",
                headers=("Location", "ETag", _REPLAYED),
            ),
        ),
        parameters.OF_CHANGING,
        body="LeadChange",
        own_errors=(*_GUARDED, *_WRITTEN),
        needs_write=True,
    ),
    Operation(
        "mergeLead",
        "POST",
        f"{_LEADS}/{{lead_id}}/merge",
        "Write",
        "Merge a lead into another one",
        "The other one's empty fields are filled, and it stays.",
        (
            Answer(
                200,
                "The lead that stays.",
                "LeadAlone",
                headers=("Location", "ETag", _REPLAYED),
            ),
        ),
        parameters.OF_CHANGING,
        body="Merge",
        own_errors=(*_GUARDED, *_WRITTEN),
        needs_write=True,
    ),
    Operation(
        "removeLead",
        "DELETE",
        f"{_LEADS}/{{lead_id}}",
        "Write",
        "Delete a lead",
        "Its readers are told by the change feed.",
        (Answer(204, "It is gone.", headers=(_REPLAYED,)),),
        parameters.OF_CHANGING,
        own_errors=(*_GUARDED, KeyReused),
        needs_write=True,
    ),
    Operation(
        "showSchema",
        "GET",
        f"{_CAMPAIGN}/schema",
        "Know",
        "Read the campaign's fields, options and statuses",
        "What the token may see of them, with the slugs to ask by.",
        (Answer(200, "The schema.", "SchemaAlone", headers=_TAGGED), _UNCHANGED),
        parameters.OF_SCHEMA,
    ),
    Operation(
        "showLeadSchema",
        "GET",
        f"{_CAMPAIGN}/schema.json",
        "Know",
        "Read the JSON Schema of a lead",
        "To validate against.",
        (
            Answer(
                200,
                "The schema.",
                "LeadSchema",
                ("application/schema+json",),
                _TAGGED,
            ),
            _UNCHANGED,
        ),
        parameters.OF_SCHEMA,
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
        parameters.WINDOW,
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
