/*
 * generate.c
 *	  Make up the usage of a B2B product: accounts, their users, their events.
 *
 * The same parameters always give the same bytes.  All randomness is drawn from
 * a hash of the seed and of what it is for (a user, a user's day), and all of it
 * is integer arithmetic, so that neither the order of the work nor the machine's
 * floating point shows in the result.
 *
 * Events come in the order in which they arrive, as a real feed's do: day by
 * day, and late ones among those of a later day.  What the data is like
 * (weekday rhythm, churn, pauses, late arrivals, missing values, wrong clocks)
 * is said where it is drawn.
 *
 * Needs a C99 compiler and nothing else:  cc -O2 -o generate generate.c
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY 86400
#define HOUR 3600
#define MINUTE 60
#define NEVER INT32_MAX			/* a day that does not come */
#define MILLION 1000000

/* In a script, a COPY ends with the day on which it has so many events. */
#define COPY_EVENTS 200000

/* An event arrives at most this many days after the day it is drawn for. */
#define DAYS_AHEAD 16

typedef enum
{
	DIM_ACCOUNT,
	DIM_USER,
	FCT_EVENT,
	ALL_TABLES
} Table;

static const char *const table_name[] = {"dim_account", "dim_user", "fct_event", "all"};

/* The columns written, in the order of the tables' own. */
static const char *const table_columns[] = {
	"account_id,account_name,plan_tier,created_at,region,is_active",
	"user_id,account_id,role,country,created_at,activated_at,is_active,deactivated_at",
	"event_id,user_id,account_id,task_id,event_ts,ingested_at,duration_seconds,event_name,source"
};

typedef enum
{
	FORMAT_TEXT,				/* COPY's text format */
	FORMAT_CSV,					/* CSV with a header line */
	FORMAT_SCRIPT				/* COPY statements for psql */
} Format;

static const char *const format_name[] = {"text", "csv", "script"};

static struct
{
	Table		table;
	Format		format;
	int64_t		accounts;
	int64_t		users;			/* an account, on average */
	int64_t		days;
	int64_t		seed;
	int64_t		end;			/* nothing arrives at or after this moment */
	bool		columns;
	bool		progress;
}			options = {ALL_TABLES, FORMAT_TEXT, 40, 25, 120, 1, 0, false, false};

static int32_t first_day;		/* days since 1970-01-01 */
static int32_t last_day;

typedef struct
{
	uint64_t	hi;
	uint64_t	lo;
} Uuid;

typedef enum
{
	FREE,
	BASIC,
	PRO,
	ENTERPRISE
} Plan;

static const char *const plan_name[] = {"free", "basic", "pro", "enterprise"};

typedef enum
{
	NORTH_AMERICA,
	EUROPE,
	LATIN_AMERICA,
	ASIA_PACIFIC
} Region;

static const char *const region_name[] = {"NA", "EU", "LATAM", "APAC"};

static const struct
{
	const char *code;
	Region		region;
	int			utc_offset;		/* hours */
}			country[] = {
	{"US", NORTH_AMERICA, -5}, {"US", NORTH_AMERICA, -8}, {"CA", NORTH_AMERICA, -5},
	{"GB", EUROPE, 0}, {"DE", EUROPE, 1}, {"ES", EUROPE, 1},
	{"BR", LATIN_AMERICA, -3}, {"CO", LATIN_AMERICA, -5}, {"CR", LATIN_AMERICA, -6},
	{"IN", ASIA_PACIFIC, 5}, {"JP", ASIA_PACIFIC, 9}, {"AU", ASIA_PACIFIC, 10}
};

#define COUNTRIES 12
#define COUNTRIES_PER_REGION 3

static const char *const role_name[] = {"member", "manager", "admin"};

typedef enum
{
	APP_OPEN,
	DASHBOARD_VIEW,
	TIMER_START,
	TIMER_STOP,
	IDLE_DETECTED,
	MANUAL_TIME_ADDED,
	TASK_CREATED,
	TASK_COMPLETED,
	COMMENT_ADDED,				/* from here on unknown to the taxonomy */
	REPORT_EXPORTED
} EventName;

static const char *const event_name[] = {
	"app_open", "dashboard_view", "timer_start", "timer_stop", "idle_detected",
	"manual_time_added", "task_created", "task_completed", "comment_added", "report_exported"
};

typedef enum
{
	DESKTOP,
	WEB,
	MOBILE,
	API,
	UNKNOWN
} Source;

static const char *const source_name[] = {"desktop", "web", "mobile", "api", NULL};

typedef struct
{
	char		id[37];
	Plan		plan;
	Region		region;
	int32_t		created;
	int32_t		churned;		/* no use from this day on, or NEVER */
	int32_t		fading;			/* use fades from this day on, or NEVER */
	int32_t		first_user;
	int32_t		users;
} Account;

typedef struct
{
	char		id[37];
	int32_t		account;
	int32_t		former_account;
	int32_t		moved;			/* the first day in `account`, or 0 */
	int32_t		created;
	int32_t		activated;		/* or NEVER */
	int32_t		starts;			/* first and last day of use */
	int32_t		stops;
	int32_t		deactivated;	/* or NEVER */
	int32_t		pause_from;		/* a long absence */
	int32_t		pause_to;
	int32_t		engagement;		/* chance of use on a full weekday, in thousandths */
	int32_t		clock_ahead;	/* seconds by which the user's clock is fast */
	uint8_t		role;
	uint8_t		country;
	uint8_t		source;			/* the preferred one */
} User;

typedef struct
{
	Uuid		id;
	Uuid		task;			/* zero: none */
	int64_t		ts;
	int64_t		ingested;
	int32_t		user;
	int32_t		account;
	int32_t		duration;		/* -1: none */
	uint8_t		name;
	uint8_t		source;
} Event;

static Account *account;
static User *user;
static int32_t users;

/* Events by day of arrival, until no more can join that day. */
static struct
{
	Event	   *event;
	size_t		count;
	size_t		size;
}			bucket[DAYS_AHEAD];

static int64_t events_written;
static int64_t copy_began_at = -1;	/* events_written then; -1: none has begun */

static void
die(const char *message, const char *value)
{
	fprintf(stderr, "generate: %s%s%s\n", message, value ? ": " : "", value ? value : "");
	exit(1);
}

static void *
allocate(void *old, size_t count, size_t size)
{
	void	   *result = realloc(old, count * size);

	if (result == NULL)
		die("out of memory", NULL);
	return result;
}

/* ---- Randomness: SplitMix64 (Steele, Lea and Flood, 2014) ---- */

typedef struct
{
	uint64_t	state;
} Random;

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t
next(Random *random)
{
	random->state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(random->state);
}

/* A source of its own for each thing that is drawn. */
static Random
random_for(char what, int64_t which, int64_t day)
{
	Random		random;

	random.state = mix((uint64_t) options.seed * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t) what);
	random.state = mix(random.state ^ mix((uint64_t) which));
	random.state = mix(random.state + (uint64_t) day * UINT64_C(0xd1342543de82ef95));
	return random;
}

/* A number from low to high, both included. */
static int32_t
between(Random *random, int32_t low, int32_t high)
{
	uint64_t	range;

	if (high <= low)
		return low;
	range = (uint64_t) ((int64_t) high - low + 1);
	return low + (int32_t) (((next(random) >> 32) * range) >> 32);
}

static bool
chance(Random *random, int32_t millionths)
{
	return between(random, 0, MILLION - 1) < millionths;
}

/* An index drawn by weight, in hundredths. */
static int
pick(Random *random, const int *weight)
{
	int			n = between(random, 0, 99);
	int			i = 0;

	while (n >= weight[i])
		n -= weight[i++];
	return i;
}

static Uuid
random_uuid(Random *random)
{
	Uuid		uuid;

	uuid.hi = (next(random) & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
	uuid.lo = (next(random) >> 2) | (UINT64_C(2) << 62);
	return uuid;
}

/* UUID version 7: led by the moment, as ids are that clients make. */
static Uuid
time_ordered_uuid(Random *random, int64_t seconds)
{
	Uuid		uuid;
	uint64_t	r = next(random);

	uuid.hi = ((uint64_t) seconds * 1000 + ((r >> 48) * 1000 >> 16)) << 16;
	uuid.hi |= UINT64_C(0x7000) | (r & 0xfff);
	uuid.lo = (next(random) >> 2) | (UINT64_C(2) << 62);
	return uuid;
}

/* ---- Calendar: the proleptic Gregorian one, days since 1970-01-01 ---- */

static int32_t
days_before_month(int year, int month)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return before[month - 1] + (leap && month > 2);
}

static int32_t
day_of(int year, int month, int day)
{
	int			y = year - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + days_before_month(year, month) + day - 719163;
}

static void
date_of(int32_t days, int *year, int *month, int *day)
{
	*year = 1970 + days / 366;
	while (day_of(*year + 1, 1, 1) <= days)
		(*year)++;
	*month = 12;
	while (day_of(*year, *month, 1) > days)
		(*month)--;
	*day = days - day_of(*year, *month, 1) + 1;
}

/* 0 Monday … 6 Sunday; 1970-01-01 was a Thursday */
static int
weekday(int32_t day)
{
	return (day + 3) % 7;
}

/* ---- Writing ---- */

static char out[1 << 16];
static size_t out_used;

static void
flush_out(void)
{
	if (out_used > 0 && fwrite(out, 1, out_used, stdout) != out_used)
		die("cannot write", strerror(errno));
	out_used = 0;
}

static void
put(const char *text, size_t length)
{
	if (out_used + length > sizeof(out))
		flush_out();
	memcpy(out + out_used, text, length);
	out_used += length;
}

static void
put_string(const char *text)
{
	put(text, strlen(text));
}

static void
put_null(void)
{
	if (options.format != FORMAT_CSV)
		put("\\N", 2);
}

/* Ends a value: what follows it is another one, or the next line. */
static void
put_end(bool last)
{
	put(last ? "\n" : options.format == FORMAT_CSV ? "," : "\t", 1);
}

static void
put_text(const char *text, bool last)
{
	if (text)
		put_string(text);
	else
		put_null();
	put_end(last);
}

static void
put_number(int64_t number, bool last)
{
	char		digits[24];

	put(digits, (size_t) snprintf(digits, sizeof(digits), "%lld", (long long) number));
	put_end(last);
}

static void
two_digits(char *at, int n)
{
	at[0] = (char) ('0' + n / 10);
	at[1] = (char) ('0' + n % 10);
}

static void
put_moment(int64_t seconds, bool last)
{
	static int32_t known_day = -1;
	static char text[] = "yyyy-mm-dd hh:mm:ss+00";
	int32_t		day = (int32_t) (seconds / DAY);
	int			s = (int) (seconds % DAY);

	if (day != known_day)
	{
		int			y,
					m,
					d;

		date_of(day, &y, &m, &d);
		two_digits(text, y / 100);
		two_digits(text + 2, y % 100);
		two_digits(text + 5, m);
		two_digits(text + 8, d);
		known_day = day;
	}
	two_digits(text + 11, s / HOUR);
	two_digits(text + 14, s / MINUTE % 60);
	two_digits(text + 17, s % MINUTE);
	put(text, sizeof(text) - 1);
	put_end(last);
}

static void
put_day(int32_t day, bool last)
{
	if (day == NEVER)
		put_text(NULL, last);
	else
		put_moment((int64_t) day * DAY, last);
}

static void
format_uuid(char *at, Uuid uuid)
{
	static const char hex[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++)
	{
		uint64_t	half = i < 8 ? uuid.hi : uuid.lo;
		int			byte = (int) (half >> (56 - i % 8 * 8)) & 0xff;

		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[byte >> 4];
		*at++ = hex[byte & 15];
	}
}

static void
put_uuid(Uuid uuid, bool last)
{
	char		text[36];

	format_uuid(text, uuid);
	put(text, sizeof(text));
	put_end(last);
}

static void
begin_copy(Table table)
{
	if (options.format == FORMAT_SCRIPT)
	{
		put_string("COPY ");
		put_string(table_name[table]);
		put_string(" (");
		put_string(table_columns[table]);
		put_string(") FROM stdin;\n");
	}
}

static void
end_copy(void)
{
	if (options.format == FORMAT_SCRIPT)
		put_string("\\.\n");
}

static void
put_header(Table table)
{
	if (options.format == FORMAT_CSV)
	{
		put_string(table_columns[table]);
		put_string("\n");
	}
}

/* ---- Accounts ---- */

/* The number of users of each account: by plan, and together exactly as asked for. */
static void
share_users_out(void)
{
	static const int size_of_plan[] = {4, 12, 35, 90};
	int64_t		total = options.accounts * options.users;
	int64_t		weight_sum = 0;
	int64_t		weight_before = 0;
	int64_t	   *weight = allocate(NULL, (size_t) options.accounts, sizeof(int64_t));

	for (int32_t i = 0; i < options.accounts; i++)
	{
		Random		random = random_for('s', i, 0);

		weight[i] = size_of_plan[account[i].plan] * between(&random, 50, 150);
		weight_sum += weight[i];
	}

	/* One each, and the rest by weight: the sums so far are rounded, not the parts. */
	for (int32_t i = 0; i < options.accounts; i++)
	{
		int64_t		rest = total - options.accounts;
		int64_t		before = rest * weight_before / weight_sum;

		weight_before += weight[i];
		account[i].first_user = (int32_t) (i + before);
		account[i].users = (int32_t) (1 + rest * weight_before / weight_sum - before);
	}
	users = (int32_t) total;
	free(weight);
}

static void
make_accounts(void)
{
	static const int plan_weight[] = {35, 30, 25, 10};
	static const int region_weight[] = {45, 28, 17, 10};

	account = allocate(NULL, (size_t) options.accounts, sizeof(Account));
	for (int32_t i = 0; i < options.accounts; i++)
	{
		Account    *a = &account[i];
		Random		random = random_for('a', i, 0);

		memset(a, 0, sizeof(*a));
		format_uuid(a->id, random_uuid(&random));
		a->plan = (Plan) pick(&random, plan_weight);
		a->region = (Region) pick(&random, region_weight);
		a->churned = NEVER;
		a->fading = NEVER;

		/* Most are old customers, a few came during the period. */
		if (chance(&random, 820000))
			a->created = first_day - between(&random, 30, 720);
		else
			a->created = between(&random, first_day, last_day - 3);

		/* One in twenty leaves, one in twelve loses interest. */
		if (chance(&random, 50000))
			a->churned = between(&random, first_day + (last_day - first_day) / 3, last_day);
		else if (chance(&random, 80000))
			a->fading = between(&random, first_day + (last_day - first_day) / 3, last_day);
		if (a->churned <= a->created)
			a->churned = NEVER;
	}
	share_users_out();
}

static void
write_accounts(void)
{
	static const char *const first[] = {
		"Amber", "Birch", "Cedar", "Copper", "Coral", "Crescent", "Delta", "Drift", "Ember", "Fern",
		"Flint", "Garnet", "Granite", "Harbor", "Hazel", "Indigo", "Iris", "Juniper", "Lark", "Linden",
		"Maple", "Meadow", "Mosaic", "North", "Oak", "Opal", "Orchard", "Pebble", "Pine", "Prairie",
		"Quartz", "Raven", "River", "Saffron", "Slate", "Sparrow", "Summit", "Tide", "Willow", "Winter"
	};
	static const char *const second[] = {
		"Architects", "Bakery", "Clinic", "Consulting", "Design", "Energy", "Engineering", "Farms",
		"Films", "Finance", "Foods", "Freight", "Games", "Insurance", "Labs", "Legal", "Logistics",
		"Media", "Motors", "Press", "Robotics", "Software", "Studio", "Textiles", "Travel"
	};

	put_header(DIM_ACCOUNT);
	begin_copy(DIM_ACCOUNT);
	for (int32_t i = 0; i < options.accounts; i++)
	{
		Account    *a = &account[i];
		char		name[64];
		int			k = (int) (((int64_t) i * 389 + options.seed % 1000) % 1000);

		/* 389 has no factor in common with 1000: all names come before one returns. */
		snprintf(name, sizeof(name), i < 1000 ? "%s %s" : "%s %s %d",
				 first[k % 40], second[k / 40], i / 1000 + 1);
		put_text(a->id, false);
		put_text(name, false);
		put_text(plan_name[a->plan], false);
		put_day(a->created, false);
		put_text(region_name[a->region], false);
		put_text(a->churned > last_day ? "t" : "f", true);
	}
	end_copy();
}

/* ---- Users ---- */

static void
make_user(int32_t i, int32_t account_index)
{
	static const int source_weight[] = {68, 16, 12, 4};
	static const int role_weight[] = {79, 15, 6};
	static const int engagement_weight[] = {26, 45, 29};
	static const int32_t engagement_from[] = {150, 430, 740, 1000};
	User	   *u = &user[i];
	Account    *a = &account[account_index];
	Random		random = random_for('u', i, 0);
	int			level;

	memset(u, 0, sizeof(*u));
	format_uuid(u->id, random_uuid(&random));
	u->account = u->former_account = account_index;
	u->role = (uint8_t) pick(&random, role_weight);
	u->source = (uint8_t) pick(&random, source_weight);
	u->country = (uint8_t) (a->region * COUNTRIES_PER_REGION +
							between(&random, 0, COUNTRIES_PER_REGION - 1));
	if (chance(&random, 120000))
		u->country = (uint8_t) between(&random, 0, COUNTRIES - 1);

	/* Half of an account's users come with it, the others over time. */
	if (chance(&random, 500000))
		u->created = a->created + between(&random, 0, 14);
	else
		u->created = between(&random, a->created, last_day - 1);
	if (u->created >= a->churned)
		u->created = a->created;
	if (u->created > last_day)
		u->created = last_day;

	/* One in seven never accepts the invitation; the others take up to a week. */
	u->activated = NEVER;
	if (!chance(&random, 140000))
		u->activated = u->created + (chance(&random, 500000) ? 0 : between(&random, 1, 7));
	u->starts = u->activated;
	u->stops = NEVER;
	u->deactivated = NEVER;

	level = pick(&random, engagement_weight);
	u->engagement = between(&random, engagement_from[level], engagement_from[level + 1]);

	/* One in four stops using the product, many of them within three weeks … */
	if (u->activated < last_day && chance(&random, 240000))
	{
		int32_t		from = u->activated > first_day ? u->activated : first_day;

		u->stops = chance(&random, 400000) ? between(&random, from + 1, from + 21) : between(&random, from, last_day);
	}
	if (u->stops >= a->churned)
		u->stops = a->churned - 1;
	/* … and of these, and of those who never came, some lose their seat. */
	if (u->stops < last_day && chance(&random, 450000))
		u->deactivated = u->stops + 1;
	else if (u->activated == NEVER && chance(&random, 60000))
		u->deactivated = u->created + 30;
	if (u->deactivated < u->created)
		u->deactivated = u->created;
	if (u->deactivated > last_day)
		u->deactivated = NEVER;
	/* Now and then a client keeps sending for two days more. */
	if (u->deactivated != NEVER && u->stops < last_day && chance(&random, 100000))
		u->stops += 3;

	/* One in six is away for some weeks. */
	u->pause_from = u->pause_to = NEVER;
	if (chance(&random, 160000))
	{
		u->pause_from = between(&random, first_day, last_day);
		u->pause_to = u->pause_from + between(&random, 14, 42);
	}

	/* One in 200 came from another account. */
	if (options.accounts > 1 && u->starts < last_day && chance(&random, 5000))
	{
		u->former_account = between(&random, 0, (int32_t) options.accounts - 2);
		if (u->former_account >= account_index)
			u->former_account++;
		u->moved = between(&random, u->starts > first_day ? u->starts : first_day, last_day);
	}
	/* One in fifty was at work before being entered. */
	if (u->activated <= last_day - 2 && u->deactivated == NEVER && chance(&random, 20000))
		u->created = u->activated = u->starts + between(&random, 1, 2);
	/* One in 400 has a clock that is fast. */
	if (chance(&random, 2500))
		u->clock_ahead = between(&random, 5, 20) * MINUTE;

	/* What lies after the end is not known yet. */
	if (u->activated > last_day)
		u->activated = NEVER;
}

static void
make_users(void)
{
	user = allocate(NULL, (size_t) users, sizeof(User));
	for (int32_t a = 0; a < options.accounts; a++)
		for (int32_t i = 0; i < account[a].users; i++)
			make_user(account[a].first_user + i, a);
}

static void
write_users(void)
{
	put_header(DIM_USER);
	begin_copy(DIM_USER);
	for (int32_t i = 0; i < users; i++)
	{
		User	   *u = &user[i];

		put_text(u->id, false);
		put_text(account[u->account].id, false);
		put_text(role_name[u->role], false);
		put_text(country[u->country].code, false);
		put_day(u->created, false);
		put_day(u->activated, false);
		put_text(u->deactivated == NEVER ? "t" : "f", false);
		put_day(u->deactivated, true);
	}
	end_copy();
}

/* ---- Events ---- */

/* A user's day at work, while its events are drawn. */
typedef struct
{
	Random		random;
	int32_t		user;
	int32_t		account;
	int64_t		uploaded;		/* when what the user did offline arrived, or 0 */
} WorkDay;

/* Seconds from an event to its arrival, when nothing delays it. */
static int32_t
usual_lag(Random *random)
{
	static const int32_t quantile[] = {2, 32, 92, 229, 489, 830, 1500, 3500};
	static const int weight[] = {10, 15, 25, 25, 15, 8, 2};
	int			i = pick(random, weight);

	return between(random, quantile[i], quantile[i + 1]);
}

static void
add_event(WorkDay *w, EventName name, int64_t ts, Source source, int32_t duration, Uuid task)
{
	Random	   *random = &w->random;
	Event		e;
	int			b;

	memset(&e, 0, sizeof(e));
	e.ts = ts + user[w->user].clock_ahead;
	e.user = w->user;
	e.account = w->account;
	e.name = (uint8_t) name;
	e.source = (uint8_t) source;
	e.duration = duration;
	e.task = task;

	if (w->uploaded > ts)
		e.ingested = w->uploaded + between(random, 0, 90);
	else if (chance(random, 24000))
		e.ingested = ts + between(random, HOUR, 24 * HOUR);
	else
		e.ingested = ts + usual_lag(random);

	/* A clock set ten years ahead; a source that was not sent. */
	if (chance(random, 10))
		e.ts += (int64_t) 3652 * DAY;
	if (chance(random, 3000))
		e.source = UNKNOWN;
	e.id = time_ordered_uuid(random, e.ts);

	if (e.ts < (int64_t) first_day * DAY || e.ingested < (int64_t) first_day * DAY || e.ingested >= options.end)
		return;

	b = (int) (e.ingested / DAY % DAYS_AHEAD);
	if (bucket[b].count == bucket[b].size)
	{
		bucket[b].size = bucket[b].size ? bucket[b].size * 2 : 1024;
		bucket[b].event = allocate(bucket[b].event, bucket[b].size, sizeof(Event));
	}
	bucket[b].event[bucket[b].count++] = e;
}

/* Something that is known to be done with the product on this day? */
static bool
is_at_work(int32_t i, int32_t day, Random *random)
{
	static const int weekday_percent[] = {100, 106, 106, 102, 88, 17, 13};
	User	   *u = &user[i];
	Account    *a = &account[u->account];
	Random		week = random_for('w', i, (day + 3) / 7);
	int64_t		p;

	if (day < u->starts || day > u->stops || day >= a->churned)
		return false;
	if (day >= u->pause_from && day < u->pause_to)
		return false;
	/* One week in sixteen is off. */
	if (chance(&week, 62500))
		return false;

	p = (int64_t) u->engagement * weekday_percent[weekday(day)] * 10;
	/* The first two weeks are the busiest. */
	if (day < u->starts + 14)
		p = p * 5 / 4;
	/* Fading accounts halve their use every two weeks, down to a tenth. */
	if (day >= a->fading)
		p = p * (day < a->fading + 14 ? 50 : day < a->fading + 28 ? 25 : 10) / 100;
	return chance(random, p > MILLION ? MILLION : (int32_t) p);
}

/*
 * One sitting, from a moment on; the moment at which it ends is returned.
 * On average three and a half events.
 */
static int64_t
add_sitting(WorkDay *w, int64_t ts)
{
	static const Uuid none = {0, 0};
	Random	   *random = &w->random;
	User	   *u = &user[w->user];
	Source		source = chance(random, 800000) ? (Source) u->source : (Source) between(random, DESKTOP, MOBILE);
	int64_t		end = ts + between(random, 3, 25) * MINUTE;

	add_event(w, APP_OPEN, ts, source, -1, none);
	if (chance(random, 440000))
		add_event(w, DASHBOARD_VIEW, ts + between(random, 20, 900), source, -1, none);

	if (chance(random, 380000))
	{
		int64_t		start = ts + between(random, 30, 600);
		int32_t		duration = 1200 + between(random, 0, 4900) + between(random, 0, 4900);

		/* A timer left running; a stop that never came; a duration that got lost. */
		if (chance(random, 5500))
			duration = between(random, 8 * HOUR, 16 * HOUR);
		end = start + duration;
		add_event(w, TIMER_START, start, source, -1, none);
		if (!chance(random, 10000))
			add_event(w, TIMER_STOP, end, source, chance(random, 18000) ? -1 : duration, none);
		if (chance(random, 185000))
			add_event(w, IDLE_DETECTED, between(random, 600, duration) + start, source,
					  chance(random, 12000) ? -1 : between(random, 60, 600), none);
	}

	if (chance(random, 630000))
	{
		Uuid		task = random_uuid(random);
		int64_t		created = ts + between(random, 60, 1500);
		int64_t		completed = created + between(random, 15 * MINUTE, 4 * HOUR);

		/* Some take days, a few clocks run backwards, one in twelve is never done. */
		if (chance(random, 120000))
			completed += between(random, 1, 3) * DAY;
		else if (chance(random, 1000))
			completed = created - between(random, 1, 20) * MINUTE;
		add_event(w, TASK_CREATED, created, source, -1, task);
		if (!chance(random, 80000))
			add_event(w, TASK_COMPLETED, completed, source, -1, chance(random, 13000) ? none : task);
	}

	if (chance(random, 20000))
		add_event(w, MANUAL_TIME_ADDED, end, source, chance(random, 17000) ? -1 : between(random, 300, 2700), none);
	if (chance(random, 25000))
		add_event(w, COMMENT_ADDED, ts + between(random, 60, 900), source, -1, none);
	/* A feature of the larger plans, out since the middle of the period. */
	if (account[w->account].plan >= PRO && ts / DAY >= first_day + (last_day - first_day) / 2 && chance(random, 60000))
		add_event(w, REPORT_EXPORTED, ts + between(random, 60, 900), source, -1, none);
	return end;
}

static void
add_work_day(int32_t i, int32_t day)
{
	User	   *u = &user[i];
	WorkDay		w;
	int64_t		midnight = (int64_t) day * DAY - country[u->country].utc_offset * HOUR;
	int64_t		ts;
	int			sittings;

	w.random = random_for('d', i, day);
	if (!is_at_work(i, day, &w.random))
		return;
	w.user = i;
	w.account = day < u->moved ? u->former_account : u->account;

	/* Offline that day: it all arrives one to three days later. */
	w.uploaded = 0;
	if (chance(&w.random, u->source == MOBILE ? 120000 : 38000))
		w.uploaded = midnight + between(&w.random, 38, 86) * HOUR + between(&w.random, 0, HOUR);

	/* Most begin in the morning, one in six at any hour. */
	if (chance(&w.random, 830000))
		ts = midnight + 8 * HOUR + between(&w.random, 0, HOUR) + between(&w.random, 0, 2 * HOUR);
	else
		ts = midnight + between(&w.random, 0, 22 * HOUR);

	sittings = between(&w.random, 1, u->engagement > 650 ? 4 : 3);
	for (int s = 0; s < sittings; s++)
	{
		ts = add_sitting(&w, ts) + between(&w.random, 10, 90) * MINUTE;
		if (ts >= midnight + 24 * HOUR)
			break;
	}
}

static int
compare_arrivals(const void *a, const void *b)
{
	const Event *x = a;
	const Event *y = b;

	if (x->ingested != y->ingested)
		return x->ingested < y->ingested ? -1 : 1;
	if (x->id.hi != y->id.hi)
		return x->id.hi < y->id.hi ? -1 : 1;
	return (x->id.lo > y->id.lo) - (x->id.lo < y->id.lo);
}

static void
report_progress(int32_t day)
{
	int32_t		done = day - first_day + 1;
	int32_t		days = (int32_t) options.days;
	bool		terminal = isatty(STDERR_FILENO);

	/* Rewrite a terminal's line; elsewhere a line every tenth is enough. */
	if (!terminal && done != days && done * 10 / days == (done - 1) * 10 / days)
		return;
	fprintf(stderr, "%s  day %d of %d, %lld events%s", terminal ? "\r" : "", done, days,
			(long long) events_written, terminal && done != days ? "" : "\n");
	fflush(stderr);
}

/* Everything that arrived on a day, in order. */
static void
write_arrivals(int32_t day)
{
	int			b = day % DAYS_AHEAD;

	if (bucket[b].count > 0)
	{
		qsort(bucket[b].event, bucket[b].count, sizeof(Event), compare_arrivals);
		if (copy_began_at < 0)
		{
			begin_copy(FCT_EVENT);
			copy_began_at = events_written;
		}
		for (size_t i = 0; i < bucket[b].count; i++)
		{
			Event	   *e = &bucket[b].event[i];

			put_uuid(e->id, false);
			put(user[e->user].id, 36);
			put_end(false);
			put(account[e->account].id, 36);
			put_end(false);
			if (e->task.hi != 0)
				put_uuid(e->task, false);
			else
				put_text(NULL, false);
			put_moment(e->ts, false);
			put_moment(e->ingested, false);
			if (e->duration >= 0)
				put_number(e->duration, false);
			else
				put_text(NULL, false);
			put_text(event_name[e->name], false);
			put_text(source_name[e->source], true);
		}
	}
	events_written += (int64_t) bucket[b].count;
	bucket[b].count = 0;
	if (copy_began_at >= 0 && (events_written - copy_began_at >= COPY_EVENTS || day == last_day))
	{
		end_copy();
		copy_began_at = -1;
	}
	if (options.progress)
		report_progress(day);
}

static void
write_events(void)
{
	put_header(FCT_EVENT);
	/* A user's day may lie half a day before or after the same day of UTC. */
	for (int32_t day = first_day - 1; day <= last_day + 1; day++)
	{
		for (int32_t i = 0; i < users; i++)
			add_work_day(i, day);
		if (day > first_day)
			write_arrivals(day - 1);
	}
}

/* ---- Options ---- */

static void
usage(void)
{
	fputs("usage: generate [option …]\n"
		  "  --table NAME      dim_account, dim_user, fct_event or all\n"
		  "  --format FORMAT   text (COPY's), csv (with a header) or script (for psql)\n"
		  "  --columns         print the columns of --table, and nothing else\n"
		  "  --accounts N      accounts                            (default 40)\n"
		  "  --users N         users per account, on average       (default 25)\n"
		  "  --days N          days of events                      (default 120)\n"
		  "  --end MOMENT      nothing arrives later: YYYY-MM-DD, the end of that day,\n"
		  "                    or YYYY-MM-DDThh:mm                 (default today)\n"
		  "  --seed N          what the data depends on, with the above (default 1)\n"
		  "  --progress        say on the standard error how far it is\n"
		  "text and csv need --table; script writes all tables unless told.\n", stderr);
	exit(1);
}

static int64_t
parse_number(const char *option, const char *text, int64_t low, int64_t high)
{
	char	   *end;
	long long	n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < low || n > high)
	{
		fprintf(stderr, "generate: %s must be a number from %lld to %lld, not \"%s\"\n",
				option, (long long) low, (long long) high, text);
		exit(1);
	}
	return n;
}

static int
parse_name(const char *option, const char *text, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	fprintf(stderr, "generate: %s: unknown name \"%s\"\n", option, text);
	exit(1);
}

/* The first moment that is too late. */
static int64_t
parse_end(const char *text)
{
	int			year,
				month,
				day,
				hour = 24,
				minute = 0,
				used = 0;
	int			n = sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used);

	if (n == 3 && text[used] != '\0')
	{
		int			more = 0;

		if (sscanf(text + used, "T%2d:%2d%n", &hour, &minute, &more) != 2 || hour > 23)
			n = 0;
		used += more;
	}
	if (n != 3 || text[used] != '\0' || year < 1990 || year > 2999 || month < 1 || month > 12 || day < 1 ||
		day > 31 || day_of(year, month, day) >= day_of(year + month / 12, month % 12 + 1, 1) ||
		hour < 0 || minute < 0 || minute > 59)
		die("not a date YYYY-MM-DD or a moment YYYY-MM-DDThh:mm", text);
	return (int64_t) day_of(year, month, day) * DAY + hour * HOUR + minute * MINUTE;
}

static void
parse_options(int argc, char **argv)
{
	options.end = ((int64_t) time(NULL) / DAY + 1) * DAY;
	for (int i = 1; i < argc; i++)
	{
		const char *option = argv[i];
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(option, "--columns") == 0)
			options.columns = true;
		else if (strcmp(option, "--progress") == 0)
			options.progress = true;
		else if (value == NULL)
			usage();
		else
		{
			i++;
			if (strcmp(option, "--table") == 0)
				options.table = (Table) parse_name(option, value, table_name, 4);
			else if (strcmp(option, "--format") == 0)
				options.format = (Format) parse_name(option, value, format_name, 3);
			else if (strcmp(option, "--accounts") == 0)
				options.accounts = parse_number(option, value, 1, MILLION);
			else if (strcmp(option, "--users") == 0)
				options.users = parse_number(option, value, 1, 10000);
			else if (strcmp(option, "--days") == 0)
				options.days = parse_number(option, value, 1, 3660);
			else if (strcmp(option, "--seed") == 0)
				options.seed = parse_number(option, value, 0, INT64_MAX);
			else if (strcmp(option, "--end") == 0)
				options.end = parse_end(value);
			else
				usage();
		}
	}
	if (options.accounts * options.users > 50 * MILLION)
		die("more than 50 million users", NULL);
	if (options.table == ALL_TABLES && (options.columns || options.format != FORMAT_SCRIPT))
		usage();
	last_day = (int32_t) ((options.end - 1) / DAY);
	first_day = last_day - (int32_t) options.days + 1;
}

int
main(int argc, char **argv)
{
	parse_options(argc, argv);
	if (options.columns)
	{
		puts(table_columns[options.table]);
		return 0;
	}

	make_accounts();
	make_users();
	if (options.table == DIM_ACCOUNT || options.table == ALL_TABLES)
		write_accounts();
	if (options.table == DIM_USER || options.table == ALL_TABLES)
		write_users();
	if (options.table == FCT_EVENT || options.table == ALL_TABLES)
		write_events();
	flush_out();
	if (fflush(stdout) != 0)
		die("cannot write", strerror(errno));
	return 0;
}
