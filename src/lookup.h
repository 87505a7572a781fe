/*
 * lookup.h
 *		Finding rows of a table by their key, through an index of it and
 *		without the executor.
 */
#ifndef UA_LOOKUP_H
#define UA_LOOKUP_H

#include "access/genam.h"
#include "access/skey.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#define UA_LOOKUP_KEYS	3

typedef struct UaLookup
{
	MemoryContext context;		/* of the scan, which keeps things in it */
	Relation	index;			/* NULL for none */
	IndexScanDesc scan;
	TupleTableSlot *slot;		/* the row that was found */
	int			n_keys;
	int			order[UA_LOOKUP_KEYS];	/* of the columns that were given */
	ScanKeyData keys[UA_LOOKUP_KEYS];
} UaLookup;

/*
 * Prepare to find rows, as a snapshot sees them, by the values of these columns,
 * with any index whose first keys they are. For a writer, whose snapshot is newer
 * than what others did to the table and its indexes, the index has to be unique
 * and on just these columns. False where there is no such index.
 *
 * The scan lives in the current memory context, and the table stays open for it.
 */
extern bool ua_lookup_start(UaLookup *lookup, Relation table, Snapshot snapshot,
							int n_keys, const AttrNumber *columns, bool for_writer);
extern void ua_lookup_end(UaLookup *lookup);

/* Look for the rows with these values, in the order of the columns given. */
extern void ua_lookup_find(UaLookup *lookup, const Datum *values);

/* Put the next of them into the slot; false where there is none. */
extern bool ua_lookup_next(UaLookup *lookup);

#endif							/* UA_LOOKUP_H */
