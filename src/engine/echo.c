/* What a connection tells about the statements it sends: echo lines, and the text that an error carries. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "engine/internal.h"

enum { VALUE_MAX = 100, SETS_MAX = 10, LINE_MAX_PLACE = 200 };

bool corm_conn_is_watched(const corm_conn *conn) {
  const corm_engine *engine = conn->engine;
  return engine->options.echo || engine->observer.before != NULL || engine->observer.after != NULL;
}

void corm_conn_log(const corm_conn *conn, const char *line) {
  const corm_engine *engine = conn->engine;
  if (engine->options.echo && engine->observer.log != NULL) engine->observer.log(engine->observer.ctx, line);
}

/* "(1, 'x')" */
static void add_row(const corm_value *values, size_t n, corm_buf *out) {
  corm_buf_putc(out, '(');
  for (size_t i = 0; i < n; i++) {
    if (i > 0) corm_buf_puts(out, ", ");
    corm_value_describe(&values[i], VALUE_MAX, out);
  }
  corm_buf_putc(out, ')');
}

/* The first and the last sets of an executemany, as SQLAlchemy shows them. */
static void add_rows(const corm_sent *sent, corm_buf *out) {
  bool cut = sent->nrows > SETS_MAX;
  corm_buf_putc(out, '[');
  for (size_t i = 0; i < sent->nrows; i++) {
    if (cut && i == SETS_MAX - 2) {
      corm_buf_printf(out, "  ... displaying %d of %zu total bound parameter sets ...  ", SETS_MAX, sent->nrows);
      i = sent->nrows - 2;
    } else if (i > 0) {
      corm_buf_puts(out, ", ");
    }
    add_row(sent->values + i * sent->n, sent->n, out);
  }
  corm_buf_putc(out, ']');
}

void corm_conn_warn(const corm_conn *conn, const char *warning) {
  const corm_engine *engine = conn->engine;
  if (engine->options.echo) {
    char line[1024];
    snprintf(line, sizeof line, "WARNING %s", warning);
    corm_conn_log(conn, line);
  } else if (engine->observer.warn != NULL) {
    engine->observer.warn(engine->observer.ctx, warning);
  }
}

void corm_conn_log_statement(const corm_conn *conn, const corm_sent *sent) {
  const corm_engine *engine = conn->engine;
  if (!engine->options.echo || engine->observer.log == NULL) return;
  corm_buf line;
  corm_buf_init(&line, engine->mem);
  corm_conn_log(conn, sent->stmt->sql);
  if (sent->compiled == NULL) {
    corm_buf_puts(&line, "[raw sql] ");
  } else if (sent->stmt->hit) {
    int64_t age = corm_clock_monotonic() - sent->stmt->prepared_at;
    corm_buf_printf(&line, "[cached since %.4gs ago] ", (double)age / 1e6);
  } else {
    corm_buf_printf(&line, "[generated in %.5fs] ", (double)sent->stmt->prepare_usec / 1e6);
  }
  if (engine->options.hide_parameters) {
    corm_buf_puts(&line, "[SQL parameters hidden due to hide_parameters=true]");
  } else if (sent->nrows == 1) {
    add_row(sent->values, sent->n, &line);
  } else {
    add_rows(sent, &line);
  }
  const char *text = corm_buf_str(&line);
  if (text != NULL) corm_conn_log(conn, text);
  corm_buf_clear(&line);
}

void corm_conn_log_outcome(const corm_conn *conn, int64_t elapsed_usec, int64_t rows) {
  const corm_engine *engine = conn->engine;
  char line[LINE_MAX_PLACE + 80], place[LINE_MAX_PLACE] = "", count[40] = "";
  if (!engine->options.echo || engine->observer.log == NULL) return;
  const bool known =
      engine->observer.place != NULL && engine->observer.place(engine->observer.ctx, place, sizeof place);
  if (rows >= 0) snprintf(count, sizeof count, ", %lld row%s", (long long)rows, rows == 1 ? "" : "s");
  snprintf(line, sizeof line, "[took %.5fs%s]%s%s", (double)elapsed_usec / 1e6, count, known ? " at " : "", place);
  corm_conn_log(conn, line);
}

void corm_conn_log_rows(const corm_conn *conn, int64_t rows) {
  char line[64];
  if (!conn->engine->options.echo) return;
  snprintf(line, sizeof line, "[%lld row%s read]", (long long)rows, rows == 1 ? "" : "s");
  corm_conn_log(conn, line);
}

void corm_conn_attach(const corm_conn *conn, const corm_sent *sent, size_t row, corm_error *err) {
  if (err == NULL || !err->is_set || err->from_hook) return;
  const corm_engine *engine = conn->engine;
  corm_buf params;
  corm_buf_init(&params, engine->mem);
  if (sent->n > 0 && row < sent->nrows && !engine->options.hide_parameters) {
    const corm_value *values = sent->values + row * sent->n;
    for (size_t i = 0; i < sent->n; i++) {
      corm_buf_puts(&params, i == 0 ? "{" : ", ");
      if (sent->compiled != NULL && sent->compiled->nbinds > 0) /* several rows in one text have the binds of one */
        corm_buf_printf(&params, "%s = ", sent->compiled->binds[i % sent->compiled->nbinds].name);
      corm_value_describe(&values[i], VALUE_MAX, &params);
    }
    corm_buf_putc(&params, '}');
  }
  corm_error_attach(err, engine->mem, sent->stmt->sql, params.len == 0 ? NULL : corm_buf_str(&params));
  corm_buf_clear(&params);
}
