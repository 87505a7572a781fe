/*
 * dayset_state.c
 *		A dayset as an expanded object: what aggregates add days to.
 */
#include "postgres.h"

#include "compat.h"
#include "dayset_state.h"
#include "state_context.h"
#include "utils/memutils.h"

static Size state_flat_size(ExpandedObjectHeader *header);
static void state_flatten(ExpandedObjectHeader *header, void *result, Size size);

static const ExpandedObjectMethods state_methods = {
	state_flat_size,
	state_flatten
};

UaDaysetState *
ua_dayset_state_make(MemoryContext parent)
{
	MemoryContext context = ua_state_context(parent);
	UaDaysetState *state = MemoryContextAlloc(context, sizeof(UaDaysetState));

	EOH_init_header(&state->header, &state_methods, context);
	state->flat = NULL;
	ua_word_table_init(&state->table, context, state->window, DAYSET_STATE_WORDS);
	return state;
}

UaDaysetState *
ua_dayset_state_of(Datum datum)
{
	UaDaysetState *state;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
		return NULL;
	state = (UaDaysetState *) DatumGetEOHP(datum);
	return state->header.eoh_methods == &state_methods ? state : NULL;
}

void
ua_dayset_state_add(UaDaysetState *state, UaDays days)
{
	UaDaysReader reader;
	int32		word;
	uint64		bits;

	ua_dayset_state_changed(state);
	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
		*ua_word_table_find(&state->table, word) |= bits;
}

int64
ua_dayset_state_cardinality(UaDaysetState *state)
{
	UaWordTableScan scan;
	int32		word;
	uint64		bits;
	int64		count = 0;

	ua_word_table_scan(&scan, &state->table);
	while (ua_word_table_next(&scan, &word, &bits))
		count += pg_popcount64(bits);
	return count;
}

/* The flat form is kept, as it is asked for its size and then for itself. */
static Size
state_flat_size(ExpandedObjectHeader *header)
{
	UaDaysetState *state = (UaDaysetState *) header;
	MemoryContext caller;
	UaWordTableScan scan;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;

	if (state->flat == NULL)
	{
		caller = MemoryContextSwitchTo(header->eoh_context);
		ua_days_write(&writer, VARHDRSZ, 0);
		ua_word_table_scan(&scan, &state->table);
		while (ua_word_table_next(&scan, &word, &bits))
			ua_days_put(&writer, word, bits);
		state->flat = ua_dayset_written(&writer);
		MemoryContextSwitchTo(caller);
	}
	return VARSIZE(state->flat);
}

static void
state_flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	UaDaysetState *state = (UaDaysetState *) header;

	Assert(state->flat != NULL && size == VARSIZE(state->flat));
	memcpy(result, state->flat, size);
}
