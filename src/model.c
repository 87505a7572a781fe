/*
 * model.c
 *		Access from the library to the tables of the model.
 *
 * The library never depends on the model: its tables are found by name, in the
 * schema that the extension is installed in, when they are needed. They are
 * read with the rights of whoever runs the query.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "model.h"

static Snapshot
active_snapshot(void)
{
	if (!ActiveSnapshotSet())
		elog(ERROR, "no snapshot is active");
	return GetActiveSnapshot();
}

void
ua_stamp_now(UaSnapshotStamp *stamp)
{
	Snapshot	snapshot = active_snapshot();

	stamp->set = true;
	stamp->curcid = snapshot->curcid;
	stamp->xmin = snapshot->xmin;
	stamp->xmax = snapshot->xmax;
	stamp->completions = snapshot->snapXactCompletionCount;
	stamp->lxid = ua_local_xid();
}

bool
ua_stamp_is_current(const UaSnapshotStamp *stamp)
{
	Snapshot	snapshot = active_snapshot();

	return stamp->set &&
		stamp->curcid == snapshot->curcid &&
		stamp->xmin == snapshot->xmin &&
		stamp->xmax == snapshot->xmax &&
		stamp->completions == snapshot->snapXactCompletionCount &&
		stamp->lxid == ua_local_xid();
}

Oid
ua_function_schema(FunctionCallInfo fcinfo)
{
	return get_func_namespace(fcinfo->flinfo->fn_oid);
}

char *
ua_qualified(Oid schema, const char *name)
{
	char	   *schema_name = get_namespace_name(schema);

	if (schema_name == NULL)
		elog(ERROR, "cache lookup failed for schema %u", schema);
	return quote_qualified_identifier(schema_name, name);
}

Oid
ua_relation_owner(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

AttrNumber
ua_column(TupleDesc desc, const char *name, Oid type)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (!column->attisdropped && column->atttypid == type &&
			strcmp(NameStr(column->attname), name) == 0)
			return column->attnum;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("there is no column \"%s\" of type %s",
					name, format_type_be(type)),
			 errhint("See usage_model_script() for how the model's tables should be.")));
}

Oid
ua_model_table(const char *function, Relation relation, Oid schema, const char *name)
{
	Oid			table = get_relname_relid(name, schema);

	if (RelationGetRelid(relation) == table)
		return table;
	if (OidIsValid(table) && relation->rd_rel->relispartition &&
		list_member_oid(get_partition_ancestors(RelationGetRelid(relation)),
						table))
		return table;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s() is for %s and its partitions, not for \"%s\"",
					function, name, RelationGetRelationName(relation))));
}

char *
ua_model_value(Oid schema, const char *table, const char *column)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *query;
	char	   *value = NULL;

	SPI_connect();
	query = psprintf("SELECT %s FROM %s",
					 quote_identifier(column), ua_qualified(schema, table));
	if (SPI_execute(query, true, 2) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed: %s", query);
	if (SPI_processed == 1)
		value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" does not hold exactly one row with a value of \"%s\"",
						table, column),
				 errhint("Call create_usage_model().")));
	value = MemoryContextStrdup(caller, value);
	SPI_finish();
	return value;
}
