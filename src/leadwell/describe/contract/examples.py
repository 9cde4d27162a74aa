"""Examples of bodies, made of the reader's own campaign: every one of them is valid."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from leadwell.describe import access, example, schema, sheet
from leadwell.describe.reader import Reader
from leadwell.errors import UnknownParameter, title_of
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign, Field
from leadwell.model.grant import Grant
from leadwell.model.query import PER_PAGE_DEFAULT, PER_PAGE_MAX, Condition
from leadwell.model.token import Token
from leadwell.schema.querystring import PARAMETERS_MAX
from leadwell.schema.question.following import WAIT_S_MAX

Object = dict[str, Any]
FIELDS_SHOWN = 12
"""More fields make an example that nobody reads."""
OPTIONS_SHOWN = 3
_CURSOR = "c1.8Q2fO4yHn5Jq"
_STAMP = "2026-11-23T09:13:58.402117Z"
_DIGEST = "5d2f8c0b9a417e3d6c5b4a3f2e1d0c9b"
_ACCOUNT = Account(0, "demo", "Demo")


def shown_to(reader: Reader) -> Campaign:
    """Return the campaign that examples are about, cut down to what one reads."""
    view = reader.campaigns[0] if reader.campaigns else example.CAMPAIGN
    bound = {condition.field for condition in _forced(reader)}
    kept = [
        field
        for place, field in enumerate(view.fields)
        if place < FIELDS_SHOWN or field.required or field.id in bound
    ]
    return replace(view, fields=tuple(kept))


def answers(reader: Reader) -> Mapping[str, object]:
    """Return an example of every answer, by the name of its schema."""
    view = shown_to(reader)
    lead = example.lead(view, _forced(reader))
    described = schema.document(_cut(view))
    return {
        **_leads(lead),
        "ChangePage": _changes(lead, schema.version((*reader.campaigns, view)[0])),
        "BatchResult": {"data": [{"index": 0, "status": 201, "lead": lead}]},
        "SchemaAlone": {"data": described},
        "LeadSchema": schema.lead_schema(_cut(view)),
        **_known(reader, view),
        "Problem": problem(reader),
    }


def bodies(reader: Reader) -> Mapping[str, Object]:
    """Return an example of every body that is sent, by the name of its schema."""
    new = example.new_lead(shown_to(reader), _forced(reader))
    # Whoever tries an example must not change a lead that they have named so.
    unnamed = {name: each for name, each in new.items() if name != "external_id"}
    return {
        "NewLead": new,
        "LeadChange": unnamed,
        "Batch": {"leads": [unnamed], "atomic": False},
        "Merge": {"into": example.LEAD_ID + 1},
    }


def text(reader: Reader) -> str:
    """Return an example of an export as CSV."""
    view = shown_to(reader)
    columns = sheet.columns(view)
    lead = example.lead(view, _forced(reader))
    flavour = sheet.FLAVOURS["csv"]
    head = sheet.header(columns, flavour)
    return (head + sheet.row(columns, lead, flavour)).decode()


def problem(reader: Reader) -> Object:
    """Return an example of a refusal."""
    code = UnknownParameter.code
    said = "there is no parameter 'limit'; did you mean per_page?"
    return {
        "type": f"{reader.public_url}/docs/errors/{code}",
        "title": title_of(code),
        "status": 400,
        "detail": said,
        "code": code,
        "errors": [
            {
                "parameter": "limit",
                "value": "limit",
                "code": code,
                "message": said,
                "did_you_mean": "per_page",
            }
        ],
        "request_id": "req_5b2f60c3a41d9e8f7a6b5c4d",
        "message": said,
    }


def _forced(reader: Reader) -> tuple[Condition, ...]:
    return reader.grant.forced if reader.view and reader.grant else ()


def _cut(view: Campaign) -> Campaign:
    fields = view.fields[:OPTIONS_SHOWN]
    return replace(
        view, fields=tuple(map(_cut_field, fields)), statuses=view.statuses[:3]
    )


def _cut_field(field: Field) -> Field:
    return replace(field, options=field.options[:OPTIONS_SHOWN])


def _leads(lead: Object) -> Mapping[str, object]:
    pagination = {"page": 1, "per_page": 50, "total": 1, "total_pages": 1}
    return {
        "LeadAlone": {"data": lead},
        "LeadPage": {"data": [lead], "pagination": pagination},
        "ExportLine": lead,
        "Digest": {"count": 743, "digest": _DIGEST, "cursor": _CURSOR},
    }


def _changes(lead: Object, version: str) -> Object:
    upsert: Object = {"op": "upsert", "id": lead["id"], "version": 7, "lead": lead}
    gone = {"op": "remove", "id": 9400, "version": 3, "reason": "deleted", "at": _STAMP}
    return {
        "data": [{"op": "schema", "schema_version": version}, upsert, gone],
        "cursor": _CURSOR,
        "has_more": False,
        "up_to_date": True,
    }


def _known(reader: Reader, view: Campaign) -> Mapping[str, object]:
    views = list(reader.campaigns[:OPTIONS_SHOWN]) or [view]
    listed = [access.campaign(each) for each in views]
    count = len(listed)
    grant = reader.grant or Grant(0, view.id)
    return {
        "CampaignAlone": {"data": listed[0]},
        "CampaignPage": {
            "data": listed,
            "pagination": {
                "page": 1,
                "per_page": 50,
                "total": count,
                "total_pages": 1,
            },
        },
        # Of the token itself only what its rights are: two of one scope read alike.
        "TokenAlone": {
            "data": msgspec.to_builtins(
                access.token(
                    _token(grant),
                    grant,
                    reader.account or _ACCOUNT,
                    views,
                    _LIMITS,
                    campaigns_total=count,
                )
            )
        },
    }


_LIMITS = {
    "per_page_default": PER_PAGE_DEFAULT,
    "per_page_max": PER_PAGE_MAX,
    "parameters_max": PARAMETERS_MAX,
    "wait_s_max": WAIT_S_MAX,
    "url_bytes_max": 8_192,
    "header_bytes_max": 16_384,
    "body_bytes_max": 1_048_576,
    "batch_bytes_max": 16_777_216,
    "body_timeout_s": 30.0,
    "requests_at_once": 32,
    "long_polls_at_once": 500,
    "rate": {"points_per_s": 200.0, "points_at_once": 2_000, "leads_per_point": 100},
}
"""Those of a hub whose operator has set no others."""


def _token(grant: Grant) -> Token:
    return Token(
        public_id="00000000",
        lineage="00000000",
        name="a token",
        account_id=grant.account_id,
        campaign_id=grant.campaign_id,
        may_write=grant.may_write,
        filter_id=None,
        readable=None,
        created_at=example.CREATED,
    )
