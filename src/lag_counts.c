/*
 * lag_counts.c
 *		What maps of events by source and lag say: how many came late, and how
 *		lags are distributed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "daytotals.h"
#include "lag.h"

PG_FUNCTION_INFO_V1(late_counts);
PG_FUNCTION_INFO_V1(lag_distribution);

/*
 * The entries of all maps of an array, one after the other; null maps have
 * none.
 */
typedef struct
{
	ArrayIterator maps;
	UaMapReader reader;
} LagReader;

static void
start_reading(LagReader *reader, ArrayType *maps)
{
	reader->maps = array_create_iterator(maps, 0, NULL);
	reader->reader.count = reader->reader.next = 0;
}

static bool
next_entry(LagReader *reader, UaMapEntry *entry)
{
	while (!ua_map_next(&reader->reader, entry))
	{
		Datum		map;
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		do
		{
			if (!array_iterate(reader->maps, &map, &isnull))
				return false;
		} while (isnull);
		ua_map_read(&reader->reader, ua_map_of(map));
	}
	return true;
}

/* The counts of events by day: each lag belongs to all up to its own. */
static const struct
{
	const char *label;
	int			after;			/* of buckets above this */
}			counts[] = {
	{"events", -UA_LAG_MAX - 1},
	{"late_1h", UA_LAG_1H},
	{"late_24h", UA_LAG_24H},
	{"late_72h", UA_LAG_72H}
};

/* late_counts(lags dayseries_map[]) → dayseries_map */
Datum
late_counts(PG_FUNCTION_ARGS)
{
	UaDayTotals parts[lengthof(counts)];	/* of each count, without the next */
	UaMapTotals totals;
	LagReader	reader;
	UaMapEntry	entry;
	UaMapWriter result;

	for (int i = 0; i < lengthof(counts); i++)
		ua_totals_start(&parts[i], CurrentMemoryContext);
	start_reading(&reader, PG_GETARG_ARRAYTYPE_P(0));
	while (next_entry(&reader, &entry))
	{
		Size		source_size;
		int			bucket = ua_lag_label_parse(entry.label, entry.label_size,
												&source_size);
		int			part = lengthof(counts) - 1;

		while (bucket <= counts[part].after)
			part--;
		ua_totals_add(&parts[part], entry.series);
	}

	ua_map_totals_start(&totals, CurrentMemoryContext);
	for (int part = 0; part < lengthof(counts); part++)
	{
		UaDayseriesWriter writer;
		UaDayseries series;

		ua_dayseries_start(&writer);
		ua_totals_write(&parts[part], &writer, false);
		series = ua_dayseries_of(ua_dayseries_datum(&writer));
		for (int i = 0; i <= part; i++)
			ua_totals_add(ua_map_totals_of(&totals, counts[i].label,
										   strlen(counts[i].label)), series);
	}
	ua_map_start(&result);
	ua_map_totals_write(&totals, &result, false);
	PG_RETURN_DATUM(ua_map_datum(&result));
}

/* ---------- distributions ---------- */

#define BUCKETS		(2 * UA_LAG_MAX + 1)

typedef struct
{
	const char *data;			/* not terminated */
	Size		size;
} SourceKey;

typedef struct
{
	SourceKey	key;
	int64	   *events;			/* by bucket, from -UA_LAG_MAX on */
	Timestamp	happened_before;
	Timestamp	arrived_before;
	uint32		hash;
	char		status;
} Source;

#define SH_PREFIX sources
#define SH_ELEMENT_TYPE Source
#define SH_KEY_TYPE SourceKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) (key).data, (key).size)
#define SH_EQUAL(tb, a, b) \
	((a).size == (b).size && memcmp((a).data, (b).data, (a).size) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * The sum of a series from one day to another, both included, and the last day
 * of those that has a value.
 */
static int64
sum_of_days(UaDayseries series, UaDay first, UaDay last, UaDay *found_last)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	int64		sum = 0;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		UaDay		day = ua_day_of_word(block.word);

		for (int i = 0; block.bits != 0; i++)
		{
			UaDay		at = day + ua_take_bit(&block.bits);

			if (at >= first && at <= last)
			{
				sum = ua_sum(sum, block.values[i]);
				*found_last = at;
			}
		}
	}
	return sum;
}

/*
 * The end of a day, and so much time after it, in local time; infinity from
 * two days before the end of timestamps on, so that no time zone leads beyond.
 */
static Timestamp
end_of_day(UaDay day, uint64 later)
{
	const Timestamp limit = END_TIMESTAMP - 2 * USECS_PER_DAY;
	Timestamp	end;

	if (day + INT64CONST(1) >= limit / USECS_PER_DAY)
		return DT_NOEND;
	end = (day + INT64CONST(1)) * USECS_PER_DAY;
	return later >= (uint64) limit - (uint64) end ? DT_NOEND : end + (int64) later;
}

/* Sums up to each bucket, as an array subscripted by bucket. */
static Datum
cumulative(const int64 *events, int64 *total)
{
	Datum	   *up_to = palloc(BUCKETS * sizeof(Datum));
	int			size = BUCKETS;
	int			lower = -UA_LAG_MAX;

	*total = 0;
	for (int i = 0; i < BUCKETS; i++)
	{
		*total = ua_sum(*total, events[i]);
		up_to[i] = Int64GetDatum(*total);
	}
	return PointerGetDatum(construct_md_array(up_to, NULL, 1, &size, &lower,
											  INT8OID, sizeof(int64),
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * lag_distribution(lags dayseries_map[], days daterange, by_source boolean)
 *		→ SETOF (source text, up_to bigint[], happened_before timestamp,
 *				 arrived_before timestamp)
 */
Datum
lag_distribution(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		by_source = PG_GETARG_BOOL(2);
	sources_hash *sources = sources_create(CurrentMemoryContext, 8, NULL);
	sources_iterator iterator;
	Source	   *source = NULL;
	LagReader	reader;
	UaMapEntry	entry;
	UaDay		first,
				last;

	ua_days_of_range_arg(fcinfo, 1, &first, &last);
	InitMaterializedSRF(fcinfo, 0);

	start_reading(&reader, PG_GETARG_ARRAYTYPE_P(0));
	while (next_entry(&reader, &entry))
	{
		SourceKey	key = {entry.label, 0};
		int			bucket = ua_lag_label_parse(entry.label, entry.label_size,
												&key.size);
		UaDay		last_day;
		int64		events = sum_of_days(entry.series, first, last, &last_day);
		bool		found = true;

		if (events == 0)
			continue;
		if (!by_source)
			key.size = 0;
		/* Entries of a source tend to follow each other. */
		if (source == NULL || source->key.size != key.size ||
			memcmp(source->key.data, key.data, key.size) != 0)
			source = sources_insert(sources, key, &found);
		if (!found)
		{
			source->events = palloc0(BUCKETS * sizeof(int64));
			source->happened_before = source->arrived_before = DT_NOBEGIN;
		}
		source->happened_before = Max(source->happened_before,
									  end_of_day(last_day, 0));
		source->arrived_before = Max(source->arrived_before,
									 end_of_day(last_day, bucket <= 0 ? 0 :
												ua_lag_upper_edge(bucket)));
		source->events[bucket + UA_LAG_MAX] =
			ua_sum(source->events[bucket + UA_LAG_MAX], events);
	}

	sources_start_iterate(sources, &iterator);
	while ((source = sources_iterate(sources, &iterator)) != NULL)
	{
		int64		total;
		Datum		values[4];
		bool		nulls[4] = {!by_source, false, false, false};

		values[0] = PointerGetDatum(cstring_to_text_with_len(source->key.data,
															 (int) source->key.size));
		values[1] = cumulative(source->events, &total);
		values[2] = TimestampGetDatum(source->happened_before);
		values[3] = TimestampGetDatum(source->arrived_before);
		if (total != 0)
			tuplestore_putvalues(result->setResult, result->setDesc,
								 values, nulls);
	}
	return (Datum) 0;
}
