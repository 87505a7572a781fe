/*
 * session_seconds.c
 *		Session time: the sum of duration_seconds of timer_stop events.
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(session_seconds_agg_transfn);
PG_FUNCTION_INFO_V1(session_seconds_agg_invfn);
PG_FUNCTION_INFO_V1(session_seconds_agg_combinefn);

static bool
is_session_end(text *event_name)
{
	static const char session_end[] = "timer_stop";

	return VARSIZE_ANY_EXHDR(event_name) == sizeof(session_end) - 1 &&
		memcmp(VARDATA_ANY(event_name), session_end, sizeof(session_end) - 1) == 0;
}

static void
out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("session time is out of range for type bigint")));
}

/* Strict, so a null name or duration adds nothing. */
Datum
session_seconds_agg_transfn(PG_FUNCTION_ARGS)
{
	int64		seconds = PG_GETARG_INT64(0);

	if (is_session_end(PG_GETARG_TEXT_PP(1)) &&
		pg_add_s64_overflow(seconds, PG_GETARG_INT64(2), &seconds))
		out_of_range();
	PG_RETURN_INT64(seconds);
}

/* For moving windows: takes away what the transition function added. */
Datum
session_seconds_agg_invfn(PG_FUNCTION_ARGS)
{
	int64		seconds = PG_GETARG_INT64(0);

	if (is_session_end(PG_GETARG_TEXT_PP(1)) &&
		pg_sub_s64_overflow(seconds, PG_GETARG_INT64(2), &seconds))
		out_of_range();
	PG_RETURN_INT64(seconds);
}

Datum
session_seconds_agg_combinefn(PG_FUNCTION_ARGS)
{
	int64		seconds;

	if (pg_add_s64_overflow(PG_GETARG_INT64(0), PG_GETARG_INT64(1), &seconds))
		out_of_range();
	PG_RETURN_INT64(seconds);
}
