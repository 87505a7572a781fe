SELECT activity_date,
       plan_tier,
       region,
       role,
       count(DISTINCT user_no) AS dau
  FROM bench.account_user_day AS d
  JOIN dim_account USING (account_id)
  JOIN dim_user AS u ON u.user_id = d.user_id
 WHERE activity_date <= current_date
 GROUP BY activity_date, plan_tier, region, role
 ORDER BY activity_date, plan_tier, region, role
