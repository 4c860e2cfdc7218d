-- How fast taxis are in each hour of a day, over all days
SELECT
    pickup_hour,
    sum(trips) AS trips,
    round(sum(miles) / sum(hours), 1) AS miles_per_hour
FROM {dataset}_speeds
GROUP BY pickup_hour
ORDER BY pickup_hour
