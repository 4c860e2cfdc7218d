"""What an environment costs each month while no data flows: `python -m scripts.idle_cost`."""
