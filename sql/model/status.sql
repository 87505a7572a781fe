-- How the rollups are doing.

CREATE VIEW @extschema@.usage_status WITH (security_invoker = true) AS
SELECT settings.model_version,
       @extschema@.usage_library_version() AS library_version,
       (SELECT count(*) FROM @extschema@.usage_rollup) AS settled_rows,
       (SELECT count(*) FROM @extschema@.usage_pending) AS pending_rows,
       state.last_fold_at,
       state.last_rows AS last_fold_rows,
       state.last_error,
       state.last_error_at,
       (SELECT min(pid)
          FROM pg_locks
         WHERE locktype = 'object'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND classid = 'pg_class'::regclass
           AND objid = '@extschema@.usage_pending'::regclass
           AND objsubid = 1
           AND granted) AS folding_pid,
       (SELECT min(@extschema@.first_day(days OPERATOR(@extschema@.*) daterange(state.purged_before, NULL)))
          FROM @extschema@.usage_live_activity) AS first_event_day,
       state.purged_before,
       (SELECT sum(pg_total_relation_size(oid))::bigint
          FROM pg_class
         WHERE relkind = 'r'
           AND oid IN (SELECT '@extschema@.fct_event'::regclass
                       UNION
                       SELECT relid FROM pg_partition_tree('@extschema@.fct_event'))) AS event_bytes,
       pg_total_relation_size('@extschema@.usage_rollup') + pg_total_relation_size('@extschema@.user_activity')
         + pg_total_relation_size('@extschema@.account_rollup') + pg_total_relation_size('@extschema@.usage_totals')
         + pg_total_relation_size('@extschema@.usage_strays') AS rollup_bytes,
       pg_total_relation_size('@extschema@.usage_pending') AS pending_bytes
  FROM @extschema@.usage_settings AS settings
 CROSS JOIN @extschema@.usage_rollup_state AS state;

COMMENT ON VIEW @extschema@.usage_status IS 'How the rollups are doing: one row';
COMMENT ON COLUMN @extschema@.usage_status.model_version IS 'Version of the library that made the model';
COMMENT ON COLUMN @extschema@.usage_status.library_version IS 'Version of the library; where it is newer, call upgrade_usage_model()';
COMMENT ON COLUMN @extschema@.usage_status.settled_rows IS 'Rows of usage_rollup';
COMMENT ON COLUMN @extschema@.usage_status.pending_rows IS 'Rows of usage_pending, not yet folded; every figure counts them';
COMMENT ON COLUMN @extschema@.usage_status.last_fold_at IS 'When the last fold was made';
COMMENT ON COLUMN @extschema@.usage_status.last_fold_rows IS 'Number of pending rows that it folded';
COMMENT ON COLUMN @extschema@.usage_status.last_error IS 'Why the last fold in the background failed; null once one succeeds';
COMMENT ON COLUMN @extschema@.usage_status.last_error_at IS 'When it failed';
COMMENT ON COLUMN @extschema@.usage_status.folding_pid IS 'Process that folds, rebuilds, purges or erases now, as in pg_stat_activity.pid; null where none does';
COMMENT ON COLUMN @extschema@.usage_status.first_event_day IS 'First day of the raw history: of the first event since purged_before';
COMMENT ON COLUMN @extschema@.usage_status.purged_before IS 'Raw events of days before this were purged; null where none were';
COMMENT ON COLUMN @extschema@.usage_status.event_bytes IS 'Size of fct_event with its indexes, in bytes';
COMMENT ON COLUMN @extschema@.usage_status.rollup_bytes IS 'Size of the rollups with their indexes, in bytes';
COMMENT ON COLUMN @extschema@.usage_status.pending_bytes IS 'Size of the file of usage_pending, in bytes; what is folded leaves room in it that is used again';
