/* The statements of a writer, the proof that keys can be given to rows, and whom an error is about. */
#include "engine/bulk_writer.h"

#include <string.h>

#include "engine/internal.h"

/* -- statements ---------------------------------------------------------------------------------------------------- */

/* What RETURNING gives: the key, then the other columns. */
static const corm_column **returned(corm_writer *w) {
  const corm_writer_def *def = &w->def;
  const corm_column **columns = corm_arena_alloc(w->arena, (def->nreturning + 1) * sizeof *columns);
  if (!columns) return NULL;
  if (w->key_returned) columns[0] = def->key;
  for (size_t i = 0; i < def->nreturning; i++) columns[i + w->key_returned] = def->returning[i];
  return columns;
}

/* Whether there may be a statement whose parameters are arrays. */
static bool wants_arrays(const corm_writer *w, const corm_dialect *dialect) {
  return w->source || (w->way == WAY_ARRAYS && dialect->bulk == CORM_BULK_UNNEST);
}

static corm_status compile_insert(corm_writer *w, const corm_dialect *dialect, corm_error *err) {
  const corm_writer_def *def = &w->def;
  const corm_column **back = returned(w);
  if (!back) return corm_error_memory(err);
  corm_status status = corm_compile_insert_in(w->arena, dialect, def->table, def->columns, def->ncolumns, def->inlined,
                                              back, def->nreturning + w->key_returned, &w->one, err);
  if (status != CORM_OK || !wants_arrays(w, dialect)) return status;
  const corm_node **nodes = corm_arena_alloc(w->arena, (def->nreturning + 1) * sizeof *nodes);
  const corm_node *from = w->key_returned ? corm_table_node_in(w->arena, def->table) : NULL;
  if (!nodes || (w->key_returned && !from)) return corm_error_memory(err);
  if (w->key_returned && !(nodes[0] = corm_column_node_in(w->arena, def->key, from))) return corm_error_memory(err);
  return corm_compile_insert_arrays_in(w->arena, dialect, def->table, def->columns, def->ncolumns, nodes,
                                       w->key_returned, &w->set, err);
}

static corm_status compile_update(corm_writer *w, const corm_dialect *dialect, corm_error *err) {
  const corm_writer_def *def = &w->def;
  corm_status status = corm_compile_update_in(w->arena, dialect, def->table, def->columns, def->ncolumns, def->inlined,
                                              def->where, def->nwhere, &w->one, err);
  if (status != CORM_OK || !wants_arrays(w, dialect)) return status;
  return corm_compile_update_arrays_in(w->arena, dialect, def->table, def->columns, def->ncolumns, def->where,
                                       def->nwhere, &w->set, err);
}

static corm_status compile_delete(corm_writer *w, const corm_dialect *dialect, corm_error *err) {
  const corm_writer_def *def = &w->def;
  corm_status status = corm_compile_delete_in(w->arena, dialect, def->table, def->where, def->nwhere, &w->one, err);
  if (status != CORM_OK || !wants_arrays(w, dialect)) return status;
  return corm_compile_delete_arrays_in(w->arena, dialect, def->table, def->where, def->nwhere, &w->set, err);
}

static corm_status compile(corm_writer *w, const corm_dialect *dialect, corm_error *err) {
  switch (w->def.kind) {
  case CORM_WRITE_INSERT: return compile_insert(w, dialect, err);
  case CORM_WRITE_UPDATE: return compile_update(w, dialect, err);
  case CORM_WRITE_DELETE: break;
  }
  return compile_delete(w, dialect, err);
}

/* SQLite: chunks of VALUES, and what a row source can do. Rows that change their keys may make way for each other, so
   they keep their order. */
static void choose_values(corm_writer *w, const corm_dialect *dialect, bool able) {
  const corm_writer_def *def = &w->def;
  if (def->kind == CORM_WRITE_INSERT) {
    if (!def->nreturning && def->ncolumns && !(def->key && !dialect->key_sql)) w->way = WAY_VALUES;
    w->counted_keys = true;
    able = able && w->way == WAY_VALUES;
  }
  for (size_t i = 0; i < def->ncolumns; i++)
    for (size_t k = 0; k + def->versioned < def->nwhere; k++) able = able && def->columns[i] != def->where[k];
  w->source = able && dialect->row_source;
}

/* What the driver and the columns allow. */
static void choose_way(corm_writer *w, const corm_dialect *dialect) {
  const corm_writer_def *def = &w->def;
  const bool insert = def->kind == CORM_WRITE_INSERT, able = w->conn->driver->bind_rows != NULL;
  w->key_returned = def->key && dialect->insert_returning && dialect->bulk != CORM_BULK_VALUES;
  w->max_params = dialect->max_params;
  switch (dialect->bulk) {
  case CORM_BULK_NONE: break;
  case CORM_BULK_VALUES: choose_values(w, dialect, able); return;
  case CORM_BULK_UNNEST: /* only keys have an order to be known by */
    if (able && !def->nreturning) w->way = WAY_ARRAYS;
    w->sorted_keys = true;
    w->proof = dialect->key_sql ? PROOF_ONCE : PROOF_HOLDS;
    return;
  case CORM_BULK_ARRAY:
    if (able && (!insert || ((!def->key || w->key_returned) && def->ncolumns))) w->way = WAY_ARRAYS;
    w->proof = PROOF_HOLDS;
    return;
  }
}

static bool has_constants(const corm_compiled *compiled) {
  for (uint32_t i = 0; i < compiled->nbinds; i++)
    if (compiled->binds[i].node) return true;
  return false;
}

corm_status corm_writer_new(corm_conn *conn, corm_arena *arena, const corm_writer_def *def, corm_writer **out,
                            corm_error *err) {
  const corm_dialect *dialect = conn->engine->dialect;
  corm_writer *w = corm_arena_zalloc(arena, 1, sizeof *w);
  if (!w) return corm_error_memory(err);
  *w = (corm_writer){.conn = conn, .arena = arena, .def = *def};
  choose_way(w, dialect);
  if (def->singly) {
    w->way = WAY_ROWS;
    w->source = false;
  }
  if (def->in_order) {
    if (dialect->bulk == CORM_BULK_UNNEST) w->way = WAY_ROWS;
    w->source = false;
  }
  if (compile(w, dialect, err) != CORM_OK) return CORM_FAILED;
  w->has_constants = has_constants(&w->one);
  if (!w->set.sql) w->source = false;
  if (w->way == WAY_ARRAYS && dialect->bulk == CORM_BULK_UNNEST && !w->set.sql) w->way = WAY_ROWS;
  if (w->way == WAY_ARRAYS && dialect->bulk == CORM_BULK_ARRAY) {
    w->set = w->one;
    if (w->has_constants) w->way = WAY_ROWS;
  }
  *out = w;
  return CORM_OK;
}

void corm_writer_close(corm_writer *w) {
  corm_batch_close(w->one_batch);
  corm_batch_close(w->set_batch);
  for (size_t i = 0; i < WRITER_CHUNKS; i++) corm_batch_close(w->chunks[i].batch);
  w->one_batch = w->set_batch = NULL;
  memset(w->chunks, 0, sizeof w->chunks);
}

/* -- chunks -------------------------------------------------------------------------------------------------------- */

size_t corm_writer_chunk(const corm_writer *w, size_t left) {
  const size_t width = w->one.nbinds;
  size_t n = WRITER_MAX_CHUNK;
  while (n >= 4 && (n > left || n * width > w->max_params)) n /= 2;
  return n >= 4 ? n : 0;
}

/* The statement of a chunk; its text is NULL when out of memory. */
static writer_text *chunk_of(corm_writer *w, const corm_compiled *compiled, size_t n) {
  size_t which = 0;
  for (size_t size = WRITER_MAX_CHUNK; size > n; size /= 2) which++;
  writer_text *text = &w->chunks[which];
  if (text->compiled.sql) return text;
  text->compiled = *compiled;
  text->compiled.sql = corm_compile_repeat_in(w->arena, w->conn->engine->dialect, compiled, n, &text->compiled.len);
  return text;
}

static corm_status chunk_batch(corm_writer *w, const corm_compiled *compiled, size_t n, corm_batch **out,
                               corm_error *err) {
  writer_text *text = chunk_of(w, compiled, n);
  if (!text->compiled.sql) return corm_error_memory(err);
  if (!text->batch && corm_conn_batch_open(w->conn, &text->compiled, &text->batch, err) != CORM_OK) return CORM_FAILED;
  *out = text->batch;
  return CORM_OK;
}

const char *corm_writer_sql(corm_writer *w, const corm_compiled *compiled, size_t n) {
  return n > 1 && compiled == &w->one ? chunk_of(w, compiled, n)->compiled.sql : compiled->sql;
}

corm_status corm_writer_batch(corm_writer *w, const corm_compiled *compiled, size_t n, corm_batch **out,
                              corm_error *err) {
  if (n > 1 && compiled == &w->one) return chunk_batch(w, compiled, n, out, err);
  corm_batch **batch = n > 1 ? &w->set_batch : &w->one_batch;
  if (!*batch && corm_conn_batch_open(w->conn, compiled, batch, err) != CORM_OK) return CORM_FAILED;
  *out = *batch;
  return CORM_OK;
}

corm_value *corm_writer_scratch(corm_writer *w, size_t n) {
  if (n > w->own_cap) {
    w->own = corm_arena_alloc(w->arena, n * sizeof *w->own);
    w->own_cap = w->own ? n : 0;
  }
  return w->own;
}

corm_status corm_writer_constant(const corm_writer *w, const corm_compiled_bind *bind, corm_value *out,
                                 corm_error *err) {
  const corm_value *value = bind->element >= 0 ? &bind->node->values[bind->element] : &bind->node->value;
  return corm_conn_encode(w->conn, bind->type, value, false, w->arena, out, err);
}

/* -- proof --------------------------------------------------------------------------------------------------------- */

/* Runs a SELECT of one row; no row and a refusal are both no answer. */
static corm_status ask(corm_writer *w, const char *sql, size_t len, size_t width, corm_value *row, bool *found,
                       corm_error *err) {
  const corm_compiled compiled = {.sql = sql, .len = len};
  corm_run run = {.returned = row, .width = width, .room = 1, .arena = w->arena};
  corm_batch *batch = NULL;
  *found = false;
  corm_status status = corm_conn_batch_open(w->conn, &compiled, &batch, err);
  if (status == CORM_OK) status = corm_batch_run(batch, &run, err);
  corm_batch_close(batch);
  if (status == CORM_OK) *found = run.nreturned > 0;
  return status;
}

/* SQLite's next keys: after the greatest, with room for n before the last one that there is. */
static corm_status next_keys(corm_writer *w, const corm_value row[2], size_t n, bool *proved, int64_t *first,
                             corm_error *err) {
  corm_value more;
  bool found = false;
  int64_t last = row[0].kind == CORM_INT ? row[0].as.i : INT64_MAX;
  corm_status status = CORM_OK;
  if (row[1].kind == CORM_TEXT) status = ask(w, row[1].as.s, row[1].len, 1, &more, &found, err);
  if (status != CORM_OK) return status;
  if (found && more.kind == CORM_INT && more.as.i > last) last = more.as.i;
  *proved = last < INT64_MAX - (int64_t)n;
  *first = last + (*proved ? 1 : 0);
  return CORM_OK;
}

corm_status corm_writer_prove(corm_writer *w, size_t n, bool *proved, int64_t *first, corm_error *err) {
  const corm_dialect *dialect = w->conn->engine->dialect;
  corm_value row[2] = {{.kind = CORM_NULL}, {.kind = CORM_NULL}};
  corm_buf sql;
  bool found = false;
  corm_status status = w->conn->recorder ? CORM_OK : corm_conn_begin_writing(w->conn, err);
  *proved = false;
  if (status != CORM_OK) return status;
  corm_buf_init(&sql, w->conn->engine->mem);
  dialect->key_sql(dialect, w->def.table, w->def.key, &sql);
  const char *text = sql.failed ? NULL : sql.len ? corm_buf_str(&sql) : "";
  if (!text) status = corm_error_memory(err);
  corm_map *known = w->conn->recorder ? NULL : &w->conn->link->proved;
  if (text && *text && w->conn->recorder) {
    *proved = true;
  } else if (text && *text && w->counted_keys) {
    status = ask(w, text, sql.len, 2, row, &found, err);
    if (status == CORM_OK && found) status = next_keys(w, row, n, proved, first, err);
  } else if (text && *text) {
    *proved = corm_map_get(known, text, sql.len) != NULL;
    if (!*proved) status = ask(w, text, sql.len, 1, row, proved, err);
    if (status == CORM_OK && *proved && corm_map_put(known, text, sql.len, known) != CORM_OK)
      status = corm_error_memory(err);
    if (*proved) w->proof = PROOF_HOLDS;
  }
  corm_buf_clear(&sql);
  return status;
}

/* -- blame --------------------------------------------------------------------------------------------------------- */

static size_t column_at(const corm_writer_def *def, const char *name, size_t len) {
  for (size_t i = 0; i < def->ncolumns; i++)
    if (strlen(def->columns[i]->name) == len && memcmp(def->columns[i]->name, name, len) == 0) return i;
  return CORM_NO_ROW;
}

static size_t blame_null(const corm_page *page, const char *column) {
  const corm_writer_def *def = &page->writer->def;
  const size_t at = column_at(def, column, strlen(column));
  for (size_t row = 0; at != CORM_NO_ROW && row < page->nrows; row++)
    if (page->values[row * (def->ncolumns + def->nwhere) + at].kind == CORM_NULL) return row;
  return CORM_NO_ROW;
}

/* A value as PostgreSQL shows it in "Key (a, b)=(1, x)". */
static bool show(const corm_value *value, corm_buf *out) {
  if (value->kind == CORM_INT)
    corm_buf_int(out, value->as.i);
  else if (value->kind == CORM_TEXT || value->kind == CORM_DECIMAL)
    corm_buf_add(out, value->as.s, value->len);
  else
    return false;
  return true;
}

/* The columns of "a, b" as positions in a row; their number, 0 where one is not written. */
static size_t read_columns(const corm_writer_def *def, const char *text, const char *end, size_t *at, size_t room) {
  size_t n = 0;
  while (text < end) {
    const char *comma = text;
    while (comma < end && *comma != ',') comma++;
    if (n == room || (at[n++] = column_at(def, text, (size_t)(comma - text))) == CORM_NO_ROW) return 0;
    text = comma + 2;
  }
  return n;
}

/* The last row that has the values of "Key (a, b)=(1, x) ...": of two equal ones the second failed. */
static size_t blame_key(const corm_page *page, const char *detail, const corm_mem *mem) {
  const corm_writer_def *def = &page->writer->def;
  size_t at[8], found = CORM_NO_ROW;
  const char *names = strncmp(detail, "Key (", 5) == 0 ? detail + 5 : NULL;
  const char *middle = names ? strstr(names, ")=(") : NULL;
  const size_t n = middle ? read_columns(def, names, middle, at, 8) : 0;
  corm_buf shown;
  corm_buf_init(&shown, mem);
  for (size_t row = 0; n && row < page->nrows; row++) {
    const corm_value *values = page->values + row * (def->ncolumns + def->nwhere);
    corm_buf_reset(&shown);
    bool able = true;
    for (size_t i = 0; able && i < n; i++) {
      if (i) corm_buf_puts(&shown, ", ");
      able = show(&values[at[i]], &shown);
    }
    corm_buf_puts(&shown, ") ");
    const char *text = corm_buf_str(&shown);
    if (able && text && strncmp(middle + 3, text, shown.len) == 0) found = row;
  }
  corm_buf_clear(&shown);
  return found;
}

/* Steps over one value of "1, x, null)."; one that is not known to the page ends where the next begins. */
static const char *step_over(const char *shown, const corm_value *value, corm_buf *text) {
  corm_buf_reset(text);
  if (value && value->kind == CORM_NULL) corm_buf_puts(text, "null");
  if (value && (value->kind == CORM_NULL || show(value, text))) {
    const char *wanted = corm_buf_str(text);
    if (!wanted || strncmp(shown, wanted, text->len) != 0) return NULL;
    shown += text->len;
  } else {
    shown += strcspn(shown, ",)");
  }
  if (strncmp(shown, ", ", 2) == 0) return shown + 2;
  return shown[0] == ')' ? shown : NULL;
}

/* The only row that may be that of "Failing row contains (1, x, null).", whose columns stand in the table's order. */
static size_t blame_whole_row(const corm_page *page, const char *detail, const corm_mem *mem) {
  static const char begin[] = "Failing row contains (";
  const corm_writer_def *def = &page->writer->def;
  const corm_vec *columns = &def->table->columns;
  size_t found = CORM_NO_ROW;
  bool only = true;
  corm_buf text;
  if (strncmp(detail, begin, sizeof begin - 1) != 0) return CORM_NO_ROW;
  corm_buf_init(&text, mem);
  for (size_t row = 0; row < page->nrows; row++) {
    const corm_value *values = page->values + row * (def->ncolumns + def->nwhere);
    const char *p = detail + sizeof begin - 1;
    for (size_t i = 0; p && i < columns->len; i++) {
      const char *name = ((const corm_column *)columns->items[i])->name;
      const size_t at = column_at(def, name, strlen(name));
      p = step_over(p, at == CORM_NO_ROW ? NULL : &values[at], &text);
    }
    if (!p || *p != ')') continue;
    only = found == CORM_NO_ROW;
    found = row;
  }
  corm_buf_clear(&text);
  return only ? found : CORM_NO_ROW;
}

size_t corm_writer_blame(const corm_page *page, const corm_error *err) {
  if (page->nrows == 1) return 0;
  if (!corm_error_class_is(err->cls, CORM_E_INTEGRITY)) return CORM_NO_ROW;
  if (err->detail[0] == 'F' && !err->column[0])
    return blame_whole_row(page, err->detail, page->writer->conn->engine->mem);
  if (err->detail[0] == 'K') return blame_key(page, err->detail, page->writer->conn->engine->mem);
  return err->column[0] ? blame_null(page, err->column) : CORM_NO_ROW;
}
