"""The tools as the protocol speaks of them: listed, called, refused."""

import logging
from importlib.metadata import version
from typing import Any

import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from leadwell.errors import InternalError, MalformedValue
from leadwell.mcp import catalogue, told
from leadwell.mcp.door import Door, Refusal

Context = ServerRequestContext[Any, Any]
_TOOLS = {each.name: each for each in catalogue.TOOLS}
_log = logging.getLogger(__name__)


def server(door: Door) -> Server[Any]:
    """Return a server of the tools that asks through this door alone.

    It is the SDK's plain server: the comfortable one configures the program's logs, and
    logs what tools refuse, which would write people's data down.
    """

    async def call(_: Context, asked: CallToolRequestParams) -> CallToolResult:
        return await _called(door, asked)

    return Server(
        "leadwell",
        version=version("leadwell"),
        title="Leadwell",
        instructions=catalogue.INSTRUCTIONS,
        on_list_tools=_listed,
        on_call_tool=call,
    )


async def _listed(_: Context, asked: PaginatedRequestParams | None) -> ListToolsResult:
    del asked  # there is one page
    return ListToolsResult(tools=list(_DESCRIBED))


async def _called(door: Door, asked: CallToolRequestParams) -> CallToolResult:
    tool = _TOOLS.get(asked.name)
    if tool is None:
        raise MCPError(INVALID_PARAMS, f"there is no tool {asked.name[:64]!r}")
    try:
        return _answer(await tool.answer(door, _arguments(tool, asked.arguments)))
    except Refusal as refusal:
        return _refused(refusal)
    except Exception:
        # The SDK would pass the words of any exception on to whoever asks.
        _log.exception("%s failed", tool.name)
        return _refused(Refusal.of(InternalError("the tool made a mistake")))


def _arguments(tool: catalogue.Tool, given: dict[str, Any] | None) -> Any:
    try:
        # Half a character can be neither asked for nor shown again.
        msgspec.json.encode(given)
        # Not strict: models send 362 as "362" and as 362.0.
        return msgspec.convert(given or {}, tool.takes, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        wrong = MalformedValue(f"the arguments cannot be used: {error}")
        raise Refusal.of(wrong) from None


def _answer(answer: told.Told) -> CallToolResult:
    text = msgspec.json.encode(answer).decode()
    notice = getattr(answer, "notice", None)
    # In JSON every quote and line end of a value is escaped, so none can end the data.
    texts = [text] if notice is None else [notice, text]
    return CallToolResult(
        content=[TextContent(type="text", text=each) for each in texts],
        structured_content=msgspec.to_builtins(answer),
    )


def _refused(refusal: Refusal) -> CallToolResult:
    text = msgspec.json.encode(refusal.content).decode()
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=refusal.content,
        is_error=True,
    )


def _described(tool: catalogue.Tool) -> Tool:
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.meaning,
        input_schema=tool.input_schema(),
        output_schema=tool.output_schema(),
        annotations=ToolAnnotations(
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            # What strangers wrote comes in with these.
            open_world_hint=tool.holds_leads,
        ),
    )


_DESCRIBED = tuple(_described(tool) for tool in catalogue.TOOLS)
