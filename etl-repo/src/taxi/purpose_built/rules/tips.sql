-- datasets: green, yellow
-- What passengers tip, by day and hour: of card payments only, since no other tips are recorded.
SELECT
    CAST(pickup_at AS DATE) AS trip_date,
    HOUR(pickup_at) AS pickup_hour,
    COUNT(*) AS card_trips,
    COUNT_IF(tip_amount > 0) AS tipped_trips,
    SUM(tip_amount) AS tips,
    SUM(fare_amount) AS fares,
    ROUND(100 * SUM(tip_amount) / NULLIF(SUM(fare_amount), 0), 2) AS tip_percent
FROM trips
WHERE payment_type = 1 AND fare_amount > 0
GROUP BY CAST(pickup_at AS DATE), HOUR(pickup_at)
