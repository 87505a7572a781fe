/*
 * sequence_pattern.h
 *		Patterns of rows: how they are written, and how they are matched.
 */
#ifndef UA_SEQUENCE_PATTERN_H
#define UA_SEQUENCE_PATTERN_H

#include "sequence_state.h"

/* What lies between an item of a pattern and the item before it. */
typedef enum
{
	UA_GAP_NONE,				/* nothing: the rows are adjacent */
	UA_GAP_ANY,					/* any rows */
	UA_GAP_AT_MOST,				/* any rows, no more than a time */
	UA_GAP_AT_LEAST,			/* any rows, no less than a time */
	UA_GAP_TIME					/* any rows, a range of times with holes */
} UaGapKind;

/* An item matches one row. */
typedef struct UaPatternItem
{
	int			condition;		/* 1 …, or 0 where any row does */
	UaGapKind	gap;
	uint64		least;			/* microseconds since the item before */
	uint64		most;
	int			nholes;
	uint64	   *holes;			/* distinct, none outside least … most */
} UaPatternItem;

typedef struct UaPattern
{
	int			nconditions;
	int			nitems;			/* at least 1 */
	UaPatternItem *items;
	int			length;
	char		text[FLEXIBLE_ARRAY_MEMBER];	/* as given */
} UaPattern;

extern UaPattern *ua_parse_pattern(const char *text, int length,
								   int nconditions);
extern int64 ua_count_matches(const UaPattern *pattern,
							  const UaSequenceRow *rows, uint32 nrows,
							  int64 enough);

#endif							/* UA_SEQUENCE_PATTERN_H */
