"""Migrates the DynamoDB tables of a lake from an older release's format to this one's."""
