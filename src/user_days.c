/*
 * user_days.c
 *		user_days(): the days of each user under each of some names, of many
 *		rows with a user and a map; user_days_found(): these as rows.
 *
 * The state is a hash table of users in an expanded object. Where it has to
 * travel, it is flattened into a bytea: the number of names; each name, with
 * its length before it; then, for each user and name, the user, the number of
 * the name from 0, and the days as in a dayset, with their length before them.
 * Numbers are varints.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "state_context.h"
#include "word_table.h"

PG_FUNCTION_INFO_V1(user_days_transfn);
PG_FUNCTION_INFO_V1(user_days_combinefn);
PG_FUNCTION_INFO_V1(user_days_found);

/* The window within the days of a user reaches about a year. */
#define WINDOW	6

/* The days of a user under a name. */
typedef struct NamedDays
{
	struct NamedDays *next;
	int			name;
	UaWordTable words;			/* a bit a day */
	uint64		window[WINDOW];
} NamedDays;

typedef struct UserEntry
{
	pg_uuid_t	user;
	NamedDays  *days;
	char		status;
} UserEntry;

static inline uint32
hash_user(const pg_uuid_t *user)
{
	uint64		halves[2];
	uint64		hash;

	memcpy(halves, user, sizeof(halves));
	hash = (halves[0] ^ (halves[1] << 32 | halves[1] >> 32)) *
		UINT64CONST(0x9E3779B97F4A7C15);
	return (uint32) (hash >> 32);
}

#define SH_PREFIX users
#define SH_ELEMENT_TYPE UserEntry
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY user
#define SH_HASH_KEY(tb, key) hash_user(&(key))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define USERS_AT_FIRST	64

/* What a label counts under. */
typedef struct Label
{
	const char *label;
	Size		size;
	int			name;			/* NOT_COUNTED for nothing */
} Label;

#define NOT_COUNTED	(-1)

typedef struct UserDays
{
	ExpandedObjectHeader header;
	MemoryContext context;
	users_hash *users;
	text	  **names;
	int			n_names;
	int			names_capacity;
	Label	   *labels;			/* in their order */
	int			n_labels;
	int			labels_capacity;
	int			next_label;		/* after the one that was met last */
	bool		has_labels;		/* whether they were taken from the arguments */
	bool		by_label;		/* others count under themselves */
	int			others;			/* what they count under otherwise */
	bytea	   *flat;			/* from its size to its use */
} UserDays;

static Size user_days_flat_size(ExpandedObjectHeader *header);
static void user_days_flatten(ExpandedObjectHeader *header, void *result, Size size);

static const ExpandedObjectMethods user_days_methods = {
	user_days_flat_size,
	user_days_flatten
};

/* ---------- names and labels ---------- */

static int
add_name(UserDays *state, const char *name, Size size)
{
	MemoryContext caller = MemoryContextSwitchTo(state->context);

	if (state->n_names == state->names_capacity)
	{
		state->names_capacity = Max(8, state->names_capacity * 2);
		state->names = state->names == NULL ?
			palloc(state->names_capacity * sizeof(text *)) :
			repalloc(state->names, state->names_capacity * sizeof(text *));
	}
	state->names[state->n_names] = cstring_to_text_with_len(name, (int) size);
	MemoryContextSwitchTo(caller);
	return state->n_names++;
}

/* The number of a name, which is added where it is new. */
static int
name_number(UserDays *state, const char *name, Size size)
{
	for (int i = 0; i < state->n_names; i++)
		if (VARSIZE(state->names[i]) - VARHDRSZ == size &&
			memcmp(VARDATA(state->names[i]), name, size) == 0)
			return i;
	return add_name(state, name, size);
}

/*
 * Find a label, or the place where it belongs. Maps of one kind have the same
 * labels, in order, so it is mostly the one after the last.
 */
static bool
find_label(UserDays *state, const char *label, Size size, int *place)
{
	int			low = 0;
	int			high = state->n_labels;
	int			at = state->next_label < high ? state->next_label : 0;

	while (low < high)
	{
		int			order = ua_label_compare(label, size, state->labels[at].label,
											 state->labels[at].size);

		if (order == 0)
		{
			*place = at;
			state->next_label = at + 1;
			return true;
		}
		if (order < 0)
			high = at;
		else
			low = at + 1;
		at = low + (high - low) / 2;
	}
	*place = low;
	return false;
}

static void
insert_label(UserDays *state, int place, const char *label, Size size, int name)
{
	MemoryContext caller = MemoryContextSwitchTo(state->context);
	char	   *copy = palloc(size);

	if (state->n_labels == state->labels_capacity)
	{
		state->labels_capacity = Max(8, state->labels_capacity * 2);
		state->labels = state->labels == NULL ?
			palloc(state->labels_capacity * sizeof(Label)) :
			repalloc(state->labels, state->labels_capacity * sizeof(Label));
	}
	memmove(state->labels + place + 1, state->labels + place,
			(state->n_labels - place) * sizeof(Label));
	memcpy(copy, label, size);
	state->labels[place] = (Label) {copy, size, name};
	state->n_labels++;
	MemoryContextSwitchTo(caller);
}

/* Take the labels from the arguments, which are the same for all rows. */
static void
take_labels(UserDays *state, FunctionCallInfo fcinfo)
{
	Datum	   *labels;
	Datum	   *names;
	bool	   *no_label;
	bool	   *no_name;
	int			n_labels;
	int			n_names;

	state->has_labels = true;
	state->by_label = PG_ARGISNULL(3);
	if (state->by_label)
		return;

	if (!PG_ARGISNULL(5))
	{
		text	   *others = PG_GETARG_TEXT_PP(5);

		state->others = name_number(state, VARDATA_ANY(others), VARSIZE_ANY_EXHDR(others));
	}
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), TEXTOID, -1, false, TYPALIGN_INT,
					  &labels, &no_label, &n_labels);
	if (PG_ARGISNULL(4))
		n_names = 0;
	else
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(4), TEXTOID, -1, false, TYPALIGN_INT,
						  &names, &no_name, &n_names);
	if (n_labels != n_names)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there must be as many names as labels")));
	for (int i = 0; i < n_labels; i++)
	{
		text	   *label;
		int			name = NOT_COUNTED;
		int			place;

		if (no_label[i])
			continue;
		label = DatumGetTextPP(labels[i]);
		if (!no_name[i])
		{
			text	   *text_name = DatumGetTextPP(names[i]);

			name = name_number(state, VARDATA_ANY(text_name), VARSIZE_ANY_EXHDR(text_name));
		}
		if (!find_label(state, VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label), &place))
			insert_label(state, place, VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label), name);
	}
}

/* ---------- users ---------- */

static UserEntry *
find_user(UserDays *state, const pg_uuid_t *user)
{
	bool		found;
	UserEntry  *entry = users_insert(state->users, *user, &found);

	if (!found)
		entry->days = NULL;
	return entry;
}

/*
 * The place where a user's days under a name hang. The search begins behind
 * the ones that were found last, as names come in the same order again, and
 * a new name gets its place there.
 */
static NamedDays *
find_days(UserDays *state, UserEntry *user, NamedDays *last, int name)
{
	NamedDays **place = last == NULL ? &user->days : &last->next;
	NamedDays  *days;

	for (days = *place; days != NULL; days = days->next)
		if (days->name == name)
			return days;
	for (days = user->days; days != *place; days = days->next)
		if (days->name == name)
			return days;

	days = MemoryContextAlloc(state->context, sizeof(NamedDays));
	days->name = name;
	ua_word_table_init(&days->words, state->context, days->window, WINDOW);
	days->next = *place;
	*place = days;
	return days;
}

static inline NamedDays *
add_series(UserDays *state, UserEntry *user, NamedDays *last, int name,
		   UaDayseries series)
{
	NamedDays  *days = find_days(state, user, last, name);
	UaDayseriesReader reader;
	int32		word;
	uint64		bits;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next_positive(&reader, &word, &bits))
	{
		if (bits != 0)
			*ua_word_table_find(&days->words, word) |= bits;
	}
	return days;
}

/* ---------- flat states ---------- */

/* Reads the users and names of a flat state, whatever its bytes are. */
typedef struct FlatReader
{
	const uint8 *at;
	const uint8 *end;
	text	  **names;
	uint32		n_names;
} FlatReader;

static void
malformed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid result of user_days()")));
}

static uint32
read_number(FlatReader *reader)
{
	uint32		number;
	int			size = ua_varint_check(reader->at, reader->end - reader->at, &number);

	if (size == 0)
		malformed();
	reader->at += size;
	return number;
}

static const uint8 *
read_bytes(FlatReader *reader, Size size)
{
	const uint8 *bytes = reader->at;

	if (size > (Size) (reader->end - reader->at))
		malformed();
	reader->at += size;
	return bytes;
}

static void
read_flat(FlatReader *reader, bytea *flat)
{
	reader->at = (const uint8 *) VARDATA_ANY(flat);
	reader->end = reader->at + VARSIZE_ANY_EXHDR(flat);
	reader->n_names = read_number(reader);
	if (reader->n_names > reader->end - reader->at)
		malformed();
	reader->names = palloc(reader->n_names * sizeof(text *));
	for (uint32 i = 0; i < reader->n_names; i++)
	{
		uint32		size = read_number(reader);
		const char *name = (const char *) read_bytes(reader, size);

		reader->names[i] = cstring_to_text_with_len(name, (int) size);
	}
}

static bool
read_days(FlatReader *reader, pg_uuid_t *user, uint32 *name, UaDays *days)
{
	if (reader->at == reader->end)
		return false;
	CHECK_FOR_INTERRUPTS();
	memcpy(user, read_bytes(reader, sizeof(*user)), sizeof(*user));
	*name = read_number(reader);
	days->size = read_number(reader);
	days->body = read_bytes(reader, days->size);
	if (*name >= reader->n_names || ua_days_fault(*days) != NULL)
		malformed();
	return true;
}

static void
append_number(StringInfo to, uint32 number)
{
	uint8		bytes[UA_VARINT_MAX];

	appendBinaryStringInfo(to, (char *) bytes, ua_varint_store(bytes, number));
}

static void
append_days(StringInfo to, const UserEntry *user, NamedDays *days, UaDaysWriter *writer)
{
	UaWordTableScan scan;
	int32		word;
	uint64		bits;
	Size		size;

	ua_days_rewrite(writer);
	ua_word_table_scan(&scan, &days->words);
	while (ua_word_table_next(&scan, &word, &bits))
		ua_days_put(writer, word, bits);
	size = ua_days_written(writer);
	appendBinaryStringInfo(to, (const char *) &user->user, sizeof(pg_uuid_t));
	append_number(to, days->name);
	append_number(to, (uint32) size);
	appendBinaryStringInfo(to, (char *) writer->chunk, (int) size);
}

/* More than 1 GB is refused where bytes are appended. */
static Size
user_days_flat_size(ExpandedObjectHeader *header)
{
	UserDays   *state = (UserDays *) header;

	if (state->flat == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(state->context);
		UaDaysWriter writer;
		StringInfoData bytes;
		users_iterator iterator;
		UserEntry  *user;

		ua_days_write(&writer, 0, 64);
		initStringInfo(&bytes);
		appendStringInfoSpaces(&bytes, VARHDRSZ);
		append_number(&bytes, state->n_names);
		for (int i = 0; i < state->n_names; i++)
		{
			append_number(&bytes, VARSIZE(state->names[i]) - VARHDRSZ);
			appendBinaryStringInfo(&bytes, VARDATA(state->names[i]),
								   VARSIZE(state->names[i]) - VARHDRSZ);
		}
		users_start_iterate(state->users, &iterator);
		while ((user = users_iterate(state->users, &iterator)) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			for (NamedDays *days = user->days; days != NULL; days = days->next)
				append_days(&bytes, user, days, &writer);
		}
		pfree(writer.chunk);
		state->flat = (bytea *) bytes.data;
		SET_VARSIZE(state->flat, bytes.len);
		MemoryContextSwitchTo(caller);
	}
	return VARSIZE(state->flat);
}

static void
user_days_flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	UserDays   *state = (UserDays *) header;

	Assert(state->flat != NULL && size == VARSIZE(state->flat));
	memcpy(result, state->flat, size);
	pfree(state->flat);
	state->flat = NULL;
}

/* ---------- the aggregate ---------- */

static void
add_flat(UserDays *state, bytea *flat)
{
	FlatReader	reader;
	pg_uuid_t	user;
	uint32		name;
	UaDays		days;
	int		   *numbers;

	read_flat(&reader, flat);
	numbers = palloc(reader.n_names * sizeof(int));
	for (uint32 i = 0; i < reader.n_names; i++)
		numbers[i] = name_number(state, VARDATA(reader.names[i]),
								 VARSIZE(reader.names[i]) - VARHDRSZ);
	while (read_days(&reader, &user, &name, &days))
	{
		NamedDays  *into = find_days(state, find_user(state, &user), NULL, numbers[name]);
		UaDaysReader words;
		int32		word;
		uint64		bits;

		ua_days_read(&words, days);
		while (ua_days_next(&words, &word, &bits))
			*ua_word_table_find(&into->words, word) |= bits;
	}
}

/* The state to change, made from argument 0 where that is none. */
static UserDays *
state_to_change(FunctionCallInfo fcinfo)
{
	Datum		datum = PG_GETARG_DATUM(0);
	MemoryContext aggregate;
	MemoryContext context;
	UserDays   *state;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "transition function of user_days called outside of an aggregate");

	if (likely(!PG_ARGISNULL(0) &&
			   VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum))))
	{
		state = (UserDays *) DatumGetEOHP(datum);
		if (likely(state->header.eoh_methods == &user_days_methods))
		{
			if (unlikely(state->flat != NULL))
			{
				pfree(state->flat);
				state->flat = NULL;
			}
			return state;
		}
	}

	context = ua_state_context(aggregate);
	state = MemoryContextAllocZero(context, sizeof(UserDays));
	EOH_init_header(&state->header, &user_days_methods, context);
	state->context = context;
	state->users = users_create(context, USERS_AT_FIRST, NULL);
	state->others = NOT_COUNTED;
	if (!PG_ARGISNULL(0))
		add_flat(state, PG_GETARG_BYTEA_PP(0));
	return state;
}

/* user_days(user_id uuid, map dayseries_map, labels text[], names text[], others text) */
Datum
user_days_transfn(PG_FUNCTION_ARGS)
{
	UserDays   *state;
	UserEntry  *user = NULL;
	NamedDays  *last = NULL;
	UaMap		map;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	if (unlikely(!state->has_labels))
		take_labels(state, fcinfo);

	map = PG_GETARG_DAYSERIES_MAP(2);
	if (!state->by_label && state->others == NOT_COUNTED &&
		state->n_labels < ua_map_count(map))
	{
		UaDayseries series;

		for (int i = 0; i < state->n_labels; i++)
		{
			Label	   *label = &state->labels[i];

			if (label->name == NOT_COUNTED ||
				!ua_map_find(map, label->label, label->size, &series))
				continue;
			if (user == NULL)
				user = find_user(state, PG_GETARG_UUID_P(1));
			last = add_series(state, user, last, label->name, series);
		}
	}
	else
	{
		UaMapReader reader;
		UaMapEntry	entry;

		ua_map_read(&reader, map);
		while (ua_map_next(&reader, &entry))
		{
			int			name = state->others;
			int			place;

			if (find_label(state, entry.label, entry.label_size, &place))
				name = state->labels[place].name;
			else if (state->by_label)
			{
				name = name_number(state, entry.label, entry.label_size);
				insert_label(state, place, entry.label, entry.label_size, name);
			}
			if (name == NOT_COUNTED)
				continue;
			if (user == NULL)
				user = find_user(state, PG_GETARG_UUID_P(1));
			last = add_series(state, user, last, name, entry.series);
		}
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
}

Datum
user_days_combinefn(PG_FUNCTION_ARGS)
{
	UserDays   *state;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	add_flat(state, PG_GETARG_BYTEA_PP(1));
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
}

/* user_days_found(found bytea, past daterange) → setof (name, user_id, days) */
Datum
user_days_found(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FlatReader	reader;
	pg_uuid_t	user;
	uint32		name;
	UaDays		days;
	UaDay		first;
	UaDay		last;

	ua_days_of_range_arg(fcinfo, 1, &first, &last);
	InitMaterializedSRF(fcinfo, 0);
	read_flat(&reader, PG_GETARG_BYTEA_PP(0));
	while (read_days(&reader, &user, &name, &days))
	{
		UaDayset   *sliced = ua_dayset_slice(days, first, last);
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		values[0] = PointerGetDatum(reader.names[name]);
		values[1] = UUIDPGetDatum(&user);
		values[2] = PointerGetDatum(sliced);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(sliced);
	}
	return (Datum) 0;
}
