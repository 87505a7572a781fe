/*
 * strays.c
 *		usage_strays: users whose settled activity may not be under their own account.
 *
 * Whatever a snapshot sees of user_activity is under the account that it sees
 * in dim_user, or the user is in usage_strays. Folds see to that for the rows
 * they add (apply.c). Here is what may break it afterwards, changes to dim_user:
 * each appends its users, without looking, so nobody waits for anybody. One who
 * is there already, or has no activity at all, does no harm.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "append.h"
#include "model.h"

PG_FUNCTION_INFO_V1(usage_capture_strays);

/* An ordinary table of the model's owner's, locked until the transaction ends. */
static Relation
open_rollup(Oid schema, const char *name, LOCKMODE mode)
{
	Oid			oid = get_relname_relid(name, schema);
	Oid			pending = get_relname_relid("usage_pending", schema);
	Relation	relation;

	if (!OidIsValid(oid) || !OidIsValid(pending))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" does not exist",
						OidIsValid(oid) ? "usage_pending" : name),
				 errhint("Call create_usage_model().")));
	relation = table_open(oid, mode);
	if (relation->rd_rel->relkind != RELKIND_RELATION ||
		relation->rd_rel->relowner != ua_relation_owner(pending))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not as the library needs it", name),
				 errhint("Drop it and call create_usage_model().")));
	return relation;
}

/* Its rows are formed by position. */
static Relation
open_strays(Oid schema)
{
	Relation	strays = open_rollup(schema, "usage_strays", RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(strays);

	if (desc->natts != 1 || ua_column(desc, "user_id", UUIDOID) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"usage_strays\" is not as the library needs it"),
				 errhint("Drop it and call create_usage_model().")));
	return strays;
}

static void
append_user(UaAppender *appender, TupleTableSlot *slot, AttrNumber column)
{
	bool		isnull;
	Datum		user = slot_getattr(slot, column, &isnull);

	/* The owner may have dropped the constraint; no activity is nobody's. */
	if (!isnull)
		ua_append_row(appender, heap_form_tuple(RelationGetDescr(appender->relation),
												&user, &isnull));
}

/*
 * All who have settled activity by now, whatever this transaction's snapshot
 * is: dim_user is locked, so a fold that compared with it has committed, and a
 * fold that has not compared yet finds nobody there.
 */
static void
append_active_users(UaAppender *appender, Oid schema)
{
	Relation	activity = open_rollup(schema, "user_activity", AccessShareLock);
	AttrNumber	column = ua_column(RelationGetDescr(activity), "user_id", UUIDOID);
	TupleTableSlot *slot = table_slot_create(activity, NULL);
	TableScanDesc scan;

	PushActiveSnapshot(GetLatestSnapshot());
	scan = table_beginscan(activity, GetActiveSnapshot(), 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		append_user(appender, slot, column);
		CHECK_FOR_INTERRUPTS();
	}
	table_endscan(scan);
	PopActiveSnapshot();
	ExecDropSingleTupleTableSlot(slot);
	table_close(activity, NoLock);
}

Datum
usage_capture_strays(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Oid			schema = ua_function_schema(fcinfo);
	bool		truncated;
	bool		changed;
	Relation	strays;
	UaAppender	appender;

	truncated = CALLED_AS_TRIGGER(fcinfo) &&
		TRIGGER_FIRED_AFTER(trigger->tg_event) &&
		TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event);
	changed = CALLED_AS_TRIGGER(fcinfo) &&
		TRIGGER_FIRED_AFTER(trigger->tg_event) &&
		TRIGGER_FIRED_FOR_ROW(trigger->tg_event) &&
		(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ||
		 TRIGGER_FIRED_BY_DELETE(trigger->tg_event));
	if (!truncated && !changed)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("usage_capture_strays() must be fired AFTER UPDATE or DELETE, FOR EACH ROW, or AFTER TRUNCATE")));
	ua_model_table("usage_capture_strays", trigger->tg_relation, schema, "dim_user");

	strays = open_strays(schema);
	ua_append_start(&appender, strays);
	if (truncated)
		append_active_users(&appender, schema);
	else
		append_user(&appender, trigger->tg_trigslot,
					ua_column(RelationGetDescr(trigger->tg_relation), "user_id", UUIDOID));
	ua_append_finish(&appender);
	table_close(strays, NoLock);
	return PointerGetDatum(NULL);
}
