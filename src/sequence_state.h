/*
 * sequence_state.h
 *		The state that aggregates over sequences of events share: the times of
 *		a group's rows, each with the set of conditions that hold in it.
 */
#ifndef UA_SEQUENCE_STATE_H
#define UA_SEQUENCE_STATE_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/timestamp.h"

#include "compat.h"

#define UA_MAX_CONDITIONS 64

/* The setting usage_analytics.sequence_memory, in kB. */
extern int	ua_sequence_memory;

/* A row: bit i - 1 of conditions says whether condition i holds. */
typedef struct UaSequenceRow
{
	TimestampTz ts;
	uint64		conditions;
} UaSequenceRow;

/*
 * The rows of a group. The constants are the arguments that are the same in
 * every row; they belong to the query, not to the state.
 */
typedef struct UaSequence
{
	const void *constants;
	uint32		nrows;
	uint32		maxrows;
	bool		sorted;			/* by time, then ua_compare_conditions */
	UaSequenceRow rows[FLEXIBLE_ARRAY_MEMBER];
} UaSequence;

extern UaSequence *ua_sequence_new(MemoryContext context, const void *constants);
extern UaSequence *ua_sequence_add(MemoryContext context, UaSequence *sequence,
								   TimestampTz ts, uint64 conditions);
extern UaSequence *ua_sequence_merge(MemoryContext context, UaSequence *into,
									 const UaSequence *from);
extern void ua_sequence_sort(UaSequence *sequence);
extern void ua_sequence_send(StringInfo buf, UaSequence *sequence);
extern UaSequence *ua_sequence_recv(StringInfo buf, const void *constants);

/* Read a serialised state where it lies. */
static inline void
ua_read_bytea(StringInfo buf, bytea *bytes)
{
	buf->data = VARDATA_ANY(bytes);
	buf->len = buf->maxlen = VARSIZE_ANY_EXHDR(bytes);
	buf->cursor = 0;
}

extern int	ua_compare_conditions(uint64 a, uint64 b);
extern void ua_sequence_reserve(MemoryContext context, Size more);

/* Arguments, checked. The name is the one users know the argument by. */
extern int	ua_conditions_arg(FunctionCallInfo fcinfo, int argno,
							  uint64 *conditions);
extern uint64 ua_span_arg(FunctionCallInfo fcinfo, int argno, const char *name);
extern uint64 ua_interval_span(const Interval *interval, const char *name);
extern bool ua_timestamp_arg(FunctionCallInfo fcinfo, int argno,
							 TimestampTz *ts);

extern void ua_null_argument(const char *name);
extern void ua_changed_argument(const char *name);
extern MemoryContext ua_aggregate_context(FunctionCallInfo fcinfo);

/* Microseconds from an earlier moment to a later one; never overflows. */
static inline uint64
ua_elapsed(TimestampTz from, TimestampTz to)
{
	return (uint64) to - (uint64) from;
}

#endif							/* UA_SEQUENCE_STATE_H */
