/*
 * ids.c
 *		Keys: time-ordered event ids, and uuids that stand for integers.
 */
#include "postgres.h"

#include <sys/time.h>

#include "fmgr.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(new_event_id);
PG_FUNCTION_INFO_V1(id_from_bigint);
PG_FUNCTION_INFO_V1(bigint_from_id);

/* The 64 most significant bits of the last id made here. */
static uint64 last_id_prefix = 0;

static void
put_uint64(unsigned char *to, uint64 value)
{
	value = pg_hton64(value);
	memcpy(to, &value, sizeof(value));
}

static uint64
get_uint64(const unsigned char *from)
{
	uint64		value;

	memcpy(&value, from, sizeof(value));
	return pg_ntoh64(value);
}

/*
 * A UUID of version 7, RFC 9562 section 5.7: 48 bits of Unix time in
 * milliseconds, then, by method 3 of section 6.2, 12 bits of the fraction of
 * that millisecond, then random bits. Where the clock has not moved on since
 * the last call, the time is taken one step (1/4096 ms) further, so that the
 * ids of a session only ever increase.
 */
Datum
new_event_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	struct timeval now;
	uint64		stamp;

	gettimeofday(&now, NULL);
	stamp = ((uint64) now.tv_sec * 1000 + now.tv_usec / 1000) << 12;
	stamp |= (uint64) (now.tv_usec % 1000) * 4096 / 1000;
	if (stamp <= last_id_prefix)
		stamp = last_id_prefix + 1;
	last_id_prefix = stamp;

	put_uint64(id->data,
			   (stamp & ~UINT64CONST(0xFFF)) << 4 | 0x7000 | (stamp & 0xFFF));
	if (!pg_strong_random(id->data + 8, 8))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	id->data[8] = (id->data[8] & 0x3F) | 0x80;

	PG_RETURN_UUID_P(id);
}

/*
 * A UUID of version 8 (RFC 9562 section 5.8) holds the 64 bits of an integer:
 * the 2 highest in the last bits of custom_b, the other 62 in custom_c. All
 * other bits are zero, so 42 reads 00000000-0000-8000-8000-00000000002a.
 */
#define INT_ID_HIGH		UINT64CONST(0x0000000000008000)
#define INT_ID_LOW		UINT64CONST(0x8000000000000000)
#define INT_ID_LOW_BITS 62
#define INT_ID_LOW_MASK ((UINT64CONST(1) << INT_ID_LOW_BITS) - 1)

Datum
id_from_bigint(PG_FUNCTION_ARGS)
{
	uint64		key = (uint64) PG_GETARG_INT64(0);
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	put_uint64(id->data, INT_ID_HIGH | key >> INT_ID_LOW_BITS);
	put_uint64(id->data + 8, INT_ID_LOW | (key & INT_ID_LOW_MASK));

	PG_RETURN_UUID_P(id);
}

Datum
bigint_from_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = PG_GETARG_UUID_P(0);
	uint64		high = get_uint64(id->data);
	uint64		low = get_uint64(id->data + 8);

	if ((high & ~UINT64CONST(3)) != INT_ID_HIGH ||
		(low & ~INT_ID_LOW_MASK) != INT_ID_LOW)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("uuid \"%s\" does not stand for an integer",
						DatumGetCString(DirectFunctionCall1(uuid_out,
															UUIDPGetDatum(id)))),
				 errdetail("Only uuids that id_from_bigint() made can be turned back.")));

	PG_RETURN_INT64((int64) (high << INT_ID_LOW_BITS | (low & INT_ID_LOW_MASK)));
}
