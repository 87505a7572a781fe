/*
 * funnel_users.c
 *		The searches of funnel() along the timelines of users, as an aggregate
 *		over users, so that parallel workers share them out.
 *
 * A correlated subquery, which can stop reading a timeline early, runs in the
 * leader only. So users are gathered into batches, and each process looks
 * through its own batches by a query. What is found is kept as bytes, for
 * funnel_found() to open up: a user, the number of times, the times.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "model.h"
#include "sequence_state.h"
#include "window_funnel.h"

PG_FUNCTION_INFO_V1(funnel_users_transfn);
PG_FUNCTION_INFO_V1(funnel_users_combinefn);
PG_FUNCTION_INFO_V1(funnel_users_serialfn);
PG_FUNCTION_INFO_V1(funnel_users_deserialfn);
PG_FUNCTION_INFO_V1(funnel_users_finalfn);
PG_FUNCTION_INFO_V1(funnel_found);

#define BATCH_SIZE		1000

/* steps, within, modes, from_ts, to_ts, end_ts, then the users of a batch */
#define NARGS			7
static const Oid arg_types[NARGS] =
{TEXTARRAYOID, INTERVALOID, TEXTARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
TIMESTAMPTZOID, UUIDARRAYOID};

typedef struct
{
	char	   *query;			/* NULL where there are no users to come */
	Datum		args[NARGS];
	int			nusers;			/* in the batch */
	pg_uuid_t	users[BATCH_SIZE];
	StringInfoData found;
} FunnelUsers;

/* What comes before the times of a user. */
typedef struct
{
	pg_uuid_t	user;
	uint32		ntimes;
} FoundHeader;

/* Look through the batch, and empty it. */
static void
search_batch(FunnelUsers *state)
{
	Datum		users[BATCH_SIZE];
	Oid			types[NARGS];

	if (state->nusers == 0)
		return;
	for (int i = 0; i < state->nusers; i++)
		users[i] = UUIDPGetDatum(&state->users[i]);
	memcpy(types, arg_types, sizeof(types));

	SPI_connect();
	state->args[NARGS - 1] =
		PointerGetDatum(construct_array(users, state->nusers, UUIDOID,
										UUID_LEN, false, TYPALIGN_CHAR));
	if (SPI_execute_with_args(state->query, NARGS, types, state->args, NULL,
							  true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_with_args failed: %s", state->query);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		FoundHeader header;
		ArrayType  *times;
		Datum		user;
		Datum		value;
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		value = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2,
							  &isnull);
		if (isnull)
			continue;
		times = DatumGetArrayTypeP(value);
		user = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
							 &isnull);
		header.user = *DatumGetUUIDP(user);
		header.ntimes = ARR_DIMS(times)[0];
		appendBinaryStringInfo(&state->found, (char *) &header, sizeof(header));
		appendBinaryStringInfo(&state->found, ARR_DATA_PTR(times),
							   header.ntimes * sizeof(TimestampTz));
	}
	SPI_finish();
	state->nusers = 0;
}

/* The query that looks through the users in its last argument. */
static char *
make_query(Oid schema, int modes)
{
	return psprintf("SELECT u.user_id,"
					" (SELECT found.times"
					" FROM (SELECT %s($1, $2, $3, $4, $5, e.event_ts, e.event_name)"
					" OVER (ORDER BY e.event_ts) AS times"
					" FROM %s AS e"
					" WHERE e.user_id OPERATOR(pg_catalog.=) u.user_id"
					" AND e.event_ts OPERATOR(pg_catalog.>=) $4"
					" AND e.event_ts OPERATOR(pg_catalog.<=) $6%s) AS found"
					" WHERE found.times IS NOT NULL LIMIT 1) AS times"
					" FROM pg_catalog.unnest($7) AS u (user_id)",
					ua_qualified(schema, "funnel_search_ordered"),
					ua_qualified(schema, "fct_event"),
					(modes & UA_STRICT_ORDER) ? "" :
					" AND e.event_name OPERATOR(pg_catalog.=) ANY ($1)");
}

static FunnelUsers *
new_state(MemoryContext context)
{
	FunnelUsers *state = MemoryContextAllocZero(context, sizeof(FunnelUsers));
	MemoryContext caller = MemoryContextSwitchTo(context);

	initStringInfo(&state->found);
	MemoryContextSwitchTo(caller);
	return state;
}

/* (state, user_id, steps, within, modes, from_ts, to_ts, end_ts) */
Datum
funnel_users_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	FunnelUsers *state;

	if (PG_ARGISNULL(0))
	{
		MemoryContext caller;
		int			modes;

		for (int i = 2; i < 8; i++)
			if (PG_ARGISNULL(i))
				ua_null_argument("an argument of the funnel");
		modes = ua_funnel_modes(PG_GETARG_ARRAYTYPE_P(4));
		state = new_state(context);
		caller = MemoryContextSwitchTo(context);
		state->query = make_query(ua_function_schema(fcinfo), modes);
		state->args[0] = PointerGetDatum(PG_GETARG_ARRAYTYPE_P_COPY(2));
		state->args[1] = datumCopy(PG_GETARG_DATUM(3), false, sizeof(Interval));
		state->args[2] = PointerGetDatum(PG_GETARG_ARRAYTYPE_P_COPY(4));
		for (int i = 3; i < 6; i++)
			state->args[i] = PG_GETARG_DATUM(i + 2);
		MemoryContextSwitchTo(caller);
	}
	else
		state = (FunnelUsers *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		state->users[state->nusers++] = *PG_GETARG_UUID_P(1);
		if (state->nusers == BATCH_SIZE)
			search_batch(state);
	}
	PG_RETURN_POINTER(state);
}

Datum
funnel_users_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	FunnelUsers *into;
	FunnelUsers *from;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = (FunnelUsers *) PG_GETARG_POINTER(1);
	into = PG_ARGISNULL(0) ? new_state(context) :
		(FunnelUsers *) PG_GETARG_POINTER(0);
	search_batch(from);
	appendBinaryStringInfo(&into->found, from->found.data, from->found.len);
	PG_RETURN_POINTER(into);
}

static bytea *
found_bytes(FunnelUsers *state)
{
	bytea	   *bytes;

	search_batch(state);
	bytes = palloc(VARHDRSZ + state->found.len);
	SET_VARSIZE(bytes, VARHDRSZ + state->found.len);
	memcpy(VARDATA(bytes), state->found.data, state->found.len);
	return bytes;
}

Datum
funnel_users_serialfn(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(found_bytes((FunnelUsers *) PG_GETARG_POINTER(0)));
}

Datum
funnel_users_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	FunnelUsers *state = new_state(CurrentMemoryContext);

	appendBinaryStringInfo(&state->found, VARDATA_ANY(bytes),
						   VARSIZE_ANY_EXHDR(bytes));
	PG_RETURN_POINTER(state);
}

Datum
funnel_users_finalfn(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(found_bytes((FunnelUsers *) PG_GETARG_POINTER(0)));
}

/* funnel_found(bytea) → setof (user_id uuid, times timestamptz[]) */
Datum
funnel_found(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	StringInfoData buf;

	InitMaterializedSRF(fcinfo, 0);
	ua_read_bytea(&buf, bytes);
	while (buf.cursor < buf.len)
	{
		FoundHeader header;
		Datum		times[UA_MAX_CONDITIONS + 1];
		Datum		values[2];
		bool		nulls[2] = {false, false};
		ArrayType  *array;

		CHECK_FOR_INTERRUPTS();
		if (buf.len - buf.cursor < (int) sizeof(header))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid result of funnel_users")));
		memcpy(&header, pq_getmsgbytes(&buf, sizeof(header)), sizeof(header));
		if (header.ntimes > lengthof(times))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid result of funnel_users")));
		for (uint32 i = 0; i < header.ntimes; i++)
		{
			TimestampTz ts;

			memcpy(&ts, pq_getmsgbytes(&buf, sizeof(ts)), sizeof(ts));
			times[i] = TimestampTzGetDatum(ts);
		}
		array = construct_array(times, header.ntimes, TIMESTAMPTZOID,
								sizeof(TimestampTz), FLOAT8PASSBYVAL,
								TYPALIGN_DOUBLE);
		values[0] = UUIDPGetDatum(&header.user);
		values[1] = PointerGetDatum(array);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(array);
	}
	return (Datum) 0;
}
