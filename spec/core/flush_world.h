/*
 * The world of orm_world.h over the fake driver: what a flush sends is a text. Two more tables refer to each other:
 * Left.right_id -> Right, Right.left_id -> Left.
 */
#ifndef CORM_SPEC_FLUSH_WORLD_H
#define CORM_SPEC_FLUSH_WORLD_H

#include "driver/fake.h"
#include "orm/flush.h"

#include "orm_world.h"

typedef struct flush_world {
  world w;
  corm_fake *fake;
  corm_mapper *left, *right;
} flush_world;

static inline bool flush_more_tables(world *w) {
  world_table *t;
  bool ok = (t = world_add_table(w, "left")) && world_column(t, "id", CORM_TYPE_INTEGER, true) &&
            world_column(t, "right_id", CORM_TYPE_INTEGER, false) &&
            world_foreign_key(t, "right_id", "right.id", NULL, NULL);
  return ok && (t = world_add_table(w, "right")) && world_column(t, "id", CORM_TYPE_INTEGER, true) &&
         world_column(t, "left_id", CORM_TYPE_INTEGER, false) && world_foreign_key(t, "left_id", "left.id", NULL, NULL);
}

static inline bool flush_more_classes(flush_world *f) {
  world *w = &f->w;
  f->left = world_map(w, "Left", "left");
  f->right = f->left ? world_map(w, "Right", "right") : NULL;
  if (!f->right) return false;
  corm_column *right_id = world_find_column(w, "left", "right_id"), *left_id = world_find_column(w, "right", "left_id");
  corm_relationship_def right = world_def("right", "Right", NULL), left = world_def("left", "Left", NULL);
  right.foreign_keys = &right_id;
  left.foreign_keys = &left_id;
  right.nforeign_keys = left.nforeign_keys = 1;
  return world_relate(w, f->left, &right) && world_relate(w, f->right, &left) &&
         corm_registry_configure(&w->registry, &w->err) == CORM_OK;
}

/* Everything, with the dialect's way of writing many rows; false when out of memory. */
static inline bool flush_open_as(flush_world *f, const corm_mem *mem, const char *dialect, bool arrays, bool ahead) {
  const corm_url url = {.dialect = dialect};
  world *w = &f->w;
  memset(f, 0, sizeof *f);
  w->mem = mem;
  host_init(&w->host, mem);
  corm_arena_init(&w->arena, mem);
  corm_metadata_init(&w->metadata, mem);
  corm_registry_init(&w->registry, mem, &w->host.face);
  if (!world_schema(w) || !flush_more_tables(w) || !world_classes(w) || !flush_more_classes(f)) return false;
  f->fake = corm_fake_new(&corm_mem_libc); /* its log is the spec's matter */
  if (f->fake) corm_fake_allow(f->fake, arrays, ahead);
  return f->fake &&
         corm_engine_new_with(mem, corm_dialect_find(dialect), corm_fake_driver(f->fake), &url, NULL, &w->engine,
                              &w->err) == CORM_OK &&
         world_open_session(w);
}

static inline bool flush_open(flush_world *f, const corm_mem *mem) {
  return flush_open_as(f, mem, "sqlite", false, false);
}

static inline void flush_close(flush_world *f) {
  world_close(&f->w);
  corm_fake_free(f->fake);
}

static inline int flush_setup(void **state) {
  flush_world *f = calloc(1, sizeof *f);
  if (!f || !flush_open(f, &corm_mem_libc)) return 1;
  *state = f;
  return 0;
}

static inline int flush_teardown(void **state) {
  flush_close(*state);
  free(*state);
  return 0;
}

static inline int flush_setup_as(void **state, const char *dialect, bool arrays, bool ahead) {
  flush_world *f = calloc(1, sizeof *f);
  if (!f || !flush_open_as(f, &corm_mem_libc, dialect, arrays, ahead)) return 1;
  *state = f;
  return 0;
}

#define FLUSH_TEST(name) cmocka_unit_test_setup_teardown(name, flush_setup, flush_teardown)

/* -- objects; all are held by a root ------------------------------------------------------------------------------- */

/* NULL when out of memory. */
static inline corm_object *flush_try_new(flush_world *f, corm_mapper *mapper) {
  corm_object *object = host_new_object(&f->w.host, corm_object_size(mapper, 0), mapper);
  if (object) host_block_of(object)->roots++;
  return object;
}

static inline corm_object *flush_new(flush_world *f, corm_mapper *mapper) {
  corm_object *object = flush_try_new(f, mapper);
  assert_non_null(object);
  return object;
}

static inline void flush_let_go(corm_object *object) {
  host_block_of(object)->roots--;
}

static inline uint32_t flush_slot(const corm_object *object, const char *key) {
  const int32_t slot = corm_mapper_slot(object->mapper, key, strlen(key));
  assert_true(slot >= 0);
  return (uint32_t)slot;
}

static inline corm_status flush_try_text(flush_world *f, corm_object *object, const char *key, const char *text) {
  const corm_value value = corm_value_text(text, strlen(text));
  return corm_object_set(object, flush_slot(object, key), &value, &f->w.err);
}

static inline corm_status flush_try_int(flush_world *f, corm_object *object, const char *key, int64_t number) {
  const corm_value value = corm_value_int(number);
  return corm_object_set(object, flush_slot(object, key), &value, &f->w.err);
}

static inline corm_status flush_try_one(flush_world *f, corm_object *object, const char *key, corm_object *target) {
  return corm_object_set_one(object, world_rel(object->mapper, key), target, &f->w.err);
}

static inline corm_status flush_try_append(flush_world *f, corm_object *object, const char *key, corm_object *target) {
  return corm_object_insert(object, world_rel(object->mapper, key), UINT32_MAX, target, &f->w.err);
}

#define flush_text(f, object, key, text)     ok(&(f)->w, flush_try_text(f, object, key, text))
#define flush_int(f, object, key, number)    ok(&(f)->w, flush_try_int(f, object, key, number))
#define flush_one(f, object, key, target)    ok(&(f)->w, flush_try_one(f, object, key, target))
#define flush_append(f, object, key, target) ok(&(f)->w, flush_try_append(f, object, key, target))

static inline void flush_remove(flush_world *f, corm_object *object, const char *key, const corm_object *target) {
  const corm_link *link = corm_object_find_link(object, world_rel(object->mapper, key));
  assert_non_null(link);
  const int64_t at = corm_items_index(corm_link_items(link), target);
  assert_true(at >= 0);
  ok(&f->w, corm_object_remove_at(object, world_rel(object->mapper, key), (uint32_t)at, &f->w.err));
}

/* A pending object with a first text attribute. */
static inline corm_object *flush_pending(flush_world *f, corm_mapper *mapper, const char *key, const char *text) {
  corm_object *object = flush_new(f, mapper);
  if (key) flush_text(f, object, key, text);
  ok(&f->w, corm_session_add(f->w.session, object, &f->w.err));
  return object;
}

/* -- what was sent ------------------------------------------------------------------------------------------------- */

/* The driver's log must be these lines (NULL ends them); it is emptied. */
static inline void flush_expect(flush_world *f, uint32_t n, const char *const *lines) {
  corm_buf wanted;
  corm_buf_init(&wanted, &corm_mem_libc);
  for (uint32_t i = 0; i < n && lines[i]; i++) {
    corm_buf_puts(&wanted, lines[i]);
    corm_buf_putc(&wanted, '\n');
  }
  const char *a = corm_fake_log(f->fake), *b = corm_buf_str(&wanted);
  assert_true(a && b);
  if (strcmp(a, b) != 0) fail_msg("sent:\n%s\nwanted:\n%s", a, b);
  corm_buf_clear(&wanted);
  corm_fake_log_clear(f->fake);
}
#define flushed(f, ...)                                                                                                \
  do {                                                                                                                 \
    const char *const flush_lines[] = {__VA_ARGS__};                                                                   \
    ok(&(f)->w, corm_session_flush((f)->w.session, &(f)->w.err));                                                      \
    flush_expect(f, (uint32_t)(sizeof flush_lines / sizeof *flush_lines), flush_lines);                                \
  } while (0)
#define logged(f, ...)                                                                                                 \
  do {                                                                                                                 \
    const char *const flush_lines[] = {__VA_ARGS__};                                                                   \
    flush_expect(f, (uint32_t)(sizeof flush_lines / sizeof *flush_lines), flush_lines);                                \
  } while (0)
#define logged_nothing(f) flush_expect(f, 0, NULL)

/* The next SELECT from the class's table finds nothing. */
static inline void flush_no_rows(flush_world *f, const corm_mapper *mapper) {
  const char *names[8];
  char match[64];
  for (uint32_t i = 0; i < mapper->nattributes; i++) names[i] = mapper->attributes[i].key;
  (void)snprintf(match, sizeof match, "FROM %s", mapper->table->name);
  ok(&f->w, corm_fake_rows(f->fake, match, names, mapper->nattributes, NULL, 0));
}

/* Writes what is pending and forgets what was sent for it. */
static inline void flush_quietly(flush_world *f) {
  ok(&f->w, corm_session_flush(f->w.session, &f->w.err));
  corm_fake_log_clear(f->fake);
}

#endif
