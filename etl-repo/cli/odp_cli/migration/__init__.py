"""Brings the books of an existing lake from the format of an older release into that of this one."""
