/* What one flush sends, in which order, and what is left when it fails. Over the scripted driver. */
#include "flush_world.h"

#include "orm/state.h"

#define USER(name)     "INSERT INTO user (name, age, born) VALUES (?, ?, ?) | '" name "', NULL, NULL"
#define ADDRESS(u, e)  "INSERT INTO address (user_id, email) VALUES (?, ?) | " u ", '" e "'"
#define TAG(name)      "INSERT INTO tag (name) VALUES (?) | '" name "'"
#define NODE(p, label) "INSERT INTO node (parent_id, label) VALUES (?, ?) | " p ", '" label "'"
#define LINK(u, t)     "INSERT INTO user_tag (user_id, tag_id) VALUES (?, ?) | " u ", " t
#define UNLINK(u, t)   "DELETE FROM user_tag WHERE user_tag.user_id = ? AND user_tag.tag_id = ? | " u ", " t

/* -- inserts ------------------------------------------------------------------------------------------------------- */

static void parents_come_first_and_their_keys_travel(void **state) {
  flush_world *f = *state;
  corm_object *first = flush_pending(f, f->w.address, "email", "a@x");
  corm_object *second = flush_pending(f, f->w.address, "email", "b@x");
  corm_object *alone = flush_pending(f, f->w.address, "email", "c@x");
  corm_object *ann = flush_pending(f, f->w.user, "name", "ann");
  flush_append(f, ann, "addresses", second);
  flush_one(f, first, "user", ann);
  flushed(f, "BEGIN IMMEDIATE", USER("ann"), ADDRESS("1", "a@x"), ADDRESS("1", "b@x"), ADDRESS("NULL", "c@x"));
  assert_string_equal(world_slot(ann, "id"), "1");
  assert_string_equal(world_slot(first, "user_id"), "1");
  assert_string_equal(world_slot(alone, "id"), "4");
  assert_int_equal(first->state, CORM_PERSISTENT);
  flushed(f, NULL); /* nothing is left to do */
}

static void rows_of_a_table_keep_the_order_of_add(void **state) {
  flush_world *f = *state;
  flush_pending(f, f->w.tag, "name", "z");
  flush_pending(f, f->w.user, "name", "u");
  flush_pending(f, f->w.tag, "name", "a");
  corm_object *keyed = flush_pending(f, f->w.tag, "name", "keyed");
  flush_int(f, keyed, "id", 77);
  flush_pending(f, f->w.tag, "name", "m");
  flushed(f, "BEGIN IMMEDIATE", TAG("z"), TAG("a"), "INSERT INTO tag (id, name) VALUES (?, ?) | 77, 'keyed'", TAG("m"),
          USER("u"));
}

static void composite_keys_travel_too(void **state) {
  flush_world *f = *state;
  corm_object *page = flush_pending(f, f->w.page, NULL, NULL);
  corm_object *doc = flush_pending(f, f->w.doc, "part", "x");
  flush_int(f, doc, "no", 7);
  flush_one(f, page, "doc", doc);
  flushed(f, "BEGIN IMMEDIATE", "INSERT INTO doc (part, no, title) VALUES (?, ?, ?) | 'x', 7, NULL",
          "INSERT INTO page (doc_part, doc_no) VALUES (?, ?) | 'x', 7");
}

static void rows_that_refer_to_their_own_table_are_sorted(void **state) {
  flush_world *f = *state;
  corm_object *leaf = flush_pending(f, f->w.node, "label", "leaf");
  corm_object *branch = flush_pending(f, f->w.node, "label", "branch");
  corm_object *root = flush_pending(f, f->w.node, "label", "root");
  flush_pending(f, f->w.node, "label", "other");
  flush_one(f, leaf, "parent", branch);
  flush_append(f, root, "children", branch);
  flushed(f, "BEGIN IMMEDIATE", NODE("NULL", "root"), NODE("1", "branch"), NODE("2", "leaf"), NODE("NULL", "other"));
}

static void tables_that_refer_to_each_other_are_sorted_row_by_row(void **state) {
  flush_world *f = *state;
  corm_object *l1 = flush_pending(f, f->left, NULL, NULL), *l2 = flush_pending(f, f->left, NULL, NULL);
  corm_object *r1 = flush_pending(f, f->right, NULL, NULL), *r2 = flush_pending(f, f->right, NULL, NULL);
  flush_one(f, l1, "right", r1);
  flush_one(f, r1, "left", l2);
  flush_one(f, l2, "right", r2);
  flushed(f, "BEGIN IMMEDIATE", "INSERT INTO \"right\" (left_id) VALUES (?) | NULL",
          "INSERT INTO \"left\" (right_id) VALUES (?) | 1", "INSERT INTO \"right\" (left_id) VALUES (?) | 2",
          "INSERT INTO \"left\" (right_id) VALUES (?) | 3");
}

static void circles_are_refused_by_name(void **state) {
  flush_world *f = *state;
  corm_object *a = flush_pending(f, f->w.node, "label", "a"), *b = flush_pending(f, f->w.node, "label", "b");
  flush_one(f, a, "parent", b);
  flush_one(f, b, "parent", a);
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_CIRCULAR_DEPENDENCY,
          "rows depend on each other in a circle: Node(id=NULL) -> Node(id=NULL)");
  logged_nothing(f); /* refused before anything was sent */
  refused(&f->w, corm_session_commit(f->w.session, &f->w.err), CORM_E_PENDING_ROLLBACK, "this Session's transaction");
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
  assert_int_equal(a->state, CORM_TRANSIENT);
  flush_one(f, b, "parent", NULL);
  ok(&f->w, corm_session_add(f->w.session, a, &f->w.err));
  flushed(f, "BEGIN IMMEDIATE", NODE("NULL", "b"), NODE("1", "a"));
}

static void circles_over_two_tables_are_refused(void **state) {
  flush_world *f = *state;
  corm_object *l = flush_pending(f, f->left, NULL, NULL), *r = flush_pending(f, f->right, NULL, NULL);
  flush_one(f, l, "right", r);
  flush_one(f, r, "left", l);
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_CIRCULAR_DEPENDENCY,
          "rows depend on each other in a circle: Left(id=NULL) -> Right(id=NULL)");
  logged_nothing(f);
}

/* -- updates and moves --------------------------------------------------------------------------------------------- */

static void only_what_differs_is_written(void **state) {
  flush_world *f = *state;
  corm_object *ann = flush_pending(f, f->w.user, "name", "ann"), *bob = flush_pending(f, f->w.user, "name", "bob");
  flush_quietly(f);
  flush_text(f, ann, "name", "other");
  flush_text(f, ann, "name", "ann"); /* back again */
  flush_int(f, bob, "age", 9);
  flushed(f, "UPDATE user SET age=? WHERE user.id = ? | 9, 2");
  assert_false(corm_object_has_changes(bob));
}

static void updates_go_by_key_and_before_inserts(void **state) {
  flush_world *f = *state;
  corm_object *tags[3];
  for (int i = 0; i < 3; i++) tags[i] = flush_pending(f, f->w.tag, "name", "t");
  flush_quietly(f);
  flush_pending(f, f->w.tag, "name", "new");
  for (int i = 3; i-- > 0;) flush_text(f, tags[i], "name", "changed");
  flushed(f, "UPDATE tag SET name=? WHERE tag.id = ? | 'changed', 1",
          "UPDATE tag SET name=? WHERE tag.id = ? | 'changed', 2",
          "UPDATE tag SET name=? WHERE tag.id = ? | 'changed', 3", TAG("new"));
}

static void a_replaced_key_is_looked_for_by_the_old_one(void **state) {
  flush_world *f = *state;
  corm_object *tag = flush_pending(f, f->w.tag, "name", "t");
  flush_quietly(f);
  flush_int(f, tag, "id", 50);
  flushed(f, "UPDATE tag SET id=? WHERE tag.id = ? | 50, 1");
  const corm_value old = corm_value_int(1), now = corm_value_int(50);
  assert_null(corm_session_find(f->w.session, f->w.tag, &old));
  assert_ptr_equal(corm_session_find(f->w.session, f->w.tag, &now), tag);
}

/* ann (1) with a (3) and b (4), bob (2) with none; written. */
typedef struct family {
  corm_object *ann, *bob, *a, *b;
} family;

static void no_list(flush_world *f, corm_object *object, const char *key) {
  ok(&f->w, corm_object_replace(object, world_rel(object->mapper, key), NULL, 0, 0, &f->w.err));
}

static family new_family(flush_world *f) {
  family x = {flush_pending(f, f->w.user, "name", "ann"), flush_pending(f, f->w.user, "name", "bob"), NULL, NULL};
  for (int i = 0; i < 2; i++) { /* said to be empty, so that nothing is loaded later */
    no_list(f, i ? x.bob : x.ann, "addresses");
    no_list(f, i ? x.bob : x.ann, "tags");
  }
  x.a = flush_new(f, f->w.address);
  x.b = flush_new(f, f->w.address);
  flush_text(f, x.a, "email", "a@x");
  flush_text(f, x.b, "email", "b@x");
  flush_append(f, x.ann, "addresses", x.a);
  flush_append(f, x.ann, "addresses", x.b);
  flush_quietly(f);
  return x;
}

static void a_child_moves(void **state) {
  flush_world *f = *state;
  family x = new_family(f);
  flush_append(f, x.bob, "addresses", x.a);
  assert_string_equal(world_ids(x.ann, "addresses"), "4");
  flushed(f, "UPDATE address SET user_id=? WHERE address.id = ? | 2, 3");
  flush_one(f, x.a, "user", x.ann);
  flush_one(f, x.a, "user", x.bob); /* changed their mind */
  flushed(f, NULL);
  flush_remove(f, x.bob, "addresses", x.a);
  flush_append(f, x.ann, "addresses", x.a);
  flushed(f, "UPDATE address SET user_id=? WHERE address.id = ? | 1, 3");
}

static void a_child_moves_to_a_new_parent(void **state) {
  flush_world *f = *state;
  family x = new_family(f);
  corm_object *cy = flush_pending(f, f->w.user, "name", "cy");
  flush_append(f, cy, "addresses", x.b);
  flushed(f, USER("cy"), "UPDATE address SET user_id=? WHERE address.id = ? | 5, 4");
}

static void a_child_that_was_removed_loses_its_key(void **state) {
  flush_world *f = *state;
  family x = new_family(f);
  flush_remove(f, x.ann, "addresses", x.b);
  flushed(f, "UPDATE address SET user_id=? WHERE address.id = ? | NULL, 4");
  flush_one(f, x.a, "user", NULL);
  flushed(f, "UPDATE address SET user_id=? WHERE address.id = ? | NULL, 3");
  assert_string_equal(world_ids(x.ann, "addresses"), "none");
}

static void an_orphan_is_deleted(void **state) {
  flush_world *f = *state;
  corm_relationship *addresses = world_rel(f->w.user, "addresses");
  addresses->cascade |= CORM_CASCADE_DELETE | CORM_CASCADE_DELETE_ORPHAN;
  family x = new_family(f);
  flush_remove(f, x.ann, "addresses", x.a);
  flush_append(f, x.bob, "addresses", x.b); /* has another parent, so it is none */
  flushed(f, "UPDATE address SET user_id=? WHERE address.id = ? | 2, 4",
          "DELETE FROM address WHERE address.id = ? | 3");
  assert_int_equal(x.a->state, CORM_DELETED);
}

/* -- deletes ------------------------------------------------------------------------------------------------------- */

static void children_of_a_deleted_parent_lose_their_key(void **state) {
  flush_world *f = *state;
  family x = new_family(f);
  ok(&f->w, corm_session_delete(f->w.session, x.ann, &f->w.err));
  flushed(f, "UPDATE address SET user_id=? WHERE address.id = ? | NULL, 3",
          "UPDATE address SET user_id=? WHERE address.id = ? | NULL, 4", "DELETE FROM user WHERE user.id = ? | 1");
  assert_int_equal(x.a->state, CORM_PERSISTENT);
}

static void deletes_go_the_other_way_round_and_by_key(void **state) {
  flush_world *f = *state;
  family x = new_family(f);
  ok(&f->w, corm_session_delete(f->w.session, x.bob, &f->w.err));
  ok(&f->w, corm_session_delete(f->w.session, x.ann, &f->w.err));
  ok(&f->w, corm_session_delete(f->w.session, x.b, &f->w.err));
  ok(&f->w, corm_session_delete(f->w.session, x.a, &f->w.err));
  flushed(f, "DELETE FROM address WHERE address.id = ? | 3", "DELETE FROM address WHERE address.id = ? | 4",
          "DELETE FROM user WHERE user.id = ? | 1", "DELETE FROM user WHERE user.id = ? | 2");
}

static void a_tree_is_deleted_from_its_leaves(void **state) {
  flush_world *f = *state;
  world_rel(f->w.node, "children")->cascade |= CORM_CASCADE_DELETE;
  corm_object *root = flush_pending(f, f->w.node, "label", "root"), *branch = flush_new(f, f->w.node);
  corm_object *leaf = flush_new(f, f->w.node);
  flush_append(f, root, "children", branch);
  flush_append(f, branch, "children", leaf);
  flush_quietly(f);
  flush_no_rows(f, f->w.node);
  ok(&f->w, corm_session_delete(f->w.session, root, &f->w.err));
  logged(f, "SELECT node.id, node.parent_id, node.label \nFROM node \nWHERE ? = node.parent_id | 3");
  flushed(f, "DELETE FROM node WHERE node.id = ? | 3", "DELETE FROM node WHERE node.id = ? | 2",
          "DELETE FROM node WHERE node.id = ? | 1");
}

static void a_deleted_object_leaves_the_lists_that_hold_it(void **state) {
  flush_world *f = *state;
  family x = new_family(f);
  ok(&f->w, corm_session_delete(f->w.session, x.a, &f->w.err));
  assert_string_equal(world_ids(x.ann, "addresses"), "3,4");
  flushed(f, "DELETE FROM address WHERE address.id = ? | 3");
  assert_string_equal(world_ids(x.ann, "addresses"), "4");
}

/* -- many to many -------------------------------------------------------------------------------------------------- */

static void association_rows_are_the_difference(void **state) {
  flush_world *f = *state;
  corm_object *ann = flush_pending(f, f->w.user, "name", "ann");
  corm_object *red = flush_pending(f, f->w.tag, "name", "red"), *blue = flush_pending(f, f->w.tag, "name", "blue");
  flush_append(f, ann, "tags", red);
  flush_append(f, blue, "users", ann); /* from the other side, and each row is written once */
  flushed(f, "BEGIN IMMEDIATE", USER("ann"), TAG("red"), TAG("blue"), LINK("1", "2"), LINK("1", "3"));
  corm_object *green = flush_pending(f, f->w.tag, "name", "green");
  flush_remove(f, ann, "tags", red);
  flush_append(f, ann, "tags", green);
  flush_append(f, ann, "tags", red);
  flush_remove(f, blue, "users", ann);
  flushed(f, TAG("green"), UNLINK("1", "3"), LINK("1", "6"));
  flush_remove(f, ann, "tags", green);
  flush_append(f, ann, "tags", green); /* as it was */
  flushed(f, NULL);
}

static void a_deleted_object_takes_its_association_rows_along(void **state) {
  flush_world *f = *state;
  corm_object *ann = flush_pending(f, f->w.user, "name", "ann"), *red = flush_pending(f, f->w.tag, "name", "red");
  flush_append(f, ann, "tags", red);
  flush_quietly(f);
  world_rel(f->w.user, "addresses")->def.passive_deletes = CORM_PASSIVE_ALL;
  ok(&f->w, corm_session_delete(f->w.session, ann, &f->w.err));
  flushed(f, UNLINK("1", "2"), "DELETE FROM user WHERE user.id = ? | 1");
  assert_string_equal(world_ids(red, "users"), "none");
}

static void a_missing_association_row_is_stale_data(void **state) {
  flush_world *f = *state;
  corm_object *ann = flush_pending(f, f->w.user, "name", "ann"), *red = flush_pending(f, f->w.tag, "name", "red");
  flush_append(f, ann, "tags", red);
  flush_quietly(f);
  flush_remove(f, ann, "tags", red);
  ok(&f->w, corm_fake_rows(f->fake, "DELETE", NULL, 0, NULL, 0));
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_STALE_DATA,
          "DELETE statement on table 'user_tag' expected to match 1 row(s); 0 were matched");
}

/* -- failures ------------------------------------------------------------------------------------------------------ */

static void an_update_that_matches_no_row_is_stale_data(void **state) {
  flush_world *f = *state;
  corm_object *tag = flush_pending(f, f->w.tag, "name", "t");
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  corm_fake_log_clear(f->fake);
  flush_text(f, tag, "name", "u");
  ok(&f->w, corm_fake_rows(f->fake, "UPDATE", NULL, 0, NULL, 0));
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_STALE_DATA,
          "UPDATE statement on table 'tag' expected to match 1 row(s); 0 were matched; not there: Tag(id=1)");
  logged(f, "BEGIN IMMEDIATE", "UPDATE tag SET name=? WHERE tag.id = ? | 'u', 1", "ROLLBACK");
}

/* Three objects and a link: five statements, each of which can be named. */
typedef struct unit {
  corm_object *ann, *address, *tag;
} unit;

static unit new_unit(flush_world *f) {
  unit x = {flush_pending(f, f->w.user, "name", "ann"), flush_new(f, f->w.address), flush_new(f, f->w.tag)};
  flush_text(f, x.address, "email", "a@x");
  flush_text(f, x.tag, "name", "red");
  flush_append(f, x.ann, "addresses", x.address);
  flush_append(f, x.ann, "tags", x.tag);
  return x;
}

static const char *const unit_begins[] = {"INTO user (", "INTO address", "INTO tag", "INTO user_tag"};
enum { UNIT = sizeof unit_begins / sizeof *unit_begins };

/* What a unit sends up to its statement `last`, when the database has given `id` keys before. */
static uint32_t unit_lines(char lines[][128], const char **out, int id, uint32_t last) {
  (void)snprintf(lines[0], 128, USER("ann"));
  (void)snprintf(lines[1], 128, ADDRESS("%d", "a@x"), id + 1);
  (void)snprintf(lines[2], 128, TAG("red"));
  (void)snprintf(lines[3], 128, LINK("%d", "%d"), id + 1, id + 3);
  for (uint32_t i = 0; i <= last; i++) out[i] = lines[i];
  return last + 1;
}

static void check_transient(const corm_object *object) {
  assert_int_equal(object->state, CORM_TRANSIENT);
  assert_null(object->session);
  assert_string_equal(world_slot(object, "id"), "absent");
  assert_int_equal(corm_object_frames(object), 0);
  assert_false(host_block_of(object)->pinned);
}

static void refuses_until_rollback(flush_world *f) {
  corm_conn *conn;
  refused(&f->w, corm_session_connection(f->w.session, &conn, &f->w.err), CORM_E_PENDING_ROLLBACK,
          "this Session's transaction has been rolled back due to a previous exception during flush; to begin a new "
          "transaction, first call session:rollback(). Original exception was: (IntegrityError) no such luck");
  refused(&f->w, corm_session_commit(f->w.session, &f->w.err), CORM_E_PENDING_ROLLBACK, "this Session's");
  refused(&f->w, corm_session_begin_nested(f->w.session, &f->w.err), CORM_E_PENDING_ROLLBACK, "this Session's");
  logged_nothing(f);
}

/* The k-th statement fails: the whole is rolled back at once, the session refuses everything but rollback(), and the
   same unit goes through afterwards. */
static void fail_at(flush_world *f, uint32_t k, bool ends_transaction) {
  char text[UNIT][128];
  const char *lines[UNIT + 2] = {"BEGIN IMMEDIATE"};
  unit x = new_unit(f);
  uint32_t n = 1 + unit_lines(text, lines + 1, 0, k);
  if (!ends_transaction) lines[n++] = "ROLLBACK";
  ok(&f->w, corm_fake_fault(f->fake, unit_begins[k], CORM_E_INTEGRITY, "no such luck", ends_transaction));
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_INTEGRITY, "no such luck");
  flush_expect(f, n, lines);
  refuses_until_rollback(f);
  ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
  logged_nothing(f);
  check_transient(x.ann);
  check_transient(x.tag);
  check_transient(x.address);
  ok(&f->w, corm_session_add(f->w.session, x.ann, &f->w.err));
  ok(&f->w, corm_session_commit(f->w.session, &f->w.err));
  n = 1 + unit_lines(text, lines + 1, (int)k, UNIT - 1);
  lines[n++] = "COMMIT";
  flush_expect(f, n, lines);
  assert_int_equal(x.address->state, CORM_PERSISTENT);
}

static void each_statement_may_fail(void **state) {
  (void)state;
  for (uint32_t k = 0; k < 2 * UNIT; k++) {
    flush_world f;
    assert_true(flush_open(&f, &corm_mem_libc));
    fail_at(&f, k / 2, k % 2);
    flush_close(&f);
  }
}

/* Inside a savepoint only that is lost, unless the database ended the whole transaction. */
static void fail_nested_at(flush_world *f, uint32_t k, bool ends_transaction) {
  corm_object *before = flush_pending(f, f->w.tag, "name", "before");
  ok(&f->w, corm_session_begin_nested(f->w.session, &f->w.err));
  corm_fake_log_clear(f->fake);
  const corm_frame *frame = f->w.session->frame;
  unit x = new_unit(f);
  flush_text(f, before, "name", "after");
  ok(&f->w, corm_fake_fault(f->fake, unit_begins[k], CORM_E_INTEGRITY, "no such luck", ends_transaction));
  refused(&f->w, corm_session_flush(f->w.session, &f->w.err), CORM_E_INTEGRITY, "no such luck");
  corm_fake_log_clear(f->fake);
  refuses_until_rollback(f);
  check_transient(x.ann);
  ok(&f->w, corm_session_end_frame(f->w.session, f->w.session->frame, false, &f->w.err));
  assert_ptr_not_equal(f->w.session->frame, frame);
  if (ends_transaction) {
    refuses_until_rollback(f);
    ok(&f->w, corm_session_rollback(f->w.session, &f->w.err));
    check_transient(before);
    return;
  }
  assert_int_equal(before->state, CORM_PERSISTENT);
  assert_string_equal(world_slot(before, "name"), "expired absent");
  ok(&f->w, corm_session_add(f->w.session, x.ann, &f->w.err));
  corm_fake_log_clear(f->fake);
  char text[UNIT][128];
  const char *lines[UNIT];
  ok(&f->w, corm_session_flush(f->w.session, &f->w.err));
  flush_expect(f, unit_lines(text, lines, (int)k + 1, UNIT - 1), lines);
}

static void each_statement_may_fail_in_a_savepoint(void **state) {
  (void)state;
  for (uint32_t k = 0; k < 2 * UNIT; k++) {
    flush_world f;
    assert_true(flush_open(&f, &corm_mem_libc));
    fail_nested_at(&f, k / 2, k % 2);
    flush_close(&f);
  }
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

/* One flush of everything above, built in scratch memory that does not fail. */
typedef struct memory_case {
  fail_mem fail;
  flush_world f;
  unit x;
  corm_object *moved, *orphan, *node;
} memory_case;

static void memory_open(memory_case *c) {
  flush_world *f = &c->f;
  fail_mem_init(&c->fail, 0);
  assert_true(flush_open(f, &c->fail.mem));
  world_rel(f->w.user, "addresses")->cascade |= CORM_CASCADE_DELETE | CORM_CASCADE_DELETE_ORPHAN;
  family x = new_family(f);
  corm_object *tree = flush_pending(f, f->w.node, "label", "a text that does not fit into a block of its own");
  no_list(f, tree, "children");
  flush_quietly(f);
  c->x = new_unit(f);
  c->moved = x.a;
  c->orphan = x.b;
  flush_append(f, c->x.ann, "addresses", c->moved);
  flush_remove(f, x.ann, "addresses", c->orphan);
  flush_int(f, x.bob, "id", 99);
  c->node = flush_pending(f, f->w.node, "label", "leaf");
  flush_append(f, tree, "children", c->node);
}

static void no_memory_for_a_flush(void **state) {
  (void)state;
  for (size_t n = 1, through = 0; !through; n++) {
    memory_case c;
    world *w = &c.f.w;
    memory_open(&c);
    c.fail.fail_at = c.fail.calls + n;
    corm_status status = corm_session_flush(w->session, &w->err);
    through = c.fail.failures == 0;
    c.fail.fail_at = 0;
    if (through) {
      ok(w, status);
      assert_true(n > 30);
      assert_int_equal(c.orphan->state, CORM_DELETED);
      assert_int_equal(c.node->state, CORM_PERSISTENT);
    } else {
      assert_int_equal(status, CORM_FAILED);
      assert_int_equal(w->err.cls, CORM_E_MEMORY);
      corm_error_clear(&w->err);
      ok(w, corm_session_rollback(w->session, &w->err));
      check_transient(c.x.ann);
      check_transient(c.node);
      ok(w, corm_session_add(w->session, c.x.ann, &w->err));
      ok(w, corm_session_commit(w->session, &w->err));
      assert_int_equal(c.x.ann->state, CORM_PERSISTENT);
    }
    flush_close(&c.f);
    assert_int_equal(c.fail.live, 0);
  }
}

#define T FLUSH_TEST

int main(void) {
  const struct CMUnitTest tests[] = {
      T(parents_come_first_and_their_keys_travel),
      T(rows_of_a_table_keep_the_order_of_add),
      T(composite_keys_travel_too),
      T(rows_that_refer_to_their_own_table_are_sorted),
      T(tables_that_refer_to_each_other_are_sorted_row_by_row),
      T(circles_are_refused_by_name),
      T(circles_over_two_tables_are_refused),
      T(only_what_differs_is_written),
      T(updates_go_by_key_and_before_inserts),
      T(a_replaced_key_is_looked_for_by_the_old_one),
      T(a_child_moves),
      T(a_child_moves_to_a_new_parent),
      T(a_child_that_was_removed_loses_its_key),
      T(an_orphan_is_deleted),
      T(children_of_a_deleted_parent_lose_their_key),
      T(deletes_go_the_other_way_round_and_by_key),
      T(a_tree_is_deleted_from_its_leaves),
      T(a_deleted_object_leaves_the_lists_that_hold_it),
      T(association_rows_are_the_difference),
      T(a_deleted_object_takes_its_association_rows_along),
      T(a_missing_association_row_is_stale_data),
      T(an_update_that_matches_no_row_is_stale_data),
      cmocka_unit_test(each_statement_may_fail),
      cmocka_unit_test(each_statement_may_fail_in_a_savepoint),
      cmocka_unit_test(no_memory_for_a_flush),
  };
  return cmocka_run_group_tests_name("flush", tests, NULL, NULL);
}
