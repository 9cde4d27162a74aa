"""The view of leads with people's words beside each slug.

Words are not copied into the leads: a renamed label would rewrite a million of them.
"""

from leadwell.sync.destinations.database import quoted
from leadwell.sync.table import REMOVED_AT, Column, Kind, Table

VIEW = "leads_labelled"


def view(table: Table, chosen_labels: str, *, marks: bool) -> str:
    """Return the statement that makes the view.

    Args:
        chosen_labels: the expression for several choices: `{column}`, `{field}`
        marks: whether removed leads are marked; they are not in the view
    """
    columns = ", ".join(
        expression
        for column in table.columns
        for expression in _shown(column, chosen_labels)
    )
    where = f" WHERE {REMOVED_AT} IS NULL" if marks else ""
    return f"CREATE VIEW {VIEW} AS SELECT {columns} FROM leads AS l{where}"


def _shown(column: Column, chosen_labels: str) -> list[str]:
    name = quoted(column.name)
    field = "'{}'".format(column.name.replace("'", "''"))
    shown = [f"l.{name} AS {name}"]
    if column.name == "status":
        words = f"(SELECT s.label FROM statuses AS s WHERE s.slug = l.{name})"
    elif column.kind is Kind.CHOICE:
        words = f"(SELECT o.label FROM options AS o WHERE o.field = {field}"
        words += f" AND o.slug = l.{name})"
    elif column.kind is Kind.CHOICES:
        words = chosen_labels.format(column=f"l.{name}", field=field)
    elif column.kind is Kind.PERSON:
        words = f"(SELECT p.name FROM people AS p WHERE p.id = l.{name})"
        return [*shown, f"{words} AS {quoted(f'{column.name}.name')}"]
    else:
        return shown
    return [*shown, f"{words} AS {quoted(f'{column.name}.label')}"]
