/* The options of create_engine, and the execution options of engines, connections and sessions. */
#include <math.h>
#include <string.h>

#include "binding/b_engine.h"
#include "binding/state.h"

/* -- execution options --------------------------------------------------------------------------------------------- */

static const binding_option_spec execution_specs[] = {
    {"isolation_level", BINDING_OPT_STRING},   {"read_only", BINDING_OPT_BOOL},
    {"postgresql_readonly", BINDING_OPT_BOOL}, {"postgresql_deferrable", BINDING_OPT_BOOL},
    {"stream_results", BINDING_OPT_BOOL},      {"statement_timeout", BINDING_OPT_INT}};

void binding_check_execution_options(lua_State *L, int arg, const char *what) {
  if (lua_isnoneornil(L, arg)) binding_error(L, CORM_E_ARGUMENT, "%s: a table of options expected, got nil", what);
  binding_check_options(L, arg, what, execution_specs, sizeof execution_specs / sizeof *execution_specs);
}

void binding_read_execution_options(lua_State *L, int arg, const corm_engine *engine, corm_conn_options *out) {
  const char *level = binding_opt_string(L, arg, "isolation_level", NULL);
  corm_error err;
  corm_error_init(&err);
  if (level && corm_isolation_find(engine, level, &out->isolation, &err) != CORM_OK) binding_raise(L, &err);
  out->read_only = binding_opt_bool(L, arg, "read_only", out->read_only);
  out->read_only = binding_opt_bool(L, arg, "postgresql_readonly", out->read_only);
  out->deferrable = binding_opt_bool(L, arg, "postgresql_deferrable", out->deferrable);
  out->stream_results = binding_opt_bool(L, arg, "stream_results", out->stream_results);
  out->statement_timeout_ms = binding_opt_int(L, arg, "statement_timeout", out->statement_timeout_ms);
  if (corm_limit_check(engine, out->statement_timeout_ms, &err) != CORM_OK) binding_raise(L, &err);
}

static void push_flag(lua_State *L, const char *name, bool on) {
  if (!on) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, name);
}

void binding_push_execution_table(lua_State *L, const corm_conn_options *options) {
  lua_createtable(L, 0, 4);
  if (options->isolation != CORM_ISOLATION_DEFAULT) {
    lua_pushstring(L, corm_isolation_name(options->isolation));
    lua_setfield(L, -2, "isolation_level");
  }
  push_flag(L, "read_only", options->read_only);
  push_flag(L, "postgresql_deferrable", options->deferrable);
  push_flag(L, "stream_results", options->stream_results);
  if (options->statement_timeout_ms > 0) {
    lua_pushinteger(L, options->statement_timeout_ms);
    lua_setfield(L, -2, "statement_timeout");
  }
}

/* -- create_engine(url, { ... }) ----------------------------------------------------------------------------------- */

/* A number of seconds from 0 on in the field `name` of the table at `arg`, or `otherwise`. */
static double seconds_option(lua_State *L, int arg, const char *where, const char *name, double most,
                             double otherwise) {
  if (!binding_opt_push(L, arg, name)) return otherwise;
  double seconds = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;
  if (!(seconds >= 0 && seconds <= most))
    binding_error(L, CORM_E_ARGUMENT, "%s: %s must be a number of seconds from 0 to %d", where, name, (int)most);
  lua_pop(L, 1);
  return seconds;
}

/* connect_args = { timeout = seconds } */
static void read_connect_args(lua_State *L, int options, corm_engine_options *out) {
  static const binding_option_spec specs[] = {{"timeout", BINDING_OPT_ANY}};
  if (!binding_opt_push(L, options, "connect_args")) return;
  int args = lua_gettop(L);
  binding_check_options(L, args, "connect_args", specs, 1);
  double otherwise = (double)out->busy_timeout_ms / 1000;
  out->busy_timeout_ms = (int64_t)llround(seconds_option(L, args, "connect_args", "timeout", 86400, otherwise) * 1000);
  lua_settop(L, args - 1);
}

static int count_option(lua_State *L, int options, const char *name, int least, int otherwise) {
  lua_Integer value = binding_opt_int(L, options, name, otherwise);
  if (value < least || value > 1000000)
    binding_error(L, CORM_E_ARGUMENT, "create_engine: option '%s' must be from %d to 1000000", name, least);
  return (int)value;
}

static void read_pool_class(lua_State *L, int options, corm_engine_options *out) {
  static const char *const names[] = {
#define CORM_X(id, name) [CORM_POOL_##id] = name,
      CORM_POOLS(CORM_X)
#undef CORM_X
  };
  const char *name = binding_opt_string(L, options, "poolclass", NULL);
  if (!name) return;
  for (int i = CORM_POOL_DEFAULT + 1; i < CORM_POOL_COUNT; i++) {
    if (strcmp(names[i], name) != 0) continue;
    out->pool_class = (corm_pool_class)i;
    return;
  }
  binding_unknown(L, "poolclass", "create_engine", name, names + 1, CORM_POOL_COUNT - 1);
}

/* "rollback" or true, "commit", false or corm.null. */
static void read_pool_reset(lua_State *L, int options, corm_engine_options *out) {
  if (!binding_opt_push(L, options, "pool_reset_on_return")) return;
  const char *word = binding_name_at(L, -1);
  if (strcmp(word, "commit") == 0)
    out->pool_reset = CORM_RESET_COMMIT;
  else if (binding_is_null(L, -1) || (lua_isboolean(L, -1) && !lua_toboolean(L, -1)))
    out->pool_reset = CORM_RESET_NONE;
  else if (strcmp(word, "rollback") != 0 && !lua_isboolean(L, -1))
    binding_error(L, CORM_E_ARGUMENT,
                  "create_engine: option 'pool_reset_on_return' must be \"rollback\", \"commit\" or false");
  lua_pop(L, 1);
}

static void read_pool(lua_State *L, int options, corm_engine_options *out) {
  static const char *const where = "create_engine";
  read_pool_class(L, options, out);
  read_pool_reset(L, options, out);
  out->pool_size = count_option(L, options, "pool_size", 0, out->pool_size);
  out->max_overflow = count_option(L, options, "max_overflow", -1, out->max_overflow);
  out->pool_timeout = seconds_option(L, options, where, "pool_timeout", 1000000, out->pool_timeout);
  lua_Integer recycle = binding_opt_int(L, options, "pool_recycle", out->pool_recycle_s);
  if (recycle < -1 || recycle > INT32_MAX)
    binding_error(L, CORM_E_ARGUMENT, "create_engine: option 'pool_recycle' must be a number of seconds, or -1");
  out->pool_recycle_s = recycle;
  out->pool_pre_ping = binding_opt_bool(L, options, "pool_pre_ping", out->pool_pre_ping);
  out->pool_use_fifo = !binding_opt_bool(L, options, "pool_use_lifo", !out->pool_use_fifo);
}

static void read_echo(lua_State *L, int options, corm_engine_options *out) {
  if (!binding_opt_push(L, options, "echo")) return;
  bool debug = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "debug") == 0;
  if (!lua_isboolean(L, -1) && !debug)
    binding_error(L, CORM_E_ARGUMENT, "create_engine: option 'echo' must be a boolean or \"debug\"");
  out->echo = debug || lua_toboolean(L, -1);
  lua_pop(L, 1);
}

void binding_read_engine_options(lua_State *L, int options, corm_engine_options *out) {
  static const binding_option_spec specs[] = {{"echo", BINDING_OPT_ANY},
                                              {"hide_parameters", BINDING_OPT_BOOL},
                                              {"enable_from_linting", BINDING_OPT_BOOL},
                                              {"query_cache_size", BINDING_OPT_INT},
                                              {"poolclass", BINDING_OPT_STRING},
                                              {"pool_size", BINDING_OPT_INT},
                                              {"max_overflow", BINDING_OPT_INT},
                                              {"pool_timeout", BINDING_OPT_ANY},
                                              {"pool_recycle", BINDING_OPT_INT},
                                              {"pool_pre_ping", BINDING_OPT_BOOL},
                                              {"pool_use_lifo", BINDING_OPT_BOOL},
                                              {"pool_reset_on_return", BINDING_OPT_ANY},
                                              {"isolation_level", BINDING_OPT_STRING},
                                              {"execution_options", BINDING_OPT_ANY},
                                              {"connect_args", BINDING_OPT_ANY}};
  *out = corm_engine_options_default();
  binding_check_options(L, options, "create_engine", specs, sizeof specs / sizeof *specs);
  read_echo(L, options, out);
  out->from_linting = binding_opt_bool(L, options, "enable_from_linting", out->echo);
  out->hide_parameters = binding_opt_bool(L, options, "hide_parameters", out->hide_parameters);
  out->stmt_cache_size = count_option(L, options, "query_cache_size", 0, out->stmt_cache_size);
  read_pool(L, options, out);
  read_connect_args(L, options, out);
}

void binding_read_engine_execution(lua_State *L, int options, corm_engine *engine) {
  corm_conn_options out = *corm_engine_conn_options(engine);
  corm_error err;
  corm_error_init(&err);
  const char *level = binding_opt_string(L, options, "isolation_level", NULL);
  if (level && corm_isolation_find(engine, level, &out.isolation, &err) != CORM_OK) binding_raise(L, &err);
  if (binding_opt_push(L, options, "execution_options")) {
    binding_check_execution_options(L, -1, "execution_options");
    binding_read_execution_options(L, lua_gettop(L), engine, &out);
    lua_pop(L, 1);
  }
  corm_engine_set_conn_options(engine, &out);
}
