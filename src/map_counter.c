/*
 * map_counter.c
 *		By label and day, how many of many sets came to hold the day, less how
 *		many ceased to.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "map_counter.h"

#define LABELS_AT_FIRST	8

void
ua_map_counter_start(UaMapCounter *counter, MemoryContext context)
{
	memset(counter, 0, sizeof(*counter));
	counter->context = context;
}

static UaLabelCounter *
insert_label(UaMapCounter *counter, int at, const char *label, Size label_size)
{
	UaLabelCounter *added;

	if (counter->count == counter->capacity)
	{
		counter->capacity = Max(LABELS_AT_FIRST, counter->capacity * 2);
		counter->labels = counter->labels == NULL ?
			MemoryContextAlloc(counter->context,
							   counter->capacity * sizeof(*counter->labels)) :
			repalloc(counter->labels,
					 counter->capacity * sizeof(*counter->labels));
	}
	added = MemoryContextAlloc(counter->context,
							   offsetof(UaLabelCounter, label) + label_size);
	added->plus = NULL;
	added->minus = NULL;
	added->label_size = label_size;
	memcpy(added->label, label, label_size);

	memmove(counter->labels + at + 1, counter->labels + at,
			(counter->count - at) * sizeof(*counter->labels));
	counter->labels[at] = added;
	counter->count++;
	return added;
}

/*
 * The counters of a label. Rows of one kind have the same labels, in order, so
 * the one asked for is mostly the one after the last, or after the end the
 * first.
 */
UaLabelCounter *
ua_map_counter_of(UaMapCounter *counter, const char *label, Size label_size)
{
	int			low = 0;
	int			high = counter->count;
	int			at = counter->next < high ? counter->next : 0;

	while (low < high)
	{
		UaLabelCounter *found = counter->labels[at];
		int			order = ua_label_compare(label, label_size,
											 found->label, found->label_size);

		if (order == 0)
		{
			counter->next = at + 1;
			return found;
		}
		if (order < 0)
			high = at;
		else
			low = at + 1;
		at = low + (high - low) / 2;
	}
	counter->next = low + 1;
	return insert_label(counter, low, label, label_size);
}

UaDayCounter *
ua_label_counter_make(UaMapCounter *counter, UaDayCounter **place)
{
	UaDayCounter *made = MemoryContextAlloc(counter->context,
											sizeof(UaDayCounter));

	ua_counter_init(made, counter->context);
	*place = made;
	return made;
}

void
ua_map_counter_add(UaMapCounter *counter, UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;

	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
	{
		UaLabelCounter *label = ua_map_counter_of(counter, entry.label,
												  entry.label_size);

		if (label->plus == NULL)
			ua_label_counter_make(counter, &label->plus);
		ua_counter_add_counts(label->plus, entry.series);
	}
}

void
ua_map_counter_write(UaMapCounter *counter, UaMapWriter *result)
{
	UaDayseriesWriter series;

	ua_dayseries_start(&series);
	for (int i = 0; i < counter->count; i++)
	{
		UaLabelCounter *label = counter->labels[i];

		ua_dayseries_restart(&series);
		ua_counter_write_difference(label->plus, label->minus, &series);
		ua_map_put_written(result, label->label, label->label_size, &series);
	}
	ua_dayseries_release(&series);
}
