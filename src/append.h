/*
 * append.h
 *		Appending rows to a table of the model that writers need no rights on.
 */
#ifndef UA_APPEND_H
#define UA_APPEND_H

#include "access/heapam.h"
#include "access/htup.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

#include "ownership.h"

#define UA_APPEND_AT_ONCE	500

/* Rows on their way to a table. */
typedef struct UaAppender
{
	Relation	relation;
	bool		indexed;
	UaIdentity	before;			/* these three where there are indexes */
	EState	   *estate;
	ResultRelInfo *result;
	BulkInsertState bulk;
	int			used;
	int			made;
	TupleTableSlot *slots[UA_APPEND_AT_ONCE];
} UaAppender;

/*
 * The table is open for writing, and as the library makes it: nobody asks the
 * owner's triggers, rules or constraints.
 */
extern void ua_append_start(UaAppender *appender, Relation relation);

/* The row is freed when it is written. */
extern void ua_append_row(UaAppender *appender, HeapTuple row);

extern void ua_append_finish(UaAppender *appender);

#endif							/* UA_APPEND_H */
