/* What one database is told: which option counts where, and which words may stand in SQL. */
#include "schema/option.h"

#include "fail_mem.h"

static corm_options *options_of(size_t n, const corm_option *items) {
  corm_options *options = malloc(sizeof *options + n * sizeof *items);
  assert_non_null(options);
  options->n = (uint32_t)n;
  memcpy(options->items, items, n * sizeof *items);
  return options;
}

static void names_begin_with_their_database(void **state) {
  (void)state;
  for (size_t i = 0; i < CORM_OPTION_COUNT; i++) {
    const char *name = corm_option_specs[i].name;
    assert_true(strncmp(name, "sqlite_", 7) == 0 || strncmp(name, "postgresql_", 11) == 0 ||
                strncmp(name, "mysql_", 6) == 0);
    assert_int_not_equal(corm_option_specs[i].targets, 0);
    for (size_t k = 0; k < i; k++) { /* one name may mean two things, but not for one target */
      if (strcmp(corm_option_specs[k].name, name) != 0) continue;
      assert_int_equal(corm_option_specs[k].targets & corm_option_specs[i].targets, 0);
    }
  }
}

static void an_option_is_found_or_not(void **state) {
  (void)state;
  const corm_option items[] = {{.id = CORM_OPTION_PG_USING, .text = "gin"}};
  corm_options *options = options_of(1, items);
  assert_string_equal(corm_option_find(options, CORM_OPTION_PG_USING, false)->text, "gin");
  assert_null(corm_option_find(options, CORM_OPTION_PG_OPS, false));
  assert_null(corm_option_find(NULL, CORM_OPTION_PG_USING, true));
  free(options);
}

static void mariadb_goes_before_mysql_on_mariadb_in_any_order(void **state) {
  (void)state;
  for (int mariadb_first = 0; mariadb_first < 2; mariadb_first++) {
    corm_option items[2] = {{.id = CORM_OPTION_MYSQL_ENGINE}, {.id = CORM_OPTION_MYSQL_ENGINE}};
    items[!mariadb_first].mariadb = true;
    items[!mariadb_first].text = "Aria";
    items[mariadb_first].text = "InnoDB";
    corm_options *options = options_of(2, items);
    assert_string_equal(corm_option_find(options, CORM_OPTION_MYSQL_ENGINE, true)->text, "Aria");
    assert_string_equal(corm_option_find(options, CORM_OPTION_MYSQL_ENGINE, false)->text, "InnoDB");
    options->n = 1;
    assert_non_null(corm_option_find(options, CORM_OPTION_MYSQL_ENGINE, true));
    assert_int_equal(corm_option_find(options, CORM_OPTION_MYSQL_ENGINE, false) == NULL, mariadb_first);
    free(options);
  }
}

static void pairs_are_found_by_name(void **state) {
  (void)state;
  const corm_option_pair pairs[] = {{.name = "title", .number = 10}, {.name = "Title", .text = "x"}};
  const corm_option option = {.pairs = pairs, .npairs = 2};
  assert_ptr_equal(corm_option_pair_of(&option, "title"), &pairs[0]);
  assert_ptr_equal(corm_option_pair_of(&option, "Title"), &pairs[1]);
  assert_null(corm_option_pair_of(&option, "tit"));
  assert_null(corm_option_pair_of(NULL, "title"));
}

static void words_are_harmless_in_sql(void **state) {
  (void)state;
  static const char *const good[] = {"InnoDB", "utf8mb4_bin", "ON COMMIT DROP", "a.b", "x-y", "9"};
  static const char *const bad[] = {"",     " ",   " a", "a ",    "a  b",     "a;b",  "a'b", "a\"b", "a`b", "a(b)",
                                    "a--b", "a\n", "--", "a/*b*", "\xC3\xA9", "a\\b", "a=b", "a,b",  "a\tb"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(corm_option_is_word(good[i]));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(corm_option_is_word(bad[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_begin_with_their_database),
      cmocka_unit_test(an_option_is_found_or_not),
      cmocka_unit_test(mariadb_goes_before_mysql_on_mariadb_in_any_order),
      cmocka_unit_test(pairs_are_found_by_name),
      cmocka_unit_test(words_are_harmless_in_sql),
  };
  return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
