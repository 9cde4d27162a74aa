"""A Google Apps Script that writes the leads into a sheet."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import NOT_RUN, Connector, steps, warned
from leadwell.describe.pages.document import Block, Code, Paragraph, say
from leadwell.describe.reader import Reader
from leadwell.describe.table import columns

PROPERTY = "LEADWELL_TOKEN"
_TEMPLATE = """\
/**
 * Writes all leads that your token sees into the sheet "Leads", anew each time.
 *
 * Project Settings, Script Properties: LEADWELL_TOKEN is the token. Then run
 * refreshLeads, or refreshEveryHour once. Everything is read before the sheet is
 * touched, so a run that fails leaves the sheet as it was.
 */
const LEADS_URL = @LEADS_URL@;
const SHEET = 'Leads';
const TRIES = 6;
// Name, keys that lead to the value, kind, and what is taken of each choice.
const COLUMNS = @COLUMNS@;

function onOpen() {
  const menu = SpreadsheetApp.getUi().createMenu('Leads');
  menu.addItem('Refresh', 'refreshLeads').addToUi();
}

function refreshEveryHour() {
  ScriptApp.newTrigger('refreshLeads').timeBased().everyHours(1).create();
}

function refreshLeads() {
  const lock = LockService.getScriptLock();
  if (!lock.tryLock(1000)) {
    return;
  }
  try {
    const rows = readLeads_();
    writeRows_([COLUMNS.map((column) => text_(column[0]))].concat(rows));
  } finally {
    lock.releaseLock();
  }
}

function readLeads_() {
  const rows = [];
  let cursor = 'start';
  while (cursor !== null) {
    const asked = '?_meta=1&per_page=1000&_cursor=' + encodeURIComponent(cursor);
    const page = ask_(LEADS_URL + asked);
    for (const lead of page.data) {
      rows.push(COLUMNS.map((column) => cell_(lead, column)));
    }
    cursor = page.meta.next_cursor;
  }
  return rows;
}

function ask_(url) {
  const token = PropertiesService.getScriptProperties().getProperty('LEADWELL_TOKEN');
  if (!token) {
    throw new Error('Set the script property LEADWELL_TOKEN to your token.');
  }
  for (let attempt = 1; ; attempt++) {
    const answer = UrlFetchApp.fetch(url, {
      headers: { Authorization: 'Bearer ' + token },
      muteHttpExceptions: true,
    });
    const status = answer.getResponseCode();
    const text = answer.getContentText('UTF-8');
    if (status === 200) {
      return JSON.parse(text);
    }
    if ((status !== 429 && status !== 503) || attempt === TRIES) {
      throw new Error('The hub answered ' + status + ': ' + text);
    }
    const headers = answer.getHeaders();
    const asked = headers['Retry-After'] || headers['retry-after'];
    Utilities.sleep(1000 * Number(asked || 2 ** attempt));
  }
}

function writeRows_(rows) {
  const book = SpreadsheetApp.getActiveSpreadsheet();
  const sheet = book.getSheetByName(SHEET) || book.insertSheet(SHEET);
  const rowsMissing = rows.length - sheet.getMaxRows();
  const columnsMissing = COLUMNS.length - sheet.getMaxColumns();
  if (rowsMissing > 0) {
    sheet.insertRowsAfter(sheet.getMaxRows(), rowsMissing);
  }
  if (columnsMissing > 0) {
    sheet.insertColumnsAfter(sheet.getMaxColumns(), columnsMissing);
  }
  sheet.clearContents();
  sheet.getRange(1, 1, rows.length, COLUMNS.length).setValues(rows);
  sheet.setFrozenRows(1);
}

function cell_(lead, column) {
  const [, path, kind, part] = column;
  let value = lead;
  for (const key of path) {
    // Only what the answer itself holds: a key may be named like a method of objects.
    const held = value !== null && Object.prototype.hasOwnProperty.call(value, key);
    value = held ? value[key] : null;
  }
  if (value === null) {
    return '';
  }
  switch (kind) {
    case 'choices':
      return text_(value.map((choice) => choice[part]).join(', '));
    case 'data':
      return text_(JSON.stringify(value));
    case 'moment':
      return new Date(value);
    case 'decimal':
      return Number(value);
    case 'text':
      return text_(value);
    default:
      return value;
  }
}

// The apostrophe keeps a text what it is: it may begin like a formula, or look like a
// number, and leads come from strangers. Sheets does not show it. A cell holds 50,000
// characters.
function text_(text) {
  return text === '' ? '' : "'" + text.slice(0, 49000);
}
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
    return (
        steps(
            "In the spreadsheet: Extensions, Apps Script. Paste the whole file.",
            (
                f"Project Settings, Script Properties: add `{PROPERTY}` with your "
                "token. It stays out of the sheet and of the code."
            ),
            (
                "Run `refreshLeads` and allow what it asks for: to write into the "
                "spreadsheet, and to reach an outside service."
            ),
            (
                "Run `refreshEveryHour` once, and it refreshes by itself. The menu "
                "Leads refreshes at once."
            ),
        ),
        Paragraph(
            (
                "Google has to reach the hub at ",
                Code(reader.public_url),
                *say(
                    " over the internet. A run of a script ends after some minutes, so "
                    "this suits tens of thousands of leads, not millions. Each refresh "
                    "writes the sheet `Leads` anew: notes of your own belong elsewhere."
                ),
            )
        ),
        warned(
            "Whoever may edit the script can read its properties, and so the token. "
            "Have one made for this purpose alone, that only reads."
        ),
    )


APPS_SCRIPT = Connector(
    name="google-apps-script",
    title="Leads in Google Sheets",
    file_name="leads.gs",
    media_type="text/javascript",
    text=_text,
    instructions=_instructions,
    tried=f"{NOT_RUN} Google. Run with Node.js and small stand-ins of Google's "
    "services against a hub: the sheet holds every lead.",
)
