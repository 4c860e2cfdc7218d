-- How trips were paid on the latest day that has any
SELECT
    payment_type,
    trips,
    totals,
    percent_of_trips
FROM {dataset}_payment_mix
WHERE trip_date = (SELECT max(trip_date) FROM {dataset}_payment_mix)
ORDER BY trips DESC
