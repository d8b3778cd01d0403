#include "base/time.h"

#include <string.h>
#include <time.h>

#define USEC_PER_MINUTE (60 * CORM_USEC_PER_SEC)
#define USEC_PER_HOUR   (60 * USEC_PER_MINUTE)

static bool is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool corm_date_valid(int year, int month, int day) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  return day <= lengths[month - 1] + (month == 2 && is_leap(year));
}

/* Both conversions count in eras of 400 years that begin in March, so that the leap day is the last one of a year.
   With years from 1 on every quotient is of positive numbers. */
int64_t corm_days_from_civil(int year, int month, int day) {
  int y = month <= 2 ? year - 1 : year;
  int era = y / 400;
  int year_of_era = y - era * 400;
  int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return (int64_t)era * 146097 + day_of_era - 719468;
}

void corm_civil_from_days(int64_t days, corm_civil *out) {
  int64_t shifted = days + 719468;
  int era = (int)(shifted / 146097);
  int day_of_era = (int)(shifted - (int64_t)era * 146097);
  int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int month = (5 * day_of_year + 2) / 153;
  out->day = day_of_year - (153 * month + 2) / 5 + 1;
  out->month = month < 10 ? month + 3 : month - 9;
  out->year = year_of_era + era * 400 + (out->month <= 2);
}

static int64_t usec_of_day(int hour, int minute, int second, int microsecond) {
  return hour * USEC_PER_HOUR + minute * USEC_PER_MINUTE + second * CORM_USEC_PER_SEC + microsecond;
}

static void split_day(int64_t usec, corm_civil *out) {
  out->hour = (int)(usec / USEC_PER_HOUR);
  out->minute = (int)(usec / USEC_PER_MINUTE % 60);
  out->second = (int)(usec / CORM_USEC_PER_SEC % 60);
  out->microsecond = (int)(usec % CORM_USEC_PER_SEC);
}

/* Days rounded down, so that the rest is never negative. */
static int64_t floor_days(int64_t usec, int64_t *rest) {
  int64_t days = usec / CORM_USEC_PER_DAY;
  *rest = usec % CORM_USEC_PER_DAY;
  if (*rest < 0) {
    *rest += CORM_USEC_PER_DAY;
    days--;
  }
  return days;
}

int64_t corm_datetime_from_civil(const corm_civil *civil) {
  return corm_days_from_civil(civil->year, civil->month, civil->day) * CORM_USEC_PER_DAY +
         usec_of_day(civil->hour, civil->minute, civil->second, civil->microsecond);
}

void corm_civil_from_datetime(int64_t usec, corm_civil *out) {
  int64_t rest;
  corm_civil_from_days(floor_days(usec, &rest), out);
  split_day(rest, out);
}

/* What is left of the text that is parsed. */
typedef struct cursor {
  const char *next;
  const char *end;
} cursor;

static bool take_char(cursor *c, char wanted) {
  if (c->next == c->end || *c->next != wanted) return false;
  c->next++;
  return true;
}

/* Exactly count digits. */
static bool take_number(cursor *c, int count, int *out) {
  if (c->end - c->next < count) return false;
  int value = 0;
  for (int i = 0; i < count; i++) {
    char digit = c->next[i];
    if (digit < '0' || digit > '9') return false;
    value = value * 10 + (digit - '0');
  }
  c->next += count;
  *out = value;
  return true;
}

static bool take_date(cursor *c, int64_t *days) {
  int year, month, day;
  if (!take_number(c, 4, &year) || !take_char(c, '-') || !take_number(c, 2, &month) || !take_char(c, '-') ||
      !take_number(c, 2, &day) || !corm_date_valid(year, month, day)) {
    return false;
  }
  *days = corm_days_from_civil(year, month, day);
  return true;
}

/* One to six digits behind the point. */
static bool take_fraction(cursor *c, int *microsecond) {
  int value = 0, count = 0, digit;
  while (count < 6 && take_number(c, 1, &digit)) {
    value = value * 10 + digit;
    count++;
  }
  if (count == 0) return false;
  for (; count < 6; count++) value *= 10;
  *microsecond = value;
  return true;
}

static bool take_time(cursor *c, int64_t *usec) {
  int hour, minute, second = 0, microsecond = 0;
  if (!take_number(c, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, &minute)) return false;
  if (take_char(c, ':')) {
    if (!take_number(c, 2, &second)) return false;
    if (take_char(c, '.') && !take_fraction(c, &microsecond)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *usec = usec_of_day(hour, minute, second, microsecond);
  return true;
}

/* "Z", "+02", "+02:00"; what follows that the zone does not take makes the parser refuse the text. */
static bool take_zone(cursor *c, int64_t *offset) {
  *offset = 0;
  if (take_char(c, 'Z')) return true;
  bool west = take_char(c, '-');
  if (!west && !take_char(c, '+')) return false;
  int hour, minute = 0;
  if (!take_number(c, 2, &hour)) return false;
  if (take_char(c, ':') && !take_number(c, 2, &minute)) return false;
  if (hour > 23 || minute > 59) return false;
  *offset = usec_of_day(hour, minute, 0, 0) * (west ? -1 : 1);
  return true;
}

bool corm_date_parse(const char *text, size_t len, int64_t *days) {
  cursor c = {text, text + len};
  int64_t result;
  if (!take_date(&c, &result) || c.next != c.end) return false;
  *days = result;
  return true;
}

bool corm_time_parse(const char *text, size_t len, int64_t *usec) {
  cursor c = {text, text + len};
  int64_t result;
  if (!take_time(&c, &result) || c.next != c.end) return false;
  *usec = result;
  return true;
}

bool corm_datetime_parse(const char *text, size_t len, int64_t *usec, bool *has_zone) {
  cursor c = {text, text + len};
  int64_t days, time_of_day = 0, offset = 0;
  bool zone = false;
  if (!take_date(&c, &days)) return false;
  if (take_char(&c, 'T') || take_char(&c, ' ')) {
    if (!take_time(&c, &time_of_day)) return false;
    zone = has_zone && c.next != c.end;
    if (zone && !take_zone(&c, &offset)) return false;
  }
  if (c.next != c.end) return false;
  int64_t result = days * CORM_USEC_PER_DAY + time_of_day - offset;
  if (result < CORM_DATETIME_MIN || result > CORM_DATETIME_MAX) return false;
  *usec = result;
  if (has_zone) *has_zone = zone;
  return true;
}

/* Writes count digits and returns where to go on. */
static char *put_number(char *out, int value, int count) {
  for (int i = count - 1; i >= 0; i--) {
    out[i] = (char)('0' + value % 10);
    value /= 10;
  }
  return out + count;
}

static char *put_date(char *out, int64_t days) {
  corm_civil civil;
  corm_civil_from_days(days, &civil);
  out = put_number(out, civil.year, 4);
  *out++ = '-';
  out = put_number(out, civil.month, 2);
  *out++ = '-';
  return put_number(out, civil.day, 2);
}

static char *put_time(char *out, int64_t usec, bool fraction, bool short_hour) {
  corm_civil civil;
  split_day(usec, &civil);
  out = put_number(out, civil.hour, short_hour && civil.hour < 10 ? 1 : 2);
  *out++ = ':';
  out = put_number(out, civil.minute, 2);
  *out++ = ':';
  out = put_number(out, civil.second, 2);
  if (fraction || civil.microsecond) {
    *out++ = '.';
    out = put_number(out, civil.microsecond, 6);
  }
  return out;
}

static size_t finish(const char *start, char *end) {
  *end = '\0';
  return (size_t)(end - start);
}

size_t corm_date_format(int64_t days, char *out) {
  bool in_range = days >= CORM_DATE_MIN && days <= CORM_DATE_MAX;
  return finish(out, in_range ? put_date(out, days) : out);
}

size_t corm_time_format(int64_t usec, bool fraction, char *out) {
  bool in_range = usec >= 0 && usec < CORM_USEC_PER_DAY;
  return finish(out, in_range ? put_time(out, usec, fraction, false) : out);
}

size_t corm_datetime_format(int64_t usec, bool fraction, char *out) {
  if (usec < CORM_DATETIME_MIN || usec > CORM_DATETIME_MAX) return finish(out, out);
  int64_t rest;
  char *end = put_date(out, floor_days(usec, &rest));
  *end++ = ' ';
  return finish(out, put_time(end, rest, fraction, false));
}

size_t corm_interval_format(int64_t usec, char *out) {
  int64_t rest;
  int days = (int)floor_days(usec, &rest); /* at most 106,751,992 of them */
  char *end = out;
  if (days != 0) {
    int size = days < 0 ? -days : days;
    int count = 1;
    for (int power = 10; power <= size; power *= 10) count++;
    if (days < 0) *end++ = '-';
    end = put_number(end, size, count);
    const char *unit = size == 1 ? " day, " : " days, ";
    memcpy(end, unit, strlen(unit));
    end += strlen(unit);
  }
  return finish(out, put_time(end, rest, false, true));
}

static int64_t read_clock(clockid_t clock) {
  struct timespec now = {0};
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * CORM_USEC_PER_SEC + now.tv_nsec / 1000;
}

int64_t corm_clock_monotonic(void) {
  return read_clock(CLOCK_MONOTONIC);
}

int64_t corm_clock_utc(void) {
  return read_clock(CLOCK_REALTIME);
}
