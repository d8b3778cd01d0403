/*
 * The types whose binary form this driver knows: object ids are fixed in PostgreSQL's catalog/pg_type.dat. A script's
 * own types have other ids in each database: the first statement that has one asks the catalog, and the connection
 * remembers enumerations, arrays of them and domains.
 */
#include "driver/libpq.h"

#include <stdlib.h>

enum { FIRST_OWN = 16384 }; /* FirstNormalObjectId: smaller ids are the server's own types */

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

static const corm_pq_type *find_builtin(Oid oid, bool *is_array) {
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

static const corm_pq_learned *find_learned(const corm_pq_conn *conn, Oid oid) {
  const corm_pq_learned *one = conn->learned;
  while (one != NULL && one->oid != oid) one = one->next;
  return one;
}

const corm_pq_type *corm_pq_type_find(const corm_pq_conn *conn, Oid oid, bool *is_array) {
  const corm_pq_type *type = find_builtin(oid, is_array);
  if (type != NULL || oid < FIRST_OWN) return type;
  const corm_pq_learned *one = find_learned(conn, oid);
  if (one == NULL || !one->known) return NULL;
  *is_array = one->is_array;
  return &one->type;
}

/* -- the catalog --------------------------------------------------------------------------------------------------- */

static void add_unknown(const corm_pq_conn *conn, Oid oid, corm_buf *list) {
  if (oid < FIRST_OWN || find_learned(conn, oid) != NULL) return;
  corm_buf_printf(list, "%s%u", list->len > 0 ? "," : "", oid);
}

static Oid oid_at(const PGresult *result, int row, int column) {
  return (Oid)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

static bool is_true(const PGresult *result, int row, int column) {
  return PQgetvalue(result, row, column)[0] == 't';
}

/* One row: the type, is it an enumeration, what a domain is over, its items' type, are they an enumeration. What is
   none of these is remembered, too, as unknown. */
static corm_status remember(corm_pq_conn *conn, const PGresult *result, int row, corm_error *err) {
  corm_pq_learned *one = corm_arena_zalloc(&conn->types, 1, sizeof *one);
  if (one == NULL) return corm_error_memory(err);
  one->oid = oid_at(result, row, 0);
  const corm_pq_type *base = find_builtin(oid_at(result, row, 2), &one->is_array);
  if (is_true(result, row, 1)) {
    one->type = (corm_pq_type){.oid = one->oid, .code = CORM_PQ_TEXT, .name = "of an enumeration"};
    one->known = true;
  } else if (is_true(result, row, 4)) {
    one->type = (corm_pq_type){
        .oid = oid_at(result, row, 3), .array = one->oid, .code = CORM_PQ_TEXT, .name = "of an enumeration"};
    one->known = one->is_array = true;
  } else if (base != NULL) {
    one->type = *base;
    one->known = true;
  }
  one->next = conn->learned;
  conn->learned = one;
  return CORM_OK;
}

corm_status corm_pq_learn(corm_pq_conn *conn, const PGresult *described, corm_error *err) {
  corm_buf list, sql;
  corm_status status = CORM_OK;
  PGresult *result = NULL;
  corm_buf_init(&list, conn->base.mem);
  corm_buf_init(&sql, conn->base.mem);
  for (int i = 0; i < PQnparams(described); i++) add_unknown(conn, PQparamtype(described, i), &list);
  for (int i = 0; i < PQnfields(described); i++) add_unknown(conn, PQftype(described, i), &list);
  if (list.len == 0 && !list.failed) return CORM_OK;
  corm_buf_puts(&sql, "SELECT t.oid, t.typtype = 'e', t.typbasetype, i.oid, i.typtype = 'e' FROM pg_catalog.pg_type t "
                      "LEFT JOIN pg_catalog.pg_type i ON i.oid = t.typelem AND i.typarray = t.oid WHERE t.oid IN (");
  if (list.len > 0) corm_buf_add(&sql, list.ptr, list.len);
  corm_buf_putc(&sql, ')');
  if (sql.failed || list.failed)
    status = corm_error_memory(err);
  else if ((result = corm_pq_query(conn, sql.ptr, err)) == NULL)
    status = CORM_FAILED;
  for (int row = 0; row < PQntuples(result) && status == CORM_OK; row++) status = remember(conn, result, row, err);
  PQclear(result);
  corm_buf_clear(&list);
  corm_buf_clear(&sql);
  return status;
}
