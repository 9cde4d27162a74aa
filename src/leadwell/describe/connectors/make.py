"""A recipe for Make: the change feed by its HTTP and data store modules."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import (
    NOT_RUN,
    Connector,
    recipe,
    steps,
    told,
    warned,
)
from leadwell.describe.pages.document import Block, Listing
from leadwell.describe.reader import Reader

TITLE = "Leads in Make"
_TRIED = f"{NOT_RUN} Make. The requests are answered by a hub in the tests."


def _instructions(reader: Reader) -> tuple[Block, ...]:
    changes = f"{reader.leads_url}/changes"
    return (
        told(
            "A scenario asks the change feed every so often, and keeps in a data store "
            "where it goes on. Ask once by hand for where to begin, from now on:"
        ),
        Listing("sh", quoting.curl(f"{changes}?_from=now")),
        steps(
            (
                "Make a data store with one text field named `cursor`, and in it a "
                "record with the key `leads` and the `cursor` of that answer."
            ),
            "First module: Data store, Get a record, key `leads`.",
            (
                "HTTP, Make a request, method GET, with the address below. "
                "Authentication: API key, in the header, name `Authorization`, value "
                "`Bearer ` followed by your token. Parse response: yes."
            ),
            (
                "Flow control, Router, behind it. On its first route: Iterator, over "
                "the array `data` of the answer, and then your modules by `op`: "
                "`upsert` carries the `lead`, `remove` the `id` and the `reason`. "
                "Pass over anything else."
            ),
            (
                "On its second route: Data store, Update a record, key `leads`, with "
                "the `cursor` of the answer. Make runs one route after the other."
            ),
        ),
        Listing(
            "text", f"{changes}?_limit=100&_cursor={{{{the cursor of the record}}}}\n"
        ),
        told(
            "A run reads up to 100 changes, and the next one goes on where it ended. "
            "The cursor is moved last, so a run that fails hands out the same changes "
            "again, and none is lost."
        ),
        warned(
            "Put the token where Make keeps credentials, not into the address: the "
            "hub refuses a token in a URL."
        ),
    )


MAKE = Connector(
    name="make",
    title=TITLE,
    file_name="make.txt",
    media_type="text/plain",
    text=recipe(TITLE, _instructions, _TRIED),
    instructions=_instructions,
    tried=_TRIED,
)
