"""How the documentation is built: `make docs`."""

from importlib import metadata

project = "Leadwell"
author = "the Leadwell maintainers"
copyright = f"2026, {author}"
release = version = metadata.version("leadwell")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

# Every heading down to the third can be linked: [the page](page.md#a-heading).
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]

nitpicky = True

html_theme = "furo"
html_title = f"Leadwell {release}"
html_copy_source = False
html_show_sphinx = False
