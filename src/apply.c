/*
 * apply.c
 *		Adding to the rollups what changes them.
 *
 * usage_changes() says what changes: a row for each row of a rollup, with what
 * to add to it. Here each is added, and what has become empty goes. All is read
 * under one snapshot, so what is taken from usage_pending is what is added, and
 * whoever deletes an event has seen it inserted, so no settled sum is ever
 * below 0. The rollups are locked, so nothing here meets another fold, and
 * there is one change for each row, so no row changes twice.
 *
 * A table that is as the library makes it is written without going through
 * the executor. One to which its owner has added something that the executor
 * sees to, such as triggers, is written with a statement a row.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "apply.h"
#include "compat.h"
#include "dayseries_sql.h"
#include "lookup.h"
#include "model.h"

PG_FUNCTION_INFO_V1(usage_apply_changes);

extern PGDLLEXPORT Datum dayset_isempty(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum dayseries_isempty(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum dayseries_plus(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum dayseries_map_isempty(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum dayseries_map_plus(PG_FUNCTION_ARGS);

/* The columns of usage_changes() */
typedef enum
{
	CHANGE_ACCOUNT_ID = 1,
	CHANGE_USER_ID,
	CHANGE_MONTH,
	CHANGE_DAYS,
	CHANGE_EVENTS,
	CHANGE_DAU = 10,
	CHANGE_PLACE = 19
} ChangeColumn;

typedef enum
{
	USAGE_ROLLUP,
	USER_ACTIVITY,
	ACCOUNT_ROLLUP,
	USAGE_TOTALS
} Rollup;

#define N_ROLLUPS	4
#define MAX_KEYS	UA_LOOKUP_KEYS
#define MAX_SUMS	14

/* What a rollup has to have. Its settled row is found by place, or by key. */
static const struct
{
	const char *name;
	int			n_keys;
	int			n_sums;
	bool		by_place;
}			rollups[N_ROLLUPS] =
{
	{"usage_rollup", 3, 3, true},
	{"user_activity", 2, 1, true},
	{"account_rollup", 2, 13, false},
	{"usage_totals", 1, 14, false}
};

/* A column, and what it takes its value from. */
typedef struct
{
	AttrNumber	column;
	AttrNumber	change;
	PGFunction	plus;			/* NULL: what it holds is replaced */
	PGFunction	isempty;
} Source;

/* A rollup that is open. */
typedef struct
{
	Relation	relation;
	bool		prepared;		/* what follows is there */
	bool		direct;			/* written without the executor */
	bool		hidden;			/* row security may hide rows */
	ResultRelInfo *result;
	TupleTableSlot *there;		/* the settled row, the look-up's if there is one */
	TupleTableSlot *row;		/* what becomes of it */
	int			n_keys;
	Source		keys[MAX_KEYS];
	int			n_sums;
	Source		sums[MAX_SUMS];
	AttrNumber	shared;			/* a flag, false at first; 0: none */
	UaLookup	lookup;			/* by key; not where it is by place */
	SPIPlanPtr	insert;			/* these where it is not direct */
	SPIPlanPtr	update;
	SPIPlanPtr	delete;
} Target;

typedef struct
{
	Oid			schema;
	Snapshot	snapshot;
	EState	   *estate;
	Target		targets[N_ROLLUPS];
	Tuplestorestate *users;		/* whose rows of user_activity come or go: */
	TupleDesc	users_desc;		/* the account of one that comes, the user */
} Apply;

/* ---------- plans ---------- */

SPIPlanPtr
ua_kept_plan(UaKeptPlan *kept, const char *command, int n_types, Oid *types)
{
	SPIPlanPtr	plan;
	char	   *copy;

	if (kept->plan != NULL && strcmp(kept->command, command) == 0)
		return kept->plan;
	plan = SPI_prepare(command, n_types, types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	copy = MemoryContextStrdup(TopMemoryContext, command);
	SPI_keepplan(plan);
	if (kept->plan != NULL)
	{
		SPI_freeplan(kept->plan);
		pfree(kept->command);
	}
	kept->plan = plan;
	kept->command = copy;
	return plan;
}

/* Under the snapshot, with what this transaction has done by now. */
static uint64
execute(Apply *apply, SPIPlanPtr plan, Datum *values, const char *nulls)
{
	int			result = SPI_execute_snapshot(plan, values, nulls, apply->snapshot,
											  InvalidSnapshot, false, true, 0);

	if (result < 0)
		elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
	return SPI_processed;
}

/* ---------- the rollups ---------- */

/* The column of a tuple with that name; 0 where there is none. */
static AttrNumber
column_named(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return (AttrNumber) (i + 1);
	}
	return 0;
}

/* Pair the columns of a rollup with those of the changes. */
static void
pair_columns(Target *target, Rollup rollup, TupleDesc changes, bool *as_made)
{
	TupleDesc	desc = RelationGetDescr(target->relation);
	Oid			series = TupleDescAttr(changes, CHANGE_DAU - 1)->atttypid;
	Oid			map = TupleDescAttr(changes, CHANGE_EVENTS - 1)->atttypid;

	*as_made = true;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		Source		source = {.column = column->attnum};

		if (column->attisdropped)
			continue;
		source.change = column_named(changes, NameStr(column->attname));
		if (source.change != 0 &&
			column->atttypid != TupleDescAttr(changes, source.change - 1)->atttypid)
			source.change = 0;
		if (source.change >= CHANGE_ACCOUNT_ID && source.change <= CHANGE_MONTH &&
			target->n_keys < MAX_KEYS)
			target->keys[target->n_keys++] = source;
		else if (source.change >= CHANGE_DAYS && source.change < CHANGE_PLACE &&
				 target->n_sums < MAX_SUMS)
		{
			source.plus = column->atttypid == map ? dayseries_map_plus :
				column->atttypid == series ? dayseries_plus : NULL;
			source.isempty = column->atttypid == map ? dayseries_map_isempty :
				column->atttypid == series ? dayseries_isempty : dayset_isempty;
			target->sums[target->n_sums++] = source;
		}
		else if (rollup == USER_ACTIVITY && column->atttypid == BOOLOID &&
				 strcmp(NameStr(column->attname), "shared") == 0)
			target->shared = column->attnum;
		else
			*as_made = false;
		if (column->attgenerated != '\0')
			*as_made = false;
	}
	if (target->n_keys != rollups[rollup].n_keys ||
		target->n_sums != rollups[rollup].n_sums)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not as the library needs it",
						RelationGetRelationName(target->relation)),
				 errhint("See usage_model_script() for how the model's tables should be.")));
}

static void
start_lookup(Apply *apply, Target *target)
{
	AttrNumber	key[MAX_KEYS];

	for (int i = 0; i < target->n_keys; i++)
		key[i] = target->keys[i].column;
	if (!ua_lookup_start(&target->lookup, target->relation, apply->snapshot,
						 target->n_keys, key, true))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("table \"%s\" has no unique index on its key",
						RelationGetRelationName(target->relation)),
				 errhint("See usage_model_script() for how the model's tables should be.")));
	target->there = target->lookup.slot;
}

/* The statements that write a row: their parameters are the sums, then the keys or the place. */
static void
prepare_statements(Apply *apply, Target *target, Rollup rollup)
{
	const char *name = ua_qualified(apply->schema, rollups[rollup].name);
	TupleDesc	desc = RelationGetDescr(target->relation);
	Oid			types[MAX_SUMS + MAX_KEYS];
	StringInfoData columns;
	StringInfoData values;
	StringInfoData sets;
	Oid			place = TIDOID;
	int			n = 0;

	initStringInfo(&columns);
	initStringInfo(&values);
	initStringInfo(&sets);
	for (; n < target->n_sums + target->n_keys; n++)
	{
		bool		is_sum = n < target->n_sums;
		const Source *source = is_sum ? &target->sums[n] : &target->keys[n - target->n_sums];
		Form_pg_attribute column = TupleDescAttr(desc, source->column - 1);
		const char *column_name = quote_identifier(NameStr(column->attname));

		types[n] = column->atttypid;
		appendStringInfo(&columns, "%s%s", n > 0 ? ", " : "", column_name);
		appendStringInfo(&values, "%s$%d", n > 0 ? ", " : "", n + 1);
		if (is_sum)
			appendStringInfo(&sets, "%s%s = $%d", n > 0 ? ", " : "", column_name, n + 1);
	}
	target->insert = SPI_prepare(psprintf("INSERT INTO %s (%s) VALUES (%s)",
										  name, columns.data, values.data), n, types);
	types[target->n_sums] = TIDOID;
	target->update = SPI_prepare(psprintf("UPDATE %s SET %s WHERE ctid = $%d",
										  name, sets.data, target->n_sums + 1),
								 target->n_sums + 1, types);
	target->delete = SPI_prepare(psprintf("DELETE FROM %s WHERE ctid = $1", name),
								 1, &place);
	if (target->insert == NULL || target->update == NULL || target->delete == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
}

static Relation
open_table(Oid schema, const char *name)
{
	Oid			oid = get_relname_relid(name, schema);
	Relation	relation;

	if (!OidIsValid(oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" does not exist", name),
				 errhint("Call create_usage_model().")));
	relation = table_open(oid, RowExclusiveLock);
	if (relation->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an ordinary table", name)));
	return relation;
}

static Target *
prepare_target(Apply *apply, Rollup rollup, TupleDesc changes)
{
	Target	   *target = &apply->targets[rollup];
	Relation	relation = target->relation;
	Oid			oid = RelationGetRelid(relation);
	bool		as_made;
	MemoryContext caller;

	if (target->prepared)
		return target;
	caller = MemoryContextSwitchTo(apply->estate->es_query_cxt);
	pair_columns(target, rollup, changes, &as_made);
	target->hidden = check_enable_rls(oid, InvalidOid, true) == RLS_ENABLED;
	target->direct = as_made && !target->hidden &&
		relation->trigdesc == NULL && relation->rd_rules == NULL &&
		relation->rd_rel->relowner == GetUserId() &&
		pg_class_aclmask(oid, GetUserId(), ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE,
						 ACLMASK_ALL) == (ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE);
	target->result = makeNode(ResultRelInfo);
	InitResultRelInfo(target->result, relation, 0, NULL, 0);
	ExecOpenIndices(target->result, false);
	if (rollups[rollup].by_place)
		target->there = table_slot_create(relation, NULL);
	else
		start_lookup(apply, target);
	target->row = table_slot_create(relation, NULL);
	if (!target->direct)
		prepare_statements(apply, target, rollup);
	target->prepared = true;
	MemoryContextSwitchTo(caller);
	return target;
}

static void
close_target(Target *target)
{
	if (target->prepared)
	{
		if (target->lookup.index != NULL)
			ua_lookup_end(&target->lookup);
		else
			ExecDropSingleTupleTableSlot(target->there);
		ExecDropSingleTupleTableSlot(target->row);
		ExecCloseIndices(target->result);
	}
	table_close(target->relation, NoLock);
}

/* ---------- a row ---------- */

/* Fetch the settled row that a change is of; false where there is none. */
static bool
find_row(Apply *apply, Target *target, TupleTableSlot *change)
{
	bool		isnull;
	Datum		place;

	if (target->lookup.index != NULL)
	{
		Datum		key[MAX_KEYS];

		for (int i = 0; i < target->n_keys; i++)
			key[i] = slot_getattr(change, target->keys[i].change, &isnull);
		ua_lookup_find(&target->lookup, key);
		return ua_lookup_next(&target->lookup);
	}
	place = slot_getattr(change, CHANGE_PLACE, &isnull);
	if (isnull)
		return false;
	if (!table_tuple_fetch_row_version(target->relation,
									   (ItemPointer) DatumGetPointer(place),
									   apply->snapshot, target->there))
		elog(ERROR, "a row of \"%s\" is not where it was found",
			 RelationGetRelationName(target->relation));
	return true;
}

/* What is worth compressing or storing elsewhere is not empty. */
static bool
is_empty(const Source *sum, Datum value)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(value);

	return !VARATT_IS_COMPRESSED(stored) && !VARATT_IS_EXTERNAL(stored) &&
		DatumGetBool(DirectFunctionCall1(sum->isempty, value));
}

/*
 * What is to be stored where a change is added: nothing to be compressed or
 * moved anew in the columns that it leaves alone.
 */
static void
add_change(Target *target, TupleTableSlot *change, bool found, bool *empty, bool *changed)
{
	TupleTableSlot *there = target->there;
	TupleTableSlot *row = target->row;
	int			natts = row->tts_tupleDescriptor->natts;

	ExecClearTuple(row);
	memset(row->tts_isnull, true, natts * sizeof(bool));
	*empty = true;
	*changed = false;
	if (found)
	{
		slot_getallattrs(there);
		for (int i = 0; i < natts; i++)
		{
			row->tts_values[i] = there->tts_values[i];
			row->tts_isnull[i] = there->tts_isnull[i] ||
				TupleDescAttr(row->tts_tupleDescriptor, i)->attisdropped;
		}
	}
	else
	{
		for (int i = 0; i < target->n_keys; i++)
		{
			int			column = target->keys[i].column - 1;

			row->tts_values[column] = slot_getattr(change, target->keys[i].change,
												   &row->tts_isnull[column]);
		}
		if (target->shared != 0)
		{
			row->tts_values[target->shared - 1] = BoolGetDatum(false);
			row->tts_isnull[target->shared - 1] = false;
		}
	}
	for (int i = 0; i < target->n_sums; i++)
	{
		const Source *sum = &target->sums[i];
		int			column = sum->column - 1;
		bool		isnull;
		Datum		value = slot_getattr(change, sum->change, &isnull);

		if (found && !isnull && !row->tts_isnull[column] && sum->plus != NULL)
			value = DirectFunctionCall2(sum->plus, row->tts_values[column], value);
		if (!found || isnull != row->tts_isnull[column] || value != row->tts_values[column])
			*changed = true;
		row->tts_values[column] = value;
		row->tts_isnull[column] = isnull;
		if (*empty && !isnull)
			*empty = is_empty(sum, value);
	}
	ExecStoreVirtualTuple(row);
}

/* Write it with a statement, for the owner's triggers and the like to see. */
static void
write_by_statement(Apply *apply, Target *target, bool found, bool empty)
{
	TupleTableSlot *row = target->row;
	Datum		values[MAX_SUMS + MAX_KEYS];
	char		nulls[MAX_SUMS + MAX_KEYS];
	Datum		place = PointerGetDatum(&target->there->tts_tid);
	uint64		written;

	for (int i = 0; i < target->n_sums + target->n_keys; i++)
	{
		int			column = (i < target->n_sums ? target->sums[i].column :
							  target->keys[i - target->n_sums].column) - 1;

		values[i] = row->tts_values[column];
		nulls[i] = row->tts_isnull[column] ? 'n' : ' ';
	}
	if (!found)
		written = execute(apply, target->insert, values, nulls);
	else if (empty)
		written = execute(apply, target->delete, &place, NULL);
	else
	{
		values[target->n_sums] = place;
		nulls[target->n_sums] = ' ';
		written = execute(apply, target->update, values, nulls);
	}
	if (written == 0 && target->hidden)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row security on table \"%s\" keeps its owner from changing a row",
						RelationGetRelationName(target->relation)),
				 errhint("For the owner, use ALTER TABLE ... NO FORCE ROW LEVEL SECURITY.")));
}

static void
apply_row(Apply *apply, TupleTableSlot *change)
{
	bool		no_account = slot_attisnull(change, CHANGE_ACCOUNT_ID);
	bool		no_user = slot_attisnull(change, CHANGE_USER_ID);
	bool		no_month = slot_attisnull(change, CHANGE_MONTH);
	Rollup		rollup = no_account ? USAGE_TOTALS : no_user ? ACCOUNT_ROLLUP :
		no_month ? USER_ACTIVITY : USAGE_ROLLUP;
	Target	   *target = prepare_target(apply, rollup, change->tts_tupleDescriptor);
	EState	   *estate = apply->estate;
	MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	bool		found = find_row(apply, target, change);
	bool		empty;
	bool		changed;

	add_change(target, change, found, &empty, &changed);
	if (found ? changed || empty : !empty)
	{
		if (!target->direct)
			write_by_statement(apply, target, found, empty);
		else if (!found)
			ExecSimpleRelationInsert(target->result, estate, target->row);
		else if (empty)
			ExecSimpleRelationDelete(target->result, estate, NULL, target->there);
		else
			ExecSimpleRelationUpdate(target->result, estate, NULL, target->there, target->row);

		if (rollup == USER_ACTIVITY && (!found || empty))
		{
			Datum		user[2];
			bool		isnull[2];

			user[0] = slot_getattr(change, CHANGE_ACCOUNT_ID, &isnull[0]);
			user[1] = slot_getattr(change, CHANGE_USER_ID, &isnull[1]);
			isnull[0] |= found;
			tuplestore_putvalues(apply->users, apply->users_desc, user, isnull);
		}
	}

	/* A page that is pinned cannot be pruned. */
	ExecClearTuple(target->row);
	ExecClearTuple(target->there);
	MemoryContextSwitchTo(caller);
	ResetPerTupleExprContext(estate);
	CHECK_FOR_INTERRUPTS();
}

/* ---------- all of them ---------- */

/* usage_changes(parts, source), as a tuplestore; NULL where there are none. */
static Tuplestorestate *
read_changes(Apply *apply, const char *source, TupleDesc *desc)
{
	static const char *const names[] = {
		"months", "days",		/* these of what is pending only */
		"accounts", "totals", "sums", "lags", "event_users", "activity", "periods", "cohorts"
	};
	int			skip = strcmp(source, "pending") == 0 ? 0 : 2;
	Datum		parts[lengthof(names)];
	Oid			types[] = {TEXTARRAYOID, TEXTOID};
	List	   *name = list_make2(makeString(get_namespace_name(apply->schema)),
								  makeString("usage_changes"));
	FmgrInfo	function;
	ReturnSetInfo rows = {.type = T_ReturnSetInfo};
	LOCAL_FCINFO(call, 2);

	for (int i = skip; i < lengthof(names); i++)
		parts[i] = CStringGetTextDatum(names[i]);
	fmgr_info(LookupFuncName(name, lengthof(types), types, false), &function);
	if (get_func_result_type(function.fn_oid, NULL, desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "usage_changes() does not return rows");
	rows.econtext = GetPerTupleExprContext(apply->estate);
	rows.expectedDesc = *desc;
	rows.allowedModes = SFRM_Materialize;
	rows.returnMode = SFRM_ValuePerCall;
	InitFunctionCallInfoData(*call, &function, lengthof(types), InvalidOid, NULL,
							 (Node *) &rows);
	call->args[0].value = PointerGetDatum(construct_array(parts + skip, lengthof(names) - skip,
														  TEXTOID, -1, false, TYPALIGN_INT));
	call->args[0].isnull = false;
	call->args[1].value = CStringGetTextDatum(source);
	call->args[1].isnull = false;
	(void) FunctionCallInvoke(call);
	if (rows.returnMode != SFRM_Materialize)
		elog(ERROR, "usage_changes() does not return a tuplestore");
	return rows.setResult;
}

/* Sorts the second level as readers look for it: by account, then month. */
static Tuplesortstate *
start_sort(TupleDesc changes)
{
	AttrNumber	columns[] = {CHANGE_ACCOUNT_ID, CHANGE_MONTH};
	Oid			operators[] = {
		lookup_type_cache(UUIDOID, TYPECACHE_LT_OPR)->lt_opr,
		lookup_type_cache(DATEOID, TYPECACHE_LT_OPR)->lt_opr
	};
	Oid			collations[] = {InvalidOid, InvalidOid};
	bool		nulls_first[] = {false, false};

	return tuplesort_begin_heap(changes, lengthof(columns), columns, operators, collations,
								nulls_first, work_mem, NULL, TUPLESORT_NONE);
}

static void
apply_rows(Apply *apply, Tuplestorestate *changes, TupleDesc desc)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	Tuplesortstate *second_level = start_sort(desc);

	while (tuplestore_gettupleslot(changes, true, false, slot))
	{
		if (slot_attisnull(slot, CHANGE_USER_ID))
			tuplesort_puttupleslot(second_level, slot);
		else
			apply_row(apply, slot);
	}
	tuplesort_performsort(second_level);
	while (tuplesort_gettupleslot(second_level, true, false, slot, NULL))
		apply_row(apply, slot);
	tuplesort_end(second_level);
	ExecDropSingleTupleTableSlot(slot);
}

/* Rows came or went: which of these users have several now? */
static void
share_users(Apply *apply, Datum users)
{
	static UaKeptPlan kept;
	const char *table = ua_qualified(apply->schema, "user_activity");
	Oid			type = UUIDARRAYOID;

	(void) execute(apply,
				   ua_kept_plan(&kept, psprintf("UPDATE %s AS activity SET shared = NOT activity.shared"
												" FROM (SELECT user_id, pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 AS shared FROM %s"
												" WHERE user_id OPERATOR(pg_catalog.=) ANY ($1) GROUP BY user_id) AS users"
												" WHERE activity.user_id OPERATOR(pg_catalog.=) users.user_id"
												" AND activity.shared OPERATOR(pg_catalog.<>) users.shared",
												table, table), 1, &type),
				   &users, NULL);
}

/*
 * Rows came, of these accounts and users: those that are not under the account
 * that their user has make the user one of usage_strays. Who changes that of a
 * user after the snapshot appends the user, so it need not be locked. The table
 * must not be waited for, though: a TRUNCATE that has locked it may be waiting
 * for the rollups. There may be too many users in usage_strays, so then all go.
 */
static void
add_strays(Apply *apply, Datum accounts, Datum users)
{
	static UaKeptPlan compare;
	static UaKeptPlan take_all;
	const char *strays = ua_qualified(apply->schema, "usage_strays");
	Oid			dim_user = get_relname_relid("dim_user", apply->schema);
	Oid			types[] = {UUIDARRAYOID, UUIDARRAYOID};
	Datum		values[] = {users, accounts};

	if (OidIsValid(dim_user) && ConditionalLockRelationOid(dim_user, AccessShareLock))
		(void) execute(apply,
					   ua_kept_plan(&compare, psprintf("INSERT INTO %s (user_id) SELECT activity.user_id"
													   " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS activity (user_id, account_id)"
													   " LEFT JOIN %s AS dim_user ON dim_user.user_id OPERATOR(pg_catalog.=) activity.user_id"
													   " WHERE dim_user.account_id IS NULL"
													   " OR dim_user.account_id OPERATOR(pg_catalog.<>) activity.account_id",
													   strays, ua_qualified(apply->schema, "dim_user")), 2, types),
					   values, NULL);
	else
		(void) execute(apply,
					   ua_kept_plan(&take_all, psprintf("INSERT INTO %s (user_id) SELECT pg_catalog.unnest($1)", strays),
									1, types),
					   values, NULL);
}

/*
 * Rows went, maybe of users who are deleted: no trace of them is to be left.
 * Who has no activity is a stray no more, and is one again when there is some.
 */
static void
remove_strays(Apply *apply)
{
	static UaKeptPlan kept;

	(void) execute(apply,
				   ua_kept_plan(&kept, psprintf("DELETE FROM %s AS stray WHERE NOT EXISTS"
												" (SELECT FROM %s AS activity WHERE activity.user_id OPERATOR(pg_catalog.=) stray.user_id)",
												ua_qualified(apply->schema, "usage_strays"),
												ua_qualified(apply->schema, "user_activity")), 0, NULL),
				   NULL, NULL);
}

/* The rest of what has to be done where rows of user_activity came or went. */
#define USERS_AT_ONCE	10000

static void
settle_users(Apply *apply)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(apply->users_desc, &TTSOpsMinimalTuple);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "users",
												  ALLOCSET_DEFAULT_SIZES);
	bool		went = false;
	bool		more;

	do
	{
		MemoryContext caller = MemoryContextSwitchTo(context);
		ArrayBuildState *users = NULL;
		ArrayBuildState *new_accounts = NULL;
		ArrayBuildState *new_users = NULL;

		for (int i = 0; i < USERS_AT_ONCE; i++)
		{
			more = tuplestore_gettupleslot(apply->users, true, false, slot);
			if (!more)
				break;
			slot_getallattrs(slot);
			users = accumArrayResult(users, slot->tts_values[1], false, UUIDOID, context);
			if (slot->tts_isnull[0])
				went = true;
			else
			{
				new_accounts = accumArrayResult(new_accounts, slot->tts_values[0], false,
												UUIDOID, context);
				new_users = accumArrayResult(new_users, slot->tts_values[1], false,
											 UUIDOID, context);
			}
		}
		MemoryContextSwitchTo(caller);
		if (users != NULL)
			share_users(apply, makeArrayResult(users, context));
		if (new_users != NULL)
			add_strays(apply, makeArrayResult(new_accounts, context),
					   makeArrayResult(new_users, context));
		MemoryContextReset(context);
		CHECK_FOR_INTERRUPTS();
	} while (more);
	if (went)
		remove_strays(apply);
	MemoryContextDelete(context);
	ExecDropSingleTupleTableSlot(slot);
}

int64
ua_apply_changes(Oid schema, const char *source)
{
	static UaKeptPlan take;
	Apply		apply = {.schema = schema};
	Tuplestorestate *changes;
	TupleDesc	desc;
	Relation	pending;
	int64		taken = 0;

	SPI_connect();

	/*
	 * What committed until the tables were locked counts: a TRUNCATE, above
	 * all. It locks them in this order, too.
	 */
	pending = open_table(schema, "usage_pending");
	for (int i = 0; i < N_ROLLUPS; i++)
		apply.targets[i].relation = open_table(schema, rollups[i].name);
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	apply.snapshot = GetActiveSnapshot();
	apply.estate = CreateExecutorState();
	apply.estate->es_snapshot = apply.snapshot;
	apply.users = tuplestore_begin_heap(false, false, work_mem);
	apply.users_desc = CreateTemplateTupleDesc(2);
	TupleDescInitEntry(apply.users_desc, 1, "account_id", UUIDOID, -1, 0);
	TupleDescInitEntry(apply.users_desc, 2, "user_id", UUIDOID, -1, 0);

	changes = read_changes(&apply, source, &desc);
	if (strcmp(source, "pending") == 0)
		taken = (int64) execute(&apply, ua_kept_plan(&take, psprintf("DELETE FROM %s",
																	 ua_qualified(schema, "usage_pending")),
													 0, NULL), NULL, NULL);
	if (changes != NULL)
	{
		apply_rows(&apply, changes, desc);
		tuplestore_end(changes);
	}
	for (int i = 0; i < N_ROLLUPS; i++)
		close_target(&apply.targets[i]);
	table_close(pending, NoLock);
	settle_users(&apply);

	tuplestore_end(apply.users);
	FreeExecutorState(apply.estate);
	PopActiveSnapshot();
	SPI_finish();
	return taken;
}

/*
 * usage_apply_changes(source text) → bigint: add to the rollups what
 * usage_changes() says of that source. For the model's owner: triggers of its
 * own run in here, never with another's rights.
 */
Datum
usage_apply_changes(PG_FUNCTION_ARGS)
{
	Oid			schema = ua_function_schema(fcinfo);
	Oid			pending = get_relname_relid("usage_pending", schema);

	PreventCommandIfReadOnly("usage_apply_changes()");
	if (!OidIsValid(pending))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"usage_pending\" does not exist"),
				 errhint("Call create_usage_model().")));
	if (ua_relation_owner(pending) != GetUserId())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the usage model"),
				 errhint("Call %s().", ua_qualified(schema, "usage_refresh"))));
	PG_RETURN_INT64(ua_apply_changes(schema, text_to_cstring(PG_GETARG_TEXT_PP(0))));
}
