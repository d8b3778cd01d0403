#include "schema/naming.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const char *const corm_naming_keys[CORM_NAMING_KINDS] = {
    [CORM_NAMING_INDEX] = "ix",       [CORM_NAMING_UNIQUE] = "uq",      [CORM_NAMING_CHECK] = "ck",
    [CORM_NAMING_FOREIGN_KEY] = "fk", [CORM_NAMING_PRIMARY_KEY] = "pk",
};

static const char constraint_name[] = "constraint_name";

/* What is named. */
typedef struct subject {
  const corm_naming *naming;
  corm_table *table;
  corm_constraint *constraint; /* NULL: an index */
  corm_index *index;
  const char *name;
} subject;

/* -- tokens -------------------------------------------------------------------------------------------------------- */

/* A token of columns: "column_0_name", "referred_column_0_name", "column_0N_label" (all, joined), "column_0_N_key"
   (all, with "_" between). */
typedef struct column_token {
  bool referred;
  bool all;
  bool spaced;
  uint32_t index;
  char what; /* 'n'ame, 'k'ey, 'l'abel */
} column_token;

static bool parse_column_token(const char *text, column_token *out) {
  *out = (column_token){.index = 0};
  if (strncmp(text, "referred_", 9) == 0) {
    out->referred = true;
    text += 9;
  }
  if (strncmp(text, "column_", 7) != 0) return false;
  text += 7;
  if (*text < '0' || *text > '9') return false;
  char *end;
  const unsigned long index = strtoul(text, &end, 10);
  if (index > UINT16_MAX) return false;
  out->index = (uint32_t)index;
  out->spaced = strncmp(end, "_N_", 3) == 0;
  out->all = out->spaced || strncmp(end, "N_", 2) == 0;
  if (out->all) end += out->spaced ? 2 : 1;
  static const char *const whats[] = {"_name", "_key", "_label"};
  for (size_t i = 0; i < 3; i++)
    if (strcmp(end, whats[i]) == 0) out->what = whats[i][1];
  return out->what && !(out->all && index) && !(out->referred && out->what != 'n');
}

static const corm_column *column_at(const subject *s, uint32_t i) {
  if (s->constraint) return s->constraint->columns && i < s->constraint->ncolumns ? s->constraint->columns[i] : NULL;
  for (uint32_t k = 0; k < s->index->nitems; k++) {
    const corm_index_item *item = &s->index->items[k];
    const corm_column *column = item->column ? item->column : item->first;
    if (column && i-- == 0) return column;
  }
  return NULL;
}

/* The part of the target "schema.table.column": its column, or its table. A column that is not known yet may be called
   otherwise than its key, so the name is made anew when it is. */
static void add_target(corm_constraint *key, uint32_t i, bool table, corm_buf *out) {
  if (key->kind != CORM_CONSTRAINT_FOREIGN_KEY || i >= key->ncolumns) return;
  const corm_column *column = key->target_columns ? key->target_columns[i] : NULL;
  if (column && (!table || column->table)) {
    corm_buf_puts(out, table ? column->table->name : column->name);
    return;
  }
  const char *text = key->targets ? key->targets[i] : "", *point = strrchr(text, '.');
  if (!point) return;
  if (!table) key->early_name = true;
  if (!table) {
    corm_buf_puts(out, point + 1);
    return;
  }
  const char *start = point;
  while (start > text && start[-1] != '.') start--;
  corm_buf_add(out, start, (size_t)(point - start));
}

/* "<schema>_<table>_<column>" */
static void add_label(const corm_table *table, const corm_column *column, corm_buf *out) {
  for (const char *p = table->schema; p && *p; p++) corm_buf_putc(out, (char)(*p == '.' ? '_' : *p));
  if (table->schema) corm_buf_putc(out, '_');
  corm_buf_puts(out, table->name);
  corm_buf_putc(out, '_');
  corm_buf_puts(out, column->name);
}

static void add_column(const subject *s, const column_token *token, uint32_t i, corm_buf *out) {
  if (token->referred) {
    if (s->constraint) add_target(s->constraint, i, false, out);
    return;
  }
  const corm_column *column = column_at(s, i);
  if (!column) return;
  if (token->what == 'l') {
    add_label(s->table, column, out);
  } else {
    corm_buf_puts(out, token->what == 'k' ? column->key : column->name);
  }
}

static void add_columns(const subject *s, const column_token *token, corm_buf *out) {
  if (!token->all) {
    add_column(s, token, token->index, out);
    return;
  }
  for (uint32_t i = 0; column_at(s, i); i++) {
    if (i > 0 && token->spaced) corm_buf_putc(out, '_');
    add_column(s, token, i, out);
  }
}

static const corm_naming_token *own_token(const corm_naming *naming, const char *name) {
  for (size_t i = 0; i < naming->ntokens; i++)
    if (strcmp(naming->tokens[i].name, name) == 0) return &naming->tokens[i];
  return NULL;
}

static corm_status add_token(const subject *s, const char *name, corm_buf *out, corm_error *err) {
  const corm_naming_token *own = own_token(s->naming, name);
  column_token columns;
  if (own) return s->naming->call(s->naming->ctx, own->hook, s->table, s->constraint, s->index, out, err);
  if (strcmp(name, "table_name") == 0) {
    corm_buf_puts(out, s->table->name);
  } else if (strcmp(name, "referred_table_name") == 0) {
    if (s->constraint) add_target(s->constraint, 0, true, out);
  } else if (strcmp(name, constraint_name) == 0) {
    if (!s->name) {
      return corm_error_set(err, CORM_E_INVALID_REQUEST,
                            "table '%s': a naming convention with %%(constraint_name)s needs constraints with a name",
                            s->table->name);
    }
    corm_buf_puts(out, s->name);
  } else if (parse_column_token(name, &columns)) {
    add_columns(s, &columns, out);
  }
  return CORM_OK;
}

/* -- templates ----------------------------------------------------------------------------------------------------- */

enum { TOKEN_LENGTH = 64 };

/* The token at *text, which is behind "%": "(name)s". False for another form; *text is then as it was. */
static bool take_token(const char **text, char name[TOKEN_LENGTH]) {
  const char *end = **text == '(' ? strchr(*text, ')') : NULL;
  const size_t len = end ? (size_t)(end - *text) - 1 : 0;
  if (!end || end[1] != 's' || len >= TOKEN_LENGTH) return false;
  memcpy(name, *text + 1, len);
  name[len] = '\0';
  *text = end + 2;
  return true;
}

static corm_status unknown_token(const char *name, const char *key, corm_error *err) {
  static const char *const tokens[] = {"table_name",          "column_0_name",   "column_0_label",
                                       "column_0_key",        "column_0N_name",  "column_0_N_name",
                                       "referred_table_name", "constraint_name", "referred_column_0_name"};
  (void)corm_error_set(err, CORM_E_ARGUMENT, "naming_convention: '%s' has an unknown token '%s'", key, name);
  const char *nearest = corm_name_nearest(name, tokens, sizeof tokens / sizeof *tokens);
  if (nearest) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

corm_status corm_naming_check(const corm_naming *naming, corm_naming_kind kind, corm_error *err) {
  char name[TOKEN_LENGTH];
  for (const char *p = naming->templates[kind]; p && *p;) {
    if (*p++ != '%') continue;
    if (*p == '%') {
      p++;
      continue;
    }
    if (!take_token(&p, name)) {
      return corm_error_set(err, CORM_E_ARGUMENT, "naming_convention: '%s' has a %% that begins no %%(token)s",
                            corm_naming_keys[kind]);
    }
    column_token columns;
    const bool known = own_token(naming, name) || parse_column_token(name, &columns) ||
                       strcmp(name, "table_name") == 0 || strcmp(name, "referred_table_name") == 0 ||
                       strcmp(name, constraint_name) == 0;
    if (!known) return unknown_token(name, corm_naming_keys[kind], err);
  }
  return CORM_OK;
}

static corm_status fill(const subject *s, const char *text, corm_buf *out, corm_error *err) {
  char name[TOKEN_LENGTH];
  while (*text) {
    if (*text != '%') {
      corm_buf_putc(out, *text++);
    } else if (text++, take_token(&text, name)) {
      if (add_token(s, name, out, err) != CORM_OK) return CORM_FAILED;
    } else if (*text == '%') {
      corm_buf_putc(out, *text++);
    }
  }
  return CORM_OK;
}

/* The name by the template in the table's arena. */
static const char *make(const subject *s, const char *template, corm_error *err) {
  corm_buf buf;
  const char *name = NULL;
  corm_buf_init(&buf, s->table->arena.mem);
  if (fill(s, template, &buf, err) == CORM_OK) {
    const char *text = corm_buf_str(&buf);
    name = text ? corm_arena_dup(&s->table->arena, text, buf.len) : NULL;
    if (!name) (void)corm_error_memory(err);
    if (name && corm_identifier_check(name, buf.len, s->constraint ? "constraint" : "index", err) != CORM_OK)
      name = NULL;
  }
  corm_buf_clear(&buf);
  return name;
}

static bool applies(const char *template, const char *name, bool made) {
  return template && !made && (!name || strstr(template, "%(constraint_name)s"));
}

corm_status corm_naming_constraint(corm_table *table, corm_constraint *constraint, corm_error *err) {
  static const int kinds[] = {[CORM_CONSTRAINT_PRIMARY_KEY] = CORM_NAMING_PRIMARY_KEY,
                              [CORM_CONSTRAINT_FOREIGN_KEY] = CORM_NAMING_FOREIGN_KEY,
                              [CORM_CONSTRAINT_UNIQUE] = CORM_NAMING_UNIQUE,
                              [CORM_CONSTRAINT_CHECK] = CORM_NAMING_CHECK,
                              [CORM_CONSTRAINT_EXCLUDE] = -1};
  const int kind = kinds[constraint->kind];
  const char *template = table->naming && kind >= 0 ? table->naming->templates[kind] : NULL;
  const bool again = constraint->early_name && constraint->target_columns;
  const char *given = again ? constraint->given_name : constraint->name;
  if (!applies(template, given, constraint->made_name && !again)) return CORM_OK;
  const subject s = {.naming = table->naming, .table = table, .constraint = constraint, .name = given};
  const char *name = make(&s, template, err);
  if (!name) return CORM_FAILED;
  if (again) constraint->early_name = false;
  constraint->given_name = given;
  constraint->name = name;
  constraint->made_name = true;
  return CORM_OK;
}

corm_status corm_naming_index(corm_table *table, corm_index *index, corm_error *err) {
  static const corm_naming none = {.ntokens = 0};
  const char *template = table->naming ? table->naming->templates[CORM_NAMING_INDEX] : NULL;
  if (!template) template = "ix_%(column_0_label)s";
  if (!applies(template, index->name, index->made_name)) return CORM_OK;
  const subject s = {
      .naming = table->naming ? table->naming : &none, .table = table, .index = index, .name = index->name};
  const char *name = make(&s, template, err);
  if (!name) return CORM_FAILED;
  index->name = name;
  index->made_name = true;
  return CORM_OK;
}
