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

#define UUID_TEXT_LEN	36

typedef struct
{
	const char *data;
	Size		size;
} Key;

typedef struct
{
	Key			key;
	UaSegmentGroup *group;
	uint32		hash;
	char		status;
} KeyedGroup;

#define SH_PREFIX names
#define SH_ELEMENT_TYPE KeyedGroup
#define SH_KEY_TYPE Key
#define SH_KEY key
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) (key).data, (key).size)
#define SH_EQUAL(tb, a, b) \
	((a).size == (b).size && memcmp((a).data, (b).data, (a).size) == 0)
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

/* What uuid_out() makes of it */
static text *
uuid_text(const char *uuid)
{
	static const char digits[] = "0123456789abcdef";
	text	   *result = palloc(VARHDRSZ + UUID_TEXT_LEN);
	char	   *to = VARDATA(result);

	SET_VARSIZE(result, VARHDRSZ + UUID_TEXT_LEN);
	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = digits[(uint8) uuid[i] >> 4];
		*to++ = digits[(uint8) uuid[i] & 0x0F];
	}
	return result;
}

static UaSegmentGroup *
make_group(UaSegmentGroups *groups, Key key, bool of_account)
{
	MemoryContext caller = MemoryContextSwitchTo(groups->context);
	UaSegmentGroup *group = palloc0(groups->size);
	char	   *copy = palloc(Max(key.size, 1));
	bool		found;

	memcpy(copy, key.data, key.size);
	group->key = key.data = copy;
	group->key_size = key.size;
	group->name = of_account ? uuid_text(copy) : cstring_to_text_with_len(copy, key.size);
	names_insert(groups->names, key, &found)->group = group;
	MemoryContextSwitchTo(caller);
	return group;
}

static UaSegmentGroup *
group_of(UaSegmentGroups *groups, Key key, bool of_account)
{
	KeyedGroup *entry;

	if (groups->last != NULL && groups->last->key_size == key.size &&
		memcmp(groups->last->key, key.data, key.size) == 0)
		return groups->last;
	entry = names_lookup(groups->names, key);
	groups->last = entry != NULL ? entry->group : make_group(groups, key, of_account);
	return groups->last;
}

void *
ua_group_named(UaSegmentGroups *groups, text *name)
{
	if (name != NULL)
		return group_of(groups, (Key) {VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)}, false);
	if (groups->nameless == NULL)
		groups->nameless = MemoryContextAllocZero(groups->context, groups->size);
	return groups->nameless;
}

void *
ua_group_of_account(UaSegmentGroups *groups, const pg_uuid_t *account)
{
	return group_of(groups, (Key) {(const char *) account, UUID_LEN}, true);
}

static int
compare_keys(const void *a, const void *b)
{
	const UaSegmentGroup *left = *(const UaSegmentGroup *const *) a;
	const UaSegmentGroup *right = *(const UaSegmentGroup *const *) b;
	int			order = memcmp(left->key, right->key, Min(left->key_size, right->key_size));

	if (order != 0)
		return order;
	return (left->key_size > right->key_size) - (left->key_size < right->key_size);
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
	KeyedGroup *entry;

	*count = 0;
	names_start_iterate(groups->names, &scan);
	while ((entry = names_iterate(groups->names, &scan)) != NULL)
		ordered[(*count)++] = entry->group;

	/* By bytes they are almost in order, which costs less to find than to make. */
	qsort(ordered, *count, sizeof(*ordered), compare_keys);
	qsort(ordered, *count, sizeof(*ordered), compare_names);
	if (groups->nameless != NULL)
		ordered[(*count)++] = groups->nameless;
	return ordered;
}
