/*
 * segment_groups.c
 *		Something for each segment of a report, found by its name.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "compat.h"
#include "segment_groups.h"

typedef struct
{
	text	   *name;
	UaSegmentGroup *group;
	uint32		hash;
	char		status;
} NamedGroup;

static inline bool
same_name(const text *one, const text *other)
{
	return VARSIZE_ANY_EXHDR(one) == VARSIZE_ANY_EXHDR(other) &&
		memcmp(VARDATA_ANY(one), VARDATA_ANY(other), VARSIZE_ANY_EXHDR(one)) == 0;
}

#define SH_PREFIX names
#define SH_ELEMENT_TYPE NamedGroup
#define SH_KEY_TYPE text *
#define SH_KEY name
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key))
#define SH_EQUAL(tb, a, b) same_name(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

void
ua_groups_start(UaSegmentGroups *groups, Size size)
{
	memset(groups, 0, sizeof(*groups));
	groups->context = CurrentMemoryContext;
	groups->size = size;
	groups->names = names_create(CurrentMemoryContext, 16, NULL);
}

static UaSegmentGroup *
make_group(UaSegmentGroups *groups, text *name)
{
	MemoryContext caller = MemoryContextSwitchTo(groups->context);
	UaSegmentGroup *group = palloc0(groups->size);

	if (name != NULL)
		group->name = cstring_to_text_with_len(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	MemoryContextSwitchTo(caller);
	return group;
}

void *
ua_group_named(UaSegmentGroups *groups, text *name)
{
	NamedGroup *entry;
	bool		found;

	if (name == NULL)
	{
		if (groups->nameless == NULL)
			groups->nameless = make_group(groups, NULL);
		return groups->nameless;
	}
	if (groups->last != NULL && same_name(groups->last->name, name))
		return groups->last;
	entry = names_lookup(groups->names, name);
	if (entry == NULL)
	{
		UaSegmentGroup *group = make_group(groups, name);

		entry = names_insert(groups->names, group->name, &found);
		entry->group = group;
	}
	return groups->last = entry->group;
}

static int
compare_names(const void *a, const void *b)
{
	text	   *left = (*(const UaSegmentGroup *const *) a)->name;
	text	   *right = (*(const UaSegmentGroup *const *) b)->name;

	CHECK_FOR_INTERRUPTS();
	return varstr_cmp(VARDATA_ANY(left), VARSIZE_ANY_EXHDR(left),
					  VARDATA_ANY(right), VARSIZE_ANY_EXHDR(right),
					  DEFAULT_COLLATION_OID);
}

UaSegmentGroup **
ua_groups_in_order(UaSegmentGroups *groups, int *count)
{
	UaSegmentGroup **ordered = palloc((groups->names->members + 1) * sizeof(*ordered));
	names_iterator scan;
	NamedGroup *entry;

	*count = 0;
	names_start_iterate(groups->names, &scan);
	while ((entry = names_iterate(groups->names, &scan)) != NULL)
		ordered[(*count)++] = entry->group;
	qsort(ordered, *count, sizeof(*ordered), compare_names);
	if (groups->nameless != NULL)
		ordered[(*count)++] = groups->nameless;
	return ordered;
}
