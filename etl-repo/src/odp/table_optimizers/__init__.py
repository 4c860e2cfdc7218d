"""Lets the Data Catalog optimize the Iceberg tables of an environment that asks for it."""
