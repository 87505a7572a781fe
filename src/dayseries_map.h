/*
 * dayseries_map.h
 *		Series by label: the stored form of dayseries_map, and its algebra.
 *
 * Pure computation on bytes, as in dayseries.h, with the same errors.
 *
 * Stored, after the varlena header:
 *
 *		byte 0		the version (1) in the high half, the width of an offset in
 *					the low half
 *		count		of labels, a varint
 *		offsets		of all entries but the first, in bytes after that of the
 *					first: each of 1, 2 or 4 bytes, the low byte first
 *		entries		in the labels' order, each: the label's length, a varint;
 *					the label; its series as in dayseries.h
 *
 * Labels are ordered by their bytes, each is there once, and its series is not
 * empty. Offsets are no wider than the last one needs; the width is 0 where
 * there are none. So equal maps are equal bytes. The empty map is byte 0
 * alone, with a width of 0. A label is found by binary search, and its series
 * is copied out as it stands.
 */
#ifndef UA_DAYSERIES_MAP_H
#define UA_DAYSERIES_MAP_H

#include "dayseries.h"

/* In bytes; a label has at least one, and none of them is 0. */
#define UA_LABEL_MAX	65535

/* A stored map: the bytes after the varlena header, wherever they are. */
typedef struct UaMap
{
	const uint8 *bytes;
	Size		size;
} UaMap;

typedef struct UaMapEntry
{
	const char *label;			/* not terminated */
	Size		label_size;
	UaDayseries series;
} UaMapEntry;

/*
 * Reading: the entries in the labels' order.
 *
 *		ua_map_read(&reader, map);
 *		while (ua_map_next(&reader, &entry))
 *			...
 */
typedef struct UaMapReader
{
	const uint8 *offsets;		/* that of the second entry first */
	const uint8 *entries;
	const uint8 *end;
	int			width;
	int			count;
	int			next;
} UaMapReader;

extern void ua_map_read(UaMapReader *reader, UaMap map);
extern bool ua_map_next(UaMapReader *reader, UaMapEntry *entry);

/* Go on to a label that comes after those that were asked for; false where there is none. */
extern bool ua_map_go_on_to(UaMapReader *reader, const char *label, Size label_size,
							UaDayseries *series);

/*
 * Writing: labels in ascending order, each once, then the bytes. An empty
 * series is left out, and its label with it. A label's series is given as a
 * whole, stored or still in its writer, or day by day in ascending order.
 *
 *		ua_map_start(&writer);
 *		ua_map_put(&writer, label, label_size, day, value); ...
 *		size = ua_map_finish(&writer);
 *		ua_map_store(&writer, bytes);
 *
 * The rules of a UaDayseriesWriter hold: it stays where it is, restart keeps
 * what it allocated and release frees it. The bytes of a label given to
 * ua_map_put() have to stay until another is given or the map is finished.
 */
typedef struct UaMapWriter
{
	MemoryContext context;
	uint8	   *entries;
	Size		size;
	Size		capacity;
	Size	   *offsets;		/* of all entries */
	int			count;
	int			offsets_capacity;
	int			width;			/* set by ua_map_finish() */
	const char *label;			/* of the series in the writer; NULL for none */
	Size		label_size;
	UaDayseriesWriter series;
} UaMapWriter;

extern void ua_map_start(UaMapWriter *writer);
extern void ua_map_restart(UaMapWriter *writer);
extern void ua_map_put(UaMapWriter *writer, const char *label, Size label_size,
					   UaDay day, int64 value);
extern void ua_map_put_stored(UaMapWriter *writer, const char *label,
							  Size label_size, UaDayseries series);
extern void ua_map_put_written(UaMapWriter *writer, const char *label,
							   Size label_size, UaDayseriesWriter *series);
extern Size ua_map_finish(UaMapWriter *writer);
extern void ua_map_store(const UaMapWriter *writer, uint8 *to);
extern void ua_map_release(UaMapWriter *writer);

/*
 * NULL where the bytes are a map just as a writer would store it, otherwise
 * what is wrong with them, as a sentence. The encoding of labels is not
 * looked at.
 */
extern const char *ua_map_fault(UaMap map);

/* The order of labels: below 0, 0, above 0. */
static inline int
ua_label_compare(const char *a, Size a_size, const char *b, Size b_size)
{
	int			order = memcmp(a, b, Min(a_size, b_size));

	return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* Asking. */
extern bool ua_map_isempty(UaMap map);
extern int	ua_map_count(UaMap map);
extern bool ua_map_find(UaMap map, const char *label, Size label_size,
						UaDayseries *series);
extern int	ua_map_compare(UaMap a, UaMap b);

/*
 * Making maps out of maps, label by label. Each puts its result into a writer
 * that was started, or restarted, and leaves it unfinished.
 */
extern void ua_map_add(UaMapWriter *result, UaMap a, UaMap b);
extern void ua_map_subtract(UaMapWriter *result, UaMap a, UaMap b);
extern void ua_map_negate(UaMapWriter *result, UaMap map);
extern void ua_map_slice(UaMapWriter *result, UaMap map,
						 UaDay first, UaDay last);

#endif							/* UA_DAYSERIES_MAP_H */
