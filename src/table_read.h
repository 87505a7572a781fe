/*
 * table_read.h
 *		Reading some columns of a whole table of the model, row by row.
 */
#ifndef UA_TABLE_READ_H
#define UA_TABLE_READ_H

#include "utils/array.h"
#include "utils/relcache.h"

typedef struct UaTableColumn
{
	const char *name;
	Oid			type;
} UaTableColumn;

/*
 * Takes a row: its values, in the order in which the columns were asked for,
 * as they are stored. They are gone when it returns, and what it allocates is
 * its own business.
 */
typedef void (*UaTakeRow) (void *taker, const Datum *values, const bool *nulls);

#define UA_MOST_COLUMNS	8

/* Hand over all rows that the user sees under the active snapshot, in any order. */
extern void ua_read_table(Oid schema, const char *table, int n_columns,
						  const UaTableColumn *columns, UaTakeRow take, void *taker);

/* The same of the rows whose first column is among the elements of an array, by an index. */
extern void ua_read_rows_of(Oid schema, const char *table, int n_columns,
							const UaTableColumn *columns, ArrayType *keys,
							UaTakeRow take, void *taker);

/* The same of a query, whose columns have to be of these types, or it is an error (42804). */
extern void ua_read_query(const char *query, int n_columns, const Oid *types,
						  UaTakeRow take, void *taker);

/*
 * The table, locked, where it may be read without the executor: one without
 * children, of which the user may see everything. NULL otherwise, also where
 * there is none.
 */
extern Relation ua_open_readable(Oid schema, const char *table);

#endif							/* UA_TABLE_READ_H */
