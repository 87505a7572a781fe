/*
 * capture.h
 *		Capture of what happens to fct_event.
 */
#ifndef UA_CAPTURE_H
#define UA_CAPTURE_H

extern void ua_suspend_capture(bool suspend);

#endif							/* UA_CAPTURE_H */
