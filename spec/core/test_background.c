/* Pages that are written while the next ones are collected: a thread that waits for the server, and a pipeline. */
#include "flush_world.h"

/* Pages of 4,000 rows where each waits for its answer, of 1,000 in the pipeline. */
enum { ROWS = 9000 };

/* A server that is asked one thing after the other. */
static int asked(void **state) {
  if (flush_setup_as(state, "mariadb", true, false) != 0) return 1;
  corm_fake_serve(((flush_world *)*state)->fake, &(corm_server){.version = "10.11", .number = 101100, .mariadb = true});
  return 0;
}

/* One to which statements are sent ahead. */
static int sent_ahead(void **state) {
  if (flush_setup_as(state, "postgresql", true, true) != 0) return 1;
  corm_fake_serve(((flush_world *)*state)->fake, &(corm_server){.version = "15.1", .number = 150001});
  return 0;
}

static void many_tags(flush_world *f, bool with_keys, corm_object **tags) {
  char name[16];
  for (int i = 0; i < ROWS; i++) {
    (void)snprintf(name, sizeof name, "t%d", i);
    tags[i] = flush_pending(f, f->w.tag, "name", name);
    if (with_keys) flush_int(f, tags[i], "id", i + 1);
  }
}

/* The next n INSERTs return keys from `first` on. */
static void returns_page(flush_world *f, int64_t first, size_t n) {
  static const char *const names[] = {"id"};
  corm_value *values = calloc(n, sizeof *values);
  for (size_t i = 0; i < n; i++) values[i] = corm_value_int(first + (int64_t)i);
  ok(&f->w, corm_fake_rows(f->fake, "INSERT INTO tag", names, 1, values, n));
  free(values);
}

/* The lines of the log, each by its first letter: "SSASAA". */
static const char *outline(flush_world *f) {
  static char letters[64];
  size_t n = 0;
  for (const char *line = corm_fake_log(f->fake); line && *line && n + 1 < sizeof letters;) {
    letters[n++] = *line;
    line = strchr(line, '\n');
    if (line) line++;
  }
  letters[n] = '\0';
  return letters;
}

/* The flush fails with an error about a Tag, after what the outline says. */
static void fails(flush_world *f, corm_error_class cls, const char *message, const char *sent) {
  corm_fake_log_clear(f->fake);
  corm_status status = corm_session_flush(f->w.session, &f->w.err);
  assert_string_equal(f->w.err.entity, "Tag");
  refused(&f->w, status, cls, message);
  assert_string_equal(outline(f), sent);
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
}

/* -- the thread ---------------------------------------------------------------------------------------------------- */

static void every_row_gets_its_key(void **state) {
  flush_world *f = *state;
  corm_object *tags[ROWS];
  returns_page(f, 1, 4000);
  returns_page(f, 5001, 4000);
  returns_page(f, 10001, 1000);
  many_tags(f, false, tags);
  corm_fake_log_clear(f->fake);
  ok(&f->w, corm_session_flush(f->w.session, &f->w.err));
  assert_string_equal(outline(f), "BIII");
  assert_string_equal(world_slot(tags[0], "id"), "1");
  assert_string_equal(world_slot(tags[3999], "id"), "4000");
  assert_string_equal(world_slot(tags[4000], "id"), "5001");
  assert_string_equal(world_slot(tags[ROWS - 1], "id"), "11000");
}

static void nothing_is_written_behind_a_failure(void **state) {
  flush_world *f = *state;
  corm_object *tags[ROWS];
  returns_page(f, 1, 4000);
  ok(&f->w, corm_fake_fault(f->fake, "INSERT INTO tag", CORM_E_OPERATIONAL, "out of order", false));
  many_tags(f, false, tags);
  fails(f, CORM_E_OPERATIONAL, "out of order", "BIIR");
  assert_string_equal(world_slot(tags[0], "id"), "absent");
  assert_int_equal(tags[ROWS - 1]->state, CORM_TRANSIENT);
}

/* -- the pipeline -------------------------------------------------------------------------------------------------- */

static void a_few_pages_are_on_their_way(void **state) {
  flush_world *f = *state;
  corm_object *tags[ROWS];
  many_tags(f, true, tags);
  corm_fake_log_clear(f->fake);
  ok(&f->w, corm_session_flush(f->w.session, &f->w.err));
  /* The first prepares the statement; then there are never more than four. */
  assert_string_equal(outline(f), "BISSSSASASASASAAAA");
  assert_int_equal(tags[ROWS - 1]->state, CORM_PERSISTENT);
}

static void a_failure_ends_the_pipeline(void **state) {
  flush_world *f = *state;
  corm_object *tags[ROWS];
  many_tags(f, true, tags);
  for (int i = 0; i < 2; i++) ok(&f->w, corm_fake_rows(f->fake, "INSERT INTO tag", NULL, 0, NULL, 1000));
  ok(&f->w, corm_fake_fault(f->fake, "INSERT INTO tag", CORM_E_INTEGRITY, "duplicate", false));
  fails(f, CORM_E_INTEGRITY, "duplicate", "BISSSSASAR");
  assert_int_equal(tags[0]->state, CORM_TRANSIENT);
}

/* -- what a script may see ----------------------------------------------------------------------------------------- */

static void watched(void *ctx, const char *line) {
  (void)line;
  ++*(int *)ctx;
}

static void wait_for_each(flush_world *f, const char *sent) {
  corm_object *tags[ROWS];
  int lines = 0;
  corm_engine_observe(f->w.engine, &(corm_engine_observer){.ctx = &lines, .log = watched});
  corm_engine_settings(f->w.engine)->echo = true;
  many_tags(f, true, tags);
  corm_fake_log_clear(f->fake);
  ok(&f->w, corm_session_flush(f->w.session, &f->w.err));
  assert_string_equal(outline(f), sent);
  assert_true(lines >= (int)strlen(sent));
}

static void who_is_watched_uses_no_thread(void **state) {
  wait_for_each(*state, "BIII");
}

static void who_is_watched_uses_no_pipeline(void **state) {
  wait_for_each(*state, "BIIIIIIIII");
}

int main(void) {
#define CASE(test, setup) cmocka_unit_test_setup_teardown(test, setup, flush_teardown)
  const struct CMUnitTest tests[] = {
      CASE(every_row_gets_its_key, asked),
      CASE(nothing_is_written_behind_a_failure, asked),
      CASE(a_few_pages_are_on_their_way, sent_ahead),
      CASE(a_failure_ends_the_pipeline, sent_ahead),
      CASE(who_is_watched_uses_no_thread, asked),
      CASE(who_is_watched_uses_no_pipeline, sent_ahead),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
