/*
 * Which rows of a page are not as it has left them: asked once, when a count says that some were not found. A row is
 * known by its key; one that was looked for by its version, too, may be there with what somebody else has written, who
 * mostly counted the version on as well: so all that the page has set is compared.
 */
#include "engine/bulk_writer.h"

/* Rows that are looked for by their keys. */
typedef struct question {
  const corm_table *table;
  const corm_column *const *columns; /* the key's, then what else is read */
  size_t nkey, n;
  const corm_value *keys; /* encoded, nkey for each */
  size_t nrows;
} question;

/* *found: n values for each of the *nfound rows that are there; none after a failure. */
static corm_status ask(corm_conn *conn, corm_arena *arena, const question *q, corm_value **found, size_t *nfound,
                       corm_error *err) {
  corm_compiled compiled;
  corm_batch *batch = NULL;
  *nfound = 0;
  *found = corm_arena_alloc(arena, q->n * q->nrows * sizeof **found);
  if (!*found) return corm_error_memory(err);
  corm_run run = {
      .values = q->keys, .n = q->nkey * q->nrows, .returned = *found, .width = q->n, .room = q->nrows, .arena = arena};
  corm_status status = corm_compile_present_in(arena, corm_engine_dialect(corm_conn_engine(conn)), q->table, q->columns,
                                               q->nkey, q->n, q->nrows, &compiled, err);
  if (status == CORM_OK) status = corm_conn_batch_open(conn, &compiled, &batch, err);
  if (status == CORM_OK) status = corm_batch_run(batch, &run, err);
  corm_batch_close(batch);
  if (status == CORM_OK) *nfound = run.nreturned < run.room ? run.nreturned : run.room;
  return status;
}

typedef struct look {
  const corm_page *page;
  const corm_column **columns; /* that are read: the key's, then what else the rows should have */
  uint32_t *place;             /* of these in a row of the page */
  size_t nkey, n;
  corm_value *found; /* n for each row that is there */
  size_t nfound;
} look;

static const corm_value *wanted(const look *l, size_t row, size_t i) {
  const corm_writer_def *def = &l->page->writer->def;
  return &l->page->values[row * (def->ncolumns + def->nwhere) + l->place[i]];
}

/* A value that the page has set counts instead of the one that it looked for. */
static void add_column(look *l, size_t where) {
  const corm_writer_def *def = &l->page->writer->def;
  l->columns[l->n] = def->where[where];
  l->place[l->n] = (uint32_t)(def->ncolumns + where);
  for (size_t i = 0; i < def->ncolumns; i++)
    if (def->columns[i] == def->where[where]) l->place[l->n] = (uint32_t)i;
  l->n++;
}

static bool is_read(const look *l, const corm_column *column) {
  for (size_t i = 0; i < l->n; i++)
    if (l->columns[i] == column) return true;
  return false;
}

static void choose_columns(look *l) {
  const corm_writer_def *def = &l->page->writer->def;
  l->nkey = def->nwhere - def->versioned;
  for (size_t i = 0; i < l->nkey; i++) add_column(l, i);
  if (!def->versioned || def->kind != CORM_WRITE_UPDATE) return;
  add_column(l, l->nkey);
  for (size_t i = 0; i < def->ncolumns; i++) {
    if (is_read(l, def->columns[i])) continue;
    l->columns[l->n] = def->columns[i];
    l->place[l->n++] = (uint32_t)i;
  }
}

/* Different without doubt: what the database stores in a form of its own is left out. */
static bool differ(const corm_value *a, const corm_value *b) {
  switch ((corm_value_kind)a->kind) {
  case CORM_NULL:
  case CORM_INT:
  case CORM_TEXT:
    return (b->kind == a->kind || b->kind == CORM_NULL || a->kind == CORM_NULL) && !corm_value_equal(a, b);
  default: return false;
  }
}

static const corm_value *find_row(const look *l, size_t row) {
  for (size_t at = 0; at < l->nfound; at++) {
    const corm_value *found = l->found + at * l->n;
    size_t i = 0;
    while (i < l->nkey && corm_value_equal(wanted(l, row, i), &found[i])) i++;
    if (i == l->nkey) return found;
  }
  return NULL;
}

static bool is_missed(const look *l, size_t row, bool compare) {
  const corm_writer_def *def = &l->page->writer->def;
  const corm_value *found = find_row(l, row);
  if (def->versioned && def->kind == CORM_WRITE_DELETE) return found != NULL; /* with another version */
  if (!found) return true;
  for (size_t i = l->nkey; compare && i < l->n; i++)
    if (differ(wanted(l, row, i), &found[i])) return true;
  return false;
}

/* Notes the first ones that are missed; how many there are. */
static size_t note_missed(const look *l, corm_page *page, bool compare) {
  size_t n = 0;
  page->nmissed = 0;
  for (size_t row = 0; row < page->nrows; row++) {
    if (!is_missed(l, row, compare)) continue;
    n++;
    if (page->nmissed < CORM_PAGE_MISSED) page->missed[page->nmissed++] = row;
  }
  return n;
}

static corm_status read_rows(look *l, corm_error *err) {
  const corm_page *page = l->page;
  corm_writer *w = page->writer;
  corm_value *keys = corm_arena_alloc(w->arena, l->nkey * page->nrows * sizeof *keys);
  if (!keys) return corm_error_memory(err);
  for (size_t row = 0; row < page->nrows; row++)
    for (size_t i = 0; i < l->nkey; i++) keys[row * l->nkey + i] = *wanted(l, row, i);
  const question q = {w->def.table, l->columns, l->nkey, l->n, keys, page->nrows};
  return ask(w->conn, w->arena, &q, &l->found, &l->nfound, err);
}

corm_status corm_page_find_missed(corm_page *page, corm_error *err) {
  corm_writer *w = page->writer;
  const size_t n = w->def.nwhere + w->def.ncolumns, matched = page->matched > 0 ? (size_t)page->matched : 0;
  look l = {.page = page};
  /* Known already, or not to be known. */
  if (page->nmissed || matched >= page->nrows || w->def.nwhere <= w->def.versioned) return CORM_OK;
  const size_t missing = page->nrows - matched;
  if (missing == page->nrows) { /* all of them */
    while (page->nmissed < missing && page->nmissed < CORM_PAGE_MISSED) {
      page->missed[page->nmissed] = page->nmissed;
      page->nmissed++;
    }
    return CORM_OK;
  }
  l.columns = corm_arena_alloc(w->arena, n * sizeof *l.columns);
  l.place = corm_arena_alloc(w->arena, n * sizeof *l.place);
  if (!l.columns || !l.place) return corm_error_memory(err);
  choose_columns(&l);
  if (read_rows(&l, err) != CORM_OK) return CORM_FAILED;
  /* More than there are: the database changes what is written. */
  if (note_missed(&l, page, true) > missing && note_missed(&l, page, false) > missing) page->nmissed = 0;
  return CORM_OK;
}

/* -- values of a column -------------------------------------------------------------------------------------------- */

corm_status corm_conn_find_present(corm_conn *conn, corm_arena *arena, const corm_column *column,
                                   const corm_value *values, size_t n, bool *taken, corm_error *err) {
  corm_value *found;
  size_t nfound = 0;
  const question q = {column->table, &column, 1, 1, values, n};
  const corm_status status = ask(conn, arena, &q, &found, &nfound, err);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < nfound; k++) taken[i] = taken[i] || corm_value_equal(&values[i], &found[k]);
  return status;
}
