/*
 * fold.h
 *		Folding usage_pending into the rollups.
 */
#ifndef UA_FOLD_H
#define UA_FOLD_H

#include "postgres_ext.h"

extern void ua_fold_init(void);

/*
 * That many bytes were appended to usage_pending: ask, with the probability
 * that this deserves, for a fold in the background once the transaction has
 * committed.
 */
extern void ua_request_fold(Oid schema, Size appended);

#endif							/* UA_FOLD_H */
