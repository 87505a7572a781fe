/*
 * server.c
 *		The little of a server that the pure algebra needs, for fuzzing it:
 *		memory, errors and string buffers, with the interfaces of the real ones.
 */
#include "server.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Enough for what is tried here, and errors come before the machine suffers. */
#define MEMORY_LIMIT	(64 * 1024 * 1024)

typedef struct Chunk
{
	struct Chunk *before;
	struct Chunk *after;
} Chunk;

static Chunk chunks = {&chunks, &chunks};

sigjmp_buf	server_error;
int			server_error_code;

MemoryContext CurrentMemoryContext = NULL;
volatile sig_atomic_t InterruptPending = false;

void
ProcessInterrupts(void)
{
}

static void *
keep(Chunk *chunk)
{
	chunk->before = &chunks;
	chunk->after = chunks.after;
	chunks.after->before = chunk;
	chunks.after = chunk;
	return chunk + 1;
}

static Chunk *
release(void *pointer)
{
	Chunk	   *chunk = (Chunk *) pointer - 1;

	chunk->before->after = chunk->after;
	chunk->after->before = chunk->before;
	return chunk;
}

static void
check_size(Size size)
{
	CHECK(size <= MaxAllocSize);
	if (size > MEMORY_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

void *
palloc(Size size)
{
	check_size(size);
	return keep(malloc(sizeof(Chunk) + size));
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void *
repalloc(void *pointer, Size size)
{
	check_size(size);
	return keep(realloc(release(pointer), sizeof(Chunk) + size));
}

void
pfree(void *pointer)
{
	free(release(pointer));
}

/* There are no contexts: everything lives until server_reset(). */
void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return palloc(size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return palloc0(size);
}

void *
MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	return palloc0(size);
}

char *
pstrdup(const char *text)
{
	return strcpy(palloc(strlen(text) + 1), text);
}

void
server_reset(void)
{
	while (chunks.after != &chunks)
		pfree(chunks.after + 1);
}

bool
errstart(int elevel, const char *domain)
{
	server_error_code = ERRCODE_INTERNAL_ERROR;
	return elevel >= ERROR;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

int
errcode(int sqlerrcode)
{
	server_error_code = sqlerrcode;
	return 0;
}

int
errmsg(const char *fmt, ...)
{
	return 0;
}

int
errmsg_internal(const char *fmt, ...)
{
	return 0;
}

int
errdetail(const char *fmt, ...)
{
	return 0;
}

int
errhint(const char *fmt, ...)
{
	return 0;
}

/* An internal error, one of elog, is never right. */
void
errfinish(const char *filename, int lineno, const char *funcname)
{
	CHECK(server_error_code != ERRCODE_INTERNAL_ERROR);
	siglongjmp(server_error, 1);
}

void
initStringInfo(StringInfo str)
{
	str->data = palloc(1024);
	str->maxlen = 1024;
	resetStringInfo(str);
}

void
resetStringInfo(StringInfo str)
{
	str->data[0] = '\0';
	str->len = 0;
	str->cursor = 0;
}

void
enlargeStringInfo(StringInfo str, int needed)
{
	Size		size = (Size) str->len + needed + 1;

	if (size <= (Size) str->maxlen)
		return;
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("out of memory")));
	str->maxlen = (int) Min(2 * size, MaxAllocSize);
	str->data = repalloc(str->data, str->maxlen);
}

void
appendBinaryStringInfo(StringInfo str, const char *data, int datalen)
{
	enlargeStringInfo(str, datalen);
	memcpy(str->data + str->len, data, datalen);
	str->len += datalen;
	str->data[str->len] = '\0';
}

void
appendStringInfoString(StringInfo str, const char *s)
{
	appendBinaryStringInfo(str, s, (int) strlen(s));
}

void
appendStringInfoChar(StringInfo str, char ch)
{
	appendBinaryStringInfo(str, &ch, 1);
}

void
appendStringInfo(StringInfo str, const char *fmt, ...)
{
	char		text[64];
	va_list		args;
	int			size;

	va_start(args, fmt);
	size = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	CHECK(size >= 0 && size < (int) sizeof(text));
	appendBinaryStringInfo(str, text, size);
}
