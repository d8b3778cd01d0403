/* Shapes and their pages: rows are encoded when they are collected, so that a value that is refused names its object.
 */
#include <string.h>

#include "orm/persist.h"
#include "orm/preview.h"

/* -- shapes -------------------------------------------------------------------------------------------------------- */

uint8_t corm_page_plain(const corm_persister *p, const corm_column *column) {
  const corm_type *type = corm_type_on(column->type, p->dialect->name);
  const corm_value_kind kind = corm_type_value_kind(type);
  return p->kinds & CORM_KIND(kind) && p->dialect->is_plain(p->dialect, type) ? (uint8_t)kind : CORM_ABSENT;
}

corm_status corm_shape_open(corm_persister *p, corm_shape *s, const corm_writer_def *def, corm_error *err) {
  corm_status status = corm_pages_wait(p, err); /* their writers' memory is about to be used */
  if (status == CORM_OK) status = corm_writer_new(p->flush->conn, &p->writing, def, &s->writer, err);
  if (status != CORM_OK) return status;
  s->next = p->shapes;
  p->shapes = s;
  return CORM_OK;
}

static bool is_made_by_database(const corm_persister *p, const corm_shape *s, uint32_t slot) {
  return p->dialect->insert_returning && !corm_mask_has(s->mask, slot) &&
         (int32_t)slot != s->mapper->tables[s->level].generated;
}

/* Rows that return what the database made go out one by one, so that of many only what must be known is asked for. */
enum { FEW_ROWS = 32 };

static bool wants_returned(const corm_persister *p, const corm_mapper *mapper, const corm_shape *s) {
  if (s->kind != CORM_WRITE_INSERT || !p->dialect->insert_returning) return false;
  switch ((corm_eager_defaults)mapper->rules.eager_defaults) {
  case CORM_EAGER_AUTO: return p->flush->nworks <= FEW_ROWS;
  case CORM_EAGER_ALWAYS: return true;
  case CORM_EAGER_NEVER: break;
  }
  return false;
}

/* What the database computes for a column that the row leaves out. */
static bool is_computed(const corm_column *column) {
  return column->default_.kind == CORM_DEFAULT_SQL || corm_column_has_server_value(column);
}

/* The columns that get expressions in the row of an object. */
static corm_status describe_inlined(corm_persister *p, corm_shape *s, const corm_object *object, corm_writer_def *def,
                                    corm_error *err) {
  const uint32_t n = s->mapper->nattributes;
  corm_inlined *inlined = corm_arena_zalloc(&p->arena, 1, sizeof *inlined);
  const corm_column **columns = corm_arena_zalloc(&p->arena, n, sizeof *columns);
  const corm_node **values = corm_arena_zalloc(&p->arena, n, sizeof *values);
  if (!inlined || !columns || !values) return corm_error_memory(err);
  for (uint32_t i = 0; i < n; i++) {
    if (!corm_mask_has(s->mask, i) || !(object->slots[i].flags & CORM_VALUE_SQL)) continue;
    columns[inlined->n] = corm_mapper_level_column(s->mapper, s->level, i);
    values[inlined->n++] = (const corm_node *)(const void *)object->slots[i].as.s;
  }
  inlined->columns = columns;
  inlined->values = values;
  def->inlined = inlined;
  def->singly = true;
  s->leaves_some = true; /* to be read */
  return CORM_OK;
}

/* Lists of columns and slots; the arrays live with the shape. `object`: whose row it is, where it is only one's. */
static corm_status describe(corm_persister *p, const corm_mapper *mapper, corm_shape *s, const corm_object *object,
                            corm_writer_def *def, corm_error *err) {
  const uint32_t most = mapper->nattributes + mapper->npk + 1;
  const corm_column **columns = corm_arena_alloc(&p->arena, 2 * (most + mapper->npk) * sizeof(void *));
  s->slots = corm_arena_alloc(&p->arena, (most + 1) * sizeof *s->slots);
  s->returning = corm_arena_alloc(&p->arena, most * sizeof *s->returning);
  if (!columns || !s->slots || !s->returning) return corm_error_memory(err);
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_column *column = corm_mapper_level_column(mapper, s->level, i);
    if (!column) continue;
    if (!corm_mask_has(s->mask, i)) {
      s->leaves_some = s->leaves_some || !mapper->attributes[i].primary_key;
      continue;
    }
    if (object && (object->slots[i].flags & CORM_VALUE_SQL)) continue;
    columns[s->n] = column;
    s->slots[s->n++] = (corm_shape_slot){column, i, corm_page_plain(p, column)};
  }
  *def = (corm_writer_def){.kind = s->kind, .table = s->table, .columns = columns, .ncolumns = s->n};
  def->where = def->returning = columns + s->n;
  s->keys = s->slots + s->n;
  for (uint32_t i = 0; i < mapper->npk; i++) {
    const uint32_t slot = mapper->pk[i];
    const corm_column *column = corm_mapper_level_column(mapper, s->level, slot);
    if (!column) continue; /* of another table of a join */
    if (s->kind != CORM_WRITE_INSERT) {
      columns[s->n + s->nkeys] = column;
      s->keys[s->nkeys++] = (corm_shape_slot){column, slot, corm_page_plain(p, column)};
    } else if (is_made_by_database(p, s, slot)) {
      columns[s->n + s->nreturning] = column;
      s->returning[s->nreturning++] = slot;
    }
  }
  for (uint32_t i = 0; wants_returned(p, mapper, s) && i < mapper->nattributes; i++) {
    const corm_attribute *attribute = &mapper->attributes[i];
    if (!attribute->column || attribute->level != s->level || corm_mask_has(s->mask, i)) continue;
    if (attribute->primary_key || attribute->deferred || !is_computed(attribute->column)) continue;
    columns[s->n + s->nreturning] = attribute->column;
    s->returning[s->nreturning++] = i;
  }
  if (s->versioned) {
    const corm_column *column = mapper->attributes[mapper->version].column;
    columns[s->n + s->nkeys] = column;
    s->keys[s->nkeys++] = (corm_shape_slot){column, (uint32_t)mapper->version, corm_page_plain(p, column)};
  }
  def->versioned = s->versioned;
  def->in_order = s->in_order;
  def->nwhere = s->nkeys;
  def->nreturning = s->nreturning;
  const int32_t generated = mapper->tables[s->level].generated;
  s->wants_key = s->kind == CORM_WRITE_INSERT && generated >= 0 && !corm_mask_has(s->mask, (uint32_t)generated);
  if (s->wants_key) def->key = mapper->attributes[generated].column;
  return object ? describe_inlined(p, s, object, def, err) : CORM_OK;
}

static corm_shape *new_shape(corm_persister *p, const corm_mapper *mapper, const corm_object *object, uint32_t level,
                             corm_write_kind kind, corm_error *err) {
  const size_t words = corm_mask_words(mapper);
  corm_shape *s = corm_arena_zalloc(&p->arena, 1, sizeof *s);
  uint64_t *mask = corm_arena_alloc(&p->arena, words * sizeof *mask);
  corm_writer_def def;
  if (!s || !mask) {
    corm_error_memory(err);
    return NULL;
  }
  memcpy(mask, p->mask, words * sizeof *mask);
  *s = (corm_shape){.mapper = mapper,
                    .table = mapper->tables[level].table,
                    .level = level,
                    .kind = kind,
                    .mask = mask,
                    .versioned = p->versioned,
                    .in_order = p->in_order,
                    .inlined = p->inlined};
  if (describe(p, mapper, s, p->inlined ? object : NULL, &def, err) != CORM_OK) return NULL;
  return corm_shape_open(p, s, &def, err) == CORM_OK ? s : NULL;
}

/* The class up from `mapper` that has slots of its own in the table of a level: nothing below it writes there, so that
   the rows of all classes below it are alike. */
static const corm_mapper *owner_of(const corm_mapper *mapper, uint32_t level) {
  for (; mapper->root != mapper && mapper->parent->ntables > level; mapper = mapper->parent)
    for (uint32_t i = mapper->parent->nattributes; i < mapper->nattributes; i++)
      if (mapper->attributes[i].column && mapper->attributes[i].level == level) return mapper;
  return mapper;
}

corm_shape *corm_page_shape(corm_persister *p, const corm_object *object, uint32_t level, corm_write_kind kind,
                            corm_error *err) {
  const corm_mapper *mapper = object->mapper;
  if (mapper->parent) mapper = owner_of(mapper, level);
  const size_t size = corm_mask_words(mapper) * sizeof *p->mask;
  for (corm_shape **link = &p->shapes; *link && !p->inlined; link = &(*link)->next) {
    corm_shape *s = *link;
    if (s->inlined || s->mapper != mapper || s->level != level || s->kind != kind || s->versioned != p->versioned ||
        memcmp(s->mask, p->mask, size) != 0)
      continue;
    *link = s->next;
    s->next = p->shapes;
    p->shapes = s;
    return s;
  }
  return new_shape(p, mapper, object, level, kind, err);
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

bool corm_page_is_full(const corm_persister *p, const corm_shape *s) {
  return s->in[p->open->number].page.nrows >= p->page_rows || p->open->nbytes >= CORM_PAGE_BYTES;
}

static bool grow(corm_persister *p, const corm_shape *s, corm_shape_page *in) {
  const size_t width = s->n + s->nkeys, cap = in->cap ? in->cap * 4 : 16;
  corm_value *values = corm_arena_alloc(&p->arena, cap * width * sizeof *values);
  int64_t *keys = s->wants_key ? corm_arena_alloc(&p->arena, cap * sizeof *keys) : NULL;
  corm_value *returned = s->nreturning ? corm_arena_alloc(&p->arena, cap * s->nreturning * sizeof *returned) : NULL;
  if (!values || (s->wants_key && !keys) || (s->nreturning && !returned)) return false;
  if (in->page.nrows) memcpy(values, in->values, in->page.nrows * width * sizeof *values);
  in->values = values;
  in->cap = cap;
  in->page.writer = s->writer;
  in->page.values = values;
  in->page.keys = keys;
  in->page.returned = returned;
  in->page.room = &p->open->bytes;
  return true;
}

corm_value *corm_page_room(corm_persister *p, corm_shape *s, corm_object *object, corm_error *err) {
  corm_sheaf *open = p->open;
  corm_shape_page *in = &s->in[open->number];
  corm_page_row *rows = corm_flush_grow(p->flush->mem, open->rows, open->nrows, &open->rows_cap, sizeof *rows);
  if (!rows || (in->page.nrows == in->cap && !grow(p, s, in))) {
    if (rows) open->rows = rows;
    corm_error_memory(err);
    return NULL;
  }
  open->rows = rows;
  rows[open->nrows] = (corm_page_row){object, s, (uint32_t)in->page.nrows};
  return in->values + in->page.nrows * (s->n + s->nkeys);
}

void corm_page_count(corm_persister *p, corm_shape *s) {
  s->in[p->open->number].page.nrows++;
  p->open->nrows++;
}

corm_status corm_page_put(corm_persister *p, const corm_column *column, uint8_t plain, const corm_value *value,
                          corm_value *out, corm_error *err) {
  if (corm_value_has_bytes(value)) p->open->nbytes += value->len;
  if (value->kind == CORM_NULL || (value->kind == plain && !(p->copies && corm_value_has_bytes(value)))) {
    *out = *value;
    out->flags = 0;
    return CORM_OK;
  }
  if (value->extra & CORM_SLOT_PLACEHOLDER) {
    *out = *value;
    out->flags = 0;
    return CORM_OK;
  }
  return corm_conn_encode(p->flush->conn, column->type, value, p->copies, &p->open->bytes, out, err);
}

/* The key in WHERE is the one that the row has: below the first level, and where it is a parent's, the database has
   passed a new one on by then, or it refuses to. */
static const corm_value *key_of(const corm_persister *p, const corm_shape *s, const corm_object *object,
                                uint32_t slot) {
  const bool active = s->mapper->rules.active_updates;
  const corm_work *work = &p->flush->works[object->flush - 1];
  if (work->replaces && s->versioned && slot == (uint32_t)s->mapper->version)
    return corm_object_committed(corm_flush_row_of(p->flush, work), slot);
  if (p->posting && !p->parking && s->versioned && slot == (uint32_t)s->mapper->version) return &p->old_version;
  if (p->written_keys || (s->kind == CORM_WRITE_UPDATE && s->level && !active)) return &object->slots[slot];
  if (s->level && active) return corm_object_committed(object, slot);
  return corm_key_pass_has(p->flush, work, slot);
}

corm_status corm_page_add(corm_persister *p, corm_shape *s, corm_object *object, corm_error *err) {
  corm_value *out = corm_page_room(p, s, object, err);
  corm_status status = out ? CORM_OK : CORM_FAILED;
  for (uint32_t i = 0; status == CORM_OK && i < s->n; i++)
    if (corm_page_put(p, s->slots[i].column, s->slots[i].plain, &object->slots[s->slots[i].slot], out++, err) !=
        CORM_OK)
      status = corm_persist_blame_slot(object, s->slots[i].slot, err);
  for (uint32_t i = 0; status == CORM_OK && i < s->nkeys; i++)
    status = corm_page_put(p, s->keys[i].column, s->keys[i].plain, key_of(p, s, object, s->keys[i].slot), out++, err);
  if (status == CORM_OK) corm_page_count(p, s);
  return status;
}
