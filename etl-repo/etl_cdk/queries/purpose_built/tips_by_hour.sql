-- What card payers tip in each hour of a day, over all days
SELECT
    pickup_hour,
    sum(card_trips) AS card_trips,
    sum(tips) AS tips,
    round(100 * CAST(sum(tips) AS double) / sum(fares), 1) AS tip_percent
FROM {dataset}_tips
GROUP BY pickup_hour
ORDER BY pickup_hour
