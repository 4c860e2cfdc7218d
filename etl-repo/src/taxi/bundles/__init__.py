"""Bundles: which landed files one execution loads together, and how they end."""
