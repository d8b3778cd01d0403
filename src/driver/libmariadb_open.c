/*
 * Opening and closing a connection to MariaDB or MySQL: the target's options, safe settings, TLS that is never given up
 * in silence. Every setting that corm needs is sent in one statement. The target's busy_timeout_ms is not used: a
 * server has its own limit for waiting for locks, which the option lock_timeout changes.
 */
#include "driver/libmariadb.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/str.h"

enum {
  CONNECT_TIMEOUT = 10,
  INTERRUPT_TIMEOUT = 5,
  LONGEST = 31536000 /* seconds; the server's own limit is a year */
};

#define SQL_MODE "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION"

const char *const corm_mariadb_option_names[] = {"connect_timeout", "read_timeout",
                                                 "write_timeout",   "unix_socket",
                                                 "charset",         "ssl",
                                                 "ssl_ca",          "ssl_cert",
                                                 "ssl_key",         "ssl_cipher",
                                                 "ssl_verify_cert", "statement_timeout",
                                                 "lock_timeout",    NULL};

/* -- options ------------------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *words) {
  for (; *words != NULL; words++) {
    if (strcasecmp(text, *words) == 0) return true;
  }
  return false;
}

static corm_status read_switch(const corm_driver_option *option, bool *out, corm_error *err) {
  static const char *const on[] = {"on", "true", "1", "yes", "required", NULL};
  static const char *const off[] = {"off", "false", "0", "no", NULL};
  *out = is_one_of(option->value, on);
  if (*out || is_one_of(option->value, off)) return CORM_OK;
  return corm_error_set(err, CORM_E_ARGUMENT, "option '%s' is on or off, not '%.40s'", option->key, option->value);
}

static corm_status read_number(const corm_driver_option *option, const char *unit, int64_t least, int64_t most,
                               int64_t *out, corm_error *err) {
  int64_t n = 0;
  const char *p = option->value;
  for (; *p >= '0' && *p <= '9' && n <= most; p++) n = n * 10 + (*p - '0');
  if (p == option->value || *p != '\0' || n < least || n > most) {
    return corm_error_set(err, CORM_E_ARGUMENT, "option '%s' is a whole number of %s, not '%.40s'", option->key, unit,
                          option->value);
  }
  *out = n;
  return CORM_OK;
}

static corm_status read_seconds(const corm_driver_option *option, unsigned *out, corm_error *err) {
  int64_t n = 0;
  if (read_number(option, "seconds", 1, LONGEST, &n, err) != CORM_OK) return CORM_FAILED;
  *out = (unsigned)n;
  return CORM_OK;
}

static corm_status read_text(const corm_driver_option *option, const char **out, corm_error *err) {
  if (option->value[0] == '\0') return corm_error_set(err, CORM_E_ARGUMENT, "option '%s' is empty", option->key);
  *out = option->value;
  return CORM_OK;
}

static corm_status read_charset(const corm_driver_option *option, corm_error *err) {
  if (strcasecmp(option->value, "utf8mb4") == 0) return CORM_OK;
  return corm_error_set(err, CORM_E_ARGUMENT, "option 'charset' can only be utf8mb4, not '%.40s'", option->value);
}

/* `tls`: -1 while the options do not say. */
static corm_status read_option(const corm_driver_option *option, corm_mariadb_config *out, int *tls, corm_error *err) {
  const char *key = option->key;
  bool on = false;
  if (strcmp(key, "connect_timeout") == 0) return read_seconds(option, &out->connect_timeout, err);
  if (strcmp(key, "read_timeout") == 0) return read_seconds(option, &out->read_timeout, err);
  if (strcmp(key, "write_timeout") == 0) return read_seconds(option, &out->write_timeout, err);
  if (strcmp(key, "unix_socket") == 0) return read_text(option, &out->unix_socket, err);
  if (strcmp(key, "charset") == 0) return read_charset(option, err);
  if (strcmp(key, "ssl_ca") == 0) return read_text(option, &out->ssl_ca, err);
  if (strcmp(key, "ssl_cert") == 0) return read_text(option, &out->ssl_cert, err);
  if (strcmp(key, "ssl_key") == 0) return read_text(option, &out->ssl_key, err);
  if (strcmp(key, "ssl_cipher") == 0) return read_text(option, &out->ssl_cipher, err);
  if (strcmp(key, "ssl_verify_cert") == 0) return read_switch(option, &out->verify, err);
  if (strcmp(key, "statement_timeout") == 0) {
    return read_number(option, "milliseconds", 0, LONGEST * INT64_C(1000), &out->statement_timeout, err);
  }
  if (strcmp(key, "lock_timeout") == 0) {
    return read_number(option, "milliseconds", 1, LONGEST * INT64_C(1000), &out->lock_timeout, err);
  }
  if (strcmp(key, "ssl") == 0) {
    if (read_switch(option, &on, err) != CORM_OK) return CORM_FAILED;
    *tls = on;
    return CORM_OK;
  }
  return corm_error_set(err, CORM_E_ARGUMENT, "MariaDB connections have no option '%.60s'", key);
}

static corm_status read_config(const corm_driver_target *target, corm_mariadb_config *out, corm_error *err) {
  int tls = -1;
  *out = (corm_mariadb_config){.host = target->host,
                               .username = target->username,
                               .password = target->password,
                               .database = target->database,
                               .port = (unsigned)target->port,
                               .connect_timeout = CONNECT_TIMEOUT,
                               .statement_timeout = -1,
                               .lock_timeout = -1};
  if (target->port < 0 || target->port > 65535) {
    return corm_error_set(err, CORM_E_ARGUMENT, "%d is no port", target->port);
  }
  for (size_t i = 0; i < target->noptions; i++) {
    for (size_t j = 0; j < i; j++) {
      if (strcmp(target->options[i].key, target->options[j].key) == 0) {
        return corm_error_set(err, CORM_E_ARGUMENT, "option '%.60s' is given twice", target->options[i].key);
      }
    }
    if (read_option(&target->options[i], out, &tls, err) != CORM_OK) return CORM_FAILED;
  }
  bool details = out->ssl_ca != NULL || out->ssl_cert != NULL || out->ssl_key != NULL || out->ssl_cipher != NULL;
  if (tls == 0 && (details || out->verify)) {
    return corm_error_set(err, CORM_E_ARGUMENT, "ssl=off does not go together with other options of ssl");
  }
  out->tls = tls == 1 || details || out->verify;
  if (out->unix_socket != NULL && target->host != NULL && strcmp(target->host, "localhost") != 0) {
    return corm_error_set(err, CORM_E_ARGUMENT, "a URL names a host or a unix_socket, not both");
  }
  if (out->port > 0 && out->unix_socket != NULL) {
    return corm_error_set(err, CORM_E_ARGUMENT, "a URL names a port or a unix_socket, not both");
  }
  if (out->port == 0 && out->host != NULL && strcmp(out->host, "localhost") != 0) out->port = 3306;
  return CORM_OK;
}

corm_status corm_mariadb_check(const corm_driver *driver, const corm_driver_target *target, corm_error *err) {
  (void)driver;
  corm_mariadb_config config;
  return read_config(target, &config, err);
}

/* -- connecting ---------------------------------------------------------------------------------------------------- */

/* The library's own initialisation is not safe among threads. */
static MYSQL *make_handle(void) {
  static atomic_flag busy = ATOMIC_FLAG_INIT;
  while (atomic_flag_test_and_set(&busy)) (void)sched_yield();
  MYSQL *mysql = mysql_server_init(0, NULL, NULL) == 0 ? mysql_init(NULL) : NULL;
  atomic_flag_clear(&busy);
  return mysql;
}

static void set_options(MYSQL *mysql, const corm_mariadb_config *config) {
  const my_bool yes = 1, no = 0;
  const unsigned none = 0, tcp = MYSQL_PROTOCOL_TCP;
  /* Holds for the greeting and the login, too. What is set after connecting has no effect. */
  (void)mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &config->connect_timeout);
  if (config->read_timeout > 0) (void)mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &config->read_timeout);
  if (config->write_timeout > 0) (void)mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &config->write_timeout);
  /* "localhost" means the local socket to the library, and a port would be ignored. */
  if (config->port > 0 && config->unix_socket == NULL) (void)mysql_options(mysql, MYSQL_OPT_PROTOCOL, &tcp);
  (void)mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  (void)mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &none);
  (void)mysql_options(mysql, MYSQL_OPT_RECONNECT, &no);
  (void)mysql_options(mysql, MYSQL_REPORT_DATA_TRUNCATION, &no);
  if (config->tls) {
    (void)mysql_ssl_set(mysql, config->ssl_key, config->ssl_cert, config->ssl_ca, NULL, config->ssl_cipher);
    (void)mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
    (void)mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, config->verify ? &yes : &no);
  }
}

static bool connect_handle(MYSQL *mysql, const corm_mariadb_config *config) {
  return mysql_real_connect(mysql, config->host, config->username, config->password, config->database, config->port,
                            config->unix_socket, CLIENT_FOUND_ROWS) != NULL;
}

static void write_milliseconds(corm_buf *out, int64_t ms) {
  corm_buf_printf(out, "%d.%03d", (int)(ms / 1000), (int)(ms % 1000));
}

/* Seconds on MariaDB, milliseconds (and for SELECT only) on MySQL; negative: what the server says. */
static void write_limit(const corm_mariadb_conn *conn, int64_t ms, corm_buf *out) {
  corm_buf_puts(out, conn->server.mariadb ? "max_statement_time = " : "max_execution_time = ");
  if (ms < 0)
    corm_buf_puts(out, "DEFAULT");
  else if (conn->server.mariadb)
    write_milliseconds(out, ms);
  else
    corm_buf_int(out, ms);
}

/* One statement for all settings; without the list of tracked ones the server reports no change of them. */
static corm_status write_settings(corm_mariadb_conn *conn) {
  const corm_mariadb_config *config = &conn->config;
  bool mariadb = conn->server.mariadb;
  corm_buf out;
  corm_buf_init(&out, conn->base.mem);
  corm_buf_puts(&out, "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = '" SQL_MODE "', autocommit = 1");
  if ((conn->mysql->server_capabilities & CLIENT_SESSION_TRACKING) != 0) {
    corm_buf_puts(&out, ", session_track_system_variables = 'autocommit,character_set_client,character_set_connection,"
                        "character_set_results,innodb_lock_wait_timeout,sql_mode,time_zone");
    corm_buf_printf(&out, ",%s'", mariadb ? "max_statement_time" : "max_execution_time");
  }
  if ((conn->mysql->server_capabilities & CLIENT_SESSION_TRACKING) != 0 || config->statement_timeout >= 0) {
    corm_buf_puts(&out, ", ");
    write_limit(conn, config->statement_timeout, &out);
  }
  if (config->lock_timeout >= 0) { /* whole seconds, and at least one */
    int64_t seconds = (config->lock_timeout + 999) / 1000;
    corm_buf_printf(&out, ", innodb_lock_wait_timeout = %d, lock_wait_timeout = %d", (int)seconds, (int)seconds);
  }
  conn->settings = out.failed ? NULL : corm_arena_dup(&conn->arena, out.ptr, out.len);
  corm_buf_clear(&out);
  return conn->settings == NULL ? CORM_FAILED : CORM_OK;
}

corm_status corm_mariadb_restore(corm_driver_conn *conn, corm_error *err) {
  corm_mariadb_conn *self = corm_mariadb_conn_of(conn);
  if (corm_mariadb_run(self, self->settings, strlen(self->settings), err) != CORM_OK) return CORM_FAILED;
  self->altered = false; /* the statement's own changes were reported, too */
  return CORM_OK;
}

corm_status corm_mariadb_limit(corm_driver_conn *conn, int64_t ms, corm_error *err) {
  corm_mariadb_conn *self = corm_mariadb_conn_of(conn);
  const bool altered = self->altered; /* by others */
  corm_buf sql;
  corm_buf_init(&sql, conn->mem);
  corm_buf_puts(&sql, "SET ");
  write_limit(self, ms > 0 ? ms : self->config.statement_timeout, &sql);
  corm_status status = sql.failed ? corm_error_memory(err) : corm_mariadb_run(self, sql.ptr, sql.len, err);
  corm_buf_clear(&sql);
  if (status == CORM_OK) self->altered = altered;
  return status;
}

static bool keep(corm_arena *arena, const char **text) {
  if (*text != NULL) *text = corm_arena_dup(arena, *text, strlen(*text));
  return !arena->failed;
}

/* interrupt connects once more, and so the target must outlive the call of open. */
static corm_status keep_config(corm_mariadb_conn *conn, corm_error *err) {
  corm_mariadb_config *config = &conn->config;
  const char **texts[] = {&config->host,     &config->username,    &config->password,
                          &config->database, &config->unix_socket, &config->ssl_ca,
                          &config->ssl_cert, &config->ssl_key,     &config->ssl_cipher};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    if (!keep(&conn->arena, texts[i])) return corm_error_memory(err);
  }
  return CORM_OK;
}

static corm_status refuse(MYSQL *mysql, corm_error *err) {
  unsigned code = mysql_errno(mysql);
  corm_error_class cls = corm_mariadb_class_of(code, mysql_sqlstate(mysql), true);
  return corm_mariadb_describe_error(cls, NULL, code, mysql_sqlstate(mysql), mysql_error(mysql), err);
}

static void learn_server(corm_mariadb_conn *conn) {
  const char *version = mysql_get_server_info(conn->mysql);
  unsigned long extended = 0;
  if (strncmp(version, "5.5.5-", 6) == 0) version += 6; /* MariaDB's disguise for replicas of MySQL */
  conn->server = (corm_server){.version = version,
                               .number = (int)mysql_get_server_version(conn->mysql),
                               .mariadb = strstr(version, "MariaDB") != NULL};
  if (mariadb_get_infov(conn->mysql, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended) != 0) extended = 0;
  conn->bulk = conn->server.mariadb && (extended & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
  conn->thread_id = mysql_thread_id(conn->mysql);
}

static corm_status connect_to(corm_mariadb_conn *conn, corm_error *err) {
  if ((conn->mysql = make_handle()) == NULL) return corm_error_memory(err);
  set_options(conn->mysql, &conn->config);
  if (!connect_handle(conn->mysql, &conn->config)) return refuse(conn->mysql, err);
  if (conn->config.tls && mysql_get_ssl_cipher(conn->mysql) == NULL) {
    return corm_error_set(err, CORM_E_OPERATIONAL, "the server offers no TLS, which the URL asks for");
  }
  learn_server(conn);
  if (write_settings(conn) != CORM_OK) return corm_error_memory(err);
  if (mysql_query(conn->mysql, conn->settings) != 0) return refuse(conn->mysql, err);
  return CORM_OK;
}

corm_status corm_mariadb_open(const corm_driver *driver, const corm_mem *mem, const corm_driver_target *target,
                              corm_driver_conn **out, corm_error *err) {
  if (corm_mariadb_load(err) != CORM_OK) return CORM_FAILED;
  corm_mariadb_conn *conn = corm_mem_zalloc(mem, 1, sizeof *conn);
  if (conn == NULL) return corm_error_memory(err);
  conn->base = (corm_driver_conn){.driver = driver, .mem = mem};
  corm_arena_init(&conn->arena, mem);
  if (read_config(target, &conn->config, err) != CORM_OK || keep_config(conn, err) != CORM_OK ||
      connect_to(conn, err) != CORM_OK) {
    corm_mariadb_close(&conn->base);
    return CORM_FAILED;
  }
  *out = &conn->base;
  return CORM_OK;
}

/* -- ending -------------------------------------------------------------------------------------------------------- */

/* The server forgets statements and transaction with the connection; nothing is said about each of them. */
void corm_mariadb_close(corm_driver_conn *conn) {
  corm_mariadb_conn *self = corm_mariadb_conn_of(conn);
  if (self->mysql != NULL) mysql_close(self->mysql);
  self->mysql = NULL;
  corm_mariadb_free_statements(self);
  corm_arena_clear(&self->arena);
  corm_mem_free(conn->mem, self);
}

/* The descriptor is replaced, not closed, so that the library's farewell goes nowhere and not to a file that got the
   same number. */
void corm_mariadb_abandon(corm_driver_conn *conn) {
  int socket = mysql_get_socket(corm_mariadb_conn_of(conn)->mysql);
  int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (socket >= 0 && (nowhere < 0 || dup2(nowhere, socket) < 0)) (void)close(socket);
  if (nowhere >= 0) (void)close(nowhere);
  corm_mariadb_close(conn);
}

/*
 * Stops the statement that runs, by a second, short connection: the first one is busy. Called from another thread (it
 * reads only what does not change after open), not from a signal handler, since it allocates and waits. When the
 * statement has ended meanwhile, the next one may be hit.
 */
void corm_mariadb_interrupt(corm_driver_conn *conn) {
  const corm_mariadb_conn *self = corm_mariadb_conn_of(conn);
  corm_mariadb_config config = self->config;
  if (config.connect_timeout > INTERRUPT_TIMEOUT) config.connect_timeout = INTERRUPT_TIMEOUT;
  config.database = NULL;
  MYSQL *mysql = make_handle();
  if (mysql == NULL) return;
  set_options(mysql, &config);
  char sql[64];
  (void)snprintf(sql, sizeof sql, "KILL QUERY %lu", self->thread_id);
  if (connect_handle(mysql, &config) && (!config.tls || mysql_get_ssl_cipher(mysql) != NULL)) {
    (void)mysql_query(mysql, sql);
  }
  mysql_close(mysql);
}
