/*
 * retention.c
 *		The aggregate retention: which conditions hold in any row of a group,
 *		given that the first does. As ClickHouse's retention.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "sequence_state.h"

PG_FUNCTION_INFO_V1(retention_transfn);
PG_FUNCTION_INFO_V1(retention_combinefn);
PG_FUNCTION_INFO_V1(retention_serialfn);
PG_FUNCTION_INFO_V1(retention_deserialfn);
PG_FUNCTION_INFO_V1(retention_finalfn);

typedef struct
{
	uint64		seen;			/* conditions that held in some row */
	int			nconditions;
} Retention;

static Datum
add_conditions(FunctionCallInfo fcinfo, uint64 conditions, int nconditions)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	Retention  *state;

	if (PG_ARGISNULL(0))
	{
		if (nconditions == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there must be at least one condition")));
		state = MemoryContextAllocZero(context, sizeof(Retention));
		state->nconditions = nconditions;
	}
	else
		state = (Retention *) PG_GETARG_POINTER(0);
	if (state->nconditions != nconditions)
		ua_changed_argument("the number of conditions");
	state->seen |= conditions;
	PG_RETURN_POINTER(state);
}

Datum
retention_transfn(PG_FUNCTION_ARGS)
{
	uint64		conditions;
	int			nconditions = ua_conditions_arg(fcinfo, 1, &conditions);

	return add_conditions(fcinfo, conditions, nconditions);
}

Datum
retention_combinefn(PG_FUNCTION_ARGS)
{
	Retention  *from;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = (Retention *) PG_GETARG_POINTER(1);
	return add_conditions(fcinfo, from->seen, from->nconditions);
}

Datum
retention_serialfn(PG_FUNCTION_ARGS)
{
	Retention  *state = (Retention *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint64(&buf, state->seen);
	pq_sendint32(&buf, state->nconditions);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
retention_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	Retention  *state = palloc0(sizeof(Retention));
	StringInfoData buf;

	ua_read_bytea(&buf, bytes);
	state->seen = pq_getmsgint64(&buf);
	state->nconditions = pq_getmsgint(&buf, 4);
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

Datum
retention_finalfn(PG_FUNCTION_ARGS)
{
	Retention  *state;
	Datum		results[UA_MAX_CONDITIONS];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (Retention *) PG_GETARG_POINTER(0);
	for (int i = 0; i < state->nconditions; i++)
		results[i] = BoolGetDatum((state->seen & 1) != 0 &&
								  (state->seen >> i & 1) != 0);
	PG_RETURN_ARRAYTYPE_P(construct_array(results, state->nconditions,
										  BOOLOID, sizeof(bool), true,
										  TYPALIGN_CHAR));
}
