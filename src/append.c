/*
 * append.c
 *		Appending rows to a table of the model that writers need no rights on.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"

#include "append.h"
#include "compat.h"

/*
 * No rights are asked for, so nothing of the owner's may run as the writer:
 * expressions of indexes run as the owner.
 */
void
ua_append_start(UaAppender *appender, Relation relation)
{
	memset(appender, 0, offsetof(UaAppender, slots));
	appender->relation = relation;
	/* There are none, but where an owner adds one it has to be kept right. */
	appender->indexed = relation->rd_rel->relhasindex;
	if (appender->indexed)
	{
		ua_become(relation->rd_rel->relowner, &appender->before);
		appender->estate = CreateExecutorState();
		appender->result = makeNode(ResultRelInfo);
		InitResultRelInfo(appender->result, relation, 1, NULL, 0);
		ExecOpenIndices(appender->result, false);
	}
}

static void
append_buffered(UaAppender *appender)
{
	if (appender->used == 1)
		table_tuple_insert(appender->relation, appender->slots[0],
						   GetCurrentCommandId(true), 0, appender->bulk);
	else
		table_multi_insert(appender->relation, appender->slots, appender->used,
						   GetCurrentCommandId(true), 0, appender->bulk);
	for (int i = 0; i < appender->used; i++)
	{
		if (appender->indexed)
			list_free(ua_insert_index_tuples(appender->result,
											 appender->slots[i],
											 appender->estate));
		ExecClearTuple(appender->slots[i]);
	}
	appender->used = 0;
	if (appender->indexed)
		ResetPerTupleExprContext(appender->estate);
}

void
ua_append_row(UaAppender *appender, HeapTuple row)
{
	if (appender->used == appender->made)
		appender->slots[appender->made++] =
			MakeSingleTupleTableSlot(RelationGetDescr(appender->relation),
									 table_slot_callbacks(appender->relation));
	ExecForceStoreHeapTuple(row, appender->slots[appender->used], true);

	if (++appender->used == UA_APPEND_AT_ONCE)
	{
		/* The bulk state keeps a page pinned: not worth it for a few rows. */
		if (appender->bulk == NULL)
			appender->bulk = GetBulkInsertState();
		append_buffered(appender);
		CHECK_FOR_INTERRUPTS();
	}
}

void
ua_append_finish(UaAppender *appender)
{
	if (appender->used > 0)
		append_buffered(appender);
	for (int i = 0; i < appender->made; i++)
		ExecDropSingleTupleTableSlot(appender->slots[i]);
	if (appender->bulk != NULL)
		FreeBulkInsertState(appender->bulk);
	if (appender->indexed)
	{
		ExecCloseIndices(appender->result);
		FreeExecutorState(appender->estate);
		ua_return_to(&appender->before);
	}
}
