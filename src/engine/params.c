/*
 * From named parameters to the storage values that a driver binds: picked by name, coerced to the bind's type, encoded
 * by the dialect. All of it happens before anything is sent, for every row of an executemany.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "engine/internal.h"

void corm_args_init(corm_args *args, const corm_mem *mem) {
  args->values = args->few;
  args->n = 0;
  args->nrows = 0;
  corm_arena_init(&args->arena, mem);
}

void corm_args_clear(corm_args *args) {
  corm_arena_clear(&args->arena);
}

static corm_status make_room(corm_args *args, size_t n, size_t nrows, corm_error *err) {
  args->n = n;
  args->nrows = nrows;
  if (nrows > 0 && n > SIZE_MAX / sizeof *args->values / nrows) return corm_error_memory(err);
  if (n * nrows <= CORM_ARGS_INLINE) return CORM_OK;
  args->values = corm_arena_alloc(&args->arena, n * nrows * sizeof *args->values);
  return args->values == NULL ? corm_error_memory(err) : CORM_OK;
}

/* -- one value ----------------------------------------------------------------------------------------------------- */

/* Works on one value after the other; the scratches hold what coercion and codec rewrite. */
typedef struct converter {
  corm_args *args;
  const corm_dialect *dialect;
  const corm_driver *driver;
  corm_scratch coerced;
  corm_scratch encoded;
} converter;

static void converter_init(converter *self, corm_args *args, const corm_conn *conn) {
  self->args = args;
  self->dialect = conn->engine->dialect;
  self->driver = conn->driver;
  corm_scratch_init(&self->coerced, args->arena.mem);
  corm_scratch_init(&self->encoded, args->arena.mem);
}

static void converter_clear(converter *self) {
  corm_scratch_clear(&self->coerced);
  corm_scratch_clear(&self->encoded);
}

static corm_status encode(converter *self, const corm_type *type, const corm_value *given, const corm_value *value,
                          corm_value *out, corm_error *err) {
  const corm_dialect *dialect = self->dialect;
  bool plain = type != NULL && corm_driver_takes(self->driver, value) && dialect->is_plain(dialect, type);
  if (value->kind == CORM_NULL || plain) {
    *out = *value;
  } else if (dialect->encode(dialect, type, value, &self->encoded, out, err) != CORM_OK) {
    return CORM_FAILED;
  }
  out->flags = 0;
  if (!corm_value_has_bytes(out) || (corm_value_has_bytes(given) && out->as.s == given->as.s)) return CORM_OK;
  out->as.s = corm_arena_dup(&self->args->arena, out->as.s, out->len);
  return out->as.s == NULL ? corm_error_memory(err) : CORM_OK;
}

static corm_status coerce(converter *self, const corm_compiled_bind *bind, const corm_value *given, const char *what,
                          corm_value *out, corm_error *err) {
  if (corm_type_coerce(bind->type, given, what, &self->coerced, out, err) != CORM_OK) return CORM_FAILED;
  return bind->assigned ? corm_type_store(bind->type, given, what, &self->coerced, out, err) : CORM_OK;
}

static void name_place(const corm_compiled_bind *bind, char *what, size_t size) {
  const corm_column *column = bind->column;
  if (column != NULL && column->table != NULL) {
    snprintf(what, size, "column %.100s.%.100s", column->table->name, column->name);
  } else {
    snprintf(what, size, "bind parameter '%.200s'", bind->name);
  }
}

static void set_fields(const corm_compiled_bind *bind, corm_error *err) {
  const corm_column *column = bind->column;
  if (err == NULL || column == NULL) return;
  corm_error_field(err->column, sizeof err->column, column->name);
  if (column->table != NULL) corm_error_field(err->table, sizeof err->table, column->table->name);
}

void corm_bind_blame(const corm_compiled_bind *bind, corm_error *err) {
  char what[256];
  if (err == NULL || err->cls != CORM_E_DATA) return;
  name_place(bind, what, sizeof what);
  corm_error_prefix(err, "%s: ", what);
  set_fields(bind, err);
}

/* Names the place of a refused value; only then, since it costs more than the rest. */
static corm_status refuse(converter *self, const corm_compiled_bind *bind, const corm_value *given, corm_error *err) {
  char what[256];
  corm_value value, ignored;
  name_place(bind, what, sizeof what);
  if (coerce(self, bind, given, what, &value, err) == CORM_OK) {
    /* It was the database's way of storing that refused. */
    if (encode(self, bind->type, given, &value, &ignored, err) == CORM_OK) return corm_error_memory(err);
    corm_bind_blame(bind, err);
  }
  set_fields(bind, err);
  return CORM_FAILED;
}

static corm_status convert(converter *self, const corm_compiled_bind *bind, const corm_value *given, corm_value *out,
                           corm_error *err) {
  corm_value value = *given;
  if (bind->type == NULL) return encode(self, NULL, given, &value, out, err);
  if (coerce(self, bind, given, NULL, &value, NULL) == CORM_OK &&
      encode(self, bind->type, given, &value, out, NULL) == CORM_OK)
    return CORM_OK;
  return refuse(self, bind, given, err);
}

/* -- a compiled statement's binds ---------------------------------------------------------------------------------- */

enum { FEW_PARAMS = 64 };

/* One set and which of its values found a bind. */
typedef struct param_set {
  const corm_params *params;
  bool *used;
  size_t number; /* 0: the only one */
} param_set;

/* The value given for a name; names are looked for from `from` on, since both sides often have the same order. */
static const corm_value *pick(const param_set *set, const char *name, size_t from) {
  const corm_params *params = set->params;
  for (size_t k = 0; k < params->n; k++) {
    size_t i = from + k < params->n ? from + k : (from + k) % params->n;
    if (params->names[i] == name || strcmp(params->names[i], name) == 0) {
      set->used[i] = true;
      return params->values[i].kind == CORM_ABSENT ? NULL : &params->values[i];
    }
  }
  return NULL;
}

static const char *set_suffix(const param_set *set, char *buf, size_t size) {
  buf[0] = '\0';
  if (set->number > 0) snprintf(buf, size, ", in parameter set %zu", set->number);
  return buf;
}

static corm_status missing(const param_set *set, const char *name, corm_error *err) {
  char where[48];
  const char *nearest = NULL;
  corm_error_set(err, CORM_E_INVALID_REQUEST, "A value is required for bind parameter '%.100s'%s", name,
                 set_suffix(set, where, sizeof where));
  if (set->params->n > 0) nearest = corm_name_nearest(name, set->params->names, set->params->n);
  if (nearest != NULL && strcmp(nearest, name) != 0) corm_error_hint(err, "did you mean '%s' by '%s'?", name, nearest);
  return CORM_FAILED;
}

static corm_status surplus(converter *self, const param_set *set, const corm_compiled *compiled, corm_error *err) {
  char where[48];
  size_t at = 0;
  while (set->used[at]) at++;
  const char *name = set->params->names[at];
  const char **names = corm_arena_alloc(&self->args->arena, (compiled->nbinds + 1) * sizeof *names);
  if (names == NULL) return corm_error_memory(err);
  for (uint32_t i = 0; i < compiled->nbinds; i++) names[i] = compiled->binds[i].name;
  const char *nearest = corm_name_nearest(name, names, compiled->nbinds);
  corm_error_set(err, CORM_E_INVALID_REQUEST, "the statement has no bind parameter '%.100s'%s", name,
                 set_suffix(set, where, sizeof where));
  if (nearest != NULL) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

/* What the node itself says: an element of IN, or a default. */
static const corm_value *own_value(const corm_compiled_bind *bind) {
  if (bind->element >= 0) return &bind->node->values[bind->element];
  return bind->node != NULL && !bind->node->required ? &bind->node->value : NULL;
}

static corm_status convert_given(converter *self, const corm_compiled_bind *bind, const param_set *set,
                                 const corm_value *given, corm_value *out, corm_error *err) {
  if (given == NULL || given->kind == CORM_ABSENT) given = own_value(bind);
  if (given == NULL || given->kind == CORM_ABSENT) return missing(set, bind->name, err);
  return convert(self, bind, given, out, err);
}

static corm_status convert_set(converter *self, const corm_compiled *compiled, const param_set *set, corm_value *out,
                               corm_error *err) {
  size_t nparams = set->params->n;
  size_t nused = 0;
  for (uint32_t i = 0; i < compiled->nbinds; i++) {
    const corm_compiled_bind *bind = &compiled->binds[i];
    const corm_value *given = NULL;
    if (bind->element < 0 && nparams > 0) given = pick(set, bind->name, i < nparams ? i : 0);
    if (convert_given(self, bind, set, given, &out[i], err) != CORM_OK) return CORM_FAILED;
  }
  for (const corm_late_name *late = compiled->late; late; late = late->next) (void)pick(set, late->name, 0);
  for (size_t i = 0; i < nparams; i++) nused += set->used[i];
  return nused == nparams ? CORM_OK : surplus(self, set, compiled, err);
}

/* -- many sets with the same names --------------------------------------------------------------------------------- */

#define NOWHERE SIZE_MAX

/* What is found out once for all of them. */
typedef struct shape {
  const char *const *names; /* of the sets that it is for; NULL: not known yet */
  size_t *from;             /* bind -> value of a set, or NOWHERE */
  bool *plain;              /* bind -> values that its type takes go to the driver as they are */
} shape;

/* After a set was converted: its names have been found good. */
static corm_status learn_shape(converter *self, const corm_compiled *compiled, const param_set *set, shape *out,
                               corm_error *err) {
  const corm_params *params = set->params;
  out->from = corm_arena_alloc(&self->args->arena, (compiled->nbinds + 1) * sizeof *out->from);
  out->plain = corm_arena_alloc(&self->args->arena, compiled->nbinds + 1);
  if (out->from == NULL || out->plain == NULL) return corm_error_memory(err);
  for (uint32_t i = 0; i < compiled->nbinds; i++) {
    const corm_compiled_bind *bind = &compiled->binds[i];
    const corm_type *type = bind->type;
    out->from[i] = NOWHERE;
    for (size_t k = 0; bind->element < 0 && k < params->n && out->from[i] == NOWHERE; k++)
      if (strcmp(params->names[k], bind->name) == 0) out->from[i] = k;
    out->plain[i] = type != NULL && (self->driver->kinds & CORM_KIND(corm_type_value_kind(type))) &&
                    self->dialect->is_plain(self->dialect, type);
  }
  out->names = params->names;
  return CORM_OK;
}

static corm_status convert_known(converter *self, const corm_compiled *compiled, const param_set *set,
                                 const shape *known, corm_value *out, corm_error *err) {
  for (uint32_t i = 0; i < compiled->nbinds; i++) {
    const corm_compiled_bind *bind = &compiled->binds[i];
    const corm_value *given = known->from[i] == NOWHERE ? NULL : &set->params->values[known->from[i]];
    if (given != NULL && known->plain[i] && corm_type_takes(bind->type, given))
      out[i] = (corm_value){.as = given->as, .len = given->len, .kind = given->kind};
    else if (convert_given(self, bind, set, given, &out[i], err) != CORM_OK)
      return CORM_FAILED;
  }
  return CORM_OK;
}

/* The values of one set, where each bind has one in its place that goes to the driver as it is; false: they have to be
   looked for, or converted. */
static bool take_plainly(const corm_conn *conn, const corm_compiled *compiled, const corm_params *params,
                         corm_value *out) {
  const corm_dialect *dialect = conn->engine->dialect;
  if (params->n > 0 && (params->n != compiled->nbinds || compiled->late != NULL)) return false;
  for (uint32_t i = 0; i < compiled->nbinds; i++) {
    const corm_compiled_bind *bind = &compiled->binds[i];
    const bool named = params->n > 0 && bind->element < 0 && params->names[i] == bind->name;
    const corm_value *given = params->n == 0 ? own_value(bind) : named ? &params->values[i] : NULL;
    if (given == NULL || bind->type == NULL || !corm_type_takes(bind->type, given)) return false;
    if (!corm_driver_takes(conn->driver, given) || !dialect->is_plain(dialect, bind->type)) return false;
    out[i] = (corm_value){.as = given->as, .len = given->len, .kind = given->kind};
  }
  return true;
}

corm_status corm_args_compiled(corm_args *args, const corm_conn *conn, const corm_compiled *compiled,
                               const corm_params *sets, size_t nsets, corm_error *err) {
  static const corm_params nothing = {0};
  bool few[FEW_PARAMS];
  bool *used = few;
  size_t most = 0;
  corm_status status = CORM_OK;
  if (sets == NULL || nsets == 0) {
    sets = &nothing;
    nsets = 1;
  }
  if (make_room(args, compiled->nbinds, nsets, err) != CORM_OK) return CORM_FAILED;
  if (nsets == 1 && take_plainly(conn, compiled, sets, args->values)) return CORM_OK;
  for (size_t i = 0; i < nsets; i++) most = sets[i].n > most ? sets[i].n : most;
  if (most > FEW_PARAMS && (used = corm_arena_alloc(&args->arena, most)) == NULL) return corm_error_memory(err);
  converter self;
  shape known = {0};
  converter_init(&self, args, conn);
  for (size_t i = 0; i < nsets && status == CORM_OK; i++) {
    param_set set = {.params = &sets[i], .used = used, .number = nsets > 1 ? i + 1 : 0};
    corm_value *out = args->values + i * compiled->nbinds;
    if (known.names != NULL && sets[i].names == known.names && sets[i].n == sets[0].n) {
      status = convert_known(&self, compiled, &set, &known, out, err);
      continue;
    }
    if (sets[i].n > 0) memset(used, 0, sets[i].n);
    status = convert_set(&self, compiled, &set, out, err);
    if (status == CORM_OK && i == 0 && nsets > 1) status = learn_shape(&self, compiled, &set, &known, err);
  }
  converter_clear(&self);
  return status;
}

/* -- native placeholders ------------------------------------------------------------------------------------------- */

static corm_status place_of(const corm_driver *driver, const corm_stmt *stmt, const corm_params *params, size_t i,
                            size_t *out, corm_error *err) {
  *out = i;
  if (params->names == NULL) return CORM_OK;
  int index = driver->param_index(stmt->native, params->names[i]);
  if (index < 1) {
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "the statement has no parameter '%.100s'", params->names[i]);
  }
  *out = (size_t)index - 1;
  return CORM_OK;
}

corm_status corm_args_native(corm_args *args, const corm_conn *conn, const corm_stmt *stmt, const corm_params *params,
                             corm_error *err) {
  static const corm_params nothing = {0};
  if (params == NULL) params = &nothing;
  size_t n = stmt->nparams > 0 ? (size_t)stmt->nparams : 0;
  if (params->n != n) {
    return corm_error_set(err, CORM_E_INVALID_REQUEST, "the statement has %zu parameter%s, but %zu value%s given", n,
                          n == 1 ? "" : "s", params->n, params->n == 1 ? " was" : "s were");
  }
  if (make_room(args, n, 1, err) != CORM_OK) return CORM_FAILED;
  for (size_t i = 0; i < n; i++) args->values[i].kind = CORM_ABSENT;
  corm_status status = CORM_OK;
  converter self;
  converter_init(&self, args, conn);
  for (size_t i = 0; i < n && status == CORM_OK; i++) {
    size_t at = 0;
    status = place_of(conn->driver, stmt, params, i, &at, err);
    if (status == CORM_OK) {
      status = encode(&self, NULL, &params->values[i], &params->values[i], &args->values[at], err);
    }
  }
  for (size_t i = 0; i < n && status == CORM_OK; i++) {
    if (args->values[i].kind == CORM_ABSENT) {
      status = corm_error_set(err, CORM_E_INVALID_REQUEST, "A value is required for parameter %zu", i + 1);
    }
  }
  converter_clear(&self);
  return status;
}
