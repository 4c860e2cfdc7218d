-- The zones in which most trips began, over all days
SELECT
    pickup_zone_id,
    sum(trips) AS trips,
    sum(passengers) AS passengers,
    round(sum(miles) / sum(trips), 2) AS miles_per_trip
FROM {dataset}_daily_demand
GROUP BY pickup_zone_id
ORDER BY trips DESC
LIMIT 20
