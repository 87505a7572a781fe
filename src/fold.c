/*
 * fold.c
 *		Folding usage_pending into the rollups: when, by whom, under what lock.
 *
 * What a fold adds, and how, is in usage_changes() and apply.c. Here is the rest:
 * the lock that lets one fold run at a time, acting as the model's owner, and
 * the background worker that a committing writer asks for.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "apply.h"
#include "compat.h"
#include "fold.h"
#include "model.h"
#include "ownership.h"

PG_FUNCTION_INFO_V1(usage_fold);
PG_FUNCTION_INFO_V1(usage_refresh);
PG_FUNCTION_INFO_V1(usage_lock_rollups);

PGDLLEXPORT void usage_fold_main(Datum arg);

/* Settings */
static int	pending_limit = 4;	/* kB */
static bool background_fold = true;

/* The schema whose model is to be folded once this transaction has committed. */
static Oid	fold_wanted = InvalidOid;

/* ---------- the lock ---------- */

/*
 * One lock stands for the rollups of a model: it is on usage_pending as an
 * object, but not one that any SQL command takes, so nobody else can hold it.
 */
static void
rollup_locktag(LOCKTAG *tag, Oid pending)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, RelationRelationId, pending, 1);
}

/*
 * Another one stands for the background worker of a model, while it lives. Of
 * the locks of sessions, only advisory ones go with their process; SQL's have
 * 1 or 2 as the last field.
 */
static void
worker_locktag(LOCKTAG *tag, Oid pending)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, RelationRelationId, pending, 3);
}

static Oid
pending_table(Oid schema)
{
	Oid			pending = get_relname_relid("usage_pending", schema);

	if (!OidIsValid(pending))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is no usage model"),
				 errhint("Call create_usage_model().")));
	return pending;
}

/* Until the end of the transaction; false where it is not to be had at once. */
static bool
lock_rollups(Oid pending, bool wait)
{
	LOCKTAG		tag;

	rollup_locktag(&tag, pending);
	return LockAcquire(&tag, ExclusiveLock, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

/*
 * usage_lock_rollups(wait boolean) → boolean: take the lock that folds take,
 * until the end of the transaction; false where another has it and wait is
 * false. For members of the owner's role.
 */
Datum
usage_lock_rollups(PG_FUNCTION_ARGS)
{
	Oid			pending = pending_table(ua_function_schema(fcinfo));

	if (!has_privs_of_role(GetUserId(), ua_relation_owner(pending)))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, "usage_pending");
	PG_RETURN_BOOL(lock_rollups(pending, PG_GETARG_BOOL(0)));
}

/* ---------- a fold ---------- */

/* As the owner; the rollups are locked. The number of rows folded. */
static int64
fold_pending(Oid schema)
{
	static UaKeptPlan kept;
	Oid			type = INT8OID;
	int64		rows = ua_apply_changes(schema, "pending");
	Datum		value = Int64GetDatum(rows);

	SPI_connect();
	if (SPI_execute_plan(ua_kept_plan(&kept, psprintf("UPDATE %s SET last_fold_at = pg_catalog.now(), last_rows = $1, last_error = NULL, last_error_at = NULL"
													  " WHERE $1 OPERATOR(pg_catalog.>) 0 OR last_error IS NOT NULL",
													  ua_qualified(schema, "usage_rollup_state")),
									  1, &type), &value, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not update usage_rollup_state");
	SPI_finish();
	return rows;
}

/*
 * usage_fold() → bigint: fold what is pending, as the model's owner; 0 where
 * another fold is running. For members of the owner's role.
 */
Datum
usage_fold(PG_FUNCTION_ARGS)
{
	Oid			schema = ua_function_schema(fcinfo);
	Oid			pending = pending_table(schema);
	Oid			owner = ua_relation_owner(pending);
	bool		as_owner = GetUserId() == owner;
	UaIdentity	before;
	int64		rows = 0;

	PreventCommandIfReadOnly("usage_fold()");
	if (!has_privs_of_role(GetUserId(), owner))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, "usage_pending");
	/* Triggers of the owner's run in here: never with another's rights. */
	if (!as_owner)
		ua_become(owner, &before);
	if (lock_rollups(pending, false))
		rows = fold_pending(schema);
	if (!as_owner)
		ua_return_to(&before);
	PG_RETURN_INT64(rows);
}

/* usage_fold() itself; InvalidOid where there is no library. */
static Oid
fold_function(Oid schema)
{
	List	   *name = list_make2(makeString(get_namespace_name(schema)),
								  makeString("usage_fold"));

	return LookupFuncName(name, 0, NULL, true);
}

/* By that function, for its settings. The rollups are locked. */
static int64
fold(Oid function, Oid owner)
{
	UaIdentity	before;
	int64		rows;

	ua_become(owner, &before);
	rows = DatumGetInt64(OidFunctionCall0(function));
	ua_return_to(&before);
	return rows;
}

/*
 * usage_refresh() → bigint: fold what is pending, now. Returns the number of
 * pending rows folded; 0, with a NOTICE, where another fold is running.
 */
Datum
usage_refresh(PG_FUNCTION_ARGS)
{
	Oid			schema = ua_function_schema(fcinfo);
	Oid			pending;

	PreventCommandDuringRecovery("usage_refresh()");
	PreventCommandIfReadOnly("usage_refresh()");
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("usage_refresh() must be called at isolation level READ COMMITTED"),
				 errdetail("A fold has to see what committed before it got its lock.")));

	SPI_connect();
	SPI_execute(psprintf("SELECT %s()", ua_qualified(schema, "usage_check_owner")),
				true, 0);
	SPI_finish();

	pending = pending_table(schema);
	if (!lock_rollups(pending, false))
	{
		ereport(NOTICE,
				(errmsg("another fold is running"),
				 errdetail("It folds what was pending when it began.")));
		PG_RETURN_INT64(0);
	}
	PG_RETURN_INT64(fold(fold_function(schema), ua_relation_owner(pending)));
}

/* ---------- in the background ---------- */

/* A worker that is there looks for itself whether there is more to fold. */
static bool
there_is_a_worker(Oid schema)
{
	Oid			pending = get_relname_relid("usage_pending", schema);
	LOCKTAG		tag;

	if (!OidIsValid(pending))
		return false;
	worker_locktag(&tag, pending);
	if (LockAcquire(&tag, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	LockRelease(&tag, ShareLock, false);
	return false;
}

void
ua_request_fold(Oid schema, Size appended)
{
	if (background_fold && appended > 0 &&
		pg_prng_double(&pg_global_prng_state) * pending_limit * 1024.0 < appended)
		fold_wanted = schema;
}

static void
launch_fold(Oid schema)
{
	BackgroundWorker worker;

	memset(&worker, 0, sizeof(worker));
	strlcpy(worker.bgw_name, "usage_analytics fold", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "usage_analytics fold", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "usage_analytics", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "usage_fold_main", BGW_MAXLEN);
	worker.bgw_main_arg = ObjectIdGetDatum(schema);
	memcpy(worker.bgw_extra, &MyDatabaseId, sizeof(Oid));

	/* Without a free slot nothing is lost: the next request tries again. */
	(void) RegisterDynamicBackgroundWorker(&worker, NULL);
}

/*
 * A worker is asked for only after the commit, so that it sees what was
 * appended; whether one is there, just before it, when that can be found out.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	Oid			schema = fold_wanted;

	if (event == XACT_EVENT_PRE_COMMIT && OidIsValid(schema) &&
		there_is_a_worker(schema))
		fold_wanted = InvalidOid;
	/* What is prepared becomes visible with a later commit, COMMIT PREPARED. */
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT)
		return;
	fold_wanted = InvalidOid;
	if (event == XACT_EVENT_COMMIT && OidIsValid(schema))
		launch_fold(schema);
}

static void
start_worker_transaction(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	/* Whatever the database's defaults are */
	XactIsoLevel = XACT_READ_COMMITTED;
	XactReadOnly = false;
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
finish_worker_transaction(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Keep the error where the owner finds it. */
static void
record_error(Oid schema, const char *message)
{
	Oid			pending;

	start_worker_transaction();
	pending = get_relname_relid("usage_pending", schema);
	if (OidIsValid(pending))
	{
		UaIdentity	before;
		Oid			types[] = {TEXTOID};
		Datum		values[] = {CStringGetTextDatum(message)};

		ua_become(ua_relation_owner(pending), &before);
		SPI_connect();
		SPI_execute_with_args(psprintf("UPDATE %s SET last_error = $1, last_error_at = pg_catalog.now()",
									   ua_qualified(schema, "usage_rollup_state")),
							  1, types, values, NULL, false, 0);
		SPI_finish();
		ua_return_to(&before);
	}
	finish_worker_transaction();
}

/* Whether at least that many bytes are pending. */
static bool
is_pending(Oid pending, Size least)
{
	Relation	relation = table_open(pending, AccessShareLock);
	TableScanDesc scan = table_beginscan(relation, GetActiveSnapshot(), 0, NULL);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	Size		size = 0;

	while (size < least && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		is_copy;
		HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, &is_copy);

		size += row->t_len;
		if (is_copy)
			heap_freetuple(row);
		CHECK_FOR_INTERRUPTS();
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	return size >= least;
}

/*
 * A worker folds, and folds again as long as the limit is reached within a
 * second: to start one, with nothing in its caches, costs more than a
 * small fold. It leaves after a minute or so, for another that knows the
 * settings of then.
 */
#define NAP			100			/* ms */
#define MAX_LOOKS	10
#define MAX_LIFE	60000		/* ms */

/*
 * For its last looks it does without the lock that says it is there: who
 * relied on it just before has committed when it leaves.
 */
#define LAST_LOOKS	3

/*
 * After a fold it rests for so many times as long as that took, but no longer
 * than a second: where writers keep the processors busy, it leaves these to
 * them, and folds more at once, which costs less.
 */
#define REST		9
#define MAX_REST	1000		/* ms */

static void
fold_and_linger(Oid schema)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), MAX_LIFE);
	Oid			first = InvalidOid;
	bool		announced = false;

	for (int looks_left = MAX_LOOKS; looks_left > 0; looks_left--)
	{
		bool		folded = false;
		bool		last;
		Oid			pending;
		Oid			function;
		LOCKTAG		tag;
		Size		least = (Size) pending_limit * 1024;
		long		rest = NAP;

		start_worker_transaction();
		/* The model may have been dropped meanwhile. */
		pending = get_relname_relid("usage_pending", schema);
		function = fold_function(schema);
		if (!OidIsValid(pending) || !OidIsValid(function) ||
			(OidIsValid(first) && pending != first))
			break;
		worker_locktag(&tag, pending);
		if (!OidIsValid(first))
		{
			if (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
				break;
			first = pending;
			announced = true;
			least = 1;
		}
		if (is_pending(pending, least) && lock_rollups(pending, false))
		{
			TimestampTz begin = GetCurrentTimestamp();

			pgstat_report_activity(STATE_RUNNING, "folding usage_pending");
			(void) fold(function, ua_relation_owner(pending));
			rest = REST * TimestampDifferenceMilliseconds(begin, GetCurrentTimestamp());
			folded = true;
		}
		if (GetCurrentTimestamp() >= end)
			looks_left = Min(looks_left, LAST_LOOKS);
		else if (folded)
			looks_left = MAX_LOOKS;
		last = looks_left <= LAST_LOOKS;
		if (last && announced)
		{
			LockRelease(&tag, ExclusiveLock, true);
			announced = false;
		}
		else if (!last && !announced)
		{
			/* unless another has come meanwhile */
			if (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
				break;
			announced = true;
		}
		finish_worker_transaction();
		pgstat_report_stat(true);
		pgstat_report_activity(STATE_IDLE, NULL);

		rest = last ? NAP : Max(NAP, Min(rest, MAX_REST));
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 rest, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	if (IsTransactionState())
		finish_worker_transaction();
}

void
usage_fold_main(Datum arg)
{
	Oid			schema = DatumGetObjectId(arg);
	Oid			database;
	MemoryContext context;
	char	   *volatile message = NULL;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(Oid));
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);

	/* A fold that a crash undoes is done again: nobody waits for the disk. */
	SetConfigOption("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION);
	context = AllocSetContextCreate(TopMemoryContext, "usage_analytics fold",
									ALLOCSET_DEFAULT_SIZES);

	PG_TRY();
	{
		fold_and_linger(schema);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		EmitErrorReport();
		FlushErrorState();
		message = error->message;
		AbortCurrentTransaction();
	}
	PG_END_TRY();

	if (message != NULL)
		record_error(schema, message);
	pgstat_report_activity(STATE_IDLE, NULL);
}

void
ua_fold_init(void)
{
	DefineCustomIntVariable("usage_analytics.pending_limit",
							"Amount of pending changes after which a fold in the background is asked for.",
							"Each commit asks with a probability of what it appended, divided by this.",
							&pending_limit, 4, 1, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomBoolVariable("usage_analytics.background_fold",
							 "Whether commits ask for folds in the background.",
							 "Switch it off where usage_refresh() is scheduled otherwise.",
							 &background_fold, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	RegisterXactCallback(at_transaction_end, NULL);
}
