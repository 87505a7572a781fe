/*
 * first.c
 *		Start AddressSanitizer before all else.
 *
 * It starts with the first malloc(). In a server, that may be one that another
 * library's constructor makes from within bindtextdomain(), which holds a lock
 * that AddressSanitizer itself then waits for. This library is loaded beside it
 * and linked with -z initfirst.
 */
#include <stdlib.h>

static void __attribute__((constructor))
start(void)
{
	free(malloc(1));
}
