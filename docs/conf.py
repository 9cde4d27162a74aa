"""How the documentation is built: `make docs`."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate

generate.write(Path(__file__).parent / "_generated")

project = "Leadwell"
author = "the Leadwell maintainers"
copyright = f"2026, {author}"
release = version = metadata.version("leadwell")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_generated"]

# Every heading down to the third can be linked: [the page](page.md#a-heading).
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]

nitpicky = True

html_theme = "furo"
html_title = f"Leadwell {release}"
html_copy_source = False
html_show_sphinx = False
