// What bench/duckdb runs, inside node: see there.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const { DuckDBInstance } = createRequire(process.env.DUCKDB_MODULES + '/')('@duckdb/node-api');

const columns = {
  dim_account:
    'account_id UUID, account_name VARCHAR, plan_tier VARCHAR, created_at TIMESTAMP, region VARCHAR, is_active BOOLEAN',
  dim_user:
    'user_id UUID, account_id UUID, role VARCHAR, country VARCHAR, created_at TIMESTAMP, ' +
    'activated_at TIMESTAMP, is_active BOOLEAN, deactivated_at TIMESTAMP',
  event_taxonomy: 'event_name VARCHAR, event_category VARCHAR',
  fct_event:
    'event_id UUID, user_id UUID, account_id UUID, task_id UUID, event_ts TIMESTAMP, ingested_at TIMESTAMP, ' +
    'duration_seconds INTEGER, event_name VARCHAR, source VARCHAR',
};

// What someone would prepare who wants these questions answered fast: a row a
// user, account and day, as user_daily_activity has it; a row a user and day, for
// figures that count a user of two accounts once; and small integers beside the
// uuids, as grouping by those is faster.
const prepare = `
  CREATE TABLE user_number AS
  SELECT user_id, CAST(row_number() OVER (ORDER BY user_id) AS INTEGER) AS user_no
  FROM dim_user;

  CREATE TABLE account_user_day AS
  SELECT
    account_id,
    user_id,
    any_value(user_no) AS user_no,
    CAST(event_ts AS DATE) AS activity_date,
    count(*) AS events,
    count(*) FILTER (WHERE event_category = 'engagement') AS engagement_events,
    count(*) FILTER (WHERE event_category = 'work_session') AS work_session_events,
    count(*) FILTER (WHERE event_category = 'output') AS output_events,
    CAST(coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0) AS BIGINT) AS work_seconds,
    count(*) FILTER (WHERE event_name = 'task_created') AS tasks_created,
    count(*) FILTER (WHERE event_name = 'task_completed') AS tasks_completed
  FROM fct_event
  JOIN user_number USING (user_id)
  LEFT JOIN event_taxonomy USING (event_name)
  GROUP BY account_id, user_id, activity_date
  ORDER BY activity_date, account_id, user_id;

  CREATE TABLE user_day AS
  SELECT
    user_id,
    user_no,
    activity_date,
    CAST(sum(events) AS BIGINT) AS events,
    CAST(sum(work_seconds) AS BIGINT) AS work_seconds,
    CAST(sum(tasks_created) AS BIGINT) AS tasks_created,
    CAST(sum(tasks_completed) AS BIGINT) AS tasks_completed
  FROM account_user_day
  GROUP BY user_id, user_no, activity_date
  ORDER BY activity_date, user_no`;

async function open(file, options) {
  return (await DuckDBInstance.create(file, options)).connect();
}

// The table's rows come as CSV on the standard input.
async function loadTable(file, table) {
  const connection = await open(file);
  await connection.run(`CREATE TABLE ${table} (${columns[table]})`);
  await connection.run(`COPY ${table} FROM '/dev/stdin' (FORMAT csv, HEADER false, PARALLEL false)`);
  await connection.run('CHECKPOINT');
}

async function prepareTables(file) {
  const connection = await open(file);
  await connection.run(prepare);
  await connection.run('CHECKPOINT');
}

function readQuery(file) {
  return readFileSync(file, 'utf8').replace(/^(--.*\n)*/, '').trim().replace(/;$/, '');
}

// A run ends when DuckDB holds the whole result; handing it over is not counted.
async function run(kind, file, sqlFile, runs = '5', csv) {
  const connection = await open(file, { access_mode: 'READ_ONLY' });
  let sql = readQuery(sqlFile);
  if (kind === 'raw') {
    const tables = readQuery(dirname(sqlFile) + '/raw.sql');
    sql = sql.startsWith('WITH ') ? sql.replace('WITH ', () => `WITH ${tables}, `) : `WITH ${tables} ${sql}`;
  }
  const times = [];
  for (let i = 0; i <= Number(runs); i++) {
    const start = process.hrtime.bigint();
    await connection.run(sql);
    if (i > 0) times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  times.sort((a, b) => a - b);
  const middle = times.length / 2;
  const median = times.length % 2 ? times[Math.floor(middle)] : (times[middle - 1] + times[middle]) / 2;
  if (csv) await connection.run(`COPY (${sql}) TO '${csv.replaceAll("'", "''")}' (FORMAT csv, HEADER true)`);
  console.log(median.toFixed(3));
}

const [command, ...rest] = process.argv.slice(2);
await { table: loadTable, prepare: prepareTables, run }[command](...rest);
