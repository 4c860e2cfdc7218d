"""Datasets: one JSON file each, which declares what its files look like and what becomes of their columns."""
