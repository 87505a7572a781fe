-- The settings and what sets them.
SELECT time_zone, week_start, model_version = usage_library_version() AS of_this_version FROM usage_settings;

BEGIN;
SELECT set_usage_time_zone('EUROPE/berlin');
SELECT set_usage_week_start(7);
SELECT time_zone, week_start FROM usage_settings;
SELECT mode
  FROM pg_locks
 WHERE relation = 'fct_event'::regclass AND pid = pg_backend_pid() AND mode = 'ShareLock';
ROLLBACK;

\set VERBOSITY sqlstate
SELECT set_usage_time_zone('Mars/Olympus_Mons');
SELECT set_usage_time_zone('XYZ-2');
SELECT set_usage_time_zone('CEST');
SELECT set_usage_time_zone('');
SELECT set_usage_time_zone(NULL);
SELECT set_usage_week_start(0);
SELECT set_usage_week_start(8);
SELECT set_usage_week_start(-1);
SELECT set_usage_week_start(NULL);
INSERT INTO usage_settings (model_version) VALUES ('1.0');
INSERT INTO usage_settings (model_version, singleton) VALUES ('1.0', false);
UPDATE usage_settings SET week_start = 8;

-- Messages.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT set_usage_time_zone('Mars/Olympus_Mons');
SELECT set_usage_time_zone(NULL);
SELECT set_usage_week_start(8);
SELECT set_usage_week_start(NULL);
-- It has to see what folds have committed before it got their lock.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT set_usage_week_start(2);
ROLLBACK;
SELECT usage_check_version('0.9', true);
SELECT usage_check_version('0.9', false);
SELECT usage_check_version(usage_library_version(), false);
SELECT usage_check_version(usage_library_version() || '.1', true);
SELECT usage_check_version('10.0', true);
SELECT usage_check_version('', true);
SELECT usage_check_version(NULL, true);
SELECT usage_check_version('1.99999999999', true);

-- Acting as a role that one is a member of, and as no other.
BEGIN;
CREATE ROLE regress_usage_member;
CREATE ROLE regress_usage_group;
GRANT regress_usage_group TO regress_usage_member;
SET LOCAL ROLE regress_usage_member;
SELECT usage_execute_as('regress_usage_group', 'SELECT current_user');
SELECT usage_execute_as('regress_usage_group', 'SELECT NULL') IS NULL AS null_is_null;
SELECT usage_execute_as('regress_usage_group', 'SELECT 1 WHERE false') IS NULL AS nothing_is_null;
SELECT usage_execute_as('regress_usage_group', 'SELECT set_config(''search_path'', ''pg_temp'', false)');
SHOW search_path;
SELECT current_user;
SAVEPOINT s;
SELECT usage_execute_as('regress_usage_group', 'SELECT 1 / 0');
ROLLBACK TO s;
SELECT current_user;
SELECT usage_execute_as('regress_usage_group', 'RESET ROLE');
ROLLBACK TO s;
SELECT usage_execute_as('regress_usage_group', 'CREATE TEMPORARY TABLE t ()');
ROLLBACK TO s;
SELECT usage_execute_as('regress_usage_group', 'COMMIT');
ROLLBACK TO s;
SET LOCAL ROLE regress_usage_group;
SELECT usage_execute_as('regress_usage_member', 'SELECT current_user');
ROLLBACK;
