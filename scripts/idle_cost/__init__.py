"""What a lake costs each month, idle and at work: `python -m scripts.idle_cost`."""
