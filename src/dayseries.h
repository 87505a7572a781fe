/*
 * dayseries.h
 *		Days with a number each: the stored form of dayseries, and its algebra.
 *
 * Pure computation on bytes: nothing here knows about fmgr. What can fail is
 * reported as an error (22003 where a sum leaves int8, 22008 where a day is no
 * date, 54000 where a value would grow too large).
 *
 * Stored, after the varlena header:
 *
 *		header		1 byte: version, DAYSERIES_SEVERAL, the width of a value
 *		length		of the days in bytes, a varint
 *		first		the grid position of the first of them, a varint of its
 *					zigzag form (0, -1, 1, -2, ...)
 *		days		as in a dayset, behind its own first; DAYSERIES_SEVERAL
 *					stands for DAYSET_SEVERAL
 *		values		one a day, in the days' order: two's complement, the low
 *					byte first, width bytes each
 *
 * The width is the least that holds every value, from 1 to 8; it is 0 where
 * every value is 1, so that then only the days are stored. No value is 0. With
 * that, equal series are equal bytes. The empty series is the header alone,
 * with a width of 0.
 *
 * States of aggregates alone, which no function but theirs reads, also have
 * sums beyond int8, as long as further rows may bring them back:
 *
 *		header		1 byte: DAYSERIES_WIDE
 *		length		of the carries in bytes, a varint
 *		carries		a series: what is to be added 2^64 times
 *		rest		a series: what is to be added to that
 */
#ifndef UA_DAYSERIES_H
#define UA_DAYSERIES_H

#include "common/int.h"
#include "dayset.h"
#include "varint.h"

#define DAYSERIES_VERSION	0x20
#define DAYSERIES_SEVERAL	0x10
#define DAYSERIES_WIDTH		0x0F
#define DAYSERIES_WIDE		0x40

/* What comes before the days. */
#define UA_DAYSERIES_HEAD_MAX	(1 + 2 * UA_VARINT_MAX)

/* A stored series: the bytes after the varlena header, wherever they are. */
typedef struct UaDayseries
{
	const uint8 *bytes;
	Size		size;
} UaDayseries;

/* The days of one word: day 64 * word + bit for each bit, values in order. */
typedef struct UaDayseriesBlock
{
	int32		word;
	uint64		bits;
	int64		values[64];
} UaDayseriesBlock;

/*
 * Reading: the non-empty blocks in order, each once.
 *
 *		ua_dayseries_read(&reader, series);
 *		while (ua_dayseries_next(&reader, &block))
 *			...
 */
typedef struct UaDayseriesReader
{
	UaDaysReader days;
	const uint8 *values;		/* of the days that were not read yet */
	int			width;
} UaDayseriesReader;

extern void ua_dayseries_read(UaDayseriesReader *reader, UaDayseries series);
extern bool ua_dayseries_next(UaDayseriesReader *reader,
							  UaDayseriesBlock *block);

/* The same, of each block the days with a value above 0 alone: maybe none. */
extern bool ua_dayseries_next_positive(UaDayseriesReader *reader,
									   int32 *word, uint64 *bits);

/*
 * Writing: days in ascending order, each once, then the bytes.
 *
 *		ua_dayseries_start(&writer);
 *		ua_dayseries_put(&writer, day, value); ...
 *		size = ua_dayseries_finish(&writer);
 *		ua_dayseries_store(&writer, bytes);
 *
 * Days with a value of 0 are left out. A writer lives where it was started: it
 * may point into itself, so it cannot be copied. What it allocates, in the
 * memory context that was current at its start, ua_dayseries_restart() keeps
 * for the next series and ua_dayseries_release() frees.
 */
typedef struct UaDayseriesWriter
{
	UaDaysWriter days;
	int64	   *values;
	Size		count;
	Size		capacity;
	MemoryContext context;
	uint64		magnitude;		/* all bits that a value, or its complement, has */
	uint64		not_one;		/* all bits in which a value differs from 1 */
	uint8		head[UA_DAYSERIES_HEAD_MAX];	/* set by ua_dayseries_finish() */
	int			head_size;
	Size		days_size;
	int			width;
	UaDayseries carries;		/* size 0 where there are none */
	int64		room[64];
} UaDayseriesWriter;

extern void ua_dayseries_start(UaDayseriesWriter *writer);
extern void ua_dayseries_restart(UaDayseriesWriter *writer);
extern void ua_dayseries_put(UaDayseriesWriter *writer,
							 UaDay day, int64 value);
extern void ua_dayseries_put_block(UaDayseriesWriter *writer, int32 word,
								   uint64 bits, const int64 *values);
extern void ua_dayseries_put_carries(UaDayseriesWriter *writer,
									 UaDayseriesWriter *carries);
extern Size ua_dayseries_finish(UaDayseriesWriter *writer);
extern void ua_dayseries_store(const UaDayseriesWriter *writer, uint8 *to);
extern void ua_dayseries_release(UaDayseriesWriter *writer);

/*
 * NULL where the bytes are a series just as a writer would store it, otherwise
 * what is wrong with them, as a sentence.
 */
extern const char *ua_dayseries_fault(UaDayseries series);

/* The carries of a wide series, of which the rest remains. */
extern UaDayseries ua_dayseries_take_carries(UaDayseries *series);

static inline bool
ua_dayseries_is_wide(UaDayseries series)
{
	return series.size > 0 && series.bytes[0] == DAYSERIES_WIDE;
}

/* Asking. */
extern bool ua_dayseries_isempty(UaDayseries series);
extern int64 ua_dayseries_cardinality(UaDayseries series);
extern bool ua_dayseries_bounds(UaDayseries series,
								UaDay *first, UaDay *last);
extern int64 ua_dayseries_total(UaDayseries series);
extern int64 ua_dayseries_value_on(UaDayseries series, UaDay day);
extern int	ua_dayseries_compare(UaDayseries a, UaDayseries b);

/* Take the lowest bit off a word, which is not zero, and return its number. */
static inline int
ua_take_bit(uint64 *bits)
{
	int			bit = pg_rightmost_one_pos64(*bits);

	*bits &= *bits - 1;
	return bit;
}

/* The days of a block with a value above 0. */
static inline uint64
ua_dayseries_positive_bits(const UaDayseriesBlock *block)
{
	uint64		rest = block->bits;
	uint64		positive = 0;

	for (int i = 0; rest != 0; i++, rest &= rest - 1)
		if (block->values[i] > 0)
			positive |= rest & -rest;
	return positive;
}

/* The days with a value above 0. */
extern void ua_dayseries_positive(UaDaysWriter *result, UaDayseries series);

/*
 * Making series out of series. Each puts its result into a writer that was
 * started, or restarted, and leaves it unfinished.
 */
extern void ua_dayseries_copy(UaDayseriesWriter *result, UaDayseries series);
extern void ua_dayseries_add(UaDayseriesWriter *result,
							 UaDayseries a, UaDayseries b);
extern void ua_dayseries_subtract(UaDayseriesWriter *result,
								  UaDayseries a, UaDayseries b);
extern void ua_dayseries_negate(UaDayseriesWriter *result, UaDayseries series);

/* The days from first to last, both included. */
extern void ua_dayseries_slice(UaDayseriesWriter *result, UaDayseries series,
							   UaDay first, UaDay last);

/* On each day d, the sum over the days in (d - n, d]. */
extern void ua_dayseries_rolling_sum(UaDayseriesWriter *result,
									 UaDayseries series, int32 n);

/* The sums of periods, on their first days. */
extern void ua_dayseries_by_week(UaDayseriesWriter *result, UaDayseries series,
								 int week_start);
extern void ua_dayseries_by_month(UaDayseriesWriter *result,
								  UaDayseries series, int months);

/* a + b and a - b, or the error 22003 */
extern void ua_bigint_out_of_range(void);

static inline int64
ua_sum(int64 a, int64 b)
{
	int64		sum;

	if (unlikely(pg_add_s64_overflow(a, b, &sum)))
		ua_bigint_out_of_range();
	return sum;
}

static inline int64
ua_difference(int64 a, int64 b)
{
	int64		difference;

	if (unlikely(pg_sub_s64_overflow(a, b, &difference)))
		ua_bigint_out_of_range();
	return difference;
}

/*
 * A sum of any number of values, whatever their order: it is low + 2^64 *
 * carry, and has to be an int8 at the end alone.
 */
typedef struct UaWideSum
{
	int64		low;
	int64		carry;
} UaWideSum;

static inline void
ua_wide_add(UaWideSum *sum, int64 value)
{
	int64		low;

	if (unlikely(pg_add_s64_overflow(sum->low, value, &low)))
	{
		low = (int64) ((uint64) sum->low + (uint64) value);
		sum->carry += value < 0 ? -1 : 1;
	}
	sum->low = low;
}

/* The sum, or the error 22003 */
static inline int64
ua_wide_value(UaWideSum sum)
{
	if (sum.carry != 0)
		ua_bigint_out_of_range();
	return sum.low;
}

#endif							/* UA_DAYSERIES_H */
