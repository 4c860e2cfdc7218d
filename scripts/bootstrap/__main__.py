"""`python -m scripts.bootstrap`."""

from scripts.bootstrap.cli import main

main()
