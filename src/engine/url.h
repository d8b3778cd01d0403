/*
 * Database URLs: dialect[+driver]://[user[:password]@][host][:port][/database][?key=value&...], after RFC 3986 as far
 * as SQLAlchemy follows it. user, password and query parts are percent-decoded; IPv6 hosts stand in brackets.
 */
#ifndef CORM_ENGINE_URL_H
#define CORM_ENGINE_URL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "driver/driver.h"

typedef struct corm_url {
  const char *dialect;  /* "sqlite" */
  const char *driver;   /* NULL when not given */
  const char *username; /* NULL when absent, as the rest */
  const char *password;
  const char *host;
  int port;                        /* 0: absent */
  const char *database;            /* SQLite: NULL or ":memory:" for memory; "/abs" or "rel" */
  const corm_driver_option *query; /* in order; repeated keys stand repeatedly */
  size_t nquery;
} corm_url;

/* Parses; strings live in the arena. ArgumentError for what is malformed; the message never shows a password. */
CORM_MUST_USE corm_status corm_url_parse_in(corm_arena *arena, const char *text, size_t len, corm_url *out,
                                            corm_error *err);

/* ArgumentError for parts that are no URL's: written as text they would be read as others, a "?" in the database as the
   begin of options. `mem` serves the reading. */
CORM_MUST_USE corm_status corm_url_check(const corm_url *url, const corm_mem *mem, corm_error *err);

/* The driver that is meant where a URL of the dialect names none; static. ArgumentError for an unknown dialect. */
CORM_MUST_USE corm_status corm_driver_name(const char *dialect, const char **out, corm_error *err);

/* Appends the URL; the password as "***" when hidden. A parsed URL comes back equal. */
void corm_url_format(const corm_url *url, bool hide_password, corm_buf *out);

#endif
