-- datasets: green, yellow
-- How trips are paid, by day and payment type (NULL where the meter did not report it), and its share of the day.
WITH paid AS (
    SELECT
        CAST(pickup_at AS DATE) AS trip_date,
        payment_type,
        COUNT(*) AS trips,
        SUM(total_amount) AS totals
    FROM trips
    GROUP BY CAST(pickup_at AS DATE), payment_type
)
SELECT
    trip_date,
    payment_type,
    trips,
    totals,
    ROUND(100D * trips / SUM(trips) OVER (PARTITION BY trip_date), 2) AS percent_of_trips
FROM paid
