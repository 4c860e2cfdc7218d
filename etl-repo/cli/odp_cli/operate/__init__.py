"""The operator's view of a running lake, and decisions; each command is in the file of its name."""
