-- datasets: green, yellow
-- What trips cost, by day and rate code (NULL where the meter did not report it). Refunds and voided trips have
-- negative amounts: they count in the totals, and not as trips of a price.
SELECT
    CAST(pickup_at AS DATE) AS trip_date,
    rate_code_id,
    COUNT(*) AS trips,
    COUNT_IF(fare_amount > 0) AS paid_trips,
    SUM(fare_amount) AS fares,
    SUM(total_amount) AS totals,
    CAST(AVG(CASE WHEN fare_amount > 0 THEN fare_amount END) AS DECIMAL(10, 2)) AS average_fare,
    CAST(PERCENTILE(CASE WHEN fare_amount > 0 THEN fare_amount END, 0.5) AS DECIMAL(10, 2)) AS median_fare
FROM trips
GROUP BY CAST(pickup_at AS DATE), rate_code_id
