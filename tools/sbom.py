"""Write down of what a hub is made: a CycloneDX 1.6 bill of materials, as JSON.

It is made of the lock that the image is installed by, and of what the console carries
along, so it needs neither a network nor an installation, and two runs are equal.
"""

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements/server.txt"
CARRIED = ROOT / "src/leadwell/api/static/vendor/vendor.toml"
OWN = ROOT / "pyproject.toml"
_PIN = re.compile(
    r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", re.MULTILINE
)


def bill() -> dict[str, Any]:
    """Return the bill of materials of this release."""
    own = tomllib.loads(OWN.read_text("utf-8"))["project"]
    components = [*_locked(), *_carried()]
    found = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, found)}",
        "version": 1,
        "metadata": {
            "component": _component("pypi", own["name"], own["version"], "application")
        },
        "components": components,
    }


def _locked() -> Iterator[dict[str, Any]]:
    for name, version, where in _PIN.findall(LOCK.read_text("utf-8")):
        component = _component("pypi", name, version)
        if where:
            # Installed there alone, such as on Windows.
            component["scope"] = "optional"
            component["properties"] = [
                {"name": "leadwell:marker", "value": where.strip()}
            ]
        yield component


def _carried() -> Iterator[dict[str, Any]]:
    for each in tomllib.loads(CARRIED.read_text("utf-8")).values():
        yield {
            **_component("npm", each["package"], each["version"]),
            "licenses": [{"license": {"id": each["licence"]}}],
        }


def _component(
    kind: str, name: str, version: str, what: str = "library"
) -> dict[str, Any]:
    # The specification of purl has the @ of a scope written so.
    purl = f"pkg:{kind}/{quote(name, safe='/')}@{quote(version)}"
    return {
        "type": what,
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    }


if __name__ == "__main__":
    into = Path(sys.argv[1])
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(json.dumps(bill(), indent=1) + "\n", "utf-8")
