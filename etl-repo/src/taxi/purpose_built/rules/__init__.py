"""One SQL file for each purpose-built table, over the view `trips`; each result has the column `trip_date`."""
