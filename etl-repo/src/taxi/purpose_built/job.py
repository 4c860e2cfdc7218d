"""Stands here until the job comes from issue6-spark."""
