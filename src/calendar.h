/*
 * calendar.h
 *		What a day is: moments to days in a time zone.
 */
#ifndef UA_CALENDAR_H
#define UA_CALENDAR_H

#include "fmgr.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/*
 * A zone, and its offset in [valid_from, valid_to), where it does not change.
 */
typedef struct UaCalendar
{
	pg_tz	   *zone;
	int64		offset;			/* microseconds east of Greenwich */
	TimestampTz valid_from;
	TimestampTz valid_to;
} UaCalendar;

extern pg_tz *ua_time_zone(const char *name);
extern void ua_calendar_init(UaCalendar *calendar, pg_tz *zone);
extern DateADT ua_day_of(UaCalendar *calendar, TimestampTz ts);

/*
 * The calendar of the reporting time zone, for C functions that turn moments
 * into days: kept in fn_extra, which is then not theirs to use.
 */
extern UaCalendar *ua_reporting_calendar(FunctionCallInfo fcinfo);

#endif							/* UA_CALENDAR_H */
