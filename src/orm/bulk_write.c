#include "orm/bulk_write.h"

#include <string.h>

#include "orm/links.h"
#include "orm/state.h"
#include "sql/dialect.h"
#include "sql/criteria.h"
#include "sql/walk.h"

static const corm_update *update_of(const corm_bulk_write *bulk) {
  return bulk->statement->kind == CORM_NODE_UPDATE ? (const corm_update *)bulk->statement : NULL;
}

static const corm_node *target_of(const corm_bulk_write *bulk) {
  const corm_update *update = update_of(bulk);
  return update ? update->table : ((const corm_delete_node *)bulk->statement)->table;
}

/* The statement's own WHERE. */
static const corm_node *where_of(const corm_bulk_write *bulk) {
  const corm_update *update = update_of(bulk);
  return update ? update->where : ((const corm_delete_node *)bulk->statement)->where;
}

/* With what the criteria add to it, for who does not compile the statement. */
static corm_status find_condition(corm_bulk_write *bulk, corm_error *err) {
  const corm_criteria *criteria = bulk->criteria;
  const corm_node *items[2] = {where_of(bulk), NULL};
  corm_status status = CORM_OK;
  if (criteria && corm_from_may_be_restricted(criteria, target_of(bulk)))
    status = criteria->find(criteria->ctx, bulk->arena, target_of(bulk), &items[1], err);
  if (status != CORM_OK) return status;
  const bool both = items[0] && items[1];
  bulk->condition = both ? corm_and_or_in(bulk->arena, CORM_OP_AND, items, 2) : items[1] ? items[1] : items[0];
  return both && !bulk->condition ? corm_error_memory(err) : CORM_OK;
}

/* -- what the statement does to slots ------------------------------------------------------------------------------ */

static corm_status read_set(corm_bulk_write *bulk, corm_bulk_set *set, const corm_node *value, corm_error *err) {
  corm_evaluator evaluator = bulk->evaluator; /* a value that cannot be evaluated leaves the criteria what they are */
  evaluator.refused = NULL;
  if (bulk->mapper->attributes[set->slot].primary_key) return CORM_OK;
  corm_status status = corm_evaluator_compile(&evaluator, value, &set->value, err);
  set->known = status == CORM_OK && !evaluator.refused;
  return status;
}

static bool changes_by_itself(const corm_column *column) {
  return column && (column->onupdate.kind != CORM_DEFAULT_NONE || column->server_onupdate || column->computed);
}

/* The slots that are set, then those that change with any UPDATE. */
static corm_status read_sets(corm_bulk_write *bulk, const corm_update *update, corm_error *err) {
  const corm_mapper *mapper = bulk->mapper;
  bulk->sets = corm_arena_zalloc(bulk->arena, mapper->nattributes + (size_t)1, sizeof *bulk->sets);
  bulk->is_set = corm_arena_zalloc(bulk->arena, mapper->nattributes + (size_t)1, sizeof *bulk->is_set);
  bulk->values = corm_arena_zalloc(bulk->arena, mapper->nattributes + (size_t)1, sizeof *bulk->values);
  if (!bulk->sets || !bulk->is_set || !bulk->values) return corm_error_memory(err);
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < update->n; i++) {
    const int32_t slot = corm_mapper_column_slot(mapper, update->columns[i]);
    if (slot < 0 || bulk->is_set[slot]) continue;
    bulk->is_set[slot] = true;
    bulk->sets[bulk->nsets].slot = (uint32_t)slot;
    status = read_set(bulk, &bulk->sets[bulk->nsets++], update->values[i], err);
  }
  for (uint32_t slot = 0; slot < mapper->nattributes; slot++) {
    const corm_attribute *attribute = &mapper->attributes[slot];
    if (bulk->is_set[slot] || (attribute->kind == CORM_ATTRIBUTE_COLUMN && !changes_by_itself(attribute->column)))
      continue;
    bulk->is_set[slot] = true;
    bulk->sets[bulk->nsets++].slot = slot;
  }
  /* Databases differ in whether such a value sees what the statement has set before it. */
  for (uint32_t i = 0; i < bulk->nsets; i++)
    if (corm_program_reads(&bulk->sets[i].value, bulk->is_set, bulk->sets[i].slot)) bulk->sets[i].known = false;
  return status;
}

/* -- preparing ----------------------------------------------------------------------------------------------------- */

/* True when the criteria speak of the target only, subqueries not counted. */
static bool is_of_one_table(const corm_bulk_write *bulk) {
  const corm_node *where = bulk->condition, *target = target_of(bulk), *node;
  const corm_update *update = update_of(bulk);
  if (update && update->nothers) return false;
  corm_walk walk;
  bool descend = true;
  if (!where) return true;
  corm_walk_init(&walk, bulk->arena, where);
  while ((node = corm_walk_next(&walk, descend)) != NULL) {
    descend = node->kind != CORM_NODE_SCALAR_SUBQUERY && node->kind != CORM_NODE_EXISTS;
    const corm_column_node *column = node->kind == CORM_NODE_COLUMN ? (const corm_column_node *)node : NULL;
    if (column && column->from && !corm_from_same(column->from, target)) return false;
  }
  return !bulk->arena->failed;
}

static const corm_node *const *keys_in(corm_arena *arena, const corm_bulk_write *bulk) {
  const corm_mapper *mapper = bulk->mapper;
  const corm_node **keys = corm_arena_alloc(arena, mapper->npk * sizeof *keys);
  for (uint32_t i = 0; keys && i < mapper->npk; i++) {
    keys[i] = corm_column_node_in(arena, mapper->attributes[mapper->pk[i]].column, target_of(bulk));
    if (!keys[i]) return NULL;
  }
  return keys;
}

const corm_node *corm_bulk_returning_in(corm_arena *arena, const corm_bulk_write *bulk) {
  const corm_node *const *keys = keys_in(arena, bulk);
  const corm_update *update = update_of(bulk);
  const size_t size = update ? sizeof(corm_update) : sizeof(corm_delete_node);
  corm_node *copy = corm_arena_copy(arena, bulk->statement, size);
  if (!keys || !copy) return NULL;
  if (update) {
    ((corm_update *)copy)->returning = keys;
    ((corm_update *)copy)->nreturning = bulk->mapper->npk;
  } else {
    ((corm_delete_node *)copy)->returning = keys;
    ((corm_delete_node *)copy)->nreturning = bulk->mapper->npk;
  }
  return copy;
}

static corm_status read_key(const corm_bulk_write *bulk, corm_result *result, corm_value *key, corm_object **object,
                            corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < bulk->mapper->npk; i++)
    status = corm_result_value(result, i, &key[i], err);
  *object = status == CORM_OK ? corm_session_find(bulk->session, bulk->mapper, key) : NULL;
  return status;
}

static bool keep_key(corm_bulk_write *bulk, const corm_value *key) {
  const uint32_t npk = bulk->mapper->npk;
  while (bulk->nkeys + npk > bulk->cap_keys) {
    corm_value *grown = corm_arena_grow(bulk->arena, bulk->keys, &bulk->cap_keys, sizeof *grown);
    if (!grown) return false;
    bulk->keys = grown;
  }
  for (uint32_t i = 0; i < npk; i++) {
    corm_value *copy = &bulk->keys[bulk->nkeys++];
    *copy = key[i];
    copy->flags = 0;
    if (corm_value_has_bytes(copy)) copy->as.s = corm_arena_dup(bulk->arena, key[i].as.s, key[i].len);
    if (corm_value_has_bytes(copy) && !copy->as.s) return false;
  }
  return true;
}

/* The parameters that the SELECT has binds for, which may be fewer than those of the statement. */
static bool select_params(const corm_bulk_write *bulk, const corm_compiled *compiled, corm_params *out) {
  const corm_params *all = bulk->params;
  *out = (corm_params){0};
  if (!all || !all->names) return true;
  const char **names = corm_arena_alloc(bulk->arena, (all->n + 1) * sizeof *names);
  corm_value *values = corm_arena_alloc(bulk->arena, (all->n + 1) * sizeof *values);
  if (!names || !values) return false;
  for (size_t i = 0; i < all->n; i++) {
    bool found = false;
    for (uint32_t b = 0; !found && b < compiled->nbinds; b++)
      found = strcmp(compiled->binds[b].name, all->names[i]) == 0;
    if (!found) continue;
    names[out->n] = all->names[i];
    values[out->n++] = all->values[i];
  }
  out->names = names;
  out->values = values;
  return true;
}

/* Which rows the statement is going to write: SELECT key FROM ... WHERE the same. */
static corm_status select_keys(corm_bulk_write *bulk, corm_conn *conn, corm_error *err) {
  const corm_update *update = update_of(bulk);
  const corm_node *target = target_of(bulk);
  corm_select select = {.base = {.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)},
                        .ncolumns = bulk->mapper->npk,
                        .columns = keys_in(bulk->arena, bulk),
                        .froms = &target,
                        .nfroms = 1,
                        .where = where_of(bulk)};
  select.ctes = update ? update->ctes : ((const corm_delete_node *)bulk->statement)->ctes;
  select.nctes = update ? update->nctes : ((const corm_delete_node *)bulk->statement)->nctes;
  const corm_dml_extra *said = corm_dml_extra_of(bulk->statement);
  const corm_select_extra extra = {.given = said ? said->given : NULL, .ngiven = said ? said->ngiven : 0};
  if (extra.ngiven) select.extra = &extra;
  corm_value *key = corm_arena_zalloc(bulk->arena, bulk->mapper->npk, sizeof *key);
  if (!select.columns || !key) return corm_error_memory(err);
  const corm_compile_options options = {.late = bulk->late, .criteria = bulk->criteria};
  corm_compiled compiled;
  corm_params params;
  corm_result *result = NULL;
  corm_object *object;
  corm_status status = corm_compile_in(bulk->arena, bulk->evaluator.dialect, &select.base, &options, &compiled, err);
  if (status == CORM_OK && !select_params(bulk, &compiled, &params)) status = corm_error_memory(err);
  if (status == CORM_OK)
    status = corm_conn_execute_many(conn, &compiled, &params, params.n ? 1 : 0, NULL, &result, err);
  while (status == CORM_OK && (status = corm_result_next(result, err)) == CORM_ROW) {
    status = read_key(bulk, result, key, &object, err);
    if (status == CORM_OK && object && !keep_key(bulk, key)) status = corm_error_memory(err);
  }
  if (result) corm_result_release(result);
  return status == CORM_DONE ? CORM_OK : status;
}

static bool is_about(const corm_bulk_write *bulk, const corm_object *object) {
  const corm_host *host = bulk->session->host;
  return object && corm_mapper_is_kin(object->mapper, bulk->mapper) && host->alive(host->ctx, object);
}

/* BOOL, NULL, or ABSENT: unknown. */
static corm_value matches(const corm_bulk_write *bulk, const corm_object *object) {
  return bulk->where.n ? corm_program_run(&bulk->where, object) : corm_value_bool(true);
}

static bool is_yes(const corm_value *answer) {
  return answer->kind != CORM_NULL && answer->kind != CORM_ABSENT && answer->as.i != 0;
}

static bool some_is_unknown(const corm_bulk_write *bulk) {
  const corm_identity *map = &bulk->session->identity;
  for (uint32_t i = 0; bulk->where.n && i < map->cap; i++) {
    const corm_object *object = map->entries[i].object;
    if (is_about(bulk, object) && matches(bulk, object).kind == CORM_ABSENT) return true;
  }
  return false;
}

static corm_status refuse_criteria(const corm_bulk_write *bulk, corm_error *err) {
  corm_error_set(err, CORM_E_INVALID_REQUEST,
                 "synchronize_session = \"evaluate\": the criteria of the %s of %s cannot be evaluated in memory, "
                 "because of %s",
                 update_of(bulk) ? "update" : "delete", bulk->mapper->name, bulk->evaluator.refused);
  corm_error_hint(err, "use \"fetch\", or \"auto\", which fetches where it has to; or false");
  return CORM_FAILED;
}

/* Who needs no answer: an empty session. */
static bool has_objects(const corm_bulk_write *bulk) {
  const corm_identity *map = &bulk->session->identity;
  for (uint32_t i = 0; map->count && i < map->cap; i++)
    if (map->entries[i].object && corm_mapper_isa(map->entries[i].object->mapper, bulk->mapper)) return true;
  return false;
}

static corm_status decide(corm_bulk_write *bulk, corm_error *err) {
  corm_status status = CORM_OK;
  bulk->fetches = bulk->synchronize == CORM_SYNCHRONIZE_FETCH;
  if (bulk->fetches) return CORM_OK;
  if (bulk->condition) status = corm_evaluator_compile(&bulk->evaluator, bulk->condition, &bulk->where, err);
  if (status != CORM_OK) return status;
  if (bulk->evaluator.refused && bulk->synchronize == CORM_SYNCHRONIZE_EVALUATE) return refuse_criteria(bulk, err);
  if (bulk->synchronize == CORM_SYNCHRONIZE_EVALUATE) return CORM_OK;
  bulk->fetches = bulk->evaluator.refused || bulk->evaluator.loose || (!update_of(bulk) && some_is_unknown(bulk));
  if (bulk->fetches && !has_objects(bulk)) bulk->synchronize = CORM_SYNCHRONIZE_OFF;
  return CORM_OK;
}

corm_status corm_bulk_prepare(corm_bulk_write *bulk, corm_conn *conn, corm_error *err) {
  const corm_update *update = update_of(bulk);
  const corm_dialect *dialect = corm_engine_dialect(corm_conn_engine(conn));
  bulk->evaluator = (corm_evaluator){.arena = bulk->arena,
                                     .dialect = dialect,
                                     .mapper = bulk->mapper,
                                     .from = target_of(bulk),
                                     .params = bulk->params,
                                     .extra = corm_dml_extra_of(bulk->statement)};
  if (bulk->synchronize == CORM_SYNCHRONIZE_OFF) return CORM_OK;
  /* A LIMIT takes rows that no condition tells; other tables of a class have rows of their own. */
  bulk->outdates = bulk->mapper->ntables > 1 ||
                   corm_dml_limit_on(corm_dml_extra_of(bulk->statement), dialect->name, dialect->kin) >= 0;
  corm_status status = find_condition(bulk, err);
  if (status == CORM_OK && update) status = read_sets(bulk, update, err);
  if (status != CORM_OK || bulk->outdates || bulk->listed) return status;
  status = decide(bulk, err);
  if (status != CORM_OK || !bulk->fetches || bulk->synchronize == CORM_SYNCHRONIZE_OFF) return status;
  bulk->returns_keys =
      (update ? dialect->update_returning : dialect->delete_returning) && !bulk->gives_rows && is_of_one_table(bulk);
  return bulk->returns_keys ? CORM_OK : select_keys(bulk, conn, err);
}

/* -- applying ------------------------------------------------------------------------------------------------------ */

static corm_status bury(corm_bulk_write *bulk, corm_object *object, corm_error *err) {
  const corm_status status = corm_session_lose(bulk->session, object, err);
  if (status == CORM_OK) bulk->gone = true;
  return status;
}

/* An integer becomes the float that a column of floats keeps. */
static corm_value fitted(const corm_type *type, corm_value value) {
  if (value.kind == CORM_INT && corm_type_value_kind(type) == CORM_REAL) return corm_value_real((double)value.as.i);
  if (value.kind == CORM_INT && corm_type_value_kind(type) == CORM_BOOL && (value.as.i == 0 || value.as.i == 1))
    return corm_value_bool(value.as.i != 0);
  return value;
}

/* A change that was not flushed stays; it was made of what the row had before. */
static corm_status rebase(const corm_bulk_write *bulk, corm_object *object, uint32_t slot, corm_value value,
                          corm_error *err) {
  const corm_type *type = object->mapper->attributes[slot].type;
  if (value.kind != CORM_ABSENT && !corm_evaluator_keeps(bulk->evaluator.dialect, type, &value))
    value = (corm_value){.kind = CORM_ABSENT};
  return corm_object_rebase(object, slot, &value, err);
}

/* The new values are all computed of the old ones. What has unflushed changes keeps them. */
static corm_status rewrite(corm_bulk_write *bulk, corm_object *object, bool certain, corm_error *err) {
  corm_value *values = bulk->values;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; i < bulk->nsets; i++)
    values[i] = certain && bulk->sets[i].known ? corm_program_run(&bulk->sets[i].value, object)
                                               : (corm_value){.kind = CORM_ABSENT};
  for (uint32_t i = 0; status == CORM_OK && i < bulk->nsets; i++) {
    const uint32_t slot = bulk->sets[i].slot;
    const corm_value *had = &object->slots[slot];
    const corm_type *type = object->mapper->attributes[slot].type;
    const corm_value value = fitted(type, values[i]);
    if (had->flags & CORM_VALUE_DIRTY) status = rebase(bulk, object, slot, value, err);
    if ((had->flags & (CORM_VALUE_DIRTY | CORM_VALUE_EXPIRED)) || had->kind == CORM_ABSENT) continue;
    if (value.kind != CORM_ABSENT && corm_evaluator_keeps(bulk->evaluator.dialect, type, &value))
      status = corm_object_store(object, slot, &value, err);
    else
      corm_object_expire(object, &slot, 1);
  }
  return status;
}

corm_status corm_bulk_apply(corm_bulk_write *bulk, corm_object *object, corm_error *err) {
  if (object->session != bulk->session || object->state != CORM_PERSISTENT) return CORM_OK;
  return update_of(bulk) ? rewrite(bulk, object, true, err) : bury(bulk, object, err);
}

corm_status corm_bulk_take(corm_bulk_write *bulk, corm_result *result, corm_error *err) {
  corm_value *key = corm_arena_zalloc(bulk->arena, bulk->mapper->npk, sizeof *key);
  corm_status status = key ? CORM_OK : corm_error_memory(err);
  corm_object *object;
  while (status == CORM_OK && (status = corm_result_next(result, err)) == CORM_ROW) {
    status = read_key(bulk, result, key, &object, err);
    if (status == CORM_OK && object) status = corm_bulk_apply(bulk, object, err);
  }
  if (status == CORM_DONE) corm_result_end_written(result, false);
  return status == CORM_DONE ? CORM_OK : status;
}

void corm_bulk_doubt(const corm_bulk_write *bulk, corm_object *object) {
  if (object->session != bulk->session || object->state != CORM_PERSISTENT) return;
  for (uint32_t i = 0; i < bulk->nsets; i++) corm_object_doubt(object, bulk->sets[i].slot);
}

static corm_status apply_keys(corm_bulk_write *bulk, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < bulk->nkeys; i += bulk->mapper->npk) {
    corm_object *object = corm_session_find(bulk->session, bulk->mapper, &bulk->keys[i]);
    if (object) status = corm_bulk_apply(bulk, object, err);
  }
  return status;
}

/* Its row may be gone: all is read again but for changes, which are written, or found to have no row. */
static void doubt_all(const corm_bulk_write *bulk, corm_object *object) {
  corm_state_note(bulk->session, object, CORM_EVENT_EXPIRE, NULL, 0);
  for (uint32_t slot = 0; slot < object->mapper->nattributes; slot++)
    if (!(object->slots[slot].flags & CORM_VALUE_DIRTY)) corm_object_expire(object, &slot, 1);
  for (uint32_t i = 0; i < corm_object_link_count(object); i++)
    if (!corm_link_has_history(corm_object_link_at(object, i)))
      corm_link_reset(object, object->mapper->relationships.items[i]);
}

/* Pinning what is deleted may run finalizers, which move entries of the map: the walk is repeated until it finds
   nothing. */
static corm_status apply_delete(corm_bulk_write *bulk, corm_error *err) {
  const corm_identity *map = &bulk->session->identity;
  corm_status status = CORM_OK;
  bool again = true;
  while (status == CORM_OK && again) {
    again = false;
    for (uint32_t i = 0; status == CORM_OK && i < map->cap; i++) {
      corm_object *object = map->entries[i].object;
      if (!is_about(bulk, object)) continue;
      const corm_value answer = matches(bulk, object);
      if (answer.kind == CORM_ABSENT && corm_object_has_changes(object))
        doubt_all(bulk, object);
      else if (answer.kind == CORM_ABSENT)
        corm_state_expire(bulk->session, object);
      if (!is_yes(&answer)) continue;
      status = bury(bulk, object, err);
      again = true;
      i--;
    }
  }
  return status;
}

static corm_status apply_update(corm_bulk_write *bulk, corm_error *err) {
  const corm_identity *map = &bulk->session->identity;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < map->cap; i++) {
    corm_object *object = map->entries[i].object;
    if (!is_about(bulk, object)) continue;
    const corm_value answer = matches(bulk, object);
    if (answer.kind == CORM_ABSENT || is_yes(&answer)) status = rewrite(bulk, object, answer.kind != CORM_ABSENT, err);
  }
  return status;
}

/* -- relationships that go by what was set ------------------------------------------------------------------------- */

static bool goes_by(const corm_bulk_write *bulk, const corm_relationship *relationship, bool far) {
  for (uint32_t p = 0; p < relationship->npairs; p++) {
    const corm_pair *pair = &relationship->pairs[p];
    const uint32_t slot = far ? pair->far_slot : pair->near_slot;
    if (slot < bulk->mapper->nattributes && bulk->is_set[slot]) return true;
  }
  return false;
}

static bool is_stale(const corm_bulk_write *bulk, const corm_object *object, const corm_relationship *relationship) {
  if (relationship->direction == CORM_MANY_TO_MANY) return false;
  if (corm_mapper_is_kin(object->mapper, bulk->mapper) && goes_by(bulk, relationship, false)) return true;
  const bool points_here =
      corm_mapper_isa(bulk->mapper, relationship->target) || corm_mapper_isa(relationship->target, bulk->mapper);
  return points_here && goes_by(bulk, relationship, true);
}

static bool some_relationship_goes_by(const corm_bulk_write *bulk) {
  const corm_mapper *top = bulk->mapper;
  for (const corm_mapper *mapper = top; mapper; mapper = corm_mapper_next_below(top, mapper)) {
    for (size_t i = 0; i < mapper->relationships.len; i++)
      if (goes_by(bulk, mapper->relationships.items[i], false)) return true;
    for (size_t i = 0; i < mapper->referrers.len; i++)
      if (goes_by(bulk, mapper->referrers.items[i], true)) return true;
  }
  for (const corm_mapper *mapper = top->parent; mapper; mapper = mapper->parent)
    for (size_t i = 0; i < mapper->referrers.len; i++)
      if (goes_by(bulk, mapper->referrers.items[i], true)) return true;
  return false;
}

static void reset_links(corm_bulk_write *bulk) {
  const corm_host *host = bulk->session->host;
  const corm_identity *map = &bulk->session->identity;
  if (!some_relationship_goes_by(bulk)) return;
  for (uint32_t i = 0; i < map->cap; i++) {
    corm_object *object = map->entries[i].object;
    if (!object || !object->links.n || !host->alive(host->ctx, object)) continue;
    for (uint32_t k = 0; k < corm_object_link_count(object); k++) {
      const corm_relationship *relationship = object->mapper->relationships.items[k];
      if (!corm_link_has_history(corm_object_link_at(object, k)) && is_stale(bulk, object, relationship))
        corm_link_reset(object, relationship);
    }
  }
}

corm_status corm_bulk_finish(corm_bulk_write *bulk, corm_error *err) {
  corm_session *session = bulk->session;
  corm_status status = CORM_OK;
  if (session->frame) session->frame->bulk = true;
  if (bulk->synchronize == CORM_SYNCHRONIZE_OFF) return CORM_OK;
  if (bulk->outdates) {
    corm_session_outdate(session, bulk->mapper->table);
    return CORM_OK;
  }
  corm_state_expect_news(session);
  if (bulk->fetches || bulk->listed)
    status = apply_keys(bulk, err);
  else
    status = update_of(bulk) ? apply_update(bulk, err) : apply_delete(bulk, err);
  if (update_of(bulk)) reset_links(bulk);
  if (bulk->gone && status == CORM_OK) status = corm_holders_leave_bulk(session, bulk->mapper, err);
  return status == CORM_OK ? corm_state_tell(session, err) : status;
}
