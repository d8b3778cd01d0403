/*
 * What every file of Lua's door shares: the module's state, checked userdata, scratch memory, values in both
 * directions, raising errors. docs/decisions/0007-binding.md has the rules: a binding checks its arguments, takes
 * scratch, calls the core, pushes results or raises.
 */
#ifndef CORM_BINDING_BINDING_H
#define CORM_BINDING_BINDING_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "schema/type.h"
#include "sql/node.h"

/* What a userdata of corm is; stands at the start of each block, with the magic word. */
typedef enum binding_kind {
  BINDING_STATE = 1,
  BINDING_BOX, /* borrowed scratch */
  BINDING_ERROR,
  BINDING_NULL,
  BINDING_VALUE, /* date, time, datetime, timedelta, decimal, uuid */
  BINDING_TYPE,
  BINDING_COLUMN,
  BINDING_CONSTRAINT, /* also ForeignKey */
  BINDING_INDEX,
  BINDING_TABLE,
  BINDING_METADATA,
  BINDING_EXPRESSION, /* every node that is not a statement or a FROM */
  BINDING_FROM,       /* alias, join, subquery */
  BINDING_STATEMENT,  /* select insert update delete text */
  BINDING_COMPILED,
  BINDING_URL,
  BINDING_ENGINE,
  BINDING_CONNECTION,
  BINDING_TRANSACTION,
  BINDING_RESULT,
  BINDING_SHAPE, /* the column names that rows of one result share */
  BINDING_ROW,
  BINDING_MAPPER,
  BINDING_OBJECT,
  BINDING_COLLECTION,
  BINDING_SESSION,
  BINDING_SESSION_TXN,
  BINDING_QUERY,
  BINDING_RELATIONSHIP,
  BINDING_OPTION,
  BINDING_LOADER,
  BINDING_SET,    /* session.new and the like */
  BINDING_PARSED, /* a parsed JSON document while it is turned into Lua values */
  BINDING_VIEW,   /* ScalarResult, MappingResult */
  BINDING_FUNC,   /* corm.func and its members: a function's name waiting for arguments */
  BINDING_HOST,   /* what the ORM keeps for the state, b_host.h */
  BINDING_REGISTRY,
  BINDING_SESSIONMAKER,
  BINDING_FETCHED, /* FetchedValue() */
  BINDING_SEQUENCE,
  BINDING_NAME, /* conv(...) */
  BINDING_IDENTITY,
  BINDING_COMPUTED,
  BINDING_POOL,
  BINDING_NATIVE,    /* the physical connection that an event of the pool is about */
  BINDING_CONSTRUCT, /* a class of SQL elements of the user's */
  BINDING_COMPILER,  /* what the functions of compiles() get */
  BINDING_PLAN,      /* the options of a running query */
  BINDING_CRITERIA,  /* with_loader_criteria() */
  BINDING_STREAM,    /* what a Result of objects gets its pages from */
  BINDING_KIND_COUNT
} binding_kind;

/* The first word of a block: the magic word with the kind in its last byte. */
#define BINDING_MAGIC     UINT32_C(0xc0524d00)
#define BINDING_TAG(kind) (BINDING_MAGIC | (uint32_t)(kind))
_Static_assert(BINDING_KIND_COUNT <= 256, "a kind is a byte of the tag");

typedef struct binding_head {
  uint32_t tag;
  uint32_t flags; /* the kind's own */
} binding_head;

/* For the hot paths: a block of ours is known by its length and magic word; NULL for another one. */
static inline void *binding_block_at(lua_State *L, int arg, binding_kind kind, size_t size) {
  binding_head *head = lua_touserdata(L, arg);
  return head && lua_rawlen(L, arg) >= size && head->tag == BINDING_TAG(kind) ? head : NULL;
}

static inline binding_kind binding_head_kind(const binding_head *head) {
  return (binding_kind)(head->tag & 0xff);
}

/*
 * What others point to without a word to Lua: classes, registries, tables, metadata. When the collector has found one
 * unreachable, finalizers of scripts in the same garbage may still use it, and at the end of the program those of all
 * objects run in some order. So it is freed when it was found unreachable once more, or by the state's own finalizer,
 * after which nothing is known any more. In b_life.c.
 */
typedef struct binding_life {
  struct binding_life *next, *prev;    /* among those that wait for the state's end */
  void (*free)(struct binding_life *); /* what the finalizer of others would do */
  bool condemned;                      /* found unreachable before */
  bool waits;
} binding_life;

/* One per Lua state, in the registry, shared by every opening of the module. */
/* What is lent for a call and kept for the next one. */
typedef enum binding_loan { BINDING_LOAN_BOX, BINDING_LOAN_LOADER, BINDING_LOAN_PLAN, BINDING_LOAN_COUNT } binding_loan;

typedef struct binding_state {
  binding_head head;
  corm_mem mem;      /* the core's allocator: the C heap, unless the host put another into the registry field
                        "corm.mem" (light userdata) before the first opening */
  uint64_t creation; /* next number in order of writing */
  lua_State *L;      /* the running thread, set at each entry that may call hooks */
  int metatables[BINDING_KIND_COUNT];       /* registry references; LUA_NOREF until made */
  int methods[BINDING_KIND_COUNT];          /* ref: name -> method; false for a name that is a field */
  const void *identity[BINDING_KIND_COUNT]; /* lua_topointer of the metatable: the check of a type is a comparison */
  const char *names[BINDING_KIND_COUNT];    /* for messages */
  int self;                                 /* ref: the state's own userdata */
  int idle[BINDING_LOAN_COUNT];             /* ref: what lies idle, or false while it is lent; see state.h */
  void *box;                                /* the scratch that lies in idle[BINDING_LOAN_BOX], lent or not, */
  void *idle_box;                           /* and while it is not lent; else NULL */
  int objects;                              /* ref: weak-valued array, object handle -> userdata */
  int pins;                                 /* ref: object handle -> userdata, strong */
  int hooks;                                /* ref: functions that the core knows by number, see binding_hook_add */
  int connections;                          /* ref: weak-valued, corm_conn * -> Connection */
  int lives;                                /* ref: weak-valued, binding_life * -> userdata */
  binding_life *dead;                       /* waiting for the state's end, the last one first */
  int null_ref;                             /* ref: corm.null */
  int array_ref;                            /* ref: the metatable of corm.array */
  int memory_error;                         /* ref: the MemoryError object made at load time */
  int generic_functions;                    /* ref: what GenericFunction() registered; LUA_NOREF: nothing */
  int next_hook;
  unsigned blamed;                     /* number of the object that is kept for an error (state.h); 0: none */
  const struct binding_orm_hooks *orm; /* b_expr.h; NULL until the ORM is opened */
  struct binding_host *host;           /* b_host.h; likewise */
  const void *traced;                  /* the object whose key is asked for, b_keyed.c; NULL: none is */
  bool strays;                         /* since then something else was read */
  const struct corm_dialect *dialect;  /* of the engine used last, for functions of types; NULL: none was */
  lua_State *tables; /* b_host.h: a thread that runs nothing; its stack has `objects` at 1 and `pins` at 2 */
} binding_state;

/* The state: upvalue 1 of every function that binding_setfuncs registered. */
#define binding_upvalue(L) ((binding_state *)lua_touserdata(L, lua_upvalueindex(1)))
/* The same from anywhere, by the registry. */
binding_state *binding_get(lua_State *L);
/* Pushes a new table that is weak in its keys ("k") or values ("v"). */
void binding_push_weak(lua_State *L, const char *mode);
/* A new table as a registry reference; `mode` NULL: an ordinary one. */
int binding_table_ref(lua_State *L, const char *mode);
/* Makes the state when this Lua state has none. */
binding_state *binding_state_open(lua_State *L);

/* luaL_setfuncs with the state as upvalue 1; the table is on the top. */
void binding_setfuncs(lua_State *L, const luaL_Reg *functions);

/* Pushes the function with the state as upvalue 1. */
void binding_pushfunction(lua_State *L, lua_CFunction function);

/* Makes the metatable of a kind (once per state) with methods under __index, a __name, and a protected __metatable, and
   leaves it on the stack. `index` NULL: __index is a table of `methods` (unknown names are answered by an error with
   the nearest one); else that function with `methods` as upvalue 2, which falls back to binding_method; then `methods`
   may list the names of fields with NULL functions, so that typos are told the nearest of these too. Without a
   __newindex in `meta`, assigning is an ArgumentError. `name` and the tables are static. */
void binding_metatable(lua_State *L, binding_kind kind, const char *name, const luaL_Reg *methods, const luaL_Reg *meta,
                       lua_CFunction index);
/* Pushes the metatable of plain tables that are read in a way of their own; `shown`: its __metatable. It is registered
   when it is whole, since memory may run out on the way. */
void binding_list_metatable(lua_State *L, const char *name, const char *shown, const luaL_Reg *meta);
/* For an own __index: pushes the method named by the string at `key`, or raises ArgumentError with the nearest name. */
int binding_method(lua_State *L, binding_kind kind, int key);

/* New userdata of a kind: zeroed, head filled, metatable set. */
void *binding_new(lua_State *L, binding_kind kind, size_t size, int nuvalue);
/* The same with room behind it, whose bytes are whatever they are. */
void *binding_new_with(lua_State *L, binding_kind kind, size_t size, size_t room, int nuvalue);

/* The block when the value is a userdata of that kind, else NULL; never raises. Safe against foreign userdata. */
void *binding_test(lua_State *L, int arg, binding_kind kind);
/* The same, raising ArgumentError "select: Session expected, got number". `what` names the function or argument; where
   it names a method ("Session:add") and arg is 1, the hint says to call it with ":". */
void *binding_check(lua_State *L, int arg, binding_kind kind, const char *what);
/* The head of a block of corm's, NULL for anything else; never raises. */
binding_head *binding_headof(lua_State *L, int arg);
/* Its kind, 0 for anything else. */
binding_kind binding_kindof(lua_State *L, int arg);
/* "integer", "Session", "datetime": for messages. Pushes nothing; static. */
const char *binding_typename(lua_State *L, int arg);
/* The string at arg, to be compared with names: "" for one that holds a NUL, so that it is not taken for the name that
   it begins with, and for what is no string. */
const char *binding_name_at(lua_State *L, int arg);

/* -- scratch: an arena lent by the state; on a longjmp the collector frees it. Leaves one value (the anchor) on the
 * stack. -- */
corm_arena *binding_scratch(lua_State *L, binding_state *state);
/* Gives it back; the anchor may lie anywhere, it is found by the arena. */
void binding_scratch_done(lua_State *L, binding_state *state, corm_arena *arena);
/* The box's text buffer, emptied: what a buffer on the C stack would lose on a longjmp is safe there. One per scratch.
 */
corm_buf *binding_scratch_buf(corm_arena *arena);

/* -- errors -- */
/* Raises the error as an error object (or the hook's own value) and clears it. Adds the script's line. Never returns.
 */
int binding_raise(lua_State *L, corm_error *err);
/* The same with the value at `cause` as the object's field `cause`. */
int binding_raise_from(lua_State *L, corm_error *err, int cause);
/* Pushes an error object of a copy. */
void binding_push_error_copy(lua_State *L, const corm_error *err);
/* Where the script is: the first Lua frame that is not one of corm's own chunks. `source` has LUA_IDSIZE bytes. */
bool binding_script_place(lua_State *L, char *source, int *line);
/* Raises a new one. */
CORM_PRINTF(3, 4) int binding_error(lua_State *L, corm_error_class cls, const char *format, ...);
/* ArgumentError with a hint: "unknown option 'nulable' of Column; did you mean 'nullable'?" */
int binding_unknown(lua_State *L, const char *what, const char *where, const char *name, const char *const *names,
                    size_t n);
/* Runs after a protected call into Lua failed: takes the error value from the top, keeps it, and fills err. Returns
 * CORM_FAILED. */
corm_status binding_hook_failed(lua_State *L, binding_state *state, corm_error *err);
/* True for an error object of the class or one below it. */
bool binding_error_is(lua_State *L, int arg, corm_error_class cls);
/* What an error object holds, NULL for other values. Borrowed. */
const corm_error *binding_error_of(lua_State *L, int arg);

/* -- hooks -- */
/* Gives the function at `arg` a number for the core (corm_default.hook). The table of hooks is weak: who gives the
   number to the core keeps the function alive, as a user value for instance. */
int binding_hook_add(lua_State *L, binding_state *state, int arg);
/* Pushes the function, or nil when its owner is gone. */
void binding_hook_push(lua_State *L, binding_state *state, int hook);
/*
 * Runs `body(L)` protected, with `ctx` as its only argument (light userdata), for callbacks of the core: neither error
 * nor yield passes. The stack is as before afterwards. A failure is kept by binding_hook_failed.
 */
corm_status binding_protect(binding_state *state, lua_CFunction body, void *ctx, corm_error *err);

/* -- blocks -- */
/*
 * Calls the function below its nargs arguments at the top, while the object at index `object` (a userdata of ours below
 * them, with a __close) is to be closed: with nil when the function returned, whose results are then this call's
 * (returns their number), with the error when it failed, which then goes on unchanged. The caller returns what this
 * returns. The function may yield.
 */
int binding_block(lua_State *L, int object, int nargs);
/* For a __close(object, error): true when what the object stands for is to be undone: an error came, or a coroutine was
   closed inside the block (Lua then passes no error). */
bool binding_closes_failed(lua_State *L);
/* binding_head.flags while a block of the object runs. */
#define BINDING_IN_BLOCK UINT32_C(0x80000000)

/* -- values -- */
/* Reads a Lua value (nil and corm.null are NULL) into a core value without type; bytes are borrowed from the stack slot
   (or from `scratch` for tables of os.date "*t" form). False for what is no value (table, function, foreign userdata).
 */
bool binding_tovalue(lua_State *L, int arg, corm_scratch *scratch, corm_value *out);
/* The same for a column of a type that is to keep the value: JSON takes any Lua table, Enum text ... ;
 * ArgumentError/DataError in err. `what` names the place. */
corm_status binding_tovalue_typed(lua_State *L, int arg, const corm_type *type, const char *what, corm_scratch *scratch,
                                  corm_value *out, corm_error *err);
/* Pushes a canonical value: NULL becomes nil. */
void binding_push(lua_State *L, const corm_value *value);
/* The same, but NULL becomes corm.null (inside lists). */
void binding_push_null(lua_State *L, const corm_value *value);
bool binding_is_null(lua_State *L, int arg); /* nil or corm.null */
void binding_push_nullvalue(lua_State *L);   /* corm.null */
void binding_push_json_null(lua_State *L);   /* corm.JSON.NULL: a value that is JSON's null, and no NULL */
/* The same as binding_tovalue, but bytes are copied into the arena. */
bool binding_tovalue_in(lua_State *L, int arg, corm_arena *arena, corm_value *out);
/* JSON text <-> Lua value; decode pushes one value. Encode calls nothing of Lua that may raise. */
corm_status binding_json_encode(lua_State *L, int arg, const char *what, corm_buf *out, corm_error *err);
corm_status binding_json_decode(lua_State *L, const char *text, size_t len, corm_error *err);

/* Pushes the content of a table that tells of its changes (corm.MutableDict and the like) and returns true, or pushes
   nothing. In b_held.c. */
bool binding_push_content(lua_State *L, int arg);
/* Replaces the content at the top by a plain table that is a copy of all of the value at arg. */
void binding_push_plain(lua_State *L, int arg);

/* -- arrays (b_array.c) -- */
/* Appends the table at arg as the text of a CORM_ARRAY of the type; DataError names the item. May raise for want of
   memory, so `out` must be Lua's: a scratch box's. */
corm_status binding_array_encode(lua_State *L, int arg, const corm_type *type, const char *what, corm_buf *out,
                                 corm_error *err);
/* The kind of an array's items; CORM_NULL for other types: items are left as they are. */
corm_value_kind binding_item_kind(const corm_type *type);
/* Pushes an array as a table, its items by their kind; DataError for an item that is not of it. `column` names the
   place and may be NULL. */
void binding_push_array(lua_State *L, const corm_value *value, corm_value_kind item, const char *column);
/* binding_push for a value of a type, which says what an array's items are. `type` may be NULL. */
void binding_push_typed(lua_State *L, const corm_value *value, const corm_type *type);
/* The same, but NULL becomes corm.null. */
void binding_push_typed_null(lua_State *L, const corm_value *value, const corm_type *type);
/* True for types whose values are made of tables by their own rules: JSON, ARRAY. NULL: no. */
bool binding_takes_tables(const corm_type *type);
/* Appends the text of the value at arg for such a type, which also is the kind of the core's value. */
corm_status binding_table_encode(lua_State *L, int arg, const corm_type *type, const char *what, corm_buf *out,
                                 corm_error *err);

/* -- types that call Lua (b_decorator.c): corm_type.hosted -- */
/*
 * The value at arg, which is replaced, passes the functions of a hosted type on the way in; *type becomes the type that
 * stores the result. Fails with what a function raised (from_hook).
 */
corm_status binding_pass_in(lua_State *L, int arg, const corm_type **type, corm_error *err);
/* What process_literal_param makes of the value at arg: pushed, where there is such a function, and *out borrows it.
   Raises. */
void binding_pass_literal(lua_State *L, int arg, const corm_type *type, corm_value *out);
/* Pushes a value that was stored by a hosted type; raises what a function raises. */
void binding_push_hosted(lua_State *L, const corm_value *value, const corm_type *type);
/* Pushes the method named at `key` that a type adds to expressions of it, and returns true, or pushes nothing. */
bool binding_push_comparator(lua_State *L, const corm_type *type, int key);
/* The type of the value at arg as an operand of a hosted type; raises. */
const corm_type *binding_compared_type(lua_State *L, const corm_type *type, int arg, const char *op);

/* -- what is freed late (b_life.c) -- */
/* The userdata at the top has such a life. */
void binding_live(lua_State *L, binding_life *life, void (*free)(binding_life *life));
/* The __gc of the userdata at 1. */
void binding_die(lua_State *L, binding_life *life);
/* The state's own __gc. */
int binding_state_gc(lua_State *L);

/* -- options tables -- */
typedef enum binding_option_kind {
  BINDING_OPT_BOOL,
  BINDING_OPT_INT,
  BINDING_OPT_STRING,
  BINDING_OPT_ANY
} binding_option_kind;
typedef struct binding_option_spec {
  const char *name;
  binding_option_kind kind;
} binding_option_spec;
/* Checks that the table at `arg` (or nil) has only known string keys of the right type, else ArgumentError with the
 * nearest name. Returns how many there are. */
size_t binding_check_options(lua_State *L, int arg, const char *where, const binding_option_spec *specs, size_t n);
/* The same where a script may have options of its own: an unknown name is refused when it is like a known one. */
void binding_check_open_options(lua_State *L, int arg, const char *where, const binding_option_spec *specs, size_t n);
/* Readers of single fields, raw; defaults when absent. */
bool binding_opt_bool(lua_State *L, int arg, const char *name, bool otherwise);
lua_Integer binding_opt_int(lua_State *L, int arg, const char *name, lua_Integer otherwise);
const char *binding_opt_string(lua_State *L, int arg, const char *name,
                               const char *otherwise); /* borrowed while the table lives */
/* Pushes the field and returns true when it is not nil (else pushes nothing). */
bool binding_opt_push(lua_State *L, int arg, const char *name);

/* -- nodes (b_expr.c) -- */
/* The node of an expression, column, FROM or statement userdata, or of a mapped class (a table whose metatable's
   "__corm_node" field is such a userdata); NULL for others. */
const corm_node *binding_tonode(lua_State *L, int arg);
/* The same with the name that an attribute has given to its expression (CORM_LABEL_ATTRIBUTE), for who selects it. */
const corm_node *binding_tonamed(lua_State *L, int arg);
/* The node for an operand: as above, or a bind of a plain Lua value named after `hint` and typed like `type`, built in
   the arena. ArgumentError for what cannot be an operand. */
const corm_node *binding_operand(lua_State *L, int arg, corm_arena *arena, const char *hint, const corm_type *type);
/* Pushes an expression userdata (kind EXPRESSION, FROM or STATEMENT by the node's kind) that holds a node living in a
 * block of its own: see b_expr.h. */

/* -- opening: each file adds its functions to the module table on the top of the stack -- */
void binding_open_error(lua_State *L);
void binding_open_values(lua_State *L);
void binding_open_json(lua_State *L);
void binding_open_type(lua_State *L);
void binding_open_schema(lua_State *L);
void binding_open_expr(lua_State *L);
void binding_open_statement(lua_State *L);
void binding_open_engine(lua_State *L);
void binding_open_connection(lua_State *L);
void binding_open_event(lua_State *L);
void binding_open_result(lua_State *L);
void binding_open_orm(lua_State *L);

int luaopen_corm(lua_State *L);

#endif
