"""Examples made from the reader's own schema: what they ask is understood.

Whoever has no schema of their own is shown the sample campaign, which has one field of
each type.
"""

from leadwell.describe.reader import CAMPAIGN_ID, Reader
from leadwell.model.campaign import (
    Campaign,
    Field,
    Option,
    Person,
    Status,
    StatusType,
)

SAMPLE = Campaign(
    id=CAMPAIGN_ID,
    account_id=0,
    slug="solar",
    name="Solar and heat pumps",
    country="DK",
    schema_version=0,
    fields=(
        Field(1, "name", "Name", "text", required=True),
        Field(2, "email", "E-mail", "email"),
        Field(3, "phone", "Phone", "phone"),
        Field(
            4,
            "source",
            "Source",
            "select",
            options=(
                Option(1, "website", "Our website"),
                Option(2, "partner-north", "Partner North"),
                Option(3, "partner-west", "Partner West"),
            ),
        ),
        Field(
            5,
            "customer-type",
            "Customer type",
            "select",
            options=(
                Option(4, "private", "Private customer"),
                Option(5, "commercial", "Commercial customer"),
            ),
        ),
        Field(
            6,
            "interests",
            "Interests",
            "multi_select",
            options=(
                Option(6, "financing", "Financing"),
                Option(7, "service", "Service contract"),
            ),
        ),
        Field(7, "budget", "Budget", "number"),
        Field(8, "estimated-price", "Estimated price", "decimal"),
        Field(9, "newsletter", "Newsletter", "boolean"),
        Field(10, "follow-up", "Follow up", "date"),
        Field(11, "visit-at", "Visit at", "datetime"),
        Field(12, "website", "Website", "url"),
        Field(13, "project-notes", "Project notes", "long_text"),
        Field(14, "quotation-lines", "Quotation lines", "json"),
    ),
    statuses=(
        Status(21, "new", "New", is_default=True),
        Status(22, "contacted", "Contacted"),
        Status(23, "won", "Won", type=StatusType.WON),
    ),
    people=(Person(17, "Sales One"),),
)
"""The campaign of the general description; nobody has it."""


def campaign_of(reader: Reader) -> Campaign:
    """Return the campaign that the reader's examples are about."""
    return reader.campaigns[0] if reader.campaigns else SAMPLE
