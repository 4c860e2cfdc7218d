"""Turns one refresh into one change of a table: columns, final rows, proof; a table format then applies it."""
