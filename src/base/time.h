/*
 * Civil dates and times without the C library's time zones. Day numbers by Howard Hinnant's days_from_civil
 * (proleptic Gregorian calendar); years 1 to 9999. All parsers are strict and locale-free.
 */
#ifndef CORM_BASE_TIME_H
#define CORM_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CORM_USEC_PER_SEC INT64_C(1000000)
#define CORM_USEC_PER_DAY INT64_C(86400000000)

/* 0001-01-01 and 9999-12-31 as days, and the first and last microsecond of that span. */
#define CORM_DATE_MIN     INT64_C(-719162)
#define CORM_DATE_MAX     INT64_C(2932896)
#define CORM_DATETIME_MIN (CORM_DATE_MIN * CORM_USEC_PER_DAY)
#define CORM_DATETIME_MAX ((CORM_DATE_MAX + 1) * CORM_USEC_PER_DAY - 1)

/* Bytes that hold every text of the writers below, NUL included. */
#define CORM_TIME_TEXT 40

typedef struct corm_civil {
  int year, month, day, hour, minute, second, microsecond;
} corm_civil;

/* True when the date part is a real date of years 1 to 9999. */
bool corm_date_valid(int year, int month, int day);

/* Days since 1970-01-01 of a valid date. */
int64_t corm_days_from_civil(int year, int month, int day);

/* Fills year, month, day; days must be in range. */
void corm_civil_from_days(int64_t days, corm_civil *out);

/* Microseconds since 1970-01-01 00:00:00 of valid fields. */
int64_t corm_datetime_from_civil(const corm_civil *civil);
void corm_civil_from_datetime(int64_t usec, corm_civil *out);

/* "2026-11-22"; false when the text is anything else. */
bool corm_date_parse(const char *text, size_t len, int64_t *days);

/* "23:59", "23:59:59", "23:59:59.5" to ".999999". */
bool corm_time_parse(const char *text, size_t len, int64_t *usec);

/* A date, then optionally "T" or a space and a time, then optionally "Z" or an offset "+02:00" or "+02", which is
   applied (the result is UTC then) and reported in *has_zone. has_zone may be NULL: zones are refused then. */
bool corm_datetime_parse(const char *text, size_t len, int64_t *usec, bool *has_zone);

/* Writers; out must hold CORM_TIME_TEXT bytes; they return the length, 0 for what is out of range. Microseconds: always
   six digits when `fraction` is true, else only when not zero. The separator of date and time is a space. */
size_t corm_date_format(int64_t days, char *out);
size_t corm_time_format(int64_t usec, bool fraction, char *out);
size_t corm_datetime_format(int64_t usec, bool fraction, char *out);

/* "1 day, 2:03:04.500000", "-1 day, 23:00:00": Python's text of a timedelta. */
size_t corm_interval_format(int64_t usec, char *out);

/* Microseconds of a monotonic clock, for timings and timeouts. */
int64_t corm_clock_monotonic(void);

/* The current UTC time in microseconds since 1970-01-01. */
int64_t corm_clock_utc(void);

#endif
