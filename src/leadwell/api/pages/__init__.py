"""The documentation for people, and its twins for machines: HTML, Markdown, lists."""
