-- datasets: green, yellow
-- Trips, people and miles by day and pick-up zone.
SELECT
    CAST(pickup_at AS DATE) AS trip_date,
    pickup_zone_id,
    COUNT(*) AS trips,
    SUM(passenger_count) AS passengers,
    ROUND(SUM(trip_distance), 2) AS miles
FROM trips
GROUP BY CAST(pickup_at AS DATE), pickup_zone_id
