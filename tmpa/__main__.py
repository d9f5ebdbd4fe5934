"""`python -m tmpa` is the `tmpa` command."""

from tmpa.cli import main

main()
