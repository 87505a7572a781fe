-- What the events of the users from number :first to before :next would have left
-- pending: for each month a template of the user's kind, cut at the first and last day.
INSERT INTO usage_pending (account_id, user_id, month, events, seconds, sources, lags)
SELECT account_id,
       user_id,
       month,
       events,
       seconds,
       sources,
       lags
  FROM (SELECT account_id,
               user_id,
               month,
               CASE WHEN cut THEN events * period ELSE events END AS events,
               CASE WHEN cut THEN seconds * period ELSE seconds END AS seconds,
               CASE WHEN cut THEN sources * period ELSE sources END AS sources,
               CASE WHEN cut THEN lags * period ELSE lags END AS lags
          FROM (SELECT account_id,
                       user_id,
                       month::date AS month,
                       4 * (hashint4extended(number, extract(month FROM month)::bigint) & 255) % 1000 + kind AS number,
                       daterange(first_day, last_day, '[]') AS period,
                       first_day > month OR last_day < month + interval '1 month' AS cut
                  FROM bench_user
                 CROSS JOIN generate_series(timestamp '2025-01-01', '2025-12-01', '1 month') AS month
                 WHERE number >= :first
                   AND number < :next
                   AND month BETWEEN date_trunc('month', first_day::timestamp) AND last_day) AS person
          JOIN bench_template AS template USING (month, number)) AS done
 WHERE NOT isempty(events);
