/*
 * dayseries_map.c
 *		Series by label: the stored form of dayseries_map, and its algebra.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "dayseries_map.h"

#define VERSION			1
#define VERSION_OF(byte)	((byte) >> 4)
#define WIDTH_OF(byte)		((byte) & 0x0F)
#define HEADER(width)		(VERSION << 4 | (width))

static inline Size
load_offset(const uint8 *from, int width)
{
	Size		offset = 0;

	for (int i = 0; i < width; i++)
		offset |= (Size) from[i] << (8 * i);
	return offset;
}

static inline void
store_offset(uint8 *to, int width, Size offset)
{
	for (int i = 0; i < width; i++)
		to[i] = (uint8) (offset >> (8 * i));
}

/* The width of the offsets of so many entries, of which this is the last. */
static int
least_width(int count, Size last)
{
	if (count < 2)
		return 0;
	return last <= PG_UINT8_MAX ? 1 : last <= PG_UINT16_MAX ? 2 : 4;
}

/*
 * Reading
 */

void
ua_map_read(UaMapReader *reader, UaMap map)
{
	uint32		count = 0;
	Size		at = 1;

	reader->width = WIDTH_OF(map.bytes[0]);
	reader->next = 0;
	if (!ua_map_isempty(map))
		at += ua_varint_load(map.bytes + 1, &count);
	reader->count = (int) count;
	reader->offsets = map.bytes + at;
	reader->entries = reader->offsets;
	if (count > 0)
		reader->entries += (Size) (count - 1) * reader->width;
	reader->end = map.bytes + map.size;
}

/* Where entry i starts; the count is the index of the end. */
static inline const uint8 *
entry_start(const UaMapReader *reader, int i)
{
	if (i == 0)
		return reader->entries;
	if (i == reader->count)
		return reader->end;
	return reader->entries +
		load_offset(reader->offsets + (Size) (i - 1) * reader->width,
					reader->width);
}

static inline void
load_entry(const UaMapReader *reader, int i, UaMapEntry *entry)
{
	const uint8 *start = entry_start(reader, i);
	uint32		label_size;

	start += ua_varint_load(start, &label_size);
	entry->label = (const char *) start;
	entry->label_size = label_size;
	entry->series.bytes = start + label_size;
	entry->series.size = entry_start(reader, i + 1) - entry->series.bytes;
}

bool
ua_map_next(UaMapReader *reader, UaMapEntry *entry)
{
	if (reader->next == reader->count)
		return false;
	load_entry(reader, reader->next++, entry);
	return true;
}

/* By halves, but labels asked for in turn are often neighbours. */
bool
ua_map_go_on_to(UaMapReader *reader, const char *label, Size label_size,
				UaDayseries *series)
{
	int			low = reader->next;
	int			high = reader->count;
	int			at = low == 0 ? high / 2 : low;

	while (low < high)
	{
		UaMapEntry	entry;
		int			order;

		load_entry(reader, at, &entry);
		order = ua_label_compare(label, label_size, entry.label, entry.label_size);
		if (order == 0)
		{
			*series = entry.series;
			reader->next = at + 1;
			return true;
		}
		if (order < 0)
			high = at;
		else
			low = at + 1;
		at = low + (high - low) / 2;
	}
	reader->next = low;
	return false;
}

/*
 * Writing
 */

void
ua_map_restart(UaMapWriter *writer)
{
	writer->size = 0;
	writer->count = 0;
	writer->label = NULL;
}

void
ua_map_start(UaMapWriter *writer)
{
	writer->context = CurrentMemoryContext;
	writer->entries = NULL;
	writer->capacity = 0;
	writer->offsets = NULL;
	writer->offsets_capacity = 0;
	ua_dayseries_start(&writer->series);
	ua_map_restart(writer);
}

void
ua_map_release(UaMapWriter *writer)
{
	ua_dayseries_release(&writer->series);
	if (writer->entries != NULL)
		pfree(writer->entries);
	if (writer->offsets != NULL)
		pfree(writer->offsets);
}

/* Add an entry without its series, and return where that goes. */
static uint8 *
add_entry(UaMapWriter *writer, const char *label, Size label_size,
		  Size series_size)
{
	Size		start = writer->size;
	Size		needed = start + UA_VARINT_MAX + label_size + series_size;

	Assert(label_size > 0 && label_size <= UA_LABEL_MAX);

	if (needed > writer->capacity)
	{
		Size		capacity = Max(needed, writer->capacity * 2);

		CHECK_FOR_INTERRUPTS();
		if (needed > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("dayseries_map would be too large")));
		capacity = Max(Min(capacity, MaxAllocSize), 256);
		writer->entries = writer->entries == NULL ?
			MemoryContextAlloc(writer->context, capacity) :
			repalloc(writer->entries, capacity);
		writer->capacity = capacity;
	}
	if (writer->count == writer->offsets_capacity)
	{
		writer->offsets_capacity = Max(16, writer->offsets_capacity * 2);
		writer->offsets = writer->offsets == NULL ?
			MemoryContextAlloc(writer->context,
							   writer->offsets_capacity * sizeof(Size)) :
			repalloc(writer->offsets,
					 writer->offsets_capacity * sizeof(Size));
	}

	writer->offsets[writer->count++] = start;
	start += ua_varint_store(writer->entries + start, label_size);
	memcpy(writer->entries + start, label, label_size);
	start += label_size;
	writer->size = start + series_size;
	return writer->entries + start;
}

/* Move the series given day by day to the entries. */
static void
flush_series(UaMapWriter *writer)
{
	const char *label = writer->label;

	writer->label = NULL;
	if (label != NULL)
		ua_map_put_written(writer, label, writer->label_size, &writer->series);
}

void
ua_map_put(UaMapWriter *writer, const char *label, Size label_size,
		   UaDay day, int64 value)
{
	if (writer->label == NULL || writer->label_size != label_size ||
		memcmp(writer->label, label, label_size) != 0)
	{
		flush_series(writer);
		writer->label = label;
		writer->label_size = label_size;
		ua_dayseries_restart(&writer->series);
	}
	ua_dayseries_put(&writer->series, day, value);
}

void
ua_map_put_stored(UaMapWriter *writer, const char *label, Size label_size,
				  UaDayseries series)
{
	flush_series(writer);
	if (!ua_dayseries_isempty(series))
		memcpy(add_entry(writer, label, label_size, series.size),
			   series.bytes, series.size);
}

/* The series is finished here. */
void
ua_map_put_written(UaMapWriter *writer, const char *label, Size label_size,
				   UaDayseriesWriter *series)
{
	Size		size;

	flush_series(writer);
	size = ua_dayseries_finish(series);
	if (series->count > 0 || series->carries.size > 0)
		ua_dayseries_store(series,
						   add_entry(writer, label, label_size, size));
}

Size
ua_map_finish(UaMapWriter *writer)
{
	uint8		varint[UA_VARINT_MAX];

	flush_series(writer);
	if (writer->count == 0)
	{
		writer->width = 0;
		return 1;
	}
	writer->width = least_width(writer->count,
								writer->offsets[writer->count - 1]);
	return 1 + ua_varint_store(varint, writer->count) +
		(Size) (writer->count - 1) * writer->width + writer->size;
}

void
ua_map_store(const UaMapWriter *writer, uint8 *to)
{
	*to++ = HEADER(writer->width);
	if (writer->count == 0)
		return;
	to += ua_varint_store(to, writer->count);
	for (int i = 1; i < writer->count; i++)
	{
		store_offset(to, writer->width, writer->offsets[i]);
		to += writer->width;
	}
	memcpy(to, writer->entries, writer->size);
}

/*
 * Everything that ua_map_read() and load_entry() rely on is looked at before
 * they are called.
 */
const char *
ua_map_fault(UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;
	UaMapEntry	last = {NULL};
	uint32		count;
	Size		at;
	Size		offset = 0;

	if (map.size == 0)
		return "The value is cut short.";
	if (VERSION_OF(map.bytes[0]) != VERSION)
		return "The version is unknown.";
	if (map.size == 1)
		return map.bytes[0] == HEADER(0) ? NULL :
			"An empty map has no offsets.";

	if (!(WIDTH_OF(map.bytes[0]) <= 2 || WIDTH_OF(map.bytes[0]) == 4))
		return "The width of offsets is wrong.";
	at = ua_varint_check(map.bytes + 1, map.size - 1, &count);
	if (at == 0)
		return "The number of labels is malformed.";
	at += 1;
	/* an entry has a length, a label, and a series of a day at least */
	if (count == 0 || count > (map.size - at) / 6)
		return "The number of labels is out of range.";

	ua_map_read(&reader, map);
	if ((Size) (count - 1) * reader.width > map.size - at)
		return "The value is cut short.";
	for (int i = 0; i < reader.count; i++)
	{
		Size		room = reader.end - reader.entries;
		Size		next = entry_start(&reader, i + 1) - reader.entries;
		uint32		label_size;
		Size		taken;
		const char *fault;

		if (next <= offset || next > room)
			return "An offset is out of range.";
		taken = ua_varint_check(reader.entries + offset, next - offset,
								&label_size);
		if (taken == 0 || label_size == 0 || label_size > UA_LABEL_MAX ||
			label_size > next - offset - taken)
			return "The length of a label is out of range.";
		load_entry(&reader, i, &entry);
		if (memchr(entry.label, 0, entry.label_size) != NULL)
			return "A label holds a zero byte.";
		if (last.label != NULL &&
			ua_label_compare(last.label, last.label_size,
							 entry.label, entry.label_size) >= 0)
			return "The labels are not in ascending order.";
		fault = ua_dayseries_fault(entry.series);
		if (fault != NULL)
			return fault;
		if (ua_dayseries_isempty(entry.series))
			return "A series is empty.";
		if (i == reader.count - 1 &&
			reader.width != least_width(reader.count, offset))
			return "The width of offsets is wrong.";
		last = entry;
		offset = next;
	}
	return NULL;
}

/*
 * Asking
 */

bool
ua_map_isempty(UaMap map)
{
	return map.size == 1;
}

int
ua_map_count(UaMap map)
{
	UaMapReader reader;

	ua_map_read(&reader, map);
	return reader.count;
}

/* The series of a label; false where there is none. */
bool
ua_map_find(UaMap map, const char *label, Size label_size, UaDayseries *series)
{
	UaMapReader reader;

	ua_map_read(&reader, map);
	return ua_map_go_on_to(&reader, label, label_size, series);
}

/* A total order that agrees with equality: that of the stored bytes. */
int
ua_map_compare(UaMap a, UaMap b)
{
	int			order = memcmp(a.bytes, b.bytes, Min(a.size, b.size));

	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

/*
 * Making maps out of maps
 */

static void
combine(UaMapWriter *result, UaMap a, UaMap b, bool subtract)
{
	UaMapReader reader_a,
				reader_b;
	UaMapEntry	entry_a,
				entry_b;
	bool		more_a,
				more_b;
	UaDayseriesWriter series;

	ua_dayseries_start(&series);
	ua_map_read(&reader_a, a);
	ua_map_read(&reader_b, b);
	more_a = ua_map_next(&reader_a, &entry_a);
	more_b = ua_map_next(&reader_b, &entry_b);
	while (more_a || more_b)
	{
		int			order = !more_a ? 1 : !more_b ? -1 :
			ua_label_compare(entry_a.label, entry_a.label_size,
							 entry_b.label, entry_b.label_size);

		if (order < 0)
			ua_map_put_stored(result, entry_a.label, entry_a.label_size,
							  entry_a.series);
		else if (order > 0 && !subtract)
			ua_map_put_stored(result, entry_b.label, entry_b.label_size,
							  entry_b.series);
		else
		{
			ua_dayseries_restart(&series);
			if (order > 0)
				ua_dayseries_negate(&series, entry_b.series);
			else if (subtract)
				ua_dayseries_subtract(&series, entry_a.series, entry_b.series);
			else
				ua_dayseries_add(&series, entry_a.series, entry_b.series);
			ua_map_put_written(result, entry_b.label, entry_b.label_size,
							   &series);
		}
		if (order <= 0)
			more_a = ua_map_next(&reader_a, &entry_a);
		if (order >= 0)
			more_b = ua_map_next(&reader_b, &entry_b);
	}
	ua_dayseries_release(&series);
}

void
ua_map_add(UaMapWriter *result, UaMap a, UaMap b)
{
	combine(result, a, b, false);
}

void
ua_map_subtract(UaMapWriter *result, UaMap a, UaMap b)
{
	combine(result, a, b, true);
}

void
ua_map_negate(UaMapWriter *result, UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;
	UaDayseriesWriter series;

	ua_dayseries_start(&series);
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
	{
		ua_dayseries_restart(&series);
		ua_dayseries_negate(&series, entry.series);
		ua_map_put_written(result, entry.label, entry.label_size, &series);
	}
	ua_dayseries_release(&series);
}

void
ua_map_slice(UaMapWriter *result, UaMap map, UaDay first, UaDay last)
{
	UaMapReader reader;
	UaMapEntry	entry;
	UaDayseriesWriter series;

	ua_dayseries_start(&series);
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
	{
		ua_dayseries_restart(&series);
		ua_dayseries_slice(&series, entry.series, first, last);
		ua_map_put_written(result, entry.label, entry.label_size, &series);
	}
	ua_dayseries_release(&series);
}
