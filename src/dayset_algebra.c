/*
 * dayset_algebra.c
 *		Questions to sets of days, and operations on them, a word at a time.
 */
#include "postgres.h"

#include "compat.h"
#include "dayset.h"

/* The number of days in a week, for masks that repeat along a word. */
#define WEEK	7

/* Up to here, periods are counted one by one. */
#define NEAR_DAYS		366

/* Days since 2000-01-01, a Saturday, to days since a Monday. */
#define DAYS_FROM_MONDAY	5

static void
out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("date out of range")));
}

/* The part of a word from the first to the last day. */
static inline uint64
between(int32 word, uint64 bits, UaDay first, UaDay last)
{
	if (word == ua_word_of_day(first))
		bits &= ua_bits_from(first);
	if (word == ua_word_of_day(last))
		bits &= ua_bits_until(last);
	return bits;
}

/* ---------- sets in one segment ---------- */

/*
 * Most sets are in one segment of a few words. Questions to them need no
 * reader: words may begin at any byte.
 */
typedef struct Segment
{
	const uint8 *bytes;
	int32		first;			/* grid positions of its bytes */
	int32		last;
} Segment;

/* False also where there are no days. */
static inline bool
in_one_segment(UaDays days, Segment *segment)
{
	if (unlikely(days.size <= DAYSET_HEADER || days.body[0] != DAYSET_VERSION))
		return false;
	segment->bytes = days.body + DAYSET_HEADER;
	segment->first = ua_load_position(days.body + 1);
	segment->last = segment->first + (int32) (days.size - DAYSET_HEADER) - 1;
	return true;
}

/* The bits of a byte after a day of it. */
static inline uint32
bits_after(UaDay day)
{
	return 0xFE << (day & 7) & 0xFF;
}

/* How many of the days are from first to last, which is not before it. */
static inline int64
count_in_segment(UaDays days, Segment segment, UaDay first, UaDay last)
{
	int32		from = Max(segment.first, first >> 3);
	int32		to = Min(segment.last, last >> 3);
	const uint8 *next;
	const uint8 *final;
	int64		count = 0;

	if (from > to)
		return 0;
	next = segment.bytes + (from - segment.first);
	final = segment.bytes + (to - segment.first);

	/* What those two bytes have of other days is counted, and taken off. */
	if (from == first >> 3)
		count -= pg_number_of_ones[*next & ((1 << (first & 7)) - 1)];
	if (to == last >> 3)
		count -= pg_number_of_ones[*final & bits_after(last)];
	while (next <= final)
	{
		int			n = (int) Min(final - next + 1, BYTES_PER_WORD);

		count += pg_popcount64(ua_load_bytes(next, n, days.body, days.body + days.size));
		next += n;
	}
	return count;
}

/* Longer sets, and longer runs, are looked through word by word. */
#define FEW_WORDS	4
#define SHORT_RUN	24

/*
 * Load the days up to one, from the segment's first byte on; words after them
 * are zero. False where there are too many.
 */
static inline bool
load_few_words(UaDays days, Segment segment, UaDay until, uint64 *words)
{
	int32		to = Min(segment.last, until >> 3);
	int32		size = to - segment.first + 1;

	if (size > FEW_WORDS * BYTES_PER_WORD)
		return false;
	memset(words, 0, FEW_WORDS * sizeof(uint64));
	for (int32 place = 0; place < size; place += BYTES_PER_WORD)
		words[place / BYTES_PER_WORD] = ua_load_bytes(segment.bytes + place,
													  Min(size - place, BYTES_PER_WORD),
													  days.body, days.body + days.size);
	if (size > 0 && to == until >> 3)
		words[(size - 1) / BYTES_PER_WORD] &=
			~((uint64) bits_after(until) << (size - 1) % BYTES_PER_WORD * 8);
	return true;
}

/* The length of the longest run; false for one that is not short. */
static inline bool
find_short_run(const uint64 *words, int64 *longest)
{
	uint64		a = words[0];
	uint64		b = words[1];
	uint64		c = words[2];
	uint64		d = words[3];
	int			run = 0;

	/* The days are left on which a run of more than `run` days begins. */
	for (; (a | b | c | d) != 0; run++)
	{
		if (run == SHORT_RUN)
			return false;
		a &= a >> 1 | b << (DAYS_PER_WORD - 1);
		b &= b >> 1 | c << (DAYS_PER_WORD - 1);
		c &= c >> 1 | d << (DAYS_PER_WORD - 1);
		d &= d >> 1;
	}
	*longest = run;
	return true;
}

/* The length of the run that ends on a day that is there. */
static inline int64
run_until_bit(const uint64 *words, int word, int bit)
{
	uint64		missing = ~(words[word] << (DAYS_PER_WORD - 1 - bit));
	int64		run = 0;

	/* Below a word's bits there are the shift's zeros. */
	while (missing == 0 || (bit < DAYS_PER_WORD - 1 && missing == ~UINT64CONST(0) >> (bit + 1)))
	{
		run += bit + 1;
		if (word == 0)
			return run;
		bit = DAYS_PER_WORD - 1;
		missing = ~words[--word];
	}
	return run + DAYS_PER_WORD - 1 - pg_leftmost_one_pos64(missing);
}

/* ---------- questions ---------- */

int64
ua_days_cardinality(UaDays days)
{
	UaDaysReader reader;
	int32		word;
	uint64		bits;
	int64		count = 0;

	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
		count += pg_popcount64(bits);
	return count;
}

int64
ua_days_count(UaDays days, UaDay first, UaDay last)
{
	UaDaysReader reader;
	int32		word;
	uint64		bits;
	int64		count = 0;
	Segment		segment;

	if (first > last)
		return 0;
	if (likely(in_one_segment(days, &segment)))
		return count_in_segment(days, segment, first, last);
	ua_days_read(&reader, days);
	if (reader.byte < first >> 3)
		ua_days_skip(&reader, ua_word_of_day(first));
	while (ua_days_next(&reader, &word, &bits) && word <= ua_word_of_day(last))
		count += pg_popcount64(between(word, bits, first, last));
	return count;
}

/* The first and the last day; false where there are none. */
bool
ua_days_bounds(UaDays days, UaDay *first, UaDay *last)
{
	UaDaysReader reader;

	ua_days_read(&reader, days);
	if (reader.next == reader.end)
		return false;
	*first = reader.byte * 8 + pg_rightmost_one_pos32(*reader.next);

	for (;;)
	{
		reader.byte += (int32) (reader.segment_end - reader.next);
		reader.next = reader.segment_end;
		if (reader.next == reader.end)
			break;
		ua_days_next_segment(&reader);
	}
	*last = (reader.byte - 1) * 8 + pg_leftmost_one_pos32(reader.end[-1]);
	return true;
}

bool
ua_days_last_until(UaDays days, UaDay until, UaDay *last)
{
	UaDaysReader reader;
	Segment		segment;
	UaDay		first;
	int32		word;
	uint64		bits;

	if (likely(in_one_segment(days, &segment)) && segment.last < until >> 3)
	{
		*last = segment.last * 8 +
			pg_leftmost_one_pos32(segment.bytes[segment.last - segment.first]);
		return true;
	}
	if (!ua_days_bounds(days, &first, last) || first > until)
		return false;
	/* Mostly it is the last of all. */
	if (*last <= until)
		return true;
	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits) && word <= ua_word_of_day(until))
	{
		bits = between(word, bits, first, until);
		if (bits != 0)
			*last = ua_day_of_word(word) + pg_leftmost_one_pos64(bits);
	}
	return true;
}

/* Go to the segment that has a byte of the grid; false where there is none. */
static inline bool
find_byte(UaDaysReader *reader, UaDays days, int32 target)
{
	ua_days_read(reader, days);
	while (reader->next < reader->end && reader->byte <= target)
	{
		ptrdiff_t	length = reader->segment_end - reader->next;

		if (target - reader->byte < length)
			return true;
		reader->next = reader->segment_end;
		reader->byte += (int32) length;
		if (reader->next < reader->end)
			ua_days_next_segment(reader);
	}
	return false;
}

const uint8 *
ua_days_find_byte(UaDays days, UaDay day)
{
	UaDaysReader reader;

	if (!find_byte(&reader, days, day >> 3))
		return NULL;
	return reader.next + ((day >> 3) - reader.byte);
}

bool
ua_days_contain_day(UaDays days, UaDay day)
{
	const uint8 *byte = ua_days_find_byte(days, day);

	return byte != NULL && (*byte >> (day & 7) & 1) != 0;
}

bool
ua_days_contain(UaDays days, UaDays others)
{
	UaDaysReader a;
	UaDaysReader b;
	int32		word_a;
	int32		word_b;
	uint64		bits_a;
	uint64		bits_b;

	ua_days_read(&a, days);
	ua_days_read(&b, others);
	while (ua_days_next(&b, &word_b, &bits_b))
	{
		ua_days_skip(&a, word_b);
		if (!ua_days_next(&a, &word_a, &bits_a) ||
			word_a != word_b || (bits_b & ~bits_a) != 0)
			return false;
	}
	return true;
}

bool
ua_days_overlap(UaDays days, UaDays others)
{
	UaDaysReader a;
	UaDaysReader b;
	int32		word_a;
	int32		word_b;
	uint64		bits_a;
	uint64		bits_b;
	bool		more;

	ua_days_read(&a, days);
	ua_days_read(&b, others);
	more = ua_days_next(&a, &word_a, &bits_a) && ua_days_next(&b, &word_b, &bits_b);
	while (more)
	{
		if (word_a < word_b)
			more = ua_days_next(&a, &word_a, &bits_a);
		else if (word_b < word_a)
			more = ua_days_next(&b, &word_b, &bits_b);
		else if ((bits_a & bits_b) != 0)
			return true;
		else
			more = ua_days_next(&a, &word_a, &bits_a) &&
				ua_days_next(&b, &word_b, &bits_b);
	}
	return false;
}

bool
ua_days_equal(UaDays days, UaDays others)
{
	return days.size == others.size &&
		memcmp(days.body, others.body, days.size) == 0;
}

/* Whether a reader that stands on a word has a day after that day of it. */
static bool
goes_on_after(UaDaysReader *reader, bool more, int32 own_word, uint64 bits,
			  int32 word, int pos)
{
	if (!more)
		return false;
	if (own_word > word || bits >> pos != 0)
		return true;
	return ua_days_next(reader, &own_word, &bits);
}

int
ua_days_compare(UaDays days, UaDays others)
{
	UaDaysReader a;
	UaDaysReader b;
	int32		word_a = 0;
	int32		word_b = 0;
	uint64		bits_a = 0;
	uint64		bits_b = 0;
	bool		more_a;
	bool		more_b;
	int32		word = 0;
	uint64		common_a;
	uint64		common_b;
	int32		before;
	bool		joined = false;
	bool		in_a;
	int			pos;

	/* Find the first word in which they differ. */
	ua_days_read(&a, days);
	ua_days_read(&b, others);
	for (;;)
	{
		before = word;
		more_a = ua_days_next(&a, &word_a, &bits_a);
		more_b = ua_days_next(&b, &word_b, &bits_b);
		if (!more_a && !more_b)
			return 0;
		word = !more_b || (more_a && word_a < word_b) ? word_a : word_b;
		common_a = more_a && word_a == word ? bits_a : 0;
		common_b = more_b && word_b == word ? bits_b : 0;
		if (common_a != common_b)
			break;
		joined = common_a >> (DAYS_PER_WORD - 1) != 0;
	}

	/* The first day that one has and the other has not. */
	pos = pg_rightmost_one_pos64(common_a ^ common_b);
	in_a = ((common_a >> pos) & 1) != 0;

	/* Where it goes on with a run that both began, that run is the longer. */
	if (pos > 0)
		joined = ((common_a >> (pos - 1)) & 1) != 0;
	else
		joined = joined && word == before + 1;
	if (joined)
		return in_a ? 1 : -1;

	/* It begins a run; that of the other begins later, or there is none. */
	if (in_a)
		return goes_on_after(&b, more_b, word_b, bits_b, word, pos) ? -1 : 1;
	return goes_on_after(&a, more_a, word_a, bits_a, word, pos) ? 1 : -1;
}

/* Make `longest` the length of the longest run of days within a word. */
static void
find_longer_run(uint64 bits, int64 *longest)
{
	int			run = 1;
	uint64		starts = bits;

	/* starts: the days on which a run of at least `run` days begins */
	while (starts != 0 && run <= *longest)
	{
		int			step = (int) Min(run, *longest + 1 - run);

		starts &= starts >> step;
		run += step;
	}
	while (starts != 0)
	{
		*longest = run;
		starts &= bits >> run;
		run++;
	}
}

int64
ua_days_longest_run(UaDays days, UaDay until)
{
	UaDaysReader reader;
	int32		word;
	int32		before = 0;
	uint64		bits;
	int64		run = 0;
	int64		longest = 0;
	Segment		segment;
	uint64		words[FEW_WORDS];

	if (likely(in_one_segment(days, &segment)) &&
		load_few_words(days, segment, until, words) &&
		find_short_run(words, &longest))
		return longest;
	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits) && word <= ua_word_of_day(until))
	{
		if (word == ua_word_of_day(until))
			bits &= ua_bits_until(until);
		if (word != before + 1)
			run = 0;
		before = word;

		if (bits == ~UINT64CONST(0))
			run += DAYS_PER_WORD;
		else
		{
			run += pg_rightmost_one_pos64(~bits);
			longest = Max(longest, run);
			if (longest < DAYS_PER_WORD - 1)
				find_longer_run(bits, &longest);
			run = DAYS_PER_WORD - 1 - pg_leftmost_one_pos64(~bits);
		}
		longest = Max(longest, run);
	}
	return longest;
}

int64
ua_days_run_until(UaDays days, UaDay day)
{
	UaDaysReader reader;
	int32		target = day >> 3;
	int			last = day & 7;
	const uint8 *byte;
	int64		run = 0;

	/* Runs do not go beyond a segment. */
	if (!find_byte(&reader, days, target))
		return 0;
	for (byte = reader.next + (target - reader.byte);; byte--)
	{
		uint32		missing = ~*byte & ((2 << last) - 1);

		if (missing != 0)
			return run + last - pg_leftmost_one_pos32(missing);
		run += last + 1;
		if (byte == reader.next)
			return run;
		last = 7;
	}
}

bool
ua_days_sum_up(UaDays days, UaDay until, UaDaysSummary *summary)
{
	Segment		segment;
	uint64		words[FEW_WORDS];

	if (likely(in_one_segment(days, &segment)) &&
		load_few_words(days, segment, until, words) &&
		find_short_run(words, &summary->longest_run))
	{
		UaDay		base = segment.first * 8;
		int			word = FEW_WORDS - 1;
		int			bit;

		if (summary->longest_run == 0)
			return false;
		/* A segment begins with a byte that has days. */
		summary->first = base + pg_rightmost_one_pos64(words[0]);
		while (words[word] == 0)
			word--;
		bit = pg_leftmost_one_pos64(words[word]);
		summary->last = base + ua_day_of_word(word) + bit;
		summary->last_run = run_until_bit(words, word, bit);
		summary->count = 0;
		for (int i = 0; i <= word; i++)
			summary->count += pg_popcount64(words[i]);
		return true;
	}

	if (!ua_days_first(days, &summary->first) ||
		!ua_days_last_until(days, until, &summary->last))
		return false;
	summary->count = ua_days_count(days, summary->first, until);
	summary->longest_run = ua_days_longest_run(days, until);
	summary->last_run = ua_days_run_until(days, summary->last);
	return true;
}

/* ---------- operations ---------- */

typedef enum MergeKind
{
	MERGE_UNION,
	MERGE_INTERSECTION,
	MERGE_DIFFERENCE
} MergeKind;

static pg_attribute_always_inline UaDayset *
merge(UaDays days, UaDays others, MergeKind kind)
{
	UaDaysReader a;
	UaDaysReader b;
	UaDaysWriter writer;
	int32		word_a;
	int32		word_b;
	uint64		bits_a;
	uint64		bits_b;
	bool		more_a;
	bool		more_b;

	ua_days_write(&writer, VARHDRSZ,
				  kind == MERGE_UNION ? days.size + others.size :
				  kind == MERGE_INTERSECTION ? Min(days.size, others.size) :
				  days.size);
	ua_days_read(&a, days);
	ua_days_read(&b, others);
	more_a = ua_days_next(&a, &word_a, &bits_a);
	more_b = ua_days_next(&b, &word_b, &bits_b);
	while (more_a && more_b)
	{
		if (word_a < word_b)
		{
			if (kind == MERGE_INTERSECTION)
				ua_days_skip(&a, word_b);
			else
				ua_days_put(&writer, word_a, bits_a);
			more_a = ua_days_next(&a, &word_a, &bits_a);
		}
		else if (word_b < word_a)
		{
			if (kind == MERGE_UNION)
				ua_days_put(&writer, word_b, bits_b);
			else
				ua_days_skip(&b, word_a);
			more_b = ua_days_next(&b, &word_b, &bits_b);
		}
		else
		{
			ua_days_put(&writer, word_a,
						kind == MERGE_UNION ? bits_a | bits_b :
						kind == MERGE_INTERSECTION ? bits_a & bits_b :
						bits_a & ~bits_b);
			more_a = ua_days_next(&a, &word_a, &bits_a);
			more_b = ua_days_next(&b, &word_b, &bits_b);
		}
	}
	if (kind != MERGE_INTERSECTION)
	{
		while (more_a)
		{
			ua_days_put(&writer, word_a, bits_a);
			more_a = ua_days_next(&a, &word_a, &bits_a);
		}
	}
	if (kind == MERGE_UNION)
	{
		while (more_b)
		{
			ua_days_put(&writer, word_b, bits_b);
			more_b = ua_days_next(&b, &word_b, &bits_b);
		}
	}
	return ua_dayset_written(&writer);
}

UaDayset *
ua_dayset_union(UaDays days, UaDays others)
{
	return merge(days, others, MERGE_UNION);
}

UaDayset *
ua_dayset_intersection(UaDays days, UaDays others)
{
	return merge(days, others, MERGE_INTERSECTION);
}

UaDayset *
ua_dayset_difference(UaDays days, UaDays others)
{
	return merge(days, others, MERGE_DIFFERENCE);
}

UaDayset *
ua_dayset_slice(UaDays days, UaDay first, UaDay last)
{
	UaDaysReader reader;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;

	ua_days_write(&writer, VARHDRSZ,
				  Min(days.size, (Size) Max((int64) last - first, 0) / 8));
	if (first <= last)
	{
		ua_days_read(&reader, days);
		ua_days_skip(&reader, ua_word_of_day(first));
		while (ua_days_next(&reader, &word, &bits) && word <= ua_word_of_day(last))
			ua_days_put(&writer, word, between(word, bits, first, last));
	}
	return ua_dayset_written(&writer);
}

UaDayset *
ua_dayset_with_run(UaDays days, UaDay first, UaDay last)
{
	UaDaysReader reader;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;
	bool		more;

	if (first > last)
		return ua_dayset_from_days(days);

	ua_days_write(&writer, VARHDRSZ, days.size);
	ua_days_read(&reader, days);
	while ((more = ua_days_next(&reader, &word, &bits)) &&
		   word <= ua_word_of_day(first))
		ua_days_put(&writer, word, bits);
	ua_days_put_run(&writer, first, last);
	for (; more; more = ua_days_next(&reader, &word, &bits))
	{
		if (word >= ua_word_of_day(last))
			ua_days_put(&writer, word, bits);
	}
	return ua_dayset_written(&writer);
}

UaDayset *
ua_dayset_without_run(UaDays days, UaDay first, UaDay last)
{
	UaDaysReader reader;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;

	if (first > last)
		return ua_dayset_from_days(days);

	ua_days_write(&writer, VARHDRSZ, days.size);
	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
	{
		if (word >= ua_word_of_day(first) && word <= ua_word_of_day(last))
			bits &= ~between(word, ~UINT64CONST(0), first, last);
		ua_days_put(&writer, word, bits);
	}
	return ua_dayset_written(&writer);
}

/*
 * How to add to the days of a word the n - 1 after each, as far as the word
 * goes: six shifts, some of them by nothing, that double the width.
 */
typedef struct Smear
{
	int			shifts[6];
} Smear;

static Smear
smear_of(int n)
{
	Smear		smear;
	int			width = 1;
	int			i;

	for (i = 0; i < 6; i++)
	{
		smear.shifts[i] = Min(width, n - width);
		width += smear.shifts[i];
	}
	return smear;
}

static inline uint64
apply_smear(Smear smear, uint64 bits)
{
	bits |= bits << smear.shifts[0];
	bits |= bits << smear.shifts[1];
	bits |= bits << smear.shifts[2];
	bits |= bits << smear.shifts[3];
	bits |= bits << smear.shifts[4];
	bits |= bits << smear.shifts[5];
	return bits;
}

/* The part of the windows that end before `end` which a word that begins there has. */
static inline uint64
window_before(int64 begin, int64 end)
{
	if (end <= begin)
		return 0;
	return end >= begin + DAYS_PER_WORD ? ~UINT64CONST(0) : ua_bits_before((UaDay) end);
}

/*
 * ua_dayset_trailing() of a set in one segment, which is what most are. So is
 * the result, as gaps only get smaller, and its size is known before.
 */
static UaDayset *
trailing_in_one_segment(UaDaysReader reader, Smear smear, int32 n)
{
	int32		first = reader.byte;
	int64		last = first + (reader.end - reader.next) - 1;
	int64		end = last * 8 + pg_leftmost_one_pos32(reader.end[-1]) + n;
	Size		size = VARHDRSZ + DAYSET_HEADER + ((end - 1) >> 3) - first + 1;
	UaDayset   *result;
	uint8	   *bytes;
	int32		word = 0;
	uint64		bits;

	if (end > (int64) UA_MAX_DAY + 1)
		out_of_range();

	/* Whole words are stored, on both sides over what is left of them. */
	result = palloc(size + BYTES_PER_WORD);
	bytes = (uint8 *) VARDATA(result) + DAYSET_HEADER;
	end = PG_INT64_MIN;
	while (ua_days_next(&reader, &word, &bits))
	{
		int64		begin = (int64) word * DAYS_PER_WORD;

		ua_store_word(bytes + (word * BYTES_PER_WORD - first),
					  apply_smear(smear, bits) | window_before(begin, end));
		end = begin + pg_leftmost_one_pos64(bits) + n;
	}
	while ((int64) ++word * DAYS_PER_WORD < end)
		ua_store_word(bytes + (word * BYTES_PER_WORD - first),
					  window_before((int64) word * DAYS_PER_WORD, end));

	SET_VARSIZE(result, size);
	ua_days_start_body((uint8 *) VARDATA(result), first);
	return result;
}

UaDayset *
ua_dayset_trailing(UaDays days, int32 n)
{
	UaDaysReader reader;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;
	Smear		smear = smear_of(Min(n, DAYS_PER_WORD));
	int64		next = PG_INT64_MIN;	/* the day after the last word's */
	int64		end = PG_INT64_MIN; /* the day after the last window's */

	Assert(n >= 1);
	ua_days_read(&reader, days);
	if (likely(!reader.several && reader.next < reader.end))
		return trailing_in_one_segment(reader, smear, n);

	ua_days_write(&writer, VARHDRSZ, days.size + Min(n, 1024) / 8);
	while (ua_days_next(&reader, &word, &bits))
	{
		int64		begin = (int64) word * DAYS_PER_WORD;

		/* Of the windows before this word, the last one reaches furthest. */
		if (end > next && begin > next)
			ua_days_put_run(&writer, (UaDay) next, (UaDay) (Min(end, begin) - 1));
		ua_days_put(&writer, word,
					apply_smear(smear, bits) | window_before(begin, end));
		next = begin + DAYS_PER_WORD;
		end = begin + pg_leftmost_one_pos64(bits) + n;
	}
	if (end > (int64) UA_MAX_DAY + 1)
		out_of_range();
	if (end > next)
		ua_days_put_run(&writer, (UaDay) next, (UaDay) (end - 1));
	return ua_dayset_written(&writer);
}

UaDayset *
ua_dayset_shift(UaDays days, int32 n)
{
	UaDaysReader reader;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;
	UaDay		first;
	UaDay		last;
	int32		words = ua_word_of_day(n);
	int			up = n - ua_day_of_word(words);

	if (!ua_days_bounds(days, &first, &last))
		return ua_dayset_from_days(days);
	if (!ua_is_day((int64) first + n) || !ua_is_day((int64) last + n))
		out_of_range();

	ua_days_write(&writer, VARHDRSZ, days.size);
	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
	{
		ua_days_put(&writer, word + words, bits << up);
		if (up > 0)
			ua_days_put(&writer, word + words + 1, bits >> (DAYS_PER_WORD - up));
	}
	return ua_dayset_written(&writer);
}

/*
 * The days of a word that are so many days into their week, for a word whose
 * first day is `phase` days into its week.
 */
static inline uint64
week_mask(int phase, int day)
{
	int			first = (day - phase + WEEK) % WEEK;

	/* Every seventh day; what the shift leaves out at the end comes in below. */
	return UINT64CONST(0x8102040810204081) << first;
}

UaDayset *
ua_dayset_weeks(UaDays days, int week_start)
{
	UaDaysReader reader;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;

	Assert(week_start >= 1 && week_start <= WEEK);
	ua_days_write(&writer, VARHDRSZ, days.size);
	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
	{
		int64		from_monday = (int64) word * DAYS_PER_WORD + DAYS_FROM_MONDAY;
		int			phase = (int) (((from_monday - (week_start - 1)) % WEEK + WEEK) % WEEK);
		uint64		starts = week_mask(phase, 0);
		uint64		tail = week_mask(phase, 6);
		uint64		begun = bits & ((starts & -starts) - 1);

		/* A week that began in the word before. */
		if (begun != 0)
			ua_days_put(&writer, word - 1,
						UINT64CONST(1) << (DAYS_PER_WORD - phase));

		/* Fold each day onto those before it, but never into another week. */
		bits |= bits >> 1 & ~tail;
		bits |= bits >> 2 & ~(tail | tail >> 1);
		bits |= bits >> 3 & ~(tail | tail >> 1 | tail >> 2);
		ua_days_put(&writer, word, bits & starts);
	}
	return ua_dayset_written(&writer);
}

/* A period of some months, and the month that comes after it. */
typedef struct Period
{
	UaDay		first;
	UaDay		end;			/* the first day after it */
	int32		year;
	int			month;			/* 0 to 11 */
} Period;

static inline void
next_period(Period *period, int months)
{
	period->first = period->end;
	while (months-- > 0)
	{
		period->end += ua_days_in_month(period->year, period->month);
		if (++period->month == MONTHS_PER_YEAR)
		{
			period->month = 0;
			period->year++;
		}
	}
}

/* The period that a day is in; they begin with January. */
static void
period_of_day(Period *period, UaDay day, int months)
{
	int32		month = ua_month_of_day(day);
	int			in_year = (month % MONTHS_PER_YEAR + MONTHS_PER_YEAR) % MONTHS_PER_YEAR;

	period->year = (month - in_year) / MONTHS_PER_YEAR;
	period->month = in_year - in_year % months;
	period->end = (UaDay) ua_first_day_of_month((int64) month - in_year % months);
	next_period(period, months);
}

UaDayset *
ua_dayset_months(UaDays days, int months)
{
	UaDaysReader reader;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;
	Period		period = {0};
	bool		known = false;

	Assert(MONTHS_PER_YEAR % months == 0);
	ua_days_write(&writer, VARHDRSZ, days.size);
	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
	{
		int64		begin = (int64) word * DAYS_PER_WORD;

		for (;;)
		{
			UaDay		day;

			/* Leave out what is in the last period. */
			if (known && period.end > begin)
				bits = period.end >= begin + DAYS_PER_WORD ? 0 :
					bits & ua_bits_from(period.end);
			if (bits == 0)
				break;

			/* It is not far to the next one, mostly. */
			day = (UaDay) begin + pg_rightmost_one_pos64(bits);
			if (known && day - period.end < NEAR_DAYS)
			{
				do
					next_period(&period, months);
				while (day >= period.end);
			}
			else
				period_of_day(&period, day, months);
			known = true;
			ua_days_put_day(&writer, period.first);
		}
	}
	return ua_dayset_written(&writer);
}
