"""Fetch what others have written and our pages load, exactly as `vendor.toml` pins it.

`make vendor` runs this; the product and its tests need only what it leaves behind.
A package is fetched by npm's own client. Whatever has another hash than the pinned one
ends the run before anything is written.
"""

import base64
import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import notices

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "src/leadwell/api/static/vendor"
BUILD = ROOT / "build/vendor"


def main() -> None:
    """Fetch every package, write its files, and the notices of all."""
    pins: dict[str, Any] = tomllib.loads((FOLDER / "vendor.toml").read_text("utf-8"))
    BUILD.mkdir(parents=True, exist_ok=True)
    fetched = {name: fetch(pin) for name, pin in pins.items()}
    for name, pin in pins.items():
        write(FOLDER / name, pin, fetched[name])
    text = notices.write(pins, fetched, BUILD)
    (ROOT / "THIRD_PARTY_NOTICES.md").write_text(text, "utf-8")


def fetch(pin: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of a package that are wanted, each checked."""
    named = f"{pin['package']}@{pin['version']}"
    # The exact version: npm takes an older one where this one wants a newer Node.
    command = ["npm", "pack", named, "--silent", "--pack-destination", str(BUILD)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    tarball = (BUILD / done.stdout.split()[-1]).read_bytes()
    check(named, tarball, pin["integrity"])
    with tarfile.open(fileobj=io.BytesIO(tarball)) as packed:
        found = {each: member(packed, each) for each in [*pin["files"], pin["map"]]}
        found |= {each: licence(packed, pin, each) for each in pin["texts"]}
    for name, integrity in pin["files"].items():
        check(f"{name} of {named}", found[name], integrity)
    return found


def check(what: str, content: bytes, integrity: str) -> None:
    """Stop when this is not what was pinned."""
    is_ = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if is_ != integrity:
        sys.exit(f"{what} is {is_},\nand vendor.toml says {integrity}")


def member(packed: tarfile.TarFile, name: str) -> bytes:
    """Return one file of a package."""
    opened = packed.extractfile(f"package/{name}")
    return opened.read() if opened else b""


def licence(packed: tarfile.TarFile, pin: dict[str, Any], name: str) -> bytes:
    """Return a text of the licence, which a package need not hold itself."""
    if f"package/{name}" in packed.getnames():
        return member(packed, name)
    return notices.MIT.format(copyright=pin["copyright"]).encode()


def write(folder: Path, pin: dict[str, Any], fetched: dict[str, bytes]) -> None:
    """Write a package's files, and leave none of another version."""
    shutil.rmtree(folder, ignore_errors=True)
    into = folder / pin["version"]
    into.mkdir(parents=True)
    for name in pin["files"]:
        # Only compressed, for that is how nearly everybody takes it; without a
        # moment in its head, so that it is the same bytes whenever it is made.
        packed = gzip.compress(fetched[name], compresslevel=9, mtime=0)
        (into / f"{Path(name).name}.gz").write_bytes(packed)
    for name in pin["texts"]:
        (into / name).write_bytes(fetched[name])


if __name__ == "__main__":
    main()
