/* The types whose binary form this driver knows: object ids are fixed in PostgreSQL's catalog/pg_type.dat. */
#include "driver/libpq.h"

static const corm_pq_type types[] = {
    {23, 1007, CORM_PQ_INT4, "integer"},
    {20, 1016, CORM_PQ_INT8, "bigint"},
    {25, 1009, CORM_PQ_TEXT, "text"},
    {1043, 1015, CORM_PQ_TEXT, "character varying"},
    {16, 1000, CORM_PQ_BOOL, "boolean"},
    {701, 1022, CORM_PQ_FLOAT8, "double precision"},
    {1700, 1231, CORM_PQ_NUMERIC, "numeric"},
    {1114, 1115, CORM_PQ_TIMESTAMP, "timestamp without time zone"},
    {1184, 1185, CORM_PQ_TIMESTAMPTZ, "timestamp with time zone"},
    {1082, 1182, CORM_PQ_DATE, "date"},
    {2950, 2951, CORM_PQ_UUID, "uuid"},
    {3802, 3807, CORM_PQ_JSONB, "jsonb"},
    {17, 1001, CORM_PQ_BYTEA, "bytea"},
    {21, 1005, CORM_PQ_INT2, "smallint"},
    {700, 1021, CORM_PQ_FLOAT4, "real"},
    {114, 199, CORM_PQ_JSON, "json"},
    {1083, 1183, CORM_PQ_TIME, "time without time zone"},
    {1266, 1270, CORM_PQ_TIMETZ, "time with time zone"},
    {1186, 1187, CORM_PQ_INTERVAL, "interval"},
    {1042, 1014, CORM_PQ_TEXT, "character"},
    {19, 1003, CORM_PQ_TEXT, "name"},
    {18, 1002, CORM_PQ_TEXT, "\"char\""},
    {142, 143, CORM_PQ_TEXT, "xml"},
    {705, 0, CORM_PQ_TEXT, "unknown"},
    {26, 1028, CORM_PQ_UINT4, "oid"},
    {28, 1011, CORM_PQ_UINT4, "xid"},
    {29, 1012, CORM_PQ_UINT4, "cid"},
    {5069, 271, CORM_PQ_UINT8, "xid8"},
    {194, 0, CORM_PQ_TEXT, "pg_node_tree"},
    {2275, 1263, CORM_PQ_TEXT, "cstring"},
    {2278, 0, CORM_PQ_TEXT, "void"},
};

const corm_pq_type *corm_pq_type_find(Oid oid, bool *is_array) {
  *is_array = false;
  if (oid == InvalidOid) return NULL;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    if (types[i].oid == oid) return &types[i];
    if (types[i].array == oid) {
      *is_array = true;
      return &types[i];
    }
  }
  return NULL;
}
