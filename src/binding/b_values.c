/* Values between Lua and the core, and the constructors corm.date, time, datetime, timedelta, decimal, uuid. */
#include "binding/b_values.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/decimal.h"
#include "base/uuid.h"
#include "binding/state.h"

/* -- out: core to Lua -- */

static binding_value *new_value(lua_State *L, corm_value_kind kind, size_t bytes) {
  binding_value *object = binding_new(L, BINDING_VALUE, sizeof *object + bytes, 0);
  object->value.kind = (uint8_t)kind;
  return object;
}

void binding_push_temporal(lua_State *L, corm_value_kind kind, int64_t content) {
  new_value(L, kind, 0)->value.as.i = content;
}

static void push_bytes(lua_State *L, corm_value_kind kind, const void *bytes, size_t len) {
  binding_value *object = new_value(L, kind, len + 1);
  char *copy = (char *)(object + 1);
  memcpy(copy, bytes, len);
  object->value.as.s = copy;
  object->value.len = (uint32_t)len;
}

void binding_push_decimal(lua_State *L, const char *text, size_t len) {
  push_bytes(L, CORM_DECIMAL, text, len);
}

void binding_push_decimal_buf(lua_State *L, const corm_buf *buf) {
  if (buf->failed) binding_error(L, CORM_E_MEMORY, "not enough memory");
  binding_push_decimal(L, buf->ptr, buf->len);
}

void binding_push_json_null(lua_State *L) {
  push_bytes(L, CORM_JSON, "null", 4);
}

void binding_push_uuid(lua_State *L, const unsigned char bytes[16]) {
  push_bytes(L, CORM_UUID, bytes, 16);
}

void binding_push_uuid_text(lua_State *L, const corm_value *uuid) {
  char text[37];
  corm_uuid_format((const unsigned char *)uuid->as.s, text);
  lua_pushlstring(L, text, 36);
}

static void push_json(lua_State *L, const corm_value *value) {
  corm_error err;
  corm_error_init(&err);
  if (binding_json_decode(L, value->as.s, value->len, &err) != CORM_OK) binding_raise(L, &err);
  if (binding_test(L, -1, BINDING_NULL)) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}

void binding_push(lua_State *L, const corm_value *value) {
  switch ((corm_value_kind)value->kind) {
  case CORM_BOOL: lua_pushboolean(L, value->as.i != 0); break;
  case CORM_INT: lua_pushinteger(L, value->as.i); break;
  case CORM_REAL: lua_pushnumber(L, value->as.f); break;
  case CORM_TEXT:
  case CORM_BLOB: lua_pushlstring(L, value->as.s, value->len); break;
  case CORM_DATE:
  case CORM_TIME:
  case CORM_DATETIME:
  case CORM_INTERVAL: binding_push_temporal(L, (corm_value_kind)value->kind, value->as.i); break;
  case CORM_DECIMAL:
  case CORM_UUID: push_bytes(L, (corm_value_kind)value->kind, value->as.s, value->len); break;
  case CORM_JSON:
  case CORM_ARRAY: push_json(L, value); break;
  case CORM_ABSENT:
  case CORM_NULL:
  case CORM_VALUE_KIND_COUNT: lua_pushnil(L); break;
  }
}

void binding_push_nullvalue(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, binding_get(L)->null_ref);
}

void binding_push_null(lua_State *L, const corm_value *value) {
  binding_push(L, value);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    binding_push_nullvalue(L);
  }
}

/* -- in: Lua to core -- */

bool binding_is_null(lua_State *L, int arg) {
  return lua_isnoneornil(L, arg) || binding_test(L, arg, BINDING_NULL) != NULL;
}

/* Reads an integer field by either name; false when it is there and no integer. */
static bool civil_field(lua_State *L, int table, const char *name, const char *other, int *out, bool *found) {
  bool is_there = binding_opt_push(L, table, name) || (other && binding_opt_push(L, table, other));
  if (!is_there) return true;
  int is_integer = 0;
  lua_Integer value = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &is_integer) : 0;
  lua_pop(L, 1);
  if (!is_integer || value < -1000000 || value > 1000000) return false;
  *out = (int)value;
  *found = true;
  return true;
}

bool binding_civil_read(lua_State *L, int arg, corm_civil *out, bool *has_time, const char **reason) {
  bool year = false, month = false, day = false;
  *has_time = false;
  *out = (corm_civil){0};
  *reason = "a field is no integer";
  if (!civil_field(L, arg, "year", NULL, &out->year, &year) ||
      !civil_field(L, arg, "month", NULL, &out->month, &month) || !civil_field(L, arg, "day", NULL, &out->day, &day) ||
      !civil_field(L, arg, "hour", NULL, &out->hour, has_time) ||
      !civil_field(L, arg, "min", "minute", &out->minute, has_time) ||
      !civil_field(L, arg, "sec", "second", &out->second, has_time) ||
      !civil_field(L, arg, "microsecond", NULL, &out->microsecond, has_time))
    return false;
  *reason = "it needs year, month and day";
  if (!year || !month || !day) return false;
  *reason = "there is no such date";
  if (!corm_date_valid(out->year, out->month, out->day)) return false;
  *reason = "there is no such time of day";
  return out->hour >= 0 && out->hour < 24 && out->minute >= 0 && out->minute < 60 && out->second >= 0 &&
         out->second < 60 && out->microsecond >= 0 && out->microsecond < 1000000;
}

static bool table_value(lua_State *L, int arg, corm_value *out) {
  corm_civil civil;
  bool has_time;
  const char *reason;
  if (!binding_civil_read(L, arg, &civil, &has_time, &reason)) return false;
  out->kind = has_time ? CORM_DATETIME : CORM_DATE;
  out->as.i = has_time ? corm_datetime_from_civil(&civil) : corm_days_from_civil(civil.year, civil.month, civil.day);
  return true;
}

bool binding_tovalue(lua_State *L, int arg, corm_scratch *scratch, corm_value *out) {
  (void)scratch;
  *out = corm_value_null();
  switch (lua_type(L, arg)) {
  case LUA_TNONE:
  case LUA_TNIL: return true;
  case LUA_TBOOLEAN: *out = corm_value_bool(lua_toboolean(L, arg)); return true;
  case LUA_TNUMBER:
    *out = lua_isinteger(L, arg) ? corm_value_int(lua_tointeger(L, arg)) : corm_value_real(lua_tonumber(L, arg));
    return true;
  case LUA_TSTRING: {
    size_t len;
    const char *text = lua_tolstring(L, arg, &len);
    if (len > UINT32_MAX) return false;
    *out = corm_value_text(text, len);
    return true;
  }
  case LUA_TTABLE: return table_value(L, arg, out);
  default: break;
  }
  const binding_value *object = binding_test(L, arg, BINDING_VALUE);
  if (object) *out = object->value;
  return object || binding_test(L, arg, BINDING_NULL);
}

bool binding_tovalue_in(lua_State *L, int arg, corm_arena *arena, corm_value *out) {
  if (!binding_tovalue(L, arg, NULL, out)) return false;
  if (corm_value_has_bytes(out)) {
    const char *copy = corm_arena_dup(arena, out->as.s, out->len);
    if (!copy) binding_error(L, CORM_E_MEMORY, "not enough memory");
    out->as.s = copy;
  }
  return true;
}

/* Written to a box, which survives an error of Lua, and then to the scratch. */
static corm_status array_value(lua_State *L, int arg, const corm_type *type, const char *what, corm_scratch *scratch,
                               corm_value *out, corm_error *err) {
  binding_state *state = binding_get(L);
  arg = lua_absindex(L, arg);
  int top = lua_gettop(L);
  corm_arena *box = binding_scratch(L, state);
  corm_buf *text = binding_scratch_buf(box);
  corm_status status = binding_array_encode(L, arg, type, what, text, err);
  if (status == CORM_OK) {
    corm_buf_reset(&scratch->buf);
    corm_buf_add(&scratch->buf, text->ptr, text->len);
    if (scratch->buf.failed || text->len > UINT32_MAX) status = corm_error_memory(err);
  }
  if (status == CORM_OK) {
    *out = corm_value_text(scratch->buf.ptr, scratch->buf.len);
    out->kind = CORM_ARRAY;
  }
  binding_scratch_done(L, state, box);
  lua_settop(L, top);
  return status;
}

corm_status binding_tovalue_typed(lua_State *L, int arg, const corm_type *type, const char *what, corm_scratch *scratch,
                                  corm_value *out, corm_error *err) {
  corm_value raw;
  if (type->hosted && binding_pass_in(L, arg, &type, err) != CORM_OK) return CORM_FAILED;
  if (type->kind == CORM_TYPE_ARRAY && !binding_is_null(L, arg))
    return array_value(L, arg, type, what, scratch, out, err);
  if (type->kind == CORM_TYPE_JSON && !binding_is_null(L, arg)) {
    corm_buf_reset(&scratch->buf);
    if (binding_json_encode(L, arg, what, &scratch->buf, err) != CORM_OK) return CORM_FAILED;
    *out = corm_value_text(scratch->buf.ptr, scratch->buf.len);
    out->kind = CORM_JSON;
    return CORM_OK;
  }
  if (!binding_tovalue(L, arg, scratch, &raw)) {
    const char *got = binding_typename(L, arg);
    return corm_error_set(err, CORM_E_ARGUMENT, "%s%sa %s is no value for %s", what ? what : "", what ? ": " : "", got,
                          corm_type_kind_name((corm_type_kind)type->kind));
  }
  if (corm_type_coerce(type, &raw, what, scratch, out, err) != CORM_OK) return CORM_FAILED;
  return corm_type_store(type, &raw, what, scratch, out, err);
}

const corm_value *binding_checkvalue_object(lua_State *L, int arg, const char *what) {
  const binding_value *object = binding_check(L, arg, BINDING_VALUE, what);
  return &object->value;
}

const char *binding_value_name(const binding_head *head) {
  static const char *const names[CORM_VALUE_KIND_COUNT] = {
      [CORM_DATE] = "date",       [CORM_TIME] = "time", [CORM_DATETIME] = "datetime", [CORM_INTERVAL] = "timedelta",
      [CORM_DECIMAL] = "decimal", [CORM_UUID] = "uuid", [CORM_JSON] = "JSON null"};
  return names[((const binding_value *)(const void *)head)->value.kind];
}

/* -- constructors; argument 1 is the callable table -- */

static int bad(lua_State *L, const char *name, const char *reason) {
  return binding_error(L, CORM_E_ARGUMENT, "%s: %s", name, reason);
}

/* Reads integer arguments first..first+n-1 into fields; those from `needed` on may be missing (0). */
static void integer_args(lua_State *L, const char *name, int first, int needed, int n, int *const *fields) {
  for (int i = 0; i < n; i++) {
    int arg = first + i, is_integer = 0;
    if (i >= needed && lua_isnoneornil(L, arg)) continue;
    lua_Integer value = lua_type(L, arg) == LUA_TNUMBER ? lua_tointegerx(L, arg, &is_integer) : 0;
    if (!is_integer)
      binding_error(L, CORM_E_ARGUMENT, "%s: an integer expected as argument %d, got %s", name, i + 1,
                    binding_typename(L, arg));
    *fields[i] = value < -1000000 || value > 1000000 ? -1 : (int)value;
  }
  if (!lua_isnone(L, first + n)) bad(L, name, "too many arguments");
}

static void check_date(lua_State *L, const char *name, const corm_civil *civil) {
  if (!corm_date_valid(civil->year, civil->month, civil->day))
    binding_error(L, CORM_E_ARGUMENT, "%s: there is no date %d-%d-%d (years go from 1 to 9999)", name, civil->year,
                  civil->month, civil->day);
}

static void check_clock(lua_State *L, const char *name, const corm_civil *civil) {
  if (civil->hour < 0 || civil->hour > 23 || civil->minute < 0 || civil->minute > 59 || civil->second < 0 ||
      civil->second > 59 || civil->microsecond < 0 || civil->microsecond > 999999)
    binding_error(L, CORM_E_ARGUMENT, "%s: there is no time %d:%d:%d.%06d", name, civil->hour, civil->minute,
                  civil->second, civil->microsecond);
}

static int64_t clock_usec(const corm_civil *civil) {
  return ((civil->hour * INT64_C(60) + civil->minute) * 60 + civil->second) * CORM_USEC_PER_SEC + civil->microsecond;
}

/* The single argument of a constructor as text or table; false when the arguments are numbers. */
static bool civil_arg(lua_State *L, const char *name, corm_civil *civil) {
  if (!lua_istable(L, 2)) return false;
  bool has_time;
  const char *reason;
  if (!binding_civil_read(L, 2, civil, &has_time, &reason)) bad(L, name, reason);
  return true;
}

static int not_iso(lua_State *L, const char *name, int arg) {
  return binding_error(L, CORM_E_ARGUMENT, "%s: '%.80s' is no ISO 8601 %s", name, lua_tostring(L, arg), name);
}

static int date_new(lua_State *L) {
  corm_civil civil = {0};
  int64_t days;
  if (lua_type(L, 2) == LUA_TSTRING) {
    size_t len;
    const char *text = lua_tolstring(L, 2, &len);
    if (!corm_date_parse(text, len, &days)) return not_iso(L, "date", 2);
    binding_push_temporal(L, CORM_DATE, days);
    return 1;
  }
  if (!civil_arg(L, "date", &civil)) {
    integer_args(L, "date", 2, 3, 3, (int *const[]){&civil.year, &civil.month, &civil.day});
    check_date(L, "date", &civil);
  }
  binding_push_temporal(L, CORM_DATE, corm_days_from_civil(civil.year, civil.month, civil.day));
  return 1;
}

static int time_new(lua_State *L) {
  corm_civil civil = {0};
  int64_t usec;
  if (lua_type(L, 2) == LUA_TSTRING) {
    size_t len;
    const char *text = lua_tolstring(L, 2, &len);
    if (!corm_time_parse(text, len, &usec)) return not_iso(L, "time", 2);
    binding_push_temporal(L, CORM_TIME, usec);
    return 1;
  }
  integer_args(L, "time", 2, 0, 4, (int *const[]){&civil.hour, &civil.minute, &civil.second, &civil.microsecond});
  check_clock(L, "time", &civil);
  binding_push_temporal(L, CORM_TIME, clock_usec(&civil));
  return 1;
}

static int datetime_new(lua_State *L) {
  corm_civil civil = {0};
  int64_t usec;
  if (lua_type(L, 2) == LUA_TSTRING) {
    size_t len;
    const char *text = lua_tolstring(L, 2, &len);
    bool has_zone;
    if (!corm_datetime_parse(text, len, &usec, &has_zone)) return not_iso(L, "datetime", 2);
    binding_push_temporal(L, CORM_DATETIME, usec);
    return 1;
  }
  if (!civil_arg(L, "datetime", &civil)) {
    integer_args(L, "datetime", 2, 3, 7,
                 (int *const[]){&civil.year, &civil.month, &civil.day, &civil.hour, &civil.minute, &civil.second,
                                &civil.microsecond});
    check_date(L, "datetime", &civil);
    check_clock(L, "datetime", &civil);
  }
  binding_push_temporal(L, CORM_DATETIME, corm_datetime_from_civil(&civil));
  return 1;
}

/* Adds value * unit microseconds; integers exactly, floats rounded. */
static void add_interval(lua_State *L, int arg, int64_t unit, int64_t *sum) {
  int64_t part;
  int is_integer = 0;
  if (lua_type(L, arg) != LUA_TNUMBER)
    binding_error(L, CORM_E_ARGUMENT, "timedelta: a number expected, got %s", binding_typename(L, arg));
  lua_Integer whole = lua_tointegerx(L, arg, &is_integer);
  if (is_integer) {
    if (!__builtin_mul_overflow((int64_t)whole, unit, &part) && !__builtin_add_overflow(*sum, part, sum)) return;
  } else {
    double usec = nearbyint(lua_tonumber(L, arg) * (double)unit);
    if (usec > -9.2e18 && usec < 9.2e18 && !__builtin_add_overflow(*sum, (int64_t)usec, sum)) return;
  }
  bad(L, "timedelta", "out of range");
}

static const struct {
  const char *name;
  int64_t usec;
} interval_units[] = {
    {"days", CORM_USEC_PER_DAY},     {"seconds", CORM_USEC_PER_SEC},      {"microseconds", 1},
    {"milliseconds", 1000},          {"minutes", 60 * CORM_USEC_PER_SEC}, {"hours", 3600 * CORM_USEC_PER_SEC},
    {"weeks", 7 * CORM_USEC_PER_DAY}};

/* timedelta { days = 1 } or, as in Python, timedelta(days, seconds, microseconds, milliseconds, minutes, hours, weeks).
 */
static int timedelta_new(lua_State *L) {
  static const binding_option_spec specs[] = {{"days", BINDING_OPT_ANY},         {"seconds", BINDING_OPT_ANY},
                                              {"microseconds", BINDING_OPT_ANY}, {"milliseconds", BINDING_OPT_ANY},
                                              {"minutes", BINDING_OPT_ANY},      {"hours", BINDING_OPT_ANY},
                                              {"weeks", BINDING_OPT_ANY}};
  int64_t sum = 0;
  int units = (int)(sizeof interval_units / sizeof *interval_units);
  if (lua_istable(L, 2)) binding_check_options(L, 2, "timedelta", specs, sizeof specs / sizeof *specs);
  for (int i = 0; i < units; i++) {
    if (lua_istable(L, 2)) {
      if (!binding_opt_push(L, 2, interval_units[i].name)) continue;
      add_interval(L, -1, interval_units[i].usec, &sum);
      lua_pop(L, 1);
    } else if (!lua_isnoneornil(L, i + 2)) {
      add_interval(L, i + 2, interval_units[i].usec, &sum);
    }
  }
  binding_push_temporal(L, CORM_INTERVAL, sum);
  return 1;
}

static int decimal_new(lua_State *L) {
  binding_state *state = binding_upvalue(L);
  const binding_value *object = binding_test(L, 2, BINDING_VALUE);
  if (object && object->value.kind == CORM_DECIMAL) {
    lua_settop(L, 2);
    return 1;
  }
  corm_arena *arena = binding_scratch(L, state);
  corm_buf *text = binding_scratch_buf(arena);
  size_t len = 0;
  if (lua_type(L, 2) == LUA_TSTRING) {
    const char *given = lua_tolstring(L, 2, &len);
    if (!corm_decimal_parse(given, len, text) && !text->failed)
      return binding_error(L, CORM_E_ARGUMENT, "decimal: '%.80s' is no decimal number", given);
  } else if (lua_isinteger(L, 2)) {
    corm_buf_int(text, lua_tointeger(L, 2));
  } else if (lua_type(L, 2) == LUA_TNUMBER && isfinite(lua_tonumber(L, 2))) {
    corm_buf_real(text, lua_tonumber(L, 2));
    char *shortest = text->failed ? NULL : corm_arena_dup(arena, text->ptr, text->len);
    if (!shortest) return binding_error(L, CORM_E_MEMORY, "not enough memory");
    len = text->len;
    corm_buf_reset(text);
    corm_decimal_parse(shortest, len, text);
  } else {
    return binding_error(L, CORM_E_ARGUMENT, "decimal: text or a finite number expected, got %s",
                         binding_typename(L, 2));
  }
  binding_push_decimal_buf(L, text);
  binding_scratch_done(L, state, arena);
  return 1;
}

static int uuid_new(lua_State *L) {
  unsigned char bytes[16];
  size_t len;
  const binding_value *object = binding_test(L, 2, BINDING_VALUE);
  if (object && object->value.kind == CORM_UUID) {
    lua_settop(L, 2);
    return 1;
  }
  if (binding_opt_push(L, 2, "bytes")) {
    if (lua_type(L, -1) != LUA_TSTRING || lua_rawlen(L, -1) != sizeof bytes)
      return bad(L, "uuid", "bytes must be a string of 16 bytes");
    memcpy(bytes, lua_tostring(L, -1), sizeof bytes);
  } else if (lua_type(L, 2) != LUA_TSTRING) {
    return binding_error(L, CORM_E_ARGUMENT, "uuid: text expected, got %s", binding_typename(L, 2));
  } else {
    const char *text = lua_tolstring(L, 2, &len);
    if (!corm_uuid_parse(text, len, bytes)) return binding_error(L, CORM_E_ARGUMENT, "uuid: '%.80s' is no UUID", text);
  }
  binding_push_uuid(L, bytes);
  return 1;
}

static int uuid_random(lua_State *L, bool (*make)(unsigned char[16])) {
  unsigned char bytes[16];
  if (!make(bytes)) return binding_error(L, CORM_E_ERROR, "uuid: the system gives no random numbers");
  binding_push_uuid(L, bytes);
  return 1;
}

static int uuid4(lua_State *L) {
  return uuid_random(L, corm_uuid_v4);
}

static int uuid7(lua_State *L) {
  return uuid_random(L, corm_uuid_v7);
}

/* -- the clock -- */

static int utcnow(lua_State *L) {
  binding_push_temporal(L, CORM_DATETIME, corm_clock_utc());
  return 1;
}

/* Local civil time of a UTC moment, by the C library's time zone. */
static int64_t to_local(lua_State *L, int64_t utc) {
  int64_t seconds = utc / CORM_USEC_PER_SEC - (utc % CORM_USEC_PER_SEC < 0);
  time_t moment = (time_t)seconds;
  struct tm local;
  if (!localtime_r(&moment, &local) || !corm_date_valid(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday))
    bad(L, "datetime", "out of range");
  corm_civil civil = {.year = local.tm_year + 1900,
                      .month = local.tm_mon + 1,
                      .day = local.tm_mday,
                      .hour = local.tm_hour,
                      .minute = local.tm_min,
                      .second = local.tm_sec > 59 ? 59 : local.tm_sec,
                      .microsecond = (int)(utc - seconds * CORM_USEC_PER_SEC)};
  return corm_datetime_from_civil(&civil);
}

static int now(lua_State *L) {
  binding_push_temporal(L, CORM_DATETIME, to_local(L, corm_clock_utc()));
  return 1;
}

static int today(lua_State *L) {
  int64_t usec = to_local(L, corm_clock_utc());
  binding_push_temporal(L, CORM_DATE, usec / CORM_USEC_PER_DAY - (usec % CORM_USEC_PER_DAY < 0));
  return 1;
}

/* datetime.utcfromtimestamp(seconds since 1970); .fromtimestamp gives local time. */
static int64_t timestamp_arg(lua_State *L, int arg) {
  double seconds = lua_type(L, arg) == LUA_TNUMBER ? lua_tonumber(L, arg) : NAN;
  double usec = nearbyint(seconds * 1e6);
  if (!(usec >= (double)CORM_DATETIME_MIN && usec <= (double)CORM_DATETIME_MAX))
    bad(L, "datetime", "a number of seconds between the years 1 and 9999 expected");
  return lua_isinteger(L, arg) ? lua_tointeger(L, arg) * CORM_USEC_PER_SEC : (int64_t)usec;
}

static int utcfromtimestamp(lua_State *L) {
  binding_push_temporal(L, CORM_DATETIME, timestamp_arg(L, 1));
  return 1;
}

static int fromtimestamp(lua_State *L) {
  binding_push_temporal(L, CORM_DATETIME, to_local(L, timestamp_arg(L, 1)));
  return 1;
}

static int combine(lua_State *L) {
  const corm_value *date = binding_checkvalue_object(L, 1, "datetime.combine");
  const corm_value *time = binding_checkvalue_object(L, 2, "datetime.combine");
  if (date->kind != CORM_DATE || time->kind != CORM_TIME)
    return bad(L, "datetime.combine", "a date and a time expected");
  binding_push_temporal(L, CORM_DATETIME, date->as.i * CORM_USEC_PER_DAY + time->as.i);
  return 1;
}

/* x.fromisoformat(text): the constructor with text only. Upvalue 2: the constructor. */
static int fromisoformat(lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING)
    return binding_error(L, CORM_E_ARGUMENT, "fromisoformat: text expected, got %s", binding_typename(L, 1));
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_pushnil(L);
  lua_insert(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

/* -- opening -- */

/* Adds corm.<name>: a table of functions that is callable. */
static void add_constructor(lua_State *L, const char *name, lua_CFunction make, bool has_iso,
                            const luaL_Reg *functions) {
  lua_newtable(L);
  if (functions) binding_setfuncs(L, functions);
  if (has_iso) {
    lua_pushlightuserdata(L, binding_get(L));
    binding_pushfunction(L, make);
    lua_pushcclosure(L, fromisoformat, 2);
    lua_setfield(L, -2, "fromisoformat");
  }
  lua_createtable(L, 0, 1);
  binding_pushfunction(L, make);
  lua_setfield(L, -2, "__call");
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, name);
}

void binding_open_values(lua_State *L) {
  static const luaL_Reg date_functions[] = {{"today", today}, {NULL, NULL}};
  static const luaL_Reg datetime_functions[] = {{"now", now},
                                                {"utcnow", utcnow},
                                                {"today", now},
                                                {"fromtimestamp", fromtimestamp},
                                                {"utcfromtimestamp", utcfromtimestamp},
                                                {"combine", combine},
                                                {NULL, NULL}};
  static const luaL_Reg functions[] = {{"uuid4", uuid4}, {"uuid7", uuid7}, {NULL, NULL}};
  binding_metatable(L, BINDING_VALUE, "value", binding_value_methods, binding_value_meta, binding_value_index);
  lua_pop(L, 1);
  add_constructor(L, "date", date_new, true, date_functions);
  add_constructor(L, "time", time_new, true, NULL);
  add_constructor(L, "datetime", datetime_new, true, datetime_functions);
  add_constructor(L, "timedelta", timedelta_new, false, NULL);
  add_constructor(L, "decimal", decimal_new, false, NULL);
  add_constructor(L, "uuid", uuid_new, false, NULL);
  binding_setfuncs(L, functions);
}
