/*
 * dayset.c
 *		How a set of days is stored: reading, writing, checking; see dayset.h.
 */
#include "postgres.h"

#include "compat.h"
#include "dayset.h"
#include "utils/memutils.h"

/* A varint has at most 28 bits: there are fewer bytes on the grid of dates. */
#define VARINT_MAX_BYTES	4

/* Room for one more word with all that may come before it. */
#define WRITE_SLACK			(3 * BYTES_PER_WORD + 3 * VARINT_MAX_BYTES)

/* Before the first word. */
#define NO_WORD				PG_INT32_MIN

/*
 * Read a varint and move on; -1 where there is none, or one that is longer
 * than it needs to be.
 */
static int32
get_varint(const uint8 **from, const uint8 *end)
{
	int32		value = 0;
	int			i;

	for (i = 0; i < VARINT_MAX_BYTES && *from < end; i++)
	{
		uint8		byte = *(*from)++;

		value |= (int32) (byte & 0x7F) << (7 * i);
		if ((byte & 0x80) == 0)
			return byte == 0 && i > 0 ? -1 : value;
	}
	return -1;
}

static int
varint_size(int32 value)
{
	int			size = 1;

	while (value >= 0x80)
	{
		value >>= 7;
		size++;
	}
	return size;
}

static uint8 *
put_varint(uint8 *to, int32 value)
{
	while (value >= 0x80)
	{
		*to++ = (uint8) (value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8) value;
	return to;
}

/* The head of a body in one segment that begins there. */
void
ua_days_start_body(uint8 *body, int32 position)
{
	int			i;

	body[0] = DAYSET_VERSION;
	for (i = 0; i < 4; i++)
		body[1 + i] = (uint8) ((uint32) position >> (8 * i));
}

void
ua_days_corrupted(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("a stored set of days is damaged")));
}

/* ---------- reading ---------- */

/* The reader at the next segment; at the first where segment_end is NULL. */
UaDaysReader
ua_days_segment_after(UaDaysReader reader)
{
	int32		gap = 0;
	int32		length;

	if (reader.segment_end != NULL)
		gap = get_varint(&reader.next, reader.end);
	length = get_varint(&reader.next, reader.end);
	if (gap < 0 || length <= 0 || length > reader.end - reader.next)
		ua_days_corrupted();
	reader.byte += gap;
	reader.segment_end = reader.next + length;
	return reader;
}

void
ua_days_walk(UaDaysWalker *walker, UaDays days)
{
	ua_days_read(&walker->reader, days);
	walker->word = 0;
	walker->bits = 0;
}

/* The next run of days, as long as it goes. */
bool
ua_days_next_run(UaDaysWalker *walker, UaDay *first, UaDay *last)
{
	if (walker->bits == 0 &&
		!ua_days_next(&walker->reader, &walker->word, &walker->bits))
		return false;
	*first = ua_day_of_word(walker->word) + pg_rightmost_one_pos64(walker->bits);

	for (;;)
	{
		int32		word = walker->word;
		int			start = pg_rightmost_one_pos64(walker->bits);
		uint64		missing = ~walker->bits & (~UINT64CONST(0) << start);

		if (missing != 0)
		{
			int			end = pg_rightmost_one_pos64(missing);

			*last = ua_day_of_word(word) + end - 1;
			walker->bits &= ~UINT64CONST(0) << end;
			return true;
		}

		/* It reaches the end of the word; the next word may go on with it. */
		*last = ua_day_of_word(word) + DAYS_PER_WORD - 1;
		walker->bits = 0;
		if (!ua_days_next(&walker->reader, &walker->word, &walker->bits) ||
			walker->word != word + 1 || (walker->bits & 1) == 0)
			return true;
	}
}

/* Move on to a word, if the reader is not there yet. */
void
ua_days_skip(UaDaysReader *reader, int32 word)
{
	int64		target = (int64) word * BYTES_PER_WORD;

	while (reader->next < reader->segment_end && reader->byte < target)
	{
		ptrdiff_t	left = reader->segment_end - reader->next;

		if (reader->byte + left > target)
			left = target - reader->byte;
		reader->next += left;
		reader->byte += (int32) left;
		if (reader->next == reader->segment_end && reader->next < reader->end)
			ua_days_next_segment(reader);
	}
}

/* ---------- writing ---------- */

void
ua_days_write(UaDaysWriter *writer, Size header, Size expected)
{
	Size		size = header + DAYSET_HEADER + expected + WRITE_SLACK;

	writer->chunk = palloc(size);
	writer->limit = writer->chunk + size;
	writer->header = header;
	ua_days_rewrite(writer);
}

void
ua_days_rewrite(UaDaysWriter *writer)
{
	writer->chunk[writer->header] = DAYSET_VERSION;
	writer->segment = writer->next = writer->chunk + writer->header + DAYSET_HEADER;
	writer->byte = 0;
	writer->word = NO_WORD;
	writer->bits = 0;
}

/* Make room for so many more bytes. */
static void
grow(UaDaysWriter *writer, Size more)
{
	Size		used = writer->next - writer->chunk;
	Size		segment = writer->segment - writer->chunk;
	Size		size = used + more;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("set of days is too large")));
	size = Min(MaxAllocSize, size + used);

	writer->chunk = repalloc(writer->chunk, size);
	writer->limit = writer->chunk + size;
	writer->next = writer->chunk + used;
	writer->segment = writer->chunk + segment;
}

/* Put its length before the segment; all but the first left a byte for it. */
static void
close_segment(UaDaysWriter *writer)
{
	uint8	   *flags = writer->chunk + writer->header;
	int32		length = (int32) (writer->next - writer->segment);
	uint8	   *place = writer->segment;
	int			shift = varint_size(length);

	if ((*flags & DAYSET_SEVERAL) != 0)
	{
		place--;
		shift--;
	}
	*flags |= DAYSET_SEVERAL;
	if (shift > 0)
		memmove(writer->segment + shift, writer->segment, length);
	put_varint(place, length);
	writer->next += shift;
}

/* Append up to 8 bytes; the first and the last are not zero. */
static inline void
append(UaDaysWriter *writer, int32 byte, uint64 bits, int count)
{
	int32		gap = byte - writer->byte;

	if (unlikely(writer->limit - writer->next < WRITE_SLACK))
		grow(writer, WRITE_SLACK);

	if (writer->next == writer->segment)
		ua_days_start_body(writer->chunk + writer->header, byte);
	else if (likely(gap < DAYSET_SEVERAL_MIN_GAP))
	{
		memset(writer->next, 0, DAYSET_SEVERAL_MIN_GAP);
		writer->next += gap;
	}
	else
	{
		close_segment(writer);
		writer->segment = put_varint(writer->next, gap) + 1;
		writer->next = writer->segment;
	}
	ua_store_word(writer->next, bits);
	writer->next += count;
	writer->byte = byte + count;
}

/* Write the word that was put together, which is not zero. */
void
ua_days_flush(UaDaysWriter *writer)
{
	uint64		bits = writer->bits;
	int32		byte = writer->word * BYTES_PER_WORD;
	int			head = pg_rightmost_one_pos64(bits) >> 3;
	int			tail = pg_leftmost_one_pos64(bits) >> 3;

	/* A gap that splits the word leaves at most two bytes on either side. */
	if (tail - head > DAYSET_SEVERAL_MIN_GAP &&
		((bits & UINT64CONST(0x0000FFFFFFFFFF00)) == 0 ||
		 (bits & UINT64CONST(0x00FFFFFFFFFF0000)) == 0))
	{
		uint64		low = bits & 0xFFFF;

		tail = pg_leftmost_one_pos64(low) >> 3;
		append(writer, byte + head, low >> (head * 8), tail - head + 1);
		bits &= ~UINT64CONST(0xFFFF);
		head = pg_rightmost_one_pos64(bits) >> 3;
		tail = pg_leftmost_one_pos64(bits) >> 3;
	}
	append(writer, byte + head, bits >> (head * 8), tail - head + 1);
	writer->bits = 0;
}

void
ua_days_put_run(UaDaysWriter *writer, UaDay first, UaDay last)
{
	int32		word = ua_word_of_day(first);
	int32		last_word = ua_word_of_day(last);
	uint64		bits = ua_bits_from(first);

	Assert(first <= last);
	if (word < last_word)
	{
		ua_days_put(writer, word, bits);
		bits = ~UINT64CONST(0);
		if (++word < last_word)
		{
			Size		rest;

			/* The first of the whole words sees to what is before it. */
			ua_days_put(writer, word, bits);
			ua_days_flush(writer);
			rest = (Size) (last_word - word - 1) * BYTES_PER_WORD;
			if ((Size) (writer->limit - writer->next) < rest + WRITE_SLACK)
				grow(writer, rest + WRITE_SLACK);
			memset(writer->next, 0xFF, rest);
			writer->next += rest;
			writer->byte += (int32) rest;
			writer->word = last_word - 1;
		}
	}
	ua_days_put(writer, last_word, bits & ua_bits_until(last));
}

Size
ua_days_written(UaDaysWriter *writer)
{
	uint8	   *body;
	UaDays		days;

	if (writer->bits != 0)
		ua_days_flush(writer);
	body = writer->chunk + writer->header;
	if (writer->next == writer->segment)
		return UA_NO_DAYS_SIZE;
	if ((*body & DAYSET_SEVERAL) != 0)
		close_segment(writer);

	days.body = body = writer->chunk + writer->header;
	days.size = writer->next - body;
	if (ua_load_position(body + 1) <= UA_MIN_DAY >> 3 ||
		writer->byte > UA_MAX_DAY >> 3)
	{
		UaDay		first;
		UaDay		last;

		(void) ua_days_bounds(days, &first, &last);
		if (!ua_is_day(first) || !ua_is_day(last))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("date out of range")));
	}
	return days.size;
}

UaDayset *
ua_dayset_written(UaDaysWriter *writer)
{
	Size		size = ua_days_written(writer);

	Assert(writer->header == VARHDRSZ);
	SET_VARSIZE(writer->chunk, VARHDRSZ + size);
	return (UaDayset *) writer->chunk;
}

/* ---------- the whole ---------- */

/* Whether a segment could not have been written as it is. */
static bool
segment_is_faulty(const uint8 *from, int32 length)
{
	int			zeros = 0;
	int32		i;

	if (from[0] == 0 || from[length - 1] == 0)
		return true;
	for (i = 0; i < length; i++)
	{
		zeros = from[i] == 0 ? zeros + 1 : 0;
		if (zeros >= DAYSET_SEVERAL_MIN_GAP)
			return true;
	}
	return false;
}

const char *
ua_days_fault(UaDays days)
{
	const uint8 *next = days.body;
	const uint8 *end = days.body + days.size;
	bool		several;
	int64		byte;
	int			segments = 0;

	if (days.size < UA_NO_DAYS_SIZE ||
		(*next & ~DAYSET_SEVERAL) != DAYSET_VERSION)
		return "The version is not known.";
	several = (*next & DAYSET_SEVERAL) != 0;
	if (days.size == UA_NO_DAYS_SIZE && !several)
		return NULL;
	if (days.size <= DAYSET_HEADER)
		return "The value ends too early.";

	byte = ua_load_position(next + 1);
	next += DAYSET_HEADER;
	for (;;)
	{
		int32		length = several ? get_varint(&next, end) : (int32) Min(end - next, PG_INT32_MAX);

		if (length <= 0 || length > end - next)
			return "A length is wrong.";
		if (segment_is_faulty(next, length))
			return "There are zero bytes where none are stored.";
		if (segments++ == 0 &&
			!ua_is_day(byte * 8 + pg_rightmost_one_pos32(*next)))
			return "The first day is not a date.";
		next += length;
		byte += length;
		if (next == end)
			break;

		length = get_varint(&next, end);
		if (length < DAYSET_SEVERAL_MIN_GAP)
			return "A gap is wrong.";
		byte += length;
	}

	if (!ua_is_day((byte - 1) * 8 + pg_leftmost_one_pos32(next[-1])))
		return "The last day is not a date.";
	if (several && segments == 1)
		return "There is one segment where there should be several.";
	return NULL;
}

UaDayset *
ua_dayset_from_days(UaDays days)
{
	UaDayset   *result = palloc(VARHDRSZ + days.size);

	SET_VARSIZE(result, VARHDRSZ + days.size);
	memcpy(VARDATA(result), days.body, days.size);
	return result;
}

UaDayset *
ua_dayset_from_run(UaDay first, UaDay last)
{
	UaDaysWriter writer;

	ua_days_write(&writer, VARHDRSZ, 0);
	ua_days_put_run(&writer, first, last);
	return ua_dayset_written(&writer);
}

static int
compare_days(const void *a, const void *b)
{
	UaDay		x = *(const UaDay *) a;
	UaDay		y = *(const UaDay *) b;

	return (x > y) - (x < y);
}

UaDayset *
ua_dayset_from_array(UaDay *days, Size count)
{
	UaDaysWriter writer;
	Size		i;

	for (i = 1; i < count; i++)
	{
		if (days[i - 1] > days[i])
		{
			qsort(days, count, sizeof(UaDay), compare_days);
			break;
		}
	}

	ua_days_write(&writer, VARHDRSZ, 0);
	for (i = 0; i < count; i++)
		ua_days_put_day(&writer, days[i]);
	return ua_dayset_written(&writer);
}
