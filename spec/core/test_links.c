/* Relationships in memory: both sides in step, history, cascades of attaching, what keeps objects alive. No SQL but
   where something unloaded is asked for. */
#include "flush_world.h"

static const corm_link *link_of(const corm_object *object, const char *key) {
  const corm_link *link = corm_object_find_link(object, world_rel(object->mapper, key));
  assert_non_null(link);
  return link;
}

static const corm_object *one_of(const corm_object *object, const char *key) {
  return corm_link_one(link_of(object, key));
}

/* The texts of a list in memory: "a b". */
static const char *list_of(const corm_object *object, const char *key, const char *text_key) {
  static char text[128];
  const corm_items *items = corm_link_items(link_of(object, key));
  size_t len = 0;
  text[0] = '\0';
  for (uint32_t i = 0; i < items->n; i++) {
    const corm_object *other = items->ptr[i].object;
    const corm_value *value = &other->slots[flush_slot(other, text_key)];
    len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s", i ? " " : "", (int)value->len, value->as.s);
  }
  return text;
}

static corm_object *named(flush_world *f, corm_mapper *mapper, const char *key, const char *text) {
  corm_object *object = flush_new(f, mapper);
  flush_text(f, object, key, text);
  return object;
}

static corm_object *user(flush_world *f, const char *name) {
  return named(f, f->w.user, "name", name);
}

static corm_object *address(flush_world *f, const char *email) {
  return named(f, f->w.address, "email", email);
}

#define emails(u) list_of(u, "addresses", "email")

/* A written user whose lists are said to be empty. */
static corm_object *written_user(flush_world *f, const char *name) {
  corm_object *u = user(f, name);
  ok(&f->w, corm_object_replace(u, world_rel(f->w.user, "addresses"), NULL, 0, 0, &f->w.err));
  ok(&f->w, corm_object_replace(u, world_rel(f->w.user, "tags"), NULL, 0, 0, &f->w.err));
  ok(&f->w, corm_session_add(f->w.session, u, &f->w.err));
  flush_quietly(f);
  return u;
}

/* -- both sides ---------------------------------------------------------------------------------------------------- */

static void both_sides_are_kept_in_step(void **state) {
  flush_world *f = *state;
  corm_object *ann = user(f, "ann"), *bob = user(f, "bob"), *a = address(f, "a"), *b = address(f, "b");
  flush_append(f, ann, "addresses", a);
  assert_ptr_equal(one_of(a, "user"), ann);
  flush_one(f, b, "user", ann);
  assert_string_equal(emails(ann), "a b");
  flush_append(f, bob, "addresses", a);
  assert_string_equal(emails(ann), "b");
  assert_string_equal(emails(bob), "a");
  assert_ptr_equal(one_of(a, "user"), bob);
  flush_one(f, a, "user", NULL);
  assert_string_equal(emails(bob), "");
  flush_remove(f, ann, "addresses", b);
  assert_null(one_of(b, "user"));
  logged_nothing(f);
}

static void both_sides_of_many_to_many(void **state) {
  flush_world *f = *state;
  corm_object *ann = user(f, "ann"), *red = named(f, f->w.tag, "name", "red"),
              *blue = named(f, f->w.tag, "name", "blue");
  flush_append(f, ann, "tags", red);
  flush_append(f, blue, "users", ann);
  assert_string_equal(list_of(ann, "tags", "name"), "red blue");
  assert_string_equal(list_of(red, "users", "name"), "ann");
  flush_remove(f, red, "users", ann);
  assert_string_equal(list_of(ann, "tags", "name"), "blue");
}

static void a_class_may_refer_to_itself(void **state) {
  flush_world *f = *state;
  corm_object *root = named(f, f->w.node, "label", "root"), *leaf = named(f, f->w.node, "label", "leaf");
  flush_one(f, leaf, "parent", root);
  assert_string_equal(list_of(root, "children", "label"), "leaf");
  flush_append(f, leaf, "children", root); /* a circle in memory is nobody's business before the flush */
  assert_ptr_equal(one_of(root, "parent"), leaf);
}

static void positions(void **state) {
  flush_world *f = *state;
  corm_object *ann = user(f, "ann"), *c = address(f, "c");
  corm_relationship *addresses = world_rel(f->w.user, "addresses");
  flush_append(f, ann, "addresses", address(f, "a"));
  ok(&f->w, corm_object_insert(ann, addresses, 0, address(f, "b"), &f->w.err));
  ok(&f->w, corm_object_insert(ann, addresses, 1, c, &f->w.err));
  assert_string_equal(emails(ann), "b c a");
  assert_int_equal(corm_items_index(corm_link_items(link_of(ann, "addresses")), c), 1);
  ok(&f->w, corm_object_remove_at(ann, addresses, 2, &f->w.err));
  assert_string_equal(emails(ann), "b c");
  refused(&f->w, corm_object_remove_at(ann, addresses, 2, &f->w.err), CORM_E_ARGUMENT,
          "User.addresses has no position 3");
}

static void a_list_is_replaced(void **state) {
  flush_world *f = *state;
  corm_object *ann = user(f, "ann"), *bob = user(f, "bob");
  corm_object *a = address(f, "a"), *b = address(f, "b"), *c = address(f, "c"), *d = address(f, "d");
  corm_relationship *addresses = world_rel(f->w.user, "addresses");
  flush_append(f, bob, "addresses", d);
  ok(&f->w, corm_object_replace(ann, addresses, (corm_object *[]){a, b, c}, 3, 0, &f->w.err));
  assert_string_equal(emails(ann), "a b c");
  ok(&f->w, corm_object_replace(ann, addresses, (corm_object *[]){d, c, a, c}, 4, 0, &f->w.err));
  assert_string_equal(emails(ann), "d c a");
  assert_string_equal(emails(bob), "");
  assert_null(one_of(b, "user"));
  assert_false((a->flags | b->flags | c->flags | d->flags) & CORM_OBJECT_MARK);
  ok(&f->w, corm_object_replace(ann, addresses, NULL, 0, 0, &f->w.err));
  assert_string_equal(emails(ann), "");
  assert_null(one_of(d, "user"));
}

/* -- what is refused ----------------------------------------------------------------------------------------------- */

static void strangers_are_refused(void **state) {
  flush_world *f = *state;
  corm_object *ann = written_user(f, "ann"), *tag = named(f, f->w.tag, "name", "t");
  refused(&f->w, flush_try_append(f, ann, "addresses", tag), CORM_E_ARGUMENT,
          "User.addresses holds Address objects, not Tag");
  refused(&f->w, flush_try_one(f, address(f, "a"), "user", tag), CORM_E_ARGUMENT,
          "Address.user holds User objects, not Tag");
  corm_object *list[] = {address(f, "b"), tag};
  refused(&f->w, corm_object_replace(ann, world_rel(f->w.user, "addresses"), list, 2, 0, &f->w.err), CORM_E_ARGUMENT,
          "User.addresses holds");
  assert_string_equal(emails(ann), "");
  corm_session *second;
  ok(&f->w, corm_session_new(f->w.mem, &f->w.host.face, f->w.engine, NULL, NULL, &second, &f->w.err));
  corm_object *theirs = address(f, "c");
  ok(&f->w, corm_session_add(second, theirs, &f->w.err));
  refused(&f->w, flush_try_append(f, ann, "addresses", theirs), CORM_E_INVALID_REQUEST,
          "the Address given to User.addresses is attached to another session");
  corm_session_close(second);
  corm_session_release(second);
  assert_int_equal(theirs->state, CORM_TRANSIENT);
}

/* -- history ------------------------------------------------------------------------------------------------------- */

static void history_is_what_differs_from_the_last_flush(void **state) {
  flush_world *f = *state;
  corm_object *ann = written_user(f, "ann"), *bob = written_user(f, "bob"), *a = address(f, "a"), *b = address(f, "b");
  flush_append(f, ann, "addresses", a);
  flush_quietly(f);
  assert_false(corm_object_has_history(ann));
  assert_int_equal(f->w.session->modified.len, 0);
  flush_append(f, ann, "addresses", b);
  flush_remove(f, ann, "addresses", a);
  assert_int_equal(corm_link_list(link_of(ann, "addresses"))->added.n, 1);
  assert_ptr_equal(corm_link_list(link_of(ann, "addresses"))->removed.ptr[0].object, a);
  assert_true(link_of(a, "user")->changed);
  assert_ptr_equal(corm_link_old(link_of(a, "user")), ann);
  flush_one(f, a, "user", bob);
  assert_ptr_equal(corm_link_old(link_of(a, "user")), ann); /* not what was in between */
  flush_remove(f, ann, "addresses", b);
  flush_append(f, ann, "addresses", a);
  assert_false(corm_object_has_history(ann));
  assert_false(link_of(a, "user")->changed);
  assert_null(corm_link_old(link_of(a, "user")));
  assert_false(corm_object_has_history(bob));
}

static void a_commit_of_a_link_forgets_history_and_a_reset_all(void **state) {
  flush_world *f = *state;
  corm_object *ann = written_user(f, "ann"), *a = address(f, "a");
  const corm_relationship *addresses = world_rel(f->w.user, "addresses");
  flush_append(f, ann, "addresses", a);
  corm_link_commit(ann, addresses);
  assert_false(corm_object_has_history(ann));
  assert_string_equal(emails(ann), "a");
  corm_link_forget(ann, addresses, a);
  assert_string_equal(emails(ann), "");
  assert_false(corm_object_has_history(ann));
  flush_append(f, ann, "addresses", address(f, "b"));
  corm_link_reset(ann, addresses);
  assert_false(link_of(ann, "addresses")->loaded);
  corm_link_reset(a, world_rel(f->w.address, "user"));
  corm_link_reset(address(f, "untouched"), world_rel(f->w.address, "user")); /* has none */
}

/* A list that is not loaded queues what comes and goes; the load finds both. */
static void an_unloaded_list_queues(void **state) {
  flush_world *f = *state;
  corm_object *ann = written_user(f, "ann"), *moved = address(f, "moved"), *kept = address(f, "kept");
  flush_append(f, ann, "addresses", moved);
  flush_append(f, ann, "addresses", kept);
  flush_quietly(f); /* moved 2, kept 3 */
  corm_link_reset(ann, world_rel(f->w.user, "addresses"));
  flush_one(f, address(f, "new"), "user", ann);
  flush_one(f, moved, "user", NULL);
  assert_false(link_of(ann, "addresses")->loaded);
  assert_int_equal(corm_link_list(link_of(ann, "addresses"))->added.n, 1);
  assert_int_equal(corm_link_list(link_of(ann, "addresses"))->removed.n, 1);
  logged_nothing(f);

  const char *const names[] = {"id", "user_id", "email"};
  const corm_value rows[] = {corm_value_int(2), corm_value_int(1), corm_value_text("moved", 5),
                             corm_value_int(3), corm_value_int(1), corm_value_text("kept", 4)};
  corm_link *link;
  ok(&f->w, corm_fake_rows(f->fake, "FROM address", names, 3, rows, 2));
  f->w.session->no_autoflush++;
  ok(&f->w, corm_object_get_many(ann, world_rel(f->w.user, "addresses"), &link, &f->w.err));
  f->w.session->no_autoflush--;
  assert_string_equal(emails(ann), "kept new");
  assert_ptr_equal(corm_link_items(link)->ptr[0].object, kept);
  corm_fake_log_clear(f->fake);
  flushed(f, "UPDATE address SET user_id=? WHERE address.id = ? | NULL, 2");
}

/* -- cascades of attaching ----------------------------------------------------------------------------------------- */

static void attaching_adds_to_the_session(void **state) {
  flush_world *f = *state;
  corm_object *ann = written_user(f, "ann"), *a = address(f, "a"), *b = address(f, "b"), *bob = user(f, "bob");
  flush_append(f, ann, "addresses", a);
  assert_int_equal(a->state, CORM_PENDING);
  flush_one(f, b, "user", ann); /* b is in no session, and ann's side did not act */
  assert_int_equal(b->state, CORM_TRANSIENT);
  assert_string_equal(emails(ann), "a b");
  flush_one(f, a, "user", bob);
  assert_int_equal(bob->state, CORM_PENDING);
  corm_object *c = address(f, "c"), *d = address(f, "d");
  ok(&f->w, corm_object_replace(ann, world_rel(f->w.user, "addresses"), (corm_object *[]){c, d}, 2, 0, &f->w.err));
  assert_int_equal(c->state, CORM_PENDING);
  assert_int_equal(d->state, CORM_PENDING);
}

static void a_pending_orphan_is_never_inserted(void **state) {
  flush_world *f = *state;
  world_rel(f->w.user, "addresses")->cascade |= CORM_CASCADE_DELETE | CORM_CASCADE_DELETE_ORPHAN;
  corm_object *ann = written_user(f, "ann"), *bob = written_user(f, "bob"), *a = address(f, "a"), *b = address(f, "b");
  flush_append(f, ann, "addresses", a);
  flush_append(f, ann, "addresses", b);
  flush_append(f, bob, "addresses", b); /* moved, no orphan */
  flush_remove(f, ann, "addresses", a);
  assert_int_equal(a->state, CORM_TRANSIENT);
  flushed(f, "INSERT INTO address (user_id, email) VALUES (?, ?) | 2, 'b'");
}

/* -- what is alive ------------------------------------------------------------------------------------------------- */

static size_t alive(flush_world *f) {
  for (int i = 0; i < 3; i++) host_collect(&f->w.host);
  return f->w.host.nblocks;
}

static void what_is_reachable_lives_and_nothing_else(void **state) {
  flush_world *f = *state;
  corm_object *ann = written_user(f, "ann"), *a = address(f, "a"), *b = address(f, "b");
  flush_append(f, ann, "addresses", a);
  flush_append(f, ann, "addresses", b);
  flush_quietly(f);
  flush_let_go(a);
  flush_let_go(b);
  assert_int_equal(alive(f), 3);
  flush_remove(f, ann, "addresses", a); /* changed: pinned until the flush */
  assert_int_equal(alive(f), 3);
  flush_quietly(f);
  assert_int_equal(alive(f), 2);
  flush_let_go(ann); /* a circle that nothing holds */
  assert_int_equal(alive(f), 0);
  const corm_value key = corm_value_int(1);
  assert_null(corm_session_find(f->w.session, f->w.user, &key));
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

/* Everything above in one go; what it allocates of its own is the host's. */
static corm_status busy_lists(flush_world *f, corm_object *ann, corm_object *bob, corm_object **others) {
  corm_status status = flush_try_append(f, ann, "addresses", others[0]);
  if (status == CORM_OK) status = flush_try_append(f, ann, "addresses", others[1]);
  if (status == CORM_OK) status = flush_try_one(f, others[2], "user", ann);
  if (status == CORM_OK) status = flush_try_append(f, bob, "addresses", others[0]);
  if (status == CORM_OK) status = flush_try_append(f, ann, "tags", others[3]);
  if (status == CORM_OK) status = flush_try_append(f, others[3], "users", bob);
  if (status == CORM_OK) status = flush_try_one(f, others[1], "user", NULL);
  if (status == CORM_OK) status = corm_object_replace(ann, world_rel(f->w.user, "addresses"), others, 3, 0, &f->w.err);
  if (status == CORM_OK) status = corm_object_remove_at(ann, world_rel(f->w.user, "tags"), 0, &f->w.err);
  return status;
}

static void no_memory_for_a_change(void **state) {
  (void)state;
  for (size_t n = 1, through = 0; !through; n++) {
    fail_mem fail;
    flush_world f;
    fail_mem_init(&fail, 0);
    assert_true(flush_open(&f, &fail.mem));
    corm_object *ann = written_user(&f, "ann"), *bob = written_user(&f, "bob");
    corm_object *others[] = {address(&f, "a"), address(&f, "b"), address(&f, "c"), named(&f, f.w.tag, "name", "t")};
    fail.fail_at = fail.calls + n;
    corm_status status = busy_lists(&f, ann, bob, others);
    through = fail.failures == 0;
    fail.fail_at = 0;
    if (!through) {
      assert_int_equal(status, CORM_FAILED);
      assert_int_equal(f.w.err.cls, CORM_E_MEMORY);
      corm_error_clear(&f.w.err);
      ok(&f.w, corm_session_rollback(f.w.session, &f.w.err)); /* whatever was half done is over */
      assert_int_equal(ann->state, CORM_TRANSIENT);
    } else {
      ok(&f.w, status);
      assert_true(n > 30);
      assert_string_equal(emails(ann), "a b c");
      assert_string_equal(emails(bob), "");
      assert_int_equal(others[2]->state, CORM_TRANSIENT); /* came from its own side only */
      flushed(&f, "INSERT INTO tag (name) VALUES (?) | 't'",
              "INSERT INTO address (user_id, email) VALUES (?, ?) | 1, 'a'",
              "INSERT INTO address (user_id, email) VALUES (?, ?) | 1, 'b'",
              "INSERT INTO user_tag (user_id, tag_id) VALUES (?, ?) | 2, 3");
    }
    flush_close(&f);
    assert_int_equal(fail.live, 0);
  }
}

#define T FLUSH_TEST

int main(void) {
  const struct CMUnitTest tests[] = {
      T(both_sides_are_kept_in_step),
      T(both_sides_of_many_to_many),
      T(a_class_may_refer_to_itself),
      T(positions),
      T(a_list_is_replaced),
      T(strangers_are_refused),
      T(history_is_what_differs_from_the_last_flush),
      T(a_commit_of_a_link_forgets_history_and_a_reset_all),
      T(an_unloaded_list_queues),
      T(attaching_adds_to_the_session),
      T(a_pending_orphan_is_never_inserted),
      T(what_is_reachable_lives_and_nothing_else),
      cmocka_unit_test(no_memory_for_a_change),
  };
  return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
