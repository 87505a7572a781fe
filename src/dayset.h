/*
 * dayset.h
 *		Sets of days: how they are stored, read and written, and their algebra.
 *
 * Nothing here needs a server beyond palloc and ereport.
 *
 * Days lie on a grid that is the same for every set: day d is bit d mod 8 of
 * byte floor(d / 8), so operations never shift bits against each other. What
 * is stored, behind the varlena header, is the *body*:
 *
 *	flags		1 byte		version in the high nibble; DAYSET_SEVERAL
 *	first		4 bytes		grid position of the first byte, little-endian
 *	bytes					of the grid, none where the set is empty
 *
 * A set with none of its days has only the flags. Where DAYSET_SEVERAL_MIN_GAP
 * or more zero bytes lie between two others, the set is stored in several
 * segments, and DAYSET_SEVERAL is set:
 *
 *	flags first length bytes gap length bytes [gap length bytes ...]
 *
 * where gaps and lengths count bytes, 7 bits in a byte, the lowest first, all
 * but the last with the highest bit set. Segments begin and end with bytes
 * that are not zero. So there is one form of each set: equal sets have equal
 * bytes.
 */
#ifndef UA_DAYSET_H
#define UA_DAYSET_H

#include "compat.h"
#include "iso_date.h"
#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"

typedef struct varlena UaDayset;

#define DAYSET_VERSION		0x10
#define DAYSET_SEVERAL		0x01
#define DAYSET_HEADER		5	/* flags, first */

/*
 * The shortest gap that splits. A split costs a gap and a length, which take
 * at most 1 and 4 bytes where the gap is short, so no set is larger for it.
 */
#define DAYSET_SEVERAL_MIN_GAP	5

/* A body to read; within a value of another type, or the whole of a dayset. */
typedef struct UaDays
{
	const uint8 *body;
	Size		size;
} UaDays;

/* The days of a detoasted value; short headers do. */
#define UA_DAYS(value) \
	((UaDays) {(const uint8 *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)})

#define UA_NO_DAYS_SIZE		1

static inline bool
ua_days_is_empty(UaDays days)
{
	return days.size <= UA_NO_DAYS_SIZE;
}

/*
 * Words of 64 days: day d is bit d mod 64 of word floor(d / 64).
 */
#define DAYS_PER_WORD		64
#define BYTES_PER_WORD		8

static inline int32
ua_word_of_day(UaDay day)
{
	return day >> 6;
}

static inline UaDay
ua_day_of_word(int32 word)
{
	return word * DAYS_PER_WORD;
}

static inline uint64
ua_bit_of_day(UaDay day)
{
	return UINT64CONST(1) << (day & 63);
}

/* The days of a word before a day of it, up to it, and from it on. */
static inline uint64
ua_bits_before(UaDay day)
{
	return ua_bit_of_day(day) - 1;
}

static inline uint64
ua_bits_until(UaDay day)
{
	return ua_bits_before(day) | ua_bit_of_day(day);
}

static inline uint64
ua_bits_from(UaDay day)
{
	return ~ua_bits_before(day);
}

/* Those of a word's days that are from first to last. */
static inline uint64
ua_bits_within(int32 word, uint64 bits, UaDay first, UaDay last)
{
	if (first > last || word < ua_word_of_day(first) || word > ua_word_of_day(last))
		return 0;
	if (word == ua_word_of_day(first))
		bits &= ua_bits_from(first);
	if (word == ua_word_of_day(last))
		bits &= ua_bits_until(last);
	return bits;
}

/* ---------- reading ---------- */

/*
 * A reader hands out the words of a set in ascending order, but for those that
 * are zero.
 */
typedef struct UaDaysReader
{
	const uint8 *next;			/* the next byte of the segment */
	const uint8 *segment_end;
	const uint8 *end;			/* of the body */
	const uint8 *body;
	int32		byte;			/* grid position of *next */
	bool		several;
} UaDaysReader;

extern UaDaysReader ua_days_segment_after(UaDaysReader reader);
extern void ua_days_skip(UaDaysReader *reader, int32 word);
pg_noreturn extern void ua_days_corrupted(void);

static inline uint64
ua_load_word(const uint8 *from)
{
	uint64		word;

	memcpy(&word, from, sizeof(word));
#ifdef WORDS_BIGENDIAN
	word = pg_bswap64(word);
#endif
	return word;
}

static inline void
ua_store_word(uint8 *to, uint64 word)
{
#ifdef WORDS_BIGENDIAN
	word = pg_bswap64(word);
#endif
	memcpy(to, &word, sizeof(word));
}

static inline int32
ua_load_position(const uint8 *from)
{
	return (int32) ((uint32) from[0] | (uint32) from[1] << 8 |
					(uint32) from[2] << 16 | (uint32) from[3] << 24);
}

/*
 * Go to the next segment of several. The reader goes by value, so that it can
 * stay in registers where there is only one.
 */
static inline void
ua_days_next_segment(UaDaysReader *reader)
{
	*reader = ua_days_segment_after(*reader);
}

static inline void
ua_days_read(UaDaysReader *reader, UaDays days)
{
	if (days.size < UA_NO_DAYS_SIZE ||
		(days.body[0] & ~DAYSET_SEVERAL) != DAYSET_VERSION)
		ua_days_corrupted();

	reader->body = days.body;
	reader->end = days.body + days.size;
	if (days.size <= DAYSET_HEADER)
	{
		reader->next = reader->segment_end = reader->end;
		reader->several = false;
		reader->byte = 0;
		return;
	}
	reader->byte = ua_load_position(days.body + 1);
	reader->next = days.body + DAYSET_HEADER;
	reader->several = (days.body[0] & DAYSET_SEVERAL) != 0;
	reader->segment_end = reader->end;
	if (reader->several)
	{
		reader->segment_end = NULL;
		ua_days_next_segment(reader);
	}
}

/* So many bytes of a body, 1 to 8, as a word; the others of it are zero. */
static pg_attribute_always_inline uint64
ua_load_bytes(const uint8 *from, int n, const uint8 *body, const uint8 *end)
{
	uint64		bits = 0;

	if (likely(n == BYTES_PER_WORD))
		return ua_load_word(from);

	/* Load a whole word where that stays within the body. */
	if (end - from >= BYTES_PER_WORD)
		return ua_load_word(from) & ((UINT64CONST(1) << (n * 8)) - 1);
	if (from + n - body >= BYTES_PER_WORD)
		return ua_load_word(from + n - BYTES_PER_WORD) >> ((BYTES_PER_WORD - n) * 8);
	while (n-- > 0)
		bits = bits << 8 | from[n];
	return bits;
}

/* Take those of the segment's bytes that lie in the current word. */
static pg_attribute_always_inline uint64
ua_days_take(UaDaysReader *reader)
{
	const uint8 *from = reader->next;
	int			offset = reader->byte & (BYTES_PER_WORD - 1);
	int			n = BYTES_PER_WORD - offset;

	if (reader->segment_end - from < n)
		n = (int) (reader->segment_end - from);
	Assert(n > 0 && n <= BYTES_PER_WORD);
	reader->next += n;
	reader->byte += n;
	return ua_load_bytes(from, n, reader->body, reader->end) << (offset * 8);
}

/*
 * The next word, its number and its bits; false where there is none.
 */
static pg_attribute_always_inline bool
ua_days_next(UaDaysReader *reader, int32 *word, uint64 *bits)
{
	if (reader->next >= reader->segment_end)
		return false;

	*word = reader->byte >> 3;
	*bits = ua_days_take(reader);

	/* The next segment may begin within the same word. */
	while (unlikely(reader->several) && reader->next == reader->segment_end &&
		   reader->next < reader->end)
	{
		ua_days_next_segment(reader);
		if (reader->byte >> 3 == *word)
			*bits |= ua_days_take(reader);
	}
	return true;
}

/* ---------- writing ---------- */

/*
 * A writer takes words, or runs of days, in ascending order and makes the
 * canonical form. Zero bits may be put, and several parts of one word; going
 * back is not allowed.
 *
 * The body is written into one chunk behind `header` bytes that are left to
 * the caller; the chunk may move while it is written.
 */
typedef struct UaDaysWriter
{
	uint8	   *chunk;
	uint8	   *limit;			/* end of the chunk */
	uint8	   *next;			/* behind the last byte that is not zero */
	uint8	   *segment;		/* the first byte of the segment */
	Size		header;
	int32		byte;			/* grid position of *next */
	int32		word;			/* the word that is being put together */
	uint64		bits;
} UaDaysWriter;

/* expected: the bytes of the body, if that is known, to allocate only once */
extern void ua_days_write(UaDaysWriter *writer, Size header, Size expected);

/* Start anew, in the chunk that there is. */
extern void ua_days_rewrite(UaDaysWriter *writer);
extern void ua_days_flush(UaDaysWriter *writer);
extern void ua_days_put_run(UaDaysWriter *writer, UaDay first, UaDay last);

/*
 * Words that follow one another and are well filled, which is most of them,
 * need no look at gaps: none of five zero bytes fits into one of these.
 */
static inline bool
ua_days_is_filled(uint64 bits)
{
	return (bits & UINT64CONST(0x00000000000000FF)) != 0 &&
		(bits & UINT64CONST(0x000000FFFF000000)) != 0 &&
		(bits & UINT64CONST(0xFF00000000000000)) != 0;
}

static inline void
ua_days_put(UaDaysWriter *writer, int32 word, uint64 bits)
{
	if (word == writer->word)
	{
		writer->bits |= bits;
		return;
	}

	Assert(word > writer->word);
	if (likely(ua_days_is_filled(writer->bits) &&
			   writer->byte == writer->word * BYTES_PER_WORD &&
			   writer->next != writer->segment &&
			   writer->limit - writer->next >= BYTES_PER_WORD))
	{
		ua_store_word(writer->next, writer->bits);
		writer->next += BYTES_PER_WORD;
		writer->byte += BYTES_PER_WORD;
	}
	else if (writer->bits != 0)
		ua_days_flush(writer);
	writer->word = word;
	writer->bits = bits;
}

static inline void
ua_days_put_day(UaDaysWriter *writer, UaDay day)
{
	ua_days_put(writer, ua_word_of_day(day), ua_bit_of_day(day));
}

/* Begin a body in one segment by hand: DAYSET_HEADER bytes, before those of days */
extern void ua_days_start_body(uint8 *body, int32 position);

/*
 * Finish: the size of the body, which begins at chunk + header. Days that are
 * no dates are an error (22008).
 */
extern Size ua_days_written(UaDaysWriter *writer);

/* The same, where header is VARHDRSZ, as a dayset. */
extern UaDayset *ua_dayset_written(UaDaysWriter *writer);

/* ---------- the whole ---------- */

/*
 * What is wrong with a body that came from outside, NULL where nothing is.
 * Everything is looked at, the canonical form too.
 */
extern const char *ua_days_fault(UaDays days);

extern UaDayset *ua_dayset_from_days(UaDays days);
extern UaDayset *ua_dayset_from_run(UaDay first, UaDay last);

/* From any days at all; the array is sorted in place. */
extern UaDayset *ua_dayset_from_array(UaDay *days, Size count);

/* Text, as in {2026-01-01..2026-01-05,2026-01-09}. */
extern UaDayset *ua_dayset_from_text(const char *text);
extern char *ua_dayset_to_text(UaDays days);

/* ---------- questions ---------- */

extern int64 ua_days_cardinality(UaDays days);
extern bool ua_days_bounds(UaDays days, UaDay *first, UaDay *last);

static inline bool
ua_days_first(UaDays days, UaDay *first)
{
	UaDaysReader reader;

	ua_days_read(&reader, days);
	if (reader.next == reader.end)
		return false;
	*first = reader.byte * 8 + pg_rightmost_one_pos32(*reader.next);
	return true;
}

/* The last of the days up to one, false where there is none. */
extern bool ua_days_last_until(UaDays days, UaDay until, UaDay *last);

extern bool ua_days_contain_day(UaDays days, UaDay day);
extern bool ua_days_contain(UaDays days, UaDays others);
extern bool ua_days_overlap(UaDays days, UaDays others);
extern bool ua_days_equal(UaDays days, UaDays others);

/* The stored byte that has the bit of a day, NULL where there is none. */
extern const uint8 *ua_days_find_byte(UaDays days, UaDay day);

/*
 * Add a day where that takes no other bytes than there are, or say no. Bytes
 * only fill up, so the form stays canonical.
 */
static inline bool
ua_days_set_in_place(uint8 *body, Size size, UaDay day)
{
	const uint8 *byte;

	if (likely(body[0] == DAYSET_VERSION && size > DAYSET_HEADER))
	{
		Size		place = (Size) ((day >> 3) - ua_load_position(body + 1));

		if (place >= size - DAYSET_HEADER)
			return false;
		body[DAYSET_HEADER + place] |= 1 << (day & 7);
		return true;
	}
	byte = ua_days_find_byte((UaDays) {body, size}, day);
	if (byte == NULL)
		return false;
	body[byte - body] |= 1 << (day & 7);
	return true;
}

/* How many of the days are from first to last; none where first > last. */
extern int64 ua_days_count(UaDays days, UaDay first, UaDay last);

/* Order by the first run of days, its first day, then its last, then the next. */
extern int	ua_days_compare(UaDays days, UaDays others);

/* The length of the longest run of the days up to one. */
extern int64 ua_days_longest_run(UaDays days, UaDay until);

/* The length of the run that ends on that day, 0 where the day is not there. */
extern int64 ua_days_run_until(UaDays days, UaDay day);

/* All of these at once, of the days up to one; false where there are none. */
typedef struct UaDaysSummary
{
	UaDay		first;
	UaDay		last;
	int64		count;
	int64		longest_run;
	int64		last_run;		/* the one that ends on the last of them */
} UaDaysSummary;

extern bool ua_days_sum_up(UaDays days, UaDay until, UaDaysSummary *summary);

/* Go through the days, or through the runs of days, one by one. */
typedef struct UaDaysWalker
{
	UaDaysReader reader;
	int32		word;
	uint64		bits;
} UaDaysWalker;

extern void ua_days_walk(UaDaysWalker *walker, UaDays days);
extern bool ua_days_next_run(UaDaysWalker *walker, UaDay *first, UaDay *last);

static inline bool
ua_days_next_day(UaDaysWalker *walker, UaDay *day)
{
	if (walker->bits == 0 &&
		!ua_days_next(&walker->reader, &walker->word, &walker->bits))
		return false;
	*day = ua_day_of_word(walker->word) + pg_rightmost_one_pos64(walker->bits);
	walker->bits &= walker->bits - 1;
	return true;
}

/* ---------- operations; each makes a new dayset ---------- */

extern UaDayset *ua_dayset_union(UaDays days, UaDays others);
extern UaDayset *ua_dayset_intersection(UaDays days, UaDays others);
extern UaDayset *ua_dayset_difference(UaDays days, UaDays others);

/* With the days first to last, both included; none where first > last. */
extern UaDayset *ua_dayset_slice(UaDays days, UaDay first, UaDay last);
extern UaDayset *ua_dayset_with_run(UaDays days, UaDay first, UaDay last);
extern UaDayset *ua_dayset_without_run(UaDays days, UaDay first, UaDay last);

/* Every day d with one of the days in (d - n, d]; n is at least 1. */
extern UaDayset *ua_dayset_trailing(UaDays days, int32 n);
extern UaDayset *ua_dayset_shift(UaDays days, int32 n);

/* The first days of the weeks, which begin on week_start, 1 Monday .. 7 Sunday */
extern UaDayset *ua_dayset_weeks(UaDays days, int week_start);

/* The first days of the periods of so many months, a divisor of 12 */
extern UaDayset *ua_dayset_months(UaDays days, int months);

#endif							/* UA_DAYSET_H */
