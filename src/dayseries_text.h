/*
 * dayseries_text.h
 *		dayseries and dayseries_map as text.
 *
 *		{2026-01-01:3,2026-01-02:-1}
 *		{app_open={2026-01-01:3},"my event"={2026-01-01:1}}
 *
 * Dates are as iso_date.h has them, whatever the session's DateStyle. A label
 * is quoted as an element of an array is. White space may stand between any
 * two parts. Days and labels may come in any order; what is there several
 * times is added up, and what is 0 then is left out.
 */
#ifndef UA_DAYSERIES_TEXT_H
#define UA_DAYSERIES_TEXT_H

#include "lib/stringinfo.h"

#include "dayseries_map.h"

/*
 * Read into a writer that was started. Text that is no such value is an error
 * (22P02), as are days that are no dates (22008), numbers and sums that are no
 * int8 (22003), and labels longer than UA_LABEL_MAX (54000).
 */
extern void ua_dayseries_from_text(UaDayseriesWriter *result, const char *text);
extern void ua_map_from_text(UaMapWriter *result, const char *text);

extern void ua_dayseries_to_text(StringInfo to, UaDayseries series);
extern void ua_map_to_text(StringInfo to, UaMap map);

/* As JSON: {"2026-01-01": 3}; a map is an object of such objects. */
extern void ua_dayseries_to_json(StringInfo to, UaDayseries series);
extern void ua_map_to_json(StringInfo to, UaMap map);

/* An error (22023 or 54000) where a label is empty or too long. */
extern void ua_check_label(const char *label, Size label_size);

#endif							/* UA_DAYSERIES_TEXT_H */
