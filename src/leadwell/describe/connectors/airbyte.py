"""A manifest for Airbyte: a source in YAML, for its Connector Builder and its CDK."""

from typing import Any

import yaml

from leadwell.describe.connectors.connector import Connector, steps, told, warned
from leadwell.describe.pages.document import Block, Listing
from leadwell.describe.reader import Reader
from leadwell.model.campaign import ALL_ATTRIBUTES, Campaign, Field

FILE = "leadwell.yaml"
CDK = "6.44.0"
"""The oldest release of the CDK that is asked for: it names the manifest's form."""
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_HEAD = """\
# Leads as a source of Airbyte: import it into the Connector Builder, or run it with
# source-declarative-manifest of airbyte-cdk.
#
# A sync reads what was changed up to two minutes before it began, so that nothing is
# missed while others write: a change made meanwhile belongs to the next sync. The
# clocks of Airbyte and of the hub must not be further apart than that. Deleted leads,
# leads that your token no longer sees, and renamed labels do not show in an incremental
# sync: have one with full refresh and overwrite from time to time, or follow the change
# feed.
"""


def _text(reader: Reader) -> str:
    manifest = _manifest(reader)
    written: str = yaml.dump(manifest, sort_keys=False, allow_unicode=True, width=88)
    return _HEAD + written


def _manifest(reader: Reader) -> dict[str, Any]:
    return {
        "version": CDK,
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["leads"]},
        "streams": [_stream(reader)],
        "spec": _spec(),
    }


def _stream(reader: Reader) -> dict[str, Any]:
    return {
        "type": "DeclarativeStream",
        "name": "leads",
        "primary_key": ["id"],
        "retriever": {
            "type": "SimpleRetriever",
            "requester": _requester(reader),
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "pagination_strategy": {
                    "type": "CursorPagination",
                    "cursor_value": "{{ response.meta.next_cursor }}",
                    "stop_condition": "{{ not response.meta.next_cursor }}",
                },
            },
        },
        "incremental_sync": _incremental(),
        "schema_loader": {
            "type": "InlineSchemaLoader",
            "schema": _schema(reader.view),
        },
    }


def _requester(reader: Reader) -> dict[str, Any]:
    return {
        "type": "HttpRequester",
        "url_base": reader.leads_url.removesuffix("/leads"),
        "path": "/leads",
        "http_method": "GET",
        "authenticator": {
            "type": "BearerAuthenticator",
            "api_token": "{{ config['api_token'] }}",
        },
        "request_parameters": {
            "per_page": "1000",
            "_meta": "1",
            # The paginator knows no cursor to begin with.
            "_cursor": "{{ next_page_token['next_page_token'] "
            "if next_page_token else 'start' }}",
        },
        "error_handler": {
            "type": "DefaultErrorHandler",
            "max_retries": 5,
            "backoff_strategies": [
                {"type": "WaitTimeFromHeader", "header": "Retry-After"},
                {"type": "ExponentialBackoffStrategy", "factor": 2},
            ],
        },
    }


def _incremental() -> dict[str, Any]:
    start = f"{{{{ config.get('start_date', '2000-01-01T00:00:00.{'0' * 6}Z') }}}}"
    end = f"{{{{ (now_utc() - duration('PT2M')).strftime('{_MOMENT}') }}}}"
    return {
        "type": "DatetimeBasedCursor",
        "cursor_field": "updated_at",
        "datetime_format": _MOMENT,
        "cursor_datetime_formats": [_MOMENT],
        "start_datetime": _bound(start),
        "end_datetime": _bound(end),
        "start_time_option": _asked("updated_after"),
        "end_time_option": _asked("updated_before"),
        # Both bounds are strict: without it, what was written on one would be missed.
        "lookback_window": "PT1M",
    }


def _bound(moment: str) -> dict[str, str]:
    return {"type": "MinMaxDatetime", "datetime": moment, "datetime_format": _MOMENT}


def _asked(name: str) -> dict[str, str]:
    return {
        "type": "RequestOption",
        "inject_into": "request_parameter",
        "field_name": name,
    }


def _spec() -> dict[str, Any]:
    token = {
        "type": "string",
        "title": "Token",
        "airbyte_secret": True,
        "order": 0,
    }
    start = {
        "type": "string",
        "title": "Read leads changed after",
        "description": "As 2025-02-21T00:00:00.000000Z. Leave it out for all leads.",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z$",
        "order": 1,
    }
    return {
        "type": "Spec",
        "connection_specification": {
            "$schema": _DRAFT,
            "type": "object",
            "required": ["api_token"],
            "properties": {"api_token": token, "start_date": start},
            "additionalProperties": True,
        },
    }


def _schema(view: Campaign | None) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "id": {"type": "integer"},
        "status": _CHOICE,
        "fields": _object({f.slug: _shape(f) for f in view.fields} if view else {}),
        "assigned_person": _object({"id": _may_be("integer"), "name": _TEXT}),
        "created_at": _WHEN,
        "updated_at": _WHEN,
        "metadata": _object(
            {
                "campaign_id": {"type": "integer"},
                "version": {"type": "integer"},
                "external_id": _TEXT,
                "source_updated_at": _WHEN,
            }
        ),
    }
    for attribute in ALL_ATTRIBUTES - (view.attributes if view else ALL_ATTRIBUTES):
        properties.pop(attribute.value, None)
        properties["metadata"]["properties"].pop(attribute.value, None)
    return {"$schema": _DRAFT, **_object(properties), "type": "object"}


def _shape(field: Field) -> dict[str, Any]:
    # No labels and no rules: a text that begins with #/ would be taken for a reference,
    # and what a campaign allows today must not stop a sync tomorrow.
    return _SHAPES.get(field.type, _TEXT)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": True,
    }


def _may_be(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], **more}


_DRAFT = "https://json-schema.org/draft-07/schema#"
_TEXT = _may_be("string")
_WHEN = _may_be("string", format="date-time")
_CHOICE = _object({"slug": _TEXT, "label": _TEXT})
_SHAPES = {
    "number": _may_be("number"),
    "boolean": _may_be("boolean"),
    "date": _may_be("string", format="date"),
    "datetime": _WHEN,
    "select": _CHOICE,
    "multi_select": _may_be("array", items=_CHOICE),
    "json": {"type": ["object", "array", "string", "number", "boolean", "null"]},
}


def _instructions(reader: Reader) -> tuple[Block, ...]:
    del reader
    return (
        steps(
            (
                "Airbyte: Builder, New custom connector, Import a YAML: choose the "
                "file. Enter the token as a testing value and try the stream."
            ),
            "Publish it, and make a source of it with your token.",
            (
                "In the connection choose incremental, append and deduped. The primary "
                "key `id` and the cursor `updated_at` are set."
            ),
        ),
        told("Without Airbyte, with its CDK alone:"),
        Listing(
            "sh",
            "pip install airbyte-cdk\n"
            'echo \'{"__injected_declarative_manifest": {}, "api_token": "…"}\' '
            "> config.json\n"
            "source-declarative-manifest check --config config.json \\\n"
            f"  --manifest-path {FILE}\n",
        ),
        told(
            "A sync reads what was changed up to two minutes before it began. So it "
            "misses no change while others write, as long as the clocks of Airbyte "
            "and the hub are not further apart than that."
        ),
        warned(
            "An incremental sync is not told of deleted leads, of leads that the "
            "token no longer sees, and of renamed labels. Have a full refresh with "
            "overwrite from time to time, or follow the change feed instead."
        ),
    )


AIRBYTE = Connector(
    name="airbyte",
    title="Leads in Airbyte",
    file_name=FILE,
    media_type="application/yaml",
    text=_text,
    instructions=_instructions,
    tried="Run with airbyte-cdk 7.39 against a hub: spec, check, a whole and an "
    "incremental read. Not run in Airbyte itself.",
)
