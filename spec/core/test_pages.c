/* Pages of rows as each database takes them, over the scripted driver: texts, arrays, keys in any order, pipelines. */
#include "flush_world.h"

#include "fail_mem.h"

static int postgresql(void **state) {
  return flush_setup_as(state, "postgresql", true, false);
}

static int pipelined(void **state) {
  return flush_setup_as(state, "postgresql", true, true);
}

static int mariadb(void **state) {
  return flush_setup_as(state, "mariadb", true, false);
}

#define UNNEST_TAGS                                                                                                    \
  "INSERT INTO tag (name) SELECT p0 FROM unnest($1::VARCHAR[]) WITH ORDINALITY AS imp_sen(p0, sen_counter) ORDER BY "  \
  "sen_counter RETURNING tag.id"
#define ONE_TAG "INSERT INTO tag (name) VALUES ($1) RETURNING tag.id"

/* The next statement with this text returns these keys. */
static void returns_keys(flush_world *f, const char *match, const int64_t *keys, size_t n) {
  static const char *const names[] = {"id"};
  corm_value values[8];
  for (size_t i = 0; i < n; i++) values[i] = corm_value_int(keys[i]);
  ok(&f->w, corm_fake_rows(f->fake, match, names, 1, values, n));
}

static void proved(flush_world *f, const char *match) {
  static const char *const names[] = {"one"};
  const corm_value one = corm_value_int(1);
  if (corm_dialect_find("postgresql")->key_sql) ok(&f->w, corm_fake_rows(f->fake, match, names, 1, &one, 1));
}

static void three_tags(flush_world *f, corm_object *tags[3]) {
  static const char *const names[] = {"c", "a", "b"};
  for (int i = 0; i < 3; i++) tags[i] = flush_pending(f, f->w.tag, "name", names[i]);
}

/* The last line that was sent, without its newline. */
static const char *last_line(flush_world *f) {
  static char line[1024];
  const char *log = corm_fake_log(f->fake), *at = log;
  for (const char *c = log; c && *c; c++)
    if (*c == '\n' && c[1]) at = c + 1;
  (void)snprintf(line, sizeof line, "%s", at ? at : "");
  line[strcspn(line, "\n")] = '\0';
  return line;
}

/* -- PostgreSQL ---------------------------------------------------------------------------------------------------- */

static void keys_are_sorted_before_they_are_given_out(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  proved(f, "pg_catalog");
  returns_keys(f, UNNEST_TAGS, (const int64_t[]){12, 10, 11}, 3);
  three_tags(f, tags);
  ok(&f->w, corm_session_flush(f->w.session, &f->w.err));
  assert_string_equal(last_line(f), UNNEST_TAGS " | ['c', 'a', 'b']");
  assert_string_equal(world_slot(tags[0], "id"), "10");
  assert_string_equal(world_slot(tags[1], "id"), "11");
  assert_string_equal(world_slot(tags[2], "id"), "12");
}

static void one_row_is_an_ordinary_statement(void **state) {
  flush_world *f = *state;
  returns_keys(f, ONE_TAG, (const int64_t[]){7}, 1);
  corm_object *tag = flush_pending(f, f->w.tag, "name", "x");
  flushed(f, "BEGIN IMMEDIATE", ONE_TAG " | 'x'");
  assert_string_equal(world_slot(tag, "id"), "7");
}

static void too_few_keys_are_an_error(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  proved(f, "pg_catalog");
  returns_keys(f, UNNEST_TAGS, (const int64_t[]){1, 2}, 2);
  three_tags(f, tags);
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_FLUSH,
          "INSERT into table 'tag' gave 2 rows back for 3");
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
}

/* Three tags with the keys 1, 2, 3, written. */
static void written_tags(flush_world *f, corm_object *tags[3]) {
  three_tags(f, tags);
  for (int i = 0; i < 3; i++) flush_int(f, tags[i], "id", i + 1);
  flush_quietly(f);
}

static void given_keys_need_no_answer(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  three_tags(f, tags);
  for (int i = 0; i < 3; i++) flush_int(f, tags[i], "id", i + 1);
  flushed(f, "BEGIN IMMEDIATE",
          "INSERT INTO tag (id, name) SELECT p0, p1 FROM unnest($1::INTEGER[], $2::VARCHAR[]) WITH ORDINALITY AS "
          "imp_sen(p0, p1, sen_counter) ORDER BY sen_counter | [1, 2, 3], ['c', 'a', 'b']");
}

static void updates_and_deletes_are_joined_to_arrays(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  written_tags(f, tags);
  for (int i = 0; i < 3; i++) flush_text(f, tags[i], "name", "new");
  flushed(f, "UPDATE tag SET name=imp_sen.p0 FROM unnest($1::VARCHAR[], $2::INTEGER[]) AS imp_sen(p0, p1) WHERE tag.id "
             "= imp_sen.p1 | ['new', 'new', 'new'], [1, 2, 3]");
  corm_object *lefts[3];
  for (int i = 0; i < 3; i++) {
    lefts[i] = flush_pending(f, f->left, NULL, NULL);
    flush_int(f, lefts[i], "id", i + 1);
  }
  flush_quietly(f);
  for (int i = 0; i < 3; i++) ok(&f->w, corm_session_delete(f->w.session, lefts[i], &f->w.err));
  flushed(f, "DELETE FROM \"left\" WHERE \"left\".id = ANY($1::INTEGER[]) | [1, 2, 3]");
}

static void missing_rows_are_looked_for_once(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  written_tags(f, tags);
  for (int i = 0; i < 3; i++) flush_text(f, tags[i], "name", "new");
  ok(&f->w, corm_fake_rows(f->fake, "UPDATE tag", NULL, 0, NULL, 2));
  returns_keys(f, "SELECT tag.id", (const int64_t[]){3, 1}, 2);
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_STALE_DATA,
          "UPDATE statement on table 'tag' expected to match 3 row(s); 2 were matched; not there: Tag(id=2)");
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
}

/* -- pipelines ----------------------------------------------------------------------------------------------------- */

static void shapes_go_out_before_answers_come_in(void **state) {
  flush_world *f = *state;
  corm_object *users[4];
  for (int i = 0; i < 4; i++) {
    users[i] = flush_pending(f, f->w.user, "name", "u");
    flush_int(f, users[i], "id", i + 1);
  }
  flush_quietly(f);
  for (int i = 0; i < 4; i++)
    if (i % 2)
      flush_int(f, users[i], "age", i);
    else
      flush_text(f, users[i], "name", "v");
  flushed(f,
          "SEND UPDATE \"user\" SET name=imp_sen.p0 FROM unnest($1::VARCHAR[], $2::INTEGER[]) AS imp_sen(p0, p1) WHERE "
          "\"user\".id = imp_sen.p1 | ['v', 'v'], [1, 3]",
          "SEND UPDATE \"user\" SET age=imp_sen.p0 FROM unnest($1::INTEGER[], $2::INTEGER[]) AS imp_sen(p0, p1) WHERE "
          "\"user\".id = imp_sen.p1 | [1, 3], [2, 4]",
          "ANSWER to UPDATE \"user\" SET na", "ANSWER to UPDATE \"user\" SET ag");
}

static void a_failure_in_a_pipeline_names_its_row(void **state) {
  flush_world *f = *state;
  corm_object *user = flush_pending(f, f->w.user, "name", "u"), *other = flush_pending(f, f->w.user, "name", "w");
  flush_int(f, user, "id", 1);
  flush_int(f, other, "id", 2);
  flush_quietly(f);
  flush_text(f, user, "name", "x");
  flush_int(f, other, "age", 3);
  ok(&f->w, corm_fake_fault(f->fake, "SET age", CORM_E_INTEGRITY, "no such age", false));
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_INTEGRITY, "no such age");
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
}

/* -- MariaDB ------------------------------------------------------------------------------------------------------- */

static void arrays_keep_the_order_of_the_rows(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  returns_keys(f, "INSERT INTO tag", (const int64_t[]){10, 13, 16}, 3);
  three_tags(f, tags);
  flushed(f, "BEGIN IMMEDIATE", "INSERT INTO tag (name) VALUES (?) RETURNING tag.id | ['c', 'a', 'b']");
  assert_string_equal(world_slot(tags[0], "id"), "10");
  assert_string_equal(world_slot(tags[2], "id"), "16");
}

static void a_row_at_fault_is_found_one_by_one(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  ok(&f->w, corm_fake_fault(f->fake, "INSERT INTO tag", CORM_E_INTEGRITY, "duplicate", false));
  returns_keys(f, "INSERT INTO tag", (const int64_t[]){1}, 1);
  ok(&f->w, corm_fake_fault(f->fake, "INSERT INTO tag", CORM_E_INTEGRITY, "duplicate", false));
  three_tags(f, tags);
  corm_status status = corm_session_flush(f->w.session, &f->w.err);
  assert_int_equal(status, CORM_FAILED);
  assert_string_equal(f->w.err.statement.params, "{name = 'a'}");
  refused(&f->w, status, CORM_E_INTEGRITY, "duplicate");
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

/* One flush that inserts three tags and updates two users in two shapes, with the n-th allocation failing; true when
   it did not come to that. */
static bool flush_with_failure(const char *dialect, bool ahead, size_t n) {
  fail_mem fail;
  flush_world f;
  world *w = &f.w;
  corm_object *tags[3], *users[2];
  fail_mem_init(&fail, 0);
  assert_true(flush_open_as(&f, &fail.mem, dialect, true, ahead));
  for (int i = 0; i < 2; i++) {
    users[i] = flush_pending(&f, w->user, "name", "u");
    flush_int(&f, users[i], "id", i + 1);
  }
  flush_quietly(&f);
  flush_text(&f, users[0], "name", "x");
  flush_int(&f, users[1], "age", 3);
  if (dialect[0] == 'p') proved(&f, "pg_catalog");
  returns_keys(&f, "INSERT INTO tag", (const int64_t[]){3, 1, 2}, 3);
  three_tags(&f, tags);
  fail.fail_at = fail.calls + n;
  corm_status status = corm_session_flush(w->session, &w->err);
  const bool through = fail.failures == 0;
  fail.fail_at = 0;
  if (through) {
    ok(w, status);
    assert_int_equal(tags[2]->state, CORM_PERSISTENT);
  } else {
    if (status != CORM_FAILED) fail_msg("%s %d %zu: no error", dialect, ahead, n);
    if (w->err.cls != CORM_E_MEMORY) fail_msg("%s %zu: %s", dialect, n, w->err.message);
    corm_error_clear(&w->err);
    ok(w, corm_session_rollback(w->session, &w->err));
    assert_int_equal(tags[2]->state, CORM_TRANSIENT);
  }
  flush_close(&f);
  if (fail.live) fail_msg("%s %d %zu: %zu blocks are left", dialect, ahead, n, (size_t)fail.live);
  return through;
}

static void no_memory_for_pages(void **state) {
  (void)state;
  size_t n = 1;
  while (!flush_with_failure("mariadb", false, n)) n++;
  assert_true(n > 20);
  for (n = 1; !flush_with_failure("postgresql", false, n);) n++;
  assert_true(n > 20);
  for (n = 1; !flush_with_failure("postgresql", true, n);) n++;
  assert_true(n > 20);
}

int main(void) {
#define CASE(test, setup) cmocka_unit_test_setup_teardown(test, setup, flush_teardown)
  const struct CMUnitTest tests[] = {
      CASE(keys_are_sorted_before_they_are_given_out, postgresql),
      CASE(one_row_is_an_ordinary_statement, postgresql),
      CASE(too_few_keys_are_an_error, postgresql),
      CASE(given_keys_need_no_answer, postgresql),
      CASE(updates_and_deletes_are_joined_to_arrays, postgresql),
      CASE(missing_rows_are_looked_for_once, postgresql),
      CASE(shapes_go_out_before_answers_come_in, pipelined),
      CASE(a_failure_in_a_pipeline_names_its_row, pipelined),
      CASE(arrays_keep_the_order_of_the_rows, mariadb),
      CASE(a_row_at_fault_is_found_one_by_one, mariadb),
      cmocka_unit_test(no_memory_for_pages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
