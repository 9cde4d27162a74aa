"""A recipe for Power Automate, Power Apps and Logic Apps, by Swagger 2.0."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import (
    NOT_RUN,
    Connector,
    recipe,
    steps,
    told,
    warned,
)
from leadwell.describe.pages.document import Block, Download, Listing, say
from leadwell.describe.reader import Reader

TITLE = "Leads in Power Automate"
SWAGGER = "download/swagger.json/leadwell-swagger.json"
_TRIED = f"{NOT_RUN} Power Automate."


def _instructions(reader: Reader) -> tuple[Block, ...]:
    url = f"{reader.public_url}/docs/{SWAGGER}"
    return (
        steps(
            (
                "Download ",
                Download("the API as Swagger 2.0", SWAGGER),
                *say(", which is what Power Automate reads."),
            ),
            (
                "Power Automate: Custom connectors, New custom connector, Import an "
                "OpenAPI file."
            ),
            (
                "Security: API key, parameter name `Authorization`, location Header. "
                "Create the connector."
            ),
            "New connection: the key is the word `Bearer`, a space, and your token.",
            (
                "A flow with the trigger Recurrence: read the cursor that was kept, "
                "call the action for changes with it, apply to each of `data`, and "
                "keep the new `cursor` last."
            ),
        ),
        told("The file can also be had with the token, from a shell:"),
        Listing("sh", quoting.curl(url, "-O")),
        told(
            "A variable of a flow does not outlive its run: keep the cursor in a row "
            "of Dataverse or in an item of a SharePoint list. Call once with `_from` "
            "as `now` for the first one. A hub inside your network needs the "
            "on-premises data gateway."
        ),
        warned(
            "Share the connector, not the connection: whoever has the connection reads "
            "leads with your token."
        ),
    )


POWER_AUTOMATE = Connector(
    name="power-automate",
    title=TITLE,
    file_name="power-automate.txt",
    media_type="text/plain",
    text=recipe(TITLE, _instructions, _TRIED),
    instructions=_instructions,
    tried=_TRIED,
)
