/*
 * Sessions over several databases: which engine a class or table belongs to, and the connections beside the session's
 * own. They come when they are first needed, with as many savepoints as the session has by then, and end with it.
 */
#include "orm/binds.h"

static corm_status note(corm_session *session, const void *key, corm_branch *branch, corm_error *err) {
  return corm_map_put(&session->binds, (const char *)&key, sizeof key, branch) == CORM_OK ? CORM_OK
                                                                                          : corm_error_memory(err);
}

/* The session's own engine is a branch, too, which has no connection ever. */
static corm_branch *make_branch(corm_session *session, corm_engine *engine, corm_error *err) {
  for (size_t i = 0; i < session->branches.len; i++)
    if (((corm_branch *)session->branches.items[i])->engine == engine) return session->branches.items[i];
  corm_branch *branch = corm_mem_zalloc(session->mem, 1, sizeof *branch);
  if (!branch || corm_vec_push(&session->branches, branch) != CORM_OK) {
    corm_mem_free(session->mem, branch);
    (void)corm_error_memory(err);
    return NULL;
  }
  branch->engine = engine;
  corm_engine_acquire(engine);
  return branch;
}

corm_status corm_session_bind_mapper(corm_session *session, const corm_mapper *mapper, corm_engine *engine,
                                     corm_error *err) {
  corm_branch *branch = make_branch(session, engine, err);
  corm_status status = branch ? note(session, mapper->root, branch, err) : CORM_FAILED;
  for (uint32_t i = 0; status == CORM_OK && i < mapper->ntables; i++)
    status = note(session, mapper->tables[i].table, branch, err);
  return status;
}

corm_status corm_session_bind_table(corm_session *session, const corm_table *table, corm_engine *engine,
                                    corm_error *err) {
  corm_branch *branch = make_branch(session, engine, err);
  return branch ? note(session, table, branch, err) : CORM_FAILED;
}

void corm_binds_free(corm_session *session) {
  for (size_t i = 0; i < session->branches.len; i++) {
    corm_branch *branch = session->branches.items[i];
    corm_engine_release(branch->engine);
    corm_mem_free(session->mem, branch);
  }
  corm_vec_clear(&session->branches);
  corm_map_clear(&session->binds);
}

/* -- which one -- */

static corm_branch *find(const corm_session *session, const void *key) {
  return key ? corm_map_get(&session->binds, (const char *)&key, sizeof key) : NULL;
}

static corm_branch *branch_of(const corm_session *session, const corm_mapper *mapper, const corm_table *table) {
  corm_branch *branch = find(session, table);
  if (!branch && mapper) branch = find(session, mapper->root);
  if (!branch && mapper) branch = find(session, mapper->root->tables[0].table);
  return branch && branch->engine != session->engine ? branch : NULL;
}

corm_status corm_binds_branch(corm_session *session, corm_engine *engine, corm_branch **out, corm_error *err) {
  *out = NULL;
  if (engine == session->engine) return CORM_OK;
  *out = make_branch(session, engine, err);
  return *out ? CORM_OK : CORM_FAILED;
}

corm_status corm_binds_choose(corm_session *session, const corm_bind_wish *wish, corm_branch **out, corm_error *err) {
  const corm_host *host = session->host;
  corm_engine *engine = NULL;
  *out = NULL;
  corm_bind_wish asked = *wish;
  asked.writes = wish->writes || session->flushing;
  if (session->routed && host->route(host->ctx, session, &asked, &engine, err) != CORM_OK) return CORM_FAILED;
  if (engine) return corm_binds_branch(session, engine, out, err);
  if (session->branches.len) *out = branch_of(session, wish->mapper, wish->table);
  return CORM_OK;
}

corm_engine *corm_binds_engine(const corm_session *session, const corm_mapper *mapper, const corm_table *table) {
  const corm_branch *branch = session->branches.len ? branch_of(session, mapper, table) : NULL;
  return branch ? branch->engine : session->engine;
}

/* -- connections -- */

static int depth_of(const corm_session *session) {
  int depth = 0;
  for (const corm_frame *frame = session->frame; frame && frame->parent; frame = frame->parent) depth++;
  return depth;
}

static corm_status open_branch(corm_session *session, corm_branch *branch, corm_error *err) {
  corm_conn *conn = NULL;
  corm_status status = corm_engine_connect(branch->engine, &conn, err);
  if (status != CORM_OK) return status;
  for (int i = depth_of(session), depth; status == CORM_OK && i > 0; i--)
    status = corm_conn_savepoint(conn, &depth, err);
  if (status == CORM_OK)
    branch->conn = conn;
  else
    corm_conn_release(conn);
  return status;
}

corm_status corm_binds_open(corm_session *session, corm_branch *branch, corm_conn **out, corm_error *err) {
  corm_status status = corm_session_connection(session, out, err);
  if (!branch || status != CORM_OK) return status;
  if (!branch->conn) status = open_branch(session, branch, err);
  *out = branch->conn;
  return status;
}

/* -- transactions: what happens to the session's own connection happens to the others -- */

static corm_conn *conn_at(const corm_session *session, size_t i) {
  return ((const corm_branch *)session->branches.items[i])->conn;
}

corm_status corm_binds_savepoint(corm_session *session, corm_error *err) {
  corm_status status = CORM_OK;
  int depth;
  for (size_t i = 0; status == CORM_OK && i < session->branches.len; i++)
    if (conn_at(session, i)) status = corm_conn_savepoint(conn_at(session, i), &depth, err);
  return status;
}

corm_status corm_binds_release(corm_session *session, corm_error *err) {
  const int depth = session->branches.len ? depth_of(session) : 0;
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < session->branches.len; i++)
    if (conn_at(session, i)) status = corm_conn_savepoint_release(conn_at(session, i), depth, err);
  return status;
}

/* The first error counts; the others do not keep the rest from being rolled back. */
static void take_error(corm_status status, corm_error *other, corm_status *all, corm_error *err) {
  if (status == CORM_OK) return;
  if (*all == CORM_OK)
    *err = *other;
  else
    corm_error_clear(other);
  *all = CORM_FAILED;
}

corm_status corm_binds_rollback(corm_session *session, bool savepoint, corm_error *err) {
  const int depth = session->branches.len && savepoint ? depth_of(session) : 0;
  corm_status all = CORM_OK;
  for (size_t i = 0; i < session->branches.len; i++) {
    corm_conn *conn = conn_at(session, i);
    corm_error other;
    corm_error_init(&other);
    if (!conn || corm_conn_savepoint_depth(conn) < depth) continue;
    take_error(depth ? corm_conn_savepoint_rollback(conn, depth, &other) : corm_conn_rollback(conn, &other), &other,
               &all, err);
  }
  return all;
}

corm_status corm_binds_commit(corm_session *session, corm_error *err) {
  corm_status status = CORM_OK;
  for (size_t i = 0; status == CORM_OK && i < session->branches.len; i++)
    if (conn_at(session, i)) status = corm_conn_commit(conn_at(session, i), err);
  return status;
}

void corm_binds_leave(corm_session *session) {
  for (size_t i = 0; i < session->branches.len; i++) {
    corm_branch *branch = session->branches.items[i];
    if (!branch->conn) continue;
    corm_conn_close(branch->conn);
    corm_conn_release(branch->conn);
    branch->conn = NULL;
  }
}
