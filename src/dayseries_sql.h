/*
 * dayseries_sql.h
 *		dayseries and dayseries_map as datums, for functions of the server.
 */
#ifndef UA_DAYSERIES_SQL_H
#define UA_DAYSERIES_SQL_H

#include "fmgr.h"

#include "dayseries_map.h"

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
 * The days of the daterange that is argument n, from first to last; first is
 * after last where it is empty. An open side goes to the end of all dates.
 * fn_extra is used for the range's type.
 */
extern void ua_getarg_days(FunctionCallInfo fcinfo, int n,
						   UaDay *first, UaDay *last);

/* The same, but an open side is an error. Returns the number of days. */
extern int64 ua_getarg_bounded_days(FunctionCallInfo fcinfo, int n,
									UaDay *first, UaDay *last);

/* A date that is not infinite, or an error. */
extern UaDay ua_getarg_day(FunctionCallInfo fcinfo, int n);

#endif							/* UA_DAYSERIES_SQL_H */
