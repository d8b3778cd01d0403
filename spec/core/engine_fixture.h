/* Short forms for specs of the engine room: engines, statements as text, hand-made compiled statements, a recorder of
   echo lines. */
#ifndef CORM_SPEC_ENGINE_FIXTURE_H
#define CORM_SPEC_ENGINE_FIXTURE_H

#include "base/buf.h"
#include "engine/connection.h"

#include "fail_mem.h"

static inline corm_engine *open_engine(const char *url, const corm_engine_options *options) {
  corm_engine *engine = NULL;
  corm_error err = {0};
  if (corm_engine_new(&corm_mem_libc, url, strlen(url), options, &engine, &err) != CORM_OK) {
    fail_msg("%s: %s", url, err.message);
  }
  return engine;
}

static inline corm_conn *connect_to(corm_engine *engine) {
  corm_conn *conn = NULL;
  corm_error err = {0};
  if (corm_engine_connect(engine, &conn, &err) != CORM_OK) fail_msg("connect: %s", err.message);
  return conn;
}

static inline corm_result *query(corm_conn *conn, const char *sql) {
  corm_result *result = NULL;
  corm_error err = {0};
  if (corm_conn_execute_sql(conn, sql, strlen(sql), NULL, &result, &err) != CORM_OK)
    fail_msg("%s: %s", sql, err.message);
  return result;
}

static inline void run(corm_conn *conn, const char *sql) {
  corm_result_release(query(conn, sql));
}

/* The statement fails with an error of exactly this class; *err is left to be looked at and cleared. */
static inline void run_fails(corm_conn *conn, const char *sql, corm_error_class cls, corm_error *err) {
  corm_result *result = NULL;
  *err = (corm_error){0};
  if (corm_conn_execute_sql(conn, sql, strlen(sql), NULL, &result, err) == CORM_OK) fail_msg("%s: did not fail", sql);
  if (err->cls != cls) fail_msg("%s: %s: %s", sql, corm_error_class_name(err->cls), err->message);
  assert_null(result);
}

static inline void refused(corm_conn *conn, const char *sql, corm_error_class cls) {
  corm_error err;
  run_fails(conn, sql, cls, &err);
  corm_error_clear(&err);
}

/* The first column of the first row, an integer. */
static inline int64_t number(corm_conn *conn, const char *sql) {
  corm_value value;
  corm_result *result = query(conn, sql);
  assert_int_equal(corm_result_next(result, NULL), CORM_ROW);
  corm_result_raw(result, 0, &value);
  assert_int_equal(value.kind, CORM_INT);
  corm_result_release(result);
  return value.as.i;
}

#define done(status, err)                                                                                              \
  do {                                                                                                                 \
    if ((status) != CORM_OK) fail_msg("%s: %s", #status, (err).message);                                               \
  } while (0)

/* -- hand-made statements ------------------------------------------------------------------------------------------ */

typedef struct handmade {
  corm_compiled compiled;
  corm_compiled_bind binds[8];
  corm_compiled_column columns[8];
} handmade;

static inline void handmade_init(handmade *h, const char *sql) {
  memset(h, 0, sizeof *h);
  h->compiled = (corm_compiled){.sql = sql, .len = strlen(sql), .binds = h->binds, .columns = h->columns};
}

static inline void handmade_bind(handmade *h, const char *name, corm_type_kind type) {
  h->binds[h->compiled.nbinds++] = (corm_compiled_bind){.name = name, .type = corm_type_default(type), .element = -1};
}

static inline void handmade_column(handmade *h, const char *name, corm_type_kind type) {
  h->columns[h->compiled.ncolumns++] =
      (corm_compiled_column){.name = name, .key = name, .type = corm_type_default(type), .bundle = -1};
}

static inline corm_value text_value(const char *text) {
  return corm_value_text(text, strlen(text));
}

/* -- echo ---------------------------------------------------------------------------------------------------------- */

static inline void record_line(void *ctx, const char *line) {
  corm_buf *buf = ctx;
  corm_buf_puts(buf, line);
  corm_buf_putc(buf, '\n');
}

/* Switches echo on; what is said goes to the buffer. */
static inline void record_echo(corm_engine *engine, corm_buf *buf) {
  corm_buf_init(buf, &corm_mem_libc);
  corm_engine_settings(engine)->echo = true;
  corm_engine_observe(engine, &(corm_engine_observer){.ctx = buf, .log = record_line});
}

#endif
