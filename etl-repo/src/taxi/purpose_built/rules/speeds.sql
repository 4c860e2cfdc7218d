-- datasets: green, yellow
-- How fast taxis are, by day and hour: miles by hours under way, of trips whose clock and meter are plausible
-- (a minute to three hours, at most 80 miles an hour).
WITH timed AS (
    SELECT
        pickup_at,
        trip_distance AS miles,
        (UNIX_MICROS(dropoff_at) - UNIX_MICROS(pickup_at)) / 3600000000D AS hours
    FROM trips
)
SELECT
    CAST(pickup_at AS DATE) AS trip_date,
    HOUR(pickup_at) AS pickup_hour,
    COUNT(*) AS trips,
    ROUND(SUM(miles), 2) AS miles,
    ROUND(SUM(hours), 2) AS hours,
    ROUND(SUM(miles) / SUM(hours), 2) AS miles_per_hour
FROM timed
WHERE hours BETWEEN 1 / 60D AND 3 AND miles > 0 AND miles / hours <= 80
GROUP BY CAST(pickup_at AS DATE), HOUR(pickup_at)
