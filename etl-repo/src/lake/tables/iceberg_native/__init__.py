"""Iceberg tables written without a JVM: Arrow merges the rows, pyiceberg writes metadata and commits."""
