/*
 * The compiler under random trees: the bytes of an input drive a small machine that builds expressions and statements
 * by the constructors of sql/, and what it built is compiled for every dialect. Each result must be valid UTF-8 with as
 * many placeholders as binds; each failure an error of a class that says whose fault it is; and with an allocation that
 * fails, the error is MemoryError and nothing is lost. Entry: LLVMFuzzerTestOneInput; replay.c has a main for compilers
 * without libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "sql/compile.h"
#include "sql/ddl.h"

/* -- memory that fails once ---------------------------------------------------------------------------------------- */

typedef struct memory {
  corm_mem mem;
  size_t calls;
  size_t fail_at; /* 0: never */
  size_t failures;
  size_t live;
} memory;

static void *resize(void *ctx, void *ptr, size_t size) {
  memory *m = ctx;
  if (size == 0) {
    if (ptr) m->live--;
    free(ptr);
    return NULL;
  }
  if (++m->calls == m->fail_at || size > (size_t)1 << 28) {
    m->failures++;
    return NULL;
  }
  void *fresh = realloc(ptr, size);
  if (!fresh) abort();
  if (!ptr) m->live++;
  return fresh;
}

/* -- building ------------------------------------------------------------------------------------------------------ */

enum { MAX_SIZE = 1000, MAX_STEPS = 300 };

static bool push(fuzz_machine *m, fuzz_item *stack, size_t *n, N node) {
  if (!node) {
    if (!m->arena->failed) fuzz_fail("a constructor", "NULL without a reason");
    return false;
  }
  if (*n == FUZZ_ITEMS) --*n;
  stack[(*n)++] = (fuzz_item){node, m->size + 1};
  m->size = 0;
  return true;
}

/* One step; false when memory ran out. */
static bool step(fuzz_machine *m) {
  unsigned kind = fuzz_choose(m, 20);
  switch (kind) {
  case 17: return push(m, m->values, &m->nvalues, fuzz_subselect(m));
  case 18: return push(m, m->froms, &m->nfroms, fuzz_from(m));
  case 19:
    if (fuzz_byte(m) & 1) return push(m, m->selects, &m->nselects, fuzz_select(m));
    m->statement.node = fuzz_dml(m);
    m->statement.size = m->size;
    m->size = 0;
    return m->statement.node != NULL;
  default: return push(m, m->values, &m->nvalues, fuzz_expression(m, kind));
  }
}

static unsigned size_of(const fuzz_machine *m) {
  unsigned size = m->statement.size;
  for (size_t i = 0; i < m->nvalues; i++) size += m->values[i].size;
  for (size_t i = 0; i < m->nfroms; i++) size += m->froms[i].size;
  for (size_t i = 0; i < m->nselects; i++) size += m->selects[i].size;
  return size;
}

static bool build(fuzz_machine *m) {
  for (unsigned i = 0; i < MAX_STEPS && m->at < m->end; i++) {
    if (!step(m) || m->arena->failed) return false;
    if (size_of(m) > MAX_SIZE) break;
    /* What is used twice. */
    if (m->nvalues && m->nvalues < FUZZ_ITEMS && fuzz_choose(m, 8) == 0) {
      m->values[m->nvalues] = m->values[m->nvalues - 1];
      m->nvalues++;
    }
  }
  return true;
}

/* -- compiling ----------------------------------------------------------------------------------------------------- */

/* Placeholders outside of what is quoted; of numbered ones, which may stand in several places, the greatest number. */
static size_t count_placeholders(const corm_dialect *dialect, const char *sql) {
  size_t n = 0;
  for (const char *p = sql; *p; p++) {
    if (*p == '\'' || *p == '"' || *p == '`') {
      char quote = *p;
      for (p++; *p && *p != quote; p++)
        if (*p == '\\' && quote == '\'' && dialect->backslash_escapes && p[1]) p++;
      if (!*p) fuzz_fail("an open quote", sql);
    } else if (dialect->paramstyle == CORM_PARAM_QMARK) {
      n += *p == '?';
    } else if (*p == '$' && p[1] >= '1' && p[1] <= '9') {
      bool in_word = p > sql && (p[-1] == '_' || (p[-1] >= '0' && p[-1] <= '9') || (p[-1] >= 'a' && p[-1] <= 'z'));
      const size_t number = (size_t)strtoul(p + 1, NULL, 10);
      if (!in_word && number > n) n = number;
    }
  }
  return n;
}

static void check_text(const corm_dialect *dialect, const corm_compiled *out, const corm_compile_options *options) {
  if (strlen(out->sql) != out->len) fuzz_fail("a NUL in the text", out->sql);
  if (!corm_utf8_valid(out->sql, out->len)) fuzz_fail("not UTF-8", out->sql);
  if (options->named || options->literal_binds) return;
  if (count_placeholders(dialect, out->sql) != out->nbinds) fuzz_fail("placeholders and binds differ", out->sql);
}

static bool is_fair(corm_error_class cls) {
  return cls == CORM_E_ARGUMENT || cls == CORM_E_IDENTIFIER || cls == CORM_E_COMPILE ||
         cls == CORM_E_UNSUPPORTED_COMPILATION || cls == CORM_E_INVALID_REQUEST || cls == CORM_E_DATA;
}

static void compile(memory *mem, N node, unsigned bits) {
  size_t n;
  const char *const *names = corm_dialect_names(&n);
  for (size_t i = 0; i <= n; i++) {
    const corm_dialect *dialect = i < n ? corm_dialect_find(names[i]) : &corm_dialect_default;
    corm_compile_options options = {
        .named = bits & 1, .literal_binds = bits & 2, .unqualified = (bits & 12) == 12, .keys = bits & 16};
    corm_compiled out;
    corm_error err;
    corm_error_init(&err);
    corm_arena arena;
    corm_arena_init(&arena, &mem->mem);
    size_t failures = mem->failures;
    if (corm_compile_in(&arena, dialect, node, &options, &out, &err) == CORM_OK) {
      if (mem->failures > failures) fuzz_fail("a failed allocation went unreported", out.sql);
      check_text(dialect, &out, &options);
    } else if (err.cls == CORM_E_MEMORY ? mem->failures == failures : !is_fair(err.cls)) {
      fuzz_fail(corm_error_class_name(err.cls), err.message);
    }
    corm_error_clear(&err);
    corm_arena_clear(&arena);
  }
}

/* A view or a table of the select, and the tables themselves. */
static void define(memory *mem, N select, unsigned bits) {
  static const corm_ddl_kind kinds[] = {CORM_DDL_CREATE_VIEW, CORM_DDL_CREATE_TABLE_AS, CORM_DDL_CREATE_TABLE,
                                        CORM_DDL_DROP_TABLE};
  size_t n;
  const char *const *names = corm_dialect_names(&n);
  const corm_ddl_element element = {.kind = kinds[bits % FUZZ_COUNT(kinds)],
                                    .flags = bits >> 3,
                                    .object = &fuzz_tables[bits % FUZZ_TABLES],
                                    .select = select};
  for (size_t i = 0; i < n; i++) {
    corm_buf out;
    corm_error err;
    corm_error_init(&err);
    corm_buf_init(&out, &mem->mem);
    size_t failures = mem->failures;
    if (corm_ddl_write(corm_dialect_find(names[i]), &element, &out, &err) == CORM_OK) {
      if (!out.failed && !corm_utf8_valid(corm_buf_str(&out), out.len)) fuzz_fail("not UTF-8", corm_buf_str(&out));
    } else if (err.cls == CORM_E_MEMORY ? mem->failures == failures : !is_fair(err.cls)) {
      fuzz_fail(corm_error_class_name(err.cls), err.message);
    }
    corm_buf_clear(&out);
    corm_error_clear(&err);
  }
}

static void run(const uint8_t *data, size_t size, size_t fail_at, unsigned bits) {
  memory mem = {.mem = {.resize = resize}, .fail_at = fail_at};
  mem.mem.ctx = &mem;
  corm_arena arena;
  corm_arena_init(&arena, &mem.mem);
  fuzz_machine m = {.arena = &arena, .at = data, .end = data + size};
  if (build(&m)) {
    for (size_t i = 0; i < m.nvalues && i < 3; i++) compile(&mem, m.values[m.nvalues - 1 - i].node, bits);
    if (m.nselects) {
      compile(&mem, m.selects[m.nselects - 1].node, bits);
      define(&mem, m.selects[m.nselects - 1].node, bits);
    }
    if (m.statement.node) compile(&mem, m.statement.node, bits);
    if (m.nfroms) compile(&mem, m.froms[m.nfroms - 1].node, bits);
  } else if (mem.failures == 0) {
    fuzz_fail("building", "out of memory without a failure");
  }
  corm_arena_clear(&arena);
  if (mem.live) fuzz_fail("memory", "lost");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool ready;
  if (!ready) fuzz_make_tables();
  ready = true;
  if (size < 3) return 0;
  unsigned bits = data[0], fail_at = data[1] | (unsigned)data[2] << 8;
  run(data + 3, size - 3, 0, bits);
  if (fail_at) run(data + 3, size - 3, fail_at, bits);
  return 0;
}
