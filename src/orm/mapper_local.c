/* What a statement that writes a class's own table, the last of several, says of the class. */
#include "orm/mapper.h"
#include "sql/adapt.h"

typedef struct locally {
  const corm_mapper *mapper;
  bool above; /* of criteria: columns of the other tables are those of the class above; else they stay as they are */
  const corm_attribute *stranger;
} locally;

/* The level whose table the FROM is, or -1. What criteria say of a class above is said of this one. */
static int64_t level_of(const locally *l, const corm_node *from) {
  const corm_mapper *mapper = l->mapper;
  for (uint32_t t = 0; from && t < mapper->ntables; t++) {
    if (from == mapper->tables[t].from) return t;
    if (l->above && from->kind == CORM_NODE_TABLE && ((const corm_table_node *)from)->table == mapper->tables[t].table)
      return t;
  }
  return -1;
}

static const corm_node *say_from(void *ctx, const corm_node *from) {
  const locally *l = ctx;
  const corm_mapper *mapper = l->mapper;
  const int64_t level = from == mapper->from ? mapper->ntables - 1 : level_of(l, from);
  if (level < 0) return from;
  return l->above && level + 1 < mapper->ntables ? mapper->parent->tables[level].from : mapper->local;
}

static const corm_node *say_column(corm_arena *arena, void *ctx, const corm_column_node *column) {
  locally *l = ctx;
  const corm_mapper *mapper = l->mapper;
  const int64_t level = column->column ? level_of(l, column->from) : -1;
  const int32_t slot = level < 0 ? -1 : corm_mapper_column_slot(mapper, column->column);
  if (slot < 0) return &column->base;
  const corm_column *local = corm_mapper_level_column(mapper, mapper->ntables - 1, (uint32_t)slot);
  if (local) return corm_column_node_in(arena, local, mapper->local);
  l->stranger = &mapper->attributes[slot];
  return l->above ? corm_column_node_in(arena, column->column, mapper->parent->tables[level].from) : &column->base;
}

const corm_node *corm_mapper_local_in(corm_arena *arena, const corm_mapper *mapper, const corm_node *node,
                                      const corm_attribute **stranger) {
  locally l = {.mapper = mapper};
  const corm_adapt adapt = {.column = say_column, .from = say_from, .ctx = &l};
  const corm_node *said = corm_adapt_in(arena, node, &adapt);
  *stranger = l.stranger;
  return said;
}

/* The key of the row in the class's own table is that in the one above it. */
static const corm_node *same_row_in(corm_arena *arena, const corm_mapper *mapper) {
  const uint32_t last = mapper->ntables - 1;
  const corm_node **pairs = corm_arena_alloc(arena, mapper->npk * sizeof *pairs);
  for (uint32_t i = 0; pairs && i < mapper->npk; i++) {
    const corm_column *here = corm_mapper_level_column(mapper, last, mapper->pk[i]);
    const corm_column *above = corm_mapper_level_column(mapper, last - 1, mapper->pk[i]);
    const corm_node *left = corm_column_node_in(arena, above, mapper->parent->tables[last - 1].from);
    const corm_node *right = corm_column_node_in(arena, here, mapper->local);
    if (!left || !right || !(pairs[i] = corm_binary_in(arena, CORM_OP_EQ, left, right))) return NULL;
  }
  return pairs ? corm_and_or_in(arena, CORM_OP_AND, pairs, mapper->npk) : NULL;
}

const corm_node *corm_mapper_local_condition_in(corm_arena *arena, const corm_mapper *mapper,
                                                const corm_node *condition) {
  locally l = {.mapper = mapper, .above = mapper->parent && mapper->parent->ntables + 1 == mapper->ntables};
  const corm_adapt adapt = {.column = say_column, .from = say_from, .ctx = &l};
  const corm_node *said = corm_adapt_in(arena, condition, &adapt);
  if (!said || !l.stranger || !l.above) return said;
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **lists = corm_arena_zalloc(arena, 4, sizeof *lists);
  if (!select || !lists) return NULL;
  lists[0] = corm_literal_column_in(arena, "1", 1, corm_type_default(CORM_TYPE_INTEGER));
  lists[1] = mapper->parent->from;
  lists[2] = same_row_in(arena, mapper);
  lists[3] = said;
  if (!lists[0] || !lists[2]) return NULL;
  *select = (corm_select){.base = {.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)},
                          .columns = lists,
                          .ncolumns = 1,
                          .froms = &lists[1],
                          .nfroms = 1,
                          .correlate_except = &lists[1],
                          .ncorrelate_except = 1,
                          .where = corm_and_or_in(arena, CORM_OP_AND, &lists[2], 2)};
  return select->where ? corm_exists_in(arena, select) : NULL;
}
