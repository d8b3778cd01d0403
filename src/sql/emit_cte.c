#include "sql/compiler.h"

/*
 * WITH. A CTE is written where its name is first met, and its text taken off again; the clause is put in front when all
 * are known. Binds stand in the order of the text, so where placeholders have no numbers those of the CTEs go in front,
 * too. One that is defined by a UNION with itself is known by the same name as what it restates.
 */

/* The first of those that restate each other. */
static const corm_alias *root_of(const corm_alias *cte) {
  while (cte->cte->restates) cte = cte->cte->restates;
  return cte;
}

static bool restates(const corm_alias *cte, const corm_alias *other) {
  for (; cte; cte = cte->cte->restates)
    if (cte == other) return true;
  return false;
}

const char *corm_cte_name(corm_compiler *c, const corm_alias *cte) {
  return cte->name ? cte->name : corm_anonymous_name(c, (corm_identity){.a = root_of(cte)}, "anon");
}

static corm_cte_slot *new_slot(corm_compiler *c) {
  if (c->nctes == c->ctes_cap) {
    corm_cte_slot *grown = corm_compiler_check(c, corm_arena_grow(c->arena, c->ctes, &c->ctes_cap, sizeof *grown));
    if (!grown) return NULL;
    c->ctes = grown;
  }
  return &c->ctes[c->nctes++];
}

/* "(id, name)" behind the name of a CTE of VALUES. */
static void emit_value_names(corm_compiler *c, const corm_table_valued *values) {
  for (uint32_t i = 0; i < values->ncolumns; i++) {
    corm_emit_text(c, i ? ", " : "(");
    corm_emit_own_name(c, values->columns[i].name, "column");
  }
  corm_emit_bytes(c, ")", 1);
}

/* The same of a recursive one. */
static void emit_column_names(corm_compiler *c, const corm_node *element) {
  corm_select_columns columns;
  if (corm_selectable_columns_in(c->arena, element, &columns, c->err) != CORM_OK) {
    c->failed = true;
    return;
  }
  for (uint32_t i = 0; i < columns.n; i++) {
    corm_emit_text(c, i ? ", " : "(");
    const char *label = corm_label_text(c, &columns.items[i]);
    corm_emit_own_name(c, label ? label : corm_natural_text(c, &columns.items[i]), "column");
  }
  if (columns.n) corm_emit_bytes(c, ")", 1);
}

static void emit_dml(corm_compiler *c, const corm_node *element) {
  if (!c->dialect->dml_ctes) {
    corm_emit_error(c, CORM_E_COMPILE, "%s has no INSERT, UPDATE or DELETE in WITH; run it as a statement of its own",
                    c->dialect->name);
  } else if (element->kind == CORM_NODE_INSERT) {
    corm_emit_insert(c, (const corm_insert *)element);
  } else if (element->kind == CORM_NODE_UPDATE) {
    corm_emit_update(c, (const corm_update *)element);
  } else {
    corm_emit_delete(c, (const corm_delete_node *)element);
  }
}

/* What a CTE is, as a statement of its own inside: what it is for is not what the statement is for. */
static void emit_element(corm_compiler *c, const corm_node *element) {
  corm_compiled inner = {0}, *out = c->out;
  corm_scope *scope = c->scope;
  const bool bare = c->bare_columns, lint = c->options.lint;
  c->out = &inner;
  c->scope = NULL;
  c->bare_columns = false;
  if (!corm_compiler_enter(c)) {
    corm_compiler_leave(c);
  } else {
    const corm_select *select = corm_as_select(element);
    if (select) {
      corm_emit_select(c, select, CORM_SELECT_FROM);
    } else if (element->kind == CORM_NODE_VALUES) {
      corm_emit_value_rows(c, (const corm_values *)element);
    } else {
      const corm_level level = corm_enter_level(c);
      emit_dml(c, element);
      corm_leave_level(c, level);
    }
    corm_compiler_leave(c);
  }
  if (lint && inner.warning && !out->warning) out->warning = inner.warning;
  if (inner.late) out->late = inner.late;
  out->writes_within = out->writes_within || inner.is_dml || inner.writes_within;
  c->out = out;
  c->scope = scope;
  c->bare_columns = bare;
}

/* Where "user." was written in text that is no longer there. */
static void forget_prefixes(corm_compiler *c, size_t from) {
  for (size_t i = 0; i < sizeof c->prefixes / sizeof *c->prefixes; i++)
    if (c->prefixes[i].at + c->prefixes[i].len > from) c->prefixes[i].from = NULL;
}

static void write_cte(corm_compiler *c, uint32_t slot, const corm_alias *cte) {
  const size_t at = c->text.len;
  const uint32_t part = c->part;
  c->part = slot + 1;
  corm_emit_own_name(c, c->ctes[slot].name, "cte");
  const corm_table_valued *values = corm_as_table_valued(&cte->base);
  if (cte->cte->recursive) c->recursive = true;
  if (values)
    emit_value_names(c, values);
  else if (cte->cte->recursive)
    emit_column_names(c, cte->element);
  corm_emit_text(c, " AS ");
  corm_emit_prefixes(c, cte->cte->texts, cte->cte->ntexts);
  corm_emit_text(c, "\n(");
  emit_element(c, cte->element);
  corm_emit_bytes(c, ")", 1);
  corm_emit_suffixes(c, cte->cte->texts, cte->cte->ntexts);
  c->part = part;
  forget_prefixes(c, at);
  c->ctes[slot].text = corm_take_text(c, at);
  c->ctes[slot].order = c->nfinished++;
}

/* A CTE that was named before the UNION with itself: the union stands for both, and has its text and binds again. */
static void drop(corm_compiler *c, uint32_t slot) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < c->nbinds; i++)
    if (c->binds[i].part != slot + 1) c->binds[kept++] = c->binds[i];
  if (kept < c->nbinds && c->dialect->paramstyle == CORM_PARAM_DOLLAR && !c->options.named)
    corm_emit_error(c, CORM_E_COMPILE, "the CTE '%.60s' is selected from before the union that restates it",
                    c->ctes[slot].name);
  c->nbinds = kept;
  c->ctes[slot].alias = NULL;
}

static void add_cte(corm_compiler *c, const corm_alias *cte, bool nesting) {
  const char *name = corm_cte_name(c, cte);
  for (uint32_t i = 0; i < c->nctes; i++) {
    corm_cte_slot *slot = &c->ctes[i];
    if (!slot->alias || strcmp(slot->name, name) != 0) continue;
    if (slot->alias == cte || restates(slot->alias, cte)) return;
    if (restates(cte, slot->alias)) {
      drop(c, i);
      continue;
    }
    corm_emit_error(c, CORM_E_COMPILE, "two different CTEs have the name '%.60s'", name);
    return;
  }
  corm_cte_slot *slot = new_slot(c);
  if (!slot) return;
  *slot = (corm_cte_slot){.alias = cte, .name = name, .level = nesting && c->level > 1 ? c->level : 0};
  if (slot->level) c->nnesting++;
  write_cte(c, c->nctes - 1, cte);
}

void corm_emit_cte(corm_compiler *c, const corm_alias *cte) {
  add_cte(c, cte, cte->cte->nesting);
  corm_emit_own_name(c, corm_cte_name(c, cte), "cte");
}

void corm_add_ctes(corm_compiler *c, const corm_node *const *ctes, uint32_t n) {
  for (uint32_t i = 0; i < n && !c->failed; i++) {
    const corm_alias *cte = (const corm_alias *)ctes[i];
    add_cte(c, cte, cte->cte->nesting);
  }
}

/* -- the clause ---------------------------------------------------------------------------------------------------- */

/* The next slot of the level in the order in which they were finished; NULL: none is left. */
static corm_cte_slot *next_slot(const corm_compiler *c, uint32_t level) {
  corm_cte_slot *next = NULL;
  for (uint32_t i = 0; i < c->nctes; i++) {
    corm_cte_slot *slot = &c->ctes[i];
    if (!slot->alias || !slot->text || (level && slot->level != level)) continue;
    if (!next || slot->order < next->order) next = slot;
  }
  return next;
}

/* Moves the binds of the part to the place `to`, behind which all of them stand, and gives them to the part that is
   written now. Returns the place behind them. */
static uint32_t move_binds(corm_compiler *c, uint32_t part, uint32_t to, corm_compiled_bind *spare) {
  uint32_t moved = 0, kept = c->nbinds;
  for (uint32_t i = to; i < c->nbinds; i++) {
    if (c->binds[i].part != part) continue;
    spare[moved] = c->binds[i];
    spare[moved++].part = c->part;
  }
  for (uint32_t i = c->nbinds; i > to; i--)
    if (c->binds[i - 1].part != part) c->binds[--kept] = c->binds[i - 1];
  memcpy(c->binds + to, spare, moved * sizeof *spare);
  return to + moved;
}

/* Of the level, or with 0 of all that are left; the binds of the text from `at` on begin at `first`. */
static void place(corm_compiler *c, size_t at, uint32_t first, uint32_t level) {
  if (c->failed || !next_slot(c, level)) return;
  const bool numbered = c->options.named || c->dialect->paramstyle == CORM_PARAM_DOLLAR;
  corm_compiled_bind *spare = corm_arena_alloc(c->arena, (c->nbinds + (size_t)1) * sizeof *spare);
  const char *rest = corm_take_text(c, at);
  if (!corm_compiler_check(c, spare) || !rest) return;
  const char *separator = c->recursive ? "WITH RECURSIVE " : "WITH ";
  for (corm_cte_slot *slot; (slot = next_slot(c, level));) {
    corm_emit_text(c, separator);
    corm_emit_text(c, slot->text);
    separator = ", \n";
    if (!numbered) first = move_binds(c, (uint32_t)(slot - c->ctes) + 1, first, spare);
    if (level) slot->alias = NULL; /* nobody outside may name it */
    slot->text = NULL;
  }
  corm_emit_bytes(c, "\n", 1);
  if (c->out->row_len && c->out->row_at >= at) c->out->row_at += c->text.len - at;
  corm_emit_text(c, rest);
  forget_prefixes(c, at);
}

bool corm_has_ctes(const corm_compiler *c) {
  return next_slot(c, 0) != NULL;
}

void corm_place_ctes(corm_compiler *c, size_t at) {
  place(c, at, 0, 0);
}

corm_level corm_enter_level(corm_compiler *c) {
  c->level++;
  return (corm_level){.at = c->text.len, .first_bind = c->nbinds, .nnesting = c->nnesting};
}

void corm_leave_level(corm_compiler *c, corm_level level) {
  if (c->nnesting > level.nnesting && c->level > 1) place(c, level.at, level.first_bind, c->level);
  c->level--;
}
