#include "base/time.h"

#include "fail_mem.h"

static void dates_are_real(void **state) {
  (void)state;
  assert_true(corm_date_valid(1, 1, 1));
  assert_true(corm_date_valid(9999, 12, 31));
  assert_true(corm_date_valid(2024, 2, 29));
  assert_true(corm_date_valid(2000, 2, 29));
  assert_false(corm_date_valid(1900, 2, 29));
  assert_false(corm_date_valid(2023, 2, 29));
  assert_false(corm_date_valid(2024, 2, 30));
  assert_false(corm_date_valid(2024, 4, 31));
  assert_false(corm_date_valid(0, 1, 1));
  assert_false(corm_date_valid(10000, 1, 1));
  assert_false(corm_date_valid(2024, 0, 1));
  assert_false(corm_date_valid(2024, 13, 1));
  assert_false(corm_date_valid(2024, 1, 0));
  assert_false(corm_date_valid(2024, 1, 32));
}

static void known_days_have_known_numbers(void **state) {
  (void)state;
  assert_int_equal(corm_days_from_civil(1970, 1, 1), 0);
  assert_int_equal(corm_days_from_civil(1969, 12, 31), -1);
  assert_int_equal(corm_days_from_civil(2000, 3, 1), 11017);
  assert_int_equal(corm_days_from_civil(2026, 11, 22), 20779);
  assert_int_equal(corm_days_from_civil(1, 1, 1), CORM_DATE_MIN);
  assert_int_equal(corm_days_from_civil(9999, 12, 31), CORM_DATE_MAX);
}

/* Every day of 9999 years, by counting. */
static void every_day_follows_the_one_before(void **state) {
  (void)state;
  int64_t days = CORM_DATE_MIN;
  for (int year = 1; year <= 9999; year++) {
    for (int month = 1; month <= 12; month++) {
      for (int day = 1; corm_date_valid(year, month, day); day++, days++) {
        corm_civil civil;
        corm_civil_from_days(days, &civil);
        bool same = civil.year == year && civil.month == month && civil.day == day;
        if (!same || corm_days_from_civil(year, month, day) != days) fail_msg("day %d-%d-%d", year, month, day);
      }
    }
  }
  assert_int_equal(days, CORM_DATE_MAX + 1);
}

static void datetimes_go_both_ways(void **state) {
  (void)state;
  corm_civil civil = {
      .year = 1969, .month = 12, .day = 31, .hour = 23, .minute = 59, .second = 58, .microsecond = 999999};
  assert_int_equal(corm_datetime_from_civil(&civil), -1000001);
  corm_civil back = {0};
  corm_civil_from_datetime(-1000001, &back);
  assert_memory_equal(&back, &civil, sizeof civil);
  corm_civil_from_datetime(CORM_DATETIME_MIN, &back);
  assert_int_equal(back.year, 1);
  assert_int_equal(back.hour, 0);
  corm_civil_from_datetime(CORM_DATETIME_MAX, &back);
  assert_int_equal(back.year, 9999);
  assert_int_equal(back.microsecond, 999999);
}

static void dates_are_parsed_strictly(void **state) {
  (void)state;
  int64_t days = 77;
  static const char *const bad[] = {"",           "2026-11-2",  "2026-11-222", " 2026-11-22", "2026-11-22 ",
                                    "2026/11/22", "20261122",   "2026-13-01",  "2023-02-29",  "0000-01-01",
                                    "+026-11-22", "2026-1-022", "26-11-22",    "2026-11-22T", "2026-11--2",
                                    "x026-11-22", "2026-11",    "12026-11-22"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(corm_date_parse(bad[i], strlen(bad[i]), &days));
  assert_int_equal(days, 77);
  assert_true(corm_date_parse("2026-11-22 and more", 10, &days));
  assert_int_equal(days, 20779);
  assert_false(corm_date_parse("2026-11-22", 9, &days));
}

static int64_t time_of(const char *text) {
  int64_t usec = -1;
  return corm_time_parse(text, strlen(text), &usec) ? usec : -1;
}

static void times_are_parsed_strictly(void **state) {
  (void)state;
  assert_int_equal(time_of("00:00"), 0);
  assert_int_equal(time_of("23:59"), INT64_C(86340000000));
  assert_int_equal(time_of("23:59:59"), INT64_C(86399000000));
  assert_int_equal(time_of("23:59:59.5"), INT64_C(86399500000));
  assert_int_equal(time_of("00:00:00.000001"), 1);
  assert_int_equal(time_of("00:00:00.120"), 120000);
  assert_int_equal(time_of("23:59:59.999999"), CORM_USEC_PER_DAY - 1);
  static const char *const bad[] = {"",         "1:00",      "24:00",     "23:60",     "23:59:60",         "23:59:",
                                    "23:59:5",  "23:59:59.", "12:00.5",   "12:00:00x", "12:00:00.1234567", " 12:00",
                                    "12:00 PM", "12",        "12:00:00Z", "-1:00",     "12:00:00,5"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(time_of(bad[i]), -1);
}

static void check_datetime(const char *text, const char *wanted, bool wanted_zone) {
  int64_t usec;
  bool zone = !wanted_zone;
  char written[CORM_TIME_TEXT];
  assert_true(corm_datetime_parse(text, strlen(text), &usec, &zone));
  assert_int_equal(zone, wanted_zone);
  assert_int_equal(corm_datetime_format(usec, false, written), strlen(wanted));
  assert_string_equal(written, wanted);
  assert_int_equal(corm_datetime_parse(text, strlen(text), &usec, NULL), !wanted_zone);
}

static void datetimes_and_zones_are_parsed(void **state) {
  (void)state;
  check_datetime("2026-11-22", "2026-11-22 00:00:00", false);
  check_datetime("2026-11-22 10:20", "2026-11-22 10:20:00", false);
  check_datetime("2026-11-22T10:20:30", "2026-11-22 10:20:30", false);
  check_datetime("2026-11-22 10:20:30.25", "2026-11-22 10:20:30.250000", false);
  check_datetime("2026-11-22T10:20:30Z", "2026-11-22 10:20:30", true);
  check_datetime("2026-11-22 10:20:30+02:00", "2026-11-22 08:20:30", true);
}

static void offsets_move_the_day(void **state) {
  (void)state;
  check_datetime("2026-03-01 00:30:00+01", "2026-02-28 23:30:00", true);
  check_datetime("2023-12-31 22:00:00.5-03:30", "2024-01-01 01:30:00.500000", true);
  check_datetime("2023-12-31 22:00-00:00", "2023-12-31 22:00:00", true);
  check_datetime("0001-01-01 00:00:00", "0001-01-01 00:00:00", false);
  check_datetime("9999-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999", false);
}

static void other_datetimes_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "2026-11-22 ",
                                    "2026-11-22T",
                                    "2026-11-22t10:20",
                                    "2026-11-22  10:20",
                                    "2026-11-22 10:20 ",
                                    "2026-11-22Z",
                                    "2026-11-22 10:20z",
                                    "2026-11-22 10:20ZZ",
                                    "2026-11-22 10:20 Z",
                                    "2026-11-22 10:20+",
                                    "2026-11-22 10:20+2",
                                    "2026-11-22 10:20+02:",
                                    "2026-11-22 10:20+0200",
                                    "2026-11-22 10:20+24:00",
                                    "2026-11-22 10:20+02:60",
                                    "2026-11-22 25:00",
                                    "2026-02-30 10:00",
                                    "0001-01-01 00:00:00+00:01",
                                    "9999-12-31 23:59:59-00:01"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int64_t usec = 5;
    bool zone = true;
    assert_false(corm_datetime_parse(bad[i], strlen(bad[i]), &usec, &zone));
    assert_int_equal(usec, 5);
  }
}

static void dates_and_times_are_written(void **state) {
  (void)state;
  char text[CORM_TIME_TEXT];
  assert_int_equal(corm_date_format(CORM_DATE_MIN, text), 10);
  assert_string_equal(text, "0001-01-01");
  corm_date_format(20779, text);
  assert_string_equal(text, "2026-11-22");
  assert_int_equal(corm_time_format(0, false, text), 8);
  assert_string_equal(text, "00:00:00");
  assert_int_equal(corm_time_format(0, true, text), 15);
  assert_string_equal(text, "00:00:00.000000");
  corm_time_format(CORM_USEC_PER_DAY - 1, false, text);
  assert_string_equal(text, "23:59:59.999999");
  assert_int_equal(corm_datetime_format(-1, true, text), 26);
  assert_string_equal(text, "1969-12-31 23:59:59.999999");
  corm_datetime_format(0, true, text);
  assert_string_equal(text, "1970-01-01 00:00:00.000000");
}

static void what_is_out_of_range_is_not_written(void **state) {
  (void)state;
  char text[CORM_TIME_TEXT] = "x";
  assert_int_equal(corm_date_format(CORM_DATE_MIN - 1, text), 0);
  assert_string_equal(text, "");
  assert_int_equal(corm_date_format(INT64_MAX, text), 0);
  assert_int_equal(corm_time_format(-1, false, text), 0);
  assert_int_equal(corm_time_format(CORM_USEC_PER_DAY, false, text), 0);
  assert_int_equal(corm_datetime_format(CORM_DATETIME_MIN - 1, false, text), 0);
  assert_int_equal(corm_datetime_format(CORM_DATETIME_MAX + 1, false, text), 0);
  assert_int_equal(corm_datetime_format(INT64_MIN, false, text), 0);
}

static void check_interval(int64_t usec, const char *wanted) {
  char text[CORM_TIME_TEXT];
  assert_int_equal(corm_interval_format(usec, text), strlen(wanted));
  assert_string_equal(text, wanted);
}

/* As str(datetime.timedelta(microseconds=...)) of CPython 3.11 prints them. */
static void intervals_are_written_like_pythons(void **state) {
  (void)state;
  check_interval(0, "0:00:00");
  check_interval(1, "0:00:00.000001");
  check_interval(-1, "-1 day, 23:59:59.999999");
  check_interval(INT64_C(36000000000), "10:00:00");
  check_interval(CORM_USEC_PER_DAY + INT64_C(7384500000), "1 day, 2:03:04.500000");
  check_interval(-CORM_USEC_PER_DAY, "-1 day, 0:00:00");
  check_interval(-CORM_USEC_PER_DAY - 1, "-2 days, 23:59:59.999999");
  check_interval(10 * CORM_USEC_PER_DAY, "10 days, 0:00:00");
  check_interval(-123 * CORM_USEC_PER_DAY, "-123 days, 0:00:00");
  check_interval(INT64_MAX, "106751991 days, 4:00:54.775807");
  check_interval(INT64_MIN, "-106751992 days, 19:59:05.224192");
}

static void clocks_run(void **state) {
  (void)state;
  int64_t before = corm_clock_monotonic();
  assert_true(corm_clock_monotonic() >= before);
  assert_true(before > 0);
  assert_true(corm_clock_utc() > corm_days_from_civil(2024, 1, 1) * CORM_USEC_PER_DAY);
  assert_true(corm_clock_utc() < CORM_DATETIME_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dates_are_real),
      cmocka_unit_test(known_days_have_known_numbers),
      cmocka_unit_test(every_day_follows_the_one_before),
      cmocka_unit_test(datetimes_go_both_ways),
      cmocka_unit_test(dates_are_parsed_strictly),
      cmocka_unit_test(times_are_parsed_strictly),
      cmocka_unit_test(datetimes_and_zones_are_parsed),
      cmocka_unit_test(offsets_move_the_day),
      cmocka_unit_test(other_datetimes_are_refused),
      cmocka_unit_test(dates_and_times_are_written),
      cmocka_unit_test(what_is_out_of_range_is_not_written),
      cmocka_unit_test(intervals_are_written_like_pythons),
      cmocka_unit_test(clocks_run),
  };
  return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
