/*
 * dayseries_map_subscript.c
 *		map['label'], which is map -> 'label'.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/execExpr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/subscripting.h"
#include "parser/parse_coerce.h"
#include "parser/parse_expr.h"

#include "compat.h"
#include "dayseries_sql.h"

PG_FUNCTION_INFO_V1(dayseries_map_subscript_handler);

/* The subscript is one label; the element type is that of the series. */
static void
transform_subscript(SubscriptingRef *sbsref, List *indirection,
					ParseState *pstate, bool isSlice, bool isAssignment)
{
	A_Indices  *index = linitial_node(A_Indices, indirection);
	Node	   *label;

	if (isSlice || list_length(indirection) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("dayseries_map has one subscript, a label"),
				 parser_errposition(pstate, exprLocation((Node *) index))));
	if (isAssignment)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a series within a dayseries_map cannot be assigned to"),
				 errhint("Add a map of what changes: map + dayseries_map('label', series)."),
				 parser_errposition(pstate, exprLocation((Node *) index))));

	label = transformExpr(pstate, index->uidx, pstate->p_expr_kind);
	label = coerce_to_target_type(pstate, label, exprType(label), TEXTOID, -1,
								  COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	if (label == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a label of a dayseries_map is of type text"),
				 parser_errposition(pstate, exprLocation(index->uidx))));

	sbsref->refupperindexpr = list_make1(label);
	sbsref->reflowerindexpr = NIL;
	sbsref->refrestype = sbsref->refelemtype;
	sbsref->reftypmod = -1;
}

/* The map is not NULL here. */
static void
fetch_series(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	SubscriptingRefState *subscripts = op->d.sbsref.state;
	UaDayseries series;
	text	   *label;

	*op->resnull = true;
	if (subscripts->upperindexnull[0])
		return;
	label = DatumGetTextPP(subscripts->upperindex[0]);
	if (ua_map_find(ua_map_of(*op->resvalue), VARDATA_ANY(label),
					VARSIZE_ANY_EXHDR(label), &series))
	{
		*op->resvalue = ua_dayseries_copy_datum(series);
		*op->resnull = false;
	}
}

static void
set_up_subscript(const SubscriptingRef *sbsref, SubscriptingRefState *state,
				 SubscriptExecSteps *methods)
{
	methods->sbs_check_subscripts = NULL;
	methods->sbs_fetch = fetch_series;
	methods->sbs_assign = NULL;
	methods->sbs_fetch_old = NULL;
}

Datum
dayseries_map_subscript_handler(PG_FUNCTION_ARGS)
{
	static const SubscriptRoutines routines = {
		.transform = transform_subscript,
		.exec_setup = set_up_subscript,
		.fetch_strict = true,
		.fetch_leakproof = true,
		.store_leakproof = false
	};

	PG_RETURN_POINTER(&routines);
}
