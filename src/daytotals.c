/*
 * daytotals.c
 *		Running totals by day, and by label and day.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "daytotals.h"

void
ua_totals_start(UaDayTotals *totals, MemoryContext context)
{
	totals->context = context;
	ua_word_table_init(&totals->words, context,
					   totals->window, lengthof(totals->window));
	totals->carries = NULL;
}

static void
free_totals(UaDayTotals *totals)
{
	if (totals->carries != NULL)
	{
		ua_word_table_release(&totals->carries->words);
		pfree(totals->carries);
	}
	ua_word_table_release(&totals->words);
}

static UaDayTotals *
carries_of(UaDayTotals *totals)
{
	if (totals->carries == NULL)
	{
		totals->carries = MemoryContextAlloc(totals->context,
											 sizeof(UaDayTotals));
		ua_totals_start(totals->carries, totals->context);
	}
	return totals->carries;
}

/* The 64 totals of a word, zeros at first. */
static inline int64 *
totals_of_word(UaDayTotals *totals, int32 word)
{
	uint64	   *address = ua_word_table_find(&totals->words, word);

	if (unlikely(*address == 0))
	{
		CHECK_FOR_INTERRUPTS();
		*address = (uint64) (Size) MemoryContextAllocZero(totals->context,
														  DAYS_PER_WORD * sizeof(int64));
	}
	/* cppcheck-suppress CastIntegerToAddressAtReturn ; the word holds one */
	return (int64 *) (Size) *address;
}

/* Add, or subtract, where the result is no int8: it is that with a carry. */
static pg_noinline void
change_widely(UaDayTotals *totals, UaDay day, int64 *total, int64 value,
			  bool subtract)
{
	*total = (int64) (subtract ? (uint64) *total - (uint64) value :
					  (uint64) *total + (uint64) value);
	ua_totals_add_day(carries_of(totals), day,
					  (value < 0) == subtract ? 1 : -1);
}

void
ua_totals_add_day(UaDayTotals *totals, UaDay day, int64 value)
{
	int64	   *total = totals_of_word(totals, ua_word_of_day(day)) +
		(day & (DAYS_PER_WORD - 1));
	int64		sum;

	if (unlikely(pg_add_s64_overflow(*total, value, &sum)))
		change_widely(totals, day, total, value, false);
	else
		*total = sum;
}

static inline void
add_block(UaDayTotals *totals, const UaDayseriesBlock *block, bool subtract)
{
	int64	   *to = totals_of_word(totals, block->word);
	uint64		bits = block->bits;

	for (int i = 0; bits != 0; i++)
	{
		int			bit = ua_take_bit(&bits);
		int64		result;

		if (unlikely(subtract ?
					 pg_sub_s64_overflow(to[bit], block->values[i], &result) :
					 pg_add_s64_overflow(to[bit], block->values[i], &result)))
			change_widely(totals, ua_day_of_word(block->word) + bit, &to[bit],
						  block->values[i], subtract);
		else
			to[bit] = result;
	}
}

void
ua_totals_add(UaDayTotals *totals, UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	if (unlikely(ua_dayseries_is_wide(series)))
		ua_totals_add(carries_of(totals), ua_dayseries_take_carries(&series));
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

/* False where they have cancelled out. */
static bool
write_carries(UaDayTotals *totals, UaDayseriesWriter *result, bool for_state)
{
	UaDayseriesWriter carries;
	bool		any;

	ua_dayseries_start(&carries);
	any = ua_totals_write(totals->carries, &carries, false);
	if (any && !for_state)
		ua_bigint_out_of_range();
	if (any)
		ua_dayseries_put_carries(result, &carries);
	ua_dayseries_release(&carries);
	return any;
}

bool
ua_totals_write(UaDayTotals *totals, UaDayseriesWriter *result, bool for_state)
{
	UaWordTableScan scan;
	int32		word;
	uint64		address;
	bool		any = totals->carries != NULL &&
		write_carries(totals, result, for_state);

	ua_word_table_scan(&scan, &totals->words);
	while (ua_word_table_next(&scan, &word, &address))
	{
		int64	   *from = (int64 *) (Size) address;
		int64		values[DAYS_PER_WORD];
		uint64		bits = 0;
		int			count = 0;

		for (int bit = 0; bit < DAYS_PER_WORD; bit++)
		{
			values[count] = from[bit];
			count += from[bit] != 0;
			bits |= (uint64) (from[bit] != 0) << bit;
		}
		if (bits != 0)
		{
			ua_dayseries_put_block(result, word, bits, values);
			any = true;
		}
		else
		{
			pfree(from);
			*ua_word_table_find(&totals->words, word) = 0;
		}
	}
	return any;
}

/*
 * Labels
 */

void
ua_map_totals_start(UaMapTotals *totals, MemoryContext context)
{
	memset(totals, 0, sizeof(*totals));
	totals->context = context;
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
	added = MemoryContextAlloc(totals->context,
							   offsetof(UaLabelTotals, label) + label_size);
	ua_totals_start(&added->totals, totals->context);
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
ua_map_totals_write(UaMapTotals *totals, UaMapWriter *result, bool for_state)
{
	UaDayseriesWriter series;
	int			kept = 0;

	ua_dayseries_start(&series);
	for (int i = 0; i < totals->count; i++)
	{
		UaLabelTotals *label = totals->labels[i];

		ua_dayseries_restart(&series);
		if (ua_totals_write(&label->totals, &series, for_state))
		{
			ua_map_put_written(result, label->label, label->label_size,
							   &series);
			totals->labels[kept++] = label;
		}
		else
		{
			free_totals(&label->totals);
			pfree(label);
		}
	}
	totals->count = kept;
	ua_dayseries_release(&series);
}
