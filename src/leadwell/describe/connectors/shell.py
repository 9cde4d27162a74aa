"""A shell script: everything by one export, then only what changed."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import Connector, told
from leadwell.describe.pages.document import Block, Listing
from leadwell.describe.reader import Reader

FILE = "leads.sh"
_TEMPLATE = """\
#!/usr/bin/env bash
# Read all leads once, then only what changed, with curl alone.
#
#     export LEADWELL_TOKEN=...
#     bash leads.sh
#
# The first run writes leads.ndjson: one lead a line, and a last line with count and
# digest. Every further run adds to changes.ndjson what happened since, one answer of
# the change feed a line: apply them in their order. The file cursor says where to go
# on; remove all three to start anew. If a run is interrupted, changes may be written
# twice, and applying one twice does no harm.
set -euo pipefail

leads=@LEADS_URL@
: "${LEADWELL_TOKEN:?set it to your token}"

ask() {
  # The token is handed over by a pipe: arguments can be read by other users.
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused \\
    --config <(printf 'header = "Authorization: Bearer %s"\\n' "$LEADWELL_TOKEN") \\
    --output "$1" "$2" || { cat "$1" >&2; exit 1; }
}

keep_cursor() {
  printf '%s\\n' "$1" > cursor.part
  mv cursor.part cursor
}

if [ ! -s cursor ]; then
  ask leads.part "$leads/export?_format=ndjson"
  last=$(tail -n 1 leads.part)
  case $last in
    '{"_end":true,'*) ;;
    *) echo "the export was cut off: run this again" >&2; exit 75 ;;
  esac
  mv leads.part leads.ndjson
  keep_cursor "$(sed -n 's/.*"cursor":"\\([^"]*\\)"}$/\\1/p' <<< "$last")"
fi

# A lead may hold anything, so the last place in the answer counts.
further='s/.*"cursor":"\\([^"]*\\)","has_more":\\([a-z]*\\),.*/\\1 \\2/p'
more=true
while [ "$more" = true ]; do
  ask answer.part "$leads/changes?_limit=1000&_cursor=$(cat cursor)"
  found=$(sed -n "$further" answer.part)
  more=${found#* }
  if ! grep -q '^{"data":\\[\\]' answer.part; then
    { cat answer.part; echo; } >> changes.ndjson
  fi
  keep_cursor "${found% *}"
done
rm -f answer.part
"""


def _text(reader: Reader) -> str:
    values = {"LEADS_URL": quoting.shell(reader.leads_url)}
    return quoting.filled(_TEMPLATE, values)


def _instructions(reader: Reader) -> tuple[Block, ...]:
    one = quoting.curl(f"{reader.leads_url}?per_page=5")
    return (
        told("One page of leads, to see that the token works:"),
        Listing(
            "sh",
            f"export LEADWELL_TOKEN=…\n{one}",
        ),
        told(
            "The script writes all leads into `leads.ndjson` and, each time it is "
            "run again, what changed since into `changes.ndjson`. It needs `bash`, "
            "`curl` 7.76 or later and `sed`, as they are on Linux and macOS."
        ),
        Listing("sh", f"bash {FILE}\n"),
    )


SHELL = Connector(
    name="curl",
    title="Leads as files, with curl",
    file_name=FILE,
    media_type="text/x-shellscript",
    text=_text,
    instructions=_instructions,
    tried="Run with bash 5 and curl against a hub: leads and changes give its digest.",
)
