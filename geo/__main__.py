"""``python -m geo`` is ``ibasho``."""

from geo.cli import main

main()
