"""The types of fields as people know them."""

from leadwell.admin.words import mark

TYPES = {
    "text": (mark("Text"), mark("One line: a name, a town, a note in short")),
    "long_text": (mark("Long text"), mark("Several lines: what somebody wrote")),
    "number": (mark("Number"), mark("A number to compare and to add up")),
    "decimal": (mark("Exact number"), mark("An amount of money, to the last digit")),
    "boolean": (mark("Yes or no"), mark("A tick: newsletter, consent")),
    "date": (mark("Date"), mark("A day of the calendar")),
    "datetime": (mark("Date and time"), mark("A moment, kept in UTC")),
    "email": (mark("E-mail"), mark("An e-mail address; its form is checked")),
    "phone": (mark("Phone"), mark("A phone number, kept as +45 12 34 56 78")),
    "url": (mark("Web address"), mark("A link that begins with https://")),
    "select": (mark("Select"), mark("One choice from a list: where a lead comes from")),
    "multi_select": (
        mark("Multiple select"),
        mark("Any number of choices from a list"),
    ),
    "json": (mark("Data"), mark("Data of another program, as JSON")),
}
"""What each is called, and what it is for, in the order of the form."""
