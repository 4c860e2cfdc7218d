"""The tables of both layers as Iceberg tables of the Data Catalog."""
