/*
 * dayset_sql.h
 *		Sets of days as arguments of SQL functions.
 */
#ifndef UA_DAYSET_SQL_H
#define UA_DAYSET_SQL_H

#include "dayset.h"
#include "fmgr.h"
#include "utils/date.h"
#include "utils/rangetypes.h"

/* Detoasted, perhaps with a short header: UA_DAYS() reads either. */
#define PG_GETARG_DAYSET(n)	((UaDayset *) ua_detoasted(PG_GETARG_DATUM(n)))
#define PG_GETARG_DAYS(n)	ua_days_of(PG_GETARG_DAYSET(n))

/* With a short header, where it has one; few are stored elsewhere or compressed. */
static inline struct varlena *
ua_detoasted(Datum datum)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);

	if (unlikely(VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value)))
		return pg_detoast_datum_packed(value);
	return value;
}

static inline UaDays
ua_days_of(UaDayset *value)
{
	return UA_DAYS(value);
}

/* The day of a date, which infinite ones are not (22008). */
extern UaDay ua_checked_day(DateADT date);

/* A week_start, 1 Monday .. 7 Sunday; others are an error (22023). */
extern int	ua_checked_week_start(int32 week_start);

/*
 * The days of a daterange, from first to last; first > last where it is
 * empty. Where it has no bound the dates have theirs.
 */
extern void ua_days_of_range(TypeCacheEntry *typcache, const RangeType *range,
							 UaDay *first, UaDay *last);

/* A daterange that was asked for, and its days: it is mostly the same one again. */
typedef struct UaKnownRange
{
	Size		size;			/* 0 where none is known */
	char		bytes[sizeof(RangeType) + 2 * sizeof(DateADT) + 1];
	UaDay		first;
	UaDay		last;
} UaKnownRange;

/* Take the days of an argument, where they are not those already known. */
extern void ua_know_range_arg(UaKnownRange *known, FunctionCallInfo fcinfo,
							  int argument);

/* The days of an argument; needs fn_extra for itself. */
extern void ua_days_of_range_arg(FunctionCallInfo fcinfo, int argument,
								 UaDay *first, UaDay *last);

#endif							/* UA_DAYSET_SQL_H */
