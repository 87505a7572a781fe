/*
 * iso_date.h
 *		Days and their ISO 8601 names: pure functions, no server needed.
 *
 * A day is PostgreSQL's DateADT, the days since 2000-01-01, in the proleptic
 * Gregorian calendar. Years are astronomical: 0 is 1 BC, -1 is 2 BC.
 */
#ifndef UA_ISO_DATE_H
#define UA_ISO_DATE_H

#include "datatype/timestamp.h"

typedef int32 UaDay;

#define UA_MIN_DAY	((UaDay) (DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE))
#define UA_MAX_DAY	((UaDay) (DATE_END_JULIAN - POSTGRES_EPOCH_JDATE - 1))

/* The longest text, "4714-11-24 BC" or "5874897-12-31", and its end. */
#define UA_DATE_TEXT_SIZE	16

/* Whether a 64-bit result of day arithmetic is a date. */
static inline bool
ua_is_day(int64 day)
{
	return day >= UA_MIN_DAY && day <= UA_MAX_DAY;
}

/* A month counts from January of year 0, so that arithmetic is plain. */
extern int64 ua_first_day_of_month(int64 month);
extern int32 ua_month_of_day(UaDay day);

/* The days of a month, 0 to 11, of that year */
static inline int
ua_days_in_month(int32 year, int month)
{
	if (month == 1)
		return year % 4 != 0 || (year % 100 == 0 && year % 400 != 0) ? 28 : 29;
	month++;
	return 30 + ((month ^ month >> 3) & 1);
}

/* Write the date as PostgreSQL's ISO style does; returns the end, no NUL. */
extern char *ua_date_to_text(UaDay day, char *to);

typedef enum UaDateError
{
	UA_DATE_OK,
	UA_DATE_MALFORMED,
	UA_DATE_OUT_OF_RANGE
} UaDateError;

/*
 * Read yyyy-mm-dd, with a year of four digits or more and perhaps " BC"
 * behind, and leave *text after it.
 */
extern UaDateError ua_date_from_text(const char **text, UaDay *day);

#endif							/* UA_ISO_DATE_H */
