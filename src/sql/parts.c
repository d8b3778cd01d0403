#include "sql/parts.h"

#include <string.h>

/* -- the list ------------------------------------------------------------------------------------------------------ */

static void add(corm_parts *p, corm_part part) {
  if (p->n == p->cap) {
    corm_part *grown = corm_arena_grow(p->arena, p->items, &p->cap, sizeof *grown);
    if (!grown) return;
    p->items = grown;
  }
  p->items[p->n++] = part;
}

static void number(corm_parts *p, uint64_t x) {
  add(p, (corm_part){.kind = CORM_PART_NUMBER, .as.number = x});
}

static void pointer(corm_parts *p, const void *x) {
  number(p, (uint64_t)(uintptr_t)x);
}

static void text(corm_parts *p, const char *x) {
  add(p, (corm_part){.kind = CORM_PART_TEXT, .as.text = x});
}

static void value(corm_parts *p, const corm_value *x) {
  add(p, (corm_part){.kind = CORM_PART_VALUE, .as.value = x});
}

static void type(corm_parts *p, const corm_type *x) {
  add(p, (corm_part){.kind = CORM_PART_TYPE, .as.type = x});
}

static void node(corm_parts *p, const corm_node *x) {
  add(p, (corm_part){.kind = CORM_PART_NODE, .as.node = x});
}

static void nodes(corm_parts *p, const corm_node *const *items, uint32_t n) {
  number(p, n);
  for (uint32_t i = 0; i < n; i++) node(p, items[i]);
}

/* -- values -------------------------------------------------------------------------------------------------------- */

static void bind_parts(corm_parts *p, const corm_bind *bind) {
  if (!bind->unique) text(p, bind->key);
  type(p, bind->base.type);
  number(p, (uint64_t)bind->required << 2 | (uint64_t)bind->expanding << 1 | bind->literal_execute);
  number(p, (uint64_t)bind->hook);
  number(p, bind->width);
  if (bind->required) return;
  if (!bind->expanding) {
    value(p, &bind->value);
    return;
  }
  number(p, bind->nvalues);
  for (uint32_t i = 0; i < bind->nvalues; i++) value(p, &bind->values[i]);
}

/* A subquery's column without a name of its own is told by what it stands for. */
static void column_parts(corm_parts *p, const corm_column_node *column) {
  text(p, column->name);
  node(p, column->from);
  if (!column->name) node(p, column->element);
  if (!column->from) type(p, column->base.type);
}

static void text_parts(corm_parts *p, const corm_text *raw) {
  text(p, raw->sql);
  number(p, raw->nbinds);
  for (uint32_t i = 0; i < raw->nbinds; i++) node(p, &raw->binds[i]->base);
}

static void case_parts(corm_parts *p, const corm_case_node *x) {
  node(p, x->value);
  nodes(p, x->whens, x->nwhens * 2);
  node(p, x->else_);
}

static void over_parts(corm_parts *p, const corm_over *over) {
  node(p, over->element);
  node(p, over->partition_by);
  node(p, over->order_by);
  node(p, over->frame ? &over->frame->base : NULL);
  number(p, (uint64_t)over->unit << 8 | over->exclude);
}

static void frame_parts(corm_parts *p, const corm_window_frame *frame) {
  number(p, (uint64_t)frame->start_bound << 8 | frame->end_bound);
  node(p, frame->start);
  node(p, frame->end);
}

static void binary_parts(corm_parts *p, const corm_binary *binary) {
  const corm_op op = (corm_op)binary->base.op;
  p->unordered = op == CORM_OP_EQ || op == CORM_OP_NE || op == CORM_OP_ADD || op == CORM_OP_MUL;
  text(p, binary->custom);
  text(p, binary->escape);
  node(p, binary->left);
  node(p, binary->right);
}

static void list_parts(corm_parts *p, const corm_list *list) {
  p->unordered = list->base.op == CORM_OP_AND || list->base.op == CORM_OP_OR;
  nodes(p, list->items, list->n);
}

/* What the host knows of an element is not known here: it is like itself only. */
static void construct_parts(corm_parts *p, const corm_construct *construct) {
  text(p, construct->name);
  pointer(p, construct->host);
  number(p, construct->id);
  nodes(p, construct->args, construct->nargs);
}

static bool value_parts(corm_parts *p, const corm_node *x) {
  switch ((corm_node_kind)x->kind) {
  case CORM_NODE_COLUMN: column_parts(p, (const corm_column_node *)x); return true;
  case CORM_NODE_BIND: bind_parts(p, (const corm_bind *)x); return true;
  case CORM_NODE_LITERAL_COLUMN:
  case CORM_NODE_TEXT: text_parts(p, (const corm_text *)x); return true;
  case CORM_NODE_CONSTANT: number(p, ((const corm_constant *)x)->value); return true;
  case CORM_NODE_BINARY: binary_parts(p, (const corm_binary *)x); return true;
  case CORM_NODE_ARRAY:
  case CORM_NODE_LIST: list_parts(p, (const corm_list *)x); return true;
  case CORM_NODE_FUNCTION:
    text(p, ((const corm_function *)x)->name);
    nodes(p, ((const corm_function *)x)->args, ((const corm_function *)x)->nargs);
    return true;
  case CORM_NODE_CASE: case_parts(p, (const corm_case_node *)x); return true;
  case CORM_NODE_CAST:
    type(p, x->type);
    number(p, (uint64_t)((const corm_cast *)x)->silent << 1 | ((const corm_cast *)x)->attempt);
    node(p, ((const corm_cast *)x)->element);
    return true;
  case CORM_NODE_EXTRACT:
    text(p, ((const corm_extract *)x)->field);
    node(p, ((const corm_extract *)x)->element);
    return true;
  case CORM_NODE_OVER: over_parts(p, (const corm_over *)x); return true;
  case CORM_NODE_FRAME: frame_parts(p, (const corm_window_frame *)x); return true;
  case CORM_NODE_NEXT_VALUE: pointer(p, ((const corm_next_value *)x)->sequence); return true;
  case CORM_NODE_FIELD:
    text(p, ((const corm_field *)x)->name);
    node(p, ((const corm_field *)x)->element);
    return true;
  case CORM_NODE_CONSTRUCT: construct_parts(p, (const corm_construct *)x); return true;
  case CORM_NODE_LABEL:
    text(p, ((const corm_label *)x)->name);
    node(p, ((const corm_label *)x)->element);
    return true;
  case CORM_NODE_SCALAR_SUBQUERY:
  case CORM_NODE_EXISTS: node(p, &((const corm_subselect *)x)->select->base); return true;
  default: return false;
  }
}

/* -- FROMs --------------------------------------------------------------------------------------------------------- */

static void table_parts(corm_parts *p, const corm_table *table) {
  text(p, table->schema);
  text(p, table->name);
  number(p, table->columns.len);
  for (size_t i = 0; i < table->columns.len; i++) {
    const corm_column *column = table->columns.items[i];
    text(p, column->name);
    type(p, column->type);
  }
}

static void said_parts(corm_parts *p, const corm_select_text *texts, uint32_t n) {
  number(p, n);
  for (uint32_t i = 0; i < n; i++) {
    node(p, texts[i].text);
    node(p, texts[i].from);
    text(p, texts[i].dialect);
    number(p, texts[i].place);
  }
}

static void cte_parts(corm_parts *p, const corm_cte *cte) {
  number(p, (uint64_t)cte->recursive << 1 | cte->nesting);
  node(p, cte->restates ? &cte->restates->base : NULL);
  said_parts(p, cte->texts, cte->ntexts);
}

static void alias_parts(corm_parts *p, const corm_alias *alias) {
  text(p, alias->name);
  number(p, (uint64_t)(alias->cte != NULL) << 1 | alias->lateral);
  node(p, alias->element);
  node(p, alias->sampling);
  node(p, alias->seed);
  if (alias->cte) cte_parts(p, alias->cte);
  const corm_table_valued *valued = corm_as_table_valued(&alias->base);
  if (!valued) return;
  number(p, (uint64_t)valued->ordinality << 3 | (uint64_t)valued->joins_implicitly << 2 |
                (uint64_t)valued->derived << 1 | valued->derived_types);
  number(p, valued->ncolumns);
  for (uint32_t i = 0; i < valued->ncolumns; i++) {
    text(p, valued->columns[i].name);
    type(p, valued->columns[i].base.type);
  }
}

static bool from_parts(corm_parts *p, const corm_node *x) {
  switch ((corm_node_kind)x->kind) {
  case CORM_NODE_BUNDLE: {
    const corm_bundle *bundle = (const corm_bundle *)x;
    pointer(p, bundle->owner);
    text(p, bundle->name);
    node(p, bundle->from);
    nodes(p, bundle->columns, bundle->n);
    return true;
  }
  case CORM_NODE_TABLE:
    table_parts(p, ((const corm_table_node *)x)->table);
    pointer(p, ((const corm_table_node *)x)->only);
    return true;
  case CORM_NODE_ALIAS: alias_parts(p, (const corm_alias *)x); return true;
  case CORM_NODE_VALUES: {
    const corm_values *values = (const corm_values *)x;
    number(p, (uint64_t)values->width << 1 | values->literal_binds);
    nodes(p, values->items, values->nrows * values->width);
    return true;
  }
  case CORM_NODE_JOIN: {
    const corm_join *join = (const corm_join *)x;
    number(p, (uint64_t)join->outer << 1 | join->full);
    node(p, join->left);
    node(p, join->right);
    node(p, join->on);
    return true;
  }
  default: return false;
  }
}

/* -- statements ---------------------------------------------------------------------------------------------------- */

static void extra_parts(corm_parts *p, const corm_select_extra *extra) {
  nodes(p, extra->distinct_on, extra->ndistinct_on);
  number(p, (uint64_t)extra->fetch << 2 | (uint64_t)extra->with_ties << 1 | extra->percent);
  said_parts(p, extra->texts, extra->ntexts);
  nodes(p, (const corm_node *const *)extra->given, extra->ngiven);
  number(p, extra->lock != NULL);
  if (!extra->lock) return;
  nodes(p, extra->lock->of, extra->lock->nof);
  number(p, (uint64_t)extra->lock->read << 3 | (uint64_t)extra->lock->key_share << 2 |
                (uint64_t)extra->lock->nowait << 1 | extra->lock->skip_locked);
}

static void select_parts(corm_parts *p, const corm_select *s) {
  nodes(p, s->columns, s->ncolumns);
  nodes(p, s->froms, s->nfroms);
  node(p, s->where);
  node(p, s->having);
  nodes(p, s->group_by, s->ngroup_by);
  nodes(p, s->order_by, s->norder_by);
  node(p, s->limit);
  node(p, s->offset);
  number(p, (uint64_t)(s->correlate != NULL) << 1 | (s->correlate_except != NULL));
  nodes(p, s->correlate, s->ncorrelate);
  nodes(p, s->correlate_except, s->ncorrelate_except);
  number(p, s->nparts);
  for (uint32_t i = 0; i < s->nparts; i++) node(p, &s->parts[i]->base);
  number(p, (uint64_t)s->set_op << 16 | (uint64_t)s->label_columns << 1 | s->distinct);
  node(p, s->text ? &s->text->base : NULL);
  nodes(p, s->ctes, s->nctes);
  number(p, s->extra != NULL);
  if (s->extra) extra_parts(p, s->extra);
}

static void column_names(corm_parts *p, const corm_column *const *columns, uint32_t n) {
  number(p, columns ? n + UINT64_C(1) : 0);
  for (uint32_t i = 0; columns && i < n; i++) text(p, columns[i]->name);
}

static void upsert_parts(corm_parts *p, const corm_upsert *upsert) {
  nodes(p, upsert->targets, upsert->ntargets);
  text(p, upsert->constraint);
  node(p, upsert->index_where);
  for (int i = 0; upsert->index && i < CORM_INDEX_WHERES; i++) node(p, upsert->index->where[i]);
  column_names(p, upsert->columns, upsert->n);
  nodes(p, upsert->values, upsert->n);
  node(p, upsert->where);
  number(p, upsert->duplicate_key);
}

static void dml_extra_parts(corm_parts *p, const corm_dml_extra *extra) {
  number(p, extra != NULL);
  if (!extra) return;
  said_parts(p, extra->prefixes, extra->nprefixes);
  number(p, extra->defaults != NULL);
  if (extra->defaults) {
    nodes(p, extra->defaults->columns, extra->defaults->n);
    nodes(p, extra->defaults->more, extra->defaults->nmore);
  }
  number(p, extra->nlimits);
  for (uint32_t i = 0; i < extra->nlimits; i++) {
    text(p, extra->limits[i].dialect);
    number(p, (uint64_t)extra->limits[i].n);
  }
  nodes(p, (const corm_node *const *)extra->given, extra->ngiven);
}

static void insert_parts(corm_parts *p, const corm_insert *insert) {
  table_parts(p, insert->table);
  column_names(p, insert->columns, insert->ncolumns);
  number(p, insert->nrows);
  number(p, (uint64_t)insert->bare_select << 2 | (uint64_t)insert->inlined << 1 | insert->sorted);
  nodes(p, insert->values, insert->values ? insert->nrows * insert->ncolumns : 0);
  node(p, insert->from_select ? &insert->from_select->base : NULL);
  for (const corm_upsert *upsert = insert->upsert; upsert; upsert = upsert->next) upsert_parts(p, upsert);
  nodes(p, insert->returning, insert->nreturning);
  nodes(p, insert->ctes, insert->nctes);
  dml_extra_parts(p, insert->extra);
}

static void update_parts(corm_parts *p, const corm_update *update) {
  node(p, update->table);
  column_names(p, update->columns, update->n);
  nodes(p, update->values, update->n);
  nodes(p, (const corm_node *const *)update->others, update->nothers);
  nodes(p, update->other_values, update->nothers);
  node(p, update->where);
  nodes(p, update->returning, update->nreturning);
  nodes(p, update->ctes, update->nctes);
  dml_extra_parts(p, update->extra);
  number(p, update->ordered);
}

static void delete_parts(corm_parts *p, const corm_delete_node *delete) {
  node(p, delete->table);
  node(p, delete->where);
  nodes(p, delete->returning, delete->nreturning);
  nodes(p, delete->ctes, delete->nctes);
  dml_extra_parts(p, delete->extra);
}

static bool statement_parts(corm_parts *p, const corm_node *x) {
  switch ((corm_node_kind)x->kind) {
  case CORM_NODE_SELECT:
  case CORM_NODE_COMPOUND:
  case CORM_NODE_TEXTUAL: select_parts(p, (const corm_select *)x); return true;
  case CORM_NODE_INSERT: insert_parts(p, (const corm_insert *)x); return true;
  case CORM_NODE_UPDATE: update_parts(p, (const corm_update *)x); return true;
  case CORM_NODE_DELETE: delete_parts(p, (const corm_delete_node *)x); return true;
  default: return false;
  }
}

bool corm_parts_of(corm_parts *parts, const corm_node *x) {
  parts->n = 0;
  parts->unordered = false;
  if (value_parts(parts, x) || from_parts(parts, x) || statement_parts(parts, x)) return !parts->arena->failed;
  /* The rest is its operands. */
  const corm_node *child;
  for (uint32_t i = 0; (child = corm_node_child(x, i)); i++) node(parts, child);
  return !parts->arena->failed;
}
