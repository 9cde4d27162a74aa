"""What the Dockerfile says, and what of the sources its builder is sent."""

import re
from collections.abc import Iterator
from pathlib import Path


def lines(dockerfile: Path) -> Iterator[tuple[str, str]]:
    """Each instruction and what follows it, with its continued lines."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text("utf-8"), flags=re.MULTILINE)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


def steps(dockerfile: Path, stage: str) -> Iterator[str]:
    """The commands that a stage runs."""
    current = ""
    for word, rest in lines(dockerfile):
        if word == "FROM":
            current = rest.partition(" AS ")[2]
        elif word == "RUN" and current == stage:
            yield rest


def copied(dockerfile: Path) -> list[str]:
    """What the image is built of: paths from the root of the sources."""
    found: list[str] = []
    for word, rest in lines(dockerfile):
        if word == "COPY" and not rest.startswith("--from"):
            found += rest.split()[:-1]
    return found


def context(root: Path) -> set[Path]:
    """The files that .dockerignore lets through: all is out but what is named."""
    ignore = (root / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignore
    named = [root / line.removeprefix("!") for line in ignore if line.startswith("!")]
    return {
        file
        for path in named
        for file in ([path] if path.is_file() else path.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
