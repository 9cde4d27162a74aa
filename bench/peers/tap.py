"""A Singer tap of the usual kind: a stream of the SDK, its leads flattened.

`python -m bench.peers.tap --config FILE | target-duckdb --config FILE`
"""

from collections.abc import Iterable
from typing import Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import BasePageNumberPaginator

PAGE = 1_000
_KINDS = {"number": th.NumberType, "boolean": th.BooleanType}


class Pages(BasePageNumberPaginator):
    """Goes on until the last page."""

    def has_more(self, response: Any) -> bool:
        """Compare the page with how many there are."""
        place = response.json()["pagination"]
        return bool(place["page"] < place["total_pages"])


class Leads(RESTStream):
    """The leads of a campaign."""

    name = "leads"
    path = "/leads"
    primary_keys = ("id",)
    records_jsonpath = "$.data[*]"

    @property
    def url_base(self) -> str:
        """The campaign's address."""
        return str(self.config["url"])

    @property
    def authenticator(self) -> BearerTokenAuthenticator:
        """Send the token along."""
        return BearerTokenAuthenticator(token=self.config["token"])

    @property
    def schema(self) -> dict[str, Any]:
        """The columns."""
        moments = ("created_at", "updated_at")
        return th.PropertiesList(
            th.Property("id", th.IntegerType),
            th.Property("status", th.StringType),
            *(th.Property(name, th.DateTimeType) for name in moments),
            *(
                th.Property(slug, _KINDS.get(kind, th.StringType))
                for slug, kind in self.config["fields"].items()
            ),
        ).to_dict()

    def get_new_paginator(self) -> Pages:
        """Begin with the first page."""
        return Pages(1)

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, Any]:
        """Ask for a page."""
        del context
        return {"per_page": PAGE, "page": next_page_token or 1}

    def post_process(self, row: dict[str, Any], context: Any = None) -> dict[str, Any]:
        """Flatten a lead: of what is chosen the slug."""
        del context
        found = {name: row[name] for name in ("id", "created_at", "updated_at")}
        for name, value in {"status": row["status"], **row["fields"]}.items():
            found[name] = value["slug"] if isinstance(value, dict) else value
        return found


class CampaignTap(Tap):
    """A tap with that one stream."""

    name = "tap-campaign"
    config_jsonschema = th.PropertiesList(
        th.Property("url", th.StringType, required=True),
        th.Property("token", th.StringType, required=True, secret=True),
        th.Property("fields", th.ObjectType(), required=True),
    ).to_dict()

    def discover_streams(self) -> Iterable[Leads]:
        """Return the stream."""
        return [Leads(self)]


if __name__ == "__main__":
    CampaignTap.cli()
