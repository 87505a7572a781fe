/*
 * varint.h
 *		Numbers in as few bytes as they need: 7 bits a byte, the lowest first,
 *		with the highest bit set in every byte but the last.
 */
#ifndef UA_VARINT_H
#define UA_VARINT_H

#define UA_VARINT_MAX	5		/* bytes */

/* Returns the number of bytes, as all of these do. */
static inline int
ua_varint_store(uint8 *to, uint32 value)
{
	int			size = 0;

	for (; value >= 0x80; value >>= 7)
		to[size++] = (uint8) (value | 0x80);
	to[size++] = (uint8) value;
	return size;
}

static inline int
ua_varint_size(uint32 value)
{
	int			size = 1;

	for (; value >= 0x80; value >>= 7)
		size++;
	return size;
}

static inline int
ua_varint_load(const uint8 *from, uint32 *value)
{
	int			size = 0;
	int			shift = 0;

	*value = 0;
	do
	{
		*value |= (uint32) (from[size] & 0x7F) << shift;
		shift += 7;
	} while (from[size++] & 0x80);
	return size;
}

/*
 * Load where the bytes may be anything: 0 where they end too early, where the
 * number takes more bytes than it needs, or more than 32 bits.
 */
static inline int
ua_varint_check(const uint8 *from, Size room, uint32 *value)
{
	uint64		all = 0;

	for (int size = 0; size < UA_VARINT_MAX && (Size) size < room; size++)
	{
		all |= (uint64) (from[size] & 0x7F) << (7 * size);
		if (from[size] & 0x80)
			continue;
		if ((from[size] == 0 && size > 0) || all > PG_UINT32_MAX)
			return 0;
		*value = (uint32) all;
		return size + 1;
	}
	return 0;
}

#endif							/* UA_VARINT_H */
