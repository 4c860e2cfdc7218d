"""Glue job 1: the files of a bundle become rows of their dataset's conformed table, malformed ones go to quarantine."""
