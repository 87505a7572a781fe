/*
 * user_days.c
 *		user_days(): the days of each user under each of some names, of many
 *		rows with a user and a map; user_days_found(): these as rows;
 *		user_days_counts(): in how many of them a period is active.
 *
 * The state is a hash table of users in an expanded object. Where it has to
 * travel, it is flattened into a bytea: the number of names; each name, with
 * its length before it, all these varints; then runs of words of days, each
 * with the user and the number of the name, from 0. A user may have several
 * runs under one name.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "figures.h"
#include "state_context.h"
#include "word_table.h"

PG_FUNCTION_INFO_V1(user_days_transfn);
PG_FUNCTION_INFO_V1(user_days_combinefn);
PG_FUNCTION_INFO_V1(user_days_found);
PG_FUNCTION_INFO_V1(user_days_counts);

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

/* Goes through users and names: of each pair the words of days, in order. */
typedef struct DaysWalk
{
	UserDays   *state;
	users_iterator iterator;
	UserEntry  *user;
	NamedDays  *days;
	int			n_words;
	int			capacity;
	int32	   *words;
	uint64	   *bits;
} DaysWalk;

static void
start_walk(DaysWalk *walk, UserDays *state)
{
	walk->state = state;
	users_start_iterate(state->users, &walk->iterator);
	walk->days = NULL;
	walk->capacity = 64;
	walk->words = palloc(walk->capacity * sizeof(int32));
	walk->bits = palloc(walk->capacity * sizeof(uint64));
}

static bool
next_days(DaysWalk *walk)
{
	UaWordTableScan scan;

	if (walk->days != NULL)
		walk->days = walk->days->next;
	while (walk->days == NULL)
	{
		walk->user = users_iterate(walk->state->users, &walk->iterator);
		if (walk->user == NULL)
			return false;
		CHECK_FOR_INTERRUPTS();
		walk->days = walk->user->days;
	}

	walk->n_words = 0;
	ua_word_table_scan(&scan, &walk->days->words);
	while (ua_word_table_next(&scan, &walk->words[walk->n_words],
							  &walk->bits[walk->n_words]))
	{
		if (++walk->n_words == walk->capacity)
		{
			walk->capacity *= 2;
			walk->words = repalloc_huge(walk->words, walk->capacity * sizeof(int32));
			walk->bits = repalloc_huge(walk->bits, walk->capacity * sizeof(uint64));
		}
	}
	return true;
}

/* ---------- flat states ---------- */

/* What comes before the words of a run. */
typedef struct FlatRun
{
	pg_uuid_t	user;
	uint32		name;
	int32		first;
	uint32		n_words;
} FlatRun;

/* Fewer words without days than that are written rather than begin a new run. */
#define RUN_GAP	4

static void
malformed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid result of user_days()")));
}

static const uint8 *
read_bytes(const uint8 **at, const uint8 *end, Size size)
{
	const uint8 *bytes = *at;

	if (size > (Size) (end - bytes))
		malformed();
	*at += size;
	return bytes;
}

static uint32
read_number(const uint8 **at, const uint8 *end)
{
	uint32		number;
	int			size = ua_varint_check(*at, end - *at, &number);

	if (size == 0)
		malformed();
	*at += size;
	return number;
}

/* Add what a flat state has, whatever its bytes are. */
static void
add_flat(UserDays *state, bytea *flat)
{
	const uint8 *at = (const uint8 *) VARDATA_ANY(flat);
	const uint8 *end = at + VARSIZE_ANY_EXHDR(flat);
	uint32		n_names = read_number(&at, end);
	int		   *numbers;

	if (n_names > end - at)
		malformed();
	numbers = palloc(n_names * sizeof(int));
	for (uint32 i = 0; i < n_names; i++)
	{
		uint32		size = read_number(&at, end);
		const char *name = (const char *) read_bytes(&at, end, size);

		pg_verifymbstr(name, (int) size, false);
		numbers[i] = name_number(state, name, size);
	}

	while (at < end)
	{
		FlatRun		run;
		const uint8 *words;
		NamedDays  *days;

		CHECK_FOR_INTERRUPTS();
		memcpy(&run, read_bytes(&at, end, sizeof(run)), sizeof(run));
		if (run.name >= n_names || run.n_words > (Size) (end - at) / sizeof(uint64) ||
			!ua_is_day((int64) run.first * DAYS_PER_WORD) ||
			!ua_is_day(((int64) run.first + run.n_words) * DAYS_PER_WORD - 1))
			malformed();
		words = read_bytes(&at, end, run.n_words * sizeof(uint64));
		days = find_days(state, find_user(state, &run.user), NULL, numbers[run.name]);
		for (uint32 i = 0; i < run.n_words; i++)
		{
			uint64		bits;

			memcpy(&bits, words + i * sizeof(uint64), sizeof(bits));
			if (bits != 0)
				*ua_word_table_find(&days->words, run.first + (int32) i) |= bits;
		}
	}
	pfree(numbers);
}

static void
append_number(StringInfo to, uint32 number)
{
	uint8		bytes[UA_VARINT_MAX];

	appendBinaryStringInfo(to, (char *) bytes, ua_varint_store(bytes, number));
}

static void
append_days(StringInfo to, const DaysWalk *walk)
{
	int			first = 0;

	for (int i = 1; i <= walk->n_words; i++)
	{
		static const uint64 none = 0;
		FlatRun		run;
		int32		word = walk->words[first];

		if (i < walk->n_words && walk->words[i] - walk->words[i - 1] <= RUN_GAP)
			continue;
		memset(&run, 0, sizeof(run));
		run.user = walk->user->user;
		run.name = walk->days->name;
		run.first = word;
		run.n_words = walk->words[i - 1] - word + 1;
		appendBinaryStringInfo(to, (char *) &run, sizeof(run));
		for (; first < i; first++)
		{
			for (; word < walk->words[first]; word++)
				appendBinaryStringInfo(to, (const char *) &none, sizeof(none));
			appendBinaryStringInfo(to, (char *) &walk->bits[first], sizeof(uint64));
			word++;
		}
	}
}

/* More than 1 GB is refused where bytes are appended. */
static Size
user_days_flat_size(ExpandedObjectHeader *header)
{
	UserDays   *state = (UserDays *) header;

	if (state->flat == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(state->context);
		StringInfoData bytes;
		DaysWalk	walk;

		initStringInfo(&bytes);
		appendStringInfoSpaces(&bytes, VARHDRSZ);
		append_number(&bytes, state->n_names);
		for (int i = 0; i < state->n_names; i++)
		{
			append_number(&bytes, VARSIZE(state->names[i]) - VARHDRSZ);
			appendBinaryStringInfo(&bytes, VARDATA(state->names[i]),
								   VARSIZE(state->names[i]) - VARHDRSZ);
		}
		start_walk(&walk, state);
		while (next_days(&walk))
			append_days(&bytes, &walk);
		pfree(walk.words);
		pfree(walk.bits);
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

static UserDays *
new_state(MemoryContext context)
{
	UserDays   *state = MemoryContextAllocZero(context, sizeof(UserDays));

	EOH_init_header(&state->header, &user_days_methods, context);
	state->context = context;
	state->users = users_create(context, USERS_AT_FIRST, NULL);
	state->others = NOT_COUNTED;
	return state;
}

/* The state to change, made from argument 0 where that is none. */
static UserDays *
state_to_change(FunctionCallInfo fcinfo)
{
	Datum		datum = PG_GETARG_DATUM(0);
	MemoryContext aggregate;
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

	state = new_state(ua_state_context(aggregate));
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

/* ---------- what was found ---------- */

/* A state to read, which may have travelled. */
static UserDays *
state_to_read(Datum found)
{
	UserDays   *state;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(found)))
	{
		state = (UserDays *) DatumGetEOHP(found);
		if (state->header.eoh_methods == &user_days_methods)
			return state;
	}
	state = new_state(CurrentMemoryContext);
	add_flat(state, DatumGetByteaPP(found));
	return state;
}

/* Leave out the days of a walk that are not within an argument. */
static void
bounds_of(Datum argument, UaDay *first, UaDay *last)
{
	RangeType  *range = DatumGetRangeTypeP(argument);

	ua_days_of_range(lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO),
					 range, first, last);
}

static inline uint64
bits_within(const DaysWalk *walk, int i, UaDay first, UaDay last)
{
	int32		word = walk->words[i];
	uint64		bits = walk->bits[i];

	if (first > last || word < ua_word_of_day(first) || word > ua_word_of_day(last))
		return 0;
	if (word == ua_word_of_day(first))
		bits &= ua_bits_from(first);
	if (word == ua_word_of_day(last))
		bits &= ua_bits_before(last) | ua_bit_of_day(last);
	return bits;
}

/* user_days_found(found bytea, past daterange) → setof (name, user_id, days) */
Datum
user_days_found(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	UserDays   *state = state_to_read(PG_GETARG_DATUM(0));
	DaysWalk	walk;
	UaDay		first;
	UaDay		last;

	bounds_of(PG_GETARG_DATUM(1), &first, &last);
	InitMaterializedSRF(fcinfo, 0);
	start_walk(&walk, state);
	while (next_days(&walk))
	{
		UaDaysWriter writer;
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		ua_days_write(&writer, VARHDRSZ, walk.n_words * sizeof(uint64));
		for (int i = 0; i < walk.n_words; i++)
		{
			uint64		bits = bits_within(&walk, i, first, last);

			if (bits != 0)
				ua_days_put(&writer, walk.words[i], bits);
		}
		values[0] = PointerGetDatum(state->names[walk.days->name]);
		values[1] = UUIDPGetDatum(&walk.user->user);
		values[2] = PointerGetDatum(ua_dayset_written(&writer));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(DatumGetPointer(values[2]));
	}
	return (Datum) 0;
}

/* user_days_counts(found bytea, past daterange, period text, week_start integer) → setof (name, counts) */
Datum
user_days_counts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	UserDays   *state = state_to_read(PG_GETARG_DATUM(0));
	UaActivePeriods **counts = palloc(state->n_names * sizeof(UaActivePeriods *));
	DaysWalk	walk;
	UaDay		first;
	UaDay		last;

	bounds_of(PG_GETARG_DATUM(1), &first, &last);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < state->n_names; i++)
		counts[i] = ua_active_periods_start(fcinfo, 2, 3);
	start_walk(&walk, state);
	while (next_days(&walk))
	{
		int			n = 0;

		for (int i = 0; i < walk.n_words; i++)
		{
			uint64		bits = bits_within(&walk, i, first, last);

			if (bits == 0)
				continue;
			walk.words[n] = walk.words[i];
			walk.bits[n++] = bits;
		}
		ua_active_periods_add(counts[walk.days->name], n, walk.words, walk.bits);
	}
	for (int i = 0; i < state->n_names; i++)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		values[0] = PointerGetDatum(state->names[i]);
		values[1] = ua_active_periods_map(counts[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
