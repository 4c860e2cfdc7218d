"""Iceberg tables of the Data Catalog: format version 2, copy-on-write, written with Spark."""
