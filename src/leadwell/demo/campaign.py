"""The sample campaign, as a campaign definition."""

from typing import Any

ACCOUNT = "demo"
CAMPAIGN_ID = 362

_LINES_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "sku": {"type": "string"},
            "qty": {"type": "integer", "minimum": 1},
            "price": {"type": "number", "minimum": 0},
        },
        "required": ["sku", "qty"],
    },
}


def definition() -> dict[str, Any]:
    """Return the definition of campaign 362."""
    return {
        "id": CAMPAIGN_ID,
        "name": "Solar and heat pumps",
        "slug": "solar",
        "account": ACCOUNT,
        "country": "DK",
        "fields": [
            {"slug": "name", "label": "Name", "type": "text", "required": True},
            {"slug": "email", "label": "E-mail", "type": "email"},
            {"slug": "phone", "label": "Phone", "type": "phone"},
            {"slug": "address", "label": "Address", "type": "text"},
            {"slug": "zipcode", "label": "Post code", "type": "text"},
            {"slug": "city", "label": "City", "type": "text"},
            _select("customer-type", "Customer type", CUSTOMER_TYPES),
            _select("source", "Source", SOURCES),
            _select("product", "Product", PRODUCTS),
            _select("interests", "Interests", INTERESTS) | {"type": "multi_select"},
            {"slug": "budget", "label": "Budget", "type": "number"},
            {"slug": "estimated-price", "label": "Estimated price", "type": "decimal"},
            {"slug": "follow-up", "label": "Follow up", "type": "date"},
            {"slug": "visit-at", "label": "Visit at", "type": "datetime"},
            {"slug": "newsletter", "label": "Newsletter", "type": "boolean"},
            {"slug": "website", "label": "Website", "type": "url"},
            {"slug": "project-notes", "label": "Project notes", "type": "long_text"},
            {
                "slug": "df_quotation_lines",
                "label": "Quotation lines",
                "type": "json",
                "json_schema": _LINES_SCHEMA,
            },
        ],
        "statuses": [
            {"slug": "new", "label": "New", "type": "active", "default": True},
            {"slug": "contacted", "label": "Contacted", "type": "active"},
            {"slug": "offer-sent", "label": "Offer sent", "type": "active"},
            {"slug": "won", "label": "Won", "type": "won"},
            {"slug": "lost", "label": "Lost", "type": "lost"},
            {"slug": "unqualified", "label": "Unqualified", "type": "inactive"},
        ],
    }


CUSTOMER_TYPES = {"private": "Private customer", "commercial": "Commercial customer"}
SOURCES = {
    "website": "Our website",
    "partner-west": "Partner West",
    "partner-north": "Partner North",
    "partner-south": "Partner South",
    "search-ads": "Search advertisement",
    "referral": "Recommendation",
}
SOURCE_WEIGHTS = (34, 14, 12, 10, 20, 10)
PRODUCTS = {
    "solar": "Solar panels",
    "heat-pump": "Heat pump",
    "battery": "Battery",
    "charging": "Charging station",
}
INTERESTS = {
    "financing": "Financing",
    "insulation": "Insulation",
    "service": "Service contract",
}


def _select(slug: str, label: str, options: dict[str, str]) -> dict[str, Any]:
    listed = [{"slug": key, "label": text} for key, text in options.items()]
    return {"slug": slug, "label": label, "type": "select", "options": listed}
