/*
 * compat.h
 *		Every difference between PostgreSQL majors that the code has to know.
 *
 * No other file tests PG_VERSION_NUM.
 */
#ifndef UA_COMPAT_H
#define UA_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "usage_analytics needs PostgreSQL 15 or later"
#endif

/* varatt.h came out of postgres.h in 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* MyProc->lxid moved into a struct in 17 */
#if PG_VERSION_NUM >= 170000
#define ua_local_xid() (MyProc->vxid.lxid)
#else
#define ua_local_xid() (MyProc->lxid)
#endif

/* ExecInsertIndexTuples() got an argument more in 16 (onlySummarizing) */
#if PG_VERSION_NUM >= 160000
#define ua_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, false)
#else
#define ua_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL)
#endif

/* index_beginscan() got a place for counters in 18 */
#if PG_VERSION_NUM >= 180000
#define ua_index_beginscan(table, index, snapshot, nkeys) \
	index_beginscan(table, index, snapshot, NULL, nkeys, 0)
#else
#define ua_index_beginscan(table, index, snapshot, nkeys) \
	index_beginscan(table, index, snapshot, nkeys, 0)
#endif

/* pq_sendcountedtext() lost its last argument (countincludesself) in 17 */
#if PG_VERSION_NUM >= 170000
#define ua_send_counted_text(buf, str, slen) pq_sendcountedtext(buf, str, slen)
#else
#define ua_send_counted_text(buf, str, slen) \
	pq_sendcountedtext(buf, str, slen, false)
#endif

/* pg_attribute_noreturn() became pg_noreturn, in front, in 18 */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

/* since 16 it takes a place for errors that are to be returned */
#if PG_VERSION_NUM >= 160000
#define ua_range_serialize(typcache, lower, upper, empty) \
	range_serialize(typcache, lower, upper, empty, NULL)
#else
#define ua_range_serialize range_serialize
#endif

#endif							/* UA_COMPAT_H */
