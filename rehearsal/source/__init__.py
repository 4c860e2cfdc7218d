"""The sample source: taxi trips, the operational database that holds them and the files AWS DMS would write of it."""
