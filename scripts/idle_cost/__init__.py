"""The monthly cost of a lake, idle and at work: `python -m scripts.idle_cost`."""
