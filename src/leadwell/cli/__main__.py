"""`python -m leadwell.cli`, where the command itself is not on the path."""

from leadwell.cli import main

main()
