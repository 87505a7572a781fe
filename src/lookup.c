/*
 * lookup.c
 *		Finding rows of a table by their key, through an index of it and
 *		without the executor.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "lookup.h"

/* Whether an index finds what is looked for; if so, how. */
static bool
use_index(UaLookup *lookup, Relation index, const AttrNumber *columns, bool for_writer)
{
	Form_pg_index form = index->rd_index;

	if (!form->indisvalid || form->indnkeyatts < lookup->n_keys ||
		index->rd_rel->relam != BTREE_AM_OID ||
		RelationGetIndexPredicate(index) != NIL)
		return false;
	if (for_writer &&
		(!form->indisunique || !form->indimmediate ||
		 form->indnkeyatts != lookup->n_keys))
		return false;
	/* It may lack versions of rows that an older snapshot sees. */
	if (!for_writer && form->indcheckxmin)
		return false;

	for (int i = 0; i < lookup->n_keys; i++)
	{
		Oid			type = index->rd_opcintype[i];
		Oid			equal = get_opfamily_member(index->rd_opfamily[i], type, type,
												BTEqualStrategyNumber);
		int			column = 0;

		while (column < lookup->n_keys && columns[column] != form->indkey.values[i])
			column++;
		if (column == lookup->n_keys || !OidIsValid(equal))
			return false;
		/* An index may have a column twice: then it lacks another. */
		for (int before = 0; before < i; before++)
			if (lookup->order[before] == column)
				return false;
		lookup->order[i] = column;
		ScanKeyInit(&lookup->keys[i], i + 1, BTEqualStrategyNumber,
					get_opcode(equal), (Datum) 0);
	}
	return true;
}

bool
ua_lookup_start(UaLookup *lookup, Relation table, Snapshot snapshot,
				int n_keys, const AttrNumber *columns, bool for_writer)
{
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	Assert(n_keys <= UA_LOOKUP_KEYS);
	lookup->context = CurrentMemoryContext;
	lookup->index = NULL;
	lookup->n_keys = n_keys;
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (use_index(lookup, index, columns, for_writer))
		{
			lookup->index = index;
			break;
		}
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	if (lookup->index == NULL)
		return false;
	lookup->scan = ua_index_beginscan(table, lookup->index, snapshot, n_keys);
	lookup->slot = table_slot_create(table, NULL);
	return true;
}

void
ua_lookup_end(UaLookup *lookup)
{
	if (lookup->index == NULL)
		return;
	index_endscan(lookup->scan);
	ExecDropSingleTupleTableSlot(lookup->slot);
	index_close(lookup->index, NoLock);
	lookup->index = NULL;
}

void
ua_lookup_find(UaLookup *lookup, const Datum *values)
{
	MemoryContext caller = MemoryContextSwitchTo(lookup->context);

	for (int i = 0; i < lookup->n_keys; i++)
		lookup->keys[i].sk_argument = values[lookup->order[i]];
	index_rescan(lookup->scan, lookup->keys, lookup->n_keys, NULL, 0);
	MemoryContextSwitchTo(caller);
}

bool
ua_lookup_next(UaLookup *lookup)
{
	MemoryContext caller = MemoryContextSwitchTo(lookup->context);
	bool		found = index_getnext_slot(lookup->scan, ForwardScanDirection,
										   lookup->slot);

	MemoryContextSwitchTo(caller);
	return found;
}
