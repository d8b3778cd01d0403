/*
 * The server's and the client library's error numbers as classes of the tree, and what the messages say about table,
 * column and constraint. Numbers: https://mariadb.com/kb/en/mariadb-error-code-reference/. A value that a message
 * quotes is moved to the error's detail.
 */
#include "driver/libmariadb.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

/* -- classes ------------------------------------------------------------------------------------------------------- */

typedef struct rule {
  unsigned code;
  corm_error_class cls;
  const char *kind;
} rule;

/* Names where MariaDB's header has them; the rest is MySQL's or newer than the header. */
static const rule rules[] = {
    {ER_DUP_ENTRY, CORM_E_INTEGRITY, "unique"},
    {ER_DUP_ENTRY_WITH_KEY_NAME, CORM_E_INTEGRITY, "unique"},
    {ER_DUP_KEY, CORM_E_INTEGRITY, "unique"},
    {ER_NO_REFERENCED_ROW, CORM_E_INTEGRITY, "foreign_key"},
    {ER_ROW_IS_REFERENCED, CORM_E_INTEGRITY, "foreign_key"},
    {ER_NO_REFERENCED_ROW_2, CORM_E_INTEGRITY, "foreign_key"},
    {ER_ROW_IS_REFERENCED_2, CORM_E_INTEGRITY, "foreign_key"},
    {1761, CORM_E_INTEGRITY, "foreign_key"}, /* a cascade would make a duplicate */
    {1762, CORM_E_INTEGRITY, "foreign_key"},
    {ER_BAD_NULL_ERROR, CORM_E_INTEGRITY, "not_null"},
    {ER_NO_DEFAULT_FOR_FIELD, CORM_E_INTEGRITY, "not_null"},
    {4025, CORM_E_INTEGRITY, "check"},
    {3819, CORM_E_INTEGRITY, "check"}, /* MySQL's */
    {ER_WARN_DATA_OUT_OF_RANGE, CORM_E_DATA, NULL},
    {ER_TRUNCATED_WRONG_VALUE, CORM_E_DATA, NULL},
    {ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, CORM_E_DATA, NULL},
    {ER_DATA_TOO_LONG, CORM_E_DATA, NULL},
    {ER_DIVISION_BY_ZERO, CORM_E_DATA, NULL},
    {WARN_DATA_TRUNCATED, CORM_E_DATA, NULL},
    {ER_INVALID_CHARACTER_STRING, CORM_E_DATA, NULL},
    {ER_WRONG_VALUE_FOR_TYPE, CORM_E_DATA, NULL},
    {ER_WRONG_VALUE, CORM_E_DATA, NULL},
    {ER_DATA_OUT_OF_RANGE, CORM_E_DATA, NULL},
    {ER_DATETIME_FUNCTION_OVERFLOW, CORM_E_DATA, NULL},
    {ER_NO_PARTITION_FOR_GIVEN_VALUE, CORM_E_DATA, NULL},
    {ER_CANT_CREATE_GEOMETRY_OBJECT, CORM_E_DATA, NULL},
    {ER_WARN_ALLOWED_PACKET_OVERFLOWED, CORM_E_DATA, NULL},
    {ER_TOO_BIG_ROWSIZE, CORM_E_PROGRAMMING, NULL},
    {3140, CORM_E_DATA, NULL}, /* MySQL: invalid JSON text */
    {4038, CORM_E_DATA, NULL}, /* MariaDB: syntax error in JSON text */
    {ER_LOCK_WAIT_TIMEOUT, CORM_E_LOCK_TIMEOUT, NULL},
    {3572, CORM_E_LOCK_TIMEOUT, NULL}, /* MySQL: NOWAIT */
    {ER_LOCK_DEADLOCK, CORM_E_DEADLOCK, NULL},
    {ER_XA_RBDEADLOCK, CORM_E_DEADLOCK, NULL},
    {ER_CHECKREAD, CORM_E_SERIALIZATION, NULL},
    {CR_SERVER_GONE_ERROR, CORM_E_DISCONNECT, NULL},
    {CR_SERVER_LOST, CORM_E_DISCONNECT, NULL},
    {CR_SERVER_LOST_EXTENDED, CORM_E_DISCONNECT, NULL},
    {CR_ERR_NET_READ, CORM_E_DISCONNECT, NULL},
    {CR_ERR_NET_WRITE, CORM_E_DISCONNECT, NULL},
    {CR_MALFORMED_PACKET, CORM_E_DISCONNECT, NULL},
    {ER_CONNECTION_KILLED, CORM_E_DISCONNECT, NULL},
    {ER_SERVER_SHUTDOWN, CORM_E_DISCONNECT, NULL},
    {ER_NORMAL_SHUTDOWN, CORM_E_DISCONNECT, NULL},
    {ER_FORCING_CLOSE, CORM_E_DISCONNECT, NULL},
    {ER_ABORTING_CONNECTION, CORM_E_DISCONNECT, NULL},
    {ER_NEW_ABORTING_CONNECTION, CORM_E_DISCONNECT, NULL},
    {ER_NET_READ_ERROR_FROM_PIPE, CORM_E_DISCONNECT, NULL},
    {ER_NET_FCNTL_ERROR, CORM_E_DISCONNECT, NULL},
    {ER_NET_PACKETS_OUT_OF_ORDER, CORM_E_DISCONNECT, NULL},
    {ER_NET_UNCOMPRESS_ERROR, CORM_E_DISCONNECT, NULL},
    {ER_NET_READ_ERROR, CORM_E_DISCONNECT, NULL},
    {ER_NET_READ_INTERRUPTED, CORM_E_DISCONNECT, NULL},
    {ER_NET_ERROR_ON_WRITE, CORM_E_DISCONNECT, NULL},
    {ER_NET_WRITE_INTERRUPTED, CORM_E_DISCONNECT, NULL},
    {ER_NET_PACKET_TOO_LARGE, CORM_E_DISCONNECT, NULL}, /* the server closes the connection after it */
    {4031, CORM_E_DISCONNECT, NULL},                    /* MySQL: idle for too long */
    {ER_DISK_FULL, CORM_E_DISK_FULL, NULL},
    {ER_RECORD_FILE_FULL, CORM_E_DISK_FULL, NULL},
    {ER_OPTION_PREVENTS_STATEMENT, CORM_E_READ_ONLY, NULL},
    {ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, CORM_E_READ_ONLY, NULL},
    {ER_READ_ONLY_MODE, CORM_E_READ_ONLY, NULL},
    {ER_OPEN_AS_READONLY, CORM_E_READ_ONLY, NULL},
    {ER_NOT_KEYFILE, CORM_E_CORRUPT, NULL},
    {ER_CRASHED_ON_USAGE, CORM_E_CORRUPT, NULL},
    {ER_CRASHED_ON_REPAIR, CORM_E_CORRUPT, NULL},
    {ER_QUERY_INTERRUPTED, CORM_E_STATEMENT_TIMEOUT, NULL},
    {1969, CORM_E_STATEMENT_TIMEOUT, NULL}, /* max_statement_time */
    {3024, CORM_E_STATEMENT_TIMEOUT, NULL}, /* max_execution_time */
    {ER_ACCESS_DENIED_ERROR, CORM_E_AUTH, NULL},
    {ER_DBACCESS_DENIED_ERROR, CORM_E_AUTH, NULL},
    {ER_ACCESS_DENIED_NO_PASSWORD_ERROR, CORM_E_AUTH, NULL},
    {ER_HOST_NOT_PRIVILEGED, CORM_E_AUTH, NULL},
    {CR_AUTH_PLUGIN_CANNOT_LOAD, CORM_E_AUTH, NULL},
    {CR_AUTH_PLUGIN_ERR, CORM_E_AUTH, NULL},
    {CR_SECURE_AUTH, CORM_E_AUTH, NULL},
    {ER_NOT_SUPPORTED_YET, CORM_E_NOT_SUPPORTED, NULL},
    {ER_UNSUPPORTED_PS, CORM_E_NOT_SUPPORTED, NULL},
    {ER_FEATURE_DISABLED, CORM_E_NOT_SUPPORTED, NULL},
    {ER_NOT_ALLOWED_COMMAND, CORM_E_NOT_SUPPORTED, NULL},
    {4166, CORM_E_NOT_SUPPORTED, NULL}, /* local infile is off; MySQL's below */
    {3948, CORM_E_NOT_SUPPORTED, NULL},
    {CR_FUNCTION_NOT_SUPPORTED, CORM_E_NOT_SUPPORTED, NULL},
    {ER_OUTOFMEMORY, CORM_E_OPERATIONAL, NULL}, /* the server's, not ours */
    {ER_OUT_OF_SORTMEMORY, CORM_E_OPERATIONAL, NULL},
    {ER_OUT_OF_RESOURCES, CORM_E_OPERATIONAL, NULL},
    {ER_CON_COUNT_ERROR, CORM_E_OPERATIONAL, NULL},
    {ER_TOO_MANY_USER_CONNECTIONS, CORM_E_OPERATIONAL, NULL},
    {ER_USER_LIMIT_REACHED, CORM_E_OPERATIONAL, NULL},
    {ER_HOST_IS_BLOCKED, CORM_E_OPERATIONAL, NULL},
    {ER_HANDSHAKE_ERROR, CORM_E_OPERATIONAL, NULL},
    {ER_UNKNOWN_COM_ERROR, CORM_E_OPERATIONAL, NULL}, /* Galera: the node is not ready */
    {ER_LOCK_TABLE_FULL, CORM_E_OPERATIONAL, NULL},
    {ER_BAD_DB_ERROR, CORM_E_OPERATIONAL, NULL},
    {CR_CONNECTION_ERROR, CORM_E_OPERATIONAL, NULL},
    {CR_CONN_HOST_ERROR, CORM_E_OPERATIONAL, NULL},
    {CR_IPSOCK_ERROR, CORM_E_OPERATIONAL, NULL},
    {CR_SOCKET_CREATE_ERROR, CORM_E_OPERATIONAL, NULL},
    {CR_UNKNOWN_HOST, CORM_E_OPERATIONAL, NULL},
    {CR_VERSION_ERROR, CORM_E_OPERATIONAL, NULL},
    {CR_SERVER_HANDSHAKE_ERR, CORM_E_OPERATIONAL, NULL},
    {CR_SSL_CONNECTION_ERROR, CORM_E_OPERATIONAL, NULL},
    {CR_OUT_OF_MEMORY, CORM_E_MEMORY, NULL},
    {ER_UNKNOWN_STMT_HANDLER, CORM_E_PROGRAMMING, NULL},
    {ER_NO_SUCH_TABLE, CORM_E_PROGRAMMING, NULL},
    {ER_TABLE_EXISTS_ERROR, CORM_E_PROGRAMMING, NULL},
    {ER_DB_CREATE_EXISTS, CORM_E_PROGRAMMING, NULL},
    {ER_DB_DROP_EXISTS, CORM_E_PROGRAMMING, NULL},
    {ER_BAD_FIELD_ERROR, CORM_E_PROGRAMMING, NULL},
    {ER_CANT_CREATE_TABLE, CORM_E_PROGRAMMING, NULL},
    {ER_WRONG_VALUE_COUNT_ON_ROW, CORM_E_PROGRAMMING, NULL},
    {ER_WRONG_ARGUMENTS, CORM_E_PROGRAMMING, NULL},
    {ER_UNKNOWN_SYSTEM_VARIABLE, CORM_E_PROGRAMMING, NULL},
    {ER_WRONG_VALUE_FOR_VAR, CORM_E_PROGRAMMING, NULL},
    {ER_UNKNOWN_TABLE, CORM_E_PROGRAMMING, NULL},
    {ER_SP_DOES_NOT_EXIST, CORM_E_PROGRAMMING, NULL},
};

/* What the first two digits of an SQLSTATE mean, for numbers that no rule names. */
static const struct {
  char prefix[3];
  corm_error_class cls;
} states[] = {
    {"08", CORM_E_DISCONNECT},  {"0A", CORM_E_NOT_SUPPORTED}, {"21", CORM_E_PROGRAMMING}, {"22", CORM_E_DATA},
    {"23", CORM_E_INTEGRITY},   {"25", CORM_E_OPERATIONAL},   {"28", CORM_E_AUTH},        {"34", CORM_E_PROGRAMMING},
    {"3D", CORM_E_PROGRAMMING}, {"40", CORM_E_SERIALIZATION}, {"42", CORM_E_PROGRAMMING}, {"53", CORM_E_OPERATIONAL},
    {"XA", CORM_E_OPERATIONAL},
};

static const rule *find_rule(unsigned code) {
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    if (rules[i].code == code) return &rules[i];
  }
  return NULL;
}

corm_error_class corm_mariadb_class_of(unsigned code, const char *sqlstate, bool connecting) {
  corm_error_class cls = CORM_E_DATABASE;
  const rule *known = find_rule(code);
  if (known != NULL) {
    cls = known->cls;
  } else if (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR) {
    cls = CORM_E_INTERFACE;
  } else {
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
      if (strncmp(states[i].prefix, sqlstate, 2) == 0) cls = states[i].cls;
    }
  }
  return connecting && cls == CORM_E_DISCONNECT ? CORM_E_OPERATIONAL : cls;
}

/* -- names in messages --------------------------------------------------------------------------------------------- */

/* Copies what stands between the quote at `p` and its partner; returns what follows it, or NULL. */
static const char *read_name(const char *p, char *out, size_t size) {
  if (p == NULL || (*p != '\'' && *p != '`')) return NULL;
  const char *end = strchr(p + 1, *p);
  if (end == NULL) return NULL;
  int len = (int)(end - p - 1);
  (void)snprintf(out, size, "%.*s", len, p + 1);
  return end + 1;
}

/* The last of the names in "`db`.`table`.`column`" goes to `last`, the one before it to `before`. */
static void read_path(const char *p, char *before, char *last, size_t size) {
  char name[96] = "", previous[96] = "";
  const char *rest = read_name(p, name, sizeof name);
  while (rest != NULL && *rest == '.') {
    memcpy(previous, name, sizeof name);
    rest = read_name(rest + 1, name, sizeof name);
  }
  if (before != NULL && previous[0] != '\0') corm_error_field(before, size, previous);
  corm_error_field(last, size, name);
}

static const char *after(const char *text, const char *what) {
  const char *at = strstr(text, what);
  return at == NULL ? NULL : at + strlen(what);
}

/* "... fails (`db`.`child`, CONSTRAINT `fk` FOREIGN KEY (`a`, `b`) REFERENCES `parent` (`id`))" */
static void describe_foreign_key(const char *message, corm_error *err) {
  const char *p = after(message, "fails (");
  if (p != NULL) read_path(p, NULL, err->table, sizeof err->table);
  (void)read_name(after(message, "CONSTRAINT "), err->constraint, sizeof err->constraint);
  p = after(message, "FOREIGN KEY (");
  char names[256], name[96];
  size_t len = 0;
  for (; p != NULL && *p == '`'; p = p != NULL && *p == ',' ? p + 2 : NULL) {
    p = read_name(p, name, sizeof name);
    size_t n = strlen(name);
    if (len + n + sizeof ", " > sizeof names) break;
    if (len > 0) len += (size_t)snprintf(names + len, sizeof ", ", ", ");
    memcpy(names + len, name, n + 1);
    len += n;
  }
  if (len > 0) corm_error_field(err->column, sizeof err->column, names);
}

/* "... for key 'PRIMARY'", on MySQL "... for key 'table.name'" */
static void describe_duplicate(const char *message, corm_error *err) {
  const char *key = NULL;
  for (const char *p = after(message, " for key "); p != NULL; p = after(p, " for key ")) key = p;
  char name[192];
  if (read_name(key, name, sizeof name) == NULL) return;
  char *dot = strchr(name, '.');
  if (dot != NULL) {
    *dot = '\0';
    corm_error_field(err->table, sizeof err->table, name);
  }
  corm_error_field(err->constraint, sizeof err->constraint, dot == NULL ? name : dot + 1);
  if (strcmp(err->constraint, "PRIMARY") == 0) err->kind = "primary_key";
}

static void describe_places(const char *message, const char *sql, corm_error *err) {
  const char *p;
  if (err->kind != NULL && strcmp(err->kind, "foreign_key") == 0) {
    describe_foreign_key(message, err);
  } else if (err->kind != NULL && strcmp(err->kind, "unique") == 0) {
    describe_duplicate(message, err);
  } else if (err->kind != NULL && strcmp(err->kind, "check") == 0) {
    p = strstr(message, "onstraint '"); /* MySQL's */
    (void)read_name(p != NULL ? p + 10 : after(message, "CONSTRAINT "), err->constraint, sizeof err->constraint);
    if ((p = after(message, "failed for ")) != NULL) read_path(p, NULL, err->table, sizeof err->table);
  } else if ((p = after(message, "olumn ")) != NULL || (p = after(message, "Field ")) != NULL) {
    if (*p == '\'' || *p == '`') read_path(p, err->table, err->column, sizeof err->column);
  }
  if (err->table[0] == '\0' && sql != NULL) (void)corm_mariadb_target_of(sql, err->table, sizeof err->table);
}

/* -- values in messages -------------------------------------------------------------------------------------------- */

/* What stands before a quoted value in the messages that quote one. */
static const char *const quoting[] = {"Duplicate entry '", " value: '", " string: '", " value '", "out of range in '"};

/* Writes the message without the value to `out`; false when it quotes none. The value may contain anything, the
   server's own words behind it included, so it goes as far as it can. */
static bool cut_value(const char *message, char *out, size_t size) {
  for (size_t i = 0; i < sizeof quoting / sizeof quoting[0]; i++) {
    const char *at = strstr(message, quoting[i]);
    if (at == NULL) continue;
    size_t head = (size_t)(at - message) + strlen(quoting[i]) - 1;
    while (head > 0 && (message[head - 1] == ' ' || message[head - 1] == ':')) head--;
    const char *end = NULL;
    for (const char *p = after(at, "' for "); p != NULL; p = after(p, "' for ")) end = p;
    (void)snprintf(out, size, "%.*s%s%s", (int)head, message, end == NULL ? "" : " for ", end == NULL ? "" : end);
    return true;
  }
  return false;
}

/* -- filling ------------------------------------------------------------------------------------------------------- */

corm_status corm_mariadb_describe_error(corm_error_class cls, const char *sql, unsigned code, const char *sqlstate,
                                        const char *message, corm_error *err) {
  if (err == NULL || err->is_set) return CORM_FAILED;
  char shown[sizeof err->message];
  bool quotes = (cls == CORM_E_DATA || cls == CORM_E_INTEGRITY) && cut_value(message, shown, sizeof shown);
  if (cls == CORM_E_MEMORY) {
    corm_error_memory(err);
  } else {
    corm_error_set(err, cls, "%s", quotes ? shown : message[0] == '\0' ? "unknown error" : message);
  }
  err->native_code = (int)code;
  err->retryable = cls == CORM_E_LOCK_TIMEOUT || cls == CORM_E_DEADLOCK || cls == CORM_E_SERIALIZATION;
  err->disconnected = corm_error_class_is(cls, CORM_E_DISCONNECT);
  if (strcmp(sqlstate, "00000") != 0) (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
  if (quotes) corm_error_field(err->detail, sizeof err->detail, message);
  if (cls == CORM_E_INTEGRITY || cls == CORM_E_DATA) {
    const rule *known = find_rule(code);
    err->kind = known == NULL ? NULL : known->kind;
    describe_places(message, sql, err);
  }
  return CORM_FAILED;
}

/* The server says in each good answer, and in no bad one, whether a transaction is open: after an error it is asked. A
   deadlock undoes the whole of it, and so may a lock's timeout; DDL that fails has committed it before. */
static void look_after_transaction(corm_mariadb_conn *conn, const char *sql) {
  if (conn->lost || conn->streamer != NULL || (conn->mysql->server_status & SERVER_STATUS_IN_TRANS) == 0) return;
  if (mysql_query(conn->mysql, "DO 0") != 0) {
    conn->lost =
        corm_mariadb_class_of(mysql_errno(conn->mysql), mysql_sqlstate(conn->mysql), false) == CORM_E_DISCONNECT;
    return;
  }
  if ((conn->mysql->server_status & SERVER_STATUS_IN_TRANS) == 0 && sql != NULL) {
    conn->rolled_back = corm_mariadb_nature_of(sql).dml;
  }
}

corm_status corm_mariadb_fail(corm_mariadb_conn *conn, const char *sql, unsigned code, const char *sqlstate,
                              const char *message, corm_error *err) {
  corm_error_class cls = corm_mariadb_class_of(code, sqlstate, false);
  if (cls == CORM_E_DISCONNECT) conn->lost = true;
  (void)corm_mariadb_describe_error(cls, sql, code, sqlstate, message, err);
  look_after_transaction(conn, sql);
  return CORM_FAILED;
}

corm_status corm_mariadb_fail_conn(corm_mariadb_conn *conn, const char *sql, corm_error *err) {
  return corm_mariadb_fail(conn, sql, mysql_errno(conn->mysql), mysql_sqlstate(conn->mysql), mysql_error(conn->mysql),
                           err);
}

corm_status corm_mariadb_fail_stmt(corm_mariadb_stmt *stmt, corm_error *err) {
  corm_mariadb_conn *conn = corm_mariadb_conn_of(stmt->base.conn);
  /* Some failures of the library are noted at the connection only. */
  if (mysql_stmt_errno(stmt->native) == 0) return corm_mariadb_fail_conn(conn, stmt->sql, err);
  return corm_mariadb_fail(conn, stmt->sql, mysql_stmt_errno(stmt->native), mysql_stmt_sqlstate(stmt->native),
                           mysql_stmt_error(stmt->native), err);
}
