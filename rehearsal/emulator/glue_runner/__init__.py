"""Glue jobs run for real: one local process per run, with the job's role, arguments, limits and end states."""
