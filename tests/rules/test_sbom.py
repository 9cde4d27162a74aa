"""The bill of materials names everything that is locked or carried along."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def bill() -> dict[str, Any]:
    path = ROOT / "tools/sbom.py"
    spec = importlib.util.spec_from_file_location("sbom", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, Any] = module.bill()
    return found


def test_everything_that_is_locked_or_carried_is_in_it() -> None:
    lock = (ROOT / "requirements/server.txt").read_text("utf-8")
    pins = {
        (line.partition("==")[0], re.split(r"[ ;\\]", line.partition("==")[2])[0])
        for line in lock.splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    made = bill()
    found = {(each["name"], each["version"]) for each in made["components"]}
    assert len(pins) > 20
    assert pins <= found
    assert {"@scalar/api-reference", "swagger-ui-dist"} <= {name for name, _ in found}
    assert made["metadata"]["component"]["name"] == "leadwell"


def test_it_is_the_same_each_time_and_every_part_has_its_own_name() -> None:
    made = bill()
    assert json.dumps(made) == json.dumps(bill())
    refs = [each["bom-ref"] for each in made["components"]]
    assert len(refs) == len(set(refs))
    assert all(re.fullmatch(r"pkg:(pypi|npm)/[^ @]+@[^ @]+", each) for each in refs)
