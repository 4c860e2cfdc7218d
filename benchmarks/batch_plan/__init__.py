"""What it takes to plan a cadence, as its tables and its pending files grow tenfold, and tenfold again."""
