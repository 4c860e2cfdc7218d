"""The taxi flow's two jobs beside duckdb: the same files, the same rows, the same results."""
