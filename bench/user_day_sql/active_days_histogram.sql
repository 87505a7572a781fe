WITH as_of AS (
  SELECT max(activity_date) AS as_of_date FROM bench.user_day WHERE activity_date <= current_date
), active_days AS (
  SELECT count(*) AS active_days
    FROM bench.user_day
   WHERE activity_date > (SELECT as_of_date FROM as_of) - 28
     AND activity_date <= (SELECT as_of_date FROM as_of)
   GROUP BY user_no
), histogram AS (
  SELECT active_days, count(*) AS users FROM active_days GROUP BY active_days
), ever AS (
  SELECT count(*) AS users
    FROM bench.user_number AS n
   WHERE EXISTS (SELECT FROM bench.user_day AS d WHERE d.user_no = n.user_no AND activity_date <= current_date)
)
SELECT as_of_date,
       bucket AS active_days,
       CASE
         WHEN bucket = 0 THEN (SELECT users FROM ever) - (SELECT coalesce(sum(users), 0) FROM histogram)
         ELSE coalesce(histogram.users, 0)
       END AS users
  FROM as_of
 CROSS JOIN generate_series(0, 28) AS bucket
  LEFT JOIN histogram ON histogram.active_days = bucket
 ORDER BY bucket
