"""Stands here until the job that builds purpose-built tables comes from issue6-spark."""
