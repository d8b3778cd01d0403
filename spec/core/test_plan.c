/* The order of writing, as pure graph work: hand-made lists of rows, no statement is sent. */
#include "flush_world.h"

#include "orm/state.h"

enum { PLAN_ROWS = 64 };

/* A flush by hand; rows have one-letter names, in order of their making. */
typedef struct plan {
  flush_world *f;
  corm_flush flush;
  corm_object *rows[PLAN_ROWS];
} plan;

static void plan_init(plan *p, flush_world *f, const corm_mem *mem) {
  memset(p, 0, sizeof *p);
  p->f = f;
  p->flush = (corm_flush){.session = f->w.session, .mem = mem};
  corm_map_init(&p->flush.seen, mem);
  corm_vec_init(&p->flush.mappers, mem);
}

static void plan_clear(plan *p) {
  const corm_mem *mem = p->flush.mem;
  for (uint32_t i = 0; i < p->flush.nworks; i++) p->flush.works[i].object->flush = 0;
  corm_mem_free(mem, p->flush.works);
  corm_mem_free(mem, p->flush.syncs);
  corm_mem_free(mem, p->flush.order);
  corm_mem_free(mem, p->flush.cyclic);
  corm_map_clear(&p->flush.seen);
  corm_vec_clear(&p->flush.mappers);
}

/* A row to be written; `id` 0: it has no key yet. NULL when out of memory. */
static corm_object *plan_row(plan *p, corm_mapper *mapper, corm_work_kind kind, int64_t id) {
  corm_flush *flush = &p->flush;
  corm_object *object = flush_new(p->f, mapper);
  ptrdiff_t rank = corm_vec_index(&flush->mappers, mapper);
  if (rank < 0) {
    rank = (ptrdiff_t)flush->mappers.len;
    if (corm_vec_push(&flush->mappers, mapper) != CORM_OK) return NULL;
  }
  corm_work *works = corm_flush_grow(flush->mem, flush->works, flush->nworks, &flush->works_cap, sizeof *works);
  if (!works) return NULL;
  flush->works = works;
  if (id) {
    const corm_value key = corm_value_int(id);
    ok(&p->f->w, corm_object_store(object, mapper->pk[0], &key, &p->f->w.err));
    ok(&p->f->w, corm_session_register(p->f->w.session, object, &p->f->w.err));
  }
  works[flush->nworks] = (corm_work){.object = object, .kind = (uint8_t)kind, .rank = (uint32_t)rank};
  p->rows[flush->nworks] = object;
  object->flush = ++flush->nworks;
  return object;
}

static corm_status plan_key(plan *p, const char *relationship, corm_object *child, corm_object *parent) {
  return corm_sync_add(&p->flush, world_rel(child->mapper, relationship), child, parent, &p->f->w.err);
}
#define plan_needs(p, relationship, child, parent) ok(&(p)->f->w, plan_key(p, relationship, child, parent))

/* "ba|c": the rows in order, deletes behind the bar. */
static const char *plan_order(plan *p) {
  static char text[PLAN_ROWS + 2];
  uint32_t n = 0;
  ok(&p->f->w, corm_plan_order(&p->flush, &p->f->w.err));
  for (uint32_t i = 0; i < p->flush.nworks; i++) {
    if (i == p->flush.nsaves) text[n++] = '|';
    text[n++] = (char)('a' + p->flush.order[i]);
  }
  text[n] = '\0';
  return text;
}

#define PLAN(p)                                                                                                        \
  plan p;                                                                                                              \
  plan_init(&p, *state, &corm_mem_libc)
#define MAPPER(p, name) ((p).f->w.name)

/* -- tables -------------------------------------------------------------------------------------------------------- */

static void tables_follow_their_foreign_keys(void **state) {
  PLAN(p);
  plan_row(&p, MAPPER(p, address), CORM_WORK_INSERT, 0);
  plan_row(&p, MAPPER(p, user), CORM_WORK_INSERT, 0);
  plan_row(&p, MAPPER(p, address), CORM_WORK_UPDATE, 1);
  plan_row(&p, MAPPER(p, user), CORM_WORK_INSERT, 0);
  assert_string_equal(plan_order(&p), "bdca");
  plan_clear(&p);
}

static void deletes_go_the_other_way(void **state) {
  PLAN(p);
  plan_row(&p, MAPPER(p, user), CORM_WORK_DELETE, 2);
  plan_row(&p, MAPPER(p, address), CORM_WORK_DELETE, 9);
  plan_row(&p, MAPPER(p, user), CORM_WORK_DELETE, 1);
  plan_row(&p, MAPPER(p, address), CORM_WORK_DELETE, 8);
  plan_row(&p, MAPPER(p, user), CORM_WORK_INSERT, 0);
  assert_string_equal(plan_order(&p), "e|dbca");
  plan_clear(&p);
}

static void updates_go_by_key_and_inserts_by_order_of_add(void **state) {
  PLAN(p);
  plan_row(&p, MAPPER(p, tag), CORM_WORK_INSERT, 0);
  plan_row(&p, MAPPER(p, tag), CORM_WORK_UPDATE, 30);
  plan_row(&p, MAPPER(p, tag), CORM_WORK_UPDATE, -4);
  plan_row(&p, MAPPER(p, tag), CORM_WORK_INSERT, 0);
  plan_row(&p, MAPPER(p, tag), CORM_WORK_UPDATE, 7);
  assert_string_equal(plan_order(&p), "cebad");
  plan_clear(&p);
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

static void rows_of_one_table_wait_for_each_other(void **state) {
  PLAN(p);
  corm_mapper *node = MAPPER(p, node);
  corm_object *a = plan_row(&p, node, CORM_WORK_INSERT, 0), *b = plan_row(&p, node, CORM_WORK_INSERT, 0);
  corm_object *c = plan_row(&p, node, CORM_WORK_INSERT, 0);
  plan_row(&p, node, CORM_WORK_INSERT, 0);
  plan_needs(&p, "parent", a, b);
  plan_needs(&p, "parent", b, c);
  assert_string_equal(plan_order(&p), "cbad");
  plan_clear(&p);
}

static void an_update_that_needs_a_new_key_comes_after_it(void **state) {
  PLAN(p);
  corm_mapper *node = MAPPER(p, node);
  corm_object *waits = plan_row(&p, node, CORM_WORK_UPDATE, 1), *ready = plan_row(&p, node, CORM_WORK_UPDATE, 2);
  corm_object *news = plan_row(&p, node, CORM_WORK_INSERT, 0);
  plan_needs(&p, "parent", waits, news);
  plan_needs(&p, "parent", ready, waits); /* has its key already */
  plan_needs(&p, "parent", news, NULL);
  assert_string_equal(plan_order(&p), "bca");
  plan_clear(&p);
}

static void tables_on_a_circle_are_sorted_by_row(void **state) {
  PLAN(p);
  corm_object *a = plan_row(&p, p.f->left, CORM_WORK_INSERT, 0), *b = plan_row(&p, p.f->right, CORM_WORK_INSERT, 0);
  corm_object *c = plan_row(&p, p.f->left, CORM_WORK_INSERT, 0), *d = plan_row(&p, p.f->right, CORM_WORK_INSERT, 0);
  plan_row(&p, MAPPER(p, tag), CORM_WORK_INSERT, 0);
  plan_needs(&p, "right", a, b);
  plan_needs(&p, "left", b, c);
  plan_needs(&p, "right", c, d);
  assert_string_equal(plan_order(&p), "edcba");
  plan_clear(&p);
}

static corm_object *doomed_node(plan *p, int64_t id, int64_t parent_id) {
  corm_object *object = plan_row(p, p->f->w.node, CORM_WORK_DELETE, id);
  const corm_value key = corm_value_int(parent_id), none = corm_value_null();
  const uint32_t slot = flush_slot(object, "parent_id");
  ok(&p->f->w, corm_object_store(object, slot, parent_id ? &key : &none, &p->f->w.err));
  return object;
}

static void deleted_rows_go_from_the_leaves_by_what_the_database_has(void **state) {
  PLAN(p);
  doomed_node(&p, 1, 0);
  corm_object *b = doomed_node(&p, 2, 1);
  doomed_node(&p, 3, 2);
  doomed_node(&p, 4, 99);            /* its parent is not among them */
  doomed_node(&p, 5, 5);             /* refers to itself */
  flush_int(p.f, b, "parent_id", 3); /* never written */
  assert_string_equal(plan_order(&p), "|cbade");
  plan_clear(&p);
}

/* -- circles ------------------------------------------------------------------------------------------------------- */

static void a_circle_is_named(void **state) {
  PLAN(p);
  corm_mapper *node = MAPPER(p, node);
  corm_object *rows[10];
  for (int i = 0; i < 10; i++) rows[i] = plan_row(&p, node, CORM_WORK_INSERT, 100 + i);
  plan_needs(&p, "parent", rows[3], rows[5]);
  plan_needs(&p, "parent", rows[5], rows[4]);
  plan_needs(&p, "parent", rows[4], rows[3]);
  plan_needs(&p, "parent", rows[0], rows[4]); /* hangs on the circle, is no part of it */
  refused(&p.f->w, corm_plan_order(&p.flush, &p.f->w.err), CORM_E_CIRCULAR_DEPENDENCY,
          "rows depend on each other in a circle: Node(id=103) -> Node(id=104) -> Node(id=105)");
  plan_clear(&p);
}

static void a_long_circle_is_cut(void **state) {
  PLAN(p);
  corm_object *rows[20];
  for (int i = 0; i < 20; i++) rows[i] = plan_row(&p, MAPPER(p, node), CORM_WORK_INSERT, 1 + i);
  for (int i = 0; i < 20; i++) plan_needs(&p, "parent", rows[i], rows[(i + 19) % 20]);
  assert_int_equal(corm_plan_order(&p.flush, &p.f->w.err), CORM_FAILED);
  assert_non_null(strstr(p.f->w.err.message, "Node(id=8) ..."));
  assert_null(strstr(p.f->w.err.message, "Node(id=9)"));
  corm_error_clear(&p.f->w.err);
  plan_clear(&p);
}

static void circles_of_deleted_rows_are_refused(void **state) {
  PLAN(p);
  doomed_node(&p, 1, 2);
  doomed_node(&p, 2, 1);
  refused(&p.f->w, corm_plan_order(&p.flush, &p.f->w.err), CORM_E_CIRCULAR_DEPENDENCY,
          "rows depend on each other in a circle: Node(id=1) -> Node(id=2)");
  plan_clear(&p);
}

/* -- many ---------------------------------------------------------------------------------------------------------- */

static uint32_t chance(uint32_t *seed, uint32_t below) {
  *seed = *seed * 1664525u + 1013904223u;
  return (*seed >> 8) % below;
}

/* Any forest, in any order of add: parents first, every row once. */
static void forests_in_any_order(void **state) {
  flush_world *f = *state;
  for (uint32_t round = 1; round <= 40; round++) {
    uint32_t seed = round, parent[PLAN_ROWS], place[PLAN_ROWS], number[PLAN_ROWS];
    plan p;
    plan_init(&p, f, &corm_mem_libc);
    for (uint32_t i = 0; i < PLAN_ROWS; i++) number[i] = i;
    for (uint32_t i = PLAN_ROWS; i > 1; i--) {
      const uint32_t k = chance(&seed, i), kept = number[k];
      number[k] = number[i - 1];
      number[i - 1] = kept;
    }
    for (uint32_t i = 0; i < PLAN_ROWS; i++) assert_non_null(plan_row(&p, f->w.node, CORM_WORK_INSERT, 0));
    for (uint32_t i = 0; i < PLAN_ROWS; i++) { /* number[] is a hidden order in which parents come first */
      parent[number[i]] = i ? number[chance(&seed, i)] : number[0];
      if (i) plan_needs(&p, "parent", p.rows[number[i]], p.rows[parent[number[i]]]);
    }
    ok(&f->w, corm_plan_order(&p.flush, &f->w.err));
    memset(place, 0xff, sizeof place);
    for (uint32_t i = 0; i < PLAN_ROWS; i++) place[p.flush.order[i]] = i;
    for (uint32_t i = 0; i < PLAN_ROWS; i++) {
      assert_in_range(place[i], 0, PLAN_ROWS - 1);
      if (parent[i] != i) assert_true(place[parent[i]] < place[i]);
    }
    plan_clear(&p);
  }
}

static flush_world *memory_world;

static bool memory_scenario(const corm_mem *mem) {
  plan p;
  corm_error *err = &memory_world->w.err;
  plan_init(&p, memory_world, mem);
  corm_object *a = plan_row(&p, memory_world->w.node, CORM_WORK_INSERT, 0);
  corm_object *b = a ? plan_row(&p, memory_world->w.node, CORM_WORK_INSERT, 0) : NULL;
  bool through = b && plan_row(&p, memory_world->w.address, CORM_WORK_INSERT, 0) &&
                 plan_row(&p, memory_world->w.user, CORM_WORK_INSERT, 0) && plan_key(&p, "parent", a, b) == CORM_OK &&
                 corm_plan_order(&p.flush, err) == CORM_OK;
  if (through) assert_int_equal(p.flush.nsaves, 4);
  if (err->is_set) assert_int_equal(err->cls, CORM_E_MEMORY);
  corm_error_clear(err);
  plan_clear(&p);
  return through;
}

static void no_memory_for_a_plan(void **state) {
  memory_world = *state;
  fail_mem_each(memory_scenario);
}

#define T FLUSH_TEST

int main(void) {
  const struct CMUnitTest tests[] = {
      T(tables_follow_their_foreign_keys),
      T(deletes_go_the_other_way),
      T(updates_go_by_key_and_inserts_by_order_of_add),
      T(rows_of_one_table_wait_for_each_other),
      T(an_update_that_needs_a_new_key_comes_after_it),
      T(tables_on_a_circle_are_sorted_by_row),
      T(deleted_rows_go_from_the_leaves_by_what_the_database_has),
      T(a_circle_is_named),
      T(a_long_circle_is_cut),
      T(circles_of_deleted_rows_are_refused),
      T(forests_in_any_order),
      T(no_memory_for_a_plan),
  };
  return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
