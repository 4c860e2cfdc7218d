-- Which files the trips come from, how many each gave, and when it was loaded
SELECT
    source_file,
    count(*) AS trips,
    min(pickup_at) AS first_pickup_at,
    max(pickup_at) AS last_pickup_at,
    max(loaded_at) AS loaded_at
FROM {trips}
GROUP BY source_file
ORDER BY source_file
