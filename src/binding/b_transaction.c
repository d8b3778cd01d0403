/*
 * Transactions and savepoints as objects. The core knows savepoints by depth only; an object is over when its
 * connection says so or when another one took its place.
 */
#include <string.h>

#include "binding/b_engine.h"
#include "binding/state.h"

typedef struct transaction {
  binding_head head;
  int depth;     /* 0: the transaction; else the savepoint of this depth */
  bool active;   /* as far as this object has been told */
  bool in_block; /* a function runs, at whose end it ends */
} transaction;

/* User value. */
enum { TXN_CONNECTION = 1 };

/* Pushes the Connection of the object at `self` and returns its core connection. */
static corm_conn *push_connection(lua_State *L, int self) {
  lua_getiuservalue(L, self, TXN_CONNECTION);
  return binding_check_conn(L, -1, "Transaction");
}

static bool is_active(const transaction *self, const corm_conn *conn) {
  if (!self->active || corm_conn_is_closed(conn) || corm_conn_txn(conn) == CORM_TXN_NONE) return false;
  return self->depth == 0 || corm_conn_txn(conn) == CORM_TXN_LOST || corm_conn_savepoint_depth(conn) >= self->depth;
}

void binding_transactions_ended(lua_State *L, int conn, int depth) {
  conn = lua_absindex(L, conn);
  const binding_conn *owner = binding_test(L, conn, BINDING_CONNECTION);
  if (lua_getiuservalue(L, conn, BINDING_CONN_TRANSACTIONS) == LUA_TTABLE) {
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = n; i > depth; i--) {
      lua_rawgeti(L, -1, i);
      transaction *self = binding_test(L, -1, BINDING_TRANSACTION);
      if (self && self->active && self->in_block && owner && owner->conn) corm_conn_block_over(owner->conn, true);
      if (self) self->active = false;
      lua_pop(L, 1);
      lua_pushnil(L);
      lua_rawseti(L, -2, i);
    }
  }
  lua_pop(L, 1);
}

/* Pushes the connection's table of transactions. */
static void push_transactions(lua_State *L, int conn) {
  if (lua_getiuservalue(L, conn, BINDING_CONN_TRANSACTIONS) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, conn, BINDING_CONN_TRANSACTIONS);
}

/* Pushes a new object that has not begun yet and enters it as that of the depth. Places below without an object (begun
   by the first statement, or by the session) are held by false, so that the table has no holes. */
static transaction *push_transaction(lua_State *L, int conn, int depth) {
  transaction *self = binding_new(L, BINDING_TRANSACTION, sizeof *self, TXN_CONNECTION);
  self->depth = depth;
  lua_pushvalue(L, conn);
  lua_setiuservalue(L, -2, TXN_CONNECTION);
  push_transactions(L, conn);
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1) + 1; i <= depth; i++) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, -2, i);
  }
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, depth + 1);
  lua_pop(L, 1);
  return self;
}

/* -- beginning -- */

/* Argument 2, if any, must be a function. Leaves connection and function. */
static bool check_block(lua_State *L, const char *what) {
  if (!lua_isnoneornil(L, 2) && !lua_isfunction(L, 2))
    binding_error(L, CORM_E_ARGUMENT, "%s: a function expected, got %s", what, binding_typename(L, 2));
  lua_settop(L, 2);
  return !lua_isnil(L, 2);
}

/* The transaction is on the top: returned as it is, or to a function for whose length it lives. */
static int begun(lua_State *L, bool block) {
  if (!block) return 1;
  int self = lua_gettop(L);
  ((transaction *)lua_touserdata(L, self))->in_block = true;
  lua_pushvalue(L, 2);
  lua_pushvalue(L, self);
  return binding_block(L, self, 1);
}

int binding_conn_begin(lua_State *L) {
  corm_conn *conn = binding_check_conn(L, 1, "Connection:begin");
  bool block = check_block(L, "Connection:begin");
  corm_error err;
  corm_error_init(&err);
  if (corm_conn_is_closed(conn) || corm_conn_txn(conn) != CORM_TXN_NONE) {
    if (corm_conn_begin(conn, CORM_BEGIN_READ, &err) != CORM_OK) return binding_raise(L, &err);
  }
  binding_transactions_ended(L, 1, 0);
  transaction *self = push_transaction(L, 1, 0);
  if (corm_conn_begin(conn, block ? CORM_BEGIN_WRITE : CORM_BEGIN_READ, &err) != CORM_OK) return binding_raise(L, &err);
  self->active = true;
  return begun(L, block);
}

int binding_conn_begin_nested(lua_State *L) {
  corm_conn *conn = binding_check_conn(L, 1, "Connection:begin_nested");
  bool block = check_block(L, "Connection:begin_nested");
  int depth = corm_conn_savepoint_depth(conn) + 1;
  corm_error err;
  corm_error_init(&err);
  binding_get(L)->L = L;
  if (corm_conn_txn(conn) == CORM_TXN_NONE) binding_transactions_ended(L, 1, 0);
  binding_transactions_ended(L, 1, depth);
  transaction *self = push_transaction(L, 1, depth);
  if (corm_conn_savepoint(conn, &self->depth, &err) != CORM_OK) return binding_raise(L, &err);
  self->active = true;
  return begun(L, block);
}

/* -- ending -- */

static transaction *check(lua_State *L, const char *what, corm_conn **conn) {
  transaction *self = binding_check(L, 1, BINDING_TRANSACTION, what);
  lua_settop(L, 1);
  *conn = push_connection(L, 1);
  binding_get(L)->L = L;
  return self;
}

static corm_status end(lua_State *L, transaction *self, corm_conn *conn, bool commit, corm_error *err) {
  corm_status status;
  int depth = self->depth;
  if (depth == 0)
    status = commit ? corm_conn_commit(conn, err) : corm_conn_rollback(conn, err);
  else if (corm_conn_txn(conn) == CORM_TXN_LOST && !commit)
    return CORM_OK; /* the savepoint went with its transaction, whose rollback is still to come */
  else
    status = commit ? corm_conn_savepoint_release(conn, depth, err) : corm_conn_savepoint_rollback(conn, depth, err);
  if (status == CORM_OK || !commit) binding_transactions_ended(L, 2, depth);
  return status;
}

static int transaction_commit(lua_State *L) {
  corm_conn *conn;
  corm_error err;
  corm_error_init(&err);
  transaction *self = check(L, "Transaction:commit", &conn);
  if (!is_active(self, conn))
    return binding_error(L, CORM_E_INVALID_REQUEST,
                         "this transaction is over: it was committed, rolled back or closed");
  if (end(L, self, conn, true, &err) != CORM_OK) return binding_raise(L, &err);
  return 0;
}

static int transaction_rollback(lua_State *L) {
  corm_conn *conn;
  corm_error err;
  corm_error_init(&err);
  transaction *self = check(L, "Transaction:rollback", &conn);
  if (is_active(self, conn) && end(L, self, conn, false, &err) != CORM_OK) return binding_raise(L, &err);
  return 0;
}

static void leave_block(transaction *self, corm_conn *conn) {
  if (self->in_block && !self->active) corm_conn_block_over(conn, false);
  self->in_block = false;
}

/* A block that nobody will end any more, with its coroutine. */
static int transaction_gc(lua_State *L) {
  transaction *self = binding_test(L, 1, BINDING_TRANSACTION);
  if (!self || !self->in_block) return 0;
  lua_getiuservalue(L, 1, TXN_CONNECTION);
  const binding_conn *owner = binding_test(L, -1, BINDING_CONNECTION);
  if (owner && owner->conn) leave_block(self, owner->conn);
  return 0;
}

/* __close(transaction, error): commits without an error, else rolls back. A commit that fails rolls back and is told.
 */
static int transaction_on_close(lua_State *L) {
  transaction *self = binding_test(L, 1, BINDING_TRANSACTION);
  if (!self) return 0;
  bool failed = binding_closes_failed(L);
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, TXN_CONNECTION);
  const binding_conn *owner = binding_test(L, 2, BINDING_CONNECTION);
  corm_error err = {0}, ignored = {0};
  if (!owner || !owner->conn) return 0;
  leave_block(self, owner->conn);
  if (!is_active(self, owner->conn)) return 0;
  binding_get(L)->L = L;
  if (!failed && end(L, self, owner->conn, true, &err) == CORM_OK) return 0;
  (void)!end(L, self, owner->conn, false, &ignored);
  corm_error_clear(&ignored);
  self->active = false;
  return failed ? 0 : binding_raise(L, &err);
}

/* -- asking -- */

static int transaction_index(lua_State *L) {
  const transaction *self = binding_check(L, 1, BINDING_TRANSACTION, "Transaction:field");
  const char *name = binding_name_at(L, 2);
  if (strcmp(name, "is_active") == 0) {
    const corm_conn *conn = push_connection(L, 1);
    lua_pushboolean(L, is_active(self, conn));
  } else if (strcmp(name, "connection") == 0) {
    push_connection(L, 1);
  } else if (strcmp(name, "nested") == 0) {
    lua_pushboolean(L, self->depth > 0);
  } else {
    return binding_method(L, BINDING_TRANSACTION, 2);
  }
  return 1;
}

/* Pushes the object of a depth if it is active, else nil. */
static int push_active(lua_State *L, const corm_conn *conn, int depth) {
  push_transactions(L, 1);
  lua_rawgeti(L, -1, depth + 1);
  const transaction *self = binding_test(L, -1, BINDING_TRANSACTION);
  if (!self || !is_active(self, conn)) lua_pushnil(L);
  return 1;
}

int binding_conn_get_transaction(lua_State *L) {
  corm_conn *conn = binding_check_conn(L, 1, "Connection:get_transaction");
  if (corm_conn_txn(conn) != CORM_TXN_NONE) {
    push_active(L, conn, 0);
    if (!lua_isnil(L, -1)) return 1;
    push_transaction(L, 1, 0)->active = true; /* begun by a statement */
    return 1;
  }
  lua_pushnil(L);
  return 1;
}

int binding_conn_get_nested_transaction(lua_State *L) {
  corm_conn *conn = binding_check_conn(L, 1, "Connection:get_nested_transaction");
  const int depth = corm_conn_savepoint_depth(conn);
  return depth ? push_active(L, conn, depth) : 0;
}

void binding_open_transaction(lua_State *L) {
  static const luaL_Reg methods[] = {{"commit", transaction_commit},
                                     {"rollback", transaction_rollback},
                                     {"close", transaction_rollback},
                                     {"is_active", NULL},
                                     {"connection", NULL},
                                     {"nested", NULL},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__close", transaction_on_close}, {"__gc", transaction_gc}, {NULL, NULL}};
  binding_metatable(L, BINDING_TRANSACTION, "Transaction", methods, meta, transaction_index);
  lua_pop(L, 1);
}
