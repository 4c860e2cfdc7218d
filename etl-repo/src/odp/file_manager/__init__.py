"""File Manager: registers every object that lands in the staging bucket, once."""
