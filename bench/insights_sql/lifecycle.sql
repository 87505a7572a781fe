WITH activity AS (
  :activity
), seen AS (
  SELECT DISTINCT
    segment_value,
    user_no,
    CAST(date_trunc(':period', activity_date) AS DATE) AS period_start
  FROM activity
  WHERE activity_date <= current_date
), neighbours AS (
  SELECT
    segment_value,
    period_start,
    lag(period_start) OVER one_user AS before,
    lead(period_start) OVER one_user AS after
  FROM seen
  WINDOW one_user AS (PARTITION BY segment_value, user_no ORDER BY period_start)
), change AS (
  SELECT
    segment_value,
    period_start,
    count(*) FILTER (WHERE before IS NULL) AS new_users,
    count(*) FILTER (WHERE before = period_start - INTERVAL 1 :period) AS returning_users,
    count(*) FILTER (WHERE before < period_start - INTERVAL 1 :period) AS resurrected_users,
    0 AS dormant_users
  FROM neighbours
  GROUP BY ALL
  UNION ALL
  SELECT segment_value, CAST(period_start + INTERVAL 1 :period AS DATE), 0, 0, 0, count(*)
  FROM neighbours
  WHERE after IS NULL OR after > period_start + INTERVAL 1 :period
  GROUP BY ALL
  UNION ALL
  SELECT
    segment_value,
    CAST(unnest(generate_series((SELECT min(period_start) FROM seen), (SELECT max(period_start) FROM seen), INTERVAL 1 :period)) AS DATE),
    0, 0, 0, 0
  FROM (SELECT DISTINCT segment_value FROM seen)
)
SELECT
  period_start,
  segment_value,
  CAST(sum(new_users) AS BIGINT) AS new_users,
  CAST(sum(returning_users) AS BIGINT) AS returning_users,
  CAST(sum(resurrected_users) AS BIGINT) AS resurrected_users,
  CAST(sum(dormant_users) AS BIGINT) AS dormant_users,
  period_start + INTERVAL 1 :period <= current_date AS is_complete
FROM change
WHERE period_start <= (SELECT max(period_start) FROM seen)
GROUP BY segment_value, period_start
ORDER BY segment_value, period_start
