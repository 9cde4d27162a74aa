"""Write the tables of the reference from the code, so that they cannot disagree."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

from cyclopts import App

from leadwell import settings
from leadwell.api.entrance.problems import STATUS_OF
from leadwell.cli.commands import made
from leadwell.errors.listing import all_errors
from leadwell.schema.fields import FIELD_TYPES


def write(folder: Path) -> None:
    """Write every table into the folder that the pages include from."""
    folder.mkdir(exist_ok=True)
    for name, text in {
        "errors": errors(),
        "settings": settings_(),
        "field-types": field_types(),
        "commands": commands(),
    }.items():
        (folder / f"{name}.md").write_text(text, "utf-8")


def errors() -> str:
    """Every error code, its HTTP status and its meaning."""
    rows = ["| code | status | meaning |", "|---|---|---|"]
    for error in all_errors():
        status = STATUS_OF.get(error.kind, "")
        rows.append(f"| `{error.code}` | {status} | {_line(inspect.getdoc(error))} |")
    return "\n".join(rows) + "\n"


def settings_() -> str:
    """Every setting, its variable, its default and its meaning."""
    source = inspect.getsource(settings.Settings)
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for field in fields(settings.Settings):
        said = source.split(f"    {field.name}: ", 1)[1].split('"""', 2)[1]
        default = f"`{field.default}`" if field.default != "" else ""
        rows.append(f"| `{field.name}` | {default} | {_line(said)} |")
    return "\n".join(rows) + "\n"


def field_types() -> str:
    """Every field type, its comparisons and an example."""
    rows = ["| type | values | comparisons |", "|---|---|---|"]
    for kind in FIELD_TYPES:
        suffixes = (f"`[{o.suffix}]`" if o.suffix else "`=`" for o in kind.operators)
        rows.append(f"| `{kind.name}` | {kind.summary} | {' '.join(suffixes)} |")
    return "\n".join(rows) + "\n"


def commands() -> str:
    """Every command with what it does and its examples."""
    return "\n".join(_command(made(), ("leadwell",)))


def _command(owner: App, words: tuple[str, ...]) -> list[str]:
    parts: list[str] = []
    for name in owner:
        if name.startswith("-"):
            continue
        command = owner[name]
        if command.default_command is not None:
            parts += _described(command, (*words, name))
        parts += _command(command, (*words, name))
    return parts


def _described(command: App, words: tuple[str, ...]) -> list[str]:
    text = inspect.getdoc(command.default_command) or ""
    head, _, _ = text.partition("\nArgs:")
    examples = re.findall(r"^Example: (.*)$", head, re.MULTILINE)
    prose = re.sub(r"^Example: .*\n?", "", head, flags=re.MULTILINE).strip()
    shown = ["```sh", *examples, "```", ""] if examples else []
    return [f"## `{' '.join(words)}`", "", prose, "", *shown]


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
