/*
 * The names of a statement's parameters: one that a user gave is one parameter, with one value, and none that the
 * statement makes up.
 */
#include "sql/compiler.h"

/* The value of a column has the column's name, whoever made the bind. */
static bool is_users_name(const corm_compiled_bind *bind) {
  if (!bind->node || bind->node->unique) return false;
  return !(bind->assigned && bind->column && strcmp(bind->name, bind->column->key) == 0);
}

static const corm_value *value_ahead(const corm_compiled_bind *bind) {
  if (bind->element >= 0) return &bind->node->values[bind->element];
  return bind->node->required ? NULL : &bind->node->value;
}

/* One name is one parameter, and has one value. */
static void check_same_value(corm_compiler *c, const corm_compiled_bind *first, const corm_compiled_bind *second) {
  const corm_value *a = value_ahead(first), *b = value_ahead(second);
  if (first->node == second->node || !a || !b || corm_value_equal(a, b)) return;
  corm_emit_error(c, CORM_E_COMPILE,
                  "bindparam() '%s' has two different values in one statement. Please use two names, or unique = true",
                  first->name);
}

void corm_binds_finish(corm_compiler *c) {
  if (!c->named_binds || c->failed) return;
  corm_stem_slot few[32];
  size_t cap = sizeof few / sizeof *few;
  corm_stem_slot *names = few;
  while (cap < (size_t)c->nbinds * 2) cap *= 2;
  if (cap > sizeof few / sizeof *few) {
    names = corm_compiler_check(c, corm_arena_zalloc(c->arena, cap, sizeof *names));
    if (!names) return;
  } else {
    memset(few, 0, sizeof few);
  }
  for (uint32_t i = 0; i < c->nbinds; i++) {
    if (!is_users_name(&c->binds[i])) continue;
    uint32_t len = (uint32_t)strlen(c->binds[i].name);
    corm_stem_slot *slot = corm_stem_slot_of(names, cap, c->binds[i].name, len);
    if (slot->stem) check_same_value(c, &c->binds[slot->count], &c->binds[i]);
    if (!slot->stem) *slot = (corm_stem_slot){c->binds[i].name, len, i};
  }
  for (uint32_t i = 0; i < c->nbinds && !c->failed; i++) {
    const corm_compiled_bind *bind = &c->binds[i];
    if (is_users_name(bind) || !corm_stem_slot_of(names, cap, bind->name, (uint32_t)strlen(bind->name))->stem) continue;
    if (bind->node && !bind->assigned) {
      corm_emit_error(c, CORM_E_COMPILE,
                      "Bind parameter '%s' conflicts with unique bind parameter of the same name: a value of this "
                      "statement has it. Please use another one (for example, 'b_%s')",
                      bind->name, bind->name);
      continue;
    }
    corm_emit_error(c, CORM_E_COMPILE,
                    "bindparam() name '%s' is reserved for a value of this statement that has the same name. Please "
                    "use another one (for example, 'b_%s')",
                    bind->name, bind->name);
  }
}
