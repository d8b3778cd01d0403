#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *what, const char *detail) {
  fprintf(stderr, "fuzz_compile: %s: %s\n", what, detail);
  abort();
}

/* -- the fuzz_tables ----------------------------------------------------------------------------------------------- */

static corm_metadata metadata;
corm_table fuzz_tables[FUZZ_TABLES];
static corm_column columns[3][CORM_TYPE_COUNT];
static corm_constraint foreign_key;
static const char *const table_names[] = {"account", "address", "Order \"Item\""};
static const char *const column_names[] = {"id", "name", "select", "Full Name", "it's", "a$1"};
const corm_type fuzz_item_type = {.kind = CORM_TYPE_INTEGER, .precision = -1, .scale = -1, .length = -1};
static corm_type array_type;

const corm_type *fuzz_type(unsigned n) {
  corm_type_kind kind = (corm_type_kind)(n % CORM_TYPE_COUNT);
  return kind == CORM_TYPE_ARRAY ? &array_type : corm_type_default(kind);
}

static void add_columns(size_t t) {
  corm_error err = {0};
  char name[24];
  for (size_t i = 0; i < CORM_TYPE_COUNT; i++) {
    corm_column *column = &columns[t][i];
    snprintf(name, sizeof name, "c%zu", i);
    corm_column_init(column, i < FUZZ_COUNT(column_names) ? column_names[i] : strdup(name),
                     i == 0 ? &fuzz_item_type : fuzz_type((unsigned)i));
    column->creation = i;
    column->primary_key = i == 0;
    column->nullable = i > 0;
    if (i == 7) column->default_ = (corm_default){.kind = CORM_DEFAULT_VALUE, .value = corm_value_int(1)};
    if (i == 8) column->onupdate = (corm_default){.kind = CORM_DEFAULT_HOOK, .hook = 1};
    if (corm_table_add_column(&fuzz_tables[t], column, &err) != CORM_OK) fuzz_fail("fixture", err.message);
  }
}

void fuzz_make_tables(void) {
  corm_error err = {0};
  static const char *key = "c6";
  static const char *target = "account.id";
  array_type = *corm_type_default(CORM_TYPE_ARRAY);
  array_type.item = &fuzz_item_type;
  corm_metadata_init(&metadata, &corm_mem_libc);
  for (size_t i = 0; i < FUZZ_TABLES; i++) {
    if (corm_table_init(&fuzz_tables[i], &corm_mem_libc, table_names[i], i == 2 ? "sales" : NULL, &err) != CORM_OK ||
        corm_metadata_add(&metadata, &fuzz_tables[i], &err) != CORM_OK)
      fuzz_fail("fixture", err.message);
    add_columns(i);
  }
  foreign_key = (corm_constraint){.kind = CORM_CONSTRAINT_FOREIGN_KEY,
                                  .creation = 100,
                                  .column_names = &key,
                                  .ncolumns = 1,
                                  .targets = &target,
                                  .deferrable = -1};
  if (corm_table_add_constraint(&fuzz_tables[1], &foreign_key, &err) != CORM_OK) fuzz_fail("fixture", err.message);
}

/* -- the machine --------------------------------------------------------------------------------------------------- */

unsigned fuzz_byte(fuzz_machine *m) {
  return m->at < m->end ? *m->at++ : 0;
}

unsigned fuzz_choose(fuzz_machine *m, size_t n) {
  return fuzz_byte(m) % (unsigned)n;
}

const char *fuzz_name(fuzz_machine *m) {
  static const char *const names[] = {
      "x",    "name",  "id",        "a b",      "select",  "a\"b", "a`b",         "it's",
      "\xc3\xbc", "",  "a\nb",      "name_1",   "anon_1",  "a.b",  "a; drop--",   ":x",
      "$1",   "%s",    "?",         "/* */",    "MiXed",   "1st",  "\xe2\x80\xae", "account_1",
      "a_very_long_name_that_is_longer_than_any_database_wants_it_to_be_for_sure_and_then_some_more_of_it"};
  return names[fuzz_choose(m, FUZZ_COUNT(names))];
}

size_t fuzz_text(fuzz_machine *m, char *out, size_t max, bool broken) {
  static const char *const pieces[] = {"'", "\"", "`", "\\", "--", "/*", "*/", ";", "?", ":x", "$1", "$$", "%", "_",
                                       "\xc3\xbc", "\xf0\x9f\x98\x80", "\n", "\\'", "E'", "{", "}", "[", "null", ","};
  size_t n = fuzz_choose(m, 12), len = 0;
  for (size_t i = 0; i < n && len + 8 < max; i++) {
    unsigned c = fuzz_byte(m);
    if (broken && (c & 0xC0) == 0xC0) {
      out[len++] = (char)fuzz_byte(m);
    } else if (c & 0x80) {
      const char *piece = pieces[c % FUZZ_COUNT(pieces)];
      memcpy(out + len, piece, strlen(piece));
      len += strlen(piece);
    } else {
      out[len++] = (char)(c < ' ' ? c + 'a' : c == 127 ? '~' : c);
    }
  }
  out[len] = '\0';
  return len;
}

corm_value fuzz_value(fuzz_machine *m, char *buf, size_t max) {
  unsigned kind = fuzz_choose(m, 12);
  corm_value value = corm_value_null();
  switch (kind) {
  case 0: return value;
  case 1: return corm_value_bool(fuzz_byte(m) & 1);
  case 2: return corm_value_int((int64_t)fuzz_byte(m) - 128);
  case 3: return corm_value_int(fuzz_byte(m) & 1 ? INT64_MIN : INT64_MAX);
  case 4: return corm_value_real((double)fuzz_byte(m) / 7 - 9);
  case 5: return corm_value_real(fuzz_byte(m) & 1 ? 0.0 / (double)(fuzz_byte(m) & 0) : 1e308 * 10);
  case 6:
  case 7: return corm_value_text(buf, fuzz_text(m, buf, max, false));
  case 8: return corm_value_text(buf, fuzz_text(m, buf, max, true));
  case 9:
    value = corm_value_text(buf, fuzz_text(m, buf, max, true));
    value.kind = CORM_BLOB;
    return value;
  case 10:
    value = corm_value_int((int64_t)fuzz_byte(m) * 1000000);
    value.kind = (uint8_t)(CORM_DATE + fuzz_choose(m, 4));
    if (value.kind == CORM_DATE || value.kind == CORM_TIME) value.as.i %= 80000;
    return value;
  default:
    value = corm_value_text("-12.30", 6);
    value.kind = CORM_DECIMAL;
    return value;
  }
}

N fuzz_take(fuzz_machine *m) {
  if (m->nvalues == 0) return fuzz_leaf(m);
  fuzz_item top = m->values[--m->nvalues];
  m->size += top.size;
  return top.node;
}

/* A FROM; the fuzz_tables are always there. */
N fuzz_take_from(fuzz_machine *m) {
  if (m->nfroms == 0 || fuzz_choose(m, 3) == 0) return corm_table_node_in(m->arena, &fuzz_tables[fuzz_choose(m, FUZZ_TABLES)]);
  fuzz_item top = m->froms[--m->nfroms];
  m->size += top.size;
  return top.node;
}

static N any_column(fuzz_machine *m) {
  if (m->nfroms && (fuzz_byte(m) & 1)) {
    N from = m->froms[fuzz_choose(m, m->nfroms)].node;
    char key[8];
    unsigned n = fuzz_choose(m, CORM_TYPE_COUNT);
    snprintf(key, sizeof key, "c%u", n);
    N column = corm_from_column_in(m->arena, from, n < FUZZ_COUNT(column_names) ? column_names[n] : key);
    if (column || m->arena->failed) return column;
  }
  corm_table *table = &fuzz_tables[fuzz_choose(m, FUZZ_TABLES)];
  N from = corm_table_node_in(m->arena, table);
  return from ? corm_column_node_in(m->arena, table->columns.items[fuzz_choose(m, CORM_TYPE_COUNT)], from) : NULL;
}

N fuzz_leaf(fuzz_machine *m) {
  char buf[128];
  corm_value value;
  switch (fuzz_choose(m, 12)) {
  case 0: value = fuzz_value(m, buf, sizeof buf); return corm_bind_in(m->arena, NULL, NULL, &value);
  case 1: value = fuzz_value(m, buf, sizeof buf); return corm_bind_in(m->arena, fuzz_name(m), fuzz_type(fuzz_byte(m)), &value);
  case 2: return corm_bindparam_in(m->arena, fuzz_name(m), fuzz_type(fuzz_byte(m)), NULL, false);
  case 3:
    value = fuzz_value(m, buf, sizeof buf);
    return corm_bindparam_in(m->arena, fuzz_name(m), NULL, &value, fuzz_byte(m) & 1);
  case 4: return corm_constant_in(m->arena, (corm_constant_kind)fuzz_choose(m, 3));
  case 5: return corm_literal_column_in(m->arena, "raw", 3, fuzz_type(fuzz_byte(m)));
  case 6: return corm_text_in(m->arena, "a = :x AND ':y' <> b", 20);
  case 7: return corm_name_in(m->arena, fuzz_name(m), fuzz_type(fuzz_byte(m)));
  case 8: return corm_function_in(m->arena, fuzz_name(m), NULL, NULL, 0);
  default: return any_column(m);
  }
}
