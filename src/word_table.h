/*
 * word_table.h
 *		From words of 64 days to a value each, zero at first.
 *
 * Finding or adding a word takes constant time, amortised, in whatever order
 * they come. Words near each other lie in an array, the window; those so far
 * away that the window would be mostly empty are in a hash table.
 */
#ifndef UA_WORD_TABLE_H
#define UA_WORD_TABLE_H

#include "iso_date.h"

typedef struct UaWordEntry
{
	uint64		value;
	int32		word;
	bool		used;
} UaWordEntry;

typedef struct UaWordTable
{
	uint64	   *window;
	uint32		window_size;
	int32		window_first;	/* the word of window[0] */
	bool		window_is_own;	/* whether the window is to be freed */
	uint32		room;			/* entries of the hash table, a power of two */
	uint32		count;			/* of them used */
	UaWordEntry *entries;
	int64		added;			/* words that were ever added */
	MemoryContext context;
} UaWordTable;

/* The first window is the caller's; it lives as long as the table. */
extern void ua_word_table_init(UaWordTable *table, MemoryContext context,
							   uint64 *window, uint32 window_size);

extern uint64 *ua_word_table_add(UaWordTable *table, int32 word);

/* The value of a word; good until the next word is asked for. */
static inline uint64 *
ua_word_table_find(UaWordTable *table, int32 word)
{
	uint32		place = (uint32) word - (uint32) table->window_first;

	if (likely(place < table->window_size))
		return &table->window[place];
	return ua_word_table_add(table, word);
}

/* Free what the table has allocated; the first window is not its own. */
static inline void
ua_word_table_release(UaWordTable *table)
{
	if (table->window_is_own)
		pfree(table->window);
	if (table->entries != NULL)
		pfree(table->entries);
}

/* Go through the words in ascending order, but for those that are zero. */
typedef struct UaWordTableScan
{
	UaWordTable *table;
	UaWordEntry *sorted;		/* those of the hash table, freed at the end */
	uint32		next_sorted;
	uint32		next_window;
} UaWordTableScan;

extern void ua_word_table_scan(UaWordTableScan *scan, UaWordTable *table);
extern bool ua_word_table_next(UaWordTableScan *scan, int32 *word, uint64 *value);

#endif							/* UA_WORD_TABLE_H */
