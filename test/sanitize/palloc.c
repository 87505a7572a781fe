/*
 * palloc.c
 *		Memory that AddressSanitizer and memcheck see as it was asked for.
 *
 * A server that was built as usual carves what is palloc'd out of large blocks,
 * and neither tool sees more than those. But a request above the largest size
 * that it carves has a block of its own, straight from malloc(). So the
 * extension, when it is built to be checked, is linked with --wrap, and every
 * request of its own is made that large, with all beyond what was asked for
 * marked as out of bounds. What is freed goes back to the tool at once, which
 * then knows it as freed, whoever frees it. The same is done for values that
 * the extension is given: they are copied first.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "compat.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define FORBID(start, size)		__asan_poison_memory_region(start, size)
#define PERMIT(start, size)		__asan_unpoison_memory_region(start, size)
#define UNDEFINED(start, size)	((void) 0)
#define DEFINED(start, size)	((void) 0)
#define CHECK_DEFINED(start, size)	((void) 0)
#else
#include <valgrind/memcheck.h>
#define FORBID(start, size)		VALGRIND_MAKE_MEM_NOACCESS(start, size)
#define PERMIT(start, size)		VALGRIND_MAKE_MEM_DEFINED(start, size)
#define UNDEFINED(start, size)	VALGRIND_MAKE_MEM_UNDEFINED(start, size)
#define DEFINED(start, size)	VALGRIND_MAKE_MEM_DEFINED(start, size)
#define CHECK_DEFINED(start, size)	VALGRIND_CHECK_MEM_IS_DEFINED(start, size)
#endif

/* No context carves chunks larger than this out of its blocks. */
#define OWN_BLOCK	((Size) 8192 + 1)

/* Of a context with more, the states of many groups, this is enough. */
#define GUARDED_LIMIT	((Size) 64 * 1024 * 1024)

#define HUGE_SIZE	(SIZE_MAX / 2)

/* Stands at the end of a chunk that is guarded. */
typedef struct Trailer
{
	uint64		mark;
	Size		asked;
} Trailer;

#define MARK	UINT64CONST(0x70616c6c6f636564)

extern void *__real_MemoryContextAllocExtended(MemoryContext context,
											   Size size, int flags);
extern void *__real_repalloc(void *pointer, Size size);
extern void *__real_repalloc_huge(void *pointer, Size size);
extern Size __real_GetMemoryChunkSpace(void *pointer);
extern struct varlena *__real_pg_detoast_datum(struct varlena *datum);
extern struct varlena *__real_pg_detoast_datum_packed(struct varlena *datum);

/* Linked in the place of the server's, by these names */
extern void *__wrap_palloc(Size size);
extern void *__wrap_palloc0(Size size);
extern void *__wrap_palloc_extended(Size size, int flags);
extern void *__wrap_MemoryContextAlloc(MemoryContext context, Size size);
extern void *__wrap_MemoryContextAllocZero(MemoryContext context, Size size);
extern void *__wrap_MemoryContextAllocZeroAligned(MemoryContext context,
												  Size size);
extern void *__wrap_MemoryContextAllocHuge(MemoryContext context, Size size);
extern void *__wrap_MemoryContextAllocExtended(MemoryContext context,
											   Size size, int flags);
extern void *__wrap_repalloc(void *pointer, Size size);
extern void *__wrap_repalloc_huge(void *pointer, Size size);
extern Size __wrap_GetMemoryChunkSpace(void *pointer);
extern struct varlena *__wrap_pg_detoast_datum(struct varlena *datum);
extern struct varlena *__wrap_pg_detoast_datum_packed(struct varlena *datum);

/* What is asked of the server for a chunk of that size */
static Size
guarded_size(Size size)
{
	return Max(MAXALIGN(size), OWN_BLOCK) + sizeof(Trailer);
}

/* What GetMemoryChunkSpace() counts above what can be used of a chunk. */
static Size
overhead(void)
{
	static Size known = 0;

	if (known == 0)
	{
		void	   *sample = __real_MemoryContextAllocExtended(CurrentMemoryContext,
															   2 * OWN_BLOCK, 0);

		known = __real_GetMemoryChunkSpace(sample) - MAXALIGN(2 * OWN_BLOCK);
		pfree(sample);
	}
	return known;
}

/* The end of a chunk, or of one that is large enough to be guarded */
static Trailer *
end_of(char *chunk)
{
	Size		size = __real_GetMemoryChunkSpace(chunk) - overhead();

	return size < guarded_size(0) ? NULL : (Trailer *) (chunk + size) - 1;
}

/* The trailer, if the chunk is guarded. */
static Trailer *
trailer_of(char *chunk)
{
	Trailer    *trailer = end_of(chunk);

	if (trailer == NULL)
		return NULL;
	DEFINED(trailer, sizeof(Trailer));
	return trailer->mark == MARK ? trailer : NULL;
}

/* What was asked for may be used, and nothing else. */
static void *
guard(char *chunk, Size asked)
{
	Trailer    *trailer = end_of(chunk);

	trailer->mark = MARK;
	trailer->asked = asked;
	FORBID(chunk + asked, (char *) trailer - (chunk + asked));
	return chunk;
}

static void *
allocate(MemoryContext context, Size size, int flags)
{
	Size		limit = flags & MCXT_ALLOC_HUGE ? HUGE_SIZE : MaxAllocSize;
	char	   *chunk;

	/* At the edge of what is allowed, errors stay as they are. */
	if (size > limit || guarded_size(size) > limit ||
		context->mem_allocated > GUARDED_LIMIT)
		return __real_MemoryContextAllocExtended(context, size, flags);
	chunk = __real_MemoryContextAllocExtended(context, guarded_size(size), flags);
	return chunk == NULL ? NULL : guard(chunk, size);
}

static void *
reallocate(char *chunk, Size size, Size limit)
{
	Trailer    *trailer = trailer_of(chunk);
	Size		before;

	/* The server's own stay in their place where they have room. */
	if (trailer == NULL || guarded_size(size) > limit)
	{
		if (trailer != NULL)
			PERMIT(chunk, (char *) (trailer + 1) - chunk);
		return size > limit ? __real_repalloc(chunk, size) : __real_repalloc_huge(chunk, size);
	}

	before = trailer->asked;
	PERMIT(chunk + before, (char *) trailer - (chunk + before));
	if (size > before)
	{
		chunk = __real_repalloc_huge(chunk, guarded_size(size));
		UNDEFINED(chunk + before, size - before);
	}
	return guard(chunk, size);
}

void *
__wrap_palloc(Size size)
{
	return allocate(CurrentMemoryContext, size, 0);
}

void *
__wrap_palloc0(Size size)
{
	return allocate(CurrentMemoryContext, size, MCXT_ALLOC_ZERO);
}

void *
__wrap_palloc_extended(Size size, int flags)
{
	return allocate(CurrentMemoryContext, size, flags);
}

void *
__wrap_MemoryContextAlloc(MemoryContext context, Size size)
{
	return allocate(context, size, 0);
}

void *
__wrap_MemoryContextAllocZero(MemoryContext context, Size size)
{
	return allocate(context, size, MCXT_ALLOC_ZERO);
}

void *
__wrap_MemoryContextAllocZeroAligned(MemoryContext context, Size size)
{
	return allocate(context, size, MCXT_ALLOC_ZERO);
}

void *
__wrap_MemoryContextAllocHuge(MemoryContext context, Size size)
{
	return allocate(context, size, MCXT_ALLOC_HUGE);
}

void *
__wrap_MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	return allocate(context, size, flags);
}

void *
__wrap_repalloc(void *pointer, Size size)
{
	return reallocate(pointer, size, MaxAllocSize);
}

void *
__wrap_repalloc_huge(void *pointer, Size size)
{
	return reallocate(pointer, size, HUGE_SIZE);
}

Size
__wrap_GetMemoryChunkSpace(void *pointer)
{
	Trailer    *trailer = trailer_of(pointer);

	return trailer == NULL ? __real_GetMemoryChunkSpace(pointer) :
		trailer->asked + overhead();
}

/* Values up to this size are copied, as large ones may be read by every row. */
#define COPIED_UP_TO	(1024 * 1024)

/*
 * A copy that ends where the value does; all of it must have been set. Not of
 * unaligned values: that they are read as such is to be seen as well.
 */
static struct varlena *
guarded_value(struct varlena *value)
{
	Size		size = VARSIZE_ANY(value);

	CHECK_DEFINED(value, size);
	if (size > COPIED_UP_TO || value != (struct varlena *) MAXALIGN(value) ||
		VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value))
		return value;
	return memcpy(__wrap_palloc(size), value, size);
}

struct varlena *
__wrap_pg_detoast_datum(struct varlena *datum)
{
	return guarded_value(__real_pg_detoast_datum(datum));
}

struct varlena *
__wrap_pg_detoast_datum_packed(struct varlena *datum)
{
	return guarded_value(__real_pg_detoast_datum_packed(datum));
}
