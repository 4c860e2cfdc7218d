"""Tests the rules of the data: random histories of a source, delivered badly, refreshed by runs that are killed."""
