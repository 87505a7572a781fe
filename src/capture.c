/*
 * capture.c
 *		Capture: what a statement does to fct_event, as rows of usage_pending.
 *
 * Statement-level triggers read the transition tables. New rows count
 * positive, old ones negative, so an update that changes nothing that counts
 * leaves nothing behind. The sums are appended to usage_pending and commit, or
 * roll back, with the events themselves; no existing row is read or locked, so
 * writers never wait for each other here.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "capture.h"
#include "compat.h"
#include "fold.h"
#include "model.h"
#include "ownership.h"
#include "sums.h"

PG_FUNCTION_INFO_V1(usage_capture);
PG_FUNCTION_INFO_V1(usage_capture_users);

/* Triggers at that depth do not capture; 0: all do. */
static int	suspended_depth = 0;

static int
trigger_depth(void)
{
	return DatumGetInt32(DirectFunctionCall1(pg_trigger_depth, (Datum) 0));
}

/*
 * Raw events are deleted while their rollups stay, or go by themselves. That
 * is for the caller's own statement: what the owner's triggers do meanwhile is
 * captured. The caller turns capture on again, also after an error.
 */
void
ua_suspend_capture(bool suspend)
{
	suspended_depth = suspend ? trigger_depth() + 1 : 0;
}

/* A transition table from its beginning; other triggers may be reading it too. */
static TupleTableSlot *
start_reading(Relation relation, Tuplestorestate *rows)
{
	int			pointer = tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND);

	tuplestore_select_read_pointer(rows, pointer);
	tuplestore_rescan(rows);
	return MakeSingleTupleTableSlot(RelationGetDescr(relation),
									&TTSOpsMinimalTuple);
}

static void
add_table(UaSums *sums, Relation relation, Tuplestorestate *rows, int sign)
{
	TupleTableSlot *slot = start_reading(relation, rows);

	while (tuplestore_gettupleslot(rows, true, false, slot))
		ua_sums_add(sums, slot, sign);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * The triggers of partitions fire, too, when fct_event is truncated. By itself
 * a partition cannot be: nothing says what it held.
 */
static void
truncate_rollups(Oid schema, bool partition)
{
	SPIPlanPtr	strays;

	SPI_connect();
	if (partition &&
		SPI_execute(psprintf("SELECT FROM %s LIMIT 1",
							 ua_qualified(schema, "fct_event")),
					false, 1) == SPI_OK_SELECT && SPI_processed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot truncate a partition of fct_event by itself"),
				 errhint("Use DELETE, or purge_events() to keep the rollups.")));
	if (SPI_execute(psprintf("TRUNCATE %s, %s, %s, %s, %s",
							 ua_qualified(schema, "usage_pending"),
							 ua_qualified(schema, "usage_rollup"),
							 ua_qualified(schema, "user_activity"),
							 ua_qualified(schema, "account_rollup"),
							 ua_qualified(schema, "usage_totals")),
					false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not truncate the rollups");

	/*
	 * Writers of dim_user append to this one, and do not wait for anybody. No
	 * fold removes anything any more: so whatever this transaction's snapshot
	 * is, nothing is in the way.
	 */
	strays = SPI_prepare(psprintf("DELETE FROM %s", ua_qualified(schema, "usage_strays")),
						 0, NULL);
	if (strays == NULL ||
		SPI_execute_snapshot(strays, NULL, NULL, GetLatestSnapshot(), InvalidSnapshot,
							 false, true, 0) != SPI_OK_DELETE)
		elog(ERROR, "could not empty usage_strays");
	SPI_finish();
}

Datum
usage_capture(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation	relation;
	Oid			schema;
	Oid			events;
	UaIdentity	before;
	UaSums	   *sums;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("usage_capture() was not called as a trigger")));
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("usage_capture() must be fired AFTER, FOR EACH STATEMENT")));
	if ((!trigger->tg_newtable &&
		 (TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		  TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))) ||
		(!trigger->tg_oldtable &&
		 (TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ||
		  TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("usage_capture() needs the transition tables of its statement")));

	relation = trigger->tg_relation;
	schema = ua_function_schema(fcinfo);
	events = ua_model_table("usage_capture", relation, schema, "fct_event");
	if (suspended_depth > 0 && suspended_depth == trigger_depth())
		return PointerGetDatum(NULL);

	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
	{
		ua_become(ua_relation_owner(events), &before);
		truncate_rollups(schema, RelationGetRelid(relation) != events);
		ua_return_to(&before);
	}
	else
	{
		sums = ua_sums_start(schema, events, RelationGetDescr(relation));
		if (trigger->tg_oldtable)
			add_table(sums, relation, trigger->tg_oldtable, -1);
		if (trigger->tg_newtable)
			add_table(sums, relation, trigger->tg_newtable, 1);
		ua_request_fold(schema, ua_sums_finish(sums));
	}

	return PointerGetDatum(NULL);
}

/*
 * Append what usage_purged_sums() says of users, as of before the statement: it
 * takes back what the rollups hold of them from purged events. Where they have
 * a new key, the same is added under that. The lags of purged events are not
 * known any more by user, and stay.
 */
static void
take_back_purged(Oid schema, Datum users, const Datum *new_key)
{
	Oid			type = UUIDARRAYOID;
	SPITupleTable *sums;
	uint64		n_sums;
	const char *pending = ua_qualified(schema, "usage_pending");
	const char *in = quote_identifier(get_namespace_name(schema));
	char	   *take;
	char	   *give;
	CommandId	before;

	SPI_connect();
	take = psprintf("INSERT INTO %s (account_id, user_id, month, events, seconds, sources, lags) VALUES ($1, $2, $3, $4, $5, $6, '{}')",
					pending);
	give = psprintf("INSERT INTO %s (account_id, user_id, month, events, seconds, sources, lags) VALUES ($1, $2, $3, OPERATOR(%s.-) $4, OPERATOR(%s.-) $5, OPERATOR(%s.-) $6, '{}')",
					pending, in, in, in);

	/*
	 * A purge may have committed since the statement began, and let it pass
	 * the foreign key: so what counts is what has committed by now. Of this
	 * transaction, though, what was there before the statement: what a foreign
	 * key that cascades has deleted or changed is captured after this.
	 */
	before = GetActiveSnapshot()->curcid;
	PushCopiedSnapshot(GetLatestSnapshot());
	GetActiveSnapshot()->curcid = before;
	if (SPI_execute_with_args(psprintf("SELECT * FROM %s($1)",
									   ua_qualified(schema, "usage_purged_sums")),
							  1, &type, &users, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "usage_purged_sums() failed");
	PopActiveSnapshot();
	sums = SPI_tuptable;
	n_sums = SPI_processed;
	for (uint64 i = 0; i < n_sums; i++)
	{
		Oid			types[6];
		Datum		values[6];
		bool		isnull;

		for (int column = 0; column < lengthof(types); column++)
		{
			types[column] = SPI_gettypeid(sums->tupdesc, column + 1);
			values[column] = SPI_getbinval(sums->vals[i], sums->tupdesc,
										   column + 1, &isnull);
		}
		SPI_execute_with_args(take, lengthof(types), types, values, NULL, false, 0);
		if (new_key != NULL)
		{
			values[1] = *new_key;
			SPI_execute_with_args(give, lengthof(types), types, values, NULL, false, 0);
		}
	}
	SPI_finish();
}

/* The key of a row of dim_user */
static Datum
user_key(TupleTableSlot *slot, bool *isnull)
{
	return slot_getattr(slot,
						ua_column(slot->tts_tupleDescriptor, "user_id", UUIDOID),
						isnull);
}

/* All keys in a transition table of dim_user */
static ArrayBuildState *
user_keys(Relation relation, Tuplestorestate *rows)
{
	ArrayBuildState *users = NULL;
	TupleTableSlot *slot = start_reading(relation, rows);

	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		bool		isnull;
		Datum		key = user_key(slot, &isnull);

		users = accumArrayResult(users, key, isnull, UUIDOID, CurrentMemoryContext);
	}
	ExecDropSingleTupleTableSlot(slot);
	return users;
}

/*
 * Users that are deleted from dim_user may have rollups of purged months: these
 * are taken back, as if the events were deleted. Where a user's key changes,
 * they go along. Raw events are none, or a foreign key that cascades deletes or
 * changes them, and capture sees to them.
 */
Datum
usage_capture_users(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Oid			schema = ua_function_schema(fcinfo);
	ArrayBuildState *users = NULL;
	Datum		new_key = 0;
	bool		isnull;
	bool		deleted;
	bool		changed;
	UaIdentity	before;
	Oid			pending;

	deleted = CALLED_AS_TRIGGER(fcinfo) &&
		TRIGGER_FIRED_AFTER(trigger->tg_event) &&
		TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) &&
		TRIGGER_FIRED_BY_DELETE(trigger->tg_event) &&
		trigger->tg_oldtable;
	changed = CALLED_AS_TRIGGER(fcinfo) &&
		TRIGGER_FIRED_AFTER(trigger->tg_event) &&
		TRIGGER_FIRED_FOR_ROW(trigger->tg_event) &&
		TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	if (!deleted && !changed)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("usage_capture_users() must be fired AFTER DELETE, FOR EACH STATEMENT, with the old table, or AFTER UPDATE, FOR EACH ROW")));
	ua_model_table("usage_capture_users", trigger->tg_relation, schema, "dim_user");
	pending = get_relname_relid("usage_pending", schema);
	if (!OidIsValid(pending))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"usage_pending\" does not exist"),
				 errhint("Call create_usage_model().")));

	if (deleted)
		users = user_keys(trigger->tg_relation, trigger->tg_oldtable);
	else
	{
		new_key = user_key(trigger->tg_newslot, &isnull);
		if (!isnull)
		{
			Datum		old_key = user_key(trigger->tg_trigslot, &isnull);

			users = accumArrayResult(NULL, old_key, isnull, UUIDOID,
									 CurrentMemoryContext);
		}
	}

	if (users != NULL)
	{
		ua_become(ua_relation_owner(pending), &before);
		take_back_purged(schema, makeArrayResult(users, CurrentMemoryContext),
						 changed ? &new_key : NULL);
		ua_return_to(&before);
	}
	return PointerGetDatum(NULL);
}
