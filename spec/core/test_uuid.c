#include "base/uuid.h"

#include "base/time.h"

#include "fail_mem.h"

static const unsigned char sample[16] = {0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3,
                                         0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x0f};

static void all_forms_are_parsed(void **state) {
  (void)state;
  static const char *const forms[] = {
      "123e4567-e89b-12d3-a456-42661417400f",
      "123E4567-E89B-12D3-A456-42661417400F",
      "123e4567e89b12d3a45642661417400F",
      "{123e4567-e89b-12d3-a456-42661417400f}",
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    unsigned char uuid[16] = {0};
    assert_true(corm_uuid_parse(forms[i], strlen(forms[i]), uuid));
    assert_memory_equal(uuid, sample, 16);
  }
}

static void anything_else_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "123e4567-e89b-12d3-a456-42661417400",
      "123e4567-e89b-12d3-a456-42661417400ff",
      "123e4567-e89b-12d3-a456-42661417400g",
      "123e4567 e89b-12d3-a456-42661417400f",
      "123e4567e-89b-12d3-a456-42661417400f",
      "123e4567e89b12d3a45642661417400",
      "123e4567e89b12d3a45642661417400f0",
      "{123e4567-e89b-12d3-a456-42661417400f",
      "{123e4567e89b12d3a45642661417400f}",
      "(123e4567-e89b-12d3-a456-42661417400f)",
      "-123e4567e89b-12d3-a456-42661417400f",
      "0x3e4567e89b12d3a45642661417400f12",
  };
  unsigned char uuid[16];
  memcpy(uuid, sample, 16);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(corm_uuid_parse(bad[i], strlen(bad[i]), uuid));
  assert_memory_equal(uuid, sample, 16);
}

static void text_is_lower_case(void **state) {
  (void)state;
  char text[37], hex[33];
  corm_uuid_format(sample, text);
  assert_string_equal(text, "123e4567-e89b-12d3-a456-42661417400f");
  corm_uuid_hex(sample, hex);
  assert_string_equal(hex, "123e4567e89b12d3a45642661417400f");
}

/* 0, 1 and the fixed bits: over 200 UUIDs every other bit must have been both. */
static void check_random_bits(bool (*make)(unsigned char[16]), int version, size_t first_random) {
  unsigned char ones[16] = {0}, zeros[16] = {0};
  for (int i = 0; i < 200; i++) {
    unsigned char uuid[16];
    assert_true(make(uuid));
    assert_int_equal(uuid[6] >> 4, version);
    assert_int_equal(uuid[8] >> 6, 2);
    for (size_t j = 0; j < 16; j++) {
      ones[j] |= uuid[j];
      zeros[j] |= (unsigned char)~uuid[j];
    }
  }
  for (size_t j = first_random; j < 16; j++) {
    unsigned char fixed = j == 6 ? 0xF0 : j == 8 ? 0xC0 : 0;
    assert_int_equal(ones[j] | fixed, 0xFF);
    assert_int_equal(zeros[j] | fixed, 0xFF);
  }
}

static void version_4_is_random(void **state) {
  (void)state;
  check_random_bits(corm_uuid_v4, 4, 0);
}

static void version_7_begins_with_the_time(void **state) {
  (void)state;
  check_random_bits(corm_uuid_v7, 7, 6);
  int64_t before = corm_clock_utc() / 1000;
  unsigned char uuid[16];
  assert_true(corm_uuid_v7(uuid));
  int64_t after = corm_clock_utc() / 1000;
  int64_t milliseconds = 0;
  for (int i = 0; i < 6; i++) milliseconds = milliseconds * 256 + uuid[i];
  assert_true(milliseconds >= before && milliseconds <= after);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_forms_are_parsed),
      cmocka_unit_test(anything_else_is_refused),
      cmocka_unit_test(text_is_lower_case),
      cmocka_unit_test(version_4_is_random),
      cmocka_unit_test(version_7_begins_with_the_time),
  };
  return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
