"""Applying changes to tables that hold rows: the lake's writer beside plain alternatives, all ending equal."""
