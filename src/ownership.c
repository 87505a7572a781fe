/*
 * ownership.c
 *		Acting as the owner of the model.
 *
 * There is no SECURITY DEFINER function in this extension: its members belong
 * to a superuser when it is installed as a trusted one, its tables to a user,
 * who could then run code with the superuser's rights through triggers of
 * their own. What has to act for the model does so as the model's owner.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "compat.h"
#include "ownership.h"

PG_FUNCTION_INFO_V1(usage_execute_as);
PG_FUNCTION_INFO_V1(usage_installing);

#define SAFE_SEARCH_PATH	"pg_catalog, pg_temp"

/*
 * Settings made meanwhile are undone with the identity: a search_path, above
 * all, that the role's code may leave behind. Nor does that of whoever is here
 * now say what the role's code, a trigger of its own, finds.
 */
void
ua_become(Oid role, UaIdentity *before)
{
	GetUserIdAndSecContext(&before->user, &before->security_context);
	before->guc_nest_level = NewGUCNestLevel();
	SetUserIdAndSecContext(role, before->security_context |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	if (strcmp(namespace_search_path, SAFE_SEARCH_PATH) != 0)
		(void) set_config_option("search_path", SAFE_SEARCH_PATH, PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

void
ua_return_to(const UaIdentity *before)
{
	AtEOXact_GUC(false, before->guc_nest_level);
	SetUserIdAndSecContext(before->user, before->security_context);
}

/*
 * usage_execute_as(role regrole, command text) → text
 *
 * The caller must have the rights of that role already, so this only ever
 * gives rights up.
 */
Datum
usage_execute_as(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			role = PG_GETARG_OID(0);
	char	   *command = text_to_cstring(PG_GETARG_TEXT_PP(1));
	UaIdentity	before;
	int			result;
	char	   *value = NULL;

	if (!has_privs_of_role(GetUserId(), role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to act as role \"%s\"",
						GetUserNameFromId(role, false))));

	ua_become(role, &before);
	SPI_connect();
	result = SPI_execute(command, false, 0);
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this command cannot be run as another role"),
				 errdetail("The reason is %s.", SPI_result_code_string(result))));
	if (SPI_tuptable != NULL && SPI_processed > 0)
		value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (value != NULL)
		value = MemoryContextStrdup(caller, value);
	SPI_finish();
	ua_return_to(&before);

	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(value));
}

/* usage_installing() → boolean: whether this extension's script is running */
Datum
usage_installing(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(creating_extension &&
				   CurrentExtensionObject == get_extension_oid("usage_analytics", true));
}
