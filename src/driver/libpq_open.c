/*
 * Where a PostgreSQL connection goes and how it is set up. Every part of the target is one keyword's value for libpq
 * ("Database Connection Control Functions" in its manual), never part of a connection string, so nothing in it can
 * become an option of its own.
 */
#include "driver/libpq.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"

enum { DEFAULT_CONNECT_TIMEOUT = 10, MAX_KEYWORDS = 64 };

/* -- options ------------------------------------------------------------------------------------------------------- */

static const char *const ssl_modes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full", NULL};
static const char *const session_attrs[] = {"any",     "read-write",     "read-only", "primary",
                                            "standby", "prefer-standby", NULL};
static const char *const preferences[] = {"disable", "prefer", "require", NULL};
static const char *const encodings[] = {"utf8", "UTF8", "utf-8", "UTF-8", "unicode", "UNICODE", NULL};
static const char *const switches[] = {"on", "off", NULL};

typedef enum option_form { ANY, NUMBER, PORTS, CHOICE } option_form;

typedef struct option_rule {
  const char *key;
  option_form form;
  bool own; /* corm's, not libpq's */
  const char *const *choices;
} option_rule;

/* X(key, form, is corm's own, choices) */
#define OPTIONS(X)                                                                                                     \
  X(application_name, ANY, false, NULL)                                                                                \
  X(channel_binding, CHOICE, false, preferences)                                                                       \
  X(client_encoding, CHOICE, true, encodings)                                                                          \
  X(connect_timeout, NUMBER, false, NULL)                                                                              \
  X(fallback_application_name, ANY, false, NULL)                                                                       \
  X(gssencmode, CHOICE, false, preferences)                                                                            \
  X(host, ANY, false, NULL)                                                                                            \
  X(hostaddr, ANY, false, NULL)                                                                                        \
  X(keepalives, NUMBER, false, NULL)                                                                                   \
  X(keepalives_count, NUMBER, false, NULL)                                                                             \
  X(keepalives_idle, NUMBER, false, NULL)                                                                              \
  X(keepalives_interval, NUMBER, false, NULL)                                                                          \
  X(krbsrvname, ANY, false, NULL)                                                                                      \
  X(lock_timeout, NUMBER, true, NULL)                                                                                  \
  X(options, ANY, true, NULL)                                                                                          \
  X(passfile, ANY, false, NULL)                                                                                        \
  X(port, PORTS, false, NULL)                                                                                          \
  X(prepare, CHOICE, true, switches)                                                                                   \
  X(requirepeer, ANY, false, NULL)                                                                                     \
  X(service, ANY, false, NULL)                                                                                         \
  X(ssl_max_protocol_version, ANY, false, NULL)                                                                        \
  X(ssl_min_protocol_version, ANY, false, NULL)                                                                        \
  X(sslcert, ANY, false, NULL)                                                                                         \
  X(sslcrl, ANY, false, NULL)                                                                                          \
  X(sslkey, ANY, false, NULL)                                                                                          \
  X(sslmode, CHOICE, false, ssl_modes)                                                                                 \
  X(sslrootcert, ANY, false, NULL)                                                                                     \
  X(sslsni, NUMBER, false, NULL)                                                                                       \
  X(statement_timeout, NUMBER, true, NULL)                                                                             \
  X(target_session_attrs, CHOICE, false, session_attrs)                                                                \
  X(tcp_user_timeout, NUMBER, false, NULL)

static const option_rule option_rules[] = {
#define X(key, form, own, choices) {#key, form, own, choices},
    OPTIONS(X)
#undef X
};

const char *const corm_pq_option_names[] = {
#define X(key, form, own, choices) #key,
    OPTIONS(X)
#undef X
        NULL};

static const option_rule *find_rule(const char *key) {
  for (size_t i = 0; i < sizeof option_rules / sizeof option_rules[0]; i++) {
    if (strcmp(option_rules[i].key, key) == 0) return &option_rules[i];
  }
  return NULL;
}

static const char *option(const corm_driver_target *target, const char *key) {
  for (size_t i = 0; i < target->noptions; i++) {
    if (strcmp(target->options[i].key, key) == 0) return target->options[i].value;
  }
  return NULL;
}

/* A whole number from 0 to `most`, or -1. */
static int64_t read_number(const char *text, size_t len, int64_t most) {
  int64_t number = 0;
  if (len == 0 || len > 10) return -1;
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number <= most ? number : -1;
}

/* "5432" or "5432,,5433": one for each host, empty ones are the default. */
static bool are_ports(const char *text) {
  for (const char *p = text;; p++) {
    size_t len = strcspn(p, ",");
    if (len > 0 && read_number(p, len, 65535) < 1) return false;
    p += len;
    if (*p == '\0') return true;
  }
}

static corm_status check_choice(const option_rule *rule, const char *value, corm_error *err) {
  size_t n = 0;
  for (; rule->choices[n] != NULL; n++) {
    if (strcmp(rule->choices[n], value) == 0) return CORM_OK;
  }
  corm_error_set(err, CORM_E_ARGUMENT, "the option %s cannot be '%.60s'", rule->key, value);
  if (rule->choices == encodings) {
    corm_error_hint(err, "text is UTF-8 on every connection");
    return CORM_FAILED;
  }
  const char *nearest = corm_name_nearest(value, rule->choices, n);
  if (nearest != NULL) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

static corm_status check_option(const corm_driver_option *given, corm_error *err) {
  const option_rule *rule = find_rule(given->key);
  if (rule == NULL) return corm_error_set(err, CORM_E_ARGUMENT, "unknown option '%.60s'", given->key);
  if (rule->form == CHOICE) return check_choice(rule, given->value, err);
  if (rule->form == NUMBER && read_number(given->value, strlen(given->value), INT_MAX) < 0) {
    return corm_error_set(err, CORM_E_ARGUMENT, "the option %s must be a whole number from 0 to %d, not '%.60s'",
                          rule->key, INT_MAX, given->value);
  }
  if (rule->form == PORTS && !are_ports(given->value)) {
    return corm_error_set(err, CORM_E_ARGUMENT, "the option port must be a number from 1 to 65535, not '%.60s'",
                          given->value);
  }
  return CORM_OK;
}

corm_status corm_pq_check(const corm_driver *driver, const corm_driver_target *target, corm_error *err) {
  (void)driver;
  if (target->port < 0 || target->port > 65535) {
    return corm_error_set(err, CORM_E_ARGUMENT, "the port must be a number from 1 to 65535, not %d", target->port);
  }
  for (size_t i = 0; i < target->noptions; i++) {
    const char *key = target->options[i].key;
    if (check_option(&target->options[i], err) != CORM_OK) return CORM_FAILED;
    for (size_t k = 0; k < i; k++) {
      if (strcmp(target->options[k].key, key) == 0) {
        return corm_error_set(err, CORM_E_ARGUMENT, "the option %s is given twice", key);
      }
    }
    bool host = strcmp(key, "host") == 0 && target->host != NULL && target->host[0] != '\0';
    if (host || (strcmp(key, "port") == 0 && target->port != 0)) {
      return corm_error_set(err, CORM_E_ARGUMENT, "the %s is given in the URL and again as an option", key);
    }
  }
  return CORM_OK;
}

/* -- settings ------------------------------------------------------------------------------------------------------ */

typedef struct setting {
  const char *name;
  const char *value;
  const char *shown; /* what the server reports when it holds ("ISO, MDY": up to the comma); NULL: it does not report */
} setting;

static const setting settings[] = {
    {"client_encoding", "UTF8", "UTF8"},
    {"TimeZone", "UTC", "UTC"},
    {"DateStyle", "ISO", "ISO"},
    {"standard_conforming_strings", "on", "on"},
    {"IntervalStyle", "postgres", "postgres"},
    {"extra_float_digits", "1", NULL},
    {"bytea_output", "hex", NULL},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static bool differs(const corm_pq_conn *conn, const setting *wanted) {
  const char *now = wanted->shown == NULL ? NULL : PQparameterStatus(conn->pq, wanted->name);
  size_t len = now == NULL ? 0 : strlen(wanted->shown);
  return now != NULL && (strncmp(now, wanted->shown, len) != 0 || (now[len] != '\0' && now[len] != ','));
}

bool corm_pq_is_altered(const corm_driver_conn *conn) {
  for (size_t i = 0; i < SETTINGS; i++) {
    if (differs(corm_pq_conn_of(conn), &settings[i])) return true;
  }
  return false;
}

/* As options of the server's start: they cost no round trip, and RESET comes back to them. */
static void write_startup_options(const corm_pq_conn *conn, const char *before, corm_buf *out) {
  if (before != NULL) corm_buf_puts(out, before);
  for (size_t i = 0; i < SETTINGS; i++) {
    /* The encoding has a keyword of its own. */
    if (i > 0) corm_buf_printf(out, " -c %s=%s", settings[i].name, settings[i].value);
  }
  if (conn->statement_timeout_ms >= 0) {
    corm_buf_printf(out, " -c statement_timeout=%lld", (long long)conn->statement_timeout_ms);
  }
  if (conn->lock_timeout_ms >= 0) corm_buf_printf(out, " -c lock_timeout=%lld", (long long)conn->lock_timeout_ms);
}

/* `all`: also those that are not known to differ. */
static corm_status set_settings(corm_pq_conn *conn, bool all, corm_error *err) {
  corm_buf sql;
  corm_buf_init(&sql, conn->base.mem);
  for (size_t i = 0; i < SETTINGS; i++) {
    if (all || differs(conn, &settings[i])) {
      corm_buf_printf(&sql, "SET %s TO '%s';", settings[i].name, settings[i].value);
    }
  }
  if (conn->statement_timeout_ms >= 0) {
    corm_buf_printf(&sql, "SET statement_timeout TO %lld;", (long long)conn->statement_timeout_ms);
  } else if (all) {
    corm_buf_puts(&sql, "RESET statement_timeout;");
  }
  if (conn->lock_timeout_ms >= 0) {
    corm_buf_printf(&sql, "SET lock_timeout TO %lld;", (long long)conn->lock_timeout_ms);
  } else if (all) {
    corm_buf_puts(&sql, "RESET lock_timeout;");
  }
  corm_status status = CORM_OK;
  if (sql.failed)
    status = corm_error_memory(err);
  else if (sql.len > 0)
    status = corm_pq_command(conn, sql.ptr, true, err);
  corm_buf_clear(&sql);
  return status;
}

corm_status corm_pq_restore(corm_driver_conn *conn, corm_error *err) {
  return set_settings(corm_pq_conn_of(conn), true, err);
}

corm_status corm_pq_limit(corm_driver_conn *base, int64_t ms, corm_error *err) {
  corm_pq_conn *conn = corm_pq_conn_of(base);
  char sql[64] = "RESET statement_timeout";
  if (ms == 0) ms = conn->statement_timeout_ms;
  if (ms >= 0) snprintf(sql, sizeof sql, "SET statement_timeout TO %lld", (long long)ms);
  return corm_pq_command(conn, sql, true, err);
}

/* -- connecting ---------------------------------------------------------------------------------------------------- */

typedef struct keywords {
  const char *keys[MAX_KEYWORDS];
  const char *values[MAX_KEYWORDS];
  size_t n;
} keywords;

/* Empty values are left out: libpq takes its defaults (the environment, the user's name). */
static void add_keyword(keywords *list, const char *key, const char *value) {
  if (value == NULL || value[0] == '\0' || list->n + 1 >= MAX_KEYWORDS) return;
  list->keys[list->n] = key;
  list->values[list->n++] = value;
  list->keys[list->n] = NULL;
  list->values[list->n] = NULL;
}

static int64_t timeout_of(const corm_driver_target *target) {
  const char *text = option(target, "connect_timeout");
  return text == NULL ? DEFAULT_CONNECT_TIMEOUT : read_number(text, strlen(text), INT_MAX);
}

/* Opens the connection that was started. libpq's own waiting is not used for one host, since only before the first
   poll it can be told to write the SQLSTATE into its messages. For several hosts only libpq itself can go on to the
   next one when a host is silent: then it starts over and waits by itself. */
static corm_status connect_started(PGconn *pq, bool several, int64_t seconds, corm_error *err) {
  if (several) {
    PQreset(pq);
    return PQstatus(pq) == CONNECTION_OK ? CORM_OK : CORM_FAILED;
  }
  int64_t deadline = seconds == 0 ? 0 : corm_clock_monotonic() + seconds * CORM_USEC_PER_SEC;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(pq) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
    if (!corm_pq_wait(pq, state == PGRES_POLLING_READING, deadline)) {
      return corm_error_set(err, CORM_E_OPERATIONAL, "no answer from the server within %lld seconds",
                            (long long)seconds);
    }
    state = PQconnectPoll(pq);
    if (state == PGRES_POLLING_FAILED) break;
  }
  return PQstatus(pq) == CONNECTION_OK ? CORM_OK : CORM_FAILED;
}

static void ignore_notice(void *unused, const PGresult *result) {
  (void)unused;
  (void)result;
}

static corm_status connect_to(corm_pq_conn *conn, const corm_driver_target *target, const keywords *list,
                              corm_error *err) {
  const char *host = target->host != NULL && target->host[0] != '\0' ? target->host : option(target, "host");
  const char *address = option(target, "hostaddr");
  bool several = (host != NULL && strchr(host, ',') != NULL) || (address != NULL && strchr(address, ',') != NULL);
  conn->pq = PQconnectStartParams(list->keys, list->values, 0);
  if (conn->pq == NULL) return corm_error_memory(err);
  PQsetErrorVerbosity(conn->pq, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(conn->pq, ignore_notice, NULL);
  if (connect_started(conn->pq, several, timeout_of(target), err) != CORM_OK) {
    return corm_pq_open_error(conn->pq, target->password, err);
  }
  PQsetErrorVerbosity(conn->pq, PQERRORS_DEFAULT);
  if (PQprotocolVersion(conn->pq) < 3 || PQserverVersion(conn->pq) < 90500) {
    return corm_error_set(err, CORM_E_NOT_SUPPORTED, "PostgreSQL 9.5 or newer is needed; the server is %d",
                          PQserverVersion(conn->pq));
  }
  if ((conn->cancel = PQgetCancel(conn->pq)) == NULL) return corm_error_memory(err);
  return CORM_OK;
}

static int64_t milliseconds(const corm_driver_target *target, const char *key) {
  const char *text = option(target, key);
  return text == NULL ? -1 : read_number(text, strlen(text), INT_MAX);
}

static void list_keywords(const corm_driver_target *target, const char *port, const char *options, keywords *list) {
  add_keyword(list, "host", target->host);
  add_keyword(list, "port", port);
  add_keyword(list, "user", target->username);
  add_keyword(list, "password", target->password);
  add_keyword(list, "dbname", target->database);
  for (size_t i = 0; i < target->noptions; i++) {
    const option_rule *rule = find_rule(target->options[i].key);
    if (rule != NULL && !rule->own) add_keyword(list, rule->key, target->options[i].value);
  }
  if (option(target, "connect_timeout") == NULL) add_keyword(list, "connect_timeout", "10");
  if (option(target, "fallback_application_name") == NULL) add_keyword(list, "fallback_application_name", "corm");
  add_keyword(list, "client_encoding", "UTF8");
  add_keyword(list, "options", options);
}

/* A pooler between (prepare=off) may refuse or drop the options of the server's start, so there what differs is set. */
corm_status corm_pq_open(const corm_driver *driver, const corm_mem *mem, const corm_driver_target *target,
                         corm_driver_conn **out, corm_error *err) {
  if (corm_pq_check(driver, target, err) != CORM_OK || corm_pq_load(err) != CORM_OK) return CORM_FAILED;
  corm_pq_conn *conn = corm_mem_zalloc(mem, 1, sizeof *conn);
  if (conn == NULL) return corm_error_memory(err);
  corm_status status = CORM_FAILED;
  const char *prepare = option(target, "prepare");
  const char *options = option(target, "options");
  keywords list = {.n = 0};
  corm_buf startup, port;
  corm_buf_init(&startup, mem);
  corm_buf_init(&port, mem);
  conn->base = (corm_driver_conn){.driver = driver, .mem = mem};
  conn->named = prepare == NULL || strcmp(prepare, "off") != 0;
  conn->statement_timeout_ms = milliseconds(target, "statement_timeout");
  conn->lock_timeout_ms = milliseconds(target, "lock_timeout");
  conn->patience_s = timeout_of(target);
  conn->pid = getpid();
  corm_buf_init(&conn->scratch, mem);
  corm_arena_init(&conn->types, mem);
  if (target->port > 0) corm_buf_int(&port, target->port);
  if (options == NULL && conn->named) options = getenv("PGOPTIONS");
  if (conn->named)
    write_startup_options(conn, options, &startup);
  else if (options != NULL)
    corm_buf_puts(&startup, options);
  if (startup.failed || port.failed) {
    corm_error_memory(err);
    goto done;
  }
  list_keywords(target, port.ptr, startup.ptr, &list);
  if (connect_to(conn, target, &list, err) != CORM_OK) goto done;
  if (!conn->named || corm_pq_is_altered(&conn->base)) {
    if (set_settings(conn, false, err) != CORM_OK) goto done;
  }
  *out = &conn->base;
  status = CORM_OK;
done:
  corm_buf_clear(&startup);
  corm_buf_clear(&port);
  if (status != CORM_OK) driver->close(&conn->base);
  return status;
}
