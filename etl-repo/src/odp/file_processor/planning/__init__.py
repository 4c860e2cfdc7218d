"""Planning: which tables of a cadence have work, in which batches, on how many workers."""
