"""Every command: its name, where it stands, and what it does, in one line.

A command is imported when it runs, and what reads arguments when there are any. So
`leadwell --help` needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App

HELP = "A self-hosted lead hub, and the client that reads leads from it."
COMMANDS = (
    ("account", "account:account", "Accounts: who owns campaigns."),
    ("admin", "admin:admin", "Who may sign in to the hub's pages."),
    ("audit", "access.audit:audit", "The audit log: who read and decided what."),
    ("backup", "data.backup:backup", "Copy the database into a file while it serves."),
    ("campaign", "campaign:campaign", "Campaigns: fields, options and statuses."),
    ("chores", "chores:chores", "Finish edits that were interrupted."),
    ("citus", "data.citus:citus", "Spread campaigns over a cluster of PostgreSQL."),
    ("codegen", "reading.codegen:codegen", "Write a campaign's types as Python."),
    ("copy", "data.copying:copy", "Move a whole hub to another database."),
    ("demo", "demo:demo", "Run a hub with sample leads, and copy them to a file."),
    (
        "doctor",
        "checkup.doctor:doctor",
        "Look at this machine's hub, or at one by its URL.",
    ),
    ("field", "parts.field:field", "Fields of a campaign: the columns of its leads."),
    ("filter", "filter:filter_", "Saved filters of a campaign."),
    ("import", "load:load", "Load the leads of a CSV, XLSX or NDJSON file."),
    ("key", "access.key:key", "The instance key: make another one, retire an old one."),
    ("lead", "data.lead:lead", "One lead: its history, its erasure, who had it."),
    ("mcp", "reading.mcp:mcp", "Serve the Model Context Protocol to agents."),
    ("migrate", "migrate:migrate", "Bring the database to this release's schema."),
    ("option", "parts.option:option", "Options of select and multi_select fields."),
    ("person", "account:person", "People, to whom leads are assigned."),
    (
        "person-data",
        "data.person_data:person_data",
        "What is held about somebody: erase it, or hand it out.",
    ),
    ("restore", "data.backup:restore", "Put a backup in the place of the database."),
    (
        "retention",
        "data.retention:retention",
        "How long a campaign keeps its leads.",
    ),
    ("serve", "serve:serve", "Answer requests until Ctrl-C or SIGTERM."),
    ("share", "access.share:share", "Links: URLs that show what a token sees."),
    ("status", "parts.status:status", "Statuses of a campaign: where leads stand."),
    ("sync", "pull.sync:sync", "Copy leads into a database or a file, and follow."),
    ("target", "pull.target:target", "Ready profiles for CRMs and ERPs."),
    ("token", "access.token:token", "Tokens: secrets that open a campaign."),
    ("verify", "pull.verify:verify", "Compare a copy with what the hub shows now."),
    ("webhook", "access.webhook:webhook", "Webhooks: who is told that there is news."),
)


def made() -> App:
    """Return the program: reads arguments, and imports the command that they name."""
    from importlib.metadata import version

    from cyclopts import App

    program = App(name="leadwell", help=HELP, version=lambda: version("leadwell"))
    for name, place, _ in COMMANDS:
        program.command(f"leadwell.cli.{place}", name=name)
    return program


def overview() -> str:
    """Return what `leadwell --help` shows."""
    width = max(len(name) for name, _, _ in COMMANDS) + 2
    lines = [f"  {name:{width}}{summary}" for name, _, summary in COMMANDS]
    return "\n".join(
        [
            f"Usage: leadwell COMMAND\n\n{HELP}\n\nCommands:",
            *lines,
            "\nleadwell COMMAND --help says more; leadwell --version says which it is.",
        ]
    )
