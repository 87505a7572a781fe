/*
 * lag.h
 *		Lags of arrival, and the buckets they are counted in.
 *
 * Buckets are log-linear, as those of HDR histograms (Gil Tene,
 * HdrHistogram): each doubling is cut into 32 of equal width. The unit is an
 * hour, so that 1, 24 and 72 hours are edges between buckets. A bucket holds
 * the lags above its lower edge up to its upper one, both in microseconds:
 *
 *		3.6e9 * 2^j * (1 + s / 32)		bucket 1024 + 32 * j + s, 0 < s <= 32
 *
 * is the upper edge. Bucket 0 holds the lag 0, and negative lags lie mirrored:
 * bucket -b holds the lags that bucket b would hold with the sign turned. So
 * buckets are in the order of their lags.
 *
 * The middle of a bucket differs from its lags by 1/64 of them at most, and
 * half a microsecond.
 */
#ifndef UA_LAG_H
#define UA_LAG_H

#include "datatype/timestamp.h"

/* The buckets whose upper edges are 1, 24 and 72 hours */
#define UA_LAG_1H		1024
#define UA_LAG_24H		(UA_LAG_1H + 4 * 32 + 16)
#define UA_LAG_72H		(UA_LAG_1H + 6 * 32 + 4)

/* Of the longest lag that two timestamps can have, in either direction */
#define UA_LAG_MAX		2024

/* Of a lag in microseconds, given without its sign */
extern int	ua_lag_bucket_of(uint64 magnitude, bool negative);

/* Of finite timestamps, which can be more than INT64_MAX from each other */
static inline int
ua_lag_bucket(TimestampTz event_ts, TimestampTz ingested_at)
{
	return ingested_at >= event_ts ?
		ua_lag_bucket_of((uint64) ingested_at - (uint64) event_ts, false) :
		ua_lag_bucket_of((uint64) event_ts - (uint64) ingested_at, true);
}

/* The upper edge of a bucket above 0, or of 0: in microseconds, rounded down */
extern uint64 ua_lag_upper_edge(int bucket);

/*
 * Labels of events counted by source and lag: the source, a space, the number
 * of the bucket.
 */
#define UA_LAG_SUFFIX_MAX	7	/* bytes: the space, the number, a NUL */

/* Append space and number to the source; the size of the whole. */
extern Size ua_lag_label(char *label, Size source_size, int bucket);

/* The number, and the size of the source; an error where it is no such label. */
extern int	ua_lag_label_parse(const char *label, Size label_size,
							   Size *source_size);

#endif							/* UA_LAG_H */
