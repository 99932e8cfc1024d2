"""`python -m wastelib` is the command `wastelib`."""

from wastelib.cli import main

main()
