#include <stdarg.h>

#include "base/str.h"
#include "sql/compiler.h"
#include "sql/emit_bulk.h"

/* What no database takes. A small tree may have such a text, when its parts stand in it several times. */
#define MAX_TEXT ((size_t)256 << 20)

/* -- text ---------------------------------------------------------------------------------------------------------- */

/* The text begins in the compiler's frame and moves to the arena when it grows: the buffer is never freed. */
static void *resize_text(void *ctx, void *ptr, size_t size) {
  corm_compiler *c = ctx;
  if (size > MAX_TEXT) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "the text of the statement is longer than %d MB: what is written twice at each level doubles with "
                    "every level",
                    (int)(MAX_TEXT >> 20));
    return NULL;
  }
  char *grown = size ? corm_arena_alloc(c->arena, size) : NULL;
  if (grown && ptr) memcpy(grown, ptr, c->text.len + 1);
  return grown;
}

void *corm_compiler_check(corm_compiler *c, void *ptr) {
  if (!ptr && !c->failed) {
    c->failed = true;
    corm_error_memory(c->err);
  }
  return ptr;
}

void(corm_emit_text)(corm_compiler *compiler, const char *text) {
  corm_buf_puts(&compiler->text, text);
}

corm_buf *corm_emit_buf(corm_compiler *compiler) {
  return &compiler->text;
}

corm_arena *corm_emit_arena(corm_compiler *compiler) {
  return compiler->arena;
}

void corm_emit_error(corm_compiler *compiler, corm_error_class cls, const char *format, ...) {
  if (compiler->failed) return;
  compiler->failed = true;
  va_list args;
  va_start(args, format);
  corm_error_setv(compiler->err, cls, format, args);
  va_end(args);
}

void corm_emit_column_name(corm_compiler *c, const corm_column *column) {
  corm_dialect_column_name(c->dialect, column, &c->text);
}

void corm_emit_quoted(corm_compiler *c, const char *name) {
  corm_dialect_quote(c->dialect, name, &c->text);
}

void corm_emit_own_name(corm_compiler *c, const char *name, const char *what) {
  if (corm_identifier_check(name, strlen(name), what, c->failed ? NULL : c->err) != CORM_OK) {
    c->failed = true;
    return;
  }
  if (c->dialect->trims_labels && name[0] == ' ')
    corm_emit_error(c, CORM_E_IDENTIFIER, "%s '%.60s': %s takes the blank off its front", what, name, c->dialect->name);
  corm_emit_quoted(c, name);
}

void corm_emit_type_name(corm_compiler *c, const corm_type *type) {
  corm_error *err = c->failed ? NULL : c->err;
  if (c->dialect->type_name(c->dialect, type, &c->text, err) != CORM_OK) c->failed = true;
}

bool corm_compiler_enter(corm_compiler *c) {
  if (c->depth < CORM_COMPILE_DEPTH) {
    c->depth++;
    return !c->failed;
  }
  corm_emit_error(c, CORM_E_COMPILE, "expression is nested too deeply");
  c->depth++;
  return false;
}

void corm_compiler_leave(corm_compiler *c) {
  c->depth--;
}

/* -- entry --------------------------------------------------------------------------------------------------------- */

static void start(corm_compiler *c, corm_arena *arena, const corm_dialect *dialect, const corm_compile_options *options,
                  corm_compiled *out, corm_error *err) {
  /* The arrays at the end are initialised where they are used. */
  memset(c, 0, offsetof(corm_compiler, first_text));
  *out = (corm_compiled){0};
  c->dialect = dialect;
  c->arena = arena;
  c->err = err;
  c->out = out;
  if (options) c->options = *options;
  c->bare_columns = c->options.unqualified;
  c->text_mem = (corm_mem){.resize = resize_text, .ctx = c};
  c->text = (corm_buf){.mem = &c->text_mem, .ptr = c->first_text, .cap = sizeof c->first_text};
  c->first_text[0] = '\0';
  c->tasks = c->first_tasks;
  c->tasks_cap = sizeof c->first_tasks / sizeof *c->first_tasks;
  corm_binds_init(c);
}

static corm_status finish(corm_compiler *c) {
  corm_binds_finish(c);
  if (c->text.failed) corm_compiler_check(c, NULL);
  if (c->failed) return CORM_FAILED;
  corm_compiled *out = c->out;
  bool moved = c->text.ptr != c->first_text;
  out->sql = moved ? c->text.ptr : corm_arena_dup(c->arena, c->text.ptr, c->text.len);
  out->len = c->text.len;
  if (c->options.text) return out->sql ? CORM_OK : corm_error_memory(c->err);
  out->binds = c->binds;
  out->nbinds = c->nbinds;
  if (c->binds == c->first_binds) {
    corm_compiled_bind *binds = corm_arena_alloc(c->arena, c->nbinds * sizeof *binds);
    if (binds && c->nbinds) memcpy(binds, c->binds, c->nbinds * sizeof *binds);
    out->binds = binds;
  }
  return out->sql && out->binds ? CORM_OK : corm_error_memory(c->err);
}

static void place_with(corm_compiler *c, const corm_node *node) {
  bool change = node->kind == CORM_NODE_UPDATE || node->kind == CORM_NODE_DELETE;
  if (!corm_has_ctes(c)) return;
  if (change && c->dialect->with_of_selects)
    corm_emit_error(c, CORM_E_COMPILE, "%s has no WITH before UPDATE and DELETE; use a subquery instead",
                    c->dialect->name);
  corm_place_ctes(c, c->with_at);
}

corm_status corm_compile_in(corm_arena *arena, const corm_dialect *dialect, const corm_node *node,
                            const corm_compile_options *options, corm_compiled *out, corm_error *err) {
  corm_compiler c;
  start(&c, arena, dialect, options, out, err);
  out->statement = node;
  if (node->kind == CORM_NODE_INSERT || node->kind == CORM_NODE_UPDATE || node->kind == CORM_NODE_DELETE) c.level = 1;
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_SELECT:
  case CORM_NODE_COMPOUND:
  case CORM_NODE_TEXTUAL: corm_emit_select(&c, (const corm_select *)node, CORM_SELECT_TOP); break;
  case CORM_NODE_INSERT: corm_emit_insert(&c, (const corm_insert *)node); break;
  case CORM_NODE_UPDATE: corm_emit_update(&c, (const corm_update *)node); break;
  case CORM_NODE_DELETE: corm_emit_delete(&c, (const corm_delete_node *)node); break;
  case CORM_NODE_CONSTRUCT:
  case CORM_NODE_TEXT:
    out->textual = true;
    corm_emit_node(&c, node);
    break;
  default: corm_emit_node(&c, node); break;
  }
  place_with(&c, node);
  return finish(&c);
}

corm_status corm_compile_insert_in(corm_arena *arena, const corm_dialect *dialect, const corm_table *table,
                                   const corm_column *const *columns, size_t n, const corm_inlined *inlined,
                                   const corm_column *const *returning, size_t nreturning, corm_compiled *out,
                                   corm_error *err) {
  corm_compiler c;
  start(&c, arena, dialect, NULL, out, err);
  c.inlined = inlined;
  corm_emit_chosen_insert(&c, table, columns, n, returning, nreturning);
  return finish(&c);
}

corm_status corm_compile_update_in(corm_arena *arena, const corm_dialect *dialect, const corm_table *table,
                                   const corm_column *const *set, size_t nset, const corm_inlined *inlined,
                                   const corm_column *const *where, size_t nwhere, corm_compiled *out,
                                   corm_error *err) {
  corm_compiler c;
  start(&c, arena, dialect, NULL, out, err);
  c.inlined = inlined;
  corm_emit_chosen_update(&c, table, set, nset, where, nwhere);
  return finish(&c);
}

corm_status corm_compile_delete_in(corm_arena *arena, const corm_dialect *dialect, const corm_table *table,
                                   const corm_column *const *where, size_t nwhere, corm_compiled *out,
                                   corm_error *err) {
  corm_compiler c;
  start(&c, arena, dialect, NULL, out, err);
  corm_emit_chosen_delete(&c, table, where, nwhere);
  return finish(&c);
}

const char *corm_compile_repeat_in(corm_arena *arena, const corm_dialect *dialect, const corm_compiled *one,
                                   size_t nrows, size_t *len) {
  if (!one->row_len || dialect->paramstyle != CORM_PARAM_QMARK || nrows == 0) return NULL;
  const size_t more = one->row_len + 2, end = one->row_at + one->row_len;
  if (nrows - 1 > (SIZE_MAX / 2 - one->len) / more) return NULL;
  *len = one->len + (nrows - 1) * more;
  char *text = corm_arena_alloc(arena, *len + 1), *at = text;
  if (!text) return NULL;
  memcpy(at, one->sql, end);
  at += end;
  for (size_t i = 1; i < nrows; i++, at += more) {
    memcpy(at, ", ", 2);
    memcpy(at + 2, one->sql + one->row_at, one->row_len);
  }
  memcpy(at, one->sql + end, one->len - end + 1);
  return text;
}

/* Arrays stand for columns only: a value of an expression's own would have to be one, too. */
static corm_status finish_arrays(corm_compiler *c) {
  for (uint32_t i = 0; i < c->nbinds; i++)
    if (c->binds[i].source != CORM_BIND_REQUIRED) c->no_arrays = true;
  if (c->failed || !c->no_arrays) return finish(c);
  *c->out = (corm_compiled){0};
  return CORM_OK;
}

corm_status corm_compile_insert_arrays_in(corm_arena *arena, const corm_dialect *dialect, const corm_table *table,
                                          const corm_column *const *columns, size_t n,
                                          const corm_node *const *returning, size_t nreturning, corm_compiled *out,
                                          corm_error *err) {
  corm_compiler c;
  start(&c, arena, dialect, NULL, out, err);
  corm_emit_insert_arrays(&c, table, columns, n, returning, nreturning);
  return finish_arrays(&c);
}

corm_status corm_compile_update_arrays_in(corm_arena *arena, const corm_dialect *dialect, const corm_table *table,
                                          const corm_column *const *set, size_t nset, const corm_column *const *where,
                                          size_t nwhere, corm_compiled *out, corm_error *err) {
  corm_compiler c;
  start(&c, arena, dialect, NULL, out, err);
  corm_emit_update_arrays(&c, table, set, nset, where, nwhere);
  return finish_arrays(&c);
}

corm_status corm_compile_delete_arrays_in(corm_arena *arena, const corm_dialect *dialect, const corm_table *table,
                                          const corm_column *const *where, size_t nwhere, corm_compiled *out,
                                          corm_error *err) {
  corm_compiler c;
  start(&c, arena, dialect, NULL, out, err);
  corm_emit_delete_arrays(&c, table, where, nwhere);
  return finish_arrays(&c);
}

corm_status corm_compile_present_in(corm_arena *arena, const corm_dialect *dialect, const corm_table *table,
                                    const corm_column *const *columns, size_t nkeys, size_t n, size_t nrows,
                                    corm_compiled *out, corm_error *err) {
  corm_compiler c;
  start(&c, arena, dialect, NULL, out, err);
  corm_emit_present(&c, table, columns, nkeys, n, nrows);
  return finish(&c);
}
