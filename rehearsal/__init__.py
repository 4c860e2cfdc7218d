"""Runs the synthesised system on one machine; product code knows nothing of it."""
