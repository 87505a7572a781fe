/*
 * dayset_state.h
 *		A dayset as an expanded object: what aggregates add days to.
 */
#ifndef UA_DAYSET_STATE_H
#define UA_DAYSET_STATE_H

#include "dayset.h"
#include "utils/expandeddatum.h"
#include "word_table.h"

/* The window within the object holds 8 years; the object 512 bytes, no more. */
#define DAYSET_STATE_WORDS	48

typedef struct UaDaysetState
{
	ExpandedObjectHeader header;
	UaWordTable table;
	UaDayset   *flat;			/* made when asked for, dropped on a change */
	uint64		window[DAYSET_STATE_WORDS];
} UaDaysetState;

/* An empty one, in memory that goes with `parent` */
extern UaDaysetState *ua_dayset_state_make(MemoryContext parent);

/* The state behind a datum, NULL where there is none */
extern UaDaysetState *ua_dayset_state_of(Datum datum);

/* The same, where it may be changed */
static inline UaDaysetState *
ua_dayset_state_to_change(Datum datum)
{
	if (!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
		return NULL;
	return ua_dayset_state_of(datum);
}

extern void ua_dayset_state_add(UaDaysetState *state, UaDays days);
extern int64 ua_dayset_state_cardinality(UaDaysetState *state);

static inline void
ua_dayset_state_changed(UaDaysetState *state)
{
	if (unlikely(state->flat != NULL))
	{
		pfree(state->flat);
		state->flat = NULL;
	}
}

static inline void
ua_dayset_state_add_day(UaDaysetState *state, UaDay day)
{
	ua_dayset_state_changed(state);
	*ua_word_table_find(&state->table, ua_word_of_day(day)) |= ua_bit_of_day(day);
}

#endif							/* UA_DAYSET_STATE_H */
