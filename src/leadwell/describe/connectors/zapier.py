"""A code step for Zapier that hands out what changed, one run of the Zap for each."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import (
    NOT_RUN,
    Connector,
    steps,
    told,
    warned,
)
from leadwell.describe.pages.document import Block
from leadwell.describe.reader import Reader
from leadwell.describe.table import columns

_TEMPLATE = """\
// For a step "Code by Zapier", Run JavaScript, behind "Schedule by Zapier".
// Input data: token is your token, store any long random text of your own.
// Hands out what changed since the last run; the first run only says where to begin.
const LEADS_URL = @LEADS_URL@;
// Name, keys that lead to the value, kind, and what is taken of each choice.
const COLUMNS = @COLUMNS@;
const KEY = 'leadwell-cursor';

const cell = (lead, [, path, kind, part]) => {
  let value = lead;
  for (const key of path) {
    const held = value !== null && Object.prototype.hasOwnProperty.call(value, key);
    value = held ? value[key] : null;
  }
  if (value !== null && kind === 'choices') {
    return value.map((choice) => choice[part]).join(', ');
  }
  return value !== null && kind === 'data' ? JSON.stringify(value) : value;
};
const flat = (lead) =>
  Object.fromEntries(COLUMNS.map((column) => [column[0], cell(lead, column)]));

const kept = StoreClient(inputData.store);
const cursor = await kept.get(KEY);
const asked = cursor ? '_limit=100&_cursor=' + encodeURIComponent(cursor) : '_from=now';
const answer = await fetch(LEADS_URL + '/changes?' + asked, {
  headers: { Authorization: 'Bearer ' + inputData.token },
});
if (answer.status !== 200) {
  throw new Error('The hub answered ' + answer.status + ': ' + (await answer.text()));
}
const found = await answer.json();
const changes = found.data
  .filter((change) => change.op === 'upsert' || change.op === 'remove')
  .map(({ op, id, lead }) => ({ _op: op, ...(lead ? flat(lead) : { id }) }));
await kept.set(KEY, found.cursor);
output = changes.length ? changes : [{ _op: 'nothing' }];
"""


def _text(reader: Reader) -> str:
    made = [
        [column.name, list(column.path), column.kind.value, column.part]
        for column in columns(reader.view)
    ]
    return quoting.filled(
        _TEMPLATE,
        {
            "LEADS_URL": quoting.literal(reader.leads_url),
            "COLUMNS": quoting.rows(made, "  "),
        },
    )


def _instructions(reader: Reader) -> tuple[Block, ...]:
    del reader
    return (
        steps(
            "A new Zap. Trigger: Schedule by Zapier, every hour or as you need.",
            (
                "Action: Code by Zapier, Run JavaScript. Paste the whole file. Input "
                "data: `token` is your token, `store` a long random text of your own, "
                "under which Zapier keeps where to go on."
            ),
            (
                "Action: Filter by Zapier, only continue if `_op` is exactly `upsert`, "
                "or `remove` if that is what you wait for."
            ),
            "Then whatever is to be done with a lead: it has a field a column.",
        ),
        told(
            "The first run hands out nothing and begins there. A run hands out up to "
            "100 changes, and the next one goes on. If a later step fails, replay it "
            "in the Zap's history: the code has moved on by then. The trigger Retrieve "
            "Poll does not fit, for it sends no bearer token."
        ),
        warned(
            "Whoever may edit the Zap can read the token. Have one made for this "
            "purpose alone, that only reads."
        ),
    )


ZAPIER = Connector(
    name="zapier",
    title="Leads in Zapier",
    file_name="leadwell-zapier.js",
    media_type="text/javascript",
    text=_text,
    instructions=_instructions,
    tried=f"{NOT_RUN} Zapier. Run with Node.js and a small stand-in of Zapier's store "
    "against a hub.",
)
