/*
 * A list behind IN that is longer than a database takes parameters is one parameter: a JSON array, which the database
 * makes rows of. Values stay bound, whatever their number.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "schema/array.h"
#include "sql/compiler.h"

typedef struct long_list {
  corm_compiler *c;
  const corm_bind *bind;
  corm_value_kind kind;   /* of the values, canonical; NULL: none was met */
  corm_value_kind stored; /* the same as it is sent */
  size_t longest;         /* text: bytes */
  corm_buf json;
} long_list;

bool corm_is_long_list(const corm_compiler *c, const corm_bind *bind) {
  const uint32_t max = c->dialect->max_params;
  return !c->options.named && !c->options.literal_binds && (uint64_t)c->nbinds + bind->nvalues > max - max / 8;
}

static void refuse(const long_list *list, const char *why) {
  const corm_compiler *c = list->c;
  corm_emit_error(
      list->c, CORM_E_COMPILE,
      "a list of %u values behind IN is more than the %u parameters that %s takes, and %s cannot be sent as "
      "one; put them into a table, or ask in parts",
      list->bind->nvalues, c->dialect->max_params, c->dialect->name, why);
}

/* What the wire has in binary, as text that the database reads. */
static bool has_text(const corm_value *canonical) {
  switch ((corm_value_kind)canonical->kind) {
  case CORM_BOOL:
  case CORM_DATE:
  case CORM_TIME:
  case CORM_DATETIME:
  case CORM_DECIMAL:
  case CORM_UUID: return true;
  default: return false;
  }
}

static bool is_sendable(const corm_value *stored) {
  if (stored->kind >= CORM_NULL && stored->kind <= CORM_REAL) return true;
  return stored->kind == CORM_TEXT && !memchr(stored->as.s, '\0', stored->len) &&
         corm_utf8_valid(stored->as.s, stored->len);
}

static void put(long_list *list, const corm_type *type, const corm_value *value) {
  corm_compiler *c = list->c;
  corm_scratch scratch;
  corm_value canonical, stored;
  corm_scratch_init(&scratch, list->json.mem);
  corm_status status = corm_type_coerce(type, value, NULL, &scratch, &canonical, c->err);
  if (status == CORM_OK) status = c->dialect->encode(c->dialect, type, &canonical, &scratch, &stored, c->err);
  if (status != CORM_OK) {
    c->failed = true;
  } else if (stored.kind > CORM_TEXT && has_text(&canonical)) {
    list->kind = list->stored = (corm_value_kind)canonical.kind;
    corm_array_put(&canonical, &list->json);
  } else if (!is_sendable(&stored)) {
    refuse(list, "values without a text of their own (binary ones, intervals)");
  } else if (stored.kind != CORM_NULL && list->kind != CORM_NULL &&
             (stored.kind != list->stored || canonical.kind != list->kind)) {
    refuse(list, "values of several kinds");
  } else {
    if (stored.kind != CORM_NULL) {
      list->kind = (corm_value_kind)canonical.kind;
      list->stored = (corm_value_kind)stored.kind;
    }
    if (stored.kind == CORM_TEXT && stored.len > list->longest) list->longest = stored.len;
    corm_array_put(&stored, &list->json);
  }
  corm_scratch_clear(&scratch);
}

/* The array as the value of a bind of its own. */
static const corm_bind *bind_of(long_list *list) {
  corm_compiler *c = list->c;
  corm_bind *bind = corm_compiler_check(c, corm_arena_zalloc(c->arena, 1, sizeof *bind));
  const char *text = list->json.failed ? NULL : corm_arena_dup(c->arena, list->json.ptr, list->json.len);
  text = corm_compiler_check(c, (void *)text);
  if (!bind || !text) return NULL;
  bind->base = (corm_node){.kind = CORM_NODE_BIND, .type = corm_type_default(CORM_TYPE_TEXT)};
  bind->key = list->bind->key;
  bind->unique = list->bind->unique;
  bind->value = corm_value_text(text, list->json.len);
  return bind;
}

static void emit(long_list *list, const char *name, const corm_type *type) {
  corm_compiler *c = list->c;
  const corm_bind *bind = bind_of(list);
  const size_t room = strlen(name) + 3;
  char *own =
      corm_compiler_check(c, corm_arena_alloc(c->arena, room)); /* as of the first value: the name is the list's */
  if (!bind || !own) return;
  (void)snprintf(own, room, "%s_1", name);
  const corm_list_rows rows = {.type = type,
                               .kind = list->kind,
                               .text = list->stored != CORM_INT && list->stored != CORM_REAL,
                               .longest = list->longest};
  c->dialect->list_rows(c->dialect, &rows, false, &c->text);
  corm_add_bind(c, &(corm_compiled_bind){.name = own, .node = bind, .type = bind->base.type, .element = -1},
                CORM_PLACE_TYPED);
  c->dialect->list_rows(c->dialect, &rows, true, &c->text);
}

void corm_emit_long_list(corm_compiler *c, const corm_bind *bind, const char *name) {
  long_list list = {.c = c, .bind = bind, .kind = CORM_NULL, .stored = CORM_NULL};
  const corm_type *type = bind->base.type;
  if (type->hosted) type = corm_type_on(type, c->dialect->name);
  for (uint32_t i = 0; type->kind == CORM_TYPE_NULLTYPE && !type->custom && i < bind->nvalues; i++)
    if (bind->values[i].kind != CORM_NULL) type = corm_type_of_value(&bind->values[i]);
  if (bind->width || (type->custom && type->custom->bind) || !c->dialect->list_rows) {
    refuse(&list, bind->width ? "tuples" : "values of this type");
    return;
  }
  corm_buf_init(&list.json, c->arena->mem ? c->arena->mem : &corm_mem_libc);
  for (uint32_t i = 0; i < bind->nvalues && !c->failed; i++) {
    corm_buf_putc(&list.json, i ? ',' : '[');
    put(&list, type, &bind->values[i]);
  }
  corm_buf_putc(&list.json, ']');
  if (!c->failed) emit(&list, name, type);
  corm_buf_clear(&list.json);
}
