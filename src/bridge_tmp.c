#include "postgres.h"
#include "fmgr.h"
#include "compat.h"
#include "dayset.h"
#include "dayseries.h"

PG_FUNCTION_INFO_V1(tmp_days);
PG_FUNCTION_INFO_V1(tmp_count);
extern Datum dayseries_sum_transfn(PG_FUNCTION_ARGS);

Datum
tmp_days(PG_FUNCTION_ARGS)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	UaDayseries series = {(const uint8 *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v)};
	UaDaysWriter w;

	ua_days_write(&w, VARHDRSZ, 0);
	ua_dayseries_positive(&w, series);
	PG_RETURN_POINTER(ua_dayset_written(&w));
}

Datum
tmp_count(PG_FUNCTION_ARGS)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));
	UaDays days = UA_DAYS(v);
	UaDaysWalker walker;
	UaDay day;
	UaDayseriesWriter w;
	Size size;
	struct varlena *r;

	ua_dayseries_start(&w);
	ua_days_walk(&walker, days);
	while (ua_days_next_day(&walker, &day))
		ua_dayseries_put(&w, day, 1);
	size = ua_dayseries_finish(&w);
	r = palloc(VARHDRSZ + size);
	SET_VARSIZE(r, VARHDRSZ + size);
	ua_dayseries_store(&w, (uint8 *) VARDATA(r));
	fcinfo->args[1].value = PointerGetDatum(r);
	return dayseries_sum_transfn(fcinfo);
}
