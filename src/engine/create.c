#include "engine/create.h"

#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "sql/ddl.h"

/* One creating or dropping. */
typedef struct creation {
  corm_conn *conn;
  const corm_dialect *dialect;
  const corm_create *what;
  corm_buf sql;
  corm_arena arena;
  bool *made;              /* of a table: it was not there (creating), or it is there (dropping) */
  const corm_type **types; /* those that columns of `made` tables have */
  size_t ntypes;
  const corm_sequence **sequences; /* the metadata's own first, then those of columns of `made` tables */
  bool *drawn;                     /* of a sequence: it is still to be made, or dropped */
  const corm_column **owners;      /* of a sequence: its column; NULL: it has none */
  size_t nsequences;
} creation;

static corm_status begin(creation *c, corm_conn *conn, const corm_create *what, corm_error *err) {
  const corm_mem *mem = conn ? corm_engine_mem(corm_conn_engine(conn)) : what->mem;
  *c = (creation){
      .conn = conn, .dialect = conn ? corm_engine_dialect(corm_conn_engine(conn)) : what->dialect, .what = what};
  corm_buf_init(&c->sql, mem);
  corm_arena_init(&c->arena, mem);
  c->made = corm_arena_zalloc(&c->arena, what->n + 1, sizeof *c->made);
  return c->made ? CORM_OK : corm_error_memory(err);
}

static corm_status end(creation *c, corm_status status) {
  corm_buf_clear(&c->sql);
  corm_arena_clear(&c->arena);
  return status;
}

/* -- telling ------------------------------------------------------------------------------------------------------- */

static corm_status send(creation *c, const char *sql, size_t len, corm_error *err) {
  corm_result *result = NULL;
  if (c->what->sink) {
    const corm_ddl_element element = {.kind = CORM_DDL_TEXT, .object = (void *)(uintptr_t)sql};
    return c->what->sink(c->what->ctx, &element, err);
  }
  corm_status status = corm_conn_execute_sql(c->conn, sql, len, NULL, &result, err);
  corm_result_release(result);
  return status;
}

/* Runs what was written to c->sql, if anything was. */
static corm_status run(creation *c, corm_status written, corm_error *err) {
  if (written != CORM_OK) return CORM_FAILED;
  if (c->sql.failed) return corm_error_memory(err);
  corm_status status = c->sql.len > 0 ? send(c, corm_buf_str(&c->sql), c->sql.len, err) : CORM_OK;
  corm_buf_reset(&c->sql);
  return status;
}

static corm_status run_element(creation *c, corm_ddl_kind kind, void *object, corm_error *err) {
  const corm_ddl_element element = {.kind = kind, .object = object};
  if (c->what->sink) return c->what->sink(c->what->ctx, &element, err);
  return run(c, corm_ddl_write(c->dialect, &element, &c->sql, err), err);
}

/* -- what is there ------------------------------------------------------------------------------------------------- */

enum { TOGETHER = 100 }; /* questions of one statement */

typedef struct question {
  const char *name, *schema;
  bool yes;
} question;

/* Appends the dialect's question, which has two parameters, as the nth of a statement. */
static void write_question(corm_buf *out, const char *sql, size_t nth) {
  corm_buf_puts(out, nth == 0 ? "SELECT EXISTS (" : ", EXISTS (");
  while (*sql) {
    const char *mark = strpbrk(sql, "$?");
    if (!mark || mark[1] < '1' || mark[1] > '9') { /* "?" alone has no number */
      const size_t len = mark ? (size_t)(mark - sql) + 1 : strlen(sql);
      corm_buf_add(out, sql, len);
      sql += len;
      continue;
    }
    char *end = NULL;
    const unsigned long number = strtoul(mark + 1, &end, 10);
    corm_buf_add(out, sql, (size_t)(mark - sql) + 1);
    corm_buf_printf(out, "%zu", nth * 2 + number);
    sql = end;
  }
  corm_buf_putc(out, ')');
}

static corm_status ask_some(creation *c, const char *sql, question *questions, size_t n, corm_error *err) {
  corm_result *result = NULL;
  corm_value values[2 * TOGETHER];
  corm_params params = {.values = values, .n = 2 * n};
  for (size_t i = 0; i < n; i++) {
    const char *schema = questions[i].schema;
    values[2 * i] = corm_value_text(questions[i].name, strlen(questions[i].name));
    values[2 * i + 1] = schema ? corm_value_text(schema, strlen(schema)) : corm_value_null();
    write_question(&c->sql, sql, i);
  }
  corm_status status = c->sql.failed ? corm_error_memory(err) : CORM_OK;
  if (status == CORM_OK)
    status = corm_conn_execute_sql(c->conn, corm_buf_str(&c->sql), c->sql.len, &params, &result, err);
  if (status == CORM_OK) status = corm_result_next(result, err);
  for (size_t i = 0; status == CORM_ROW && i < n; i++) {
    corm_value answer;
    corm_result_raw(result, i, &answer);
    questions[i].yes = answer.as.i != 0;
  }
  corm_result_release(result);
  corm_buf_reset(&c->sql);
  return status == CORM_FAILED ? CORM_FAILED : CORM_OK;
}

static corm_status ask(creation *c, const char *sql, question *questions, size_t n, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t at = 0; status == CORM_OK && at < n; at += TOGETHER)
    status = ask_some(c, sql, questions + at, n - at < TOGETHER ? n - at : TOGETHER, err);
  return status;
}

static bool asks(const creation *c) {
  return c->what->checkfirst && !c->what->sink;
}

/* Finds out which tables are to be worked on. */
static corm_status choose(creation *c, bool when_there, corm_error *err) {
  const size_t n = c->what->n;
  question *questions = corm_arena_zalloc(&c->arena, n + 1, sizeof *questions);
  if (!questions) return corm_error_memory(err);
  for (size_t i = 0; i < n; i++)
    questions[i] = (question){c->what->tables[i]->name, c->what->tables[i]->schema, when_there};
  if (asks(c) && ask(c, c->dialect->has_table_sql, questions, n, err) != CORM_OK) return CORM_FAILED;
  for (size_t i = 0; i < n; i++) c->made[i] = questions[i].yes == when_there;
  return CORM_OK;
}

/* -- types --------------------------------------------------------------------------------------------------------- */

/* The type that the column's type is or has as item, if it has a name of its own; else NULL. */
static const corm_type *named_type(const corm_dialect *dialect, const corm_column *column) {
  const corm_type *type = corm_type_on(column->type, dialect->name);
  if (type->kind == CORM_TYPE_ARRAY) type = type->item;
  return type && type->kind == CORM_TYPE_ENUM && type->name && !type->bare && !type->made_elsewhere ? type : NULL;
}

static bool same_text(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_type(const corm_type *a, const corm_type *b) {
  return same_text(a->name, b->name) && same_text(a->schema, b->schema);
}

static bool is_known(const creation *c, const corm_type *type) {
  for (size_t i = 0; i < c->ntypes; i++)
    if (same_type(c->types[i], type)) return true;
  return false;
}

static corm_status collect_types(creation *c, corm_error *err) {
  size_t columns = 0;
  if (!c->dialect->create_type) return CORM_OK;
  for (size_t i = 0; i < c->what->n; i++) columns += c->what->tables[i]->columns.len;
  c->types = corm_arena_alloc(&c->arena, (columns + 1) * sizeof *c->types);
  if (!c->types) return corm_error_memory(err);
  for (size_t i = 0; i < c->what->n; i++) {
    const corm_vec *list = &c->what->tables[i]->columns;
    for (size_t k = 0; c->made[i] && k < list->len; k++) {
      const corm_type *type = named_type(c->dialect, list->items[k]);
      if (type && !is_known(c, type)) c->types[c->ntypes++] = type;
    }
  }
  return CORM_OK;
}

/* Keeps those types that are there, or those that are not. */
static corm_status keep_types(creation *c, bool there, corm_error *err) {
  size_t n = 0;
  question *questions = corm_arena_zalloc(&c->arena, c->ntypes + 1, sizeof *questions);
  if (!questions) return corm_error_memory(err);
  for (size_t i = 0; i < c->ntypes; i++) questions[i] = (question){c->types[i]->name, c->types[i]->schema, false};
  for (size_t i = 0; i < c->ntypes; i++) questions[i].yes = there;
  if (!c->what->sink && ask(c, c->dialect->has_type_sql, questions, c->ntypes, err) != CORM_OK) return CORM_FAILED;
  for (size_t i = 0; i < c->ntypes; i++)
    if (questions[i].yes == there) c->types[n++] = c->types[i];
  c->ntypes = n;
  return CORM_OK;
}

/* Other tables may have brought a type along before. */
static corm_status create_types(creation *c, corm_error *err) {
  if (keep_types(c, false, err) != CORM_OK) return CORM_FAILED;
  for (size_t i = 0; i < c->ntypes; i++)
    if (run(c, c->dialect->create_type(c->dialect, c->types[i], &c->sql, err), err) != CORM_OK) return CORM_FAILED;
  return CORM_OK;
}

static bool is_chosen(const creation *c, const corm_table *table) {
  for (size_t i = 0; i < c->what->n; i++)
    if (c->what->tables[i] == table) return true;
  return false;
}

/* True when a table that is not dropped has a column of the type. */
static bool is_used(const creation *c, const corm_type *type) {
  const corm_metadata *metadata = c->what->n ? c->what->tables[0]->metadata : NULL;
  size_t pos = 0;
  for (const corm_map_entry *entry; metadata && (entry = corm_map_next(&metadata->tables, &pos));) {
    const corm_table *table = entry->value;
    for (size_t k = 0; !is_chosen(c, table) && k < table->columns.len; k++) {
      const corm_type *other = named_type(c->dialect, table->columns.items[k]);
      if (other && same_type(other, type)) return true;
    }
  }
  return false;
}

static corm_status drop_types(creation *c, corm_error *err) {
  size_t n = 0;
  for (size_t i = 0; i < c->ntypes; i++)
    if (!is_used(c, c->types[i])) c->types[n++] = c->types[i];
  c->ntypes = n;
  if (asks(c) && keep_types(c, true, err) != CORM_OK) return CORM_FAILED;
  for (size_t i = 0; i < c->ntypes; i++)
    if (run(c, c->dialect->drop_type(c->dialect, c->types[i], &c->sql, err), err) != CORM_OK) return CORM_FAILED;
  return CORM_OK;
}

/* -- sequences ----------------------------------------------------------------------------------------------------- */

static void note_sequence(creation *c, const corm_sequence *sequence, const corm_column *owner) {
  for (size_t i = 0; i < c->nsequences; i++) {
    if (c->sequences[i] != sequence) continue;
    if (owner) c->owners[i] = owner;
    return;
  }
  c->owners[c->nsequences] = owner;
  c->sequences[c->nsequences++] = sequence;
}

static corm_status collect_sequences(creation *c, bool there, corm_error *err) {
  const corm_vec *own = c->what->sequences;
  size_t most = own ? own->len : 0;
  if (!c->dialect->sequences) return CORM_OK;
  for (size_t i = 0; i < c->what->n; i++) most += c->what->tables[i]->columns.len;
  c->sequences = corm_arena_zalloc(&c->arena, most + 1, sizeof *c->sequences);
  c->owners = corm_arena_zalloc(&c->arena, most + 1, sizeof *c->owners);
  c->drawn = corm_arena_zalloc(&c->arena, most + 1, sizeof *c->drawn);
  question *questions = corm_arena_zalloc(&c->arena, most + 1, sizeof *questions);
  if (!c->sequences || !c->owners || !c->drawn || !questions) return corm_error_memory(err);
  for (size_t i = 0; own && i < own->len; i++) note_sequence(c, own->items[i], NULL);
  for (size_t i = 0; i < c->what->n; i++) {
    const corm_vec *columns = &c->what->tables[i]->columns;
    for (size_t k = 0; k < columns->len; k++) {
      const corm_column *column = columns->items[k];
      if (column->sequence && !column->sequence->optional) note_sequence(c, column->sequence, column);
    }
  }
  for (size_t i = 0; i < c->nsequences; i++)
    questions[i] = (question){c->sequences[i]->name, c->sequences[i]->schema, there};
  if (asks(c) && ask(c, c->dialect->has_sequence_sql, questions, c->nsequences, err) != CORM_OK) return CORM_FAILED;
  for (size_t i = 0; i < c->nsequences; i++) c->drawn[i] = questions[i].yes == there;
  return CORM_OK;
}

/* Makes or drops the sequences of a table's columns; those without a column for NULL. */
static corm_status run_sequences(creation *c, corm_ddl_kind kind, const corm_table *table, corm_error *err) {
  for (size_t i = 0; i < c->nsequences; i++) {
    const corm_table *owner = c->owners[i] ? c->owners[i]->table : NULL;
    if (!c->drawn[i] || owner != table) continue;
    c->drawn[i] = false;
    if (run_element(c, kind, (void *)(uintptr_t)c->sequences[i], err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

static corm_status tell(const creation *c, corm_create_event event, corm_table *table, corm_error *err) {
  return c->what->event ? c->what->event(c->what->ctx, event, table, err) : CORM_OK;
}

/* -- creating ------------------------------------------------------------------------------------------------------ */

/* A foreign key that is added afterwards: it wants that, or its target is made later. */
static bool is_apart(const void *ctx, const corm_dialect *dialect, const corm_constraint *constraint) {
  const creation *c = ctx;
  if (dialect->inline_keys) return false;
  if (constraint->use_alter) return true;
  bool passed = false;
  for (size_t i = c->what->n - c->what->ncycle; i < c->what->n; i++) {
    if (passed && c->made[i] && c->what->tables[i] == constraint->target_columns[0]->table) return true;
    if (c->what->tables[i] == constraint->table) passed = true;
  }
  return false;
}

/* True when the table is not made as CreateTable shows it. */
static bool has_apart(const creation *c, const corm_table *table) {
  for (size_t i = 0; i < table->constraints.len; i++) {
    const corm_constraint *constraint = table->constraints.items[i];
    if (constraint->kind == CORM_CONSTRAINT_FOREIGN_KEY && is_apart(c, c->dialect, constraint)) return true;
  }
  return false;
}

/* COMMENT ON, where comments do not stand in CREATE TABLE. */
static corm_status set_comments(creation *c, corm_table *table, corm_error *err) {
  if (c->dialect->no_comments || c->dialect->inline_comments) return CORM_OK;
  if (table->comment && run_element(c, CORM_DDL_SET_TABLE_COMMENT, table, err) != CORM_OK) return CORM_FAILED;
  for (size_t i = 0; i < table->columns.len; i++) {
    corm_column *column = table->columns.items[i];
    if (column->comment && run_element(c, CORM_DDL_SET_COLUMN_COMMENT, column, err) != CORM_OK) return CORM_FAILED;
  }
  for (size_t i = 0; c->dialect->constraint_comments && i < table->constraints.len; i++) {
    corm_constraint *constraint = table->constraints.items[i];
    if (constraint->comment && run_element(c, CORM_DDL_SET_CONSTRAINT_COMMENT, constraint, err) != CORM_OK)
      return CORM_FAILED;
  }
  return CORM_OK;
}

static corm_status create_table(creation *c, corm_table *table, corm_error *err) {
  if (tell(c, CORM_BEFORE_CREATE, table, err) != CORM_OK) return CORM_FAILED;
  if (run_sequences(c, CORM_DDL_CREATE_SEQUENCE, table, err) != CORM_OK) return CORM_FAILED;
  corm_status written = corm_ddl_create_table_without(c->dialect, table, 0, is_apart, c, &c->sql, err);
  if (c->what->sink && written == CORM_OK && !has_apart(c, table)) {
    corm_buf_reset(&c->sql);
    if (run_element(c, CORM_DDL_CREATE_TABLE, table, err) != CORM_OK) return CORM_FAILED;
  } else if (run(c, written, err) != CORM_OK) {
    return CORM_FAILED;
  }
  for (size_t i = 0; i < table->indexes.len; i++) {
    bool wanted;
    const corm_index *index = table->indexes.items[i];
    if (corm_ddl_is_wanted(c->dialect, index->condition, &wanted, err) != CORM_OK) return CORM_FAILED;
    if (!wanted) continue;
    if (run_element(c, CORM_DDL_CREATE_INDEX, table->indexes.items[i], err) != CORM_OK) return CORM_FAILED;
  }
  if (set_comments(c, table, err) != CORM_OK) return CORM_FAILED;
  return tell(c, CORM_AFTER_CREATE, table, err);
}

static corm_status add_keys(creation *c, const corm_table *table, corm_error *err) {
  for (size_t i = 0; i < table->constraints.len; i++) {
    corm_constraint *constraint = table->constraints.items[i];
    if (constraint->kind != CORM_CONSTRAINT_FOREIGN_KEY || !is_apart(c, c->dialect, constraint)) continue;
    if (run_element(c, CORM_DDL_ADD_CONSTRAINT, constraint, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

corm_status corm_conn_create(corm_conn *conn, const corm_create *what, corm_error *err) {
  creation c;
  corm_status status = begin(&c, conn, what, err);
  if (status == CORM_OK) status = choose(&c, false, err);
  if (status == CORM_OK) status = collect_types(&c, err);
  if (status == CORM_OK) status = create_types(&c, err);
  if (status == CORM_OK) status = collect_sequences(&c, false, err);
  if (status == CORM_OK) status = run_sequences(&c, CORM_DDL_CREATE_SEQUENCE, NULL, err);
  for (size_t i = 0; i < what->n && status == CORM_OK; i++)
    if (c.made[i]) status = create_table(&c, what->tables[i], err);
  for (size_t i = 0; i < what->n && status == CORM_OK; i++)
    if (c.made[i]) status = add_keys(&c, what->tables[i], err);
  return end(&c, status);
}

/* -- dropping ------------------------------------------------------------------------------------------------------ */

/* True when no order of the tables lets them go one by one. */
static bool is_entangled(const corm_create *what) {
  if (what->ncycle > 0) return true;
  for (size_t i = 0; i < what->n; i++) {
    const corm_vec *constraints = &what->tables[i]->constraints;
    for (size_t k = 0; k < constraints->len; k++)
      if (((const corm_constraint *)constraints->items[k])->use_alter) return true;
  }
  return false;
}

/* True when one of the tables in `left` has a foreign key to the table. */
static bool is_wanted_by(const corm_create *what, const bool *left, const corm_table *table) {
  for (size_t i = what->n - what->ncycle; i < what->n; i++) {
    const corm_table *from = what->tables[i];
    for (size_t k = 0; left[i] && from != table && k < from->constraints.len; k++) {
      const corm_constraint *key = from->constraints.items[k];
      if (key->kind != CORM_CONSTRAINT_FOREIGN_KEY || key->use_alter || !key->target_columns) continue;
      if (key->target_columns[0]->table == table) return true;
    }
  }
  return false;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Warns where keys cannot be dropped first: no order of these tables is right. The last ncycle tables are those of
   cycles and those that refer to them; the latter are no trouble, since nothing refers to them. */
static corm_status warn_of_cycle(creation *c, corm_error *err) {
  const corm_create *what = c->what;
  size_t n = 0;
  bool *left = corm_arena_zalloc(&c->arena, what->n + 1, sizeof *left);
  const char **names = corm_arena_alloc(&c->arena, (what->ncycle + 1) * sizeof *names);
  if (!left || !names) return corm_error_memory(err);
  for (size_t i = what->n - what->ncycle; i < what->n; i++) left[i] = c->made[i];
  for (bool again = true; again;) {
    again = false;
    for (size_t i = what->n - what->ncycle; i < what->n; i++) {
      if (!left[i] || is_wanted_by(what, left, what->tables[i])) continue;
      left[i] = false;
      again = true;
    }
  }
  for (size_t i = 0; i < what->n; i++)
    if (left[i]) names[n++] = what->tables[i]->fullname;
  if (n == 0) return CORM_OK;
  qsort(names, n, sizeof *names, compare_names);
  corm_buf_puts(&c->sql, "cannot sort tables for DROP: the foreign keys of ");
  for (size_t i = 0; i < n; i++) corm_buf_printf(&c->sql, "%s'%s'", i > 0 ? ", " : "", names[i]);
  corm_buf_printf(&c->sql, " lead back to where they begin, and %s cannot drop keys by ALTER; ", c->dialect->name);
  corm_buf_puts(&c->sql, "use_alter = true of such a ForeignKey leaves it out of the order");
  const char *warning = corm_buf_str(&c->sql);
  if (!warning) return corm_error_memory(err);
  corm_conn_warn(c->conn, warning);
  corm_buf_reset(&c->sql);
  return CORM_OK;
}

static corm_status drop_table(creation *c, corm_table *table, corm_error *err) {
  if (tell(c, CORM_BEFORE_DROP, table, err) != CORM_OK) return CORM_FAILED;
  if (run_element(c, CORM_DDL_DROP_TABLE, table, err) != CORM_OK) return CORM_FAILED;
  if (run_sequences(c, CORM_DDL_DROP_SEQUENCE, table, err) != CORM_OK) return CORM_FAILED;
  return tell(c, CORM_AFTER_DROP, table, err);
}

static corm_status drop_one_by_one(creation *c, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t i = c->what->n; i-- > 0 && status == CORM_OK;)
    if (c->made[i]) status = drop_table(c, c->what->tables[i], err);
  return status;
}

static corm_status drop_together(creation *c, corm_error *err) {
  size_t n = 0;
  corm_table **tables = corm_arena_alloc(&c->arena, (c->what->n + 1) * sizeof *tables);
  if (!tables) return corm_error_memory(err);
  for (size_t i = c->what->n; i-- > 0;)
    if (c->made[i]) tables[n++] = c->what->tables[i];
  for (size_t i = 0; i < n; i++)
    if (tell(c, CORM_BEFORE_DROP, tables[i], err) != CORM_OK) return CORM_FAILED;
  if (n && run(c, corm_ddl_drop_tables(c->dialect, tables, n, &c->sql, err), err) != CORM_OK) return CORM_FAILED;
  for (size_t i = 0; i < n; i++) {
    if (run_sequences(c, CORM_DDL_DROP_SEQUENCE, tables[i], err) != CORM_OK) return CORM_FAILED;
    if (tell(c, CORM_AFTER_DROP, tables[i], err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

static corm_status drop_entangled(creation *c, corm_error *err) {
  const corm_dialect *dialect = c->dialect;
  if (dialect->inline_keys && c->conn && warn_of_cycle(c, err) != CORM_OK) return CORM_FAILED;
  if (!dialect->keys_off) return drop_together(c, err);
  if (send(c, dialect->keys_off, strlen(dialect->keys_off), err) != CORM_OK) return CORM_FAILED;
  corm_status status = drop_one_by_one(c, err);
  /* After a failure, too; its error is the one that counts. */
  if (dialect->keys_on) {
    corm_error second;
    corm_error_init(&second);
    corm_status restored = send(c, dialect->keys_on, strlen(dialect->keys_on), status == CORM_OK ? err : &second);
    corm_error_clear(&second);
    if (status == CORM_OK) status = restored;
  }
  return status;
}

corm_status corm_conn_drop(corm_conn *conn, const corm_create *what, corm_error *err) {
  creation c;
  corm_status status = begin(&c, conn, what, err);
  if (status == CORM_OK) status = choose(&c, true, err);
  if (status == CORM_OK) status = collect_types(&c, err);
  if (status == CORM_OK) status = collect_sequences(&c, true, err);
  if (status == CORM_OK) status = is_entangled(what) ? drop_entangled(&c, err) : drop_one_by_one(&c, err);
  if (status == CORM_OK) status = run_sequences(&c, CORM_DDL_DROP_SEQUENCE, NULL, err);
  if (status == CORM_OK) status = drop_types(&c, err);
  return end(&c, status);
}
