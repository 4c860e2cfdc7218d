"""Proof that the lake equals the source: row counts, checksums and every difference by table, key and column."""
