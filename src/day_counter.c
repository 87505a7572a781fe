/*
 * day_counter.c
 *		On each day, how many of many sets hold it.
 */
#include "postgres.h"

#include "day_counter.h"
#include "utils/memutils.h"

/* After so many rounds of 16 words a count may be 255, which is all 8 bits. */
#define MAX_ROUNDS	15

void
ua_counter_init(UaDayCounter *counter, MemoryContext context)
{
	ua_word_table_init(&counter->columns, context,
					   counter->window, DAY_COUNTER_WINDOW);
}

/* Add three words: the low and the high bits of the sums, from 0 to 3. */
static inline void
add_carry_save(uint64 *high, uint64 *low, uint64 a, uint64 b, uint64 c)
{
	uint64		half = a ^ b;

	*high = (a & b) | (half & c);
	*low = half ^ c;
}

/* Add what the planes count to 64 counts. */
static void
add_planes(const UaDayColumn *column, int64 *counts)
{
	int			day;

	/* Eight days at a time: spread the bits of each plane to bytes. */
	for (day = 0; day < DAYS_PER_WORD; day += 8)
	{
		uint64		sums = 0;
		int			i;

		for (i = 0; i < DAY_COLUMN_PLANES; i++)
		{
			uint64		bits = (column->planes[i] >> day) & 0xFF;

			bits *= UINT64CONST(0x0101010101010101);
			bits &= UINT64CONST(0x8040201008040201);
			bits += UINT64CONST(0x7F7F7F7F7F7F7F7F);
			sums |= (bits >> 7 & UINT64CONST(0x0101010101010101)) << i;
		}
		for (i = 0; i < 8; i++)
			counts[day + i] = ua_sum(counts[day + i], sums >> (8 * i) & 0xFF);
	}
}

/* Move what the planes count to the counts. */
static void
spill(UaDayCounter *counter, UaDayColumn *column)
{
	if (column->counts == NULL)
		column->counts = MemoryContextAllocZero(counter->columns.context,
												DAYS_PER_WORD * sizeof(int64));
	add_planes(column, column->counts);
	memset(column->planes, 0, sizeof(column->planes));
	column->rounds = 0;
}

/*
 * Add the pending words to the planes, by a tree of carry-save adders: Harley
 * and Seal's way to count bits (Warren, Hacker's Delight, 5-1), of which only
 * the last step, to count across a word, is not taken.
 */
static void
reduce(UaDayCounter *counter, UaDayColumn *column)
{
	const uint64 *w = column->pending;
	uint64	   *planes = column->planes;
	uint64		twos[2];
	uint64		fours[2];
	uint64		eights[2];
	uint64		carry;
	int			i;

	if (column->rounds == MAX_ROUNDS)
		spill(counter, column);

	for (i = column->pending_count; i < DAY_COLUMN_PENDING; i++)
		column->pending[i] = 0;

#define ADD_TWO(to, i) \
	add_carry_save(&twos[to], &planes[0], planes[0], w[(i)], w[(i) + 1])
#define ADD_FOUR(to, i) \
	(ADD_TWO(0, i), ADD_TWO(1, (i) + 2), \
	 add_carry_save(&fours[to], &planes[1], planes[1], twos[0], twos[1]))
#define ADD_EIGHT(to, i) \
	(ADD_FOUR(0, i), ADD_FOUR(1, (i) + 4), \
	 add_carry_save(&eights[to], &planes[2], planes[2], fours[0], fours[1]))

	ADD_EIGHT(0, 0);
	ADD_EIGHT(1, 8);
	add_carry_save(&carry, &planes[3], planes[3], eights[0], eights[1]);
	for (i = 4; i < DAY_COLUMN_PLANES; i++)
	{
		uint64		next = planes[i] & carry;

		planes[i] ^= carry;
		carry = next;
	}
	Assert(carry == 0);
	column->rounds++;
	column->pending_count = 0;
}

static inline UaDayColumn *
column_of(UaDayCounter *counter, int32 word)
{
	uint64	   *place = ua_word_table_find(&counter->columns, word);

	if (unlikely(*place == 0))
		*place = (uintptr_t) MemoryContextAllocZero(counter->columns.context,
													sizeof(UaDayColumn));
	return (UaDayColumn *) (uintptr_t) *place;
}

static inline void
add_word(UaDayCounter *counter, int32 word, uint64 bits)
{
	UaDayColumn *column = column_of(counter, word);

	column->pending[column->pending_count++] = bits;
	if (column->pending_count == DAY_COLUMN_PENDING)
		reduce(counter, column);
}

void
ua_counter_add_word(UaDayCounter *counter, int32 word, uint64 bits)
{
	add_word(counter, word, bits);
}

void
ua_counter_add(UaDayCounter *counter, UaDays days)
{
	UaDaysReader reader;
	int32		word;
	uint64		bits;

	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
		add_word(counter, word, bits);
}

void
ua_counter_add_count(UaDayCounter *counter, UaDay day, int64 count)
{
	UaDayColumn *column = column_of(counter, ua_word_of_day(day));
	int64	   *total;

	if (column->counts == NULL)
		spill(counter, column);
	total = &column->counts[day & (DAYS_PER_WORD - 1)];
	*total = ua_sum(*total, count);
}

void
ua_counter_add_counts(UaDayCounter *counter, UaDayseries counts)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	ua_dayseries_read(&reader, counts);
	while (ua_dayseries_next(&reader, &block))
	{
		UaDayColumn *column = column_of(counter, block.word);
		uint64		bits = block.bits;
		int			i;

		if (column->counts == NULL)
			spill(counter, column);
		for (i = 0; bits != 0; i++)
		{
			int			day = pg_rightmost_one_pos64(bits);

			column->counts[day] = ua_sum(column->counts[day], block.values[i]);
			bits &= bits - 1;
		}
	}
}

/* The words that a counter, or none, has counts of, one after the other. */
typedef struct ColumnScan
{
	UaDayCounter *counter;
	UaWordTableScan columns;
	int64		word;			/* PG_INT64_MAX after the last */
	UaDayColumn *column;
} ColumnScan;

static void
next_column(ColumnScan *scan)
{
	int32		word;
	uint64		address;

	if (ua_word_table_next(&scan->columns, &word, &address))
	{
		scan->word = word;
		scan->column = (UaDayColumn *) (uintptr_t) address;
	}
	else
		scan->word = PG_INT64_MAX;
}

static void
first_column(ColumnScan *scan, UaDayCounter *counter)
{
	scan->counter = counter;
	scan->word = PG_INT64_MAX;
	if (counter != NULL)
	{
		ua_word_table_scan(&scan->columns, &counter->columns);
		next_column(scan);
	}
}

/* The counts of a column; it takes no memory for them that it has not yet. */
static void
get_counts(ColumnScan *scan, int64 *counts)
{
	UaDayColumn *column = scan->column;

	reduce(scan->counter, column);
	if (column->counts != NULL)
		memcpy(counts, column->counts, DAYS_PER_WORD * sizeof(int64));
	else
		memset(counts, 0, DAYS_PER_WORD * sizeof(int64));
	add_planes(column, counts);
}

static void
put_counts(UaDayseriesWriter *result, int32 word, int64 *counts)
{
	uint64		bits = 0;
	int			count = 0;
	int			day;

	for (day = 0; day < DAYS_PER_WORD; day++)
	{
		int64		value = counts[day];

		counts[count] = value;
		bits |= (uint64) (value != 0) << day;
		count += value != 0;
	}
	if (bits != 0)
		ua_dayseries_put_block(result, word, bits, counts);
}

void
ua_counter_write(UaDayCounter *counter, UaDayseriesWriter *result)
{
	ua_counter_write_difference(counter, NULL, result);
}

void
ua_counter_write_difference(UaDayCounter *plus, UaDayCounter *minus,
							UaDayseriesWriter *result)
{
	ColumnScan	more;
	ColumnScan	less;

	first_column(&more, plus);
	first_column(&less, minus);
	for (;;)
	{
		int64		word = Min(more.word, less.word);
		int64		counts[DAYS_PER_WORD] = {0};

		if (word == PG_INT64_MAX)
			break;
		if (more.word == word)
		{
			get_counts(&more, counts);
			next_column(&more);
		}
		if (less.word == word)
		{
			int64		others[DAYS_PER_WORD];
			int			day;

			get_counts(&less, others);
			for (day = 0; day < DAYS_PER_WORD; day++)
				counts[day] = ua_difference(counts[day], others[day]);
			next_column(&less);
		}
		put_counts(result, (int32) word, counts);
	}
}

/* ---------- windows ---------- */

/* The days with one of the bits among the n that end with them, in a word. */
static inline uint64
widened(uint64 bits, int n)
{
	int			reach = 1;

	for (n = Min(n, DAYS_PER_WORD); reach < n; reach *= 2)
		bits |= bits << Min(reach, n - reach);
	return bits;
}

/* The days of a word before the one on which the last window is over. */
static inline uint64
days_before_end(int64 word, int64 end)
{
	int64		begin = word * DAYS_PER_WORD;

	if (end <= begin)
		return 0;
	return end - begin >= DAYS_PER_WORD ? ~UINT64CONST(0) :
		(UINT64CONST(1) << (end - begin)) - 1;
}

/* Count the words after one that windows go on into, up to another. */
static inline void
count_ends(UaDayCounter *counter, int64 after, int64 before, int64 end,
		   UaDay first, UaDay last)
{
	for (int64 word = after + 1; word < before && word * DAYS_PER_WORD < end; word++)
	{
		uint64		bits = ua_bits_within((int32) word, days_before_end(word, end),
										  first, last);

		if (bits != 0)
			ua_counter_add_word(counter, (int32) word, bits);
	}
}

void
ua_counter_add_windows(UaDayCounter *counter, UaDays days, int n, UaDay first, UaDay last)
{
	UaDaysReader reader;
	int32		word;
	uint64		bits;
	int64		done = 0;
	int64		end = PG_INT64_MIN; /* of the last window */

	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
	{
		bits = ua_bits_within(word, bits, first, last);
		if (bits == 0)
			continue;
		count_ends(counter, done, word, end, first, last);
		ua_counter_add_word(counter, word,
							ua_bits_within(word, widened(bits, n) | days_before_end(word, end),
										   first, last));
		done = word;
		end = (int64) ua_day_of_word(word) + pg_leftmost_one_pos64(bits) + n;
	}
	count_ends(counter, done, (int64) ua_word_of_day(UA_MAX_DAY) + 1, end, first, last);
}
