#include "driver/client.h"

#include <string.h>

#include "fail_mem.h"

typedef struct calls {
  double (*cos)(double);
  double (*fabs)(double);
} calls;

static const char *const names[] = {"cos", "fabs"};

static void functions_are_found_once(void **state) {
  (void)state;
  calls found = {0};
  corm_client client = {.file = "libm.so.6", .names = names, .count = 2, .calls = &found};
  corm_error err;
  corm_error_init(&err);
  assert_int_equal(corm_client_load(&client, &err), CORM_OK);
  assert_true(client.is_loaded);
  assert_true(found.cos(0) == 1 && found.fabs(-2) == 2);
  found.cos = NULL;
  assert_int_equal(corm_client_load(&client, &err), CORM_OK);
  assert_null(found.cos);
}

static void a_missing_library_is_named(void **state) {
  (void)state;
  calls found = {0};
  corm_client client = {.file = "libnowhere.so.1", .names = names, .count = 2, .calls = &found};
  corm_error err;
  corm_error_init(&err);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(corm_client_load(&client, &err), CORM_FAILED);
    assert_false(client.is_loaded);
    assert_int_equal(err.cls, CORM_E_NOT_SUPPORTED);
    assert_non_null(strstr(err.message, "libnowhere.so.1"));
    corm_error_clear(&err);
  }
}

static void a_missing_function_is_named(void **state) {
  (void)state;
  static const char *const strange[] = {"cos", "corm_has_no_such_function"};
  calls found = {0};
  corm_client client = {.file = "libm.so.6", .names = strange, .count = 2, .calls = &found};
  corm_error err;
  corm_error_init(&err);
  assert_int_equal(corm_client_load(&client, &err), CORM_FAILED);
  assert_false(client.is_loaded);
  assert_non_null(strstr(err.message, "corm_has_no_such_function"));
  corm_error_clear(&err);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(functions_are_found_once),
      cmocka_unit_test(a_missing_library_is_named),
      cmocka_unit_test(a_missing_function_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
