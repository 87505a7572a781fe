/*
 * user_days.c
 *		user_days(): the days of each user under each of some names, of many
 *		rows with a user and a map; user_days_found(): these as rows.
 *		user_day_counts(): for each name, in how many of them each period is
 *		active.
 *
 * The state is a hash table of users in an expanded object. Where it has to
 * travel, it is flattened into a bytea: what is to be counted, a UaPeriods;
 * then, as varints, the number of names, and each name with its length before
 * it; then runs of words of days, each with the user and the number of the
 * name, from 0. The runs of a user under a name follow one another.
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
#include "utils/uuid.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "figures.h"
#include "state_context.h"
#include "word_table.h"

PG_FUNCTION_INFO_V1(user_days_transfn);
PG_FUNCTION_INFO_V1(user_days_combinefn);
PG_FUNCTION_INFO_V1(user_days_found);
PG_FUNCTION_INFO_V1(user_day_counts_transfn);
PG_FUNCTION_INFO_V1(user_day_counts_finalfn);

/* The window within the days of a user reaches about a year. */
#define WINDOW	6

/* The days of a user under a name. */
typedef struct NamedDays
{
	struct NamedDays *next;		/* of the user */
	struct NamedDays *later;	/* of all, the one that was made after it */
	pg_uuid_t	user;
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
	UserEntry  *last_user;		/* found last: mostly the next row's again */
	NamedDays  *first_made;
	NamedDays  *last_made;
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
	UaPeriods	periods;		/* what is to be counted, if anything */
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
	UserEntry  *entry = state->last_user;
	bool		found;

	if (entry != NULL && memcmp(&entry->user, user, sizeof(pg_uuid_t)) == 0)
		return entry;
	entry = users_insert(state->users, *user, &found);
	if (!found)
		entry->days = NULL;
	state->last_user = entry;
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
	days->user = user->user;
	days->name = name;
	days->later = NULL;
	if (state->last_made == NULL)
		state->first_made = days;
	else
		state->last_made->later = days;
	state->last_made = days;
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

/*
 * Goes through users and names: of each pair the words of days, in order. The
 * pairs come as they were made, and so as they lie in memory.
 */
typedef struct DaysWalk
{
	NamedDays  *days;
	NamedDays  *later;
	int			n_words;
	int			capacity;
	int32	   *words;
	uint64	   *bits;
} DaysWalk;

static void
start_walk(DaysWalk *walk, UserDays *state)
{
	walk->days = NULL;
	walk->later = state->first_made;
	walk->capacity = 64;
	walk->words = palloc(walk->capacity * sizeof(int32));
	walk->bits = palloc(walk->capacity * sizeof(uint64));
}

static bool
next_days(DaysWalk *walk)
{
	UaWordTableScan scan;

	walk->days = walk->later;
	if (walk->days == NULL)
		return false;
	CHECK_FOR_INTERRUPTS();
	walk->later = walk->days->later;

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

/* Reads a flat state, whatever its bytes are. */
typedef struct FlatReader
{
	const uint8 *at;
	const uint8 *end;
	UaPeriods	periods;
	uint32		n_names;
	text	  **names;
} FlatReader;

static void
read_flat(FlatReader *reader, bytea *flat)
{
	const uint8 *end = (const uint8 *) VARDATA_ANY(flat) + VARSIZE_ANY_EXHDR(flat);

	reader->at = (const uint8 *) VARDATA_ANY(flat);
	reader->end = end;
	memcpy(&reader->periods, read_bytes(&reader->at, end, sizeof(UaPeriods)), sizeof(UaPeriods));
	if (!ua_periods_are_valid(&reader->periods))
		malformed();
	reader->n_names = read_number(&reader->at, end);
	if (reader->n_names > end - reader->at)
		malformed();
	reader->names = palloc(reader->n_names * sizeof(text *));
	for (uint32 i = 0; i < reader->n_names; i++)
	{
		uint32		size = read_number(&reader->at, end);
		const char *name = (const char *) read_bytes(&reader->at, end, size);

		pg_verifymbstr(name, (int) size, false);
		reader->names[i] = cstring_to_text_with_len(name, (int) size);
	}
}

/* The next run, and its words where they lie; false where there is none. */
static bool
read_run(FlatReader *reader, FlatRun *run, const uint8 **words)
{
	if (reader->at == reader->end)
		return false;
	CHECK_FOR_INTERRUPTS();
	memcpy(run, read_bytes(&reader->at, reader->end, sizeof(*run)), sizeof(*run));
	if (run->name >= reader->n_names ||
		run->n_words > (Size) (reader->end - reader->at) / sizeof(uint64) ||
		!ua_is_day((int64) run->first * DAYS_PER_WORD) ||
		!ua_is_day(((int64) run->first + run->n_words) * DAYS_PER_WORD - 1))
		malformed();
	*words = read_bytes(&reader->at, reader->end, run->n_words * sizeof(uint64));
	return true;
}

static inline uint64
word_of_run(const uint8 *words, uint32 i)
{
	uint64		bits;

	memcpy(&bits, words + i * sizeof(uint64), sizeof(bits));
	return bits;
}

static void
add_flat(UserDays *state, bytea *flat)
{
	FlatReader	reader;
	FlatRun		run;
	const uint8 *words;
	int		   *numbers;
	UserEntry  *user = NULL;
	NamedDays  *last = NULL;

	read_flat(&reader, flat);
	if (reader.periods.kind != UA_NO_PERIODS)
		state->periods = reader.periods;
	numbers = palloc(reader.n_names * sizeof(int));
	for (uint32 i = 0; i < reader.n_names; i++)
		numbers[i] = name_number(state, VARDATA(reader.names[i]),
								 VARSIZE(reader.names[i]) - VARHDRSZ);
	while (read_run(&reader, &run, &words))
	{
		/* those of a user follow one another */
		if (user == NULL || memcmp(&user->user, &run.user, sizeof(pg_uuid_t)) != 0)
		{
			user = find_user(state, &run.user);
			last = NULL;
		}
		if (last == NULL || last->name != numbers[run.name])
			last = find_days(state, user, last, numbers[run.name]);
		for (uint32 i = 0; i < run.n_words; i++)
		{
			uint64		bits = word_of_run(words, i);

			if (bits != 0)
				*ua_word_table_find(&last->words, run.first + (int32) i) |= bits;
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
		FlatRun		run;
		Size		size;
		char	   *words;

		if (i < walk->n_words && walk->words[i] - walk->words[i - 1] <= RUN_GAP)
			continue;
		memset(&run, 0, sizeof(run));
		run.user = walk->days->user;
		run.name = walk->days->name;
		run.first = walk->words[first];
		run.n_words = walk->words[i - 1] - run.first + 1;
		size = run.n_words * sizeof(uint64);

		enlargeStringInfo(to, sizeof(run) + size);
		memcpy(to->data + to->len, &run, sizeof(run));
		words = to->data + to->len + sizeof(run);
		memset(words, 0, size);
		for (; first < i; first++)
			memcpy(words + (walk->words[first] - run.first) * sizeof(uint64),
				   &walk->bits[first], sizeof(uint64));
		to->len += sizeof(run) + size;
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
		appendBinaryStringInfo(&bytes, (char *) &state->periods, sizeof(UaPeriods));
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

/* Add the map of a user, arguments 1 and 2, which are not NULL. */
static void
add_map(UserDays *state, FunctionCallInfo fcinfo)
{
	UserEntry  *user = NULL;
	NamedDays  *last = NULL;
	UaMap		map = PG_GETARG_DAYSERIES_MAP(2);

	if (unlikely(!state->has_labels))
		take_labels(state, fcinfo);
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
}

/* user_days(user_id uuid, map dayseries_map, labels text[], names text[], others text) */
Datum
user_days_transfn(PG_FUNCTION_ARGS)
{
	UserDays   *state;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	add_map(state, fcinfo);
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
}

/* user_day_counts(…, past daterange, period text, week_start integer) */
Datum
user_day_counts_transfn(PG_FUNCTION_ARGS)
{
	UserDays   *state;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	if (unlikely(state->periods.kind == UA_NO_PERIODS))
		ua_periods_of_args(&state->periods, fcinfo, 6);
	add_map(state, fcinfo);
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

/* user_days_found(found bytea, past daterange) → setof (name, user_id, days) */
Datum
user_days_found(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FlatReader	reader;
	FlatRun		run;
	const uint8 *words;
	UaDay		first;
	UaDay		last;
	bool		more;

	ua_days_of_range_arg(fcinfo, 1, &first, &last);
	InitMaterializedSRF(fcinfo, 0);
	read_flat(&reader, PG_GETARG_BYTEA_PP(0));
	more = read_run(&reader, &run, &words);
	while (more)
	{
		pg_uuid_t	user = run.user;
		uint32		name = run.name;
		UaDaysWriter writer;
		int64		next = PG_INT64_MIN;
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		ua_days_write(&writer, VARHDRSZ, run.n_words * sizeof(uint64));
		do
		{
			if (run.first < next)
				malformed();
			next = (int64) run.first + run.n_words;
			for (uint32 i = 0; i < run.n_words; i++)
			{
				int32		word = run.first + (int32) i;
				uint64		bits = ua_bits_within(word, word_of_run(words, i), first, last);

				if (bits != 0)
					ua_days_put(&writer, word, bits);
			}
			more = read_run(&reader, &run, &words);
		} while (more && run.name == name && memcmp(&run.user, &user, sizeof(user)) == 0);

		values[0] = PointerGetDatum(reader.names[name]);
		values[1] = UUIDPGetDatum(&user);
		values[2] = PointerGetDatum(ua_dayset_written(&writer));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(DatumGetPointer(values[2]));
	}
	return (Datum) 0;
}

/* The counts of a name are labels that begin with it. */
Datum
user_day_counts_finalfn(PG_FUNCTION_ARGS)
{
	UserDays   *state;
	UaActivePeriods *counts;
	DaysWalk	walk;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(PG_GETARG_DATUM(0))) ||
		(state = (UserDays *) DatumGetEOHP(PG_GETARG_DATUM(0)))->header.eoh_methods != &user_days_methods)
	{
		state = new_state(CurrentMemoryContext);
		add_flat(state, PG_GETARG_BYTEA_PP(0));
	}
	if (state->periods.kind == UA_NO_PERIODS)
		malformed();

	counts = ua_active_periods_start(&state->periods, state->n_names, state->names);
	start_walk(&walk, state);
	while (next_days(&walk))
		ua_active_periods_add(counts, walk.days->name, walk.n_words, walk.words, walk.bits);
	PG_RETURN_DATUM(ua_active_periods_map(counts));
}
