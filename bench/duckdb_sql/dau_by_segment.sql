SELECT
  activity_date,
  plan_tier,
  region,
  role,
  count(DISTINCT user_no) AS dau
FROM account_user_day AS a
JOIN dim_account USING (account_id)
JOIN dim_user AS u ON u.user_id = a.user_id
WHERE activity_date <= current_date
GROUP BY ALL
ORDER BY activity_date, plan_tier, region, role
