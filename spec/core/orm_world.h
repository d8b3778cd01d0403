/*
 * A small mapped world over an in-memory SQLite database:
 *   User.addresses <-> Address.user, User.tags <-> Tag.users (secondary user_tag), Node.children <-> Node.parent,
 *   Doc.pages <-> Page.doc (composite key).
 */
#ifndef CORM_SPEC_ORM_WORLD_H
#define CORM_SPEC_ORM_WORLD_H

#include <stdio.h>

#include "orm/load.h"
#include "orm/relationship.h"

#include "host.h"

enum { WORLD_TABLES = 10, WORLD_COLUMNS = 5, WORLD_LOG = 64 };

typedef struct world_table {
  corm_table table;
  corm_column columns[WORLD_COLUMNS];
  uint32_t n;
  corm_constraint keys[2];
  const char *names[2][2], *targets[2][2];
  uint32_t nkeys;
} world_table;

typedef struct world {
  const corm_mem *mem;
  host host;
  corm_metadata metadata;
  corm_registry registry;
  world_table tables[WORLD_TABLES];
  uint32_t ntables;
  corm_mapper *mappers[WORLD_TABLES];
  uint32_t nmappers;
  corm_engine *engine;
  corm_session *session;
  corm_arena arena;
  corm_error err;
  char log[WORLD_LOG][1400];
  uint32_t sent; /* statements since the last look */
  corm_mapper *user, *address, *tag, *node, *doc, *page;
} world;

/* -- schema -- */

static inline corm_column *world_column(world_table *t, const char *name, corm_type_kind kind, bool primary_key) {
  corm_column *column = &t->columns[t->n++];
  corm_error err = {0};
  corm_column_init(column, name, corm_type_default(kind));
  column->creation = t->n;
  column->primary_key = primary_key;
  column->nullable = !primary_key;
  return corm_table_add_column(&t->table, column, &err) == CORM_OK ? column : NULL;
}

static inline world_table *world_add_table(world *w, const char *name) {
  world_table *t = &w->tables[w->ntables];
  corm_error err = {0};
  if (corm_table_init(&t->table, w->mem, name, NULL, &err) != CORM_OK) return NULL;
  w->ntables++;
  t->table.creation = w->ntables;
  return corm_metadata_add(&w->metadata, &t->table, &err) == CORM_OK ? t : NULL;
}

static inline bool world_foreign_key(world_table *t, const char *a, const char *to_a, const char *b, const char *to_b) {
  corm_error err = {0};
  const uint32_t i = t->nkeys++;
  t->names[i][0] = a;
  t->names[i][1] = b;
  t->targets[i][0] = to_a;
  t->targets[i][1] = to_b;
  t->keys[i] = (corm_constraint){.kind = CORM_CONSTRAINT_FOREIGN_KEY,
                                 .creation = 100 + i,
                                 .column_names = t->names[i],
                                 .targets = t->targets[i],
                                 .ncolumns = b ? 2 : 1,
                                 .deferrable = -1};
  return corm_table_add_constraint(&t->table, &t->keys[i], &err) == CORM_OK;
}

static inline bool world_schema(world *w) {
  world_table *t;
  bool ok = (t = world_add_table(w, "user")) && world_column(t, "id", CORM_TYPE_INTEGER, true) &&
            world_column(t, "name", CORM_TYPE_STRING, false) && world_column(t, "age", CORM_TYPE_INTEGER, false) &&
            world_column(t, "born", CORM_TYPE_DATE, false);
  ok = ok && (t = world_add_table(w, "address")) && world_column(t, "id", CORM_TYPE_INTEGER, true) &&
       world_column(t, "user_id", CORM_TYPE_INTEGER, false) && world_column(t, "email", CORM_TYPE_STRING, false) &&
       world_foreign_key(t, "user_id", "user.id", NULL, NULL);
  ok = ok && (t = world_add_table(w, "tag")) && world_column(t, "id", CORM_TYPE_INTEGER, true) &&
       world_column(t, "name", CORM_TYPE_STRING, false);
  ok = ok && (t = world_add_table(w, "user_tag")) && world_column(t, "user_id", CORM_TYPE_INTEGER, true) &&
       world_column(t, "tag_id", CORM_TYPE_INTEGER, true) && world_foreign_key(t, "user_id", "user.id", NULL, NULL) &&
       world_foreign_key(t, "tag_id", "tag.id", NULL, NULL);
  ok = ok && (t = world_add_table(w, "node")) && world_column(t, "id", CORM_TYPE_INTEGER, true) &&
       world_column(t, "parent_id", CORM_TYPE_INTEGER, false) && world_column(t, "label", CORM_TYPE_STRING, false) &&
       world_foreign_key(t, "parent_id", "node.id", NULL, NULL);
  ok = ok && (t = world_add_table(w, "doc")) && world_column(t, "part", CORM_TYPE_STRING, true) &&
       world_column(t, "no", CORM_TYPE_INTEGER, true) && world_column(t, "title", CORM_TYPE_STRING, false);
  return ok && (t = world_add_table(w, "page")) && world_column(t, "id", CORM_TYPE_INTEGER, true) &&
         world_column(t, "doc_part", CORM_TYPE_STRING, false) && world_column(t, "doc_no", CORM_TYPE_INTEGER, false) &&
         world_foreign_key(t, "doc_part", "doc.part", "doc_no", "doc.no");
}

static inline corm_column *world_find_column(const world *w, const char *table, const char *name) {
  corm_table *found = corm_metadata_table(&w->metadata, table);
  assert_non_null(found);
  corm_column *column = corm_table_column_by_name(found, name);
  assert_non_null(column);
  return column;
}

/* -- classes -- */

static inline corm_mapper *world_map(world *w, const char *name, const char *table) {
  corm_mapper **out = &w->mappers[w->nmappers];
  corm_table *found = corm_metadata_table(&w->metadata, table);
  const corm_mapper_def def = {.name = name, .table = found};
  if (corm_mapper_new(w->mem, &w->registry, &def, out, &w->err) != CORM_OK) return NULL;
  w->nmappers++;
  return *out;
}

static inline corm_relationship_def world_def(const char *key, const char *target, const char *back) {
  return (corm_relationship_def){
      .key = key, .target = target, .back_populates = back, .uselist = -1, .cascade = CORM_CASCADE_DEFAULT};
}

static inline bool world_relate(world *w, corm_mapper *mapper, const corm_relationship_def *def) {
  corm_relationship *ignored;
  return mapper && corm_relationship_new(mapper, def, &ignored, &w->err) == CORM_OK;
}

/* ORDER BY a column. */
static inline bool world_ordered(world *w, corm_relationship_def *def, const char *table, const char *column) {
  const corm_table *found = corm_metadata_table(&w->metadata, table);
  const corm_node **nodes = corm_arena_zalloc(&w->arena, 1, sizeof *nodes);
  const corm_node *from = corm_table_node_in(&w->arena, found);
  if (!nodes || !from) return false;
  nodes[0] = corm_column_node_in(&w->arena, corm_table_column_by_name(found, column), from);
  def->order_by = nodes;
  def->norder_by = 1;
  return nodes[0] != NULL;
}

static inline bool world_classes(world *w) {
  w->user = world_map(w, "User", "user");
  w->address = w->user ? world_map(w, "Address", "address") : NULL;
  w->tag = w->address ? world_map(w, "Tag", "tag") : NULL;
  w->node = w->tag ? world_map(w, "Node", "node") : NULL;
  w->doc = w->node ? world_map(w, "Doc", "doc") : NULL;
  w->page = w->doc ? world_map(w, "Page", "page") : NULL;
  if (!w->page) return false;
  corm_table *user_tag = corm_metadata_table(&w->metadata, "user_tag");
  corm_column *node_id = world_find_column(w, "node", "id");
  corm_relationship_def addresses = world_def("addresses", "Address", "user");
  corm_relationship_def user = world_def("user", "User", "addresses");
  corm_relationship_def tags = world_def("tags", "Tag", "users");
  corm_relationship_def users = world_def("users", "User", "tags");
  corm_relationship_def children = world_def("children", "Node", "parent");
  corm_relationship_def parent = world_def("parent", "Node", "children");
  corm_relationship_def pages = world_def("pages", "Page", "doc");
  corm_relationship_def doc = world_def("doc", "Doc", "pages");
  tags.secondary = users.secondary = user_tag;
  parent.remote_side = &node_id;
  parent.nremote_side = 1;
  return world_ordered(w, &addresses, "address", "email") && world_ordered(w, &tags, "tag", "name") &&
         world_relate(w, w->user, &addresses) && world_relate(w, w->address, &user) &&
         world_relate(w, w->user, &tags) && world_relate(w, w->tag, &users) && world_relate(w, w->node, &children) &&
         world_relate(w, w->node, &parent) && world_relate(w, w->doc, &pages) && world_relate(w, w->page, &doc);
}

/* -- the database -- */

static inline corm_status world_note(void *ctx, corm_conn *conn, const char *sql, const corm_value *params,
                                     size_t nparams, size_t nrows, corm_error *err) {
  world *w = ctx;
  (void)conn;
  (void)params;
  (void)nparams;
  (void)nrows;
  (void)err;
  char *out = w->log[w->sent++ % WORLD_LOG];
  size_t n = 0;
  for (const char *p = sql; *p && n + 1 < sizeof w->log[0]; p++) { /* white space apart */
    const char c = *p == '\n' ? ' ' : *p;
    if (c != ' ' || (n && out[n - 1] != ' ')) out[n++] = c;
  }
  out[n] = '\0';
  return CORM_OK;
}

static const char *const world_data[] = {
    "CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, born TEXT)",
    "CREATE TABLE address (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES user (id), email TEXT)",
    "CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT)",
    "CREATE TABLE user_tag (user_id INTEGER, tag_id INTEGER)",
    "CREATE TABLE node (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES node (id), label TEXT)",
    "CREATE TABLE doc (part TEXT, \"no\" INTEGER, title TEXT, PRIMARY KEY (part, \"no\"))",
    "CREATE TABLE page (id INTEGER PRIMARY KEY, doc_part TEXT, doc_no INTEGER)",
    "INSERT INTO user VALUES (1, 'ann', 30, '2001-02-03'), (2, 'bob', NULL, NULL), (3, 'cy', 50, '1990-01-01')",
    "INSERT INTO address VALUES (1, 1, 'b@x'), (2, 1, 'a@x'), (3, 3, 'c@x'), (4, NULL, 'd@x')",
    "INSERT INTO tag VALUES (1, 'red'), (2, 'blue'), (3, 'odd')",
    "INSERT INTO user_tag VALUES (1, 1), (1, 2), (2, 2), (1, 1)",
    "INSERT INTO node VALUES (1, NULL, 'root'), (2, 1, 'left'), (3, 1, 'right'), (4, 2, 'leaf')",
    "INSERT INTO doc VALUES ('x', 1, 'x1'), ('x', 2, 'x2'), ('y', 1, 'y1')",
    "INSERT INTO page VALUES (1, 'x', 1), (2, 'x', 2), (3, 'x', 1), (4, 'y', NULL)",
};

static inline bool world_execute(world *w, const char *sql) {
  corm_conn *conn;
  corm_result *result = NULL;
  if (corm_engine_connect(w->engine, &conn, &w->err) != CORM_OK) return false;
  corm_status status = corm_conn_execute_sql(conn, sql, strlen(sql), NULL, &result, &w->err);
  corm_result_release(result);
  if (status == CORM_OK) status = corm_conn_commit(conn, &w->err);
  corm_conn_release(conn);
  return status == CORM_OK;
}

static inline bool world_open_session(world *w) {
  return corm_session_new(w->mem, &w->host.face, w->engine, NULL, NULL, &w->session, &w->err) == CORM_OK;
}

/* Everything; false when out of memory. */
static inline bool world_open(world *w, const corm_mem *mem) {
  memset(w, 0, sizeof *w);
  w->mem = mem;
  host_init(&w->host, mem);
  corm_arena_init(&w->arena, mem);
  corm_metadata_init(&w->metadata, mem);
  corm_registry_init(&w->registry, mem, &w->host.face);
  if (!world_schema(w) || !world_classes(w)) return false;
  if (corm_engine_new(mem, "sqlite://", 9, NULL, &w->engine, &w->err) != CORM_OK) return false;
  corm_engine_observe(w->engine, &(corm_engine_observer){.ctx = w, .before = world_note});
  for (size_t i = 0; i < sizeof world_data / sizeof *world_data; i++)
    if (!world_execute(w, world_data[i])) return false;
  w->sent = 0;
  return world_open_session(w);
}

static inline void world_close(world *w) {
  if (w->session) {
    corm_session_close(w->session);
    corm_session_release(w->session);
  }
  host_clear(&w->host);
  if (w->engine) corm_engine_release(w->engine);
  while (w->nmappers) corm_mapper_free(w->mappers[--w->nmappers]);
  corm_registry_clear(&w->registry);
  corm_metadata_clear(&w->metadata);
  while (w->ntables) corm_table_clear(&w->tables[--w->ntables].table);
  corm_arena_clear(&w->arena);
  corm_error_clear(&w->err);
}

static inline int world_setup(void **state) {
  world *w = calloc(1, sizeof *w);
  if (!w || !world_open(w, &corm_mem_libc)) return 1;
  *state = w;
  return 0;
}

static inline int world_teardown(void **state) {
  world_close(*state);
  free(*state);
  return 0;
}

/* -- looking -- */

#define ok(w, call)                                                                                                    \
  do {                                                                                                                 \
    if ((call) != CORM_OK) fail_msg("%s: %s", #call, (w)->err.message);                                                \
  } while (0)

/* The call fails with this class and a message that begins so. */
#define refused(w, call, error_class, begins)                                                                          \
  do {                                                                                                                 \
    assert_int_equal((call), CORM_FAILED);                                                                             \
    assert_string_equal(corm_error_class_name((w)->err.cls), corm_error_class_name(error_class));                      \
    if (strncmp((w)->err.message, begins, strlen(begins)) != 0) fail_msg("%s", (w)->err.message);                      \
    corm_error_clear(&(w)->err);                                                                                       \
  } while (0)

/* Exactly these statements were sent since the last look. */
static inline void world_sent(world *w, uint32_t n, const char *const *texts) {
  for (uint32_t i = 0; i < w->sent && i < n; i++) assert_string_equal(w->log[i], texts[i]);
  if (w->sent > n) fail_msg("unexpected: %s", w->log[n]);
  assert_int_equal(w->sent, n);
  w->sent = 0;
}
#define sent(w, ...)                                                                                                   \
  world_sent((w), (uint32_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)),                             \
             (const char *const[]){__VA_ARGS__})
#define sent_nothing(w) world_sent((w), 0, NULL)

static inline void world_sent_count(world *w, uint32_t n) {
  assert_int_equal(w->sent, n);
  w->sent = 0;
}

static inline corm_relationship *world_rel(const corm_mapper *mapper, const char *key) {
  corm_relationship *relationship = corm_mapper_relationship(mapper, key, strlen(key));
  assert_non_null(relationship);
  return relationship;
}

/* SELECT of a class ordered by its primary key. */
static inline corm_select *world_select(world *w, const corm_mapper *mapper) {
  corm_select *select = corm_arena_zalloc(&w->arena, 1, sizeof *select);
  const corm_node **columns = corm_arena_zalloc(&w->arena, 1, sizeof *columns);
  const corm_node **order_by = corm_arena_zalloc(&w->arena, mapper->npk, sizeof *order_by);
  assert_true(select && columns && order_by);
  columns[0] = &mapper->bundle->base;
  select->base = (corm_node){.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)};
  select->columns = columns;
  select->ncolumns = 1;
  for (uint32_t i = 0; i < mapper->npk; i++)
    order_by[i] = corm_mapper_column_in(&w->arena, mapper, mapper->pk[i], NULL);
  select->order_by = order_by;
  select->norder_by = mapper->npk;
  return select;
}

/* Runs a select; the values are held until host_drop. */
static inline corm_status world_load(world *w, const corm_select *select, const corm_load_options *options,
                                     host_values *out) {
  corm_loader *loader;
  *out = (host_values){.mem = w->mem};
  corm_status status = corm_loader_new(w->session, &select->base, NULL, options, &loader, &w->err);
  if (status != CORM_OK) return status;
  status = host_run_into(&w->host, loader, out, &w->err);
  corm_loader_free(loader);
  return status;
}

static inline host_values world_all(world *w, const corm_mapper *mapper) {
  host_values values;
  ok(w, world_load(w, world_select(w, mapper), NULL, &values));
  return values;
}

/* An object's attribute as text, without loading. */
static inline const char *world_slot(const corm_object *object, const char *key) {
  static char text[4][128];
  static unsigned turn;
  char *out = text[turn++ % 4];
  const int32_t slot = corm_mapper_slot(object->mapper, key, strlen(key));
  assert_true(slot >= 0);
  const corm_value *value = &object->slots[slot];
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  if (value->flags & CORM_VALUE_EXPIRED) corm_buf_puts(&buf, "expired ");
  if (value->kind == CORM_ABSENT)
    corm_buf_puts(&buf, "absent");
  else
    corm_value_describe(value, 100, &buf);
  snprintf(out, sizeof text[0], "%s", corm_buf_str(&buf));
  corm_buf_clear(&buf);
  return out;
}

/* The ids of what a relationship holds in memory: "2,1"; "-" when not loaded, "none". */
static inline const char *world_ids(const corm_object *object, const char *key) {
  static char text[256];
  const corm_link *link = corm_object_find_link(object, world_rel(object->mapper, key));
  size_t len = 0;
  if (!link || !link->loaded) return "-";
  text[0] = '\0';
  const uint32_t n = corm_link_items(link)->n ? corm_link_items(link)->n : corm_link_one(link) != NULL;
  for (uint32_t i = 0; i < n; i++) {
    const corm_object *other = corm_link_items(link)->n ? corm_link_items(link)->ptr[i].object : corm_link_one(link);
    const corm_value *id = &other->slots[other->mapper->pk[other->mapper->npk - 1]];
    len += (size_t)snprintf(text + len, sizeof text - len, i ? ",%d" : "%d", (int)id->as.i);
  }
  return n ? text : "none";
}

/* Loads a relationship as an access does. */
static inline const char *world_access(world *w, corm_object *object, const char *key) {
  ok(w, corm_object_load_link(object, world_rel(object->mapper, key), &w->err));
  return world_ids(object, key);
}

/* -- memory -- */

typedef corm_status world_work(world *w);

/* Fails each allocation of the work in turn; the world is set up before and torn down after with memory enough. */
static inline void world_fail_each(world_work *what) {
  for (size_t n = 1, through = 0; !through; n++) {
    fail_mem fail;
    fail_mem_init(&fail, 0);
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    assert_true(world_open(w, &fail.mem));
    fail.fail_at = fail.calls + n;
    corm_status status = what(w);
    through = fail.failures == 0;
    fail.fail_at = 0;
    if (status == CORM_OK && !through) fail_msg("allocation %zu failed unnoticed", n);
    if (through && status != CORM_OK) fail_msg("%s", w->err.message);
    if (!through) assert_int_equal(w->err.cls, CORM_E_MEMORY);
    world_close(w);
    free(w);
    assert_int_equal(fail.live, 0);
  }
}

#endif
