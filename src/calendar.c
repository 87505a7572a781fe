/*
 * calendar.c
 *		What a day is: moments to days in the reporting time zone.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "calendar.h"
#include "compat.h"
#include "model.h"

PG_FUNCTION_INFO_V1(event_day);
PG_FUNCTION_INFO_V1(event_day_in_zone);

/* The zone of that full name; abbreviations have no daylight saving rules. */
pg_tz *
ua_time_zone(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name),
				 errhint("See pg_timezone_names for the names there are.")));
	return zone;
}

void
ua_calendar_init(UaCalendar *calendar, pg_tz *zone)
{
	calendar->zone = zone;
	calendar->offset = 0;
	calendar->valid_from = calendar->valid_to = 0;
}

/* Rounds down, where timestamptz_to_time_t() rounds towards 2000. */
static pg_time_t
start_of_second(TimestampTz ts)
{
	int64		into_second = ts % USECS_PER_SEC;

	if (into_second < 0)
		into_second += USECS_PER_SEC;
	return timestamptz_to_time_t(ts - into_second);
}

/* Find the zone's offset at that moment, and until when it holds. */
static void
find_offset(UaCalendar *calendar, TimestampTz ts)
{
	pg_time_t	moment = start_of_second(ts);
	pg_time_t	boundary;
	TimestampTz valid_from;
	TimestampTz valid_to;
	long		offset,
				offset_after;
	int			is_dst,
				is_dst_after;
	int			found;

	found = pg_next_dst_boundary(&moment, &offset, &is_dst, &boundary,
								 &offset_after, &is_dst_after, calendar->zone);
	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));

	valid_from = time_t_to_timestamptz(moment);
	valid_to = found > 0 ? time_t_to_timestamptz(boundary) : DT_NOEND;

	/* An earlier moment before the same change widens what is known. */
	if (valid_to != calendar->valid_to || valid_from < calendar->valid_from)
		calendar->valid_from = valid_from;
	calendar->valid_to = valid_to;
	calendar->offset = (int64) offset * USECS_PER_SEC;
}

/*
 * The day of a moment. Infinite moments are an error: they are on no day.
 */
DateADT
ua_day_of(UaCalendar *calendar, TimestampTz ts)
{
	int64		local;
	int64		day;

	if (ts < calendar->valid_from || ts >= calendar->valid_to)
	{
		if (TIMESTAMP_NOT_FINITE(ts))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("an infinite timestamp is on no day")));
		find_offset(calendar, ts);
	}

	/* DT_NOBEGIN and DT_NOEND are far from here, so this cannot overflow. */
	local = ts + calendar->offset;
	day = local / USECS_PER_DAY;
	if (local % USECS_PER_DAY < 0)
		day--;
	if (!IS_VALID_DATE(day))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range")));
	return (DateADT) day;
}

/*
 * event_day(timestamptz, text) → date. The zone is a constant in practice, so
 * the calendar of the last one is kept for the query.
 */
Datum
event_day_in_zone(PG_FUNCTION_ARGS)
{
	TimestampTz ts = PG_GETARG_TIMESTAMPTZ(0);
	text	   *name = PG_GETARG_TEXT_PP(1);
	UaCalendar *calendar = fcinfo->flinfo->fn_extra;
	const char *known = calendar ? pg_get_timezone_name(calendar->zone) : NULL;

	if (known == NULL ||
		strlen(known) != VARSIZE_ANY_EXHDR(name) ||
		memcmp(known, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) != 0)
	{
		pg_tz	   *zone = ua_time_zone(text_to_cstring(name));

		if (calendar == NULL)
			calendar = fcinfo->flinfo->fn_extra =
				MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(UaCalendar));
		ua_calendar_init(calendar, zone);
	}

	PG_RETURN_DATEADT(ua_day_of(calendar, ts));
}

/* What event_day(timestamptz) keeps for a query. */
typedef struct
{
	UaSnapshotStamp stamp;
	UaCalendar	calendar;
} DayCache;

/* The calendar of the reporting time zone, as the query's snapshot sees it. */
UaCalendar *
ua_reporting_calendar(FunctionCallInfo fcinfo)
{
	DayCache   *cache = fcinfo->flinfo->fn_extra;

	if (cache == NULL)
		cache = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(DayCache));
	if (!ua_stamp_is_current(&cache->stamp))
	{
		char	   *name = ua_model_value(ua_function_schema(fcinfo),
										  "usage_settings", "time_zone");

		ua_calendar_init(&cache->calendar, ua_time_zone(name));
		ua_stamp_now(&cache->stamp);
	}
	return &cache->calendar;
}

/* event_day(timestamptz) → date */
Datum
event_day(PG_FUNCTION_ARGS)
{
	TimestampTz ts = PG_GETARG_TIMESTAMPTZ(0);

	PG_RETURN_DATEADT(ua_day_of(ua_reporting_calendar(fcinfo), ts));
}
