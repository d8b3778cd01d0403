#include "base/str.h"

#include "fail_mem.h"

static bool valid(const char *text) {
  return corm_utf8_valid(text, strlen(text));
}

static void well_formed_text_is_valid(void **state) {
  (void)state;
  assert_true(corm_utf8_valid("", 0));
  assert_true(corm_utf8_valid("a\0b", 3));
  assert_true(valid("\x7F\xC2\x80\xDF\xBF"));
  assert_true(valid("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"));
  assert_true(valid("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
}

static void malformed_text_is_not(void **state) {
  (void)state;
  static const char *const bad[] = {
      "\x80", /* continuation alone */
      "\xC3", /* cut short */
      "\xE2\x82",
      "\xF0\x9F\x98",
      "\xC3z",
      "\xE2\x82z",
      "\xF0\x9F\x98z",
      "\xE2z\x82",
      "\xC0\x80", /* overlong forms */
      "\xC1\xBF",
      "\xE0\x9F\xBF",
      "\xF0\x8F\xBF\xBF",
      "\xED\xA0\x80", /* surrogates */
      "\xED\xBF\xBF",
      "\xF4\x90\x80\x80", /* past U+10FFFF */
      "\xF5\x80\x80\x80",
      "\xFE",
      "\xFF",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(valid(bad[i]));
  }
  assert_false(corm_utf8_valid("ab\xC3\xA9", 3));
}

static void length_counts_code_points(void **state) {
  (void)state;
  assert_int_equal(corm_utf8_length("", 0), 0);
  assert_int_equal(corm_utf8_length("abc", 3), 3);
  assert_int_equal(corm_utf8_length("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10), 4);
}

static void cutting_keeps_code_points_whole(void **state) {
  (void)state;
  const char *text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  static const size_t wanted[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (size_t max = 0; max < sizeof wanted / sizeof *wanted; max++) {
    assert_int_equal(corm_utf8_cut(text, 10, max), wanted[max]);
  }
  assert_int_equal(corm_utf8_cut("\x80\x80\x80\x80\x80\x80\x80\x80", 8, 6), 6);
  assert_int_equal(corm_utf8_cut("\x80\x80\x80", 3, 2), 2);
}

static void distance_counts_edits(void **state) {
  (void)state;
  assert_int_equal(corm_name_distance("", ""), 0);
  assert_int_equal(corm_name_distance("name", "NAME"), 0);
  assert_int_equal(corm_name_distance("name", ""), 4);
  assert_int_equal(corm_name_distance("", "ab"), 2);
  assert_int_equal(corm_name_distance("name", "names"), 1);
  assert_int_equal(corm_name_distance("name", "nme"), 1);
  assert_int_equal(corm_name_distance("name", "nome"), 1);
  assert_int_equal(corm_name_distance("name", "naem"), 1);
  assert_int_equal(corm_name_distance("naem", "NAME"), 1);
  assert_int_equal(corm_name_distance("kitten", "sitting"), 3);
  assert_int_equal(corm_name_distance("ca", "abc"), 3); /* 2 if a swapped pair could be edited again */
}

static void distance_has_a_longest_name(void **state) {
  (void)state;
  char longest[66];
  memset(longest, 'n', sizeof longest);
  longest[64] = '\0';
  assert_int_equal(corm_name_distance(longest, "n"), 63);
  assert_int_equal(corm_name_distance("", longest), 64);
  longest[64] = 'n';
  longest[65] = '\0';
  assert_true(corm_name_distance(longest, "n") == SIZE_MAX);
  assert_true(corm_name_distance("n", longest) == SIZE_MAX);
}

static void a_typo_finds_its_name(void **state) {
  (void)state;
  static const char *const names[] = {"id", "name", "fullname", "nickname", "addresses"};
  assert_string_equal(corm_name_nearest("nmae", names, 5), "name");
  assert_string_equal(corm_name_nearest("Name", names, 5), "name");
  assert_string_equal(corm_name_nearest("adresses", names, 5), "addresses");
  assert_null(corm_name_nearest("adzzzzes", names, 5));
  assert_string_equal(corm_name_nearest("fulname", names, 5), "fullname");
  assert_null(corm_name_nearest("zzzz", names, 5));
  assert_null(corm_name_nearest("", names, 5));
  assert_null(corm_name_nearest("name", names, 0));
}

static void the_nearest_and_then_the_first_wins(void **state) {
  (void)state;
  static const char *const names[] = {"abcdeXX", "abcdefX", "abcdefY", "abcdefg"};
  assert_string_equal(corm_name_nearest("abcdef!", names, 3), "abcdefX");
  assert_string_equal(corm_name_nearest("abcdefg", names, 4), "abcdefg");
  static const char *const letters[] = {"y", "id"};
  assert_null(corm_name_nearest("x", letters, 2));
  assert_string_equal(corm_name_nearest("is", letters, 2), "id");
}

static void check_identifier(const char *name, size_t len, const char *message) {
  corm_error err = {0};
  corm_status status = corm_identifier_check(name, len, "column", &err);
  assert_int_equal(status, message ? CORM_FAILED : CORM_OK);
  assert_int_equal(err.is_set, message != NULL);
  if (!message) return;
  assert_int_equal(err.cls, CORM_E_IDENTIFIER);
  assert_string_equal(err.message, message);
}

static void identifiers_are_checked(void **state) {
  (void)state;
  char longest[256];
  memset(longest, 'n', sizeof longest);
  check_identifier("name", 4, NULL);
  check_identifier("order by; \"'\xC3\xA9", 14, NULL);
  check_identifier(longest, 255, NULL);
  check_identifier(longest, 256, "column name is too long: 256 bytes, at most 255 are allowed");
  check_identifier("", 0, "column name is empty");
  check_identifier("a\0b", 3, "column name has the control character 0x00 at byte 2");
  check_identifier("ab\n", 3, "column name has the control character 0x0A at byte 3");
  check_identifier("\x7F", 1, "column name has the control character 0x7F at byte 1");
  check_identifier("a\xFF", 2, "column name is not valid UTF-8");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(well_formed_text_is_valid), cmocka_unit_test(malformed_text_is_not),
      cmocka_unit_test(length_counts_code_points), cmocka_unit_test(cutting_keeps_code_points_whole),
      cmocka_unit_test(distance_counts_edits),     cmocka_unit_test(distance_has_a_longest_name),
      cmocka_unit_test(a_typo_finds_its_name),     cmocka_unit_test(the_nearest_and_then_the_first_wins),
      cmocka_unit_test(identifiers_are_checked),
  };
  return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
