/*
 * ownership.h
 *		Acting as the owner of the model.
 */
#ifndef UA_OWNERSHIP_H
#define UA_OWNERSHIP_H

#include "postgres_ext.h"

typedef struct UaIdentity
{
	Oid			user;
	int			security_context;
	int			guc_nest_level;
} UaIdentity;

/*
 * Become that role until ua_return_to(): as foreign key triggers do, so that
 * nothing that runs meanwhile has more rights than the role. An error in
 * between restores the identity by itself.
 */
extern void ua_become(Oid role, UaIdentity *before);
extern void ua_return_to(const UaIdentity *before);

#endif							/* UA_OWNERSHIP_H */
