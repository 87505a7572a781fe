/*
 * rebuild.c
 *		The rollups from scratch, removal of raw events, and how far either is.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#include "capture.h"
#include "compat.h"
#include "model.h"
#include "ownership.h"
#include "sums.h"

PG_FUNCTION_INFO_V1(usage_recount);
PG_FUNCTION_INFO_V1(usage_delete_raw);
PG_FUNCTION_INFO_V1(usage_tell);

#define ROWS_AT_ONCE	1000

/* ---------- progress ---------- */

/* How many rows there were, and how many when that was last told of. */
typedef struct
{
	int64		rows;
	int64		told;
} Progress;

/*
 * A NOTICE for every tenth of the rows to expect, but for no less than a
 * million; for every million where it is not known how many to expect (0).
 */
static void
count_rows(Progress *progress, int64 rows, const char *done, int64 expected)
{
	progress->rows += rows;
	if (progress->rows - progress->told < Max(expected / 10, 1000000))
		return;
	progress->told = progress->rows;
	if (IsParallelWorker())
		ereport(NOTICE,
				(errmsg_internal("%s " INT64_FORMAT " events in parallel worker %d",
								 done, progress->rows, ParallelWorkerNumber)));
	else if (expected == 0)
		ereport(NOTICE,
				(errmsg_internal("%s " INT64_FORMAT " events", done, progress->rows)));
	else
		ereport(NOTICE,
				(errmsg_internal("%s " INT64_FORMAT " of about " INT64_FORMAT " events",
								 done, progress->rows, Max(expected, progress->rows))));
}

/*
 * usage_tell(done text, expected bigint) → true
 *
 * For the end of a WHERE clause: tells how many rows got there. The arguments
 * are the same for all rows.
 */
Datum
usage_tell(PG_FUNCTION_ARGS)
{
	Progress   *progress = fcinfo->flinfo->fn_extra;

	if (progress == NULL)
		progress = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Progress));
	progress->rows++;
	if (progress->rows - progress->told >= 1000000)
		count_rows(progress, 0, text_to_cstring(PG_GETARG_TEXT_PP(0)),
				   PG_GETARG_INT64(1));
	PG_RETURN_BOOL(true);
}

/* ---------- the rollups from scratch ---------- */

/* Run a command under a snapshot that may be older than the latest. */
static uint64
execute_in_snapshot(Snapshot snapshot, const char *command)
{
	SPIPlanPtr	plan = SPI_prepare(command, 0, NULL);
	int			result;

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", command);
	result = SPI_execute_snapshot(plan, NULL, NULL, snapshot, InvalidSnapshot,
								  false, true, 0);
	if (result < 0)
		elog(ERROR, "SPI_execute_snapshot failed: %s", command);
	return SPI_processed;
}

/*
 * What follows changes the rollups, or does not, as only the owner may; and it
 * runs the owner's triggers, so it is for the owner alone, not for those who
 * are allowed more.
 */
static void
check_caller(Oid events)
{
	if (!OidIsValid(events))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is no usage model"),
				 errhint("Call create_usage_model().")));
	if (GetUserId() != ua_relation_owner(events))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, "fct_event");
}

/*
 * usage_recount(clear text[], event_query text, expected bigint) → bigint
 *
 * Under one snapshot, run the commands that clear the rollups and what is
 * pending, and append the rows of the query to usage_pending. Events that
 * commit meanwhile are neither seen by the query, nor are their pending rows
 * cleared. The caller is the model's owner and has locked the rollups; under a
 * snapshot from before that, what a fold has changed since is a serialization
 * failure. Progress is told, `expected` being about the number of events.
 */
Datum
usage_recount(PG_FUNCTION_ARGS)
{
	Oid			schema = ua_function_schema(fcinfo);
	ArrayType  *clear = PG_GETARG_ARRAYTYPE_P(0);
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int64		expected = PG_GETARG_INT64(2);
	Oid			events = get_relname_relid("fct_event", schema);
	Datum	   *commands;
	int			n_commands;
	Snapshot	snapshot;
	SPIPlanPtr	plan;
	Portal		portal;
	UaSums	   *sums = NULL;
	TupleTableSlot *slot = NULL;
	Progress	progress = {0};

	check_caller(events);
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	deconstruct_array(clear, TEXTOID, -1, false, TYPALIGN_INT,
					  &commands, NULL, &n_commands);
	SPI_connect();
	for (int i = 0; i < n_commands; i++)
		(void) execute_in_snapshot(snapshot, TextDatumGetCString(commands[i]));

	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", query);
	PushActiveSnapshot(snapshot);
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
		if (SPI_processed == 0)
			break;
		if (sums == NULL)
		{
			slot = MakeSingleTupleTableSlot(SPI_tuptable->tupdesc,
											&TTSOpsHeapTuple);
			sums = ua_sums_start(schema, events, SPI_tuptable->tupdesc);
		}
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			ExecStoreHeapTuple(SPI_tuptable->vals[i], slot, false);
			ua_sums_add(sums, slot, 1);
		}
		count_rows(&progress, SPI_processed, "counted", expected);
		ExecClearTuple(slot);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	PopActiveSnapshot();
	if (sums != NULL)
	{
		ua_sums_finish(sums);
		ExecDropSingleTupleTableSlot(slot);
	}
	SPI_finish();
	UnregisterSnapshot(snapshot);
	PG_RETURN_INT64(progress.rows);
}

/* ---------- removal ---------- */

/*
 * usage_delete_raw(before date) → bigint
 *
 * Delete the raw events of days before that one, but leave the rollups as they
 * are.
 */
Datum
usage_delete_raw(PG_FUNCTION_ARGS)
{
	Oid			schema = ua_function_schema(fcinfo);
	Oid			type = DATEOID;
	Datum		before = PG_GETARG_DATUM(0);
	char	   *command;
	volatile int64 deleted = 0;

	check_caller(get_relname_relid("fct_event", schema));

	/* The index finds a few days more than belong to it; days decide. */
	command = psprintf("DELETE FROM %s WHERE event_ts < ($1 + 2)::timestamp AT TIME ZONE 'UTC' AND %s(event_ts) < $1 AND %s('deleted', 0)",
					   ua_qualified(schema, "fct_event"),
					   ua_qualified(schema, "event_day"),
					   ua_qualified(schema, "usage_tell"));

	SPI_connect();
	ua_suspend_capture(true);
	PG_TRY();
	{
		if (SPI_execute_with_args(command, 1, &type, &before, NULL, false, 0) != SPI_OK_DELETE)
			elog(ERROR, "could not delete events");
		deleted = SPI_processed;
	}
	PG_FINALLY();
	{
		ua_suspend_capture(false);
	}
	PG_END_TRY();
	SPI_finish();
	PG_RETURN_INT64(deleted);
}
