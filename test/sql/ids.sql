-- Integer keys go to uuids and back, and ids of non-negative keys keep their order.
SELECT id_from_bigint(42), id_from_bigint(-1), id_from_bigint(9223372036854775807);
SELECT count(*) AS wrong
  FROM (SELECT k, lag(id_from_bigint(k)) OVER (ORDER BY k) AS before
          FROM (SELECT (i::bigint * 9007199254740993) AS k FROM generate_series(0, 1000) AS i) AS keys) AS pairs
 WHERE bigint_from_id(id_from_bigint(k)) <> k
    OR bigint_from_id(id_from_bigint(-k)) <> -k
    OR before >= id_from_bigint(k);
SELECT bigint_from_id('5e4576c8-9055-411f-bd24-1f8b31e8ed0d');

-- New ids are of version 7, increase, and hold the time at which they were made.
WITH ids AS MATERIALIZED (SELECT i, new_event_id() AS id FROM generate_series(1, 10000) AS i)
SELECT count(DISTINCT id) AS ids,
       bool_and(substr(id::text, 15, 1) = '7') AS all_version_7,
       bool_and(substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')) AS all_variant,
       bool_and(before < id) AS all_increase,
       bool_and(abs(extract(epoch FROM now()) - ('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0) < 60) AS all_now
  FROM (SELECT id, lag(id, 1, id_from_bigint(0)) OVER (ORDER BY i) AS before FROM ids) AS ids;
