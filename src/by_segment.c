/*
 * by_segment.c
 *		Aggregates of users' days that count by a segment, their last argument:
 *		what GROUP BY the segment makes of the same aggregate without it.
 *
 * To find the group of a row is most of what GROUP BY costs there. Here it
 * takes a comparison with the segment that was met last at the same address:
 * usage_segment() returns the same text again for most of those that are
 * equal. The states of the groups are those of the aggregate without a
 * segment, whose own transition function changes them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "state_context.h"

typedef struct SegmentGroup
{
	struct SegmentGroup *next;			/* in the order in which they were met */
	text	   *segment;		/* NULL for those without */
	NullableDatum state;
} SegmentGroup;

typedef struct SegmentGroupEntry
{
	text	   *segment;
	SegmentGroup *group;
	uint32		hash;
	char		status;
} SegmentGroupEntry;

static inline bool
same_text(const text *one, const text *other)
{
	return VARSIZE_ANY_EXHDR(one) == VARSIZE_ANY_EXHDR(other) &&
		memcmp(VARDATA_ANY(one), VARDATA_ANY(other), VARSIZE_ANY_EXHDR(one)) == 0;
}

#define SH_PREFIX groups
#define SH_ELEMENT_TYPE SegmentGroupEntry
#define SH_KEY_TYPE text *
#define SH_KEY segment
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key))
#define SH_EQUAL(tb, a, b) same_text(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) ((a)->hash)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define GROUPS_EXPECTED	16
#define ADDRESSES		64

/* A state that never leaves the process. */
typedef struct SegmentGroups
{
	MemoryContext context;
	int			n_groups;
	SegmentGroup *first;
	SegmentGroup **end;			/* where the next one is to hang */
	SegmentGroup *of_null;
	groups_hash *by_segment;
	SegmentGroup *met[ADDRESSES]; /* last, at addresses like that */
} SegmentGroups;

static SegmentGroups *
start_groups(MemoryContext context)
{
	SegmentGroups *groups = MemoryContextAllocZero(context, sizeof(SegmentGroups));

	groups->context = context;
	groups->end = &groups->first;
	groups->by_segment = groups_create(context, GROUPS_EXPECTED, NULL);
	return groups;
}

static SegmentGroup *
add_group(SegmentGroups *groups, text *segment)
{
	SegmentGroup *group = MemoryContextAllocZero(groups->context, sizeof(SegmentGroup));

	group->segment = segment;
	group->state.isnull = true;
	*groups->end = group;
	groups->end = &group->next;
	groups->n_groups++;
	return group;
}

static SegmentGroup *
look_up_group(SegmentGroups *groups, text *segment)
{
	bool		found;
	SegmentGroupEntry *entry = groups_insert(groups->by_segment, segment, &found);

	if (!found)
	{
		MemoryContext caller = MemoryContextSwitchTo(groups->context);

		entry->segment = cstring_to_text_with_len(VARDATA_ANY(segment),
												  VARSIZE_ANY_EXHDR(segment));
		MemoryContextSwitchTo(caller);
		entry->group = add_group(groups, entry->segment);
	}
	return entry->group;
}

/* What is at an address now may differ from what was there before. */
static inline SegmentGroup *
group_of(SegmentGroups *groups, text *segment)
{
	SegmentGroup **met = &groups->met[((uintptr_t) segment >> 4) % ADDRESSES];

	if (unlikely(*met == NULL || !same_text((*met)->segment, segment)))
		*met = look_up_group(groups, segment);
	return *met;
}

/*
 * A transition function lets another one change the state of the group, under
 * its own call: that one looks at the arguments before the segment only, and
 * has fn_extra for itself.
 */
static inline Datum
change_group(FunctionCallInfo fcinfo, PGFunction transfn)
{
	int			last = PG_NARGS() - 1;
	SegmentGroups *groups;
	SegmentGroup *group;
	MemoryContext aggregate;

	if (likely(!PG_ARGISNULL(0)))
		groups = (SegmentGroups *) PG_GETARG_POINTER(0);
	else if (AggCheckCallContext(fcinfo, &aggregate))
		groups = start_groups(ua_state_context(aggregate));
	else
		elog(ERROR, "transition function by segment called outside of an aggregate");

	if (likely(!PG_ARGISNULL(last)))
		group = group_of(groups, PG_GETARG_TEXT_PP(last));
	else
	{
		if (groups->of_null == NULL)
			groups->of_null = add_group(groups, NULL);
		group = groups->of_null;
	}

	fcinfo->args[0] = group->state;
	group->state.value = transfn(fcinfo);
	group->state.isnull = fcinfo->isnull;
	fcinfo->isnull = false;
	PG_RETURN_POINTER(groups);
}

#define TRANSFN_BY_SEGMENT(transfn) \
	extern Datum transfn(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(transfn##_by_segment); \
	Datum \
	transfn##_by_segment(PG_FUNCTION_ARGS) \
	{ \
		return change_group(fcinfo, transfn); \
	} \
	extern Datum transfn##_by_segment(PG_FUNCTION_ARGS)

TRANSFN_BY_SEGMENT(active_day_counts_transfn);
TRANSFN_BY_SEGMENT(active_period_counts_transfn);
TRANSFN_BY_SEGMENT(retention_counts_transfn);
TRANSFN_BY_SEGMENT(window_counts_transfn);

PG_FUNCTION_INFO_V1(by_segment_finalfn);

/* An array of pairs of a segment and its state, which is the result, made flat. */
Datum
by_segment_finalfn(PG_FUNCTION_ARGS)
{
	Oid			type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	TupleDesc	desc;
	SegmentGroups *groups;
	Datum	   *pairs;
	int			n_pairs = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	groups = (SegmentGroups *) PG_GETARG_POINTER(0);
	pairs = palloc(groups->n_groups * sizeof(Datum));
	desc = lookup_rowtype_tupdesc(type, -1);
	for (SegmentGroup *group = groups->first; group != NULL; group = group->next)
	{
		Datum		values[2] = {PointerGetDatum(group->segment), group->state.value};
		bool		nulls[2] = {group->segment == NULL, group->state.isnull};

		CHECK_FOR_INTERRUPTS();
		if (!nulls[1])
			values[1] = PointerGetDatum(PG_DETOAST_DATUM(values[1]));
		pairs[n_pairs++] = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	}
	ReleaseTupleDesc(desc);
	PG_RETURN_ARRAYTYPE_P(construct_array(pairs, n_pairs, type, -1, false, TYPALIGN_DOUBLE));
}
