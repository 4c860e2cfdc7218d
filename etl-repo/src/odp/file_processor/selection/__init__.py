"""Selection: which files the next commit of a table applies, reads again, skips or holds; pure decisions."""
