/*
 * server.h
 *		The little of a server that the pure algebra needs, for fuzzing it.
 */
#ifndef FUZZ_SERVER_H
#define FUZZ_SERVER_H

#include "postgres.h"

#include <setjmp.h>

/* Everything palloc'd is freed by server_reset(). */
extern void server_reset(void);

/* Where ereport(ERROR) goes, and the SQLSTATE that it had. */
extern sigjmp_buf server_error;
extern int	server_error_code;

/* Whether the statement raised no error; may be nested. */
#define TRY(statement) \
	({ \
		sigjmp_buf	outer; \
		volatile bool done = false; \
		memcpy(&outer, &server_error, sizeof(outer)); \
		if (sigsetjmp(server_error, 0) == 0) \
		{ \
			statement; \
			done = true; \
		} \
		memcpy(&server_error, &outer, sizeof(outer)); \
		done; \
	})

/* What must hold whatever the input is. */
#define CHECK(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* This header is included before everything else, so that assertions are checked. */
#undef Assert
#define Assert(condition) CHECK(condition)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif							/* FUZZ_SERVER_H */
