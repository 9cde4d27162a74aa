"""Write figures into the documentation: `python -m bench.report [FILE]`.

The tables between the marks `<!-- bench: name -->` and `<!-- end -->` of the page are
written anew; every other word stays as it is. With `--print` they go to stdout.
"""

import argparse
import re
import sys
from pathlib import Path

from bench.figures import FILE, Sizes, read
from bench.tables import TABLES

PAGE = Path("docs/reference/performance.md")
MARKED = re.compile(r"(<!-- bench: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Fill the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("figures", type=Path, nargs="?", default=FILE)
    parser.add_argument("--into", type=Path, default=PAGE)
    parser.add_argument("--print", action="store_true", dest="prints")
    options = parser.parse_args()
    sizes = read(options.figures)
    if options.prints:
        print("\n\n".join(f"{name}\n\n{text(name, sizes)}" for name in TABLES))
        return 0
    page = options.into.read_text("utf-8")
    options.into.write_text(filled(page, sizes), "utf-8")
    print(f"{len(MARKED.findall(page))} tables written into {options.into}")
    return 0


def filled(page: str, sizes: Sizes) -> str:
    """Return a page with its tables written anew, but for those without a figure."""

    def written(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        measured = text(name, sizes)
        # Not everybody can measure everything: what stands there is not lost by that.
        return f"{begin}\n{measured}\n\n{end}" if measured else found[0]

    return MARKED.sub(written, page)


def text(name: str, sizes: Sizes) -> str:
    """Return the tables of a name."""
    _, build = TABLES[name]
    return "\n\n".join(table.markdown() for table in build(sizes) if table.rows)


if __name__ == "__main__":
    sys.exit(main())
