-- How many trips begin in each hour of a day, on average
SELECT
    pickup_hour,
    sum(trips) AS trips,
    round(CAST(sum(trips) AS double) / count(DISTINCT trip_date), 1) AS trips_a_day
FROM {dataset}_hourly_demand
GROUP BY pickup_hour
ORDER BY pickup_hour
