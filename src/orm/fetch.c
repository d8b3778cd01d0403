/* Statements that load one relationship for many parents: SELECT ... FROM address WHERE address.user_id IN (?, ?). */
#include <string.h>

#include "orm/binds.h"
#include "orm/loader.h"
#include "orm/polymorphic.h"

enum { SMALL_KEY = 16 };

/* -- keys -- */

static uint32_t key_width(const corm_relationship *relationship) {
  return relationship->nload_keys ? relationship->nload_keys : relationship->npairs;
}

/* A child's foreign key counts as it is, a parent's key as the database has it, if there is a row. CORM_DONE: NULL, so
   there is nothing to load; CORM_ROW: not known. */
static corm_status read_key(const corm_relationship *relationship, const corm_object *object, corm_value *key) {
  const uint32_t width = key_width(relationship);
  const bool shown = relationship->nload_keys, is_new = !(object->flags & CORM_OBJECT_KEYED);
  const bool child = is_new || (relationship->direction == CORM_MANY_TO_ONE && !shown);
  corm_status status = CORM_OK;
  for (uint32_t i = 0; i < width; i++) {
    const uint32_t slot = shown ? relationship->load_keys[i].slot : relationship->pairs[i].near_slot;
    const corm_value *value = child ? &object->slots[slot] : corm_object_committed(object, slot);
    if (value->kind == CORM_ABSENT) return CORM_ROW;
    if (value->kind == CORM_NULL) status = CORM_DONE;
    key[i] = *value;
    key[i].flags = 0;
  }
  return status;
}

/* A many-to-one target that needs no statement: in memory, and not expired. */
static corm_object *in_memory(const corm_fetch *fetch, const corm_value *key) {
  const corm_relationship *relationship = fetch->relationship;
  const corm_mapper *target = relationship->target;
  corm_value ordered[SMALL_KEY];
  if (!relationship->by_primary_key || target->npk > SMALL_KEY || fetch->populate_existing) return NULL;
  if (fetch->option && (fetch->option->nchildren || fetch->option->criteria || fetch->option->type)) return NULL;
  for (uint32_t i = 0; i < target->npk; i++) ordered[i] = key[relationship->pk_order[i]];
  corm_object *object = corm_session_find(fetch->session, target, ordered);
  return object && !(object->flags & CORM_OBJECT_EXPIRED) ? object : NULL;
}

static corm_status link_now(const corm_fetch *fetch, corm_object *object, corm_object *target, corm_error *err) {
  const corm_host *host = fetch->session->host;
  uint32_t edge = 0;
  corm_status status = target ? host->edges_add(host->ctx, object, &target, 1, &edge, err) : CORM_OK;
  if (status != CORM_OK) return status;
  if (!fetch->relationship->uselist) return corm_link_fill_one(object, fetch->relationship, target, edge, err);
  return corm_link_fill_many(object, fetch->relationship, NULL, NULL, 0, err);
}

/* -- collecting parents -- */

typedef struct collecting {
  corm_object *const *objects;
  uint32_t n;
  uint32_t max; /* keys of a statement that lists them */
  bool ranges;  /* the keys may be asked for as a range */
  corm_value *key;
} collecting;

/* -- what is loaded already, and leads to what is not -- */

/* Deeper than this a statement too many does no harm. */
enum { DEEPEST_LOOK = 50 };

static bool lacks_below(const corm_link *link, const corm_load_option *option, uint32_t depth);

/* Whether the object misses what the option says of objects that it leads to. */
static bool lacks(const corm_object *object, const corm_load_option *option, uint32_t depth) {
  for (uint32_t i = 0; i < option->nchildren; i++) {
    const corm_load_option *child = option->children[i];
    const corm_relationship *relationship = child->columns ? NULL : child->relationship;
    if (!relationship || !corm_mapper_isa(object->mapper, relationship->parent)) continue;
    if (!corm_lazy_is_eager(corm_load_strategy(child, relationship))) continue;
    const corm_link *link = corm_object_find_link(object, relationship);
    if (!link || !link->loaded || lacks_below(link, child, depth + 1)) return true;
  }
  return false;
}

static bool lacks_below(const corm_link *link, const corm_load_option *option, uint32_t depth) {
  const corm_items *items = corm_link_items(link);
  const corm_object *one = corm_link_one(link);
  if (!option->nchildren) return false;
  if (depth > DEEPEST_LOOK || (one && lacks(one, option, depth))) return true;
  for (uint32_t i = 0; i < items->n; i++)
    if (lacks(items->ptr[i].object, option, depth)) return true;
  return false;
}

/* What a parent has it keeps; the statement is sent for what it leads to, where a query asked for that. */
static bool is_missing(const corm_fetch *fetch, corm_object *object) {
  const corm_link *link = corm_object_find_link(object, fetch->relationship);
  if (!link || !link->loaded) return true;
  if (corm_link_has_history(link)) return false;
  if (!fetch->populate_existing) return fetch->option && !fetch->siblings && lacks_below(link, fetch->option, 0);
  corm_link_reset(object, fetch->relationship);
  return true;
}

/* -- parents -- */

/* How many keys go into one statement. */
static uint32_t max_keys(const corm_fetch *fetch, const corm_dialect *dialect, uint32_t width, uint32_t n) {
  const uint32_t allowed = dialect->max_params ? dialect->max_params / width : CORM_GATHER_KEYS;
  if (fetch->single) return 1;
  if (fetch->within) return n;
  return allowed < CORM_GATHER_KEYS ? allowed : CORM_GATHER_KEYS;
}

/* A parent with its key: linked at once, or entered. */
static corm_status take_parent(const corm_fetch *fetch, corm_gather *gather, corm_object *object, corm_value *key,
                               corm_error *err) {
  const corm_status known = read_key(fetch->relationship, object, key);
  if (known == CORM_ROW) return CORM_OK; /* expired: its own access will load it */
  corm_object *target = known == CORM_OK ? in_memory(fetch, key) : NULL;
  if (target && fetch->found && corm_vec_push(fetch->found, target) != CORM_OK) return corm_error_memory(err);
  if (target || known == CORM_DONE) return link_now(fetch, object, target, err);
  return corm_gather_enter(gather, object, key, err);
}

corm_status corm_fetch_now(const corm_fetch *fetch, corm_object *object, corm_error *err) {
  corm_value small[SMALL_KEY];
  const uint32_t width = key_width(fetch->relationship);
  corm_value *key = width <= SMALL_KEY ? small : corm_mem_zalloc(fetch->session->mem, width, sizeof *key);
  if (!key) return corm_error_memory(err);
  corm_status status = read_key(fetch->relationship, object, key);
  corm_object *target = status == CORM_OK ? in_memory(fetch, key) : NULL;
  if (target || status == CORM_DONE) status = link_now(fetch, object, target, err) == CORM_OK ? CORM_DONE : CORM_FAILED;
  if (key != small) corm_mem_free(fetch->session->mem, key);
  return status;
}

/* A group has each member once, and may lose some while the host makes an edge. */
static bool is_wanted(const corm_fetch *fetch, corm_object *object) {
  const corm_host *host = fetch->session->host;
  if (object && object == fetch->alone) return is_missing(fetch, object);
  if (!object || object->session != fetch->session || !(object->flags & CORM_OBJECT_KEYED)) return false;
  /* A query of a class shows objects of those below it, which have relationships that the others have not. */
  if (!corm_mapper_isa(object->mapper, fetch->relationship->parent)) return false;
  if (fetch->siblings ? !host->alive(host->ctx, object) : (object->flags & CORM_OBJECT_MARK) != 0) return false;
  return is_missing(fetch, object);
}

static void set_marks(const corm_gather *gather) {
  for (uint32_t i = 0; i < gather->nparents; i++) gather->parents[i]->flags |= CORM_OBJECT_MARK;
}

static void clear_marks(const corm_gather *gather) {
  for (uint32_t i = 0; i < gather->nparents; i++) gather->parents[i]->flags &= (uint8_t)~CORM_OBJECT_MARK;
}

/* Objects that the rows of a query showed may stand there repeatedly: the marks tell which are entered. */
static corm_status enter_next(const corm_fetch *fetch, corm_gather *gather, const collecting *from, uint32_t *offset,
                              corm_error *err) {
  corm_object *object = from->objects[(fetch->start + (*offset)++) % from->n];
  if (!is_wanted(fetch, object)) return CORM_OK;
  const uint32_t had = gather->nparents;
  corm_status status = take_parent(fetch, gather, object, from->key, err);
  if (gather->nparents > had && !fetch->siblings) object->flags |= CORM_OBJECT_MARK;
  return status;
}

/* All parents in one statement, if their keys make a range: then the database reads its rows in one sweep, or the whole
   table if that is cheaper, where a list of keys is looked up one by one. */
static corm_status try_range(const corm_fetch *fetch, corm_gather *gather, const collecting *from, uint32_t *offset,
                             corm_error *err) {
  const uint32_t nparents = gather->nparents, nkeys = gather->nkeys, start = *offset;
  corm_status status = CORM_OK;
  while (status == CORM_OK && *offset < from->n && corm_gather_may_be_range(gather, from->n))
    status = enter_next(fetch, gather, from, offset, err);
  if (status == CORM_OK && *offset == from->n) status = corm_gather_find_range(gather, from->max, err);
  if (status != CORM_OK || gather->is_range) return status;
  clear_marks(gather);
  corm_gather_cut(gather, nparents, nkeys);
  *offset = start;
  return CORM_OK;
}

static corm_status collect(const corm_fetch *fetch, corm_gather *gather, const collecting *from, uint32_t *offset,
                           corm_error *err) {
  if (fetch->beside) set_marks(fetch->beside);
  corm_status status = CORM_OK;
  while (status == CORM_OK && *offset < from->n && gather->nkeys < from->max)
    status = enter_next(fetch, gather, from, offset, err);
  if (status == CORM_OK && from->ranges && *offset < from->n) status = try_range(fetch, gather, from, offset, err);
  if (!fetch->siblings) clear_marks(gather);
  if (fetch->beside) clear_marks(fetch->beside);
  return status;
}

/* -- the statement -- */

/* The target, and what stands beside it in the statement. */
typedef struct others {
  const corm_bundle *target;
  const corm_node *secondary;
  const corm_bundle *parent; /* of a relationship that is loaded by it */
} others;

bool corm_load_is_selected_from(const corm_load_option *option, const corm_relationship *relationship) {
  const corm_bundle *type = option->type;
  const corm_node *first = type ? corm_mapper_level_from(relationship->target, 0, type->from) : NULL;
  return first && first->kind == CORM_NODE_ALIAS && type->from != relationship->target->from;
}

/* The column of the rows that shows the key's i-th value. */
static const corm_node *key_column(corm_arena *arena, const corm_relationship *relationship, const others *froms,
                                   uint32_t i) {
  if (froms->parent)
    return corm_mapper_column_in(arena, relationship->parent, relationship->load_keys[i].slot, froms->parent->from);
  if (froms->secondary) return corm_column_node_in(arena, relationship->near_secondary[i].column, froms->secondary);
  return corm_mapper_column_in(arena, relationship->target, relationship->pairs[i].far_slot, froms->target->from);
}

/* A single parent's key: "? = address.user_id", the referenced side first as SQLAlchemy writes it. */
static const corm_node *equals(corm_arena *arena, const corm_relationship *relationship,
                               const corm_node *const *columns, const corm_gather *gather) {
  const corm_node **items = corm_arena_zalloc(arena, gather->width, sizeof *items);
  for (uint32_t i = 0; items && i < gather->width; i++) {
    items[i] = relationship->direction == CORM_MANY_TO_ONE
                   ? corm_compare_in(arena, CORM_OP_EQ, columns[i], &gather->keys[i])
                   : corm_compare_reverse_in(arena, CORM_OP_EQ, &gather->keys[i], columns[i]);
    if (!items[i]) return NULL;
  }
  return items ? corm_and_or_in(arena, CORM_OP_AND, items, gather->width) : NULL;
}

/* "author_id BETWEEN ? AND ? AND author_id NOT IN (?, ?)", the second part for holes. */
static const corm_node *within(corm_arena *arena, const corm_node *column, const corm_gather *gather) {
  const corm_value low = corm_value_int(gather->low), high = corm_value_int(gather->high);
  const corm_node *first = corm_literal_in(arena, column, &low), *last = corm_literal_in(arena, column, &high);
  const corm_node *items[2] = {first && last ? corm_between_in(arena, CORM_OP_BETWEEN, column, first, last) : NULL};
  if (!items[0] || !gather->nholes) return items[0];
  items[1] = corm_in_in(arena, CORM_OP_NOT_IN, column, gather->holes, gather->nholes, 0);
  return items[1] ? corm_and_or_in(arena, CORM_OP_AND, items, 2) : NULL;
}

static const corm_node *criterion(corm_arena *arena, const corm_fetch *fetch, const corm_node *const *columns,
                                  const corm_gather *gather) {
  if (fetch->single) return equals(arena, fetch->relationship, columns, gather);
  const uint32_t width = gather->width;
  if (gather->is_range) return within(arena, columns[0], gather);
  const corm_node *left = width > 1 ? corm_tuple_in(arena, columns, width) : columns[0];
  if (!left) return NULL;
  return corm_in_in(arena, CORM_OP_IN, left, gather->keys, (size_t)gather->nkeys * width, width > 1 ? width : 0);
}

/* With what the relationship's condition and the option add, which are said over the target's own FROM. */
static const corm_node *with_criteria(corm_arena *arena, const corm_fetch *fetch, const corm_node *target,
                                      const corm_node *secondary, const corm_node *criterion) {
  const corm_relationship *relationship = fetch->relationship;
  const corm_node *items[3] = {criterion};
  const uint32_t first = criterion != NULL;
  uint32_t n = first;
  if (!criterion && !fetch->within) return NULL;
  if (relationship->rest && !fetch->within) items[n++] = relationship->rest; /* there it stands in the ON clause */
  if (fetch->option && fetch->option->criteria) items[n++] = fetch->option->criteria;
  for (uint32_t i = first; i < n && (secondary || target != relationship->target->from); i++) {
    items[i] = corm_joined_adapt(arena, items[i], relationship, target, secondary);
    if (!items[i]) return NULL;
  }
  return n > 1 ? corm_and_or_in(arena, CORM_OP_AND, items, n) : items[0];
}

/* The target as the statement selects it: with the columns of what of_type() has named. NULL: out of memory. */
static const corm_bundle *target_in(corm_arena *arena, const corm_fetch *fetch) {
  const corm_mapper *target = fetch->relationship->target;
  const corm_load_option *option = fetch->option;
  uint32_t n;
  if (!option || !option->type) return target->bundle;
  if (corm_load_is_selected_from(option, fetch->relationship)) return option->type;
  const corm_mapper **classes = corm_polymorphic_inline_in(arena, target, option->type, &n);
  if (!classes || !n) return classes ? target->bundle : NULL;
  const corm_node *from = corm_polymorphic_joined_in(arena, target, target->from, classes, n);
  return from ? (const corm_bundle *)corm_polymorphic_bundle_in(arena, target, classes, n, from, from, NULL) : NULL;
}

static corm_status make_others(corm_arena *arena, const corm_relationship *relationship, const corm_bundle *target,
                               others *out, corm_error *err) {
  const corm_mapper *parent = relationship->parent;
  *out = (others){.target = target};
  if (relationship->direction == CORM_MANY_TO_MANY) {
    const corm_node *table = corm_table_node_in(arena, relationship->def.secondary);
    out->secondary = table ? corm_alias_in(arena, table, NULL) : NULL;
    if (!out->secondary) return corm_error_memory(err);
  }
  if (relationship->by_parent) {
    const corm_node *alias = corm_mapper_alias_in(arena, parent, NULL);
    out->parent = alias ? (const corm_bundle *)corm_mapper_bundle_in(arena, parent, alias) : NULL;
    if (!out->parent) return corm_error_memory(err);
  }
  return CORM_OK;
}

/* target JOIN secondary ON ... JOIN parent ON ... */
static corm_status join_others(corm_arena *arena, const corm_relationship *relationship, corm_select *select,
                               const others *o, corm_error *err) {
  const corm_node **froms = corm_arena_zalloc(arena, 1, sizeof *froms);
  const corm_node *left = o->parent ? o->parent->from : relationship->parent->from;
  const corm_node *to_secondary, *on;
  if (!froms) return corm_error_memory(err);
  froms[0] = o->target->from;
  if (o->target->from != relationship->target->from) {
    select->froms = froms;
    select->nfroms = 1;
  }
  if (!o->secondary && !o->parent) return CORM_OK;
  corm_status status =
      corm_relationship_on_in(arena, relationship, left, o->secondary, o->target->from, &to_secondary, &on, err);
  if (status != CORM_OK) return status;
  if (o->secondary) {
    froms[0] = corm_join_in(arena, froms[0], o->secondary, on, false, false);
    on = to_secondary;
  }
  if (o->parent && froms[0]) froms[0] = corm_join_in(arena, froms[0], left, on, false, false);
  select->froms = froms;
  select->nfroms = 1;
  return froms[0] ? CORM_OK : corm_error_memory(err);
}

static corm_status order(corm_arena *arena, const corm_relationship *relationship, const corm_node *target,
                         const corm_node *secondary, corm_select *select, corm_error *err) {
  const corm_relationship_def *def = &relationship->def;
  select->order_by = def->order_by;
  select->norder_by = relationship->uselist ? def->norder_by : 0;
  if ((!secondary && target == relationship->target->from) || !select->norder_by) return CORM_OK;
  const corm_node **items = corm_arena_zalloc(arena, def->norder_by, sizeof *items);
  for (uint32_t i = 0; items && i < def->norder_by; i++) {
    items[i] = corm_joined_adapt(arena, def->order_by[i], relationship, target, secondary);
    if (!items[i]) return corm_error_memory(err);
  }
  select->order_by = items;
  return items ? CORM_OK : corm_error_memory(err);
}

/* The target's columns, behind them the association table's key, or the parent's. */
static corm_status build(corm_arena *arena, const corm_fetch *fetch, const corm_gather *gather, const corm_select **out,
                         corm_error *err) {
  const corm_relationship *relationship = fetch->relationship;
  others beside;
  corm_select *select = corm_arena_zalloc(arena, 1, sizeof *select);
  const corm_node **columns = corm_arena_zalloc(arena, gather->width + 1, sizeof *columns);
  const corm_bundle *target = target_in(arena, fetch);
  if (!select || !columns || !target) return corm_error_memory(err);
  select->base.kind = CORM_NODE_SELECT;
  select->base.type = corm_type_default(CORM_TYPE_NULLTYPE);
  if (fetch->within) {
    const corm_node *secondary = NULL;
    corm_status status = corm_within_build(arena, fetch, target, gather->width, select, &secondary, err);
    if (status == CORM_OK && fetch->option && fetch->option->criteria) {
      select->where = with_criteria(arena, fetch, target->from, secondary, NULL);
      if (!select->where) status = corm_error_memory(err);
    }
    *out = select;
    return status == CORM_OK ? order(arena, relationship, target->from, secondary, select, err) : status;
  }
  corm_status status = make_others(arena, relationship, target, &beside, err);
  if (status == CORM_OK) status = join_others(arena, relationship, select, &beside, err);
  for (uint32_t i = 0; status == CORM_OK && i < gather->width; i++) {
    columns[i + 1] = key_column(arena, relationship, &beside, i);
    if (!columns[i + 1]) status = corm_error_memory(err);
  }
  if (status != CORM_OK) return status;
  columns[0] = &target->base;
  select->columns = columns;
  select->ncolumns = relationship->nload_keys ? gather->width + 1 : 1;
  select->where =
      with_criteria(arena, fetch, target->from, beside.secondary, criterion(arena, fetch, &columns[1], gather));
  if (!select->where) return corm_error_memory(err);
  *out = select;
  return order(arena, relationship, target->from, beside.secondary, select, err);
}

/* -- the loader -- */

static corm_status place_key(corm_loader *loader, const corm_fetch *fetch, corm_error *err) {
  const corm_relationship *relationship = fetch->relationship;
  const corm_gather *gather = loader->fetch;
  const corm_load_entity *entity = loader->entities.items[0];
  loader->key = corm_arena_zalloc(&loader->arena, gather->width, sizeof *loader->key);
  loader->key_columns = corm_arena_zalloc(&loader->arena, gather->width, sizeof *loader->key_columns);
  if (!loader->key || !loader->key_columns) return corm_error_memory(err);
  for (uint32_t i = 0; i < gather->width; i++)
    loader->key_columns[i] = fetch->within || relationship->nload_keys
                                 ? entity->first + entity->bundle->n + i
                                 : entity->first + corm_hydrate_column(entity->shape, relationship->pairs[i].far_slot);
  return CORM_OK;
}

/* One many-to-one target by primary key is what the mapper's own statement asks. */
static bool is_get(const corm_fetch *fetch, const corm_gather *gather) {
  const corm_relationship *relationship = fetch->relationship;
  if (fetch->within || (fetch->option && (fetch->option->criteria || fetch->option->type))) return false;
  return relationship->by_primary_key && gather->nkeys == 1 && relationship->target->npk <= SMALL_KEY;
}

static corm_status open_get(corm_loader *loader, const corm_fetch *fetch, corm_load_option *const *options, uint32_t n,
                            corm_error *err) {
  const corm_relationship *relationship = fetch->relationship;
  corm_value key[SMALL_KEY];
  for (uint32_t i = 0; i < relationship->target->npk; i++) key[i] = loader->fetch->keys[relationship->pk_order[i]];
  const corm_load_options all = {.items = options, .n = n};
  return corm_loader_open_key(loader, relationship->target, key, &all, err);
}

static corm_status open_statement(corm_loader *loader, const corm_fetch *fetch, corm_error *err) {
  corm_load_option *const *options = fetch->option ? fetch->option->children : NULL;
  const uint32_t n = fetch->option ? fetch->option->nchildren : 0;
  const corm_select *select = NULL;
  corm_status status;
  loader->path = fetch->path;
  loader->wild = fetch->wild;
  corm_loader_follow(loader, fetch->plan, fetch->also, true);
  loader->found = fetch->found;
  loader->populate_existing = fetch->populate_existing;
  loader->ahead = fetch->ahead && !loader->fetch->is_range;
  if (is_get(fetch, loader->fetch)) {
    status = open_get(loader, fetch, options, n, err);
  } else {
    status = build(&loader->arena, fetch, loader->fetch, &select, err);
    loader->late = fetch->within ? fetch->within->late : NULL;
    const corm_params *params = fetch->within ? fetch->within->params : NULL;
    if (status == CORM_OK) status = corm_loader_open(loader, &select->base, params, options, n, false, err);
  }
  return status == CORM_OK ? place_key(loader, fetch, err) : status;
}

/* Only whole numbers are known to have nothing between them. Keys of a group that loses members are asked for as they
   are needed; and lists whose statements are sent ahead overlap with the making of objects, at no wait for each (the
   text does not depend on who watches). In this process a statement costs little, and what it made is still at hand. */
static corm_status may_ask_for_range(const corm_fetch *fetch, const corm_loader *loader, uint32_t width, bool *may,
                                     corm_error *err) {
  const corm_relationship *relationship = fetch->relationship;
  *may = false;
  if (fetch->single || fetch->siblings || width > 1) return CORM_OK;
  const corm_column *column = relationship->nload_keys
                                  ? relationship->load_keys[0].column
                                  : relationship->target->attributes[relationship->pairs[0].far_slot].column;
  corm_conn *conn;
  corm_status status = corm_binds_open(fetch->session, loader->branch, &conn, err);
  if (status == CORM_OK)
    *may = !column->type->hosted && corm_type_value_kind(column->type) == CORM_INT && !loader->dialect->embedded &&
           !(fetch->ahead && corm_conn_has_send(conn));
  return status;
}

static corm_status prepare(corm_loader *loader, const corm_fetch *fetch, corm_object *const *objects, uint32_t n,
                           uint32_t *offset, corm_error *err) {
  const uint32_t width = key_width(fetch->relationship);
  corm_gather *gather = corm_mem_alloc(loader->mem, sizeof *gather);
  if (!gather) return corm_error_memory(err);
  corm_gather_init(gather, loader->mem, fetch->relationship);
  loader->fetch = gather;
  loader->of = fetch->relationship->target;
  gather->siblings = fetch->siblings;
  if (gather->siblings) gather->siblings->refs++;
  corm_status status = corm_loader_find_dialect(loader, err);
  if (status != CORM_OK) return status;
  collecting from = {.objects = objects, .n = n, .max = max_keys(fetch, loader->dialect, width, n)};
  if (!*offset && n > from.max) status = may_ask_for_range(fetch, loader, width, &from.ranges, err);
  if (status != CORM_OK) return status;
  status = corm_gather_by_key(gather, width, from.ranges ? n : from.max, err);
  from.key = status == CORM_OK ? corm_arena_zalloc(&gather->arena, width, sizeof *from.key) : NULL;
  if (!from.key) return corm_error_memory(err);
  return collect(fetch, gather, &from, offset, err);
}

corm_status corm_fetch_open(const corm_fetch *fetch, corm_object *const *objects, uint32_t n, uint32_t *offset,
                            corm_loader **out, corm_error *err) {
  corm_loader *loader = NULL;
  if (*offset >= n) return CORM_DONE;
  corm_status status = corm_loader_make(fetch->session, &loader, err);
  if (status != CORM_OK) return status;
  status = prepare(loader, fetch, objects, n, offset, err);
  if (status == CORM_OK && !loader->fetch->nparents) status = CORM_DONE;
  if (status == CORM_OK) status = open_statement(loader, fetch, err);
  if (status != CORM_OK) {
    corm_loader_free(loader);
    return status;
  }
  *out = loader;
  return CORM_ROW;
}
