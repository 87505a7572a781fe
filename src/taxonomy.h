/*
 * taxonomy.h
 *		Categories of event names, for C functions that look up many of them.
 */
#ifndef UA_TAXONOMY_H
#define UA_TAXONOMY_H

#include "fmgr.h"

typedef struct UaTaxonomy UaTaxonomy;

/*
 * event_taxonomy as the active snapshot sees it. *cache is NULL at first; it
 * and all that is returned live in that context, until the next call finds
 * another snapshot in use.
 */
extern UaTaxonomy *ua_taxonomy(UaTaxonomy **cache, MemoryContext context,
							   Oid schema);

/* The category of a name, or NULL for an unknown one. */
extern text *ua_event_category(UaTaxonomy *taxonomy,
							   const char *name, Size length);

#endif							/* UA_TAXONOMY_H */
