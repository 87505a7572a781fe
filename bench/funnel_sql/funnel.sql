SELECT step, users
FROM funnel('{app_open,timer_start,timer_stop}', '1 day', :'from', :'to');
