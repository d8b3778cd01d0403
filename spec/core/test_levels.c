/* Objects with rows in several tables: what a flush sends for them, in which order. Over the scripted driver. */
#include "flush_world.h"

typedef struct family {
  flush_world f;
  corm_mapper *engineer, *chief;
} family;

/* Engineer has a table of its own below User's, Chief none. */
static int setup(void **state) {
  family *m = calloc(1, sizeof *m);
  if (!m || !flush_open(&m->f, &corm_mem_libc)) return 1;
  world *w = &m->f.w;
  world_table *t = world_add_table(w, "engineer");
  bool done = t && world_column(t, "id", CORM_TYPE_INTEGER, true) &&
              world_column(t, "skill", CORM_TYPE_STRING, false) && world_foreign_key(t, "id", "user.id", NULL, NULL);
  const corm_mapper_def engineer = {.name = "Engineer", .parent = w->user, .table = done ? &t->table : NULL};
  done = done && corm_mapper_new(w->mem, &w->registry, &engineer, &m->engineer, &w->err) == CORM_OK;
  const corm_mapper_def chief = {.name = "Chief", .parent = m->engineer};
  done = done && corm_mapper_new(w->mem, &w->registry, &chief, &m->chief, &w->err) == CORM_OK;
  done = done && corm_registry_configure(&w->registry, &w->err) == CORM_OK;
  *state = m;
  return done ? 0 : 1;
}

static int teardown(void **state) {
  family *m = *state;
  corm_session_release(m->f.w.session);
  m->f.w.session = NULL;
  host_clear(&m->f.w.host);
  corm_mapper_free(m->chief);
  corm_mapper_free(m->engineer);
  flush_close(&m->f);
  free(m);
  return 0;
}

#define USER(name)      "INSERT INTO user (name, age, born) VALUES (?, ?, ?) | '" name "', NULL, NULL"
#define ENGINEER(id, s) "INSERT INTO engineer (id, skill) VALUES (?, ?) | " id ", " s

static corm_object *person(family *m, corm_mapper *mapper, const char *name, const char *skill) {
  corm_object *object = flush_pending(&m->f, mapper, "name", name);
  if (skill) flush_text(&m->f, object, "skill", skill);
  return object;
}

static void inserts_go_table_by_table(void **state) {
  family *m = *state;
  person(m, m->engineer, "ann", "c");
  person(m, m->f.w.user, "bob", NULL);
  corm_object *cid = person(m, m->chief, "cid", NULL);
  corm_object *address = flush_pending(&m->f, m->f.w.address, "email", "e");
  flush_one(&m->f, address, "user", cid);
  flushed(&m->f, "BEGIN IMMEDIATE", USER("ann"), USER("bob"), USER("cid"), ENGINEER("1", "'c'"), ENGINEER("3", "NULL"),
          "INSERT INTO address (user_id, email) VALUES (?, ?) | 3, 'e'");
  assert_int_equal(cid->state, CORM_PERSISTENT);
}

static void updates_go_to_the_tables_that_changed(void **state) {
  family *m = *state;
  corm_object *ann = person(m, m->engineer, "ann", "c"), *bob = person(m, m->chief, "bob", "lua");
  corm_object *cid = person(m, m->engineer, "cid", NULL), *dan = person(m, m->f.w.user, "dan", NULL);
  flush_quietly(&m->f);
  flush_text(&m->f, ann, "name", "anna");
  flush_text(&m->f, bob, "skill", "c");
  flush_text(&m->f, cid, "name", "cida");
  flush_text(&m->f, cid, "skill", "sql");
  flush_text(&m->f, dan, "name", "dana");
  flushed(&m->f, "UPDATE user SET name=? WHERE user.id = ? | 'anna', 1",
          "UPDATE user SET name=? WHERE user.id = ? | 'cida', 3",
          "UPDATE user SET name=? WHERE user.id = ? | 'dana', 4",
          "UPDATE engineer SET skill=? WHERE engineer.id = ? | 'c', 2",
          "UPDATE engineer SET skill=? WHERE engineer.id = ? | 'sql', 3");
}

static void deletes_begin_at_the_last_table(void **state) {
  family *m = *state;
  corm_object *all[] = {person(m, m->engineer, "ann", "c"), person(m, m->f.w.user, "bob", NULL),
                        person(m, m->chief, "cid", "lua")};
  flush_quietly(&m->f);
  for (size_t i = 0; i < 3; i++) {
    flush_no_rows(&m->f, m->f.w.address);
    ok(&m->f.w, corm_fake_rows(m->f.fake, "FROM tag", (const char *const[]){"user_id", "id", "name"}, 3, NULL, 0));
    ok(&m->f.w, corm_session_delete(m->f.w.session, all[i], &m->f.w.err));
  }
  ok(&m->f.w, corm_session_flush(m->f.w.session, &m->f.w.err));
  const char *log = corm_fake_log(m->f.fake), *from = strstr(log, "DELETE");
  assert_non_null(from);
  assert_string_equal(from, "DELETE FROM engineer WHERE engineer.id = ? | 1\n"
                            "DELETE FROM engineer WHERE engineer.id = ? | 3\n"
                            "DELETE FROM user WHERE user.id = ? | 1\n"
                            "DELETE FROM user WHERE user.id = ? | 2\n"
                            "DELETE FROM user WHERE user.id = ? | 3\n");
}

static corm_status count_event(void *ctx, const corm_news *news, corm_error *err) {
  (void)ctx;
  corm_error_init(err);
  const corm_value *age = &news->object->slots[2];
  const corm_value next = corm_value_int((age->kind == CORM_INT ? age->as.i : 0) + 1);
  if (news->event == CORM_EVENT_BEFORE_INSERT || news->event == CORM_EVENT_BEFORE_UPDATE)
    return corm_object_set(news->object, 2, &next, err);
  return CORM_OK;
}

/* An event comes once for an object, however many rows it has. */
static void events_come_once(void **state) {
  family *m = *state;
  m->f.w.host.face.event = count_event;
  m->engineer->listening = CORM_EVENTS_OF_ROWS;
  corm_object *ann = person(m, m->engineer, "ann", "c");
  flushed(&m->f, "BEGIN IMMEDIATE", "INSERT INTO user (name, age, born) VALUES (?, ?, ?) | 'ann', 1, NULL",
          ENGINEER("1", "'c'"));
  flush_text(&m->f, ann, "skill", "lua");
  flushed(&m->f, "UPDATE user SET age=? WHERE user.id = ? | 2, 1",
          "UPDATE engineer SET skill=? WHERE engineer.id = ? | 'lua', 1");
}

#define LEVELS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      LEVELS_TEST(inserts_go_table_by_table),
      LEVELS_TEST(updates_go_to_the_tables_that_changed),
      LEVELS_TEST(deletes_begin_at_the_last_table),
      LEVELS_TEST(events_come_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
