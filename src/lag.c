/*
 * lag.c
 *		Lags of arrival, and the buckets they are counted in.
 */
#include "postgres.h"

#include "fmgr.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "lag.h"

PG_FUNCTION_INFO_V1(lag_bucket);
PG_FUNCTION_INFO_V1(lag_bucket_of_interval);
PG_FUNCTION_INFO_V1(lag_bucket_upper);
PG_FUNCTION_INFO_V1(lag_bucket_middle);

#define PARTS		32			/* of a doubling */
#define HOUR		((uint64) USECS_PER_HOUR)	/* a multiple of 2 * PARTS */

/* ---------- buckets ---------- */

int
ua_lag_bucket_of(uint64 magnitude, bool negative)
{
	uint64		base = HOUR;
	int			doublings;
	int			part;
	int			bucket;

	if (magnitude == 0)
		return 0;

	/* base <= magnitude < 2 * base; what is shorter than an hour is scaled up */
	doublings = pg_leftmost_one_pos64(magnitude) - pg_leftmost_one_pos64(HOUR);
	if (doublings < 0)
		magnitude <<= -doublings;
	else
		base <<= doublings;
	if (magnitude < base)
	{
		base >>= 1;
		doublings--;
	}

	/* rounded up, as upper edges are part of their buckets */
	part = (int) ((magnitude - base + base / PARTS - 1) / (base / PARTS));
	bucket = UA_LAG_1H + doublings * PARTS + part;
	return negative ? -bucket : bucket;
}

uint64
ua_lag_upper_edge(int bucket)
{
	uint64		edge;
	int			doublings;

	if (bucket == 0)
		return 0;
	doublings = (bucket - 1) / PARTS - UA_LAG_1H / PARTS;
	edge = HOUR / PARTS * (PARTS + 1 + (bucket - 1) % PARTS);
	return doublings < 0 ? edge >> -doublings : edge << doublings;
}

/* The middle of the lags, in whole microseconds, in a bucket above 0, or in 0. */
static uint64
middle(int bucket)
{
	uint64		first;
	uint64		last = ua_lag_upper_edge(bucket);

	if (bucket == 0)
		return 0;
	first = ua_lag_upper_edge(bucket - 1) + 1;
	/* Those of the first microseconds may hold none. */
	return first < last ? first + (last - first) / 2 : last;
}

/* ---------- labels ---------- */

Size
ua_lag_label(char *label, Size source_size, int bucket)
{
	label[source_size] = ' ';
	return source_size + 1 + pg_ltoa(bucket, label + source_size + 1);
}

int
ua_lag_label_parse(const char *label, Size label_size, Size *source_size)
{
	Size		at = label_size;
	int			bucket = 0;
	int			scale = 1;

	/* A source may hold spaces: the last one counts. */
	while (at > 0 && label[at - 1] >= '0' && label[at - 1] <= '9' && scale <= 1000)
	{
		bucket += scale * (label[--at] - '0');
		scale *= 10;
	}
	if (at > 0 && label[at - 1] == '-')
	{
		at--;
		bucket = -bucket;
	}
	if (scale == 1 || at < 2 || label[at - 1] != ' ' ||
		bucket < -UA_LAG_MAX || bucket > UA_LAG_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%.*s\" is not a source and a bucket of lags",
						(int) label_size, label)));
	*source_size = at - 1;
	return bucket;
}

/* ---------- SQL ---------- */

static void
out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("lag out of range"),
			 errdetail("No two timestamps are that far from each other.")));
}

/* lag_bucket(event_ts timestamptz, ingested_at timestamptz) → integer */
Datum
lag_bucket(PG_FUNCTION_ARGS)
{
	TimestampTz event_ts = PG_GETARG_TIMESTAMPTZ(0);
	TimestampTz ingested_at = PG_GETARG_TIMESTAMPTZ(1);

	if (TIMESTAMP_NOT_FINITE(event_ts) || TIMESTAMP_NOT_FINITE(ingested_at))
		out_of_range();
	PG_RETURN_INT32(ua_lag_bucket(event_ts, ingested_at));
}

/*
 * lag_bucket(lag interval) → integer: months have 30 days here, and days 24
 * hours, as where intervals are compared.
 */
Datum
lag_bucket_of_interval(PG_FUNCTION_ARGS)
{
	Interval   *lag = PG_GETARG_INTERVAL_P(0);
	int64		days = (int64) lag->month * DAYS_PER_MONTH + lag->day +
		lag->time / USECS_PER_DAY;
	int64		time = lag->time % USECS_PER_DAY;
	bool		negative;
	uint64		magnitude;
	int			bucket;

	/* both of one sign */
	if (days > 0 && time < 0)
	{
		days--;
		time += USECS_PER_DAY;
	}
	else if (days < 0 && time > 0)
	{
		days++;
		time -= USECS_PER_DAY;
	}
	negative = days < 0 || time < 0;
	if (negative)
	{
		days = -days;
		time = -time;
	}
	if (days >= PG_INT64_MAX / USECS_PER_DAY * 2)
		out_of_range();
	magnitude = (uint64) days * USECS_PER_DAY + time;
	bucket = ua_lag_bucket_of(magnitude, negative);
	if (bucket < -UA_LAG_MAX || bucket > UA_LAG_MAX)
		out_of_range();
	PG_RETURN_INT32(bucket);
}

/* In days and a time, as the difference of two timestamps is. */
static Datum
make_lag(uint64 magnitude, bool negative)
{
	Interval   *lag = palloc(sizeof(Interval));

	lag->month = 0;
	lag->day = (int32) (magnitude / USECS_PER_DAY);
	lag->time = (int64) (magnitude % USECS_PER_DAY);
	if (negative)
	{
		lag->day = -lag->day;
		lag->time = -lag->time;
	}
	return IntervalPGetDatum(lag);
}

static int
bucket_arg(FunctionCallInfo fcinfo)
{
	int			bucket = PG_GETARG_INT32(0);

	if (bucket < -UA_LAG_MAX || bucket > UA_LAG_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no bucket %d of lags", bucket),
				 errdetail("Buckets go from %d to %d.", -UA_LAG_MAX, UA_LAG_MAX)));
	return bucket;
}

/* lag_bucket_upper(bucket integer) → interval */
Datum
lag_bucket_upper(PG_FUNCTION_ARGS)
{
	int			bucket = bucket_arg(fcinfo);

	/* A negative bucket ends before the edge that its mirror image begins after. */
	PG_RETURN_DATUM(bucket >= 0 ? make_lag(ua_lag_upper_edge(bucket), false) :
					make_lag(ua_lag_upper_edge(-bucket - 1) + 1, true));
}

/* lag_bucket_middle(bucket integer) → interval */
Datum
lag_bucket_middle(PG_FUNCTION_ARGS)
{
	int			bucket = bucket_arg(fcinfo);

	PG_RETURN_DATUM(make_lag(middle(abs(bucket)), bucket < 0));
}
