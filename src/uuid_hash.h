/*
 * uuid_hash.h
 *		Hashing of keys that are met by the ten thousand.
 */
#ifndef UA_UUID_HASH_H
#define UA_UUID_HASH_H

#include "utils/uuid.h"

/* Keys may differ in any of their bytes: they are all mixed into the low bits. */
static inline uint32
ua_hash_uuid(const pg_uuid_t *key)
{
	uint64		halves[2];

	memcpy(halves, key, sizeof(halves));
	halves[0] ^= halves[1] * UINT64CONST(0x9E3779B97F4A7C15);
	halves[0] ^= halves[0] >> 32;
	halves[0] *= UINT64CONST(0xD6E8FEB86659FD93);
	return (uint32) (halves[0] >> 32);
}

#endif							/* UA_UUID_HASH_H */
