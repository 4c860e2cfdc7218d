"""Glue job 1: loads the files of a bundle into their dataset's conformed table; malformed rows go to quarantine."""
