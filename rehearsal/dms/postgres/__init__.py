"""Reads PostgreSQL: tables, types and a replication slot."""
