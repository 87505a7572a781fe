/*
 * word_table.c
 *		From words of 64 days to a value each.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "word_table.h"

/* A window has at most so many places for each word that was added. */
#define PLACES_PER_WORD		4

/* Places left before the first word; most days come after the first one. */
#define PLACES_BEFORE(size)	((size) / 4)

void
ua_word_table_init(UaWordTable *table, MemoryContext context,
				   uint64 *window, uint32 window_size)
{
	memset(table, 0, sizeof(*table));
	memset(window, 0, window_size * sizeof(uint64));
	table->context = context;
	table->window = window;
	table->window_size = window_size;

	/* A window that no word lies in, until there is a first one. */
	table->window_first = PG_INT32_MAX;
}

/* The place of a word in a hash table: its entry, or where it belongs. */
static UaWordEntry *
place_of(UaWordEntry *entries, uint32 room, int32 word)
{
	/* Multiplying by the golden ratio spreads neighbours (Knuth, 6.4). */
	uint32		place = (uint32) word * 0x9E3779B1U;

	Assert(entries != NULL);
	place ^= place >> 16;
	for (;; place++)
	{
		UaWordEntry *entry = &entries[place & (room - 1)];

		if (!entry->used || entry->word == word)
			return entry;
	}
}

/* Fill a hash table of a new size with what is not in the window. */
static void
rehash(UaWordTable *table, uint32 room)
{
	UaWordEntry *old = table->entries;
	uint32		old_room = table->room;
	uint32		i;

	Assert(old != NULL || old_room == 0);
	table->entries = MemoryContextAllocExtended(table->context,
												room * sizeof(UaWordEntry),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	table->room = room;
	table->count = 0;
	for (i = 0; i < old_room; i++)
	{
		uint32		place = (uint32) old[i].word - (uint32) table->window_first;

		if (!old[i].used)
			continue;
		if (place < table->window_size)
			table->window[place] = old[i].value;
		else
		{
			*place_of(table->entries, room, old[i].word) = old[i];
			table->count++;
		}
	}
	if (old != NULL)
		pfree(old);
}

/* Make the window reach to a word, unless it is too far away. */
static bool
extend_window(UaWordTable *table, int32 word)
{
	int64		first = Min(table->window_first, word);
	int64		end = Max((int64) table->window_first + table->window_size,
						  (int64) word + 1);
	int64		size = Max(end - first, (int64) table->window_size * 2);
	uint64	   *window;

	if (size > table->added * PLACES_PER_WORD ||
		size > (int64) (MaxAllocSize / sizeof(uint64)))
		return false;

	/* What is left over goes to the side on which it grows. */
	if (word < table->window_first)
		first = Max(end - size, PG_INT32_MIN);

	window = MemoryContextAllocZero(table->context, size * sizeof(uint64));
	memcpy(window + (table->window_first - first), table->window,
		   table->window_size * sizeof(uint64));
	if (table->window_is_own)
		pfree(table->window);
	table->window = window;
	table->window_is_own = true;
	table->window_size = (uint32) size;
	table->window_first = (int32) first;
	if (table->count > 0)
		rehash(table, table->room);
	return true;
}

/* A word that is not in the window; ua_word_table_find() looked there. */
uint64 *
ua_word_table_add(UaWordTable *table, int32 word)
{
	UaWordEntry *entry;

	if (table->added == 0)
	{
		table->added = 1;
		table->window_first = word - (int32) PLACES_BEFORE(table->window_size);
		return ua_word_table_find(table, word);
	}

	if (table->entries != NULL)
	{
		entry = place_of(table->entries, table->room, word);
		if (entry->used)
			return &entry->value;
	}

	table->added++;
	if (extend_window(table, word))
		return ua_word_table_find(table, word);

	if (table->count >= table->room / 4 * 3)
		rehash(table, Max(16, table->room * 2));
	entry = place_of(table->entries, table->room, word);
	entry->used = true;
	entry->word = word;
	entry->value = 0;
	table->count++;
	return &entry->value;
}

static int
compare_entries(const void *a, const void *b)
{
	int32		x = ((const UaWordEntry *) a)->word;
	int32		y = ((const UaWordEntry *) b)->word;

	return (x > y) - (x < y);
}

void
ua_word_table_scan(UaWordTableScan *scan, UaWordTable *table)
{
	uint32		count = 0;
	uint32		i;

	scan->table = table;
	scan->sorted = NULL;
	scan->next_sorted = 0;
	scan->next_window = 0;
	if (table->count == 0)
		return;

	scan->sorted = MemoryContextAllocExtended(CurrentMemoryContext,
											  table->count * sizeof(UaWordEntry),
											  MCXT_ALLOC_HUGE);
	for (i = 0; i < table->room; i++)
	{
		if (table->entries[i].used)
			scan->sorted[count++] = table->entries[i];
	}
	qsort(scan->sorted, count, sizeof(UaWordEntry), compare_entries);
}

bool
ua_word_table_next(UaWordTableScan *scan, int32 *word, uint64 *value)
{
	UaWordTable *table = scan->table;
	UaWordEntry *sorted = scan->sorted;

	for (;;)
	{
		bool		more_sorted = sorted != NULL && scan->next_sorted < table->count;
		bool		more_window = scan->next_window < table->window_size;

		if (more_sorted &&
			(!more_window ||
			 sorted[scan->next_sorted].word < table->window_first))
		{
			*word = sorted[scan->next_sorted].word;
			*value = sorted[scan->next_sorted].value;
			scan->next_sorted++;
		}
		else if (more_window)
		{
			*word = (int32) (table->window_first + scan->next_window);
			*value = table->window[scan->next_window];
			scan->next_window++;
		}
		else
		{
			if (sorted != NULL)
				pfree(sorted);
			scan->sorted = NULL;
			return false;
		}
		if (*value != 0)
			return true;
	}
}
