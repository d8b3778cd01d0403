/* Rows become objects: identity, refresh, expiry, dirty data, plain columns. */
#include "orm_world.h"

#define USER    "user.id, user.name, user.age, user.born"
#define ADDRESS "address.id, address.user_id, address.email"

static void rows_become_objects(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  sent(w, "SELECT " USER " FROM user ORDER BY user.id");
  assert_int_equal(users.n, 3);
  const corm_object *ann = users.objects[0];
  assert_string_equal(world_slot(ann, "id"), "1");
  assert_string_equal(world_slot(ann, "name"), "'ann'");
  assert_string_equal(world_slot(ann, "born"), "2001-02-03");
  assert_string_equal(world_slot(users.objects[1], "age"), "NULL");
  assert_int_equal(ann->state, CORM_PERSISTENT);
  assert_ptr_equal(ann->session, w->session);
  assert_true(ann->flags & CORM_OBJECT_KEYED);
  /* The text stands in the block itself. */
  assert_ptr_equal(ann->slots[1].as.s, &ann->slots[ann->mapper->nattributes]);
  assert_false(ann->slots[1].flags & CORM_VALUE_OWNED);
  host_drop(&users);
}

static corm_value text(const char *s) {
  return corm_value_text(s, strlen(s));
}

static void one_key_is_one_object(void **state) {
  world *w = *state;
  host_values first = world_all(w, w->user);
  corm_value name = text("ANN");
  ok(w, corm_object_set(first.objects[0], 1, &name, &w->err));
  assert_true(world_execute(w, "UPDATE user SET name = 'other', age = 99"));
  w->session->no_autoflush++;
  host_values second = world_all(w, w->user);
  w->session->no_autoflush--;
  for (size_t i = 0; i < 3; i++) assert_ptr_equal(first.objects[i], second.objects[i]);
  /* Neither what is changed nor what is loaded is overwritten. */
  assert_string_equal(world_slot(first.objects[0], "name"), "'ANN'");
  assert_string_equal(world_slot(first.objects[0], "age"), "30");
  assert_string_equal(world_slot(first.objects[1], "name"), "'bob'");
  host_drop(&first);
  host_drop(&second);
}

static void populate_existing_overwrites_all(void **state) {
  world *w = *state;
  host_values first = world_all(w, w->user), second;
  corm_value name = text("ANN");
  ok(w, corm_object_set(first.objects[0], 1, &name, &w->err));
  assert_true(world_execute(w, "UPDATE user SET name = 'a longer name than before', age = 99"));
  w->session->no_autoflush++;
  ok(w, world_load(w, world_select(w, w->user), &(corm_load_options){.populate_existing = true}, &second));
  w->session->no_autoflush--;
  assert_string_equal(world_slot(first.objects[0], "name"), "'a longer name than before'");
  assert_string_equal(world_slot(first.objects[0], "age"), "99");
  assert_string_equal(world_slot(first.objects[1], "name"), "'a longer name than before'");
  host_drop(&first);
  host_drop(&second);
}

static void expired_objects_are_filled_by_the_next_row(void **state) {
  world *w = *state;
  host_values first = world_all(w, w->user);
  corm_session_expire_all(w->session);
  assert_string_equal(world_slot(first.objects[0], "name"), "expired absent");
  host_values second = world_all(w, w->user);
  assert_ptr_equal(first.objects[0], second.objects[0]);
  assert_string_equal(world_slot(first.objects[0], "name"), "'ann'");
  assert_string_equal(world_slot(first.objects[0], "id"), "1");
  assert_false(first.objects[0]->flags & CORM_OBJECT_EXPIRED);
  host_drop(&first);
  host_drop(&second);
}

static void an_expired_attribute_reads_the_row(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  const corm_value *value;
  corm_session_expire_all(w->session);
  w->sent = 0;
  ok(w, corm_object_get(users.objects[2], 1, &value, &w->err));
  sent(w, "SELECT " USER " FROM user WHERE user.id = ?");
  assert_string_equal(world_slot(users.objects[2], "name"), "'cy'");
  ok(w, corm_object_get(users.objects[2], 2, &value, &w->err));
  sent_nothing(w);
  assert_true(world_execute(w, "DELETE FROM user WHERE id = 2"));
  refused(w, corm_object_get(users.objects[1], 1, &value, &w->err), CORM_E_OBJECT_DELETED, "Instance User(id=2) has");
  ok(w, corm_session_expunge(w->session, users.objects[0], &w->err));
  refused(w, corm_object_get(users.objects[0], 1, &value, &w->err), CORM_E_DETACHED_INSTANCE,
          "Instance User(id=1) is not bound to a Session; attribute refresh operation of 'User.name'");
  host_drop(&users);
}

static void refresh_reads_again(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  const char *const name = "name", *const wrong = "nmae", *const addresses = "addresses";
  assert_true(world_execute(w, "UPDATE user SET name = 'new', age = 7 WHERE id = 1"));
  ok(w, corm_session_refresh(w->session, users.objects[0], &name, 1, NULL, &w->err));
  assert_string_equal(world_slot(users.objects[0], "name"), "'new'");
  assert_string_equal(world_slot(users.objects[0], "age"), "30");
  ok(w, corm_session_refresh(w->session, users.objects[0], NULL, 0, NULL, &w->err));
  assert_string_equal(world_slot(users.objects[0], "age"), "7");
  w->sent = 0;
  ok(w, corm_session_refresh(w->session, users.objects[0], &addresses, 1, NULL, &w->err));
  world_sent_count(w, 1);
  assert_string_equal(world_ids(users.objects[0], "addresses"), "2,1");
  refused(w, corm_session_refresh(w->session, users.objects[0], &wrong, 1, NULL, &w->err), CORM_E_INVALID_REQUEST,
          "User has no attribute 'nmae'");
  assert_true(world_execute(w, "DELETE FROM user WHERE id = 2"));
  refused(w, corm_session_refresh(w->session, users.objects[1], NULL, 0, NULL, &w->err), CORM_E_INVALID_REQUEST,
          "Could not refresh instance User(id=2)");
  host_drop(&users);
}

static void get_reads_one_row(void **state) {
  world *w = *state;
  corm_value key[2] = {text("x"), corm_value_int(2)};
  corm_loader *loader;
  host_values docs = {.mem = w->mem};
  ok(w, corm_loader_get(w->session, w->doc, key, NULL, &loader, &w->err));
  ok(w, host_run_into(&w->host, loader, &docs, &w->err));
  corm_loader_free(loader);
  sent(w, "SELECT doc.part, doc.no, doc.title FROM doc WHERE doc.part = ? AND doc.no = ?");
  assert_int_equal(docs.n, 1);
  assert_string_equal(world_slot(docs.objects[0], "title"), "'x2'");
  assert_null(docs.objects[0]->siblings);
  assert_ptr_equal(corm_session_find(w->session, w->doc, key), docs.objects[0]);
  key[1] = corm_value_int(99);
  assert_null(corm_session_find(w->session, w->doc, key));
  host_drop(&docs);
}

static void condemned_objects_are_loaded_anew(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  const corm_object *old = users.objects[0];
  host_drop(&users);
  host_collect(&w->host); /* condemned, not finalized yet */
  users = world_all(w, w->user);
  assert_ptr_not_equal(users.objects[0], old);
  host_collect(&w->host);
  assert_int_equal(w->host.finalized, 3);
  assert_int_equal(w->session->identity.count, 3);
  host_drop(&users);
}

static void dirty_data_is_named(void **state) {
  world *w = *state;
  host_values users;
  assert_true(world_execute(w, "UPDATE user SET age = 'old' WHERE id = 2"));
  refused(w, world_load(w, world_select(w, w->user), NULL, &users), CORM_E_DATA, "User.age of User(id=2): ");
  host_drop(&users);
  assert_true(world_execute(w, "UPDATE user SET age = NULL, born = 'soon' WHERE id = 2"));
  refused(w, world_load(w, world_select(w, w->user), NULL, &users), CORM_E_DATA, "User.born of User(id=2): ");
  host_drop(&users);
  /* An object that is there already stays as it was. */
  assert_true(world_execute(w, "UPDATE user SET born = NULL"));
  users = world_all(w, w->user);
  assert_int_equal(users.n, 3);
  assert_string_equal(world_slot(users.objects[0], "born"), "2001-02-03");
  host_drop(&users);
}

static void autoflush_comes_first(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  corm_value name = text("changed");
  ok(w, corm_object_set(users.objects[0], 1, &name, &w->err));
  w->sent = 0;
  host_values again = world_all(w, w->user);
  sent(w, "UPDATE user SET name=? WHERE user.id = ?", "SELECT " USER " FROM user ORDER BY user.id");
  host_drop(&again);
  host_drop(&users);
}

/* select(User, User.age + 1, Address): items in the order of the list, entities by number. */
static void rows_of_several_things(void **state) {
  world *w = *state;
  corm_select *select = world_select(w, w->user);
  const corm_node *columns[3] = {&w->user->bundle->base, NULL, &w->address->bundle->base};
  const corm_value one = corm_value_int(1);
  columns[1] = corm_compare_in(&w->arena, CORM_OP_ADD, corm_mapper_column_in(&w->arena, w->user, 2, NULL), &one);
  const corm_node *on, *from;
  ok(w, corm_registry_configure(&w->registry, &w->err));
  ok(w, corm_relationship_on_in(&w->arena, world_rel(w->user, "addresses"), w->user->from, NULL, w->address->from, NULL,
                                &on, &w->err));
  from = corm_join_in(&w->arena, w->user->from, w->address->from, on, true, false);
  select->columns = columns;
  select->ncolumns = 3;
  select->froms = &from;
  select->nfroms = 1;
  corm_loader *loader;
  ok(w, corm_loader_new(w->session, &select->base, NULL, NULL, &loader, &w->err));
  assert_int_equal(corm_loader_entities(loader), 2);
  assert_int_equal(corm_loader_items(loader), 3);
  uint32_t column;
  assert_int_equal(corm_loader_item(loader, 0, &column), 0);
  assert_int_equal(corm_loader_item(loader, 2, &column), 1);
  assert_int_equal(corm_loader_item(loader, 1, &column), -1);
  assert_int_equal(column, 4);
  assert_ptr_equal(corm_loader_mapper(loader, 1), w->address);
  int rows = 0, without = 0;
  while (corm_loader_step(loader, &w->err) == CORM_ROW) {
    corm_object *user, *address;
    host_values anchors = {.mem = w->mem};
    corm_value value;
    ok(w, host_take_entity(&w->host, loader, 0, &anchors, &user, &w->err));
    ok(w, host_take_entity(&w->host, loader, 1, &anchors, &address, &w->err));
    ok(w, corm_result_value(corm_loader_result(loader), column, &value, &w->err));
    assert_non_null(user);
    if (!address) without++; /* a NULL key is no object */
    if (value.kind == CORM_INT) assert_int_equal(value.as.i, user->slots[2].as.i + 1);
    rows++;
    host_drop(&anchors);
  }
  assert_int_equal(rows, 4);
  assert_int_equal(without, 1);
  corm_loader_free(loader);
}

static void aliased_entities_are_the_same_objects(void **state) {
  world *w = *state;
  corm_select *select = world_select(w, w->user);
  const corm_node *alias = corm_alias_in(&w->arena, w->user->from, "u");
  const corm_node *columns[2] = {corm_mapper_bundle_in(&w->arena, w->user, alias), &w->user->bundle->base};
  const corm_node *order = corm_mapper_column_in(&w->arena, w->user, 0, alias);
  select->columns = columns;
  select->ncolumns = 2;
  select->order_by = &order;
  select->where = corm_binary_in(&w->arena, CORM_OP_EQ, order, corm_mapper_column_in(&w->arena, w->user, 0, NULL));
  host_values users;
  ok(w, world_load(w, select, NULL, &users));
  assert_int_equal(users.n, 3);
  assert_int_equal(w->host.nblocks, 3); /* the second entity of each row is the first */
  host_drop(&users);
}

static void statements_without_entities(void **state) {
  world *w = *state;
  corm_select *select = world_select(w, w->user);
  const corm_node *name = corm_mapper_column_in(&w->arena, w->user, 1, NULL);
  select->columns = &name;
  corm_loader *loader;
  ok(w, corm_loader_new(w->session, &select->base, NULL, NULL, &loader, &w->err));
  assert_int_equal(corm_loader_entities(loader), 0);
  assert_int_equal(corm_loader_items(loader), 1);
  assert_int_equal(corm_loader_step(loader, &w->err), CORM_ROW);
  corm_loader_free(loader); /* in the middle of its rows */
  const corm_node *raw = corm_text_in(&w->arena, "SELECT 1, 2", 11);
  ok(w, corm_loader_new(w->session, raw, NULL, NULL, &loader, &w->err));
  assert_int_equal(corm_loader_items(loader), 2);
  corm_loader_free(loader);
}

static void an_unbound_session_says_so(void **state) {
  world *w = *state;
  corm_session *unbound;
  corm_loader *loader;
  ok(w, corm_session_new(w->mem, &w->host.face, NULL, NULL, NULL, &unbound, &w->err));
  refused(w, corm_loader_new(unbound, &world_select(w, w->user)->base, NULL, NULL, &loader, &w->err),
          CORM_E_UNBOUND_EXECUTION, "this Session is not bound");
  corm_session_release(unbound);
}

/* -- memory -- */

static corm_status load_twice(world *w) {
  host_values users, again = {0};
  corm_select select = {0};
  const corm_node *columns = &w->user->bundle->base;
  select.base = (corm_node){.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)};
  select.columns = &columns;
  select.ncolumns = 1;
  corm_status status = world_load(w, &select, NULL, &users);
  if (status == CORM_OK) {
    corm_session_expire_all(w->session);
    status = world_load(w, &select, NULL, &again);
  }
  host_drop(&users);
  if (again.mem) host_drop(&again);
  return status;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  world_fail_each(load_twice);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
  const struct CMUnitTest tests[] = {
      TEST(rows_become_objects),
      TEST(one_key_is_one_object),
      TEST(populate_existing_overwrites_all),
      TEST(expired_objects_are_filled_by_the_next_row),
      TEST(an_expired_attribute_reads_the_row),
      TEST(refresh_reads_again),
      TEST(get_reads_one_row),
      TEST(condemned_objects_are_loaded_anew),
      TEST(dirty_data_is_named),
      TEST(autoflush_comes_first),
      TEST(rows_of_several_things),
      TEST(aliased_entities_are_the_same_objects),
      TEST(statements_without_entities),
      TEST(an_unbound_session_says_so),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
