"""Plays the tester's histories on a real database: its stand-in for DMS must write what the generator claims."""
