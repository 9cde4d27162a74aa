"""What the owner of a token is told of its reader: names, and no value."""

import pytest

from leadwell.api.entrance.notes import agent_in, told
from leadwell.errors import InvalidQuestion, NotAllowed, Problem


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("curl/8.5.0", "curl/8.5.0"),
        ("leadwell-python/2.0 (jane@example.com) Python/3.12", None),
        ("Mozilla/5.0 (X11; Linux (x86)) AppleWebKit/537 A/1 B/2", None),
        ("jane@example.com", ""),
        ("lw_0000000a_" + "0" * 49, ""),
        ("Microsoft.Data.Mashup (https://example.com/?x=1)", "Microsoft.Data.Mashup"),
        ("\xff\xfe", ""),
        ("", ""),
    ],
)
def test_of_an_agent_only_programs_are_kept(sent: str, kept: str | None) -> None:
    scope = {"headers": [(b"user-agent", sent.encode("latin-1"))]}
    found = agent_in(scope)
    assert "jane" not in found
    assert kept is None or found == kept
    assert len(found.split()) <= 3
    assert agent_in({"headers": []}) == ""


def test_of_an_error_only_names_are_kept() -> None:
    problems = [
        Problem("unknown_parameter", "…", parameter="stat", value="Jane Doe"),
        Problem("unknown_parameter", "…", parameter="jane@example.com"),
        Problem("required", "…", pointer="/fields/email"),
        Problem("required", "…"),
    ]
    text = told(InvalidQuestion(problems))
    assert text == '{"code":"invalid_query","status":400,"names":["stat","…","email"]}'
    assert told(NotAllowed("no")).endswith('"status":403,"names":[]}')
