#include "sql/compiler.h"

#include <string.h>

/* Values that the execution gives before the text is written: lists behind IN, literals, binds of functions. */

void corm_take_given(corm_compiler *c, const corm_bind *const *binds, uint32_t n) {
  corm_given *given = corm_compiler_check(c, corm_arena_alloc(c->arena, sizeof *given));
  if (!given) return;
  *given = (corm_given){.outer = c->given, .binds = binds, .n = n};
  c->given = given;
}

/* A name means one parameter in the whole statement: the outermost statement has the last word. Each place keeps the
   type that it has. */
const corm_bind *corm_given_bind(corm_compiler *c, const corm_bind *bind) {
  const corm_bind *found = bind;
  for (const corm_given *given = c->given; given && !bind->unique; given = given->outer)
    for (uint32_t i = 0; i < given->n; i++)
      if (strcmp(given->binds[i]->key, bind->key) == 0) found = given->binds[i];
  if (found == bind || found->base.type == bind->base.type || bind->base.type->kind == CORM_TYPE_NULLTYPE) return found;
  corm_bind *copy = corm_compiler_check(c, corm_arena_copy(c->arena, found, sizeof *found));
  if (!copy) return found;
  copy->base.type = bind->base.type;
  return copy;
}

static void note_late_name(corm_compiler *c, const char *name) {
  corm_late_name *note = corm_compiler_check(c, corm_arena_alloc(c->arena, sizeof *note));
  if (!note) return;
  *note = (corm_late_name){.next = c->out->late, .name = name};
  c->out->late = note;
}

/* The bind with the value that holds now: the execution's, else its own. */
static const corm_bind *late_bind(corm_compiler *c, const corm_bind *bind) {
  corm_late_values given = {.given = false};
  const corm_late *late = c->options.late;
  if (late && late->find(late->ctx, bind, c->arena, &given, c->err) != CORM_OK) {
    c->failed = true;
    return bind;
  }
  if (!given.given) {
    if (bind->required && !c->options.named) {
      corm_emit_error(c, CORM_E_INVALID_REQUEST, "A value is required for bind parameter '%.100s'", bind->key);
    }
    return bind;
  }
  corm_bind *copy = corm_compiler_check(c, corm_arena_alloc(c->arena, sizeof *copy));
  if (!copy) return bind;
  *copy = *bind;
  copy->required = false;
  if (bind->expanding) {
    copy->values = given.values;
    copy->nvalues = given.n;
  } else {
    copy->value = given.values[0];
    if (copy->base.type->kind == CORM_TYPE_NULLTYPE) copy->base.type = corm_type_of_value(&copy->value);
  }
  if (!bind->unique) note_late_name(c, bind->key);
  return copy;
}

/* A list that nobody has given yet is shown as one parameter. */
static void emit_absent_list(corm_compiler *c, const corm_bind *bind, const char *name, const corm_column *column,
                             corm_place place) {
  corm_emit_bytes(c, "(", 1);
  corm_add_bind(
      c, &(corm_compiled_bind){.name = name, .node = bind, .type = bind->base.type, .column = column, .element = -1},
      place);
  corm_emit_bytes(c, ")", 1);
}

void corm_emit_late(corm_compiler *c, const corm_bind *bind, const corm_column *column, const corm_node *left,
                    corm_op op, corm_place place) {
  const char *name = corm_bind_name(c, bind);
  const bool literal = c->options.literal_binds;
  bind = late_bind(c, bind);
  if (c->failed) return;
  if (bind->literal_execute && !c->options.named) c->options.literal_binds = true;
  if (bind->expanding && bind->required && !c->options.literal_binds) {
    emit_absent_list(c, bind, name, column, place);
  } else {
    corm_emit_bind_value(c, bind, name, column, left, op, place);
  }
  c->options.literal_binds = literal;
}
