/*
 * window_funnel.h
 *		How far through a list of steps a sequence of rows goes.
 */
#ifndef UA_WINDOW_FUNNEL_H
#define UA_WINDOW_FUNNEL_H

#include "utils/array.h"

#include "sequence_state.h"

#define UA_STRICT_DEDUPLICATION	0x01
#define UA_STRICT_ORDER			0x02
#define UA_STRICT_INCREASE		0x04
#define UA_STRICT_ONCE			0x08
#define UA_ALLOW_REENTRY		0x10

typedef struct UaFunnelConstants
{
	uint64		within;			/* microseconds */
	int			modes;
	int			nsteps;
} UaFunnelConstants;

typedef struct UaFunnelTies UaFunnelTies;

/* A search under way. Levels 1 … reached are set. */
typedef struct UaFunnel
{
	const UaFunnelConstants *constants;
	MemoryContext context;
	int			reached;
	TimestampTz entry[UA_MAX_CONDITIONS + 1];	/* of each level's chain */
	TimestampTz *times;			/* of the chain that first got to reached */
	TimestampTz *chains;		/* of each level; NULL if times are not wanted */
	UaFunnelTies *ties;
} UaFunnel;

extern int	ua_funnel_modes(ArrayType *array);
extern void ua_funnel_start(UaFunnel *funnel,
							const UaFunnelConstants *constants,
							bool with_times);
extern void ua_funnel_restart(UaFunnel *funnel);
extern bool ua_funnel_read(UaFunnel *funnel, const UaSequenceRow *rows,
						   uint32 nrows);

#endif							/* UA_WINDOW_FUNNEL_H */
