/* Unique values that go from one row to another in one flush, by what is sent: tags have unique names. */
#include "flush_world.h"

#include "fail_mem.h"

#define SET(name, id) "UPDATE tag SET name=? WHERE tag.id = ? | " name ", " #id

static const char *const name_column[] = {"name"};

typedef struct handover_world {
  flush_world f;
  corm_constraint key;
} handover_world;

static bool open_handover(handover_world *h, const corm_mem *mem) {
  if (!flush_open(&h->f, mem)) return false;
  h->key = (corm_constraint){
      .kind = CORM_CONSTRAINT_UNIQUE, .creation = 500, .column_names = name_column, .ncolumns = 1, .deferrable = -1};
  return corm_table_add_constraint(h->f.w.tag->table, &h->key, &h->f.w.err) == CORM_OK;
}

static int setup(void **state) {
  handover_world *h = calloc(1, sizeof *h);
  if (!h || !open_handover(h, &corm_mem_libc)) return 1;
  *state = h;
  return 0;
}

static void tags_named(flush_world *f, corm_object **tags, int n) {
  static const char *const names[] = {"a", "b", "c", "d"};
  for (int i = 0; i < n; i++) tags[i] = flush_pending(f, f->w.tag, "name", names[i]);
  flush_quietly(f);
}

/* -- by order ------------------------------------------------------------------------------------------------------ */

static void who_gives_is_written_before_who_takes(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  tags_named(f, tags, 3);
  flush_text(f, tags[0], "name", "b");
  flush_text(f, tags[1], "name", "c");
  flush_text(f, tags[2], "name", "x");
  flushed(f, SET("'x'", 3), SET("'c'", 2), SET("'b'", 1));
}

static void what_nobody_hands_over_stays_in_its_order(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  tags_named(f, tags, 3);
  flush_text(f, tags[2], "name", "x");
  flush_text(f, tags[0], "name", "y");
  flushed(f, SET("'y'", 1), SET("'x'", 3));
}

static void a_new_row_takes_the_value_of_a_changed_one(void **state) {
  flush_world *f = *state;
  corm_object *tags[1];
  tags_named(f, tags, 1);
  flush_pending(f, f->w.tag, "name", "a");
  flush_text(f, tags[0], "name", "x");
  flushed(f, SET("'x'", 1), "INSERT INTO tag (name) VALUES (?) | 'a'");
}

static void a_deleted_row_goes_first(void **state) {
  flush_world *f = *state;
  corm_object *tags[2];
  tags_named(f, tags, 2);
  flush_pending(f, f->w.tag, "name", "a");
  flush_text(f, tags[1], "name", "x");
  world_rel(f->w.tag, "users")->def.passive_deletes = CORM_PASSIVE_ALL;
  ok(&f->w, corm_session_delete(f->w.session, tags[0], &f->w.err));
  flushed(f, "DELETE FROM tag WHERE tag.id = ? | 1", SET("'x'", 2), "INSERT INTO tag (name) VALUES (?) | 'a'");
}

/* -- by parking ---------------------------------------------------------------------------------------------------- */

static void of_two_that_exchange_one_is_parked(void **state) {
  flush_world *f = *state;
  corm_object *tags[2];
  tags_named(f, tags, 2);
  flush_text(f, tags[0], "name", "b");
  flush_text(f, tags[1], "name", "a");
  flushed(f, SET("NULL", 2), SET("'b'", 1), SET("'a'", 2));
  assert_string_equal(world_slot(tags[0], "name"), "'b'");
  assert_string_equal(world_slot(tags[1], "name"), "'a'");
  assert_false(corm_object_has_changes(tags[0]) || corm_object_has_changes(tags[1]));
}

static void of_a_ring_one_is_parked(void **state) {
  flush_world *f = *state;
  corm_object *tags[4];
  tags_named(f, tags, 4);
  flush_text(f, tags[0], "name", "b");
  flush_text(f, tags[1], "name", "c");
  flush_text(f, tags[2], "name", "d");
  flush_text(f, tags[3], "name", "a");
  ok(&f->w, corm_session_flush(f->w.session, &f->w.err));
  uint32_t parked = 0, written = 0;
  for (const char *at = corm_fake_log(f->fake); (at = strstr(at, "UPDATE tag")) != NULL; at++) {
    written++;
    parked += strncmp(at, SET("NULL", 0), strlen(SET("NULL", 0)) - 1) == 0;
  }
  assert_int_equal(parked, 1);
  assert_int_equal(written, 5);
}

static void what_is_parked_is_there_again_after_a_failure(void **state) {
  flush_world *f = *state;
  corm_object *tags[2];
  tags_named(f, tags, 2);
  ok(&f->w, corm_session_begin_nested(f->w.session, &f->w.err));
  flush_text(f, tags[0], "name", "b");
  flush_text(f, tags[1], "name", "a");
  ok(&f->w, corm_fake_fault(f->fake, "UPDATE tag", CORM_E_INTEGRITY, "no", false));
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_INTEGRITY, "no");
  ok(&f->w, corm_session_end_frame(f->w.session, f->w.session->frame, false, &f->w.err));
  assert_int_equal(tags[0]->state, CORM_PERSISTENT);
  assert_false(corm_object_has_changes(tags[0]));
}

/* -- out of memory ------------------------------------------------------------------------------------------------- */

static void no_memory_for_an_exchange(void **state) {
  (void)state;
  for (size_t n = 1, through = 0; !through; n++) {
    handover_world h;
    fail_mem fail;
    flush_world *f = &h.f;
    corm_object *tags[3];
    fail_mem_init(&fail, 0);
    assert_true(open_handover(&h, &fail.mem));
    tags_named(f, tags, 3);
    flush_text(f, tags[0], "name", "b");
    flush_text(f, tags[1], "name", "c");
    flush_text(f, tags[2], "name", "a");
    fail.fail_at = fail.calls + n;
    const corm_status status = corm_session_flush(f->w.session, &f->w.err);
    through = fail.failures == 0;
    fail.fail_at = 0;
    if (status == CORM_OK) {
      assert_string_equal(world_slot(tags[2], "name"), "'a'");
    } else {
      assert_int_equal(f->w.err.cls, CORM_E_MEMORY);
      ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
    }
    if (through) assert_true(status == CORM_OK && n > 10);
    flush_close(f);
    assert_int_equal(fail.live, 0);
  }
}

#define HANDOVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, flush_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      HANDOVER_TEST(who_gives_is_written_before_who_takes),
      HANDOVER_TEST(what_nobody_hands_over_stays_in_its_order),
      HANDOVER_TEST(a_new_row_takes_the_value_of_a_changed_one),
      HANDOVER_TEST(a_deleted_row_goes_first),
      HANDOVER_TEST(of_two_that_exchange_one_is_parked),
      HANDOVER_TEST(of_a_ring_one_is_parked),
      HANDOVER_TEST(what_is_parked_is_there_again_after_a_failure),
      cmocka_unit_test(no_memory_for_an_exchange),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
