/*
 * session.c
 *		The window function session_number: runs of rows without a long gap.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include "sequence_state.h"

PG_FUNCTION_INFO_V1(session_number);

/* What is kept from row to row of a partition; all zero at its start. */
typedef struct
{
	bool		gap_known;
	uint64		gap;
	int64		number;			/* 0 before the first row with a time */
	TimestampTz previous;
} Session;

/* session_number(ts, gap) OVER (… ORDER BY ts) → bigint */
Datum
session_number(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	Session    *session = WinGetPartitionLocalMemory(window, sizeof(Session));
	TimestampTz ts;
	Datum		value;
	uint64		gap;
	bool		isnull;

	/* Only the current row is ever looked at. */
	WinSetMarkPosition(window, WinGetCurrentPosition(window));

	value = WinGetFuncArgCurrent(window, 1, &isnull);
	if (isnull)
		ua_null_argument("gap");
	gap = ua_interval_span(DatumGetIntervalP(value), "gap");
	if (session->gap_known && session->gap != gap)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("gap must be the same in every row of a partition")));
	session->gap_known = true;
	session->gap = gap;

	value = WinGetFuncArgCurrent(window, 0, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	ts = DatumGetTimestampTz(value);
	if (TIMESTAMP_NOT_FINITE(ts))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("an infinite timestamp is in no session")));
	if (session->number > 0 && ts < session->previous)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("session_number needs rows in the order of their time"),
				 errhint("Add ORDER BY with the same timestamp to the window.")));

	if (session->number == 0 || ua_elapsed(session->previous, ts) > gap)
		session->number++;
	session->previous = ts;
	PG_RETURN_INT64(session->number);
}
