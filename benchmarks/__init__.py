"""What the lake's work costs beside plain alternatives in one run: ratios count, seconds are the machine's."""
