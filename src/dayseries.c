/*
 * dayseries.c
 *		Days with a number each: the stored form of dayseries, and its algebra.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "dayseries.h"
#include "periods.h"

void
ua_bigint_out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("bigint out of range")));
}

/*
 * Values in their stored form. Called with a constant width, these become
 * loads and stores.
 */
static inline int64
load_value(const uint8 *from, int width)
{
	uint64		value = 0;

	for (int i = 0; i < width; i++)
		value |= (uint64) from[i] << (8 * i);
	/* carry the sign up */
	return (int64) (value << (64 - 8 * width)) >> (64 - 8 * width);
}

static inline void
store_value(uint8 *to, int width, int64 value)
{
	for (int i = 0; i < width; i++)
		to[i] = (uint8) ((uint64) value >> (8 * i));
}

#define FOR_WIDTH(w) \
	case w: \
		for (Size i = 0; i < count; i++) \
			EACH(w); \
		break

#define FOR_ALL_WIDTHS() \
	FOR_WIDTH(1); \
	FOR_WIDTH(2); \
	FOR_WIDTH(3); \
	FOR_WIDTH(4); \
	FOR_WIDTH(5); \
	FOR_WIDTH(6); \
	FOR_WIDTH(7); \
	FOR_WIDTH(8)

static void
load_values(const uint8 *from, int width, Size count, int64 *to)
{
#define EACH(w) to[i] = load_value(from + i * (w), w)
	Assert(width >= 0 && width <= 8);
	switch (width)
	{
		case 0:
			for (Size i = 0; i < count; i++)
				to[i] = 1;
			break;
			FOR_ALL_WIDTHS();
	}
#undef EACH
}

static void
store_values(uint8 *to, int width, Size count, const int64 *from)
{
#define EACH(w) store_value(to + i * (w), w, from[i])
	switch (width)
	{
		case 0:
			break;
			FOR_ALL_WIDTHS();
	}
#undef EACH
}

/* The width for values of which these are all the bits: see the writer. */
static int
least_width(uint64 magnitude, uint64 not_one)
{
	if (not_one == 0)
		return 0;
	if (magnitude == 0)
		return 1;
	/* one bit more for the sign, rounded up to bytes */
	return (pg_leftmost_one_pos64(magnitude) + 2 + 7) / 8;
}

/* Small numbers of either sign as small unsigned ones. */
static inline uint32
zigzag_encode(int32 number)
{
	return (uint32) number << 1 ^ (uint32) (number >> 31);
}

static inline int32
zigzag_decode(uint32 code)
{
	return (int32) (code >> 1 ^ -(code & 1));
}

/*
 * Reading
 */

/*
 * A reader of the days alone; returns where the values are. The reader of
 * dayset.h is set up as it would be by a dayset's own flags and first.
 */
static inline const uint8 *
read_days(UaDaysReader *days, UaDayseries series)
{
	const uint8 *at = series.bytes;
	uint32		length = 0;
	uint32		first = 0;

	if (series.size < 1 ||
		(*at & ~(DAYSERIES_SEVERAL | DAYSERIES_WIDTH)) != DAYSERIES_VERSION)
	{
		if (ua_dayseries_is_wide(series))
			ua_bigint_out_of_range();
		ua_days_corrupted();
	}
	days->several = (*at++ & DAYSERIES_SEVERAL) != 0;
	if (series.size > 1)
	{
		at += ua_varint_load(at, &length);
		at += ua_varint_load(at, &first);
	}
	days->body = days->next = at;
	days->segment_end = days->end = at + length;
	days->byte = zigzag_decode(first);
	if (days->several)
	{
		days->segment_end = NULL;
		ua_days_next_segment(days);
	}
	return at + length;
}

void
ua_dayseries_read(UaDayseriesReader *reader, UaDayseries series)
{
	reader->values = read_days(&reader->days, series);
	reader->width = series.bytes[0] & DAYSERIES_WIDTH;
}

bool
ua_dayseries_next(UaDayseriesReader *reader, UaDayseriesBlock *block)
{
	int			count;

	if (!ua_days_next(&reader->days, &block->word, &block->bits))
		return false;
	count = pg_popcount64(block->bits);
	Assert(count > 0);
	load_values(reader->values, reader->width, count, block->values);
	reader->values += (Size) count * reader->width;
	return true;
}

bool
ua_dayseries_next_positive(UaDayseriesReader *reader, int32 *word, uint64 *bits)
{
	int			width = reader->width;
	const uint8 *signs = reader->values + width - 1;
	uint8		all = 0;
	int			count;

	if (!ua_days_next(&reader->days, word, bits))
		return false;
	if (width == 0)
		return true;
	count = pg_popcount64(*bits);
	reader->values += (Size) count * width;

	/* No value is 0, so it is below where the highest bit is set, which is rare. */
	for (int i = 0; i < count; i++)
		all |= signs[(Size) i * width];
	if (unlikely(all & 0x80))
	{
		uint64		rest = *bits;

		for (int i = 0; i < count; i++, rest &= rest - 1)
			if (signs[(Size) i * width] & 0x80)
				*bits ^= rest & -rest;
	}
	return true;
}

/*
 * Writing
 */

/* What the days of a month take, and some more. */
#define DAYS_SIZE_AT_FIRST	32

static void
start_empty(UaDayseriesWriter *writer)
{
	writer->count = 0;
	writer->magnitude = 0;
	writer->not_one = 0;
	writer->carries.size = 0;
}

static void
free_carries(UaDayseriesWriter *writer)
{
	if (unlikely(writer->carries.size > 0))
		pfree((void *) writer->carries.bytes);
}

void
ua_dayseries_start(UaDayseriesWriter *writer)
{
	ua_days_write(&writer->days, 0, DAYS_SIZE_AT_FIRST);
	writer->values = writer->room;
	writer->capacity = lengthof(writer->room);
	writer->context = CurrentMemoryContext;
	start_empty(writer);
}

void
ua_dayseries_restart(UaDayseriesWriter *writer)
{
	ua_days_rewrite(&writer->days);
	free_carries(writer);
	start_empty(writer);
}

void
ua_dayseries_release(UaDayseriesWriter *writer)
{
	pfree(writer->days.chunk);
	free_carries(writer);
	if (writer->values != writer->room)
		pfree(writer->values);
}

/* As many values as can be put together in one piece of memory. */
#define MOST_DAYS	((int64) (MaxAllocSize / sizeof(int64)))

static void
check_count(int64 count)
{
	if (count > MOST_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("dayseries would be too large"),
				 errdetail("A series can have up to %d days.",
						   (int) MOST_DAYS)));
}

/* Room for so many values. */
static void
grow(UaDayseriesWriter *writer, Size needed)
{
	int64	   *values;
	Size		capacity;

	CHECK_FOR_INTERRUPTS();
	check_count(needed);
	capacity = Min(Max(needed, writer->capacity * 2), (Size) MOST_DAYS);
	if (writer->values != writer->room)
		values = repalloc(writer->values, capacity * sizeof(int64));
	else
	{
		values = MemoryContextAlloc(writer->context, capacity * sizeof(int64));
		memcpy(values, writer->room, writer->count * sizeof(int64));
	}
	writer->values = values;
	writer->capacity = capacity;
}

static inline void
note_value(UaDayseriesWriter *writer, int64 value)
{
	writer->magnitude |= (uint64) (value ^ (value >> 63));
	writer->not_one |= (uint64) (value ^ 1);
}

void
ua_dayseries_put(UaDayseriesWriter *writer, UaDay day, int64 value)
{
	if (value == 0)
		return;
	if (unlikely(writer->count == writer->capacity))
		grow(writer, writer->count + 1);
	writer->values[writer->count++] = value;
	note_value(writer, value);
	ua_days_put_day(&writer->days, day);
}

void
ua_dayseries_put_block(UaDayseriesWriter *writer, int32 word,
					   uint64 bits, const int64 *values)
{
	int			count = pg_popcount64(bits);
	bool		zeros = false;
	int64	   *to;

	if (unlikely(writer->count + count > writer->capacity))
		grow(writer, writer->count + count);
	to = writer->values + writer->count;

	for (int i = 0; i < count; i++)
	{
		to[i] = values[i];
		zeros |= values[i] == 0;
	}
	if (zeros)
	{
		uint64		rest = bits;

		count = 0;
		for (int i = 0; rest != 0; i++)
		{
			int			bit = ua_take_bit(&rest);

			if (values[i] == 0)
				bits &= ~(UINT64CONST(1) << bit);
			else
				to[count++] = values[i];
		}
	}
	for (int i = 0; i < count; i++)
		note_value(writer, to[i]);
	writer->count += count;
	ua_days_put(&writer->days, word, bits);
}

/* Carries, still in their writer; once, to a series that becomes a state. */
void
ua_dayseries_put_carries(UaDayseriesWriter *writer, UaDayseriesWriter *carries)
{
	uint8	   *bytes;

	Assert(writer->carries.size == 0);
	writer->carries.size = ua_dayseries_finish(carries);
	bytes = MemoryContextAlloc(writer->context, writer->carries.size);
	ua_dayseries_store(carries, bytes);
	writer->carries.bytes = bytes;
}

UaDayseries
ua_dayseries_take_carries(UaDayseries *series)
{
	UaDayseries carries;
	uint32		length;

	carries.bytes = series->bytes + 1;
	carries.bytes += ua_varint_load(carries.bytes, &length);
	carries.size = length;
	series->size -= carries.bytes + length - series->bytes;
	series->bytes = carries.bytes + length;
	return carries;
}

Size
ua_dayseries_finish(UaDayseriesWriter *writer)
{
	uint8	   *head = writer->head;
	Size		size;

	writer->width = least_width(writer->magnitude, writer->not_one);
	writer->days_size = 0;
	*head++ = DAYSERIES_VERSION | writer->width;
	if (writer->count > 0)
	{
		const uint8 *body;

		writer->days_size = ua_days_written(&writer->days) - DAYSET_HEADER;
		body = writer->days.chunk;
		if (body[0] & DAYSET_SEVERAL)
			writer->head[0] |= DAYSERIES_SEVERAL;
		head += ua_varint_store(head, (uint32) writer->days_size);
		head += ua_varint_store(head,
								zigzag_encode(ua_load_position(body + 1)));
	}
	writer->head_size = head - writer->head;
	size = writer->head_size + writer->days_size +
		writer->count * writer->width;
	if (unlikely(writer->carries.size > 0))
		size += 1 + ua_varint_size((uint32) writer->carries.size) +
			writer->carries.size;
	return size;
}

void
ua_dayseries_store(const UaDayseriesWriter *writer, uint8 *to)
{
	if (unlikely(writer->carries.size > 0))
	{
		*to++ = DAYSERIES_WIDE;
		to += ua_varint_store(to, (uint32) writer->carries.size);
		memcpy(to, writer->carries.bytes, writer->carries.size);
		to += writer->carries.size;
	}
	memcpy(to, writer->head, writer->head_size);
	to += writer->head_size;
	memcpy(to, writer->days.chunk + DAYSET_HEADER, writer->days_size);
	to += writer->days_size;
	store_values(to, writer->width, writer->count, writer->values);
}

/* What is wrong with the days: they are put together as those of a dayset. */
static const char *
days_fault(bool several, int32 first, const uint8 *bytes, Size length)
{
	Size		size = DAYSET_HEADER + length;
	uint8	   *body = palloc(size);
	const char *fault;

	body[0] = DAYSET_VERSION | (several ? DAYSET_SEVERAL : 0);
	for (int i = 0; i < 4; i++)
		body[1 + i] = (uint8) ((uint32) first >> (8 * i));
	memcpy(body + DAYSET_HEADER, bytes, length);
	fault = ua_days_fault((UaDays) {body, size});
	pfree(body);
	return fault;
}

/* Everything that ua_dayseries_read() relies on is looked at before it runs. */
const char *
ua_dayseries_fault(UaDayseries series)
{
	const uint8 *end = series.bytes + series.size;
	const uint8 *at = series.bytes;
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	const char *fault;
	uint64		magnitude = 0;
	uint64		not_one = 0;
	uint32		length;
	uint32		first;
	int			taken;
	int			width;

	if (series.size < 1)
		return "The value is cut short.";
	if ((*at & ~(DAYSERIES_SEVERAL | DAYSERIES_WIDTH)) != DAYSERIES_VERSION)
		return "The version is unknown.";
	width = *at++ & DAYSERIES_WIDTH;
	if (series.size == 1)
		return series.bytes[0] == DAYSERIES_VERSION ? NULL :
			"An empty series has no values.";
	if (width > 8)
		return "The width of values is out of range.";

	taken = ua_varint_check(at, end - at, &length);
	at += taken;
	if (taken == 0 || length == 0 || length > end - at)
		return "The length of the days is out of range.";
	taken = ua_varint_check(at, end - at, &first);
	at += taken;
	if (taken == 0 || length > end - at)
		return "The length of the days is out of range.";
	fault = days_fault((series.bytes[0] & DAYSERIES_SEVERAL) != 0,
					   zigzag_decode(first), at, length);
	if (fault != NULL)
		return fault;
	at += length;
	if ((Size) (end - at) !=
		(Size) ua_dayseries_cardinality(series) * width)
		return "There is not a value for each day.";

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		int			count = pg_popcount64(block.bits);

		for (int i = 0; i < count; i++)
		{
			if (block.values[i] == 0)
				return "A value is 0.";
			magnitude |= (uint64) (block.values[i] ^ (block.values[i] >> 63));
			not_one |= (uint64) (block.values[i] ^ 1);
		}
	}
	if (width != least_width(magnitude, not_one))
		return "Values are wider than they need to be.";
	return NULL;
}

/*
 * Asking
 */

bool
ua_dayseries_isempty(UaDayseries series)
{
	return series.size == 1;
}

int64
ua_dayseries_cardinality(UaDayseries series)
{
	UaDaysReader days;
	int32		word;
	uint64		bits;
	int64		count = 0;

	read_days(&days, series);
	while (ua_days_next(&days, &word, &bits))
		count += pg_popcount64(bits);
	return count;
}

/* The first and the last day; false where there is none. */
bool
ua_dayseries_bounds(UaDayseries series, UaDay *first, UaDay *last)
{
	UaDaysReader days;
	int32		word;
	uint64		bits;
	bool		any = false;

	read_days(&days, series);
	while (ua_days_next(&days, &word, &bits))
	{
		if (!any)
			*first = ua_day_of_word(word) + pg_rightmost_one_pos64(bits);
		*last = ua_day_of_word(word) + pg_leftmost_one_pos64(bits);
		any = true;
	}
	return any;
}

int64
ua_dayseries_total(UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	UaWideSum	total = {0};

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		int			count = pg_popcount64(block.bits);

		for (int i = 0; i < count; i++)
			ua_wide_add(&total, block.values[i]);
	}
	return ua_wide_value(total);
}

/* Up to 8 bytes of a series as a word. */
static inline uint64
load_bytes(UaDayseries series, const uint8 *from, int count)
{
	const uint8 *last_word = series.bytes + series.size - BYTES_PER_WORD;
	uint64		word = 0;

	/* no load goes beyond the series */
	if (likely(series.size >= BYTES_PER_WORD))
	{
		const uint8 *at = Min(from, last_word);

		word = ua_load_word(at) >> (8 * (from - at));
		return word & ~UINT64CONST(0) >> (64 - 8 * count);
	}
	while (count-- > 0)
		word = word << 8 | from[count];
	return word;
}

/* How many days there are in so many bytes of the grid. */
static inline Size
count_days(UaDayseries series, const uint8 *from, Size size)
{
	Size		count = 0;

	for (; size > BYTES_PER_WORD; from += BYTES_PER_WORD, size -= BYTES_PER_WORD)
		count += pg_popcount64(ua_load_word(from));
	return size == 0 ? count : count + pg_popcount64(load_bytes(series, from, size));
}

/*
 * The reader at the last segment of several that begins before a byte of the
 * grid or with it, or at the first; the days in those before are counted.
 */
static pg_noinline UaDaysReader
segment_of(UaDayseries series, UaDaysReader days, int32 byte, Size *before)
{
	while (byte - (int64) days.byte >= days.segment_end - days.next &&
		   days.segment_end < days.end)
	{
		Size		length = days.segment_end - days.next;

		*before += count_days(series, days.next, length);
		days.next += length;
		days.byte += (int32) length;
		ua_days_next_segment(&days);
	}
	return days;
}

/* The value on a day, 0 where there is none; the days before are only counted. */
int64
ua_dayseries_value_on(UaDayseries series, UaDay day)
{
	UaDaysReader days;
	const uint8 *values = read_days(&days, series);
	int			width = series.bytes[0] & DAYSERIES_WIDTH;
	int32		byte = day >> 3;
	uint8		bit = 1 << (day & 7);
	Size		before = 0;
	int64		offset;
	uint64		value;

	if (unlikely(days.several))
		days = segment_of(series, days, byte, &before);
	offset = (int64) byte - days.byte;
	if (offset < 0 || offset >= days.segment_end - days.next ||
		(days.next[offset] & bit) == 0)
		return 0;
	if (width == 0)
		return 1;
	before += count_days(series, days.next, offset) +
		pg_number_of_ones[days.next[offset] & (bit - 1)];
	value = load_bytes(series, values + before * width, width);
	return (int64) (value << (64 - 8 * width)) >> (64 - 8 * width);
}

/*
 * A total order that agrees with equality, and has no other meaning: that of
 * the stored bytes.
 */
int
ua_dayseries_compare(UaDayseries a, UaDayseries b)
{
	int			order = memcmp(a.bytes, b.bytes, Min(a.size, b.size));

	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

void
ua_dayseries_positive(UaDaysWriter *result, UaDayseries series)
{
	UaDayseriesReader reader;
	int32		word;
	uint64		positive;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next_positive(&reader, &word, &positive))
	{
		if (positive != 0)
			ua_days_put(result, word, positive);
	}
}

/*
 * Making series out of series
 */

void
ua_dayseries_copy(UaDayseriesWriter *result, UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
		ua_dayseries_put_block(result, block.word, block.bits, block.values);
}

static void
negate_block(UaDayseriesBlock *block)
{
	int			count = pg_popcount64(block->bits);

	for (int i = 0; i < count; i++)
		block->values[i] = ua_difference(0, block->values[i]);
}

void
ua_dayseries_negate(UaDayseriesWriter *result, UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		negate_block(&block);
		ua_dayseries_put_block(result, block.word, block.bits, block.values);
	}
}

/* Put the sum or difference of two blocks of the same word. */
static void
put_combined(UaDayseriesWriter *result, const UaDayseriesBlock *a,
			 const UaDayseriesBlock *b, bool subtract)
{
	int64		values[64];
	uint64		bits = a->bits | b->bits;
	const int64 *from_a = a->values;
	const int64 *from_b = b->values;

	for (int i = 0; bits != 0; i++)
	{
		int			bit = ua_take_bit(&bits);
		int64		left = (a->bits >> bit & 1) ? *from_a++ : 0;
		int64		right = (b->bits >> bit & 1) ? *from_b++ : 0;

		values[i] = subtract ? ua_difference(left, right) : ua_sum(left, right);
	}
	ua_dayseries_put_block(result, a->word, a->bits | b->bits, values);
}

static void
combine(UaDayseriesWriter *result, UaDayseries a, UaDayseries b, bool subtract)
{
	UaDayseriesReader reader_a,
				reader_b;
	UaDayseriesBlock block_a,
				block_b;
	bool		more_a,
				more_b;

	ua_dayseries_read(&reader_a, a);
	ua_dayseries_read(&reader_b, b);
	more_a = ua_dayseries_next(&reader_a, &block_a);
	more_b = ua_dayseries_next(&reader_b, &block_b);
	while (more_a || more_b)
	{
		bool		use_a = more_a && (!more_b || block_a.word <= block_b.word);
		bool		use_b = more_b && (!more_a || block_b.word <= block_a.word);

		if (use_a && use_b)
			put_combined(result, &block_a, &block_b, subtract);
		else if (use_a)
			ua_dayseries_put_block(result, block_a.word, block_a.bits,
								   block_a.values);
		else
		{
			if (subtract)
				negate_block(&block_b);
			ua_dayseries_put_block(result, block_b.word, block_b.bits,
								   block_b.values);
		}
		if (use_a)
			more_a = ua_dayseries_next(&reader_a, &block_a);
		if (use_b)
			more_b = ua_dayseries_next(&reader_b, &block_b);
	}
}

void
ua_dayseries_add(UaDayseriesWriter *result, UaDayseries a, UaDayseries b)
{
	combine(result, a, b, false);
}

void
ua_dayseries_subtract(UaDayseriesWriter *result, UaDayseries a, UaDayseries b)
{
	combine(result, a, b, true);
}

void
ua_dayseries_slice(UaDayseriesWriter *result, UaDayseries series,
				   UaDay first, UaDay last)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	if (first > last)
		return;
	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block) &&
		   block.word <= ua_word_of_day(last))
	{
		const int64 *values = block.values;

		if (block.word < ua_word_of_day(first))
			continue;
		if (block.word == ua_word_of_day(first))
		{
			uint64		before = block.bits & ua_bits_before(first);

			values += pg_popcount64(before);
			block.bits ^= before;
		}
		if (block.word == ua_word_of_day(last))
			block.bits &= ua_bits_until(last);
		if (block.bits != 0)
			ua_dayseries_put_block(result, block.word, block.bits, values);
	}
}

/* sum - gone + come, which may leave int8 on the way but not at the end */
static int64
slide(int64 sum, int64 gone, int64 come)
{
	int64		between;

	if (!pg_sub_s64_overflow(sum, gone, &between))
		return ua_sum(between, come);
	return ua_difference(ua_sum(sum, come), gone);
}

/*
 * The sum only changes on a day of the series and n days after one: readers
 * of both walk on together, and between changes the sum is repeated.
 */
typedef struct DayCursor
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	int			next;
	int64		day;			/* PG_INT64_MAX after the last */
	int64		value;
} DayCursor;

static void
advance(DayCursor *cursor)
{
	if (cursor->block.bits == 0)
	{
		cursor->next = 0;
		if (!ua_dayseries_next(&cursor->reader, &cursor->block))
		{
			cursor->day = PG_INT64_MAX;
			return;
		}
	}
	cursor->value = cursor->block.values[cursor->next++];
	cursor->day = ua_day_of_word(cursor->block.word) +
		ua_take_bit(&cursor->block.bits);
}

static void
open_cursor(DayCursor *cursor, UaDayseries series)
{
	ua_dayseries_read(&cursor->reader, series);
	cursor->block.bits = 0;
	advance(cursor);
}

/* A window that reaches beyond the last day that a date can be is an error. */
void
ua_dayseries_rolling_sum(UaDayseriesWriter *result, UaDayseries series, int32 n)
{
	DayCursor	come,
				gone;
	int64		sum = 0;
	int64		day = 0;

	Assert(n > 0);
	open_cursor(&come, series);
	open_cursor(&gone, series);
	while (gone.day != PG_INT64_MAX)
	{
		int64		leaves = gone.day + n;
		int64		change = Min(come.day, leaves);
		int64		out = 0;
		int64		in = 0;

		if (sum != 0)
		{
			check_count((int64) result->count + change - day);
			if (change > (int64) UA_MAX_DAY + 1)
				ereport(ERROR,
						(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						 errmsg("date out of range")));
			for (; day < change; day++)
				ua_dayseries_put(result, (UaDay) day, sum);
		}
		if (leaves == change)
		{
			out = gone.value;
			advance(&gone);
		}
		if (come.day == change)
		{
			in = come.value;
			advance(&come);
		}
		sum = slide(sum, out, in);
		day = change;
	}
}

/* Sums of the days that a function of the day calls the same period. */
static void
sum_by(UaDayseriesWriter *result, UaDayseries series,
	   UaDay (*period_of) (UaDay day, int argument), int argument)
{
	DayCursor	cursor;
	UaDay		period = 0;
	UaWideSum	sum = {0};

	for (open_cursor(&cursor, series); cursor.day != PG_INT64_MAX;
		 advance(&cursor))
	{
		UaDay		its_period = period_of((UaDay) cursor.day, argument);

		if (its_period != period)
		{
			ua_dayseries_put(result, period, ua_wide_value(sum));
			sum = (UaWideSum) {0};
			period = its_period;
		}
		ua_wide_add(&sum, cursor.value);
	}
	ua_dayseries_put(result, period, ua_wide_value(sum));
}

static UaDay
month_of(UaDay day, int months)
{
	int32		month = ua_month_of_day(day);
	int			into = month % months;

	if (into < 0)
		into += months;
	return (UaDay) ua_first_day_of_month(month - into);
}

/* Weeks begin on week_start, from 1, Monday, to 7, Sunday. */
void
ua_dayseries_by_week(UaDayseriesWriter *result, UaDayseries series,
					 int week_start)
{
	sum_by(result, series, ua_week_of_day, week_start);
}

/* Periods of so many months, a divisor of 12. */
void
ua_dayseries_by_month(UaDayseriesWriter *result, UaDayseries series,
					  int months)
{
	sum_by(result, series, month_of, months);
}
