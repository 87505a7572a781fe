/*
 * model.h
 *		Access from the library to the tables of the model.
 */
#ifndef UA_MODEL_H
#define UA_MODEL_H

#include "access/tupdesc.h"
#include "fmgr.h"
#include "utils/relcache.h"

/*
 * Identifies a snapshot, so that what was read under it can be kept for as
 * long as it is the one in use, and no longer. Expressions of PL/pgSQL live
 * for a transaction, so fn_extra alone would keep things too long.
 */
typedef struct UaSnapshotStamp
{
	bool		set;
	CommandId	curcid;
	TransactionId xmin;
	TransactionId xmax;
	uint64		completions;
	LocalTransactionId lxid;
} UaSnapshotStamp;

extern void ua_stamp_now(UaSnapshotStamp *stamp);
extern bool ua_stamp_is_current(const UaSnapshotStamp *stamp);

/* The schema of the extension: that of the C function being called. */
extern Oid	ua_function_schema(FunctionCallInfo fcinfo);

/* schema.name, quoted as needed */
extern char *ua_qualified(Oid schema, const char *name);

extern Oid	ua_relation_owner(Oid relation);

/* The number of a column of that name and type; an error where there is none. */
extern AttrNumber ua_column(TupleDesc desc, const char *name, Oid type);

/*
 * The model's table of that name, where a trigger's is that or a partition of
 * it; an error of that function otherwise.
 */
extern Oid	ua_model_table(const char *function, Relation relation, Oid schema,
						   const char *name);

/* One column of a one-row table, as text; an error where there is no row. */
extern char *ua_model_value(Oid schema, const char *table, const char *column);

#endif							/* UA_MODEL_H */
