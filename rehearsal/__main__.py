"""`python -m rehearsal` runs the commands of `rehearsal.cli`."""

from rehearsal.cli import app

app()
