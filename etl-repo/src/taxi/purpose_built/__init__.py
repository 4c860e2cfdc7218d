"""Glue job 2: what the conformed trips are read for, recomputed for the days that changed."""
