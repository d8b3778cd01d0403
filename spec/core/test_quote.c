#include <ctype.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/error.h"
#include "base/time.h"
#include "sql/dialect.h"

#include "fail_mem.h"

static void quotes(const corm_dialect *dialect, const char *name, const char *wanted) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_dialect_quote(dialect, name, &buf);
  assert_string_equal(corm_buf_str(&buf), wanted);
  corm_buf_clear(&buf);
}

static void legal_lower_case_names_are_never_quoted(void **state) {
  (void)state;
  const char *const names[] = {"a", "user_name", "_x", "a1", "a$b", "users", "index_", "sqlite_x"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    quotes(&corm_dialect_sqlite, names[i], names[i]);
    quotes(&corm_dialect_default, names[i], names[i]);
  }
}

static void all_others_are(void **state) {
  (void)state;
  const corm_dialect *dialect = &corm_dialect_sqlite;
  quotes(dialect, "User", "\"User\"");
  quotes(dialect, "userName", "\"userName\"");
  quotes(dialect, "order", "\"order\"");
  quotes(dialect, "two words", "\"two words\"");
  quotes(dialect, "1st", "\"1st\"");
  quotes(dialect, "$x", "\"$x\"");
  quotes(dialect, "a.b", "\"a.b\"");
  quotes(dialect, "a-b", "\"a-b\"");
  quotes(dialect, "a\n", "\"a\n\"");
  quotes(dialect, "\xC3\xA4", "\"\xC3\xA4\"");
  quotes(dialect, "say \"x\"; DROP TABLE t;--", "\"say \"\"x\"\"; DROP TABLE t;--\"");
  quotes(dialect, "\"", "\"\"\"\"");
}

static void each_dialect_has_its_own_words(void **state) {
  (void)state;
  quotes(&corm_dialect_default, "user", "\"user\"");
  quotes(&corm_dialect_sqlite, "user", "user");
  quotes(&corm_dialect_default, "index", "index");
  quotes(&corm_dialect_sqlite, "index", "\"index\"");
  const corm_dialect *const dialects[] = {&corm_dialect_default, &corm_dialect_sqlite};
  for (size_t d = 0; d < 2; d++) {
    const corm_dialect *dialect = dialects[d];
    size_t nwords = 0;
    for (int letter = 0; letter < 26; letter++) {
      const char *const *words = dialect->reserved[letter];
      for (; words && *words; words++, nwords++) {
        assert_int_equal((*words)[0], 'a' + letter);
        if (words[1]) assert_true(strcmp(words[0], words[1]) < 0);
        char quoted[40];
        snprintf(quoted, sizeof quoted, "\"%s\"", *words);
        quotes(dialect, *words, quoted);
      }
    }
    assert_true(nwords > 90);
  }
}

/* Every keyword that SQLite itself lists is a name for tables, columns, constraints, indexes and aliases. */
static void sqlite_takes_every_keyword_as_a_name(void **state) {
  (void)state;
  static const char *const templates[] = {
      "CREATE TABLE % (id INTEGER NOT NULL, % INTEGER, CONSTRAINT % UNIQUE (%))",
      "CREATE INDEX ix_a ON % (%)",
      "INSERT INTO % (id, %) VALUES (1, 2) RETURNING %",
      "UPDATE % SET %=3 WHERE %.% = 2",
      "SELECT a.id AS % FROM % AS a JOIN % ON a.id = %.id ORDER BY %.%",
      "SELECT %.id FROM (SELECT 1 AS id) AS %",
      "DELETE FROM % WHERE %.% = 3",
      "DROP TABLE %",
  };
  int keywords = sqlite3_keyword_count();
  assert_true(keywords > 100);
  for (int i = 0; i < keywords; i++) {
    const char *keyword;
    int len;
    char name[32];
    sqlite3 *db;
    corm_buf quoted;
    assert_int_equal(sqlite3_keyword_name(i, &keyword, &len), SQLITE_OK);
    for (int k = 0; k < len; k++) name[k] = (char)tolower((unsigned char)keyword[k]);
    name[len] = '\0';
    corm_buf_init(&quoted, &corm_mem_libc);
    corm_dialect_quote(&corm_dialect_sqlite, name, &quoted);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t k = 0; k < sizeof templates / sizeof *templates; k++) {
      char *message = NULL;
      corm_buf sql;
      corm_buf_init(&sql, &corm_mem_libc);
      for (const char *p = templates[k]; *p; p++) {
        if (*p == '%') {
          corm_buf_puts(&sql, corm_buf_str(&quoted));
        } else {
          corm_buf_putc(&sql, *p);
        }
      }
      if (sqlite3_exec(db, corm_buf_str(&sql), NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", corm_buf_str(&sql), message);
      }
      corm_buf_clear(&sql);
    }
    sqlite3_close(db);
    corm_buf_clear(&quoted);
  }
}

static void a_table_is_named_with_its_schema(void **state) {
  (void)state;
  corm_table table;
  corm_error err = {.is_set = false};
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  assert_int_equal(corm_table_init(&table, &corm_mem_libc, "Order", "main db", &err), CORM_OK);
  corm_dialect_table_name(&corm_dialect_sqlite, &table, &buf);
  assert_string_equal(corm_buf_str(&buf), "\"main db\".\"Order\"");
  corm_buf_clear(&buf);
  corm_table_clear(&table);
}

/* -- literals ------------------------------------------------------------------------------------------------------ */

static void is_written_behind(const char *before, const corm_dialect *dialect, corm_value value, const char *wanted) {
  corm_buf buf;
  corm_error err = {.is_set = false};
  corm_buf_init(&buf, &corm_mem_libc);
  corm_buf_puts(&buf, before);
  assert_int_equal(corm_dialect_literal(dialect, corm_type_of_value(&value), &value, &buf, &err), CORM_OK);
  assert_string_equal(corm_buf_str(&buf), wanted);
  corm_buf_clear(&buf);
}

static void is_written(const corm_dialect *dialect, corm_value value, const char *wanted) {
  is_written_behind("", dialect, value, wanted);
}

static corm_value bytes(corm_value_kind kind, const char *text, size_t len) {
  corm_value value = corm_value_text(text, len);
  value.kind = (uint8_t)kind;
  return value;
}

static corm_value of_kind(corm_value_kind kind, int64_t number) {
  corm_value value = corm_value_int(number);
  value.kind = (uint8_t)kind;
  return value;
}

static void literals_are_escaped(void **state) {
  (void)state;
  const corm_dialect *sqlite = &corm_dialect_sqlite, *generic = &corm_dialect_default;
  is_written(sqlite, corm_value_null(), "NULL");
  is_written(sqlite, corm_value_text("it's", 4), "'it''s'");
  is_written(sqlite, corm_value_text("", 0), "''");
  is_written(sqlite, corm_value_text("a\\b%:x?", 7), "'a\\b%:x?'");
  is_written(sqlite, bytes(CORM_BLOB, "\0\xAB'", 3), "X'00ab27'");
  is_written(sqlite, corm_value_bool(true), "1");
  is_written(generic, corm_value_bool(true), "true");
  is_written(generic, corm_value_bool(false), "false");
  is_written(sqlite, corm_value_int(-5), "-5");
  is_written(sqlite, corm_value_real(0.1), "0.1");
  is_written(sqlite, corm_value_real(-INFINITY), "-9e999");
  is_written(sqlite, bytes(CORM_DECIMAL, "12.30", 5), "12.30");
  is_written(sqlite, of_kind(CORM_DATE, 0), "'1970-01-01'");
  is_written(sqlite, of_kind(CORM_DATETIME, 0), "'1970-01-01 00:00:00.000000'");
  is_written(generic, of_kind(CORM_DATETIME, 0), "'1970-01-01 00:00:00'");
  is_written(sqlite, bytes(CORM_UUID, "0123456789abcdef", 16), "'30313233343536373839616263646566'");
  is_written(sqlite, bytes(CORM_JSON, "[\"'\"]", 5), "'[\"''\"]'");
}

static void two_signs_never_meet(void **state) {
  (void)state;
  is_written_behind("-", &corm_dialect_sqlite, corm_value_int(-1), "-(-1)");
  is_written_behind("-", &corm_dialect_sqlite, corm_value_real(-1.5), "-(-1.5)");
  is_written_behind("-", &corm_dialect_sqlite, bytes(CORM_DECIMAL, "-1.5", 4), "-(-1.5)");
  is_written_behind("-", &corm_dialect_sqlite, corm_value_int(1), "-1");
  is_written_behind("x - ", &corm_dialect_sqlite, corm_value_int(-1), "x - -1");
}

static void what_has_no_literal_is_refused(void **state) {
  (void)state;
  const corm_value bad[] = {
      bytes(CORM_TEXT, "a\0'; DROP TABLE t; --", 21), corm_value_real(NAN), {.kind = CORM_ABSENT}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    corm_buf buf;
    corm_error err = {.is_set = false};
    corm_buf_init(&buf, &corm_mem_libc);
    assert_int_equal(corm_dialect_literal(&corm_dialect_default, corm_type_of_value(&bad[i]), &bad[i], &buf, &err),
                     CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_COMPILE);
    corm_error_clear(&err);
    corm_buf_clear(&buf);
  }
}

static void dialects_are_found_by_name(void **state) {
  (void)state;
  size_t n;
  const char *const *names = corm_dialect_names(&n);
  assert_int_equal(n, 5);
  for (size_t i = 0; i < n; i++) assert_string_equal(corm_dialect_find(names[i])->name, names[i]);
  assert_ptr_equal(corm_dialect_find("sqlite"), &corm_dialect_sqlite);
  assert_null(corm_dialect_find("oracle"));
}

static bool write_all(const corm_mem *mem) {
  corm_buf buf;
  corm_error err = {.is_set = false};
  corm_value value = of_kind(CORM_DATETIME, 0);
  corm_buf_init(&buf, mem);
  for (int i = 0; i < 10; i++) {
    corm_dialect_quote(&corm_dialect_sqlite, "Two words", &buf);
    assert_int_equal(corm_dialect_literal(&corm_dialect_sqlite, NULL, &value, &buf, &err), CORM_OK);
  }
  bool ok = corm_buf_str(&buf) != NULL;
  corm_buf_clear(&buf);
  return ok;
}

static void out_of_memory_sticks_to_the_buffer(void **state) {
  (void)state;
  fail_mem_each(write_all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(legal_lower_case_names_are_never_quoted),
      cmocka_unit_test(all_others_are),
      cmocka_unit_test(each_dialect_has_its_own_words),
      cmocka_unit_test(sqlite_takes_every_keyword_as_a_name),
      cmocka_unit_test(a_table_is_named_with_its_schema),
      cmocka_unit_test(literals_are_escaped),
      cmocka_unit_test(two_signs_never_meet),
      cmocka_unit_test(what_has_no_literal_is_refused),
      cmocka_unit_test(dialects_are_found_by_name),
      cmocka_unit_test(out_of_memory_sticks_to_the_buffer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
