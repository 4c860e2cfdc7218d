"""The first day in a real account: twelve steps against a deployed lake, with a report and a clean-up."""
