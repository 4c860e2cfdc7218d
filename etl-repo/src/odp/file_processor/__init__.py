"""File Processor: plans which tables have work, then refreshes them, a batch of tables to each Glue job run."""
