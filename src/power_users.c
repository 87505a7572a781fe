/*
 * power_users.c
 *		power_users(): who is active on many days.
 *
 * Those found are few, and everybody is looked at to find them: tables are gone
 * through row by row, and only what belongs to those found is kept.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "activity_rows.h"
#include "compat.h"
#include "dayset_sql.h"
#include "model.h"
#include "table_read.h"
#include "uuid_hash.h"

PG_FUNCTION_INFO_V1(power_users);

/* Numbers of users, or of accounts, by their keys. */
typedef struct
{
	pg_uuid_t	key;
	char		status;
	uint32		number;
} NumberEntry;

#define SH_PREFIX numbers
#define SH_ELEMENT_TYPE NumberEntry
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY key
#define SH_HASH_KEY(tb, k) ua_hash_uuid(&(k))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define USERS_EXPECTED		4096
#define ACCOUNTS_EXPECTED	1024

/*
 * A bit for each of so many parts of all hashes: of those found, some bits are
 * set, and of the many others most are told by theirs.
 */
#define FILTER_BITS		65536

typedef struct
{
	pg_uuid_t	user_id;
	int32		active_days;
	UaDay		last_day;
	bool		has_account;
	uint32		account;
	text	   *role;
} PowerUser;

typedef struct
{
	UaDay		first;
	UaDay		last;
	int32		least_days;
	bool		of_account;		/* its users alone */
	MemoryContext context;		/* holds what is found */
	PowerUser  *users;			/* by their numbers */
	uint32		capacity;
	numbers_hash *of_users;
	numbers_hash *of_accounts;
	text	  **account_names;	/* by the accounts' numbers */
	uint64		filter[FILTER_BITS / 64];
} Search;

static inline uint64 *
filter_word(Search *search, uint32 hash, uint64 *bit)
{
	*bit = UINT64CONST(1) << hash % 64;
	return &search->filter[hash / 64 % lengthof(search->filter)];
}

/* ---------- rows of the tables ---------- */

static void
take_user(void *self, UaSegmentGroup *group, const pg_uuid_t *user, UaDays days, UaDays back,
		  int times)
{
	Search	   *search = self;
	int64		active_days = ua_days_count(days, search->first, search->last);
	uint32		hash;
	uint64		bit;
	NumberEntry *entry;
	PowerUser  *found_user;
	bool		found;

	if (likely(active_days < search->least_days) || user == NULL)
		return;
	hash = ua_hash_uuid(user);
	entry = numbers_insert_hash(search->of_users, *user, hash, &found);
	if (found)
		return;
	*filter_word(search, hash, &bit) |= bit;
	entry->number = search->of_users->members - 1;
	if (entry->number == search->capacity)
	{
		search->capacity *= 2;
		search->users = repalloc_huge(search->users, search->capacity * sizeof(PowerUser));
	}
	found_user = &search->users[entry->number];
	*found_user = (PowerUser) {
		.user_id = *user,
		.active_days = (int32) active_days
	};
	(void) ua_days_last_until(days, search->last, &found_user->last_day);
}

static text *
copy_of_text(MemoryContext context, Datum value)
{
	text	   *given = DatumGetTextPP(value);
	MemoryContext caller = MemoryContextSwitchTo(context);
	text	   *copy = cstring_to_text_with_len(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given));

	MemoryContextSwitchTo(caller);
	if (given != (text *) DatumGetPointer(value))
		pfree(given);
	return copy;
}

/* user_id, account_id, role */
static void
take_member(void *self, const Datum *values, const bool *nulls)
{
	Search	   *search = self;
	const pg_uuid_t *user_id = DatumGetUUIDP(values[0]);
	uint32		hash = ua_hash_uuid(user_id);
	uint64		bit;
	NumberEntry *entry;
	PowerUser  *user;
	bool		found;

	if (likely((*filter_word(search, hash, &bit) & bit) == 0))
		return;
	entry = numbers_lookup_hash(search->of_users, *user_id, hash);
	if (entry == NULL)
		return;
	user = &search->users[entry->number];
	if (!nulls[1])
	{
		entry = numbers_insert(search->of_accounts, *DatumGetUUIDP(values[1]), &found);
		if (!found)
			entry->number = search->of_accounts->members - 1;
		user->has_account = true;
		user->account = entry->number;
	}
	if (!nulls[2])
		user->role = copy_of_text(search->context, values[2]);
}

/* account_id, account_name */
static void
take_account(void *self, const Datum *values, const bool *nulls)
{
	Search	   *search = self;
	NumberEntry *entry = numbers_lookup(search->of_accounts, *DatumGetUUIDP(values[0]));

	if (entry != NULL && !nulls[1])
		search->account_names[entry->number] = copy_of_text(search->context, values[1]);
}

/*
 * Of so few they are looked up, rather than found among all; so are those of an
 * account, which is not to cost more where there are more others.
 */
#define FEW		200

static ArrayType *
keys_of(numbers_hash *numbers)
{
	Datum	   *keys = palloc((numbers->members + 1) * sizeof(Datum));
	numbers_iterator scan;
	NumberEntry *entry;
	int			count = 0;

	numbers_start_iterate(numbers, &scan);
	while ((entry = numbers_iterate(numbers, &scan)) != NULL)
		keys[count++] = UUIDPGetDatum(&entry->key);
	return construct_array(keys, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR);
}

static void
read_dimension(Oid schema, const char *table, int n_columns, const UaTableColumn *columns,
			   numbers_hash *numbers, UaTakeRow take, Search *search)
{
	if (numbers->members <= FEW || search->of_account)
		ua_read_rows_of(schema, table, n_columns, columns, keys_of(numbers), take, search);
	else
		ua_read_table(schema, table, n_columns, columns, take, search);
}

/* What dim_user and dim_account say of those who were found */
static void
read_dimensions(Search *search, Oid schema)
{
	UaTableColumn of_users[] = {
		{"user_id", UUIDOID},
		{"account_id", UUIDOID},
		{"role", TEXTOID}
	};
	UaTableColumn of_accounts[] = {
		{"account_id", UUIDOID},
		{"account_name", TEXTOID}
	};

	if (search->of_users->members == 0)
		return;
	read_dimension(schema, "dim_user", lengthof(of_users), of_users,
				   search->of_users, take_member, search);
	search->account_names = palloc0((Size) (search->of_accounts->members + 1) * sizeof(text *));
	read_dimension(schema, "dim_account", lengthof(of_accounts), of_accounts,
				   search->of_accounts, take_account, search);
}

/* ---------- the order ---------- */

/* The most days come first, then the lowest user; mostly the key says it all. */
typedef struct
{
	uint64		key;
	const PowerUser *user;
} Place;

static inline int
compare_places(const Place *a, const Place *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return memcmp(&a->user->user_id, &b->user->user_id, UUID_LEN);
}

#define ST_SORT sort_places
#define ST_ELEMENT_TYPE Place
#define ST_COMPARE(a, b) compare_places(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* How many bits of a key the days take, which are 28 at most */
#define BITS_OF_DAYS	5

static Place *
places_in_order(const Search *search)
{
	uint32		count = search->of_users->members;
	Place	   *places = palloc_extended((Size) (count + 1) * sizeof(Place), MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < count; i++)
	{
		uint64		beginning;
		uint64		days = search->users[i].active_days;

		memcpy(&beginning, &search->users[i].user_id, sizeof(beginning));
		Assert(days >> BITS_OF_DAYS == 0);
		places[i].key = ~days << (64 - BITS_OF_DAYS) | pg_ntoh64(beginning) >> BITS_OF_DAYS;
		places[i].user = &search->users[i];
	}
	sort_places(places, count);
	return places;
}

/* ---------- the function ---------- */

#define WINDOW_DAYS	28

/* power_users(as_of date, least_days integer, account_id uuid) → rows */
Datum
power_users(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			schema = ua_function_schema(fcinfo);
	Search		search = {
		.of_account = !PG_ARGISNULL(2),
		.context = CurrentMemoryContext,
		.capacity = USERS_EXPECTED
	};
	UaSegmentGroups everybody;
	HeapTupleHeader source;
	DateADT		today;
	Place	   *places;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("least_days must be from 1 to %d, not null", WINDOW_DAYS)));
	search.least_days = PG_GETARG_INT32(1);
	if (search.least_days < 1 || search.least_days > WINDOW_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("least_days must be from 1 to %d, not %d", WINDOW_DAYS, search.least_days)));
	InitMaterializedSRF(fcinfo, 0);
	source = ua_find_activity(fcinfo, 0, 2, &search.last, &today);
	search.first = (UaDay) Max((int64) search.last - (WINDOW_DAYS - 1), UA_MIN_DAY);
	search.users = palloc(search.capacity * sizeof(PowerUser));
	search.of_users = numbers_create(CurrentMemoryContext, USERS_EXPECTED, NULL);
	search.of_accounts = numbers_create(CurrentMemoryContext, ACCOUNTS_EXPECTED, NULL);

	ua_groups_start(&everybody, sizeof(UaSegmentGroup));
	ua_read_activity(schema, source, &everybody, take_user, &search);
	read_dimensions(&search, schema);
	places = places_in_order(&search);
	for (uint32 i = 0; i < search.of_users->members; i++)
	{
		const PowerUser *user = places[i].user;
		text	   *account_name = user->has_account ? search.account_names[user->account] : NULL;
		Datum		values[] = {
			UUIDPGetDatum(&user->user_id),
			PointerGetDatum(account_name),
			PointerGetDatum(user->role),
			Int32GetDatum(user->active_days),
			DateADTGetDatum(user->last_day)
		};
		bool		nulls[lengthof(values)] = {
			[1] = account_name == NULL,
			[2] = user->role == NULL
		};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
