"""Hudi tables: table version 6, written with Spark."""
