/*
 * active_users.c
 *		active_users(uuid): how many different ids there are, exactly.
 *
 * The state is a set of uuids. Between calls it is an expanded object, an
 * open-addressing hash table with linear probing; where it has to travel, from
 * a parallel worker or another node, it is flattened into a bytea of 16 bytes
 * an id. Any bytea whose length is a multiple of 16 is a valid state.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(active_users_transfn);
PG_FUNCTION_INFO_V1(active_users_combinefn);
PG_FUNCTION_INFO_V1(active_users_finalfn);

typedef struct
{
	uint64		high;
	uint64		low;
} Id;

#define IdSetMagic 0x55615573
#define FEWEST_SLOTS 8

typedef struct
{
	ExpandedObjectHeader hdr;
	int			magic;
	bool		has_zero;		/* the all-zero id; in a slot, it means empty */
	uint64		used;			/* slots in use */
	uint64		nslots;			/* a power of 2 */
	Id		   *slots;
} IdSet;

static inline uint64
id_count(const IdSet *set)
{
	return set->used + (set->has_zero ? 1 : 0);
}

static Size
id_set_flat_size(ExpandedObjectHeader *object)
{
	uint64		ids = id_count((IdSet *) object);

	if (ids > (MaxAllocSize - VARHDRSZ) / sizeof(Id))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many users for active_users()"),
				 errdetail("A state that is passed on holds at most %zu ids.",
						   (MaxAllocSize - VARHDRSZ) / sizeof(Id))));
	return VARHDRSZ + ids * sizeof(Id);
}

static void
id_set_flatten(ExpandedObjectHeader *object, void *result, Size size)
{
	IdSet	   *set = (IdSet *) object;
	Id		   *to = (Id *) VARDATA(result);
	Id			zero = {0, 0};

	SET_VARSIZE(result, size);
	/* VARDATA need not be aligned for an Id */
	if (set->has_zero)
		memcpy(to++, &zero, sizeof(Id));
	for (uint64 i = 0; i < set->nslots; i++)
		if ((set->slots[i].high | set->slots[i].low) != 0)
			memcpy(to++, &set->slots[i], sizeof(Id));
	Assert((char *) to == (char *) result + size);
}

static const ExpandedObjectMethods id_set_methods = {
	id_set_flat_size,
	id_set_flatten
};

static Id *
new_slots(MemoryContext context, uint64 nslots)
{
	return MemoryContextAllocExtended(context, nslots * sizeof(Id),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static IdSet *
id_set_create(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "active users",
												  ALLOCSET_SMALL_SIZES);
	IdSet	   *set = MemoryContextAllocZero(context, sizeof(IdSet));

	EOH_init_header(&set->hdr, &id_set_methods, context);
	set->magic = IdSetMagic;
	set->nslots = FEWEST_SLOTS;
	set->slots = new_slots(context, set->nslots);
	return set;
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood: OOPSLA 2014). */
static inline uint64
mix(uint64 x)
{
	x = (x ^ x >> 30) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64CONST(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/*
 * The mask goes into the hash, so that tables of different sizes order their
 * ids differently: otherwise one that is read in its order into a smaller one
 * would fill that one's beginning first, and probes would be long.
 */
static inline void
insert_id(Id *slots, uint64 mask, Id id, uint64 *used)
{
	uint64		at = mix(id.high ^ mix(id.low ^ mask)) & mask;

	while ((slots[at].high | slots[at].low) != 0)
	{
		if (slots[at].high == id.high && slots[at].low == id.low)
			return;
		at = (at + 1) & mask;
	}
	slots[at] = id;
	(*used)++;
}

static void
id_set_add(IdSet *set, Id id)
{
	if ((id.high | id.low) == 0)
	{
		set->has_zero = true;
		return;
	}
	if (set->used >= set->nslots / 4 * 3)
	{
		uint64		nslots = set->nslots * 2;
		Id		   *slots = new_slots(set->hdr.eoh_context, nslots);
		uint64		used = 0;

		for (uint64 i = 0; i < set->nslots; i++)
			if ((set->slots[i].high | set->slots[i].low) != 0)
				insert_id(slots, nslots - 1, set->slots[i], &used);
		pfree(set->slots);
		set->slots = slots;
		set->nslots = nslots;
	}
	insert_id(set->slots, set->nslots - 1, id, &set->used);
}

/* Add all ids of a state, expanded or flat. */
static void
id_set_add_state(IdSet *set, Datum state)
{
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(state)))
	{
		IdSet	   *other = (IdSet *) DatumGetEOHP(state);
		Id			zero = {0, 0};

		if (other->magic != IdSetMagic)
			elog(ERROR, "unexpected expanded object as a state of active_users()");
		if (other->has_zero)
			id_set_add(set, zero);
		for (uint64 i = 0; i < other->nslots; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if ((other->slots[i].high | other->slots[i].low) != 0)
				id_set_add(set, other->slots[i]);
		}
	}
	else
	{
		bytea	   *flat = DatumGetByteaPP(state);
		Size		length = VARSIZE_ANY_EXHDR(flat);

		if (length % sizeof(Id) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of active_users()"),
					 errdetail("%zu bytes are not a whole number of ids.", length)));
		for (Size at = 0; at < length; at += sizeof(Id))
		{
			Id			id;

			CHECK_FOR_INTERRUPTS();
			memcpy(&id, VARDATA_ANY(flat) + at, sizeof(Id));
			id_set_add(set, id);
		}
	}
}

/*
 * The first argument as a set that may be changed: itself where it is ours to
 * change, which it is in an aggregate only; a copy otherwise.
 */
static IdSet *
writable_set(FunctionCallInfo fcinfo)
{
	MemoryContext parent = CurrentMemoryContext;
	bool		in_aggregate = AggCheckCallContext(fcinfo, &parent) != 0;
	IdSet	   *set;

	if (!PG_ARGISNULL(0) && in_aggregate &&
		VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		set = (IdSet *) DatumGetEOHP(PG_GETARG_DATUM(0));
		if (set->magic == IdSetMagic)
			return set;
	}
	set = id_set_create(parent);
	if (!PG_ARGISNULL(0))
		id_set_add_state(set, PG_GETARG_DATUM(0));
	return set;
}

Datum
active_users_transfn(PG_FUNCTION_ARGS)
{
	IdSet	   *set;
	Id			id;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	set = writable_set(fcinfo);
	memcpy(&id, PG_GETARG_UUID_P(1), sizeof(Id));
	id_set_add(set, id);
	return EOHPGetRWDatum(&set->hdr);
}

Datum
active_users_combinefn(PG_FUNCTION_ARGS)
{
	IdSet	   *set;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	set = writable_set(fcinfo);
	id_set_add_state(set, PG_GETARG_DATUM(1));
	return EOHPGetRWDatum(&set->hdr);
}

/* Not strict: no rows have no users. Leaves the state as it is. */
Datum
active_users_finalfn(PG_FUNCTION_ARGS)
{
	IdSet	   *set;

	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		set = (IdSet *) DatumGetEOHP(PG_GETARG_DATUM(0));
		if (set->magic == IdSetMagic)
			PG_RETURN_INT64((int64) id_count(set));
	}
	set = id_set_create(CurrentMemoryContext);
	id_set_add_state(set, PG_GETARG_DATUM(0));
	PG_RETURN_INT64((int64) id_count(set));
}
