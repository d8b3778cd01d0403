#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const char *const class_names[] = {
#define CORM_X(id, name, parent) [CORM_E_##id] = (name),
    CORM_ERROR_CLASSES(CORM_X)
#undef CORM_X
};

static const corm_error_class class_parents[] = {
#define CORM_X(id, name, parent) [CORM_E_##id] = CORM_E_##parent,
    CORM_ERROR_CLASSES(CORM_X)
#undef CORM_X
};

/* Ends a field, whose size bytes are all taken by a longer text, in "...". */
static void mark_cut(char *field, size_t size) {
  size_t len = corm_utf8_cut(field, size - 1, size - sizeof "...");
  memcpy(field + len, "...", sizeof "...");
}

CORM_PRINTF(3, 0)
static void write_field(char *field, size_t size, const char *format, va_list args) {
  int len = vsnprintf(field, size, format, args);
  if (len < 0) {
    corm_error_field(field, size, format);
  } else if ((size_t)len >= size) {
    mark_cut(field, size);
  }
}

void corm_error_field(char *field, size_t size, const char *text) {
  size_t len = text ? strlen(text) : 0;
  if (len < size) {
    if (len) memcpy(field, text, len);
    field[len] = '\0';
  } else {
    memcpy(field, text, size - 1);
    mark_cut(field, size);
  }
}

corm_status corm_error_setv(corm_error *err, corm_error_class cls, const char *format, va_list args) {
  if (err && !err->is_set) {
    memset(err, 0, sizeof *err);
    err->is_set = true;
    err->cls = cls;
    write_field(err->message, sizeof err->message, format, args);
  }
  return CORM_FAILED;
}

corm_status corm_error_set(corm_error *err, corm_error_class cls, const char *format, ...) {
  va_list args;
  va_start(args, format);
  corm_status status = corm_error_setv(err, cls, format, args);
  va_end(args);
  return status;
}

corm_status corm_error_memory(corm_error *err) {
  return corm_error_set(err, CORM_E_MEMORY, "not enough memory");
}

void corm_error_hint(corm_error *err, const char *format, ...) {
  if (!err || !err->is_set || err->hint[0]) return;
  va_list args;
  va_start(args, format);
  write_field(err->hint, sizeof err->hint, format, args);
  va_end(args);
}

void corm_error_prefix(corm_error *err, const char *format, ...) {
  if (!err || !err->is_set) return;
  char old[sizeof err->message];
  memcpy(old, err->message, sizeof old);
  va_list args;
  va_start(args, format);
  write_field(err->message, sizeof err->message, format, args);
  va_end(args);
  size_t len = strlen(err->message);
  size_t room = sizeof err->message - len;
  size_t rest = strlen(old);
  memcpy(err->message + len, old, rest < room ? rest + 1 : room - 1);
  if (rest >= room) {
    err->message[sizeof err->message - 1] = '\0';
    mark_cut(err->message, sizeof err->message);
  }
}

void corm_error_attach(corm_error *err, const corm_mem *mem, const char *sql, const char *params) {
  if (!err || !err->is_set || err->statement.mem) return;
  err->statement.mem = mem;
  if (sql) err->statement.sql = corm_mem_dup(mem, sql, strlen(sql));
  if (params) err->statement.params = corm_mem_dup(mem, params, strlen(params));
}

corm_error *corm_error_dup(const corm_mem *mem, const corm_error *err) {
  if (!err || !err->is_set || err->from_hook) return NULL;
  corm_error *copy = corm_mem_alloc(mem, sizeof *copy);
  if (!copy) return NULL;
  *copy = *err;
  copy->statement = (corm_error_statement){0};
  copy->cause = NULL;
  corm_error_attach(copy, mem, err->statement.sql, err->statement.params);
  return copy;
}

void corm_error_free(const corm_mem *mem, corm_error *err) {
  if (!err) return;
  corm_error_clear(err);
  corm_mem_free(mem, err);
}

void corm_error_because(corm_error *err, const corm_mem *mem, const corm_error *cause) {
  if (!err || !err->is_set || err->cause) return;
  err->cause = corm_error_dup(mem, cause);
  err->cause_mem = mem;
}

void corm_error_clear(corm_error *err) {
  if (!err->is_set) return;
  corm_error_free(err->cause_mem, err->cause);
  if (err->statement.mem) {
    corm_mem_free(err->statement.mem, err->statement.sql);
    corm_mem_free(err->statement.mem, err->statement.params);
  }
  memset(err, 0, sizeof *err);
}

const char *corm_error_class_name(corm_error_class cls) {
  return class_names[cls];
}

bool corm_error_class_is(corm_error_class cls, corm_error_class ancestor) {
  while (cls != ancestor && cls != CORM_E_ERROR) cls = class_parents[cls];
  return cls == ancestor;
}

bool corm_error_class_find(const char *name, corm_error_class *out) {
  for (unsigned i = 0; i < CORM_ERROR_CLASS_COUNT; i++) {
    if (strcmp(class_names[i], name) == 0) {
      *out = (corm_error_class)i;
      return true;
    }
  }
  return false;
}
