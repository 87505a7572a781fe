SELECT 0 AS step, count(*) AS users FROM fct_event WHERE event_ts >= :'from' AND event_ts < :'to';
