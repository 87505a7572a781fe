/*
 * dayset.c
 *		Fuzzing sets of days: text, binary values, and pairs of sets through
 *		every operation, compared with each other and with a day by day count;
 *		and the counters of days.
 */
#include "server.h"

#include "day_counter.h"

/* Day by day takes its time, so no larger sets are looked at like that. */
#define MOST_DAYS	500

/* A set that is made of bytes in one way or another is in its one form. */
static UaDays
checked(UaDayset *set)
{
	UaDays		days = UA_DAYS(set);

	CHECK(ua_days_fault(days) == NULL);
	return days;
}

static bool
same(UaDayset *set, UaDays days)
{
	return ua_days_equal(checked(set), days);
}

/* What is true of any one set. */
static void
check_set(UaDays days)
{
	UaDaysWalker walker;
	UaDay		first;
	UaDay		last;
	UaDay		day;
	UaDay		before = 0;
	int64		cardinality = ua_days_cardinality(days);
	int64		count = 0;
	int64		run = 0;
	int64		longest = 0;
	UaDaysSummary summary;
	char	   *text;
	UaDay	   *array;

	/* Centuries of days are as good as any. */
	if (days.size > 50 * MOST_DAYS / 8)
		return;
	text = ua_dayset_to_text(days);
	CHECK(same(ua_dayset_from_text(text), days));

	/* Huge sets take too long one by one. */
	if (cardinality > MOST_DAYS)
		return;

	array = palloc(sizeof(UaDay) * (cardinality + 1));
	ua_days_walk(&walker, days);
	while (ua_days_next_day(&walker, &day))
	{
		CHECK(count == 0 || day > before);
		CHECK(ua_days_contain_day(days, day));
		run = count > 0 && day == before + 1 ? run + 1 : 1;
		CHECK(run > 1 || count == 0 || !ua_days_contain_day(days, before + 1));
		longest = Max(longest, run);
		if (count % 64 == 0)
		{
			CHECK(ua_days_count(days, UA_MIN_DAY, day) == count + 1);
			CHECK(ua_days_count(days, day, UA_MAX_DAY) == cardinality - count);
			CHECK(ua_days_longest_run(days, day) == longest);
			CHECK(ua_days_last_until(days, day, &last) && last == day);
			CHECK(ua_days_last_until(days, day - 1, &last) == (count > 0));
			CHECK(count == 0 || last == before);
			CHECK(ua_days_run_until(days, day) == run);
			CHECK(ua_days_sum_up(days, day, &summary));
			CHECK(summary.last == day && summary.count == count + 1);
			CHECK(summary.longest_run == longest && summary.last_run == run);
			CHECK(summary.first == (count > 0 ? array[cardinality - 1] : day));
		}
		/* From the end, so that they have to be sorted. */
		array[cardinality - ++count] = day;
		before = day;
	}
	CHECK(cardinality == count);
	CHECK(ua_days_longest_run(days, UA_MAX_DAY) == longest);
	CHECK(ua_days_sum_up(days, UA_MAX_DAY, &summary) == (count > 0));
	CHECK(count == 0 || (summary.longest_run == longest && summary.last_run == run));
	CHECK(ua_days_bounds(days, &first, &last) == (count > 0));
	if (count > 0)
	{
		CHECK(first == array[count - 1] && last == array[0]);
		/* A bit a day of the span, and a header. */
		CHECK(VARHDRSZ + days.size <= 16 + ((uint64) last - first + 1) / 8 + 1);
	}
	CHECK(same(ua_dayset_from_array(array, count), days));
	CHECK(ua_days_contain(days, days));
	CHECK(ua_days_compare(days, days) == 0);
	CHECK(ua_days_overlap(days, days) == (count > 0));
	CHECK(same(ua_dayset_union(days, days), days));
	CHECK(same(ua_dayset_intersection(days, days), days));
	CHECK(ua_days_is_empty(checked(ua_dayset_difference(days, days))));
}

/* The first days of periods, one day after the other. */
static UaDayset *
slow_periods(UaDays days, int week_start, int months)
{
	UaDaysWalker walker;
	UaDay		day;
	UaDay	   *array = palloc(sizeof(UaDay) * (ua_days_cardinality(days) + 1));
	Size		count = 0;

	ua_days_walk(&walker, days);
	while (ua_days_next_day(&walker, &day))
	{
		if (months > 0)
		{
			int64		month = ua_month_of_day(day) + 12 * (int64) 100000;

			array[count++] = (UaDay) ua_first_day_of_month(month - month % months -
														   12 * (int64) 100000);
		}
		else
		{
			/* 2000-01-03 was a Monday. */
			int64		since = (int64) day - 2 - (week_start - 1) + 7 * (int64) 1000000000;

			array[count++] = day - (UaDay) (since % 7);
		}
	}
	return ua_dayset_from_array(array, count);
}

static UaDayset *
slow_trailing(UaDays days, int n)
{
	UaDaysWalker walker;
	UaDay		first;
	UaDay		last;
	UaDaysWriter writer;
	int64		done = PG_INT64_MIN;

	ua_days_write(&writer, VARHDRSZ, 0);
	ua_days_walk(&walker, days);
	while (ua_days_next_run(&walker, &first, &last))
	{
		for (int64 day = Max(first, done + 1); day <= (int64) last + n - 1; day++)
			ua_days_put_day(&writer, (UaDay) day);
		done = (int64) last + n - 1;
	}
	return ua_dayset_written(&writer);
}

static void
check_maps(UaDays days, int32 n)
{
	UaDayset   *result = NULL;
	int			week_start = 1 + (n & 0xFF) % 7;
	int			months = (n & 1) ? 1 : (n & 2) ? 3 : 12;
	int			window = 1 + (n & 0xFFF) % 200;

	/* There is no way back from the longest way. */
	if (n == PG_INT32_MIN)
		n++;

	if (TRY(result = ua_dayset_shift(days, n)))
	{
		CHECK(ua_days_cardinality(checked(result)) == ua_days_cardinality(days));
		CHECK(same(ua_dayset_shift(UA_DAYS(result), -n), days));
	}
	else
		CHECK(server_error_code == ERRCODE_DATETIME_VALUE_OUT_OF_RANGE);

	if (ua_days_cardinality(days) > MOST_DAYS)
		return;
	if (TRY(result = ua_dayset_trailing(days, window)))
		CHECK(same(slow_trailing(days, window), checked(result)));
	if (TRY(result = ua_dayset_trailing(days, 1 + (n & 0x3FFF))))
		CHECK(ua_days_contain(checked(result), days));
	if (TRY(result = ua_dayset_weeks(days, week_start)))
		CHECK(same(slow_periods(days, week_start, 0), checked(result)));
	if (TRY(result = ua_dayset_months(days, months)))
		CHECK(same(slow_periods(days, 0, months), checked(result)));
}

/* What is true of any two sets. */
static void
check_pair(UaDays a, UaDays b)
{
	UaDays		either = checked(ua_dayset_union(a, b));
	UaDays		both = checked(ua_dayset_intersection(a, b));
	UaDays		only_a = checked(ua_dayset_difference(a, b));
	UaDays		only_b = checked(ua_dayset_difference(b, a));
	int			order = ua_days_compare(a, b);
	UaDay		first;
	UaDay		last;

	CHECK(same(ua_dayset_union(b, a), either));
	CHECK(same(ua_dayset_intersection(b, a), both));
	CHECK(same(ua_dayset_union(only_a, both), a));
	CHECK(same(ua_dayset_union(checked(ua_dayset_union(only_a, only_b)), both), either));
	CHECK(!ua_days_overlap(only_a, b));
	CHECK(ua_days_overlap(a, b) == !ua_days_is_empty(both));
	CHECK(ua_days_contain(a, b) == ua_days_is_empty(only_b));
	CHECK(ua_days_contain(either, a) && ua_days_contain(a, both));
	CHECK(ua_days_cardinality(a) + ua_days_cardinality(b) ==
		  ua_days_cardinality(either) + ua_days_cardinality(both));
	CHECK((order == 0) == ua_days_equal(a, b));
	CHECK(ua_days_compare(b, a) == -order);

	if (ua_days_bounds(b, &first, &last) && (int64) last - first <= 50 * MOST_DAYS)
	{
		UaDays		run = checked(ua_dayset_from_run(first, last));

		CHECK(ua_days_cardinality(run) == (int64) last - first + 1);
		CHECK(same(ua_dayset_slice(a, first, last), checked(ua_dayset_intersection(a, run))));
		CHECK(same(ua_dayset_with_run(a, first, last), checked(ua_dayset_union(a, run))));
		CHECK(same(ua_dayset_without_run(a, first, last), checked(ua_dayset_difference(a, run))));
	}
	check_set(either);
	check_set(only_a);
}

/* Count sets by day; the counts are those of days that are looked up. */
static void
check_counts(UaDays a, UaDays b, int a_times, int b_times)
{
	UaDayCounter *counter = palloc(sizeof(UaDayCounter));
	UaDayCounter *other = palloc(sizeof(UaDayCounter));
	UaDayseriesWriter writer;
	UaDayseries series;
	uint8	   *bytes;
	UaDaysWalker walker;
	UaDay		day;

	if (ua_days_cardinality(a) + ua_days_cardinality(b) > MOST_DAYS)
		return;
	ua_counter_init(counter, CurrentMemoryContext);
	ua_counter_init(other, CurrentMemoryContext);
	for (int i = 0; i < Max(a_times, b_times); i++)
	{
		if (i < a_times)
			ua_counter_add(counter, a);
		if (i < b_times)
			ua_counter_add(i % 2 == 0 ? counter : other, b);
	}

	/* What the other one counted comes as a series. */
	for (int i = 0; i < 2; i++)
	{
		ua_dayseries_start(&writer);
		ua_counter_write(i == 0 ? other : counter, &writer);
		series.size = ua_dayseries_finish(&writer);
		series.bytes = bytes = palloc(series.size);
		ua_dayseries_store(&writer, bytes);
		CHECK(ua_dayseries_fault(series) == NULL);
		if (i == 0)
			ua_counter_add_counts(counter, series);
	}

	CHECK(ua_dayseries_total(series) == a_times * ua_days_cardinality(a) +
		  b_times * ua_days_cardinality(b));
	ua_days_walk(&walker, UA_DAYS(ua_dayset_union(a, b)));
	while (ua_days_next_day(&walker, &day))
		CHECK(ua_dayseries_value_on(series, day) ==
			  (ua_days_contain_day(a, day) ? a_times : 0) +
			  (ua_days_contain_day(b, day) ? b_times : 0));
}

/* A set of any bytes: their bits as days, with jumps. */
static UaDays
set_of_bytes(const uint8_t *data, size_t size)
{
	UaDaysWriter writer;
	UaDayset   *set;
	int64		day = 0;

	ua_days_write(&writer, VARHDRSZ, 0);
	if (size >= 3)
		day = (int64) (data[0] | data[1] << 8 | (int8) data[2] * 65536) * 16;
	for (size_t i = 3; i + 1 < size && ua_is_day(day); i += 2)
	{
		int			n = data[i + 1];

		/* A run, single days, or a jump that may be long. */
		if (data[i] < 100)
			ua_days_put_run(&writer, (UaDay) day, (UaDay) day + n);
		else if (data[i] < 200)
		{
			for (int bit = 0; bit < 8; bit++)
				if (n & (1 << bit))
					ua_days_put_day(&writer, (UaDay) day + bit);
		}
		else
			day += (int64) n * n * (data[i] - 199);
		day += data[i] < 100 ? n + 2 : 8;
	}
	set = ua_dayset_written(&writer);
	return UA_DAYS(set);
}

static void
one_input(const uint8_t *data, size_t size)
{
	uint8_t		mode = size > 0 ? data[0] % 3 : 0;
	UaDays		a;
	UaDays		b;
	size_t		half;

	if (size < 5)
		return;
	if (mode == 0)
	{
		char	   *text = palloc(size);

		memcpy(text, data + 1, size - 1);
		text[size - 1] = '\0';
		check_set(checked(ua_dayset_from_text(text)));
		return;
	}
	if (mode == 1)
	{
		/* A copy of its own, so that reading past the end is seen. */
		uint8	   *body = palloc(size - 1);

		memcpy(body, data + 1, size - 1);
		a = (UaDays) {body, size - 1};
		if (ua_days_fault(a) == NULL)
		{
			check_set(a);
			check_maps(a, (int32) size);
		}
		return;
	}

	half = 5 + (size - 5) / 2;
	a = set_of_bytes(data + 5, half - 5);
	b = set_of_bytes(data + half, size - half);
	check_set(a);
	check_pair(a, b);
	check_counts(a, b, data[1], 2 * data[2]);
	check_maps(a, (int32) (data[1] | data[2] << 8 | data[3] << 16 | (uint32) data[4] << 24));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void) TRY(one_input(data, size));
	server_reset();
	return 0;
}
