/*
 * taxonomy.c
 *		Categories of event names: event_taxonomy in a hash table.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "model.h"
#include "taxonomy.h"

PG_FUNCTION_INFO_V1(event_category);

typedef struct
{
	const char *data;			/* not terminated */
	Size		length;
} EventName;

typedef struct
{
	EventName	name;
	text	   *category;
	uint32		hash;
	char		status;
} TaxonomyEntry;

#define SH_PREFIX taxonomy
#define SH_ELEMENT_TYPE TaxonomyEntry
#define SH_KEY_TYPE EventName
#define SH_KEY name
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) (key).data, (key).length)
#define SH_EQUAL(tb, a, b) \
	((a).length == (b).length && memcmp((a).data, (b).data, (a).length) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct UaTaxonomy
{
	UaSnapshotStamp stamp;
	MemoryContext context;		/* holds the hash and what it points to */
	taxonomy_hash *names;
};

static void
read_taxonomy(UaTaxonomy *taxonomy, Oid schema)
{
	char	   *query;

	MemoryContextReset(taxonomy->context);
	taxonomy->stamp.set = false;
	taxonomy->names = taxonomy_create(taxonomy->context, 64, NULL);

	SPI_connect();
	query = psprintf("SELECT event_name, event_category FROM %s",
					 ua_qualified(schema, "event_taxonomy"));
	if (SPI_execute(query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed: %s", query);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		char	   *name = SPI_getvalue(row, SPI_tuptable->tupdesc, 1);
		char	   *category = SPI_getvalue(row, SPI_tuptable->tupdesc, 2);
		MemoryContext spi_context;
		TaxonomyEntry *entry;
		EventName	key;
		bool		found;

		if (name == NULL || category == NULL)
			continue;			/* a table of the user's own may allow them */
		spi_context = MemoryContextSwitchTo(taxonomy->context);
		key.length = strlen(name);
		key.data = pstrdup(name);
		entry = taxonomy_insert(taxonomy->names, key, &found);
		entry->category = cstring_to_text(category);
		MemoryContextSwitchTo(spi_context);
	}
	SPI_finish();
	ua_stamp_now(&taxonomy->stamp);
}

UaTaxonomy *
ua_taxonomy(UaTaxonomy **cache, MemoryContext context, Oid schema)
{
	UaTaxonomy *taxonomy = *cache;

	if (taxonomy == NULL)
	{
		taxonomy = MemoryContextAllocZero(context, sizeof(UaTaxonomy));
		taxonomy->context = AllocSetContextCreate(context, "event taxonomy",
												  ALLOCSET_SMALL_SIZES);
		*cache = taxonomy;
	}
	if (!ua_stamp_is_current(&taxonomy->stamp))
		read_taxonomy(taxonomy, schema);
	return taxonomy;
}

text *
ua_event_category(UaTaxonomy *taxonomy, const char *name, Size length)
{
	EventName	key = {name, length};
	TaxonomyEntry *entry = taxonomy_lookup(taxonomy->names, key);

	return entry ? entry->category : NULL;
}

/* event_category(event_name text) → text, NULL for an unknown name */
Datum
event_category(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	UaTaxonomy *taxonomy = fcinfo->flinfo->fn_extra;
	text	   *category;

	if (taxonomy == NULL || !ua_stamp_is_current(&taxonomy->stamp))
		taxonomy = ua_taxonomy((UaTaxonomy **) &fcinfo->flinfo->fn_extra,
							   fcinfo->flinfo->fn_mcxt,
							   ua_function_schema(fcinfo));
	category = ua_event_category(taxonomy, VARDATA_ANY(name),
								 VARSIZE_ANY_EXHDR(name));
	if (category == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(category);
}
