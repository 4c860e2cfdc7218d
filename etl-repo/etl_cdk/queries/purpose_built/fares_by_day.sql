-- What trips cost each day, at all rates together
SELECT
    trip_date,
    sum(trips) AS trips,
    sum(fares) AS fares,
    sum(totals) AS totals,
    round(sum(paid_trips * average_fare) / nullif(sum(paid_trips), 0), 2) AS average_fare
FROM {dataset}_fares
GROUP BY trip_date
ORDER BY trip_date
