/*
 * table_read.c
 *		Reading some columns of a whole table of the model, row by row.
 *
 * A report on everybody reads tables of which all rows count, and all that is
 * done with a row is an addition or two: to pass it through the executor takes
 * longer than that. So, where nobody could see a difference, the table is
 * scanned right here. Otherwise the executor reads it, with its row security,
 * its rights to single columns and its partitions.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "tcop/dest.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "model.h"
#include "table_read.h"

Relation
ua_open_readable(Oid schema, const char *table)
{
	Oid			oid = get_relname_relid(table, schema);
	Relation	relation;

	if (!OidIsValid(oid) ||
		pg_class_aclcheck(oid, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
		check_enable_rls(oid, InvalidOid, true) == RLS_ENABLED)
		return NULL;
	relation = table_open(oid, AccessShareLock);
	if (relation->rd_rel->relkind == RELKIND_RELATION && !relation->rd_rel->relhassubclass)
		return relation;
	table_close(relation, AccessShareLock);
	return NULL;
}

/* ---------- without the executor ---------- */

/* Find the columns; false where one is not there, or not of that type. */
static bool
find_columns(TupleDesc desc, int n_columns, const UaTableColumn *columns,
			 AttrNumber *found, AttrNumber *last)
{
	*last = 0;
	for (int i = 0; i < n_columns; i++)
	{
		found[i] = 0;
		for (int j = 0; j < desc->natts && found[i] == 0; j++)
		{
			Form_pg_attribute column = TupleDescAttr(desc, j);

			if (!column->attisdropped && column->atttypid == columns[i].type &&
				strcmp(NameStr(column->attname), columns[i].name) == 0)
				found[i] = column->attnum;
		}
		if (found[i] == 0)
			return false;
		*last = Max(*last, found[i]);
	}
	return true;
}

/*
 * Memory is what takes the time where rows are long and little is read of each.
 * So the part of all rows of a page that will be read is asked for at once,
 * rather than waited for row by row. That is done by reading it, as processors may
 * ignore a mere prefetch. The page is pinned, not locked: rows may be added to it
 * meanwhile, so that nothing is made of what is read.
 */
#define CACHE_LINE		64
#define LENGTH_AT_FIRST	((Size) 4 * CACHE_LINE)

static inline void
touch_rows(Page page, Size length)
{
	OffsetNumber count = PageGetMaxOffsetNumber(page);

	for (OffsetNumber i = FirstOffsetNumber; i <= count; i++)
	{
		ItemId		item = PageGetItemId(page, i);

		if (ItemIdIsNormal(item) && ItemIdGetOffset(item) + ItemIdGetLength(item) <= BLCKSZ)
		{
			volatile const char *row = (const char *) PageGetItem(page, item);
			Size		end = Min(ItemIdGetLength(item), length);

			for (Size at = 0; at < end; at += CACHE_LINE)
				(void) row[at];
		}
	}
}

static void
scan(Relation relation, int n_columns, const AttrNumber *columns, AttrNumber last,
	 UaTakeRow take, void *taker)
{
	TableScanDesc scan = table_beginscan(relation, GetActiveSnapshot(), 0, NULL);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	Buffer		buffer = InvalidBuffer;
	Size		length = LENGTH_AT_FIRST;	/* read of the last row */

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		BufferHeapTupleTableSlot *row = TTS_IS_BUFFERTUPLE(slot) ?
			(BufferHeapTupleTableSlot *) slot : NULL;
		Datum		values[UA_MOST_COLUMNS];
		bool		nulls[UA_MOST_COLUMNS];

		CHECK_FOR_INTERRUPTS();
		if (row != NULL && row->buffer != buffer)
		{
			buffer = row->buffer;
			touch_rows(BufferGetPage(buffer), length);
		}
		slot_getsomeattrs(slot, last);
		if (row != NULL)
			length = row->base.tuple->t_data->t_hoff + row->base.off;
		for (int i = 0; i < n_columns; i++)
		{
			values[i] = slot->tts_values[columns[i] - 1];
			nulls[i] = slot->tts_isnull[columns[i] - 1];
		}
		take(taker, values, nulls);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
}

/* ---------- by the executor ---------- */

typedef struct
{
	DestReceiver receiver;
	int			n_columns;
	const Oid  *types;
	UaTakeRow	take;
	void	   *taker;
} RowReceiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;

	slot_getallattrs(slot);
	receiver->take(receiver->taker, slot->tts_values, slot->tts_isnull);
	return true;
}

static void
start_receiving(DestReceiver *self, int operation, TupleDesc desc)
{
	RowReceiver *receiver = (RowReceiver *) self;
	bool		fits = desc->natts == receiver->n_columns;

	for (int i = 0; fits && i < desc->natts; i++)
		fits = TupleDescAttr(desc, i)->atttypid == receiver->types[i];
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query does not return the columns that are needed")));
}

static void
end_receiving(DestReceiver *self)
{
}

void
ua_read_query(const char *query, int n_columns, const Oid *types,
			  UaTakeRow take, void *taker)
{
	RowReceiver receiver = {
		.receiver = {receive_row, start_receiving, end_receiving, end_receiving, DestNone},
		.n_columns = n_columns,
		.types = types,
		.take = take,
		.taker = taker
	};
	SPIExecuteOptions options = {
		.read_only = true,
		.dest = &receiver.receiver
	};

	SPI_connect();
	if (SPI_execute_extended(query, &options) < 0)
		elog(ERROR, "SPI_execute_extended failed: %s", query);
	SPI_finish();
}

/* SELECT of the columns, and whose types these are */
static char *
selection(Oid schema, const char *table, int n_columns, const UaTableColumn *columns, Oid *types)
{
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < n_columns; i++)
	{
		types[i] = columns[i].type;
		appendStringInfo(&query, "%s %s::%s", i == 0 ? "SELECT" : ",",
						 quote_identifier(columns[i].name),
						 format_type_be_qualified(columns[i].type));
	}
	appendStringInfo(&query, " FROM %s", ua_qualified(schema, table));
	return query.data;
}

void
ua_read_table(Oid schema, const char *table, int n_columns,
			  const UaTableColumn *columns, UaTakeRow take, void *taker)
{
	Relation	relation = ua_open_readable(schema, table);
	AttrNumber	found[UA_MOST_COLUMNS];
	AttrNumber	last;
	Oid			types[UA_MOST_COLUMNS];
	char	   *query;

	Assert(n_columns <= UA_MOST_COLUMNS);
	if (relation != NULL)
	{
		bool		fits = find_columns(RelationGetDescr(relation), n_columns, columns,
										found, &last);

		if (fits)
			scan(relation, n_columns, found, last, take, taker);
		table_close(relation, NoLock);
		if (fits)
			return;
	}
	query = selection(schema, table, n_columns, columns, types);
	ua_read_query(query, n_columns, types, take, taker);
	pfree(query);
}

void
ua_read_rows_of(Oid schema, const char *table, int n_columns,
				const UaTableColumn *columns, ArrayType *keys,
				UaTakeRow take, void *taker)
{
	Oid			types[UA_MOST_COLUMNS];
	Oid			key_type = get_array_type(ARR_ELEMTYPE(keys));
	Datum		key = PointerGetDatum(keys);
	char	   *query;

	Assert(n_columns <= UA_MOST_COLUMNS);
	query = psprintf("%s WHERE %s OPERATOR(pg_catalog.=) ANY ($1)",
					 selection(schema, table, n_columns, columns, types),
					 quote_identifier(columns[0].name));
	SPI_connect();
	if (SPI_execute_with_args(query, 1, &key_type, &key, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_with_args failed: %s", query);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		values[UA_MOST_COLUMNS];
		bool		nulls[UA_MOST_COLUMNS];

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
		take(taker, values, nulls);
	}
	SPI_finish();
}
