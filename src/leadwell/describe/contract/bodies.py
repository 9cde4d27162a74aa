"""The schemas of bodies that are the same for every campaign."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadwell.describe.contract.values import NULL, ref
from leadwell.schema.fields import FIELD_TYPES

Object = dict[str, Any]
TEXT: Object = {"type": "string"}
ID: Object = {"type": "integer", "minimum": 1}
_COUNT: Object = {"type": "integer", "minimum": 0}
_NUMBER: Object = {"type": "number", "minimum": 0}
_MOMENT: Object = {"type": "string", "format": "date-time"}
_URL: Object = {"type": "string", "format": "uri"}
_DIGEST: Object = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_VERSION: Object = {"type": "string", "pattern": "^k[0-9a-f]{10}$"}
_FLAG: Object = {"type": "boolean"}
_ANY: Object = {"type": "object"}
BATCH_MAX = 1_000


def components() -> dict[str, Object]:
    """Return these schemas by their names."""
    return {
        **_pages(),
        **_following(),
        **_writing(),
        **_knowing(),
        "Problem": _problem(),
        "Finding": _finding(),
    }


def described(
    properties: Mapping[str, Object], required: Sequence[str] | None = None
) -> Object:
    """Describe an object; all its properties are required unless some are named."""
    needed = list(properties) if required is None else list(required)
    found: Object = {"type": "object", "properties": dict(properties)}
    return found | ({"required": needed} if needed else {})


def _pages() -> dict[str, Object]:
    numbers = ("page", "per_page", "total", "total_pages")
    around = dict.fromkeys(("first", "prev", "next", "last"), _URL)
    known = {"cursor": TEXT, "watermark": _MOMENT, "schema_version": _VERSION}
    further = {"next_cursor": _or_null(TEXT), **known}
    page = {"data": _list(ref("Lead")), "pagination": ref("Pagination")}
    end = {"_end": {"const": True}, "count": _COUNT, "digest": _DIGEST, "cursor": TEXT}
    return {
        "Pagination": described(dict.fromkeys(numbers, _COUNT)),
        "Meta": described({**around, **further}, list(further)),
        "LeadAlone": described({"data": ref("Lead")}),
        "LeadPage": described({**page, "meta": ref("Meta")}, list(page)),
        "ExportLine": {"anyOf": [ref("Lead"), ref("ExportEnd")]},
        "ExportEnd": described(end),
    }


def _following() -> dict[str, Object]:
    told = {"id": ID, "version": ID}
    removal = {"op": {"const": "remove"}, **told, "reason": TEXT, "at": _MOMENT}
    counted = {"count": _COUNT, "digest": _DIGEST}
    page = {
        "data": _list(ref("Change")),
        "cursor": TEXT,
        "has_more": _FLAG,
        "up_to_date": _FLAG,
    }
    digest = {**counted, "cursor": TEXT}
    of_bucket = {
        "bucket": _COUNT,
        "buckets": _list(described({"bucket": _COUNT, **counted})),
        "data": _list(described(told)),
    }
    return {
        "Upsert": described({"op": {"const": "upsert"}, **told, "lead": ref("Lead")}),
        "Removal": described({**removal, "merged_into": ID}, list(removal)),
        "SchemaChange": described(
            {"op": {"const": "schema"}, "schema_version": _VERSION}
        ),
        "Change": {"anyOf": [ref(x) for x in ("Upsert", "Removal", "SchemaChange")]},
        "ChangePage": described({**page, **counted}, list(page)),
        "Digest": described({**digest, **of_bucket}, list(digest)),
    }


def _writing() -> dict[str, Object]:
    leads: Object = _list(ref("NewLead")) | {"minItems": 1, "maxItems": BATCH_MAX}
    atomic: Object = {"type": "boolean", "default": False}
    place = {"index": _COUNT, "status": _COUNT}
    refused = {"code": TEXT, "errors": _list(ref("Finding"))}
    batch = described({"leads": leads, "atomic": atomic}, ["leads"])
    return {
        "Batch": batch | {"additionalProperties": False},
        "BatchItem": described({**place, "lead": ref("Lead"), **refused}, list(place)),
        "BatchResult": described({"data": _list(ref("BatchItem"))}),
        "Merge": described({"into": ID | {"maximum": 10**15 - 1}})
        | {"additionalProperties": False},
    }


def _knowing() -> dict[str, Object]:
    campaign = {"id": ID, "name": TEXT, "slug": TEXT, "country": TEXT}
    page = {"data": _list(ref("Campaign")), "pagination": ref("Pagination")}
    token = {
        "token": _token(),
        "account": described({"slug": TEXT, "name": TEXT}),
        "campaigns": _list(ref("Campaign"))
        | {"description": "The first 1,000; `GET /v2/campaigns` lists them all."},
        "campaigns_total": _COUNT,
        "filter": _or_null(described({"query": TEXT, "words": TEXT})),
        "fields": _or_null(_list(TEXT)),
        "masked_fields": _or_null(_list(TEXT)),
        "limits": _limits(),
    }
    return {
        "Campaign": described({**campaign, "schema_version": _VERSION}),
        "CampaignAlone": described({"data": ref("Campaign")}),
        "CampaignPage": described(page),
        "SchemaAlone": described({"data": _schema()}),
        "LeadSchema": _ANY | {"description": "A JSON Schema (2020-12)."},
        "TokenAlone": described({"data": described(token)}),
    }


def _limits() -> Object:
    counts = (
        *("per_page_default", "per_page_max", "parameters_max", "wait_s_max"),
        *("url_bytes_max", "header_bytes_max", "body_bytes_max", "batch_bytes_max"),
        *("requests_at_once", "long_polls_at_once"),
    )
    rate = {
        "points_per_s": _NUMBER,
        "points_at_once": _COUNT,
        "leads_per_point": _COUNT,
    }
    own: dict[str, Object] = {
        **dict.fromkeys(counts, _COUNT),
        "body_timeout_s": _NUMBER,
        "rate": _or_null(described(rate)),
    }
    return described(own)


def _token() -> Object:
    rights = {"type": "string", "enum": ["read", "write"]}
    return described(
        {
            "id": TEXT,
            "name": TEXT,
            "kind": {"type": "string", "enum": ["campaign", "account"]},
            "rights": _list(rights),
            "created_at": _MOMENT,
            "expires_at": _or_null(_MOMENT),
            "addresses": _list(TEXT),
        }
    )


def _schema() -> Object:
    named = {"slug": TEXT, "label": TEXT}
    kinds = {"type": "string", "examples": [kind.name for kind in FIELD_TYPES]}
    field = {
        **named,
        "type": kinds,
        "required": _FLAG,
        "filter_name": TEXT,
        "operators": _list(TEXT),
    }
    more: dict[str, Object] = {
        "options": _list(described(named)),
        "json_schema": {},
        "masked": _FLAG | {"description": "`true`, or left out"},
    }
    status = described({**named, "type": TEXT, "default": _FLAG})
    about = {"campaign_id": ID, "name": TEXT, "slug": TEXT, "country": TEXT}
    return described(
        {
            **about,
            "version": _VERSION,
            "fields": _list(described({**field, **more}, list(field))),
            "statuses": _list(status),
        }
    )


def _problem() -> Object:
    """Describe a problem (RFC 9457) with what the hub adds to it."""
    problem = {
        "type": _URL,
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "code": TEXT,
        "errors": _list(ref("Finding")),
        "request_id": TEXT,
        "message": TEXT,
    }
    return described(problem)


def _finding() -> Object:
    """Describe one thing that is wrong with a request."""
    told = {"code": TEXT, "message": TEXT}
    place = dict.fromkeys(("parameter", "pointer", "value", "did_you_mean"), TEXT)
    return described({**told, **place, "allowed": _list(TEXT)}, list(told))


def _list(item: Object) -> Object:
    return {"type": "array", "items": item}


def _or_null(known: Object) -> Object:
    return {"anyOf": [known, NULL]}
