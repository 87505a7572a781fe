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

/* Move what the planes count to the counts. */
static void
spill(UaDayCounter *counter, UaDayColumn *column)
{
	int			day;

	if (column->counts == NULL)
		column->counts = MemoryContextAllocZero(counter->columns.context,
												DAYS_PER_WORD * sizeof(int64));

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
			column->counts[day + i] = ua_sum(column->counts[day + i],
											 sums >> (8 * i) & 0xFF);
	}
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

void
ua_counter_write(UaDayCounter *counter, UaDayseriesWriter *result)
{
	UaWordTableScan scan;
	int32		word;
	uint64		address;

	ua_word_table_scan(&scan, &counter->columns);
	while (ua_word_table_next(&scan, &word, &address))
	{
		UaDayColumn *column = (UaDayColumn *) (uintptr_t) address;
		int64		values[DAYS_PER_WORD];
		uint64		bits = 0;
		int			count = 0;
		int			day;

		reduce(counter, column);
		spill(counter, column);
		for (day = 0; day < DAYS_PER_WORD; day++)
		{
			values[count] = column->counts[day];
			bits |= (uint64) (values[count] != 0) << day;
			count += values[count] != 0;
		}
		if (bits != 0)
			ua_dayseries_put_block(result, word, bits, values);
	}
}
