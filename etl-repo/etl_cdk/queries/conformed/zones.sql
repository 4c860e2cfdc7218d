-- The zones in which most trips begin, with their distances and amounts
SELECT
    pickup_zone_id,
    count(*) AS trips,
    round(avg(trip_distance), 2) AS average_distance,
    round(avg(total_amount), 2) AS average_amount
FROM {trips}
GROUP BY pickup_zone_id
ORDER BY trips DESC
LIMIT 20
