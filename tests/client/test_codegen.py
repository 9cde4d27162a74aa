"""`leadwell codegen` against a real hub, and its text under the type checker."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.cli.app import main
from leadwell.client import Leadwell, UnexpectedAnswer, generating
from tests.client.conftest import LEADS, url_of
from tests.served import Served

ROOT = Path(__file__).parents[2]
PROGRAM = """
from leadwell.client import Leadwell
import roofs

campaign = Leadwell().campaign(362)
given: roofs.Given = {"name": "Jane", "customer-type": roofs.CustomerType.PRIVATE}
campaign.create(given, status=roofs.Status.WON)
for lead in campaign.leads():
    one = roofs.Lead.of(lead)
    budget: int | float | None = one.fields.budget
    if one.fields.source is not None:
        assert one.fields.source.slug in {*roofs.Source}
    reveal_type(one.fields.price)
    one.fields.prise
"""


@pytest.fixture
def asked(read_hub: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADWELL_URL", url_of(read_hub))
    monkeypatch.setenv("LEADWELL_TOKEN", read_hub.token)


def ran(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["codegen", *arguments])
    code = left.value.code
    assert isinstance(code, int)
    return code


def imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures("asked")
def test_every_lead_is_read_as_the_types_that_were_written(
    tmp_path: Path, client: Leadwell
) -> None:
    file = tmp_path / "roofs.py"
    assert ran("362", "--to", str(file)) == 0
    roofs = imported(file)
    for lead in client.campaign(362).leads():
        typed = roofs.Lead.of(lead)
        assert typed.fields.price == lead["price"]
        assert typed.fields.follow_up == lead["follow-up"]
        assert typed.fields.visit_at == lead["visit_at"]
        assert typed.fields.tags == list(lead["tags"])  # type: ignore[arg-type]
        assert typed.fields.source.slug in set(roofs.Source)
        assert typed.metadata.external_id == f"crm-{lead.id}"
        assert typed == roofs.Lead.of(lead.raw)
    assert lead.id == LEADS
    with pytest.raises(UnexpectedAnswer, match="codegen"):
        roofs.Lead.of({**lead.raw, "fields": {"budget": "much"}})


@pytest.mark.usefixtures("asked")
def test_a_type_checker_knows_the_fields(tmp_path: Path) -> None:
    assert ran("362", "--to", str(tmp_path / "roofs.py")) == 0
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.11"]
    command += ["--config-file", "", "--cache-dir", str(tmp_path / "cache")]
    command += ["program.py", "roofs.py"]
    found = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True)
    lines = [line for line in found.stdout.decode().splitlines() if "error:" in line]
    (only,) = lines
    assert 'has no attribute "prise"; maybe "price"?' in only
    assert "decimal.Decimal" in found.stdout.decode()


@pytest.mark.usefixtures("asked")
def test_a_file_that_is_out_of_date_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "roofs.py"
    assert ran("362", "--to", str(file), "--check") == 6
    assert not file.exists()
    assert ran("362", "--to", str(file)) == 0
    assert ran("362", "--to", str(file), "--check") == 0
    capsys.readouterr()
    assert ran("362", "--json") == 0
    assert json.loads(capsys.readouterr().out)["text"] == file.read_text("utf-8")
    assert ran("362", "--check") == 2


@pytest.mark.usefixtures("asked")
def test_what_cannot_work_has_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ran() == 2
    assert ran("362", "--to", str(tmp_path / "nowhere" / "roofs.py")) == 2
    token = tmp_path / "token"
    token.write_text("lw_wrong")
    assert ran("362", "--token-file", str(token)) == 3
    monkeypatch.delenv("LEADWELL_TOKEN")
    assert ran("362") == 2


slugs = st.from_regex(r"[a-z0-9](?:[a-z0-9_-]{0,8}[a-z0-9])?", fullmatch=True)
words = st.sampled_from(["class", "str", "date", "field", "list", "lead", "a-b", "a_b"])
options = st.lists(
    st.fixed_dictionaries({"slug": slugs | words, "label": st.text()}),
    max_size=4,
    unique_by=lambda option: option["slug"],
)
fields = st.lists(
    st.fixed_dictionaries(
        {
            "slug": slugs | words,
            "label": st.text(),
            "type": st.sampled_from([*generating._TYPES, "json", "location"]),
        },
        optional={"options": options},
    ),
    unique_by=lambda field: field["slug"],
    max_size=6,
)


@given(fields=fields, statuses=options, name=st.text())
def test_whatever_people_name_things_it_is_python(
    fields: list[dict[str, Any]], statuses: list[dict[str, Any]], name: str
) -> None:
    schema = {"campaign_id": 1, "version": "k1", "name": name}
    text = generating.module(schema | {"fields": fields, "statuses": statuses})
    known: dict[str, Any] = {"__name__": "made"}
    made = ModuleType("made")
    sys.modules["made"] = made
    exec(text, made.__dict__)  # noqa: S102 - it is what is tested
    known = made.__dict__
    assert len(known["Fields"].__struct_fields__) == len(fields)
    assert set(known["Fields"].__struct_encode_fields__) == {f["slug"] for f in fields}
    assert set(known["Given"].__annotations__) == {f["slug"] for f in fields}
    assert {str(s) for s in known["Status"]} == {s["slug"] for s in statuses}
    stamp = "2026-11-23T09:13:58.402117Z"
    raw: dict[str, Any] = {"id": 1, "created_at": stamp, "updated_at": stamp}
    raw["metadata"] = {"campaign_id": 1, "version": 1}
    raw["fields"] = dict.fromkeys((f["slug"] for f in fields), None)
    assert known["Lead"].of(raw).id == 1
