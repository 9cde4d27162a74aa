"""A query in Power Query M, for Excel and Power BI."""

from leadwell.describe.connectors import quoting
from leadwell.describe.connectors.connector import (
    NOT_RUN,
    TOKEN,
    Connector,
    steps,
    told,
    warned,
)
from leadwell.describe.pages.document import Block, Listing
from leadwell.describe.reader import Reader
from leadwell.describe.table import Column, Kind, columns

PARAMETER = "LeadwellToken"
# The address stands in the call as it is: a scheduled refresh in the Power BI service
# finds out by reading, not by running, where a query goes.
_TEMPLATE = """\
// All leads that your token sees, page by page, one column for each field.
// Make a text parameter named LeadwellToken first: it holds the token.
let
    Columns = {
@COLUMNS@
    },

    Read = (cursor as text) as record =>
        Json.Document(
            Web.Contents(
                @BASE_URL@,
                [
                    RelativePath = @PATH@,
                    Query = [_cursor = cursor, _meta = "1", per_page = "1000"],
                    Headers = [Authorization = "Bearer " & LeadwellToken]
                ]
            ),
            TextEncoding.Utf8
        ),

    Pages = List.Generate(
        () => Read("start"),
        (page) => page <> null,
        (page) =>
            let
                next = page[meta][next_cursor]
            in
                if next = null then null else Read(next),
        (page) => page[data]
    ),

    Found = (lead as record, path as list) =>
        List.Accumulate(
            path,
            lead,
            (held, key) =>
                if held is record then Record.FieldOrDefault(held, key, null) else null
        ),

    Choices = (chosen as nullable list, part as text) =>
        if chosen = null then null
        else
            Text.Combine(
                List.Transform(chosen, (one) => Record.Field(one, part)), ", "
            ),

    // Moments come in UTC and stay in UTC; nothing depends on the locale.
    Shaped = (value as any, kind as text, part as text) =>
        if value = null then null
        else if kind = "choices" then Choices(value, part)
        else if kind = "data" then
            Text.FromBinary(Json.FromValue(value), TextEncoding.Utf8)
        else if kind = "date" then Date.FromText(value, "en-US")
        else if kind = "moment" then
            DateTimeZone.RemoveZone(
                DateTimeZone.SwitchZone(DateTimeZone.FromText(value, "en-US"), 0)
            )
        else if kind = "decimal" then Number.FromText(value, "en-US")
        else value,

    Row = (lead as record) =>
        List.Transform(
            Columns,
            (column) => Shaped(Found(lead, column[path]), column[kind], column[part])
        ),

    Leads = Table.FromRows(
        List.Transform(List.Combine(Pages), Row), List.Transform(Columns, each [name])
    ),

    Typed = Table.TransformColumnTypes(
        Leads, List.Transform(Columns, each {[name], [shape]}), "en-US"
    )
in
    Typed
"""
_TYPES = {
    Kind.WHOLE: "Int64.Type",
    Kind.NUMBER: "type number",
    Kind.DECIMAL: "type number",
    Kind.YES_NO: "type logical",
    Kind.DATE: "type date",
    Kind.MOMENT: "type datetime",
}


def _text(reader: Reader) -> str:
    rows = ",\n".join(map(_row, columns(reader.view)))
    path = reader.leads_url.removeprefix(reader.public_url).lstrip("/")
    return quoting.filled(
        _TEMPLATE,
        {
            "COLUMNS": rows,
            "BASE_URL": quoting.m_text(reader.public_url),
            "PATH": quoting.m_text(path),
        },
    )


def _row(column: Column) -> str:
    kind = _TYPES.get(column.kind, "type text")
    return (
        f"        [name = {quoting.m_text(column.name)}, "
        f"path = {quoting.m_list(column.path)}, "
        f"kind = {quoting.m_text(column.kind)}, "
        f"part = {quoting.m_text(column.part)}, shape = {kind}]"
    )


def _instructions(reader: Reader) -> tuple[Block, ...]:
    parameter = (
        f'"{TOKEN}" meta [IsParameterQuery = true, Type = "Text", '
        "IsParameterQueryRequired = true]\n"
    )
    return (
        steps(
            (
                "Excel: Data, Get Data, Launch Power Query Editor. Power BI: "
                "Transform data."
            ),
            (
                f"Manage Parameters, New: name `{PARAMETER}`, type Text, your token "
                "as its value. Or make a blank query of that name with the line "
                "below in the Advanced Editor."
            ),
            (
                "New Source, Blank Query, Advanced Editor: paste the whole file in "
                "place of what stands there."
            ),
            (
                f"When you are asked how to sign in to `{reader.public_url}`, choose "
                "Anonymous: the query itself sends the token."
            ),
            "Close & Load. Refresh All reads everything anew.",
        ),
        Listing("powerquery", parameter),
        told(
            "A choice has two columns: `status` holds its slug, which stays the same, "
            "and `status.label` its words for people, which may be changed. Moments "
            "are in UTC. In the Power BI service tick Skip test connection, since the "
            "hub's own address answers nobody without a token; a hub inside your "
            "network needs the on-premises data gateway."
        ),
        warned(
            "Whoever can edit the workbook or the report can read the token. Have one "
            "made for this purpose alone, that only reads. The field for a Web API "
            "key does not fit: it would put the token into the address, and the hub "
            "refuses that."
        ),
    )


POWER_QUERY = Connector(
    name="power-query",
    title="Leads in Excel and Power BI",
    file_name="leads.pq",
    media_type="text/plain",
    text=_text,
    instructions=_instructions,
    tried=f"{NOT_RUN} Excel or Power BI. Microsoft's parser of the language reads it.",
)
