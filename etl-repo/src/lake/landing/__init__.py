"""Landed objects: what an event or a listing of a bucket says about one, and its identity."""
