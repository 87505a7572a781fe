/*
 * daytotals.c
 *		Running totals by day, and by label and day.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "daytotals.h"

/* A span of so many words (22 years, 64 kB) is an array in any case. */
#define SMALL_SPAN		128

/* A longer one is where there are no more words than this for a block added. */
#define WORDS_PER_BLOCK	4

#define LONGEST_SPAN	((int64) (MaxAllocSize / sizeof(int64) / 64))

void
ua_totals_start(UaDayTotals *totals)
{
	memset(totals, 0, sizeof(*totals));
	totals->context = CurrentMemoryContext;
}

void
ua_totals_release(UaDayTotals *totals)
{
	if (totals->totals != NULL)
		pfree(totals->totals);
	if (totals->strays != NULL)
		pfree(totals->strays);
}

static int
compare_strays(const void *a, const void *b)
{
	UaDay		day_a = ((const UaStrayTotal *) a)->day;
	UaDay		day_b = ((const UaStrayTotal *) b)->day;

	return (day_a > day_b) - (day_a < day_b);
}

/* Sort the list, one entry a day. */
static void
compact_strays(UaDayTotals *totals)
{
	UaStrayTotal *strays = totals->strays;
	Size		kept = 0;

	if (totals->stray_count == 0)
		return;
	qsort(strays, totals->stray_count, sizeof(UaStrayTotal), compare_strays);
	for (Size i = 1; i < totals->stray_count; i++)
	{
		if (strays[i].day == strays[kept].day)
			strays[kept].total = ua_sum(strays[kept].total, strays[i].total);
		else
			strays[++kept] = strays[i];
	}
	totals->stray_count = kept + 1;
}

static void
add_stray(UaDayTotals *totals, UaDay day, int64 value)
{
	if (totals->stray_count == totals->stray_capacity)
	{
		CHECK_FOR_INTERRUPTS();
		compact_strays(totals);
		/* sorting again is paid for by the entries that come before it */
		if (totals->stray_count >= totals->stray_capacity / 2)
		{
			Size		capacity = Max(16, totals->stray_capacity * 2);

			if (capacity > MaxAllocSize / sizeof(UaStrayTotal))
				ereport(ERROR,
						(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						 errmsg("dayseries would be too large")));
			totals->strays = totals->strays == NULL ?
				MemoryContextAlloc(totals->context,
								   capacity * sizeof(UaStrayTotal)) :
				repalloc(totals->strays, capacity * sizeof(UaStrayTotal));
			totals->stray_capacity = capacity;
		}
	}
	totals->strays[totals->stray_count].day = day;
	totals->strays[totals->stray_count++].total = value;
}

/* Make the array span the word as well, unless that is too much for it. */
static bool
extend(UaDayTotals *totals, int32 word)
{
	int64		first = totals->first_word;
	int64		end = first + totals->words;
	int64		spare = totals->words / 2;
	int64	   *array;

	if (totals->words == 0)
		first = end = word;
	first = Min(first, word);
	end = Max(end, (int64) word + 1);
	if (end - first > LONGEST_SPAN ||
		(end - first > SMALL_SPAN &&
		 end - first > totals->blocks * WORDS_PER_BLOCK))
		return false;

	/* room for what follows in the same direction */
	spare = Min(Max(0, spare - (end - first - totals->words)),
				LONGEST_SPAN - (end - first));
	if (totals->words > 0 && first < totals->first_word)
		first -= spare;
	else
		end += spare;

	CHECK_FOR_INTERRUPTS();
	array = MemoryContextAllocZero(totals->context,
								   (end - first) * 64 * sizeof(int64));
	if (totals->totals != NULL)
	{
		memcpy(array + (totals->first_word - first) * 64, totals->totals,
			   totals->words * 64 * sizeof(int64));
		pfree(totals->totals);
	}
	totals->totals = array;
	totals->first_word = (int32) first;
	totals->words = (int32) (end - first);
	return true;
}

/* The 64 totals of a word, NULL where they are not in the array. */
static inline int64 *
totals_of_word(UaDayTotals *totals, int32 word)
{
	totals->blocks++;
	if (unlikely((int64) word - totals->first_word < 0 ||
				 (int64) word - totals->first_word >= totals->words) &&
		!extend(totals, word))
		return NULL;
	return totals->totals + ((int64) word - totals->first_word) * 64;
}

static inline int
take_bit(uint64 *bits)
{
	int			bit = pg_rightmost_one_pos64(*bits);

	*bits &= *bits - 1;
	return bit;
}

void
ua_totals_add_day(UaDayTotals *totals, UaDay day, int64 value)
{
	int64	   *to = totals_of_word(totals, ua_word_of_day(day));

	if (to != NULL)
		to[day & 63] = ua_sum(to[day & 63], value);
	else
		add_stray(totals, day, value);
}

static inline void
add_block(UaDayTotals *totals, const UaDayseriesBlock *block, bool subtract)
{
	int64	   *to = totals_of_word(totals, block->word);
	uint64		bits = block->bits;

	for (int i = 0; bits != 0; i++)
	{
		int			bit = take_bit(&bits);
		int64		value = block->values[i];

		if (unlikely(to == NULL))
			add_stray(totals, ua_day_of_word(block->word) + bit,
					  subtract ? ua_difference(0, value) : value);
		else if (subtract)
			to[bit] = ua_difference(to[bit], value);
		else
			to[bit] = ua_sum(to[bit], value);
	}
}

void
ua_totals_add(UaDayTotals *totals, UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
		add_block(totals, &block, false);
}

void
ua_totals_subtract(UaDayTotals *totals, UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
		add_block(totals, &block, true);
}

void
ua_totals_count(UaDayTotals *totals, UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		block.bits = ua_dayseries_positive_bits(&block);
		for (int i = 0; i < 64; i++)
			block.values[i] = 1;
		if (block.bits != 0)
			add_block(totals, &block, false);
	}
}

/* Put the totals of a word: those of the array, if any, and of some strays. */
static void
write_word(UaDayseriesWriter *result, int32 word, const int64 *totals,
		   const UaStrayTotal *strays, Size stray_count)
{
	int64		values[64];
	uint64		bits = 0;
	int			count = 0;

	for (int bit = 0; bit < 64; bit++)
	{
		int64		value = totals != NULL ? totals[bit] : 0;

		if (stray_count > 0 && (strays->day & 63) == bit)
		{
			value = ua_sum(value, strays->total);
			strays++;
			stray_count--;
		}
		values[count] = value;
		count += value != 0;
		bits |= (uint64) (value != 0) << bit;
	}
	if (bits != 0)
		ua_dayseries_put_block(result, word, bits, values);
}

void
ua_totals_write(UaDayTotals *totals, UaDayseriesWriter *result)
{
	int64		i = 0;
	Size		stray = 0;

	compact_strays(totals);
	while (i < totals->words || stray < totals->stray_count)
	{
		int64		word = PG_INT64_MAX;
		const int64 *from = NULL;
		Size		first_stray = stray;

		if (i < totals->words)
			word = totals->first_word + i;
		if (stray < totals->stray_count)
			word = Min(word, ua_word_of_day(totals->strays[stray].day));
		while (stray < totals->stray_count &&
			   ua_word_of_day(totals->strays[stray].day) == word)
			stray++;
		if (i < totals->words && word == totals->first_word + i)
			from = totals->totals + 64 * i++;
		write_word(result, (int32) word, from,
				   totals->strays + first_stray, stray - first_stray);
	}
}

/*
 * Labels
 */

void
ua_map_totals_start(UaMapTotals *totals)
{
	memset(totals, 0, sizeof(*totals));
	totals->context = CurrentMemoryContext;
}

static UaLabelTotals *
insert_label(UaMapTotals *totals, int at, const char *label, Size label_size)
{
	UaLabelTotals *added;

	if (totals->count == totals->capacity)
	{
		totals->capacity = Max(16, totals->capacity * 2);
		totals->labels = totals->labels == NULL ?
			MemoryContextAlloc(totals->context,
							   totals->capacity * sizeof(*totals->labels)) :
			repalloc(totals->labels,
					 totals->capacity * sizeof(*totals->labels));
	}
	added = MemoryContextAllocZero(totals->context,
								   offsetof(UaLabelTotals, label) + label_size);
	added->totals.context = totals->context;
	added->label_size = label_size;
	memcpy(added->label, label, label_size);

	memmove(totals->labels + at + 1, totals->labels + at,
			(totals->count - at) * sizeof(*totals->labels));
	totals->labels[at] = added;
	totals->count++;
	return added;
}

/*
 * The totals of a label, which starts at zeros. Rows of one kind have the same
 * labels, in order, so the one asked for is mostly the one after the last, or
 * after the end the first.
 */
UaDayTotals *
ua_map_totals_of(UaMapTotals *totals, const char *label, Size label_size)
{
	UaLabelTotals *found;
	int			low = 0;
	int			high = totals->count;
	int			at = totals->next < high ? totals->next : 0;

	while (low < high)
	{
		int			order;

		found = totals->labels[at];
		order = ua_label_compare(label, label_size,
								 found->label, found->label_size);
		if (order == 0)
		{
			totals->next = at + 1;
			return &found->totals;
		}
		if (order < 0)
			high = at;
		else
			low = at + 1;
		at = low + (high - low) / 2;
	}
	found = insert_label(totals, low, label, label_size);
	totals->next = low + 1;
	return &found->totals;
}

void
ua_map_totals_add(UaMapTotals *totals, UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;

	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
		ua_totals_add(ua_map_totals_of(totals, entry.label, entry.label_size),
					  entry.series);
}

void
ua_map_totals_subtract(UaMapTotals *totals, UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;

	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
		ua_totals_subtract(ua_map_totals_of(totals,
											entry.label, entry.label_size),
						   entry.series);
}

void
ua_map_totals_count(UaMapTotals *totals, UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;

	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
		ua_totals_count(ua_map_totals_of(totals, entry.label, entry.label_size),
						entry.series);
}

void
ua_map_totals_write(UaMapTotals *totals, UaMapWriter *result)
{
	UaDayseriesWriter series;

	ua_dayseries_start(&series);
	for (int i = 0; i < totals->count; i++)
	{
		UaLabelTotals *label = totals->labels[i];

		ua_dayseries_restart(&series);
		ua_totals_write(&label->totals, &series);
		ua_map_put_written(result, label->label, label->label_size, &series);
	}
	ua_dayseries_release(&series);
}
