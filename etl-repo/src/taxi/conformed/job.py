"""Stands here until the job that loads conformed tables comes from issue6-spark."""
