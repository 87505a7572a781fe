/*
 * dayseries_sql.h
 *		dayseries and dayseries_map as datums, for functions of the server.
 */
#ifndef UA_DAYSERIES_SQL_H
#define UA_DAYSERIES_SQL_H

#include "fmgr.h"

#include "dayseries_map.h"
#include "dayset_sql.h"

/* The bytes of a value, detoasted or flattened where it has to be. */
extern UaDayseries ua_dayseries_of(Datum value);
extern UaMap ua_map_of(Datum value);

#define PG_GETARG_DAYSERIES(n)		ua_dayseries_of(PG_GETARG_DATUM(n))
#define PG_GETARG_DAYSERIES_MAP(n)	ua_map_of(PG_GETARG_DATUM(n))

/* Finish and release a writer; the result is in the current context. */
extern Datum ua_dayseries_datum(UaDayseriesWriter *writer);
extern Datum ua_map_datum(UaMapWriter *writer);

/* A value with just these bytes, which have to be valid. */
extern Datum ua_dayseries_copy_datum(UaDayseries series);

/*
 * The days of a daterange that is argument n, from first to last, and their
 * number; a range without an end is an error. Needs fn_extra for itself.
 */
extern int64 ua_bounded_days_of_range_arg(FunctionCallInfo fcinfo, int argument,
										  UaDay *first, UaDay *last);

#endif							/* UA_DAYSERIES_SQL_H */
