#include "sql/dml.h"

#include <string.h>

const corm_table *corm_dml_table(const corm_node *target) {
  if (target->kind == CORM_NODE_ALIAS) {
    const corm_alias *alias = (const corm_alias *)target;
    if (alias->cte || alias->lateral || alias->sampling || target->flags & CORM_ALIAS_PROPOSED) return NULL;
    target = alias->element;
  }
  return target->kind == CORM_NODE_TABLE ? ((const corm_table_node *)target)->table : NULL;
}

const corm_dml_extra *corm_dml_extra_of(const corm_node *node) {
  switch ((corm_node_kind)node->kind) {
  case CORM_NODE_INSERT: return ((const corm_insert *)node)->extra;
  case CORM_NODE_UPDATE: return ((const corm_update *)node)->extra;
  case CORM_NODE_DELETE: return ((const corm_delete_node *)node)->extra;
  default: return NULL;
  }
}

int64_t corm_dml_limit_on(const corm_dml_extra *extra, const char *dialect, const char *kin) {
  int64_t kins = -1;
  for (uint32_t i = extra ? extra->nlimits : 0; i > 0; i--) {
    const corm_dml_limit *limit = &extra->limits[i - 1];
    if (strcmp(limit->dialect, dialect) == 0) return limit->n;
    if (kins < 0 && kin && strcmp(limit->dialect, kin) == 0) kins = limit->n;
  }
  return kins;
}
