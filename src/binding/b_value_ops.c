/* Fields, methods and operators of dates, times, decimals and UUIDs. They follow Python's datetime, decimal and uuid.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/uuid.h"
#include "binding/b_values.h"
#include "binding/state.h"

/* Significant digits of a quotient, as in Python's default context. */
#define QUOTIENT_DIGITS 28

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static const char *name_of(lua_State *L, int arg) {
  return binding_typename(L, arg);
}

/* -- text -- */

static size_t write_text(const corm_value *value, char *out) {
  switch ((corm_value_kind)value->kind) {
  case CORM_DATE: return corm_date_format(value->as.i, out);
  case CORM_TIME: return corm_time_format(value->as.i, false, out);
  case CORM_DATETIME: return corm_datetime_format(value->as.i, false, out);
  case CORM_INTERVAL: return corm_interval_format(value->as.i, out);
  default: corm_uuid_format((const unsigned char *)value->as.s, out); return 36;
  }
}

static void push_text(lua_State *L, const corm_value *value) {
  char text[CORM_TIME_TEXT];
  if (value->kind == CORM_DECIMAL || value->kind == CORM_JSON)
    lua_pushlstring(L, value->as.s, value->len);
  else
    lua_pushlstring(L, text, write_text(value, text));
}

static int value_tostring(lua_State *L) {
  push_text(L, binding_checkvalue_object(L, 1, "tostring"));
  return 1;
}

/* A value before an SQL expression: the expression makes SQL of both. */
static bool left_to_right(lua_State *L, const char *event) {
  const bool object = lua_type(L, 2) == LUA_TUSERDATA || lua_type(L, 2) == LUA_TTABLE;
  if (!object || binding_test(L, 2, BINDING_VALUE) || luaL_getmetafield(L, 2, event) == LUA_TNIL) return false;
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  return true;
}

static int value_concat(lua_State *L) {
  for (int arg = 1; arg <= 2; arg++) {
    const binding_value *object = binding_test(L, arg, BINDING_VALUE);
    if (object)
      push_text(L, &object->value);
    else if (lua_type(L, arg) == LUA_TSTRING || lua_type(L, arg) == LUA_TNUMBER)
      lua_pushvalue(L, arg);
    else if (arg == 2 && left_to_right(L, "__concat"))
      return 1;
    else
      return binding_error(L, CORM_E_ARGUMENT, "attempt to concatenate a %s value", name_of(L, arg));
  }
  lua_concat(L, 2);
  return 1;
}

static int value_isoformat(lua_State *L) {
  const corm_value *value = binding_checkvalue_object(L, 1, "value:isoformat");
  if (value->kind != CORM_DATE && value->kind != CORM_TIME && value->kind != CORM_DATETIME)
    return binding_error(L, CORM_E_ARGUMENT, "a %s has no isoformat", name_of(L, 1));
  char text[CORM_TIME_TEXT];
  size_t len = write_text(value, text);
  if (value->kind == CORM_DATETIME) text[10] = 'T';
  lua_pushlstring(L, text, len);
  return 1;
}

/* -- comparison -- */

/* The decimal of an argument that is one or an integer (its text goes to `digits`); false for anything else. */
static bool decimal_operand(lua_State *L, int arg, char digits[32], const char **text, size_t *len) {
  const binding_value *object = binding_test(L, arg, BINDING_VALUE);
  if (object && object->value.kind == CORM_DECIMAL) {
    *text = object->value.as.s;
    *len = object->value.len;
    return true;
  }
  if (!lua_isinteger(L, arg)) return false;
  *len = (size_t)snprintf(digits, 32, "%lld", (long long)lua_tointeger(L, arg));
  *text = digits;
  return true;
}

static int compare(lua_State *L) {
  char da[32], db[32];
  const char *a, *b;
  size_t alen, blen;
  if (decimal_operand(L, 1, da, &a, &alen) && decimal_operand(L, 2, db, &b, &blen))
    return corm_decimal_compare(a, alen, b, blen);
  const binding_value *x = binding_test(L, 1, BINDING_VALUE);
  const binding_value *y = binding_test(L, 2, BINDING_VALUE);
  if (!x || !y || x->value.kind != y->value.kind)
    binding_error(L, CORM_E_ARGUMENT, "attempt to compare %s with %s", name_of(L, 1), name_of(L, 2));
  return corm_value_compare(&x->value, &y->value);
}

static int value_lt(lua_State *L) {
  lua_pushboolean(L, compare(L) < 0);
  return 1;
}

static int value_le(lua_State *L) {
  lua_pushboolean(L, compare(L) <= 0);
  return 1;
}

static int value_eq(lua_State *L) {
  const binding_value *x = binding_test(L, 1, BINDING_VALUE);
  const binding_value *y = binding_test(L, 2, BINDING_VALUE);
  lua_pushboolean(L, x && y && corm_value_equal(&x->value, &y->value));
  return 1;
}

/* -- arithmetic -- */

static int no_operator(lua_State *L, const char *event, const char *op) {
  if (left_to_right(L, event)) return 1;
  const char *hint = "";
  if (lua_type(L, 1) == LUA_TNUMBER || lua_type(L, 2) == LUA_TNUMBER) hint = " (make the float a decimal first)";
  return binding_error(L, CORM_E_ARGUMENT, "no operator '%s' for %s and %s%s", op, name_of(L, 1), name_of(L, 2),
                       lua_isinteger(L, 1) || lua_isinteger(L, 2) ? "" : hint);
}

typedef void decimal_op(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out);

/* The decimal result of two decimal operands; false when the operands are others. */
static bool decimal_binary(lua_State *L, decimal_op *op) {
  char da[32], db[32];
  const char *a, *b;
  size_t alen, blen;
  if (!decimal_operand(L, 1, da, &a, &alen) || !decimal_operand(L, 2, db, &b, &blen)) return false;
  binding_state *state = binding_upvalue(L);
  corm_arena *arena = binding_scratch(L, state);
  corm_buf *out = binding_scratch_buf(arena);
  op(a, alen, b, blen, out);
  binding_push_decimal_buf(L, out);
  binding_scratch_done(L, state, arena);
  return true;
}

/* Kinds of both operands; NULL kind for what is no value. */
static void kinds(lua_State *L, corm_value_kind *a, corm_value_kind *b) {
  const binding_value *x = binding_test(L, 1, BINDING_VALUE);
  const binding_value *y = binding_test(L, 2, BINDING_VALUE);
  *a = x ? (corm_value_kind)x->value.kind : CORM_NULL;
  *b = y ? (corm_value_kind)y->value.kind : CORM_NULL;
}

static int64_t content(lua_State *L, int arg) {
  const binding_value *object = lua_touserdata(L, arg);
  return object->value.as.i;
}

static int push_in_range(lua_State *L, corm_value_kind kind, int64_t value) {
  if ((kind == CORM_DATE && (value < CORM_DATE_MIN || value > CORM_DATE_MAX)) ||
      (kind == CORM_DATETIME && (value < CORM_DATETIME_MIN || value > CORM_DATETIME_MAX)))
    return binding_error(L, CORM_E_ARGUMENT, "the result is not between the years 1 and 9999");
  binding_push_temporal(L, kind, value);
  return 1;
}

static int overflow(lua_State *L) {
  return binding_error(L, CORM_E_ARGUMENT, "timedelta: out of range");
}

/* A date, datetime or timedelta moved by a timedelta; sign is 1 or -1. */
static int shift(lua_State *L, corm_value_kind kind, int64_t base, int64_t by, int sign) {
  int64_t sum;
  if (kind == CORM_DATE) by = floor_div(by, CORM_USEC_PER_DAY);
  if (sign < 0 ? __builtin_sub_overflow(base, by, &sum) : __builtin_add_overflow(base, by, &sum)) return overflow(L);
  return push_in_range(L, kind, sum);
}

static bool can_shift(corm_value_kind kind) {
  return kind == CORM_DATE || kind == CORM_DATETIME || kind == CORM_INTERVAL;
}

static int value_add(lua_State *L) {
  if (decimal_binary(L, corm_decimal_add)) return 1;
  corm_value_kind a, b;
  kinds(L, &a, &b);
  if (can_shift(a) && b == CORM_INTERVAL) return shift(L, a, content(L, 1), content(L, 2), 1);
  if (a == CORM_INTERVAL && can_shift(b)) return shift(L, b, content(L, 2), content(L, 1), 1);
  return no_operator(L, "__add", "+");
}

static int value_sub(lua_State *L) {
  if (decimal_binary(L, corm_decimal_sub)) return 1;
  corm_value_kind a, b;
  kinds(L, &a, &b);
  if (can_shift(a) && b == CORM_INTERVAL) return shift(L, a, content(L, 1), content(L, 2), -1);
  if (a == CORM_DATE && b == CORM_DATE)
    return push_in_range(L, CORM_INTERVAL, (content(L, 1) - content(L, 2)) * CORM_USEC_PER_DAY);
  if (a == CORM_DATETIME && b == CORM_DATETIME) return push_in_range(L, CORM_INTERVAL, content(L, 1) - content(L, 2));
  return no_operator(L, "__sub", "-");
}

static int push_rounded(lua_State *L, double usec) {
  usec = nearbyint(usec);
  if (!(usec > -9.2e18 && usec < 9.2e18)) return overflow(L);
  binding_push_temporal(L, CORM_INTERVAL, (int64_t)usec);
  return 1;
}

static int value_mul(lua_State *L) {
  if (decimal_binary(L, corm_decimal_mul)) return 1;
  corm_value_kind a, b;
  kinds(L, &a, &b);
  int interval = a == CORM_INTERVAL ? 1 : 2, factor = 3 - interval;
  if ((a != CORM_INTERVAL && b != CORM_INTERVAL) || lua_type(L, factor) != LUA_TNUMBER)
    return no_operator(L, "__mul", "*");
  if (!lua_isinteger(L, factor)) return push_rounded(L, (double)content(L, interval) * lua_tonumber(L, factor));
  int64_t product;
  if (__builtin_mul_overflow(content(L, interval), (int64_t)lua_tointeger(L, factor), &product)) return overflow(L);
  binding_push_temporal(L, CORM_INTERVAL, product);
  return 1;
}

/* The power of ten of a decimal's first digit. */
static int magnitude(const char *text, size_t len) {
  int before, after, significant;
  corm_decimal_digits(text, len, &before, &after, &significant);
  return significant > after ? before - 1 : significant - after - 1;
}

/* Python's quotient: 28 significant digits, then without the zeros that the operands' scales do not ask for. */
static bool divide(const char *a, size_t alen, const char *b, size_t blen, corm_buf *out) {
  int before, after, significant, scale_a, scale_b;
  corm_decimal_digits(a, alen, &before, &scale_a, &significant);
  corm_decimal_digits(b, blen, &before, &scale_b, &significant);
  int scale = QUOTIENT_DIGITS - magnitude(a, alen) + magnitude(b, blen);
  if (scale < 0) scale = 0;
  if (!corm_decimal_div(a, alen, b, blen, scale, out) || out->failed) return false;
  corm_decimal_digits(out->ptr, out->len, &before, &after, &significant);
  if (significant > QUOTIENT_DIGITS && scale > 0) {
    corm_buf_reset(out);
    if (!corm_decimal_div(a, alen, b, blen, scale - 1, out) || out->failed) return false;
  }
  int ideal = scale_a > scale_b ? scale_a - scale_b : 0;
  const char *point = memchr(out->ptr, '.', out->len);
  if (!point) return true;
  size_t shortest = (size_t)(point - out->ptr) + (ideal > 0 ? (size_t)ideal + 1 : 0);
  size_t len = out->len;
  while (len > shortest && out->ptr[len - 1] == '0') len--;
  if (len > 0 && out->ptr[len - 1] == '.') len--;
  out->len = len;
  return true;
}

static int decimal_divide(lua_State *L, const char *a, size_t alen, const char *b, size_t blen) {
  if (corm_decimal_compare(b, blen, "0", 1) == 0) return binding_error(L, CORM_E_ARGUMENT, "decimal: division by zero");
  binding_state *state = binding_upvalue(L);
  corm_arena *arena = binding_scratch(L, state);
  corm_buf *out = binding_scratch_buf(arena);
  if (!divide(a, alen, b, blen, out)) return binding_error(L, CORM_E_MEMORY, "not enough memory");
  binding_push_decimal_buf(L, out);
  binding_scratch_done(L, state, arena);
  return 1;
}

static int value_div(lua_State *L) {
  char da[32], db[32];
  const char *a, *b;
  size_t alen, blen;
  if (decimal_operand(L, 1, da, &a, &alen) && decimal_operand(L, 2, db, &b, &blen))
    return decimal_divide(L, a, alen, b, blen);
  corm_value_kind x, y;
  kinds(L, &x, &y);
  if (x != CORM_INTERVAL || (y != CORM_INTERVAL && lua_type(L, 2) != LUA_TNUMBER)) return no_operator(L, "__div", "/");
  double divisor = y == CORM_INTERVAL ? (double)content(L, 2) : lua_tonumber(L, 2);
  if (divisor == 0) return binding_error(L, CORM_E_ARGUMENT, "timedelta: division by zero");
  if (y != CORM_INTERVAL) return push_rounded(L, (double)content(L, 1) / divisor);
  lua_pushnumber(L, (double)content(L, 1) / divisor);
  return 1;
}

static int value_unm(lua_State *L) {
  const corm_value *value = binding_checkvalue_object(L, 1, "-");
  if (value->kind == CORM_INTERVAL) {
    if (value->as.i == INT64_MIN) return overflow(L);
    binding_push_temporal(L, CORM_INTERVAL, -value->as.i);
    return 1;
  }
  if (value->kind != CORM_DECIMAL) return binding_error(L, CORM_E_ARGUMENT, "no operator '-' for %s", name_of(L, 1));
  lua_settop(L, 1);
  lua_pushinteger(L, 0);
  lua_insert(L, 1);
  return value_sub(L);
}

/* -- methods -- */

static const corm_value *check_kind(lua_State *L, corm_value_kind first, corm_value_kind second, const char *method) {
  const corm_value *value = binding_checkvalue_object(L, 1, method);
  if (value->kind != first && value->kind != second)
    binding_error(L, CORM_E_ARGUMENT, "a %s has no %s", name_of(L, 1), strchr(method, ':') + 1);
  return value;
}

static int64_t days_of(const corm_value *value) {
  return value->kind == CORM_DATE ? value->as.i : floor_div(value->as.i, CORM_USEC_PER_DAY);
}

static int value_date(lua_State *L) {
  binding_push_temporal(L, CORM_DATE, days_of(check_kind(L, CORM_DATETIME, CORM_DATE, "value:date")));
  return 1;
}

static int value_time(lua_State *L) {
  const corm_value *value = check_kind(L, CORM_DATETIME, CORM_DATETIME, "value:time");
  binding_push_temporal(L, CORM_TIME, value->as.i - days_of(value) * CORM_USEC_PER_DAY);
  return 1;
}

/* 0 is Monday. */
static int value_weekday(lua_State *L) {
  int64_t days = days_of(check_kind(L, CORM_DATE, CORM_DATETIME, "value:weekday")) + 3;
  lua_pushinteger(L, days - floor_div(days, 7) * 7);
  return 1;
}

static int value_isoweekday(lua_State *L) {
  value_weekday(L);
  lua_pushinteger(L, lua_tointeger(L, -1) + 1);
  return 1;
}

/* Seconds since 1970, the datetime taken as UTC. */
static int value_timestamp(lua_State *L) {
  lua_pushnumber(L, (double)check_kind(L, CORM_DATETIME, CORM_DATETIME, "value:timestamp")->as.i / 1e6);
  return 1;
}

static int value_total_seconds(lua_State *L) {
  lua_pushnumber(L, (double)check_kind(L, CORM_INTERVAL, CORM_INTERVAL, "value:total_seconds")->as.i / 1e6);
  return 1;
}

static int value_tonumber(lua_State *L) {
  const corm_value *value = check_kind(L, CORM_DECIMAL, CORM_DECIMAL, "value:tonumber");
  lua_pushnumber(L, corm_decimal_to_real(value->as.s, value->len));
  return 1;
}

/* decimal:round(n): half to even. */
static int value_round(lua_State *L) {
  const corm_value *value = check_kind(L, CORM_DECIMAL, CORM_DECIMAL, "value:round");
  int is_integer = 1;
  lua_Integer scale = lua_isnoneornil(L, 2) ? 0 : lua_tointegerx(L, 2, &is_integer);
  if (!is_integer || scale < 0 || scale > CORM_DECIMAL_MAX)
    return binding_error(L, CORM_E_ARGUMENT, "round: a number of digits from 0 to %d expected", CORM_DECIMAL_MAX);
  binding_state *state = binding_upvalue(L);
  corm_arena *arena = binding_scratch(L, state);
  corm_buf *out = binding_scratch_buf(arena);
  corm_decimal_round(value->as.s, value->len, (int)scale, out);
  binding_push_decimal_buf(L, out);
  binding_scratch_done(L, state, arena);
  return 1;
}

/* -- fields -- */

static bool push_civil_field(lua_State *L, const corm_value *value, const char *key) {
  corm_civil civil = {0};
  bool has_date = value->kind != CORM_TIME, has_time = value->kind != CORM_DATE;
  if (value->kind == CORM_DATE)
    corm_civil_from_days(value->as.i, &civil);
  else
    corm_civil_from_datetime(value->as.i, &civil); /* a time of day is a moment of 1970-01-01 */
  const struct {
    const char *name;
    int value;
    bool is_there;
  } fields[] = {{"year", civil.year, has_date},
                {"month", civil.month, has_date},
                {"day", civil.day, has_date},
                {"hour", civil.hour, has_time},
                {"minute", civil.minute, has_time},
                {"second", civil.second, has_time},
                {"microsecond", civil.microsecond, has_time}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    if (strcmp(fields[i].name, key) != 0 || !fields[i].is_there) continue;
    lua_pushinteger(L, fields[i].value);
    return true;
  }
  return false;
}

/* Python's normal form: 0 <= seconds < 86400, 0 <= microseconds < 1000000; days carries the sign. */
static bool push_interval_field(lua_State *L, const corm_value *value, const char *key) {
  int64_t days = floor_div(value->as.i, CORM_USEC_PER_DAY);
  int64_t rest = value->as.i - days * CORM_USEC_PER_DAY;
  if (strcmp(key, "days") == 0)
    lua_pushinteger(L, days);
  else if (strcmp(key, "seconds") == 0)
    lua_pushinteger(L, rest / CORM_USEC_PER_SEC);
  else if (strcmp(key, "microseconds") == 0)
    lua_pushinteger(L, rest % CORM_USEC_PER_SEC);
  else
    return false;
  return true;
}

static bool push_uuid_field(lua_State *L, const corm_value *value, const char *key) {
  if (strcmp(key, "hex") == 0) {
    char hex[33];
    corm_uuid_hex((const unsigned char *)value->as.s, hex);
    lua_pushstring(L, hex);
  } else if (strcmp(key, "bytes") == 0) {
    lua_pushlstring(L, value->as.s, value->len);
  } else if (strcmp(key, "version") == 0) {
    lua_pushinteger(L, (unsigned char)value->as.s[6] >> 4);
  } else {
    return false;
  }
  return true;
}

static bool push_field(lua_State *L, const corm_value *value, const char *key) {
  switch ((corm_value_kind)value->kind) {
  case CORM_DATE:
  case CORM_TIME:
  case CORM_DATETIME: return push_civil_field(L, value, key);
  case CORM_INTERVAL: return push_interval_field(L, value, key);
  case CORM_UUID: return push_uuid_field(L, value, key);
  default: return false;
  }
}

int binding_value_index(lua_State *L) {
  const corm_value *value = binding_checkvalue_object(L, 1, "value:field");
  if (push_field(L, value, binding_name_at(L, 2))) return 1;
  return binding_method(L, BINDING_VALUE, 2);
}

const luaL_Reg binding_value_methods[] = {{"isoformat", value_isoformat},
                                          {"date", value_date},
                                          {"time", value_time},
                                          {"weekday", value_weekday},
                                          {"isoweekday", value_isoweekday},
                                          {"timestamp", value_timestamp},
                                          {"total_seconds", value_total_seconds},
                                          {"tonumber", value_tonumber},
                                          {"round", value_round},
                                          {"year", NULL},
                                          {"month", NULL},
                                          {"day", NULL},
                                          {"hour", NULL},
                                          {"minute", NULL},
                                          {"second", NULL},
                                          {"microsecond", NULL},
                                          {"days", NULL},
                                          {"seconds", NULL},
                                          {"microseconds", NULL},
                                          {"hex", NULL},
                                          {"bytes", NULL},
                                          {"version", NULL},
                                          {NULL, NULL}};
const luaL_Reg binding_value_meta[] = {{"__tostring", value_tostring},
                                       {"__concat", value_concat},
                                       {"__eq", value_eq},
                                       {"__lt", value_lt},
                                       {"__le", value_le},
                                       {"__add", value_add},
                                       {"__sub", value_sub},
                                       {"__mul", value_mul},
                                       {"__div", value_div},
                                       {"__unm", value_unm},
                                       {NULL, NULL}};
