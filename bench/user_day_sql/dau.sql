SELECT activity_date,
       count(*) AS dau
  FROM bench.user_day
 WHERE activity_date <= current_date
 GROUP BY activity_date
 ORDER BY activity_date
