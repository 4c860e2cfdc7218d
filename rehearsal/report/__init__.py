"""What people look at after a run: one self-contained HTML page and a terminal summary, from the same figures."""
