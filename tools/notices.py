"""Write down whose work is bundled in what we carry along, and under which licences."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIT = """MIT License

{copyright}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
HEAD = """# Third-party notices

Leadwell carries the work of others along, for its console. This file is written by
`make vendor`; `src/leadwell/api/static/vendor/vendor.toml` says what is carried.
"""
_BUNDLED = re.compile(r"node_modules/((?:@[^/]+/)?[^./][^/]*)/")
_LICENCE = re.compile(r"(licen[cs]e|copying|notice)", re.IGNORECASE)
_TITLE = re.compile(r"\A[#\s]*(the )?mit licen[cs]e\W*(\(mit\))?", re.IGNORECASE)
_COPYRIGHT = re.compile(r"^\W*(copyright\b.*|\(c\).*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """A package that is bundled in another one."""

    name: str
    licence: str
    holders: tuple[str, ...]
    """The lines that say whose it is."""
    terms: str
    """The text of its licence, without those lines; empty: it has none."""


def write(
    pins: dict[str, Any], fetched: dict[str, dict[str, bytes]], build: Path
) -> str:
    """Return the notices of all packages that are carried along."""
    sections = [HEAD]
    every: list[Part] = []
    for name, pin in pins.items():
        parts = parts_of(pin, fetched[name], build / name)
        texts = [fetched[name][each].decode().strip() for each in pin["texts"]]
        head = f"## {pin['package']} {pin['version']} ({pin['licence']})\n"
        sections += [head, *(f"```text\n{text}\n```\n" for text in texts)]
        sections.append("It bundles these packages:\n")
        sections.append("\n".join(map(line, parts)) + "\n")
        every += parts
    return "\n".join([*sections, *_terms(every)])


def line(part: Part) -> str:
    """Say whose a package is."""
    whose = "; ".join(part.holders)
    return f"- `{part.name}`, {part.licence}{'. ' if whose else ''}{whose}"


def _terms(parts: list[Part]) -> Iterator[str]:
    """Write every licence once, however its lines are broken."""
    yield "## The licences of what is bundled\n"
    texts: dict[str, str] = {}
    names: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        words = " ".join(re.findall(r"\w+", _TITLE.sub("", part.terms).lower()))
        texts.setdefault(words, part.terms)
        names[words].add(f"`{part.name}`")
    for words in filter(None, texts):
        of = ", ".join(sorted(names[words]))
        yield f"Of {of}:\n\n```text\n{texts[words]}\n```\n"


def parts_of(pin: dict[str, Any], fetched: dict[str, bytes], build: Path) -> list[Part]:
    """Return what is bundled, by the source map, with the texts that npm installs."""
    sources = json.loads(fetched[pin["map"]])["sources"]
    names = {name for each in sources for name in _BUNDLED.findall(each)}
    build.mkdir(exist_ok=True)
    (build / "package.json").write_text('{"private": true}')
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--silent"]
    subprocess.run(["npm", "install", *quiet, *pin["bundled"]], cwd=build, check=True)
    return [part_of(name, build) for name in sorted(names)]


def part_of(name: str, build: Path) -> Part:
    """Return one bundled package; one that is not installed is an error."""
    found = sorted(build.rglob(f"node_modules/{name}/package.json"), key=_depth)
    if not found:
        raise SystemExit(f"{name} is bundled; add it to `bundled` in vendor.toml")
    about = json.loads(found[0].read_text("utf-8"))
    files = (p for p in sorted(found[0].parent.iterdir()) if _LICENCE.match(p.name))
    text = "\n\n".join(file.read_text("utf-8") for file in files if file.is_file())
    lines = [each.rstrip() for each in text.replace("\r", "").splitlines()]
    holders = [each.strip() for each in lines if _is_holder(each)]
    rest = "\n".join(each for each in lines if not _is_holder(each))
    # An old way to say it, which a few packages still use.
    licence = about.get("license") or about["licenses"][0]["type"]
    if not text:
        holders = [_author(about)]
        rest = MIT.format(copyright="") if licence == "MIT" else ""
    terms = re.sub(r"\n{2,}", "\n\n", rest).strip()
    return Part(name, licence, tuple(dict.fromkeys(filter(None, holders))), terms)


def _is_holder(text: str) -> bool:
    # Apache's own text speaks of copyright in sentences and in a form to be filled in.
    found = _COPYRIGHT.match(text.strip())
    return bool(found and re.search(r"\d{4}|\(c\)|©", text) and "[yyyy]" not in text)


def _author(about: dict[str, Any]) -> str:
    author = about.get("author") or ""
    return author["name"] if isinstance(author, dict) else author


def _depth(path: Path) -> tuple[int, str]:
    return len(path.parts), str(path)
