"""A recipe for Google Sheets and other programs that read CSV from an address."""

from leadwell.describe.connectors.connector import (
    NOT_RUN,
    Connector,
    recipe,
    told,
    warned,
)
from leadwell.describe.pages.document import Block, Items, Listing, say
from leadwell.describe.reader import Reader

SECRET = "PUT-THE-SECRET-HERE"  # noqa: S105 - what stands where a secret belongs
TITLE = "Leads in Google Sheets by a link, without a script"
_TRIED = f"{NOT_RUN} Google."


def _instructions(reader: Reader) -> tuple[Block, ...]:
    url = f"{reader.public_url}/feed/{SECRET}.csv"
    return (
        told(
            "A feed is an address that answers with the leads of one token as CSV, to "
            "whoever knows it. There is none until the hub's operator makes one:"
        ),
        Listing("sh", "leadwell share create TOKEN_ID --csv\n"),
        told("Put the address that this prints into a cell of an empty sheet:"),
        Listing("text", f'=IMPORTDATA("{url}")\n'),
        Items(
            (
                say("Sheets reads it again about every hour, as long as it is open."),
                say("LibreOffice: Sheet, Link to External Data."),
                say("Excel: Data, From Web, sign in as Anonymous."),
            )
        ),
        warned(
            "The secret stands in the address: it is seen by everyone who may see the "
            "formula, and stays in histories and in logs of others. Have one made "
            "with an expiry, for a token that sees as little as possible, and revoke "
            "it when it is not needed. The connector for Apps Script does without."
        ),
    )


FEED = Connector(
    name="google-sheets",
    title=TITLE,
    file_name="google-sheets.txt",
    media_type="text/plain",
    text=recipe(TITLE, _instructions, _TRIED),
    instructions=_instructions,
    tried=_TRIED,
)
