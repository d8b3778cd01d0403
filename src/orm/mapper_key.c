/* What the rows of a class are told apart by. */
#include "orm/mapper.h"

static corm_status add_to_key(corm_mapper *mapper, const corm_column *column, corm_error *err) {
  const int32_t slot = corm_mapper_column_slot(mapper, column);
  if (slot < 0)
    return corm_error_set(err, CORM_E_ARGUMENT, "class %s: the primary key's column '%s' is not mapped", mapper->name,
                          column->name);
  corm_attribute *attribute = &mapper->attributes[slot];
  if (attribute->primary_key) return CORM_OK; /* it is in another table, too */
  mapper->pk[mapper->npk++] = (uint32_t)slot;
  if (attribute->deferred)
    return corm_error_set(err, CORM_E_ARGUMENT, "%s.%s: a part of the primary key cannot be deferred", mapper->name,
                          attribute->key);
  attribute->primary_key = attribute->referred = true;
  return CORM_OK;
}

/* Each row of a join is found by a part of the key. */
static corm_status check_key(const corm_mapper *mapper, corm_error *err) {
  for (uint32_t t = 0; t < mapper->ntables; t++) {
    uint32_t i = 0;
    while (i < mapper->npk && !corm_mapper_level_column(mapper, t, mapper->pk[i])) i++;
    if (i == mapper->npk)
      return corm_error_set(err, CORM_E_ARGUMENT, "class %s: the primary key says nothing of table '%s'", mapper->name,
                            mapper->tables[t].table->fullname);
  }
  return CORM_OK;
}

/* The keys of all tables. */
static corm_status take_joined_key(corm_mapper *mapper, corm_error *err) {
  mapper->pk = corm_arena_zalloc(&mapper->arena, mapper->nattributes + (size_t)1, sizeof *mapper->pk);
  if (!mapper->pk) return corm_error_memory(err);
  corm_status status = CORM_OK;
  for (uint32_t t = 0; t < mapper->ntables; t++) {
    const corm_constraint *key = mapper->tables[t].table->primary_key;
    for (uint32_t i = 0; status == CORM_OK && i < key->ncolumns; i++) status = add_to_key(mapper, key->columns[i], err);
  }
  return status;
}

corm_status corm_mapper_take_key(corm_mapper *mapper, const corm_mapper_def *def, corm_error *err) {
  const corm_constraint *key = mapper->table->primary_key;
  corm_column *const *columns = def->nprimary_key ? def->primary_key : key->columns;
  if (mapper->root != mapper) {
    mapper->pk = mapper->parent->pk;
    mapper->npk = mapper->parent->npk;
    return CORM_OK;
  }
  if (def->join && !def->nprimary_key) return take_joined_key(mapper, err);
  const uint32_t n = def->nprimary_key ? def->nprimary_key : key->ncolumns;
  mapper->pk = corm_arena_zalloc(&mapper->arena, n, sizeof *mapper->pk);
  if (!mapper->pk) return corm_error_memory(err);
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < n; i++) status = add_to_key(mapper, columns[i], err);
  return status == CORM_OK && def->join ? check_key(mapper, err) : status;
}
