/* Errors of a flush name class, attribute and object. */
#include <stdio.h>
#include <string.h>

#include "orm/persist.h"

/* -- which columns ------------------------------------------------------------------------------------------------- */

static void add_name(corm_error *err, const char *name) {
  char names[sizeof err->column];
  const size_t len = strlen(err->column);
  memcpy(names, err->column, len);
  (void)snprintf(names + len, sizeof names - len, "%s%.90s", len ? ", " : "", name);
  corm_error_field(err->column, sizeof err->column, names);
}

/* A constraint or index by its name, where the database gives nothing else (MariaDB). */
static void find_columns(const corm_table *table, corm_error *err) {
  const bool key = err->kind && strcmp(err->kind, "primary_key") == 0;
  for (size_t i = 0; i < table->constraints.len && !err->column[0]; i++) {
    const corm_constraint *c = table->constraints.items[i];
    if (!(key && c->kind == CORM_CONSTRAINT_PRIMARY_KEY) && (!c->name || strcmp(c->name, err->constraint) != 0))
      continue;
    for (uint32_t k = 0; c->columns && k < c->ncolumns; k++) add_name(err, c->columns[k]->name);
  }
  for (size_t i = 0; i < table->indexes.len && !err->column[0]; i++) {
    const corm_index *index = table->indexes.items[i];
    if (!index->name || strcmp(index->name, err->constraint) != 0) continue;
    for (uint32_t k = 0; k < index->nitems; k++)
      if (index->items[k].column) add_name(err, index->items[k].column->name);
  }
  /* A UNIQUE without a name is called by its column there. */
  const bool unique = err->kind && strcmp(err->kind, "unique") == 0;
  if (!err->column[0] && unique && corm_table_column_by_name(table, err->constraint)) add_name(err, err->constraint);
}

/* -- which attributes ---------------------------------------------------------------------------------------------- */

static bool is_table(const corm_table *table, const corm_error *err) {
  return !err->table[0] || strcmp(table->name, err->table) == 0 || strcmp(table->fullname, err->table) == 0;
}

static bool names_column(const char *list, const char *name) {
  const size_t len = strlen(name);
  for (const char *p = list; p; p = strstr(p, ", ") ? strstr(p, ", ") + 2 : NULL)
    if (strncmp(p, name, len) == 0 && (p[len] == '\0' || p[len] == ',')) return true;
  return false;
}

/* Attributes whose columns, in the table of a level, are those of the error. */
static void find_attributes(const corm_mapper *mapper, uint32_t level, corm_error *err) {
  char names[sizeof err->attribute] = "";
  size_t len = 0;
  for (uint32_t i = 0; i < mapper->nattributes; i++) {
    const corm_column *column = corm_mapper_level_column(mapper, level, i);
    if (!column || !names_column(err->column, column->name) || len >= sizeof names) continue;
    const int more = snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", mapper->attributes[i].key);
    len += more > 0 ? (size_t)more : 0;
  }
  corm_error_field(err->attribute, sizeof err->attribute, names);
}

static void look_at_tables(const corm_mapper *mapper, corm_error *err) {
  if (!err->column[0] && !err->constraint[0]) return;
  for (uint32_t level = 0; level < mapper->ntables && !err->attribute[0]; level++) {
    const corm_table *table = mapper->tables[level].table;
    if (!is_table(table, err)) continue;
    if (!err->column[0]) find_columns(table, err);
    if (err->column[0]) find_attributes(mapper, level, err);
  }
}

/* -- which object -------------------------------------------------------------------------------------------------- */

static bool is_from_database(const corm_error *err) {
  return err->is_set && !err->from_hook && corm_error_class_is(err->cls, CORM_E_DATABASE);
}

/* "User(id=1)"; "new User 7 of 20" in the order of their coming. */
static void describe_object(const corm_object *object, corm_buf *out) {
  const corm_session *session = object->session;
  size_t n = 0, at = 0;
  if (object->state != CORM_PENDING || !session) {
    corm_object_describe(object, out);
    return;
  }
  for (size_t i = 0; i < session->news.len; i++) {
    const corm_object *other = session->news.items[i];
    if (other->mapper == object->mapper) n++;
    if (other == object) at = n;
  }
  if (n == 1)
    corm_buf_printf(out, "the new %s", object->mapper->name);
  else
    corm_buf_printf(out, "new %s %zu of %zu", object->mapper->name, at, n);
}

static void write_subject(const corm_mapper *mapper, const corm_object *object, size_t nrows, corm_error *err) {
  corm_buf text;
  corm_buf_init(&text, mapper->mem);
  for (const char *p = err->attribute; *p; p += strcspn(p, ", "), p += strspn(p, ", ")) {
    if (text.len) corm_buf_puts(&text, ", ");
    corm_buf_printf(&text, "%s.%.*s", mapper->name, (int)strcspn(p, ", "), p);
  }
  if (text.len) corm_buf_puts(&text, " of ");
  if (object)
    describe_object(object, &text);
  else
    corm_buf_printf(&text, "one of %zu rows of %s", nrows, mapper->name);
  if (corm_buf_str(&text)) corm_error_field(err->subject, sizeof err->subject, corm_buf_str(&text));
  corm_buf_clear(&text);
}

static void keep_object(const corm_object *object, corm_error *err) {
  const corm_host *host = object->session ? object->session->host : NULL;
  if (host && host->blame && err->is_set && !err->from_hook && !err->blamed) host->blame(host->ctx, object, err);
}

corm_status corm_persist_blame(const corm_object *object, corm_error *err) {
  if (!err || err->entity[0]) return CORM_FAILED;
  corm_error_field(err->entity, sizeof err->entity, object->mapper->name);
  if (is_from_database(err)) {
    if (!err->attribute[0]) look_at_tables(object->mapper, err);
    write_subject(object->mapper, object, 1, err);
  }
  keep_object(object, err);
  return CORM_FAILED;
}

corm_status corm_persist_blame_slot(const corm_object *object, uint32_t slot, corm_error *err) {
  if (err && !err->attribute[0])
    corm_error_field(err->attribute, sizeof err->attribute, object->mapper->attributes[slot].key);
  return corm_persist_blame(object, err);
}

/* -- which row ----------------------------------------------------------------------------------------------------- */

static const corm_object *object_of(const corm_sheaf *sheaf, const corm_shape *s, size_t row) {
  for (uint32_t i = 0; i < sheaf->nrows; i++)
    if (sheaf->rows[i].shape == s && (row == CORM_NO_ROW || sheaf->rows[i].row == row)) return sheaf->rows[i].object;
  return NULL;
}

corm_status corm_persist_blame_row(const corm_sheaf *sheaf, const corm_shape *s, size_t row, corm_error *err) {
  const corm_object *object = object_of(sheaf, s, row);
  if (!err || !object || err->entity[0]) return CORM_FAILED;
  if (!s->mapper) { /* an association row is the relationship's */
    corm_error_field(err->entity, sizeof err->entity, s->relationship->parent->name);
    corm_error_field(err->attribute, sizeof err->attribute, s->relationship->key);
    if (is_from_database(err))
      write_subject(s->relationship->parent, row == CORM_NO_ROW ? NULL : object,
                    corm_page_in((corm_shape *)(uintptr_t)s, sheaf)->nrows, err);
    if (row != CORM_NO_ROW) keep_object(object, err);
    return CORM_FAILED;
  }
  if (row != CORM_NO_ROW) return corm_persist_blame(object, err);
  corm_error_field(err->entity, sizeof err->entity, s->mapper->name);
  if (!is_from_database(err)) return CORM_FAILED;
  look_at_tables(s->mapper, err);
  write_subject(s->mapper, NULL, corm_page_in((corm_shape *)(uintptr_t)s, sheaf)->nrows, err);
  return CORM_FAILED;
}
