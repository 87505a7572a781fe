/*
 * streaks.c
 *		streaks(): days in a row of every user.
 *
 * Each user's days are looked at once, where they are read, for all that is said
 * of them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "activity_rows.h"
#include "compat.h"
#include "model.h"

PG_FUNCTION_INFO_V1(streaks);

/* A row as it is stored: none of its columns is null, or moves. */
typedef struct
{
	pg_uuid_t	user_id;
	int32		current_streak;
	int32		longest_streak;
	int32		active_days;
	DateADT		first_active_day;
	DateADT		last_active_day;
} StreakRow;

typedef struct
{
	UaDay		day;
	int32		grace;			/* a streak may end so many days before it */
	Tuplestorestate *rows;
	TupleTableSlot *slot;		/* has a row, and these are its bytes */
	char	   *row;
} Report;

/*
 * Everybody's row is put together in place: to form it column by column takes
 * longer than all the rest.
 */
static void
start_rows(Report *report, ReturnSetInfo *result)
{
	TupleTableSlot *columns = MakeSingleTupleTableSlot(result->setDesc, &TTSOpsVirtual);
	pg_uuid_t	no_one = {{0}};
	MinimalTuple tuple;

	ExecClearTuple(columns);
	for (int i = 0; i < result->setDesc->natts; i++)
	{
		columns->tts_values[i] = i == 0 ? UUIDPGetDatum(&no_one) : Int32GetDatum(0);
		columns->tts_isnull[i] = false;
	}
	ExecStoreVirtualTuple(columns);
	tuple = ExecCopySlotMinimalTuple(columns);
	ExecDropSingleTupleTableSlot(columns);

	report->rows = result->setResult;
	report->row = (char *) tuple + tuple->t_hoff - MINIMAL_TUPLE_OFFSET;
	if (report->row + sizeof(StreakRow) != (char *) tuple + tuple->t_len)
		elog(ERROR, "rows of streaks() are not as they were declared");
	report->slot = MakeSingleTupleTableSlot(result->setDesc, &TTSOpsMinimalTuple);
	ExecStoreMinimalTuple(tuple, report->slot, true);
}

static void
take_user(void *self, UaSegmentGroup *group, const pg_uuid_t *user, UaDays days, UaDays back,
		  int times)
{
	Report	   *report = self;
	UaDaysSummary summary;
	StreakRow	row;

	if (user == NULL || !ua_days_sum_up(days, report->day, &summary))
		return;
	row.user_id = *user;
	row.current_streak = (int64) report->day - summary.last > report->grace ? 0 :
		(int32) summary.last_run;
	row.longest_streak = (int32) summary.longest_run;
	row.active_days = (int32) summary.count;
	row.first_active_day = summary.first;
	row.last_active_day = summary.last;
	memcpy(report->row, &row, sizeof(row));
	tuplestore_puttupleslot(report->rows, report->slot);
}

/* streaks(as_of date, account_id uuid) → rows */
Datum
streaks(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			schema = ua_function_schema(fcinfo);
	UaSegmentGroups everybody;
	HeapTupleHeader source;
	DateADT		today;
	Report		report;

	InitMaterializedSRF(fcinfo, 0);
	source = ua_find_activity(fcinfo, 0, 1, &report.day, &today);
	/* Today still has time to go on. */
	report.grace = report.day == today ? 1 : 0;
	start_rows(&report, result);
	ua_groups_start(&everybody, sizeof(UaSegmentGroup));
	ua_read_activity(schema, source, &everybody, take_user, &report);
	ExecDropSingleTupleTableSlot(report.slot);
	return (Datum) 0;
}
