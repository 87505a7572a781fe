/*
 * figures.c
 *		Aggregates that make the figures of many users: for each user the days
 *		are a set for each of some labels, and what changes in those sets is
 *		added up by label and day.
 *
 * The state is a dayseries_map; while an aggregate runs it is an expanded
 * object that counts, whichever of the aggregates it is.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/expandeddatum.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "dayseries_text.h"
#include "figures.h"
#include "map_counter.h"
#include "periods.h"
#include "state_context.h"

PG_FUNCTION_INFO_V1(activity_counts_transfn);
PG_FUNCTION_INFO_V1(period_counts_transfn);
PG_FUNCTION_INFO_V1(cohort_counts_transfn);
PG_FUNCTION_INFO_V1(event_user_counts_transfn);
PG_FUNCTION_INFO_V1(active_day_counts_transfn);
PG_FUNCTION_INFO_V1(active_period_counts_transfn);
PG_FUNCTION_INFO_V1(retention_counts_transfn);
PG_FUNCTION_INFO_V1(figures_combinefn);

/* The most labels that an aggregate has from the start. */
#define MAX_LABELS	8

typedef struct FigureState
{
	ExpandedObjectHeader header;
	UaMapCounter counter;
	UaLabelCounter *labels[MAX_LABELS]; /* those looked up already */
	UaWordTable *cohorts;		/* the address of a UaLabelCounter each, by the
								 * first day of the week instead of by word */
	struct ActiveDays *active_days;	/* NULL for other aggregates */
	struct varlena *flat;		/* from its size to its use */
} FigureState;

static void spill_active_days(FigureState *state);
static Size figures_flat_size(ExpandedObjectHeader *header);
static void figures_flatten(ExpandedObjectHeader *header, void *result, Size size);

static const ExpandedObjectMethods figures_methods = {
	figures_flat_size,
	figures_flatten
};

static Size
figures_flat_size(ExpandedObjectHeader *header)
{
	FigureState *state = (FigureState *) header;

	if (state->flat == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(header->eoh_context);
		UaMapWriter writer;

		if (state->active_days != NULL)
			spill_active_days(state);
		ua_map_start(&writer);
		ua_map_counter_write(&state->counter, &writer);
		state->flat = (struct varlena *) DatumGetPointer(ua_map_datum(&writer));
		MemoryContextSwitchTo(caller);
	}
	return VARSIZE(state->flat);
}

static void
figures_flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	FigureState *state = (FigureState *) header;

	Assert(state->flat != NULL && size == VARSIZE(state->flat));
	memcpy(result, state->flat, size);

	/* once is mostly all, and there may be many groups */
	pfree(state->flat);
	state->flat = NULL;
}

/* The state to change, made from argument 0 where that is none. */
static FigureState *
state_to_change(FunctionCallInfo fcinfo)
{
	Datum		datum = PG_GETARG_DATUM(0);
	MemoryContext aggregate;
	MemoryContext context;
	FigureState *state;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "transition function of figures called outside of an aggregate");

	if (likely(!PG_ARGISNULL(0) &&
			   VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum))))
	{
		state = (FigureState *) DatumGetEOHP(datum);
		if (likely(state->header.eoh_methods == &figures_methods))
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
	state = MemoryContextAllocZero(context, sizeof(FigureState));
	EOH_init_header(&state->header, &figures_methods, context);
	ua_map_counter_start(&state->counter, context);
	if (!PG_ARGISNULL(0))
		ua_map_counter_add(&state->counter, PG_GETARG_DAYSERIES_MAP(0));
	return state;
}

#define PG_RETURN_STATE(state)	PG_RETURN_DATUM(EOHPGetRWDatum(&(state)->header))

/* Combines two states of any of the aggregates. */
Datum
figures_combinefn(PG_FUNCTION_ARGS)
{
	FigureState *state;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	ua_map_counter_add(&state->counter, PG_GETARG_DAYSERIES_MAP(1));
	PG_RETURN_STATE(state);
}

/* ---------- changes of sets of days ---------- */

/* A set of days, read word by word, with the last active day before each. */
typedef struct DaysSide
{
	UaDaysReader reader;
	int64		word;			/* PG_INT64_MAX after the last */
	uint64		bits;
	int64		last;
} DaysSide;

static inline void
next_word(DaysSide *side)
{
	int32		word;

	if (ua_days_next(&side->reader, &word, &side->bits))
		side->word = word;
	else
		side->word = PG_INT64_MAX;
}

static inline void
first_word(DaysSide *side, UaDays days)
{
	ua_days_read(&side->reader, days);
	side->last = UA_NO_DAY;
	next_word(side);
}

/* The days of an argument, none where it is NULL. */
static UaDays
days_or_none(FunctionCallInfo fcinfo, int argument)
{
	static const uint8 none[UA_NO_DAYS_SIZE] = {DAYSET_VERSION};

	if (PG_ARGISNULL(argument))
		return (UaDays) {none, sizeof(none)};
	return PG_GETARG_DAYS(argument);
}

/*
 * The sets of labels that a word of days makes, given the last active day
 * before it, one word each.
 */
typedef void (*WordFunction) (void *how, int32 word, uint64 bits, int64 last,
							  uint64 *sets);

/*
 * Count what the sets that a function makes of the days after have more, and
 * less, than those of the days before. Words where nothing differs, nor before
 * them, are left out; `reach` is how many days after its last active day a set
 * may go on. The labels are the same before and after, or all others, and then
 * `moved` says so.
 */
static pg_attribute_always_inline void
count_change(FigureState *state, UaDays before, UaDays after,
			 WordFunction function, void *how, int n_labels, int reach,
			 UaLabelCounter **minus, UaLabelCounter **plus, bool moved)
{
	DaysSide	old;
	DaysSide	new;
	int64		done;

	first_word(&old, before);
	first_word(&new, after);
	done = Min(old.word, new.word);
	for (;;)
	{
		int64		word = Min(old.word, new.word);
		int64		last = Max(old.last, new.last);
		uint64		old_bits;
		uint64		new_bits;

		/* The word after the last one, where a set goes on into it. */
		if (reach > 0 && word - 1 > done && last + reach > (done + 1) * DAYS_PER_WORD)
			word = done + 1;
		if (word == PG_INT64_MAX)
			break;
		done = word;

		old_bits = old.word == word ? old.bits : 0;
		new_bits = new.word == word ? new.bits : 0;
		if (moved || old_bits != new_bits || old.last != new.last)
		{
			uint64		was[MAX_LABELS];
			uint64		is[MAX_LABELS];

			function(how, (int32) word, old_bits, old.last, was);
			function(how, (int32) word, new_bits, new.last, is);
			for (int i = 0; i < n_labels; i++)
			{
				uint64		less = moved ? was[i] : was[i] & ~is[i];
				uint64		more = moved ? is[i] : is[i] & ~was[i];

				if (less != 0)
					ua_label_counter_minus(&state->counter, minus[i],
										   (int32) word, less);
				if (more != 0)
					ua_label_counter_plus(&state->counter, plus[i],
										  (int32) word, more);
			}
		}

		if (old.word == word)
		{
			old.last = ua_day_of_word((int32) word) + pg_leftmost_one_pos64(old.bits);
			next_word(&old);
		}
		if (new.word == word)
		{
			new.last = ua_day_of_word((int32) word) + pg_leftmost_one_pos64(new.bits);
			next_word(&new);
		}
	}
}

/* Whether it is the same set: then there is nothing to count. */
static inline bool
is_same(UaDays before, UaDays after)
{
	return before.size == after.size &&
		memcmp(before.body, after.body, after.size) == 0;
}

static void
look_up_labels(FigureState *state, UaLabelCounter **labels,
			   const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		labels[i] = ua_map_counter_of(&state->counter, names[i], strlen(names[i]));
}

/* The labels that an aggregate has from the start. */
static inline UaLabelCounter **
labels_of(FigureState *state, const char *const *names, int count)
{
	if (unlikely(state->labels[0] == NULL))
		look_up_labels(state, state->labels, names, count);
	return state->labels;
}

/* ---------- activity_counts(before, after) ---------- */

enum
{
	ACTIVE_28D, DAU, MAU, WAU
};

static const char *const activity_labels[] = {
	[ACTIVE_28D] = "active_28d",
	[DAU] = "dau",
	[MAU] = "mau",
	[WAU] = "wau"
};

#define LONGEST_WINDOW	30

/* The days of a word that windows of n days from before it reach into. */
static inline uint64
window_from_before(int32 word, int64 last, int n)
{
	int64		days = last + n - (int64) word * DAYS_PER_WORD;

	return days > 0 ? (UINT64CONST(1) << days) - 1 : 0;
}

/* Each step widens what each day covers, by as many days at most as it does. */
static pg_attribute_always_inline void
activity_of_word(void *how, int32 word, uint64 bits, int64 last, uint64 *sets)
{
	uint64		days_4 = bits | bits << 1;
	uint64		days_16;

	days_4 |= days_4 << 2;
	days_16 = days_4 | days_4 << 4;
	days_16 |= days_16 << 8;

	sets[ACTIVE_28D] = days_16 | days_16 << 12 |
		window_from_before(word, last, 28);
	sets[DAU] = bits;
	sets[MAU] = days_16 | days_16 << 14 |
		window_from_before(word, last, LONGEST_WINDOW);
	sets[WAU] = days_4 | days_4 << 3 | window_from_before(word, last, 7);
}

static void
count_activity(FigureState *state, UaDays before, UaDays after,
			   UaLabelCounter **labels)
{
	count_change(state, before, after, activity_of_word, NULL,
				 lengthof(activity_labels), LONGEST_WINDOW,
				 labels, labels, false);
}

Datum
activity_counts_transfn(PG_FUNCTION_ARGS)
{
	UaDays		before = days_or_none(fcinfo, 1);
	UaDays		after = days_or_none(fcinfo, 2);
	FigureState *state;

	if (is_same(before, after))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	count_activity(state, before, after,
				   labels_of(state, activity_labels, lengthof(activity_labels)));
	PG_RETURN_STATE(state);
}

/* ---------- period_counts(before, after, week_start) ---------- */

enum
{
	NEW, RETURNING, RETURNING_DAYS, RETURNING_MONTHS, RETURNING_QUARTERS,
	MONTHLY, QUARTERLY, WEEKLY
};

static const char *const period_labels[] = {
	[NEW] = "lifecycle/new",
	[RETURNING] = "lifecycle/returning",
	[RETURNING_DAYS] = "lifecycle/returning_days",
	[RETURNING_MONTHS] = "lifecycle/returning_months",
	[RETURNING_QUARTERS] = "lifecycle/returning_quarters",
	[MONTHLY] = "monthly",
	[QUARTERLY] = "quarterly",
	[WEEKLY] = "weekly"
};

typedef enum PeriodKind
{
	PERIOD_DAY,
	PERIOD_WEEK,
	PERIOD_MONTH,
	PERIOD_QUARTER
} PeriodKind;

/* The kind that an argument names. */
static PeriodKind
period_kind(FunctionCallInfo fcinfo, int argument)
{
	static const struct
	{
		Size		size;
		const char *name;
	}			kinds[] = {
		[PERIOD_DAY] = {3, "day"},
		[PERIOD_WEEK] = {4, "week"},
		[PERIOD_MONTH] = {5, "month"},
		[PERIOD_QUARTER] = {7, "quarter"}
	};
	text	   *name;

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("period must not be null")));
	name = PG_GETARG_TEXT_PP(argument);

	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (VARSIZE_ANY_EXHDR(name) == kinds[i].size &&
			memcmp(VARDATA_ANY(name), kinds[i].name, kinds[i].size) == 0)
			return (PeriodKind) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("period \"%.*s\" does not exist",
					(int) VARSIZE_ANY_EXHDR(name), VARDATA_ANY(name)),
			 errhint("There are: day, week, month, quarter.")));
}

/* How periods lie on the words that were met last, kept for the query. */
#define CACHED_WORDS	64

typedef struct CachedWord
{
	int32		word;
	bool		valid;
	UaPeriodWord week;
	UaPeriodWord month;
	UaPeriodWord quarter;
} CachedWord;

typedef struct PeriodCache
{
	int			week_start;
	UaKnownRange range;			/* of the days that count */
	CachedWord	words[CACHED_WORDS];
} PeriodCache;

/* The cache for the weeks that an argument asks for. */
static PeriodCache *
period_cache(FunctionCallInfo fcinfo, int argument)
{
	PeriodCache *cache = fcinfo->flinfo->fn_extra;
	int			week_start;

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("week_start must not be null")));
	week_start = ua_checked_week_start(PG_GETARG_INT32(argument));
	if (unlikely(cache == NULL || cache->week_start != week_start))
	{
		if (cache == NULL)
			cache = fcinfo->flinfo->fn_extra =
				MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(PeriodCache));
		memset(cache, 0, sizeof(PeriodCache));
		cache->week_start = week_start;
		cache->range.first = UA_MIN_DAY;
		cache->range.last = UA_MAX_DAY;
	}
	return cache;
}

/* Let those days alone count that an argument has, if there is one. */
static inline void
count_within(PeriodCache *cache, FunctionCallInfo fcinfo, int argument)
{
	if (PG_NARGS() <= argument)
		return;
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the range of days must not be null")));
	ua_know_range_arg(&cache->range, fcinfo, argument);
}

/* The next word that has days that count, and these; false where there is none. */
static pg_attribute_always_inline bool
next_within(UaDaysReader *reader, const UaKnownRange *range, int32 *word, uint64 *bits)
{
	while (ua_days_next(reader, word, bits))
	{
		*bits = ua_bits_within(*word, *bits, range->first, range->last);
		if (likely(*bits != 0))
			return true;
	}
	return false;
}

static inline CachedWord *
cached_word(PeriodCache *cache, int32 word)
{
	CachedWord *cached = &cache->words[(uint32) word % CACHED_WORDS];

	if (unlikely(!cached->valid || cached->word != word))
	{
		cached->word = word;
		cached->valid = true;
		ua_period_weeks(&cached->week, word, cache->week_start);
		ua_period_months(&cached->month, word, 1);
		ua_period_months(&cached->quarter, word, UA_MONTHS_PER_QUARTER);
	}
	return cached;
}

/* A period has to begin on a day that is a date. */
static inline void
check_start(int64 start)
{
	if (unlikely(!ua_is_day(start)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range")));
}

/* Periods that are not days */
static inline const UaPeriodWord *
cached_period(PeriodCache *cache, int32 word, PeriodKind kind)
{
	CachedWord *cached = cached_word(cache, word);

	return kind == PERIOD_WEEK ? &cached->week :
		kind == PERIOD_MONTH ? &cached->month : &cached->quarter;
}

/* The first active days of periods in a word, and those that return. */
static inline uint64
period_firsts(PeriodCache *cache, PeriodKind kind, int32 word, uint64 bits,
			  int64 last, uint64 *returning)
{
	const UaPeriodWord *period;
	uint64		firsts;

	if (kind == PERIOD_DAY)
	{
		*returning = bits &
			(bits << 1 | (last == (int64) word * DAYS_PER_WORD - 1 ? 1 : 0));
		return bits;
	}
	period = cached_period(cache, word, kind);
	firsts = ua_period_firsts(period, bits, last);
	*returning = ua_period_returning(period, bits, firsts, last);
	return firsts;
}

static pg_attribute_always_inline void
periods_of_word(void *how, int32 word, uint64 bits, int64 last, uint64 *sets)
{
	CachedWord *cached;
	int64		begin = (int64) word * DAYS_PER_WORD;

	if (bits == 0)
	{
		memset(sets, 0, lengthof(period_labels) * sizeof(uint64));
		return;
	}
	cached = cached_word(how, word);
	sets[MONTHLY] = ua_period_firsts(&cached->month, bits, last);
	sets[QUARTERLY] = ua_period_firsts(&cached->quarter, bits, last);
	sets[WEEKLY] = ua_period_firsts(&cached->week, bits, last);
	sets[NEW] = last == UA_NO_DAY ? bits & -bits : 0;
	sets[RETURNING] = ua_period_returning(&cached->week, bits,
										  sets[WEEKLY], last);
	sets[RETURNING_DAYS] = bits & (bits << 1 | (last == begin - 1 ? 1 : 0));
	sets[RETURNING_MONTHS] = ua_period_returning(&cached->month, bits,
												 sets[MONTHLY], last);
	sets[RETURNING_QUARTERS] = ua_period_returning(&cached->quarter, bits,
												   sets[QUARTERLY], last);
}

static void
count_periods(FigureState *state, UaDays before, UaDays after,
			  UaLabelCounter **labels, PeriodCache *cache)
{
	count_change(state, before, after, periods_of_word, cache,
				 lengthof(period_labels), 0, labels, labels, false);
}

Datum
period_counts_transfn(PG_FUNCTION_ARGS)
{
	UaDays		before = days_or_none(fcinfo, 1);
	UaDays		after = days_or_none(fcinfo, 2);
	PeriodCache *cache = period_cache(fcinfo, 3);
	FigureState *state;

	if (is_same(before, after))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	count_periods(state, before, after,
				  labels_of(state, period_labels, lengthof(period_labels)), cache);
	PG_RETURN_STATE(state);
}

/* ---------- cohort_counts(before, after, week_start) ---------- */

#define COHORT_PREFIX		"cohorts/"

#define COHORTS_AT_FIRST	16

/* The label of the cohort of a period, with a prefix before its first day. */
static UaLabelCounter *
cohort_label(FigureState *state, const char *prefix, int64 start)
{
	uint64	   *place;

	if (state->cohorts == NULL)
	{
		uint64	   *window = MemoryContextAlloc(state->counter.context,
												COHORTS_AT_FIRST * sizeof(uint64));

		state->cohorts = MemoryContextAlloc(state->counter.context,
											sizeof(UaWordTable));
		ua_word_table_init(state->cohorts, state->counter.context,
						   window, COHORTS_AT_FIRST);
	}

	check_start(start);
	place = ua_word_table_find(state->cohorts, (int32) start);
	if (unlikely(*place == 0))
	{
		char		label[sizeof(COHORT_PREFIX) + UA_DATE_TEXT_SIZE];
		char	   *end;

		memcpy(label, prefix, strlen(prefix));
		end = ua_date_to_text((UaDay) start, label + strlen(prefix));
		*place = (uintptr_t) ua_map_counter_of(&state->counter, label, end - label);
	}
	return (UaLabelCounter *) (uintptr_t) *place;
}

/* The label of the week in which a user was first active, NULL for none. */
static UaLabelCounter *
cohort_of(FigureState *state, UaDays days, int week_start)
{
	UaDaysReader reader;
	int32		word;
	uint64		bits;

	ua_days_read(&reader, days);
	if (!ua_days_next(&reader, &word, &bits))
		return NULL;
	return cohort_label(state, COHORT_PREFIX,
						ua_week_of_day(ua_day_of_word(word) + pg_rightmost_one_pos64(bits),
									   week_start));
}

static pg_attribute_always_inline void
weeks_of_word(void *how, int32 word, uint64 bits, int64 last, uint64 *sets)
{
	sets[0] = bits == 0 ? 0 :
		ua_period_firsts(&cached_word(how, word)->week, bits, last);
}

static void
count_cohorts(FigureState *state, UaDays before, UaDays after, PeriodCache *cache)
{
	UaLabelCounter *old = cohort_of(state, before, cache->week_start);
	UaLabelCounter *new = cohort_of(state, after, cache->week_start);

	count_change(state, before, after, weeks_of_word, cache, 1, 0,
				 &old, &new, old != new);
}

Datum
cohort_counts_transfn(PG_FUNCTION_ARGS)
{
	UaDays		before = days_or_none(fcinfo, 1);
	UaDays		after = days_or_none(fcinfo, 2);
	PeriodCache *cache = period_cache(fcinfo, 3);
	FigureState *state;

	if (is_same(before, after))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	count_cohorts(state, before, after, cache);
	PG_RETURN_STATE(state);
}

/* ---------- event_user_counts(before, change) ---------- */

/* Count where a series comes to be above 0, or ceases to, by a change. */
static void
count_label_users(UaMapCounter *counter, const UaMapEntry *entry, UaDayseries before)
{
	UaLabelCounter *label = ua_map_counter_of(counter,
											  entry->label, entry->label_size);
	UaDayseriesReader old;
	UaDayseriesReader change;
	UaDayseriesBlock old_block;
	UaDayseriesBlock block;
	bool		more;

	ua_dayseries_read(&change, entry->series);
	ua_dayseries_read(&old, before);
	more = ua_dayseries_next(&old, &old_block);
	while (ua_dayseries_next(&change, &block))
	{
		uint64		was = 0;
		uint64		is;

		while (more && old_block.word < block.word)
			more = ua_dayseries_next(&old, &old_block);
		if (more && old_block.word == block.word)
		{
			uint64		rest = old_block.bits & block.bits;

			was = ua_dayseries_positive_bits(&old_block) & block.bits;
			while (rest != 0)
			{
				uint64		below = (rest & -rest) - 1;
				int64	   *value = &block.values[pg_popcount64(block.bits & below)];

				*value = ua_sum(old_block.values[pg_popcount64(old_block.bits & below)],
								*value);
				rest &= rest - 1;
			}
		}
		is = ua_dayseries_positive_bits(&block);
		if ((is & ~was) != 0)
			ua_label_counter_plus(counter, label, block.word, is & ~was);
		if ((was & ~is) != 0)
			ua_label_counter_minus(counter, label, block.word, was & ~is);
	}
}

void
ua_count_event_users(UaMapCounter *counter, const UaMap *before, UaMap change)
{
	static const uint8 nothing[] = {DAYSERIES_VERSION};
	UaMapReader olds;
	UaMapReader changes;
	UaMapEntry	old;
	UaMapEntry	entry;
	bool		more = false;

	if (before != NULL)
	{
		ua_map_read(&olds, *before);
		more = ua_map_next(&olds, &old);
	}
	ua_map_read(&changes, change);
	while (ua_map_next(&changes, &entry))
	{
		int			order = 1;

		while (more &&
			   (order = ua_label_compare(old.label, old.label_size,
										 entry.label, entry.label_size)) < 0)
			more = ua_map_next(&olds, &old);
		count_label_users(counter, &entry,
						  more && order == 0 ? old.series :
						  (UaDayseries) {nothing, sizeof(nothing)});
	}
}

Datum
event_user_counts_transfn(PG_FUNCTION_ARGS)
{
	FigureState *state;
	UaMap		before;

	if (PG_ARGISNULL(2))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	if (!PG_ARGISNULL(1))
		before = PG_GETARG_DAYSERIES_MAP(1);
	ua_count_event_users(&state->counter, PG_ARGISNULL(1) ? NULL : &before,
						 PG_GETARG_DAYSERIES_MAP(2));
	PG_RETURN_STATE(state);
}

/* ---------- the three of users' days at once ---------- */

struct UaFigures
{
	FigureState state;
	int			parts;
	PeriodCache *cache;
	UaLabelCounter *activity[lengthof(activity_labels)];
	UaLabelCounter *periods[lengthof(period_labels)];
};

UaFigures *
ua_figures_start(int parts, int week_start, const UaFigures *like)
{
	UaFigures  *figures = palloc0(sizeof(UaFigures));
	FigureState *state = &figures->state;

	ua_map_counter_start(&state->counter, CurrentMemoryContext);
	figures->parts = parts;
	figures->cache = like != NULL ? like->cache : palloc0(sizeof(PeriodCache));
	figures->cache->week_start = week_start;
	if (parts & UA_ACTIVITY)
		look_up_labels(state, figures->activity, activity_labels,
					   lengthof(activity_labels));
	if (parts & UA_PERIODS)
		look_up_labels(state, figures->periods, period_labels,
					   lengthof(period_labels));
	return figures;
}

void
ua_figures_add(UaFigures *figures, UaDays before, UaDays after)
{
	FigureState *state = &figures->state;

	if (is_same(before, after))
		return;
	if (figures->parts & UA_ACTIVITY)
		count_activity(state, before, after, figures->activity);
	if (figures->parts & UA_PERIODS)
		count_periods(state, before, after, figures->periods, figures->cache);
	if (figures->parts & UA_COHORTS)
		count_cohorts(state, before, after, figures->cache);
}

UaMapCounter *
ua_figures_counter(UaFigures *figures)
{
	return &figures->state.counter;
}

/* ---------- active_day_counts(days, period, week_start [, within]) ---------- */

/* The days that a period has at most */
static const int most_days[] = {
	[PERIOD_DAY] = 1,
	[PERIOD_WEEK] = 7,
	[PERIOD_MONTH] = 31,
	[PERIOD_QUARTER] = 92
};

/*
 * The part of a period that lies in a word, and how many sets have 1, 2, ...
 * of the period's days. Parts of one period share the counts. What they say of
 * no days at all is of no use.
 */
typedef struct ActiveDayPart
{
	uint64		days;
	int			shift;			/* of the first of them */
	int64		start;			/* of the period */
	int64	   *counts;
} ActiveDayPart;

typedef struct ActiveDayWord
{
	int			n_parts;
	ActiveDayPart parts[FLEXIBLE_ARRAY_MEMBER];
} ActiveDayWord;

/* What active_day_counts() counts in. */
typedef struct ActiveDays
{
	PeriodKind	kind;
	int			week_start;
	UaWordTable words;			/* the address of an ActiveDayWord each */
	uint64		window[DAY_COUNTER_WINDOW];
} ActiveDays;

static inline ActiveDayWord *active_day_word(FigureState *state, PeriodCache *cache, int32 word);

static ActiveDayWord *
make_active_day_word(FigureState *state, PeriodCache *cache, int32 word)
{
	ActiveDays *active = state->active_days;
	MemoryContext context = state->counter.context;
	int64		begin = (int64) word * DAYS_PER_WORD;
	uint64		starts = ~UINT64CONST(0);
	uint64		tails = ~UINT64CONST(0);
	int64		start = begin;
	ActiveDayWord *made;

	if (active->kind != PERIOD_DAY)
	{
		const UaPeriodWord *period = cached_period(cache, word, active->kind);

		starts = period->starts;
		tails = period->tails;
		start = period->first;
	}
	made = MemoryContextAlloc(context, offsetof(ActiveDayWord, parts) +
							  pg_popcount64(starts) * sizeof(ActiveDayPart));
	made->n_parts = 0;
	for (; starts != 0; starts &= starts - 1, tails &= tails - 1)
	{
		ActiveDayPart *part = &made->parts[made->n_parts];

		part->days = (((tails & -tails) << 1) - 1) & ~((starts & -starts) - 1);
		part->shift = pg_rightmost_one_pos64(starts);
		if (made->n_parts++ > 0)
			start = begin + pg_rightmost_one_pos64(starts);
		part->start = start;
		if (start < begin)
		{
			ActiveDayWord *first = active_day_word(state, cache, (int32) (start >> 6));

			part->counts = first->parts[first->n_parts - 1].counts;
		}
		else
			part->counts = MemoryContextAllocZero(context,
												  (most_days[active->kind] + 1) * sizeof(int64));
	}
	*ua_word_table_find(&active->words, word) = (uintptr_t) made;
	return made;
}

static inline ActiveDayWord *
active_day_word(FigureState *state, PeriodCache *cache, int32 word)
{
	uint64		place = *ua_word_table_find(&state->active_days->words, word);

	if (likely(place != 0))
		return (ActiveDayWord *) (uintptr_t) place;
	return make_active_day_word(state, cache, word);
}

/* Move what the parts count to the counters of the labels 1, 2, ... */
static void
spill_active_days(FigureState *state)
{
	ActiveDays *active = state->active_days;
	UaWordTableScan scan;
	int32		word;
	uint64		address;

	ua_word_table_scan(&scan, &active->words);
	while (ua_word_table_next(&scan, &word, &address))
	{
		ActiveDayWord *of_word = (ActiveDayWord *) (uintptr_t) address;

		for (int i = 0; i < of_word->n_parts; i++)
		{
			ActiveDayPart *part = &of_word->parts[i];

			for (int number = 1; number <= most_days[active->kind]; number++)
			{
				char		label[12];
				UaLabelCounter *counter;

				if (part->counts[number] == 0)
					continue;
				check_start(part->start);
				counter = ua_map_counter_of(&state->counter, label,
											snprintf(label, sizeof(label), "%d", number));
				if (counter->plus == NULL)
					ua_label_counter_make(&state->counter, &counter->plus);
				ua_counter_add_count(counter->plus, (UaDay) part->start,
									 part->counts[number]);
				part->counts[number] = 0;
			}
		}
	}
}

/* What a state counts such periods in. */
static ActiveDays *
active_days_of(FigureState *state, PeriodKind kind, int week_start)
{
	ActiveDays *active = state->active_days;

	if (unlikely(active == NULL || active->kind != kind ||
				 active->week_start != week_start))
	{
		if (active != NULL)
			spill_active_days(state);
		active = MemoryContextAlloc(state->counter.context, sizeof(ActiveDays));
		active->kind = kind;
		active->week_start = week_start;
		ua_word_table_init(&active->words, state->counter.context,
						   active->window, lengthof(active->window));
		state->active_days = active;
	}
	return active;
}

static inline int
days_of_part(const ActiveDayPart *part, PeriodKind kind, uint64 bits)
{
	uint64		days = (bits & part->days) >> part->shift;

	return kind <= PERIOD_WEEK ? pg_number_of_ones[days] : pg_popcount64(days);
}

Datum
active_day_counts_transfn(PG_FUNCTION_ARGS)
{
	UaDaysReader reader;
	PeriodCache *cache;
	PeriodKind	kind;
	FigureState *state;
	int64	   *counts = NULL;	/* of the period that the days are in */
	int			active_days = 0;
	int32		word;
	uint64		bits;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	kind = period_kind(fcinfo, 2);
	cache = period_cache(fcinfo, 3);
	count_within(cache, fcinfo, 4);
	state = state_to_change(fcinfo);
	active_days_of(state, kind, cache->week_start);

	ua_days_read(&reader, PG_GETARG_DAYS(1));
	while (next_within(&reader, &cache->range, &word, &bits))
	{
		const ActiveDayWord *of_word = active_day_word(state, cache, word);
		const ActiveDayPart *part = of_word->parts;
		const ActiveDayPart *last = &of_word->parts[of_word->n_parts - 1];

		Assert(part->counts != NULL);
		if (part->counts != counts)
		{
			if (counts != NULL)
				counts[active_days]++;
			counts = part->counts;
			active_days = 0;
		}
		active_days += days_of_part(part, kind, bits);

		/* Only the last one may go on in the next word. */
		if (part != last)
		{
			part->counts[active_days]++;
			while (++part != last)
				part->counts[days_of_part(part, kind, bits)]++;
			counts = last->counts;
			active_days = days_of_part(last, kind, bits);
		}
	}
	if (counts != NULL)
		counts[active_days]++;
	PG_RETURN_STATE(state);
}

/* ---------- active_period_counts(days, period, week_start [, within]) ---------- */

enum
{
	ACTIVE_USERS, NEW_USERS, RETURNING_USERS
};

static const char *const active_period_labels[] = {
	[ACTIVE_USERS] = "active",
	[NEW_USERS] = "new",
	[RETURNING_USERS] = "returning"
};

/* Count a word of a set whose last day before it is known; returns that after it. */
static inline int64
count_active_word(UaMapCounter *counter, UaLabelCounter **labels, PeriodCache *cache,
				  PeriodKind kind, int32 word, uint64 bits, int64 last)
{
	uint64		returning;
	uint64		firsts = period_firsts(cache, kind, word, bits, last, &returning);

	if (firsts != 0)
		ua_label_counter_plus(counter, labels[ACTIVE_USERS], word, firsts);
	if (last == UA_NO_DAY)
		ua_label_counter_plus(counter, labels[NEW_USERS], word, bits & -bits);
	if (returning != 0)
		ua_label_counter_plus(counter, labels[RETURNING_USERS], word, returning);
	return (int64) ua_day_of_word(word) + pg_leftmost_one_pos64(bits);
}

Datum
active_period_counts_transfn(PG_FUNCTION_ARGS)
{
	UaDaysReader reader;
	PeriodCache *cache;
	PeriodKind	kind;
	FigureState *state;
	UaLabelCounter **labels;
	int64		last = UA_NO_DAY;
	int32		word;
	uint64		bits;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	kind = period_kind(fcinfo, 2);
	cache = period_cache(fcinfo, 3);
	count_within(cache, fcinfo, 4);
	state = state_to_change(fcinfo);
	labels = labels_of(state, active_period_labels, lengthof(active_period_labels));

	ua_days_read(&reader, PG_GETARG_DAYS(1));
	while (next_within(&reader, &cache->range, &word, &bits))
		last = count_active_word(&state->counter, labels, cache, kind, word, bits, last);
	PG_RETURN_STATE(state);
}

void
ua_periods_of_args(UaPeriods *periods, FunctionCallInfo fcinfo, int argument)
{
	RangeType  *past;

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the range of days must not be null")));
	past = PG_GETARG_RANGE_P(argument);
	ua_days_of_range(lookup_type_cache(RangeTypeGetOid(past), TYPECACHE_RANGE_INFO),
					 past, &periods->first, &periods->last);
	periods->kind = period_kind(fcinfo, argument + 1) + 1;
	periods->week_start = period_cache(fcinfo, argument + 2)->week_start;
}

bool
ua_periods_are_valid(const UaPeriods *periods)
{
	return periods->kind == UA_NO_PERIODS ||
		(periods->kind >= PERIOD_DAY + 1 && periods->kind <= PERIOD_QUARTER + 1 &&
		 periods->week_start >= 1 && periods->week_start <= 7);
}

struct UaActivePeriods
{
	UaPeriods	periods;
	PeriodCache cache;
	UaMapCounter counter;
	UaLabelCounter *labels[FLEXIBLE_ARRAY_MEMBER][lengthof(active_period_labels)];
};

UaActivePeriods *
ua_active_periods_start(const UaPeriods *periods, int n_names, text **names)
{
	UaActivePeriods *counts = palloc0(offsetof(UaActivePeriods, labels) +
									  n_names * sizeof(counts->labels[0]));

	counts->periods = *periods;
	counts->cache.week_start = periods->week_start;
	ua_map_counter_start(&counts->counter, CurrentMemoryContext);
	for (int i = 0; i < n_names; i++)
	{
		char	   *name = text_to_cstring(names[i]);

		for (int kind = 0; kind < lengthof(active_period_labels); kind++)
		{
			char	   *label = psprintf("%s/%s", name, active_period_labels[kind]);

			ua_check_label(label, strlen(label));
			counts->labels[i][kind] = ua_map_counter_of(&counts->counter, label, strlen(label));
			pfree(label);
		}
		pfree(name);
	}
	return counts;
}

void
ua_active_periods_add(UaActivePeriods *counts, int name, int n_words,
					  const int32 *words, const uint64 *bits)
{
	int64		last = UA_NO_DAY;

	for (int i = 0; i < n_words; i++)
	{
		uint64		within = ua_bits_within(words[i], bits[i],
											counts->periods.first, counts->periods.last);

		if (within != 0)
			last = count_active_word(&counts->counter, counts->labels[name],
									 &counts->cache, counts->periods.kind - 1,
									 words[i], within, last);
	}
}

Datum
ua_active_periods_map(UaActivePeriods *counts)
{
	UaMapWriter writer;

	ua_map_start(&writer);
	ua_map_counter_write(&counts->counter, &writer);
	return ua_map_datum(&writer);
}

/* ---------- retention_counts(started, back, period, week_start, unbounded [, within]) ---------- */

#define SIZE_LABEL	"size"

Datum
retention_counts_transfn(PG_FUNCTION_ARGS)
{
	UaDaysReader reader;
	PeriodCache *cache;
	PeriodKind	kind;
	bool		unbounded;
	FigureState *state;
	UaLabelCounter *cohort;
	int64		start;
	int64		last = UA_NO_DAY;
	int32		word;
	uint64		bits;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	kind = period_kind(fcinfo, 3);
	cache = period_cache(fcinfo, 4);
	if (PG_ARGISNULL(5))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("unbounded must not be null")));
	unbounded = PG_GETARG_BOOL(5);
	count_within(cache, fcinfo, 6);

	ua_days_read(&reader, PG_GETARG_DAYS(1));
	if (!next_within(&reader, &cache->range, &word, &bits))
		return ua_state_unchanged(fcinfo);
	start = (int64) ua_day_of_word(word) + pg_rightmost_one_pos64(bits);
	if (kind != PERIOD_DAY)
	{
		const UaPeriodWord *period = cached_period(cache, word, kind);
		int			begin = pg_leftmost_one_pos64(period->starts & ((bits & -bits) | ((bits & -bits) - 1)));

		start = begin == 0 ? period->first : (int64) ua_day_of_word(word) + begin;
	}

	state = state_to_change(fcinfo);
	cohort = cohort_label(state, "", start);
	if (unlikely(state->labels[0] == NULL))
		state->labels[0] = ua_map_counter_of(&state->counter, SIZE_LABEL, strlen(SIZE_LABEL));
	ua_label_counter_plus(&state->counter, state->labels[0],
						  ua_word_of_day((UaDay) start), ua_bit_of_day((UaDay) start));

	if (PG_ARGISNULL(2))
		PG_RETURN_STATE(state);
	ua_days_read(&reader, PG_GETARG_DAYS(2));
	while (next_within(&reader, &cache->range, &word, &bits))
	{
		uint64		firsts;
		uint64		returning;

		if (!unbounded && word >= ua_word_of_day((UaDay) start))
		{
			firsts = period_firsts(cache, kind, word, bits, last, &returning);
			if (word == ua_word_of_day((UaDay) start))
				firsts &= ua_bits_from((UaDay) start);
			if (firsts != 0)
				ua_label_counter_plus(&state->counter, cohort, word, firsts);
		}
		last = (int64) ua_day_of_word(word) + pg_leftmost_one_pos64(bits);
	}
	if (unbounded && last >= start)
		ua_label_counter_plus(&state->counter, cohort, ua_word_of_day((UaDay) last),
							  ua_bit_of_day((UaDay) last));
	PG_RETURN_STATE(state);
}
