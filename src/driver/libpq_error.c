/*
 * PostgreSQL's SQLSTATEs as classes of the tree ("PostgreSQL Error Codes" in its manual), and what its error fields say
 * about table, column and constraint. Not every failure has an SQLSTATE: libpq's own do not.
 */
#include "driver/libpq.h"

#include <string.h>

/* -- classes ------------------------------------------------------------------------------------------------------- */

typedef struct rule {
  const char *prefix;
  corm_error_class cls;
} rule;

/* The first prefix that fits. */
static const rule rules[] = {
    {"23", CORM_E_INTEGRITY},        {"22", CORM_E_DATA},
    {"40001", CORM_E_SERIALIZATION}, {"40P01", CORM_E_DEADLOCK},
    {"40", CORM_E_OPERATIONAL},      {"55P03", CORM_E_LOCK_TIMEOUT},
    {"55", CORM_E_OPERATIONAL},      {"57014", CORM_E_STATEMENT_TIMEOUT},
    {"57P", CORM_E_DISCONNECT}, /* shutdown, crash, starting up, database dropped, idle for too long */
    {"57", CORM_E_OPERATIONAL},      {"25P02", CORM_E_PENDING_ROLLBACK},
    {"25P03", CORM_E_DISCONNECT}, /* idle in a transaction for too long */
    {"25006", CORM_E_READ_ONLY},     {"42", CORM_E_PROGRAMMING},
    {"26", CORM_E_PROGRAMMING},      {"34", CORM_E_PROGRAMMING},
    {"3D", CORM_E_PROGRAMMING},      {"3F", CORM_E_PROGRAMMING},
    {"21", CORM_E_PROGRAMMING},      {"44", CORM_E_PROGRAMMING},
    {"08", CORM_E_DISCONNECT},       {"28", CORM_E_AUTH},
    {"0A", CORM_E_NOT_SUPPORTED},    {"53100", CORM_E_DISK_FULL},
    {"53", CORM_E_OPERATIONAL},      {"54", CORM_E_OPERATIONAL},
    {"58", CORM_E_OPERATIONAL},      {"HV", CORM_E_OPERATIONAL},
    {"XX001", CORM_E_CORRUPT},       {"XX002", CORM_E_CORRUPT},
    {"XX", CORM_E_INTERNAL},         {"P0", CORM_E_INTERNAL}, /* raised by a function of the database */
};

static corm_error_class class_of(const char *sqlstate) {
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    if (strncmp(sqlstate, rules[i].prefix, strlen(rules[i].prefix)) == 0) return rules[i].cls;
  }
  return CORM_E_DATABASE;
}

static const char *kind_of(const char *sqlstate) {
  static const struct {
    const char *sqlstate;
    const char *kind;
  } kinds[] = {{"23505", "unique"},   {"23503", "foreign_key"}, {"23001", "foreign_key"},
               {"23502", "not_null"}, {"23514", "check"},       {"23P01", "exclusion"}};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (strcmp(kinds[i].sqlstate, sqlstate) == 0) return kinds[i].kind;
  }
  return NULL;
}

bool corm_pq_result_is(const PGresult *result, const char *sqlstate) {
  const char *own = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return own != NULL && strcmp(own, sqlstate) == 0;
}

/* -- text ---------------------------------------------------------------------------------------------------------- */

/* libpq's messages have several lines: they become one. */
static void one_line(const char *text, corm_buf *out) {
  bool blank = true;
  for (; *text != '\0'; text++) {
    bool space = *text == '\n' || *text == '\t' || *text == ' ' || *text == '\r';
    if (!space) corm_buf_putc(out, *text);
    if (space && !blank) corm_buf_putc(out, ' ');
    blank = space;
  }
  while (out->len > 0 && out->ptr[out->len - 1] == ' ') out->ptr[--out->len] = '\0';
}

/* The server quotes values in the messages of data errors ("invalid input syntax for type integer: "x""): they are
   masked there, and the whole goes to the detail. */
static void mask_values(const char *text, corm_buf *out) {
  const char *open;
  while ((open = strchr(text, '"')) != NULL) {
    const char *close = strrchr(open + 1, '"');
    if (close == NULL) break;
    corm_buf_add(out, text, (size_t)(open - text));
    corm_buf_puts(out, "\"...\"");
    text = close + 1;
  }
  corm_buf_puts(out, text);
}

/* "Key (a, b)=(1, 2) already exists." as "a, b". */
static void read_key(const char *detail, corm_error *err) {
  const char *open = strchr(detail, '(');
  const char *close = open == NULL ? NULL : strstr(open, ")=(");
  char name[sizeof err->column];
  if (close == NULL || (size_t)(close - open - 1) >= sizeof name) return;
  memcpy(name, open + 1, (size_t)(close - open - 1));
  name[close - open - 1] = '\0';
  corm_error_field(err->column, sizeof err->column, name);
}

static bool is_primary_key(const corm_error *err) {
  size_t table = strlen(err->table);
  const char *name = err->constraint;
  if (table == 0) return false;
  if (strncmp(name, err->table, table) == 0 && strcmp(name + table, "_pkey") == 0) return true;
  return strncmp(name, "pk_", 3) == 0 && strcmp(name + 3, err->table) == 0;
}

static void copy_field(const PGresult *result, int field, char *out, size_t size) {
  const char *text = PQresultErrorField(result, field);
  if (text != NULL) corm_error_field(out, size, text);
}

static void read_fields(const PGresult *result, const char *sqlstate, corm_error *err) {
  const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
  copy_field(result, PG_DIAG_TABLE_NAME, err->table, sizeof err->table);
  copy_field(result, PG_DIAG_COLUMN_NAME, err->column, sizeof err->column);
  copy_field(result, PG_DIAG_CONSTRAINT_NAME, err->constraint, sizeof err->constraint);
  if (detail != NULL) corm_error_field(err->detail, sizeof err->detail, detail);
  if (hint != NULL) corm_error_hint(err, "%s", hint);
  err->kind = kind_of(sqlstate);
  if (err->kind == NULL) return;
  if (err->column[0] == '\0' && detail != NULL) read_key(detail, err);
  if (strcmp(sqlstate, "23505") == 0 && is_primary_key(err)) err->kind = "primary_key";
}

/* -- filling ------------------------------------------------------------------------------------------------------- */

static bool is_bad(const corm_pq_conn *conn) {
  return PQstatus(conn->pq) == CONNECTION_BAD;
}

/* Without an SQLSTATE the trouble is libpq's: no connection, no memory, or a call that it refused. */
static corm_status client_error(const corm_pq_conn *conn, const PGresult *result, corm_error *err) {
  corm_buf text;
  corm_buf_init(&text, conn->base.mem);
  one_line(result != NULL ? PQresultErrorMessage(result) : PQerrorMessage(conn->pq), &text);
  if (text.failed || strstr(text.ptr == NULL ? "" : text.ptr, "out of memory") != NULL) {
    corm_error_memory(err);
  } else if (is_bad(conn)) {
    corm_error_set(err, CORM_E_DISCONNECT, "%s", text.len > 0 ? text.ptr : "the connection to the server was lost");
  } else {
    corm_error_set(err, CORM_E_INTERFACE, "%s", text.len > 0 ? text.ptr : "libpq failed without a message");
  }
  err->disconnected = is_bad(conn);
  corm_buf_clear(&text);
  return CORM_FAILED;
}

corm_status corm_pq_error(const corm_pq_conn *conn, const PGresult *result, corm_error *err) {
  if (err == NULL || err->is_set) return CORM_FAILED;
  const char *sqlstate = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char *message = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (sqlstate == NULL || message == NULL) return client_error(conn, result, err);
  corm_error_class cls = class_of(sqlstate);
  corm_buf masked;
  corm_buf_init(&masked, conn->base.mem);
  if (cls == CORM_E_DATA && strchr(message, '"') != NULL) mask_values(message, &masked);
  if (masked.failed) {
    corm_buf_clear(&masked);
    return corm_error_memory(err);
  }
  corm_error_set(err, cls, "%s", masked.len > 0 ? masked.ptr : message);
  corm_error_field(err->sqlstate, sizeof err->sqlstate, sqlstate);
  read_fields(result, sqlstate, err);
  if (masked.len > 0 && err->detail[0] == '\0') corm_error_field(err->detail, sizeof err->detail, message);
  err->retryable = cls == CORM_E_SERIALIZATION || cls == CORM_E_DEADLOCK || cls == CORM_E_LOCK_TIMEOUT;
  err->disconnected = cls == CORM_E_DISCONNECT || is_bad(conn);
  corm_buf_clear(&masked);
  return CORM_FAILED;
}

/* -- while connecting ---------------------------------------------------------------------------------------------- */

/* In verbose messages the code stands between severity and text: "FATAL:  28P01: password ...". The last one counts:
   libpq lists what happened on each address. */
static const char *find_sqlstate(const char *text, char out[6]) {
  static const char symbols[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const char *found = NULL;
  for (const char *p = strstr(text, ":  "); p != NULL; p = strstr(p + 1, ":  ")) {
    if (strspn(p + 3, symbols) != 5 || p[8] != ':') continue;
    memcpy(out, p + 3, 5);
    out[5] = '\0';
    found = p + 10;
  }
  return found;
}

static void strike(corm_buf *text, const char *secret) {
  size_t len = secret == NULL ? 0 : strlen(secret);
  if (len < 3 || text->ptr == NULL) return;
  for (char *p = strstr(text->ptr, secret); p != NULL; p = strstr(p, secret)) {
    memset(p, '*', len);
    p += len;
  }
}

corm_status corm_pq_open_error(PGconn *pq, const char *password, corm_error *err) {
  if (err == NULL || err->is_set) return CORM_FAILED;
  char sqlstate[6] = "";
  corm_buf text;
  corm_buf_init(&text, &corm_mem_libc);
  const char *whole = PQerrorMessage(pq);
  const char *message = find_sqlstate(whole, sqlstate);
  size_t len = strcspn(message == NULL ? "" : message, "\n");
  if (message != NULL)
    corm_buf_add(&text, message, len);
  else
    one_line(whole, &text);
  strike(&text, password);
  bool auth = strncmp(sqlstate, "28", 2) == 0 || PQconnectionNeedsPassword(pq);
  if (corm_buf_str(&text) == NULL || strstr(corm_buf_str(&text), "out of memory") != NULL)
    corm_error_memory(err);
  else
    corm_error_set(err, auth ? CORM_E_AUTH : CORM_E_OPERATIONAL, "%s",
                   text.len > 0 ? text.ptr : "unable to connect to the server");
  corm_error_field(err->sqlstate, sizeof err->sqlstate, sqlstate);
  corm_buf_clear(&text);
  return CORM_FAILED;
}
