"""One module for each table format and engine, each applying a decided refresh in one commit."""
