"""The first day in a real account: thirteen steps against a deployed lake, with a report and a clean-up."""
