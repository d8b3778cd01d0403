/* Sessions: states of objects, transactions and savepoints in memory, who is kept alive. */
#include "flush_world.h"

#include "orm/state.h"

static corm_object *new_tag(flush_world *f, const char *name) {
  corm_object *tag = flush_new(f, f->w.tag);
  flush_text(f, tag, "name", name);
  return tag;
}

static corm_object *written_tag(flush_world *f, const char *name) {
  corm_object *tag = flush_pending(f, f->w.tag, "name", name);
  flush_quietly(f);
  return tag;
}

static corm_object *find_tag(flush_world *f, int64_t id) {
  const corm_value key = corm_value_int(id);
  return corm_session_find(f->w.session, f->w.tag, &key);
}

static void check_state(const corm_object *object, corm_object_state state, bool pinned) {
  assert_int_equal(object->state, state);
  assert_int_equal(host_block_of(object)->pinned, pinned);
  assert_int_equal((object->flags & CORM_OBJECT_PINNED) != 0, pinned);
}

/* Once more the row of a tag, for what expired. */
static void tag_row(flush_world *f, int64_t id, const char *name) {
  const char *const names[] = {"id", "name"};
  const corm_value row[] = {corm_value_int(id), corm_value_text(name, strlen(name))};
  ok(&f->w, corm_fake_rows(f->fake, "FROM tag", names, 2, row, 1));
}

static const char *read_name(flush_world *f, corm_object *object) {
  const corm_value *value;
  ok(&f->w, corm_object_get(object, flush_slot(object, "name"), &value, &f->w.err));
  return world_slot(object, "name");
}

/* -- states -------------------------------------------------------------------------------------------------------- */

static void from_transient_to_deleted(void **state) {
  flush_world *f = *state;
  corm_session *session = f->w.session;
  corm_object *tag = new_tag(f, "t");
  check_state(tag, CORM_TRANSIENT, false);
  ok(&f->w, corm_session_add(session, tag, &f->w.err));
  ok(&f->w, corm_session_add(session, tag, &f->w.err));
  check_state(tag, CORM_PENDING, true);
  assert_true(corm_session_contains(session, tag) && corm_session_is_dirty(session));
  assert_int_equal(session->news.len, 1);
  ok(&f->w, corm_session_flush(session, &f->w.err));
  check_state(tag, CORM_PERSISTENT, false);
  assert_false(corm_session_is_dirty(session));
  assert_ptr_equal(find_tag(f, 1), tag);
  flush_text(f, tag, "name", "u");
  check_state(tag, CORM_PERSISTENT, true);
  ok(&f->w, corm_session_delete(session, tag, &f->w.err));
  ok(&f->w, corm_session_delete(session, tag, &f->w.err));
  assert_int_equal(session->doomed.len, 1);
  ok(&f->w, corm_session_flush(session, &f->w.err));
  check_state(tag, CORM_DELETED, true); /* a rollback would bring it back */
  assert_null(find_tag(f, 1));
  assert_false(corm_session_contains(session, tag));
  refused(&f->w, corm_session_add(session, tag, &f->w.err), CORM_E_INVALID_REQUEST, "Tag(id=1) has been deleted");
  ok(&f->w, corm_session_commit(session, &f->w.err));
  check_state(tag, CORM_DELETED, false);
  assert_null(tag->session);
}

static void what_is_refused(void **state) {
  flush_world *f = *state;
  corm_session *session = f->w.session, *second;
  corm_object *tag = new_tag(f, "t");
  refused(&f->w, corm_session_delete(session, tag, &f->w.err), CORM_E_INVALID_REQUEST, "Tag(id=NULL) is not persisted");
  refused(&f->w, corm_session_expunge(session, tag, &f->w.err), CORM_E_INVALID_REQUEST, "Tag(id=NULL) is not present");
  refused(&f->w, corm_session_expire(session, tag, NULL, 0, &f->w.err), CORM_E_INVALID_REQUEST,
          "this Tag is not persistent within this Session");
  ok(&f->w, corm_session_add(session, tag, &f->w.err));
  refused(&f->w, corm_session_delete(session, tag, &f->w.err), CORM_E_INVALID_REQUEST, "Tag(id=NULL) is not persisted");
  ok(&f->w, corm_session_new(f->w.mem, &f->w.host.face, f->w.engine, NULL, NULL, &second, &f->w.err));
  refused(&f->w, corm_session_add(second, tag, &f->w.err), CORM_E_INVALID_REQUEST,
          "Tag(id=NULL) is already attached to another session");
  corm_session_release(second);
  ok(&f->w, corm_session_begin(session, CORM_BEGIN_READ, &f->w.err));
  refused(&f->w, corm_session_begin(session, CORM_BEGIN_READ, &f->w.err), CORM_E_INVALID_REQUEST,
          "a transaction is already begun");
  corm_session_close(session);
  refused(&f->w, corm_session_end_frame(session, NULL, true, &f->w.err), CORM_E_RESOURCE_CLOSED, "this transaction is");
}

static void without_autobegin_nothing_begins(void **state) {
  flush_world *f = *state;
  corm_session_options options = corm_session_options_default();
  corm_session *session;
  corm_conn *conn;
  options.autobegin = false;
  ok(&f->w, corm_session_new(f->w.mem, &f->w.host.face, f->w.engine, NULL, &options, &session, &f->w.err));
  refused(&f->w, corm_session_connection(session, &conn, &f->w.err), CORM_E_INVALID_REQUEST, "autobegin is disabled");
  ok(&f->w, corm_session_begin(session, CORM_BEGIN_WRITE, &f->w.err));
  ok(&f->w, corm_session_connection(session, &conn, &f->w.err));
  ok(&f->w, corm_session_add(session, new_tag(f, "t"), &f->w.err));
  ok(&f->w, corm_session_commit(session, &f->w.err));
  logged(f, "BEGIN IMMEDIATE", "INSERT INTO tag (name) VALUES (?) | 't'", "COMMIT");
  corm_session_release(session);
}

static void expunged_objects_keep_their_values(void **state) {
  flush_world *f = *state;
  corm_session *session = f->w.session;
  corm_object *tag = written_tag(f, "t"), *pending = flush_pending(f, f->w.tag, "name", "p");
  flush_text(f, tag, "name", "changed");
  ok(&f->w, corm_session_expunge(session, tag, &f->w.err));
  ok(&f->w, corm_session_expunge(session, pending, &f->w.err));
  check_state(tag, CORM_DETACHED, false);
  check_state(pending, CORM_TRANSIENT, false);
  assert_false(corm_session_is_dirty(session));
  assert_null(find_tag(f, 1));
  ok(&f->w, corm_session_add(session, tag, &f->w.err)); /* with its change */
  flushed(f, "UPDATE tag SET name=? WHERE tag.id = ? | 'changed', 1");
}

static void two_objects_with_one_key(void **state) {
  flush_world *f = *state;
  corm_object *tag = written_tag(f, "t"), *twin = new_tag(f, "twin");
  ok(&f->w, corm_session_expunge(f->w.session, tag, &f->w.err));
  flush_int(f, twin, "id", 1);
  ok(&f->w, corm_session_add(f->w.session, twin, &f->w.err));
  flush_quietly(f);
  refused(&f->w, corm_session_add(f->w.session, tag, &f->w.err), CORM_E_INVALID_REQUEST,
          "another object with the identity Tag(id=1) is already in this session");
  check_state(tag, CORM_DETACHED, false);
}

static void only_what_has_changes_is_kept_alive(void **state) {
  flush_world *f = *state;
  corm_object *clean = written_tag(f, "clean"), *dirty = written_tag(f, "dirty"), *doomed = written_tag(f, "doomed");
  flush_text(f, dirty, "name", "d");
  ok(&f->w, corm_session_delete(f->w.session, doomed, &f->w.err));
  flush_let_go(clean);
  flush_let_go(dirty);
  flush_let_go(doomed);
  flush_let_go(flush_pending(f, f->w.tag, "name", "new"));
  host_collect(&f->w.host);
  assert_null(find_tag(f, 1)); /* condemned, and not handed out */
  host_collect(&f->w.host);
  assert_int_equal(f->w.host.nblocks, 3);
  flushed(f, "UPDATE tag SET name=? WHERE tag.id = ? | 'd', 2", "INSERT INTO tag (name) VALUES (?) | 'new'",
          "DELETE FROM tag WHERE tag.id = ? | 3");
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  host_collect(&f->w.host);
  host_collect(&f->w.host);
  assert_int_equal(f->w.host.nblocks, 0);
}

/* -- transactions -------------------------------------------------------------------------------------------------- */

static void a_commit_expires(void **state) {
  flush_world *f = *state;
  corm_object *tag = flush_pending(f, f->w.tag, "name", "t");
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  logged(f, "BEGIN IMMEDIATE", "INSERT INTO tag (name) VALUES (?) | 't'", "COMMIT");
  assert_string_equal(world_slot(tag, "name"), "expired absent");
  assert_string_equal(world_slot(tag, "id"), "expired 1");
  tag_row(f, 1, "fresh");
  assert_string_equal(read_name(f, tag), "'fresh'");
  f->w.session->options.expire_on_commit = false;
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  assert_string_equal(world_slot(tag, "name"), "'fresh'");
}

static void a_rollback_restores(void **state) {
  flush_world *f = *state;
  corm_session *session = f->w.session;
  corm_object *old = written_tag(f, "old"), *gone = written_tag(f, "gone");
  ok(&f->w, corm_session_commit(session, &f->w.err));
  tag_row(f, 1, "old");
  assert_string_equal(read_name(f, old), "'old'");
  corm_object *inserted = flush_pending(f, f->w.tag, "name", "inserted");
  flush_text(f, old, "name", "changed");
  ok(&f->w, corm_session_delete(session, gone, &f->w.err));
  ok(&f->w, corm_session_flush(session, &f->w.err));
  corm_object *pending = flush_pending(f, f->w.tag, "name", "pending");
  flush_text(f, old, "name", "changed again");
  ok(&f->w, corm_session_rollback(session, &f->w.err));
  check_state(inserted, CORM_TRANSIENT, false);
  check_state(pending, CORM_TRANSIENT, false);
  check_state(gone, CORM_PERSISTENT, false);
  check_state(old, CORM_PERSISTENT, false);
  assert_string_equal(world_slot(inserted, "id"), "absent"); /* it was the database's */
  assert_string_equal(world_slot(inserted, "name"), "'inserted'");
  assert_ptr_equal(find_tag(f, 2), gone);
  assert_false(corm_session_is_dirty(session));
  tag_row(f, 1, "old");
  assert_string_equal(read_name(f, old), "'old'");
}

static void a_commit_that_fails_is_a_rollback(void **state) {
  flush_world *f = *state;
  corm_object *tag = flush_pending(f, f->w.tag, "name", "t");
  ok(&f->w, corm_fake_fault(f->fake, "COMMIT", CORM_E_DISK_FULL, "full", false));
  refused(&f->w, corm_session_commit(f->w.session, &f->w.err), CORM_E_DISK_FULL, "full");
  check_state(tag, CORM_TRANSIENT, false);
  assert_null(f->w.session->frame);
  ok(&f->w, corm_session_add(f->w.session, tag, &f->w.err));
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  check_state(tag, CORM_PERSISTENT, false);
}

static void closing_lets_all_go(void **state) {
  flush_world *f = *state;
  corm_object *tag = written_tag(f, "t"), *pending = flush_pending(f, f->w.tag, "name", "p");
  corm_object *gone = written_tag(f, "gone");
  ok(&f->w, corm_session_begin_nested(f->w.session, &f->w.err));
  ok(&f->w, corm_session_delete(f->w.session, gone, &f->w.err));
  flush_text(f, tag, "name", "changed");
  flush_quietly(f);
  corm_object *last = flush_pending(f, f->w.tag, "name", "last");
  corm_session_close(f->w.session);
  logged(f, "ROLLBACK");
  check_state(tag, CORM_DETACHED, false);
  check_state(pending, CORM_DETACHED, false); /* it had been written */
  check_state(gone, CORM_DELETED, false);
  check_state(last, CORM_TRANSIENT, false);
  assert_int_equal(f->w.session->identity.count, 0);
  written_tag(f, "usable again");
}

/* -- savepoints ---------------------------------------------------------------------------------------------------- */

static corm_frame *nest(flush_world *f) {
  ok(&f->w, corm_session_begin_nested(f->w.session, &f->w.err));
  return f->w.session->frame;
}

static void end(flush_world *f, corm_frame *frame, bool commit) {
  ok(&f->w, corm_session_end_frame(f->w.session, frame, commit, &f->w.err));
}

static void a_savepoint_undoes_its_own_part(void **state) {
  flush_world *f = *state;
  corm_object *before = flush_pending(f, f->w.tag, "name", "before"), *doomed = flush_pending(f, f->w.tag, "name", "d");
  corm_frame *frame = nest(f); /* flushes first */
  logged(f, "BEGIN IMMEDIATE", "INSERT INTO tag (name) VALUES (?) | 'before'",
         "INSERT INTO tag (name) VALUES (?) | 'd'", "SAVEPOINT corm_sp_1");
  corm_object *inside = flush_pending(f, f->w.tag, "name", "inside");
  flush_text(f, before, "name", "changed");
  ok(&f->w, corm_session_delete(f->w.session, doomed, &f->w.err));
  flush_quietly(f);
  flush_text(f, inside, "name", "inside, twice");
  flush_quietly(f);
  end(f, frame, false);
  logged(f, "ROLLBACK TO SAVEPOINT corm_sp_1", "RELEASE SAVEPOINT corm_sp_1");
  check_state(inside, CORM_TRANSIENT, false);
  check_state(doomed, CORM_PERSISTENT, false);
  assert_string_equal(world_slot(before, "name"), "expired absent");
  assert_string_equal(world_slot(inside, "name"), "'inside, twice'");
  assert_false(corm_session_has_frame(f->w.session, frame));
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
  check_state(before, CORM_TRANSIENT, false);
  check_state(doomed, CORM_TRANSIENT, false);
}

static void a_released_savepoint_belongs_to_the_one_around_it(void **state) {
  flush_world *f = *state;
  corm_object *old = written_tag(f, "old"), *gone = written_tag(f, "gone");
  corm_frame *outer = nest(f), *inner = nest(f);
  corm_object *inside = flush_pending(f, f->w.tag, "name", "inside");
  flush_text(f, old, "name", "changed");
  ok(&f->w, corm_session_delete(f->w.session, gone, &f->w.err));
  end(f, inner, true);
  check_state(inside, CORM_PERSISTENT, true); /* for the outer one's sake */
  end(f, outer, false);
  check_state(inside, CORM_TRANSIENT, false);
  check_state(gone, CORM_PERSISTENT, false);
  assert_string_equal(world_slot(old, "name"), "expired absent");
}

/* As after 65533 frames. */
static void serials_begin_anew(void **state) {
  flush_world *f = *state;
  corm_object *old = written_tag(f, "old");
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  f->w.session->serial = UINT16_MAX - 2;
  corm_object *root = written_tag(f, "root"), *gone = written_tag(f, "gone"), *away = written_tag(f, "away");
  ok(&f->w, corm_session_delete(f->w.session, gone, &f->w.err));
  flush_quietly(f);
  ok(&f->w, corm_session_expunge(f->w.session, away, &f->w.err));
  corm_frame *outer = nest(f);
  assert_int_equal(outer->serial, UINT16_MAX);
  corm_object *inside = written_tag(f, "inside");
  corm_frame *inner = nest(f);
  assert_int_equal(inner->serial, 3);
  assert_int_equal(outer->serial, 2);
  assert_int_equal(old->serial, 0);
  assert_int_equal(gone->serial, 1);
  corm_object *innermost = written_tag(f, "innermost");
  ok(&f->w, corm_session_add(f->w.session, away, &f->w.err));
  end(f, inner, false);
  check_state(innermost, CORM_TRANSIENT, false);
  check_state(away, CORM_PERSISTENT, true);
  end(f, outer, false);
  check_state(inside, CORM_TRANSIENT, false);
  check_state(root, CORM_PERSISTENT, false);
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
  check_state(root, CORM_TRANSIENT, false);
  check_state(gone, CORM_TRANSIENT, false);
  check_state(old, CORM_PERSISTENT, false);
}

static void ending_an_outer_savepoint_ends_the_inner_ones(void **state) {
  flush_world *f = *state;
  corm_frame *outer = nest(f), *middle = nest(f);
  nest(f);
  corm_object *inside = written_tag(f, "inside");
  corm_fake_log_clear(f->fake);
  end(f, middle, true);
  logged(f, "RELEASE SAVEPOINT corm_sp_3", "RELEASE SAVEPOINT corm_sp_2");
  nest(f);
  end(f, outer, false);
  assert_null(f->w.session->frame->parent);
  check_state(inside, CORM_TRANSIENT, false);
  assert_null(corm_session_find_frame(f->w.session, 2));
}

static void an_object_may_be_touched_often_and_leave(void **state) {
  flush_world *f = *state;
  corm_object *tag = written_tag(f, "t");
  corm_frame *outer = nest(f);
  for (int i = 0; i < 3; i++) {
    corm_frame *inner = nest(f);
    for (int k = 0; k < 3; k++) {
      flush_int(f, tag, "id", 10 + 3 * i + k); /* stands in two lists */
      flush_quietly(f);
    }
    end(f, inner, true);
  }
  ok(&f->w, corm_session_expunge(f->w.session, tag, &f->w.err));
  assert_int_equal(corm_object_frames(tag), 0);
  check_state(tag, CORM_DETACHED, false);
  flush_let_go(tag);
  host_collect(&f->w.host);
  host_collect(&f->w.host); /* its memory is gone: whoever still has it is found out */
  assert_int_equal(f->w.host.nblocks, 0);
  end(f, outer, false);
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
}

/* -- replaced primary keys ----------------------------------------------------------------------------------------- */

static void rekey(flush_world *f, corm_object *tag, int64_t id) {
  flush_int(f, tag, "id", id);
  flush_quietly(f);
  assert_ptr_equal(find_tag(f, id), tag);
}

static void a_rollback_brings_the_old_key_back(void **state) {
  flush_world *f = *state;
  corm_object *a = written_tag(f, "a"), *b = written_tag(f, "b");
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  rekey(f, a, 50);
  rekey(f, b, 1); /* the key that a had */
  rekey(f, a, 2);
  flush_int(f, a, "id", 60); /* not written */
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
  assert_ptr_equal(find_tag(f, 1), a);
  assert_ptr_equal(find_tag(f, 2), b);
  assert_null(find_tag(f, 50));
  assert_string_equal(world_slot(a, "id"), "expired 1");
  check_state(a, CORM_PERSISTENT, false);
  tag_row(f, 1, "a");
  assert_string_equal(read_name(f, a), "'a'");
}

static void a_savepoint_brings_the_old_key_back(void **state) {
  flush_world *f = *state;
  corm_object *a = written_tag(f, "a");
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  rekey(f, a, 10);
  corm_frame *outer = nest(f), *inner = nest(f);
  rekey(f, a, 20);
  end(f, inner, true);
  end(f, outer, false);
  assert_ptr_equal(find_tag(f, 10), a);
  inner = nest(f);
  rekey(f, a, 30);
  end(f, inner, true); /* now the root's */
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
  assert_ptr_equal(find_tag(f, 1), a);
  rekey(f, a, 40);
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
  assert_ptr_equal(find_tag(f, 40), a);
  check_state(a, CORM_PERSISTENT, false);
}

static void a_deleted_row_comes_back_under_its_old_key(void **state) {
  flush_world *f = *state;
  corm_object *a = written_tag(f, "a"), *heir = NULL;
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  rekey(f, a, 10);
  ok(&f->w, corm_session_delete(f->w.session, a, &f->w.err));
  flush_quietly(f);
  heir = flush_pending(f, f->w.tag, "name", "heir");
  flush_int(f, heir, "id", 1);
  flush_quietly(f);
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
  assert_ptr_equal(find_tag(f, 1), a);
  check_state(a, CORM_PERSISTENT, false);
  check_state(heir, CORM_TRANSIENT, false);
  assert_string_equal(world_slot(heir, "id"), "1"); /* the script's own */
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

/* A transaction with everything that leaves traces in frames. `tags` are three written ones. */
static corm_status busy_transaction(flush_world *f, corm_object *const *tags, corm_object *fresh) {
  corm_session *session = f->w.session;
  corm_error *err = &f->w.err;
  corm_status status = corm_session_begin_nested(session, err);
  if (status == CORM_OK) status = flush_try_text(f, tags[0], "name", "a name that needs memory of its own");
  if (status == CORM_OK) status = corm_session_add(session, fresh, err);
  if (status == CORM_OK) status = corm_session_begin_nested(session, err);
  if (status == CORM_OK) status = flush_try_int(f, tags[1], "id", 50);
  if (status == CORM_OK) status = corm_session_delete(session, tags[2], err);
  if (status == CORM_OK) status = corm_session_begin_nested(session, err);
  if (status == CORM_OK) status = corm_session_end_frame(session, session->frame, false, err);
  if (status == CORM_OK) status = corm_session_end_frame(session, session->frame, true, err);
  if (status == CORM_OK) status = corm_session_end_frame(session, session->frame, true, err);
  return status == CORM_OK ? corm_session_commit(session, err) : status;
}

static void no_memory_for_a_transaction(void **state) {
  (void)state;
  for (size_t n = 1, through = 0; !through; n++) {
    fail_mem fail;
    flush_world f;
    fail_mem_init(&fail, 0);
    assert_true(flush_open(&f, &fail.mem));
    corm_object *tags[3];
    world_rel(f.w.tag, "users")->def.passive_deletes = CORM_PASSIVE_ALL;
    for (int i = 0; i < 3; i++) tags[i] = written_tag(&f, "t");
    ok(&f.w, corm_session_commit(f.w.session, &f.w.err));
    corm_object *fresh = new_tag(&f, "fresh");
    fail.fail_at = fail.calls + n;
    corm_status status = busy_transaction(&f, tags, fresh);
    through = fail.failures == 0;
    fail.fail_at = 0;
    if (!through) {
      assert_int_equal(status, CORM_FAILED);
      assert_int_equal(f.w.err.cls, CORM_E_MEMORY);
      corm_error_clear(&f.w.err);
      ok(&f.w, corm_session_rollback(f.w.session, &f.w.err));
      for (int i = 0; i < 3; i++) {
        check_state(tags[i], CORM_PERSISTENT, false);
        assert_ptr_equal(find_tag(&f, i + 1), tags[i]);
      }
      check_state(fresh, CORM_TRANSIENT, false);
      ok(&f.w, busy_transaction(&f, tags, fresh));
    } else {
      ok(&f.w, status);
      assert_true(n > 30);
    }
    assert_ptr_equal(find_tag(&f, 50), tags[1]);
    check_state(tags[2], CORM_DELETED, false);
    check_state(fresh, CORM_PERSISTENT, false);
    flush_close(&f);
    assert_int_equal(fail.live, 0);
  }
}

/* Deleting a tag asks for no rows of user_tag. */
static int session_setup(void **state) {
  if (flush_setup(state) != 0) return 1;
  world_rel(((flush_world *)*state)->w.tag, "users")->def.passive_deletes = CORM_PASSIVE_ALL;
  return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, session_setup, flush_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      T(from_transient_to_deleted),
      T(what_is_refused),
      T(without_autobegin_nothing_begins),
      T(expunged_objects_keep_their_values),
      T(two_objects_with_one_key),
      T(only_what_has_changes_is_kept_alive),
      T(a_commit_expires),
      T(a_rollback_restores),
      T(a_commit_that_fails_is_a_rollback),
      T(closing_lets_all_go),
      T(a_savepoint_undoes_its_own_part),
      T(a_released_savepoint_belongs_to_the_one_around_it),
      T(serials_begin_anew),
      T(ending_an_outer_savepoint_ends_the_inner_ones),
      T(an_object_may_be_touched_often_and_leave),
      T(a_rollback_brings_the_old_key_back),
      T(a_savepoint_brings_the_old_key_back),
      T(a_deleted_row_comes_back_under_its_old_key),
      cmocka_unit_test(no_memory_for_a_transaction),
  };
  return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
