-- datasets: green, yellow
-- Trips by day, hour of the day and pick-up zone.
SELECT
    CAST(pickup_at AS DATE) AS trip_date,
    HOUR(pickup_at) AS pickup_hour,
    pickup_zone_id,
    COUNT(*) AS trips
FROM trips
GROUP BY CAST(pickup_at AS DATE), HOUR(pickup_at), pickup_zone_id
