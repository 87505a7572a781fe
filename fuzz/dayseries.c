/*
 * dayseries.c
 *		Fuzzing dayseries and dayseries_map: text, binary values, and pairs of
 *		values through every operation, compared with sums day by day.
 */
#include "server.h"

#include "dayseries_text.h"
#include "daytotals.h"

/* Day by day takes its time, so no longer values are looked at like that. */
#define MOST_DAYS	1000

/* A series day by day. */
typedef struct Plain
{
	int64		count;
	UaDay	   *days;
	int64	   *values;
} Plain;

/* Whatever comes out of a writer is in its one form. */
static UaDayseries
finished(UaDayseriesWriter *writer)
{
	UaDayseries series;
	uint8	   *bytes;

	series.size = ua_dayseries_finish(writer);
	series.bytes = bytes = palloc(series.size);
	ua_dayseries_store(writer, bytes);
	ua_dayseries_release(writer);
	CHECK(ua_dayseries_fault(series) == NULL);
	return series;
}

static UaMap
finished_map(UaMapWriter *writer)
{
	UaMap		map;
	uint8	   *bytes;

	map.size = ua_map_finish(writer);
	map.bytes = bytes = palloc(map.size);
	ua_map_store(writer, bytes);
	ua_map_release(writer);
	CHECK(ua_map_fault(map) == NULL);
	return map;
}

static bool
same(UaDayseries a, UaDayseries b)
{
	return ua_dayseries_compare(a, b) == 0;
}

static bool
same_map(UaMap a, UaMap b)
{
	return ua_map_compare(a, b) == 0;
}

static Plain
plain(UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	Plain		result = {0};
	int64		count = ua_dayseries_cardinality(series);

	result.days = palloc((count + 1) * sizeof(UaDay));
	result.values = palloc((count + 1) * sizeof(int64));
	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		CHECK(block.bits != 0);
		for (int i = 0; block.bits != 0; i++, block.bits &= block.bits - 1)
		{
			UaDay		day = ua_day_of_word(block.word) +
				pg_rightmost_one_pos64(block.bits);

			CHECK(result.count < count);
			CHECK(result.count == 0 || day > result.days[result.count - 1]);
			result.days[result.count] = day;
			result.values[result.count++] = block.values[i];
		}
	}
	CHECK(result.count == count);
	return result;
}

static int64
value_on(Plain series, int64 day)
{
	for (int64 i = 0; i < series.count; i++)
		if (series.days[i] == day)
			return series.values[i];
	return 0;
}

static bool
fits(__int128 value)
{
	return value >= PG_INT64_MIN && value <= PG_INT64_MAX;
}

/*
 * The series with the sums of some days, as given by a function of the day's
 * number and a number from the caller; false where one is no int8.
 */
typedef __int128 (*SumOn) (const Plain *a, const Plain *b, int64 day, int n);

static __int128
plus(const Plain *a, const Plain *b, int64 day, int n)
{
	return (__int128) value_on(*a, day) + value_on(*b, day);
}

static __int128
minus(const Plain *a, const Plain *b, int64 day, int n)
{
	return (__int128) value_on(*a, day) - value_on(*b, day);
}

static __int128
rolling(const Plain *a, const Plain *b, int64 day, int n)
{
	__int128	sum = 0;

	for (int64 i = 0; i < a->count; i++)
		if (a->days[i] <= day && a->days[i] > day - n)
			sum += a->values[i];
	return sum;
}

static int
compare_days(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

static bool
sums(UaDayseries *result, SumOn sum_on, const Plain *a, const Plain *b, int n)
{
	int64		room = (a->count + b->count) * n + 1;
	int64	   *days = palloc(room * sizeof(int64));
	int64		count = 0;
	UaDayseriesWriter writer;

	for (int64 i = 0; i < a->count; i++)
		for (int k = 0; k < n; k++)
			days[count++] = (int64) a->days[i] + k;
	for (int64 i = 0; i < b->count; i++)
		days[count++] = b->days[i];
	qsort(days, count, sizeof(int64), compare_days);

	ua_dayseries_start(&writer);
	for (int64 i = 0; i < count; i++)
	{
		__int128	sum;

		if ((i > 0 && days[i] == days[i - 1]) || !ua_is_day(days[i]))
			continue;
		sum = sum_on(a, b, days[i], n);
		if (!fits(sum))
			return false;
		ua_dayseries_put(&writer, (UaDay) days[i], (int64) sum);
	}
	*result = finished(&writer);
	return true;
}

/* An operation gives the expected series, or the error 22003 instead. */
#define CHECK_SUMS(operation, expected, is_expected) \
	do { \
		UaDayseriesWriter writer; \
		ua_dayseries_start(&writer); \
		if (TRY(operation)) \
			CHECK((is_expected) && same(finished(&writer), expected)); \
		else \
			CHECK(!(is_expected) && \
				  server_error_code == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE); \
	} while (0)

/* Sums of periods, by the first day that a reference finds for each. */
static void
check_periods(UaDayseries series, const Plain *days, int week_start, int months)
{
	UaDayseriesWriter writer;
	UaDay		first;
	UaDay		last;

	ua_dayseries_start(&writer);
	if (!TRY(months > 0 ? ua_dayseries_by_month(&writer, series, months) :
			 ua_dayseries_by_week(&writer, series, week_start)))
	{
		CHECK(server_error_code == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE);
		return;
	}
	if (ua_dayseries_bounds(series, &first, &last) && first < UA_MIN_DAY + 366)
		return;					/* a period may begin before all dates */

	{
		UaDayseries result = finished(&writer);
		Plain		periods = plain(result);
		__int128	all = 0;
		__int128	of_periods = 0;

		for (int64 i = 0; i < days->count; i++)
			all += days->values[i];
		for (int64 i = 0; i < periods.count; i++)
		{
			int64		end = (int64) periods.days[i] + 7;
			__int128	sum = 0;

			if (months > 0)
			{
				int32		month = ua_month_of_day(periods.days[i]);

				CHECK(((month % months) + months) % months == 0);
				CHECK(ua_first_day_of_month(month) == periods.days[i]);
				end = ua_first_day_of_month((int64) month + months);
			}
			else
				/* 2000-01-03 was a Monday */
				CHECK(((int64) periods.days[i] - 2 - (week_start - 1)) % 7 == 0);
			for (int64 k = 0; k < days->count; k++)
				if (days->days[k] >= periods.days[i] && days->days[k] < end)
					sum += days->values[k];
			CHECK(sum == periods.values[i]);
			of_periods += sum;
		}
		CHECK(all == of_periods);
	}
}

/* What is true of any one series. */
static void
check_series(UaDayseries series, uint32 n)
{
	UaDayseriesWriter writer;
	UaDaysWriter positive;
	UaDayset   *positive_days;
	StringInfoData text;
	Plain		days;
	UaDay		first;
	UaDay		last;
	UaDayseries negative;
	int64		total;
	__int128	sum = 0;
	int64		positives = 0;

	CHECK(ua_dayseries_fault(series) == NULL);
	if (ua_dayseries_cardinality(series) > MOST_DAYS)
		return;

	initStringInfo(&text);
	ua_dayseries_to_text(&text, series);
	ua_dayseries_start(&writer);
	ua_dayseries_from_text(&writer, text.data);
	CHECK(same(finished(&writer), series));

	days = plain(series);
	CHECK(ua_dayseries_isempty(series) == (days.count == 0));
	CHECK(ua_dayseries_bounds(series, &first, &last) == (days.count > 0));
	if (days.count > 0)
		CHECK(first == days.days[0] && last == days.days[days.count - 1]);

	ua_dayseries_start(&writer);
	for (int64 i = 0; i < days.count; i++)
	{
		CHECK(days.values[i] != 0);
		CHECK(ua_dayseries_value_on(series, days.days[i]) == days.values[i]);
		CHECK(ua_dayseries_value_on(series, days.days[i] + 1) ==
			  value_on(days, (int64) days.days[i] + 1));
		sum += days.values[i];
		positives += days.values[i] > 0;
		ua_dayseries_put(&writer, days.days[i], days.values[i]);
	}
	CHECK(same(finished(&writer), series));
	if (TRY(total = ua_dayseries_total(series)))
		CHECK(total == sum);

	ua_days_write(&positive, VARHDRSZ, 0);
	ua_dayseries_positive(&positive, series);
	positive_days = ua_dayset_written(&positive);
	CHECK(ua_days_fault(UA_DAYS(positive_days)) == NULL);
	CHECK(ua_days_cardinality(UA_DAYS(positive_days)) == positives);

	ua_dayseries_start(&writer);
	ua_dayseries_copy(&writer, series);
	CHECK(same(finished(&writer), series));
	ua_dayseries_start(&writer);
	ua_dayseries_subtract(&writer, series, series);
	CHECK(ua_dayseries_isempty(finished(&writer)));
	ua_dayseries_start(&writer);
	if (TRY(ua_dayseries_negate(&writer, series)))
	{
		negative = finished(&writer);
		ua_dayseries_start(&writer);
		ua_dayseries_negate(&writer, negative);
		CHECK(same(finished(&writer), series));
	}

	check_periods(series, &days, 1 + n % 7, 0);
	check_periods(series, &days, 0, n & 1 ? 1 : n & 2 ? 3 : 12);
	if (days.count < 100)
	{
		int			window = 1 + n % 40;
		UaDayseries expected;
		Plain		none = {0};
		bool		possible = sums(&expected, rolling, &days, &none, window);

		CHECK_SUMS(ua_dayseries_rolling_sum(&writer, series, window),
				   expected, possible);
	}
}

/* What is true of any two series. */
static void
check_pair(UaDayseries a, UaDayseries b)
{
	Plain		days_a = plain(a);
	Plain		days_b = plain(b);
	UaDayseries expected;
	UaDayseriesWriter writer;
	UaDayTotals totals;
	bool		possible;
	UaDay		first;
	UaDay		last;

	CHECK((ua_dayseries_compare(a, b) < 0) == (ua_dayseries_compare(b, a) > 0));
	if (days_a.count > MOST_DAYS || days_b.count > MOST_DAYS)
		return;

	possible = sums(&expected, minus, &days_a, &days_b, 1);
	CHECK_SUMS(ua_dayseries_subtract(&writer, a, b), expected, possible);
	ua_totals_start(&totals, NULL);
	CHECK_SUMS((ua_totals_add(&totals, a), ua_totals_subtract(&totals, b),
				(void) ua_totals_write(&totals, &writer, false)), expected, possible);

	possible = sums(&expected, plus, &days_a, &days_b, 1);
	CHECK_SUMS(ua_dayseries_add(&writer, a, b), expected, possible);
	CHECK_SUMS(ua_dayseries_add(&writer, b, a), expected, possible);
	ua_totals_start(&totals, NULL);
	CHECK_SUMS((ua_totals_add(&totals, a), ua_totals_add(&totals, b),
				(void) ua_totals_write(&totals, &writer, false)), expected, possible);

	if (ua_dayseries_bounds(b, &first, &last))
	{
		UaDayseries slice;
		Plain		days;
		int64		next = 0;

		ua_dayseries_start(&writer);
		ua_dayseries_slice(&writer, a, first, last);
		slice = finished(&writer);
		days = plain(slice);
		for (int64 i = 0; i < days_a.count; i++)
		{
			if (days_a.days[i] < first || days_a.days[i] > last)
				continue;
			CHECK(next < days.count && days.days[next] == days_a.days[i] &&
				  days.values[next] == days_a.values[i]);
			next++;
		}
		CHECK(next == days.count);
	}
}

/* What is true of any one map. */
static void
check_map(UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;
	UaMapEntry	last = {NULL};
	UaMapWriter writer;
	StringInfoData text;
	int			count = 0;

	CHECK(ua_map_fault(map) == NULL);
	ua_map_start(&writer);
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
	{
		UaDayseries series;
		Plain		days = plain(entry.series);

		CHECK(ua_map_find(map, entry.label, entry.label_size, &series));
		CHECK(series.bytes == entry.series.bytes && series.size == entry.series.size);
		CHECK(!ua_dayseries_isempty(series));
		CHECK(last.label == NULL ||
			  ua_label_compare(last.label, last.label_size,
							   entry.label, entry.label_size) < 0);
		for (int64 i = 0; i < days.count; i++)
			ua_map_put(&writer, entry.label, entry.label_size,
					   days.days[i], days.values[i]);
		last = entry;
		count++;
	}
	CHECK(ua_map_count(map) == count);
	CHECK(ua_map_isempty(map) == (count == 0));
	CHECK(same_map(finished_map(&writer), map));

	/* Text holds labels of the server's encoding, which stop no string. */
	initStringInfo(&text);
	ua_map_to_text(&text, map);
	ua_map_start(&writer);
	ua_map_from_text(&writer, text.data);
	CHECK(same_map(finished_map(&writer), map));
	ua_map_to_json(&text, map);

	ua_map_start(&writer);
	ua_map_subtract(&writer, map, map);
	CHECK(ua_map_isempty(finished_map(&writer)));
	ua_map_start(&writer);
	ua_map_slice(&writer, map, UA_MIN_DAY, UA_MAX_DAY);
	CHECK(same_map(finished_map(&writer), map));
}

static UaDayseries
series_of(UaMap map, const UaMapEntry *entry)
{
	static const uint8 empty = DAYSERIES_VERSION;
	UaDayseries series;

	if (ua_map_find(map, entry->label, entry->label_size, &series))
		return series;
	return (UaDayseries) {&empty, 1};
}

/* Every label of the sum has the sum of both, and none is left out. */
static void
check_map_pair(UaMap a, UaMap b)
{
	UaMapWriter writer;
	UaMapTotals totals;
	UaMapReader reader;
	UaMapEntry	entry;
	UaMap		sum;
	UaMap		both[2] = {a, b};

	ua_map_start(&writer);
	if (!TRY(ua_map_add(&writer, a, b)))
		return;
	sum = finished_map(&writer);
	for (int i = 0; i < 2; i++)
	{
		ua_map_read(&reader, both[i]);
		while (ua_map_next(&reader, &entry))
		{
			UaDayseriesWriter series;

			ua_dayseries_start(&series);
			ua_dayseries_add(&series, series_of(a, &entry), series_of(b, &entry));
			CHECK(same(finished(&series), series_of(sum, &entry)));
		}
	}

	ua_map_start(&writer);
	ua_map_add(&writer, b, a);
	CHECK(same_map(finished_map(&writer), sum));
	ua_map_totals_start(&totals, NULL);
	ua_map_totals_add(&totals, a);
	ua_map_totals_add(&totals, b);
	ua_map_start(&writer);
	ua_map_totals_write(&totals, &writer, false);
	CHECK(same_map(finished_map(&writer), sum));

	/* twice, as zeros go with the first */
	ua_map_totals_subtract(&totals, a);
	for (int i = 0; i < 2; i++)
	{
		ua_map_start(&writer);
		ua_map_totals_write(&totals, &writer, false);
		CHECK(same_map(finished_map(&writer), b));
	}
	check_map(sum);
}

/* A source of numbers, zeros after its end. */
typedef struct Input
{
	const uint8_t *next;
	const uint8_t *end;
} Input;

static int
take_byte(Input *input)
{
	return input->next < input->end ? *input->next++ : 0;
}

static int64
take_value(Input *input)
{
	int			kind = take_byte(input);
	uint64		value = 0;

	if (kind < 100)
		return 1;
	for (int i = 0; i < (kind - 100) / 19; i++)
		value = value << 8 | take_byte(input);
	return kind & 1 ? (int64) value : -(int64) (value & PG_INT64_MAX);
}

/* Days mostly near each other, at times far away. */
static UaDayseries
take_series(Input *input, int most)
{
	UaDayseriesWriter writer;
	int64		day = (take_byte(input) - 128) * (int64) 64;

	ua_dayseries_start(&writer);
	for (int i = 0; i < most && input->next < input->end; i++)
	{
		int			step = take_byte(input);

		if (step == 255)
			break;
		day += step < 200 ? 1 + step % 9 : 1 + ((int64) 1 << (step - 200) % 30);
		if (!ua_is_day(day))
			break;
		ua_dayseries_put(&writer, (UaDay) day, take_value(input));
	}
	return finished(&writer);
}

static UaMap
take_map(Input *input)
{
	UaMapWriter writer;
	char		label[5];
	int			first = 0;

	ua_map_start(&writer);
	while (input->next < input->end && first < 255)
	{
		int			step = take_byte(input);

		/* ascending, and the same in other maps */
		if (step == 255)
			break;
		first += 1 + step % 50;
		if (first > 255)
			break;
		label[0] = (char) first;
		memcpy(label + 1, "{\", ", 4);
		ua_map_put_stored(&writer, label, 1 + step % 5, take_series(input, 8));
	}
	return finished_map(&writer);
}

static void
one_input(const uint8_t *data, size_t size)
{
	Input		input = {data + 1, data + size};
	uint8	   *bytes;

	if (size < 2)
		return;

	/* A copy of its own, so that reading past the end is seen. */
	bytes = palloc(size);
	memcpy(bytes, data + 1, size - 1);
	bytes[size - 1] = '\0';

	switch (data[0] % 6)
	{
		case 0:
			{
				UaDayseriesWriter writer;

				ua_dayseries_start(&writer);
				ua_dayseries_from_text(&writer, (char *) bytes);
				check_series(finished(&writer), size);
				break;
			}
		case 1:
			{
				UaMapWriter writer;

				ua_map_start(&writer);
				ua_map_from_text(&writer, (char *) bytes);
				check_map(finished_map(&writer));
				break;
			}
		case 2:
			{
				UaDayseries series = {memcpy(palloc(size - 1), bytes, size - 1), size - 1};

				if (ua_dayseries_fault(series) == NULL)
					check_series(series, size);
				break;
			}
		case 3:
			{
				UaMap		map = {memcpy(palloc(size - 1), bytes, size - 1), size - 1};

				if (ua_map_fault(map) == NULL)
					check_map(map);
				break;
			}
		case 4:
			{
				uint32		n = take_byte(&input);
				UaDayseries a = take_series(&input, 100);
				UaDayseries b = take_series(&input, 100);

				check_series(a, n);
				check_pair(a, b);
				break;
			}
		default:
			{
				UaMap		a = take_map(&input);
				UaMap		b = take_map(&input);

				check_map(a);
				check_map_pair(a, b);
				break;
			}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void) TRY(one_input(data, size));
	server_reset();
	return 0;
}
