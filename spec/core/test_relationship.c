/* Relationships: what is inferred from foreign keys, what is refused and which parameter solves it, pairs, cascades. */
#include "orm_world.h"

static void configure(world *w) {
  ok(w, corm_registry_configure(&w->registry, &w->err));
}

static corm_status add(world *w, corm_mapper *mapper, const corm_relationship_def *def) {
  corm_relationship *relationship;
  return corm_relationship_new(mapper, def, &relationship, &w->err);
}

static void directions_are_inferred(void **state) {
  world *w = *state;
  configure(w);
  const corm_relationship *addresses = world_rel(w->user, "addresses"), *user = world_rel(w->address, "user");
  assert_int_equal(addresses->direction, CORM_ONE_TO_MANY);
  assert_true(addresses->uselist);
  assert_ptr_equal(addresses->target, w->address);
  assert_ptr_equal(addresses->inverse, user);
  assert_int_equal(addresses->npairs, 1);
  assert_int_equal(addresses->pairs[0].near_slot, 0);
  assert_int_equal(addresses->pairs[0].far_slot, 1);
  assert_int_equal(user->direction, CORM_MANY_TO_ONE);
  assert_false(user->uselist);
  assert_ptr_equal(user->inverse, addresses);
  assert_true(user->by_primary_key);
  assert_int_equal(user->pairs[0].near_slot, 1);
  assert_int_equal(w->user->referrers.len, 2); /* Address.user, Tag.users */
}

static void secondary_tables_have_two_sides(void **state) {
  world *w = *state;
  configure(w);
  const corm_relationship *tags = world_rel(w->user, "tags");
  assert_int_equal(tags->direction, CORM_MANY_TO_MANY);
  assert_true(tags->uselist);
  assert_int_equal(tags->nnear, 1);
  assert_int_equal(tags->nfar, 1);
  assert_string_equal(tags->near_secondary[0].column->name, "user_id");
  assert_string_equal(tags->far_secondary[0].column->name, "tag_id");
  assert_ptr_equal(tags->inverse, world_rel(w->tag, "users"));
}

static void self_reference_by_remote_side(void **state) {
  world *w = *state;
  configure(w);
  assert_int_equal(world_rel(w->node, "children")->direction, CORM_ONE_TO_MANY);
  assert_int_equal(world_rel(w->node, "parent")->direction, CORM_MANY_TO_ONE);
  assert_ptr_equal(world_rel(w->node, "parent")->inverse, world_rel(w->node, "children"));
}

static void composite_keys_in_key_order(void **state) {
  world *w = *state;
  configure(w);
  const corm_relationship *doc = world_rel(w->page, "doc");
  assert_int_equal(doc->npairs, 2);
  assert_true(doc->by_primary_key);
  assert_int_equal(doc->pairs[doc->pk_order[0]].far_slot, 0);
  assert_int_equal(doc->pairs[doc->pk_order[1]].far_slot, 1);
}

/* Of another registry: what stays must not know of it any more, whichever goes first. */
static void who_goes_is_forgotten(void **state) {
  world *w = *state;
  const corm_mapper_def of_user = {.name = "Target", .table = corm_metadata_table(&w->metadata, "user")};
  const corm_mapper_def of_address = {.name = "Holder", .table = corm_metadata_table(&w->metadata, "address")};
  configure(w);
  for (int target_first = 0; target_first < 2; target_first++) {
    corm_registry other;
    corm_registry_init(&other, w->mem, w->registry.host);
    corm_mapper *target, *holder;
    ok(w, corm_mapper_new(w->mem, &other, &of_user, &target, &w->err));
    ok(w, corm_mapper_new(w->mem, &other, &of_address, &holder, &w->err));
    corm_relationship_def known = world_def("known", NULL, NULL), own = world_def("own", "Target", NULL);
    known.target_mapper = w->user;
    ok(w, add(w, holder, &known));
    ok(w, add(w, holder, &own));
    ok(w, corm_registry_configure(&other, &w->err));
    assert_int_equal(w->user->referrers.len, 3);
    assert_int_equal(target->referrers.len, 1);
    corm_mapper_free(target_first ? target : holder);
    assert_int_equal(w->user->referrers.len, target_first ? 3 : 2);
    if (target_first)
      assert_null(world_rel(holder, "own")->target);
    else
      assert_int_equal(target->referrers.len, 0);
    corm_mapper_free(target_first ? holder : target);
    assert_int_equal(w->user->referrers.len, 2);
    corm_registry_clear(&other);
  }
}

/* -- refusals: each adds one relationship to the world -- */

#define refused_when_configured(w, mapper, def, cls, begins)                                                           \
  do {                                                                                                                 \
    ok(w, add(w, mapper, def));                                                                                        \
    refused(w, corm_registry_configure(&(w)->registry, &(w)->err), cls, begins);                                       \
  } while (0)

static void unknown_classes(void **state) {
  world *w = *state;
  corm_relationship_def def = world_def("other", "Adress", NULL);
  ok(w, add(w, w->user, &def));
  assert_int_equal(corm_registry_configure(&w->registry, &w->err), CORM_FAILED);
  assert_string_equal(w->err.hint, "did you mean 'Address'?");
  refused(w, CORM_FAILED, CORM_E_INVALID_REQUEST,
          "When initializing mapper User, relationship User.other failed to locate a class named 'Adress'");
  /* A class that comes later repairs it. */
  assert_non_null(world_map(w, "Adress", "address"));
  configure(w);
}

static void no_foreign_key(void **state) {
  world *w = *state;
  corm_relationship_def def = world_def("nodes", "Node", NULL);
  refused_when_configured(w, w->user, &def, CORM_E_NO_FOREIGN_KEYS,
                          "Could not determine join condition between parent/child tables on relationship User.nodes - "
                          "there are no foreign keys linking the tables 'user' and 'node'.");
}

static void a_foreign_keys_argument_without_a_foreign_key(void **state) {
  world *w = *state;
  corm_column *email = world_find_column(w, "address", "email");
  corm_relationship_def def = world_def("mails", "Address", NULL);
  def.foreign_keys = &email;
  def.nforeign_keys = 1;
  refused_when_configured(w, w->user, &def, CORM_E_NO_FOREIGN_KEYS, "Could not determine join condition");
}

/* order (id, billing_id -> address, shipping_id -> address) */
static corm_mapper *add_orders(world *w) {
  world_table *t = world_add_table(w, "order");
  assert_non_null(t);
  assert_non_null(world_column(t, "id", CORM_TYPE_INTEGER, true));
  assert_non_null(world_column(t, "billing_id", CORM_TYPE_INTEGER, false));
  assert_non_null(world_column(t, "shipping_id", CORM_TYPE_INTEGER, false));
  assert_true(world_foreign_key(t, "billing_id", "address.id", NULL, NULL));
  assert_true(world_foreign_key(t, "shipping_id", "address.id", NULL, NULL));
  return world_map(w, "Order", "order");
}

static void several_foreign_keys(void **state) {
  world *w = *state;
  corm_mapper *order = add_orders(w);
  corm_relationship_def def = world_def("shipping", "Address", NULL);
  refused_when_configured(w, order, &def, CORM_E_AMBIGUOUS_FOREIGN_KEYS,
                          "Could not determine join condition between parent/child tables on relationship "
                          "Order.shipping - there are multiple foreign key paths linking the tables.  Specify the "
                          "'foreign_keys' argument");
  /* What the host learns late, it may still say. */
  corm_column *shipping = world_find_column(w, "order", "shipping_id");
  corm_relationship *relationship = world_rel(order, "shipping");
  relationship->def.foreign_keys = &shipping;
  relationship->def.nforeign_keys = 1;
  configure(w);
  assert_int_equal(relationship->direction, CORM_MANY_TO_ONE);
  assert_int_equal(relationship->pairs[0].near_slot, 2);
}

/* follow (follower_id -> user, followed_id -> user) */
static void self_referential_secondary(void **state) {
  world *w = *state;
  world_table *t = world_add_table(w, "follow");
  assert_non_null(t);
  assert_non_null(world_column(t, "follower_id", CORM_TYPE_INTEGER, true));
  assert_non_null(world_column(t, "followed_id", CORM_TYPE_INTEGER, true));
  assert_true(world_foreign_key(t, "follower_id", "user.id", NULL, NULL));
  assert_true(world_foreign_key(t, "followed_id", "user.id", NULL, NULL));
  corm_relationship_def follows = world_def("follows", "User", "followers");
  corm_relationship_def followers = world_def("followers", "User", "follows");
  follows.secondary = followers.secondary = &t->table;
  ok(w, add(w, w->user, &followers));
  refused_when_configured(w, w->user, &follows, CORM_E_AMBIGUOUS_FOREIGN_KEYS,
                          "Could not determine join condition between parent/secondary tables on relationship "
                          "User.followers - there are multiple foreign key paths linking the tables.  Specify the "
                          "'remote_side' argument");
  corm_column *followed = world_find_column(w, "follow", "followed_id");
  corm_relationship *a = world_rel(w->user, "follows"), *b = world_rel(w->user, "followers");
  a->def.remote_side = &followed;
  a->def.nremote_side = 1;
  b->def.remote_side = &followed;
  b->def.nremote_side = 1;
  refused(w, corm_registry_configure(&w->registry, &w->err), CORM_E_ARGUMENT,
          "User.followers and back-reference User.follows do not mirror each other; specify the 'remote_side'");
}

static void self_referential_secondary_mirrors(void **state) {
  world *w = *state;
  world_table *t = world_add_table(w, "follow");
  assert_non_null(t);
  corm_column *follower = world_column(t, "follower_id", CORM_TYPE_INTEGER, true);
  corm_column *followed = world_column(t, "followed_id", CORM_TYPE_INTEGER, true);
  assert_true(world_foreign_key(t, "follower_id", "user.id", NULL, NULL));
  assert_true(world_foreign_key(t, "followed_id", "user.id", NULL, NULL));
  corm_relationship_def follows = world_def("follows", "User", "followers");
  corm_relationship_def followers = world_def("followers", "User", "follows");
  follows.secondary = followers.secondary = &t->table;
  follows.remote_side = &followed;
  followers.remote_side = &follower;
  follows.nremote_side = followers.nremote_side = 1;
  ok(w, add(w, w->user, &follows));
  ok(w, add(w, w->user, &followers));
  configure(w);
  assert_string_equal(world_rel(w->user, "follows")->near_secondary[0].column->name, "follower_id");
  assert_string_equal(world_rel(w->user, "followers")->far_secondary[0].column->name, "follower_id");
  assert_true(world_execute(w, "CREATE TABLE follow (follower_id INTEGER, followed_id INTEGER)"));
  assert_true(world_execute(w, "INSERT INTO follow VALUES (1, 2), (1, 3), (3, 1)"));
  host_values users = world_all(w, w->user);
  assert_string_equal(world_access(w, users.objects[0], "follows"), "2,3");
  assert_string_equal(world_access(w, users.objects[0], "followers"), "3");
  assert_string_equal(world_ids(users.objects[1], "follows"), "none");
  host_drop(&users);
}

static void remote_side_must_fit(void **state) {
  world *w = *state;
  corm_column *label = world_find_column(w, "node", "label");
  corm_relationship_def def = world_def("odd", "Node", NULL);
  def.remote_side = &label;
  def.nremote_side = 1;
  refused_when_configured(w, w->node, &def, CORM_E_ARGUMENT,
                          "remote_side of the self-referential relationship Node.odd must name");
}

static void a_pair_needs_both_directions(void **state) {
  world *w = *state;
  corm_relationship *parent = world_rel(w->node, "parent");
  parent->def.nremote_side = 0;
  refused(w, corm_registry_configure(&w->registry, &w->err), CORM_E_ARGUMENT,
          "Node.children and back-reference Node.parent are both of the same direction ONE_TO_MANY.  Did you mean to "
          "set remote_side on the many-to-one side?");
}

static void back_populates_must_be_there(void **state) {
  world *w = *state;
  world_rel(w->user, "addresses")->def.back_populates = "usr";
  assert_int_equal(corm_registry_configure(&w->registry, &w->err), CORM_FAILED);
  assert_string_equal(w->err.hint, "did you mean 'user'?");
  refused(w, CORM_FAILED, CORM_E_INVALID_REQUEST, "back_populates of User.addresses: mapper Address has no property");
  world_rel(w->user, "addresses")->def.back_populates = "email";
  refused(w, corm_registry_configure(&w->registry, &w->err), CORM_E_INVALID_REQUEST,
          "back_populates of User.addresses: mapper Address has no relationship, only a column, 'email'");
}

static void back_populates_must_come_back(void **state) {
  world *w = *state;
  corm_relationship_def def = world_def("more", "Address", "user");
  refused_when_configured(w, w->user, &def, CORM_E_ARGUMENT,
                          "User.more and back-reference Address.user do not name each other in back_populates");
}

static void back_populates_of_another_class(void **state) {
  world *w = *state;
  corm_mapper *order = add_orders(w);
  corm_relationship_def lines = world_def("address", "Address", "user");
  corm_column *billing = world_find_column(w, "order", "billing_id");
  lines.foreign_keys = &billing;
  lines.nforeign_keys = 1;
  refused_when_configured(w, order, &lines, CORM_E_ARGUMENT,
                          "reverse_property 'user' on relationship Order.address references relationship "
                          "Address.user, which does not reference mapper Order");
}

static void one_side_may_name_the_other(void **state) {
  world *w = *state;
  world_rel(w->address, "user")->def.back_populates = NULL;
  configure(w);
  assert_ptr_equal(world_rel(w->address, "user")->inverse, world_rel(w->user, "addresses"));
}

static void what_only_looks_is_told_nothing(void **state) {
  world *w = *state;
  world_rel(w->user, "addresses")->def.viewonly = true;
  configure(w);
  assert_null(world_rel(w->address, "user")->inverse);
}

static void declarations_that_make_no_sense(void **state) {
  world *w = *state;
  corm_relationship_def def = world_def("name", "Address", NULL);
  refused(w, add(w, w->user, &def), CORM_E_ARGUMENT, "User has two attributes named 'name'");
  def = world_def("x", NULL, NULL);
  refused(w, add(w, w->user, &def), CORM_E_ARGUMENT, "relationship User.x names no class");
  def = world_def("x", "Address", NULL);
  def.viewonly = true;
  def.cascade = CORM_CASCADE_ALL;
  refused(w, add(w, w->user, &def), CORM_E_ARGUMENT, "Cascade settings \"delete\"");
  def.viewonly = false;
  def.passive_deletes = CORM_PASSIVE_ALL;
  refused(w, add(w, w->user, &def), CORM_E_ARGUMENT, "On User.x, can't set passive_deletes");
  def = world_def("x", "Address", NULL);
  def.cascade = CORM_CASCADE_DELETE_ORPHAN;
  refused(w, add(w, w->user, &def), CORM_E_ARGUMENT, "On User.x, the 'delete-orphan' cascade option requires 'delete'");
  def = world_def("owner", "User", NULL);
  def.uselist = 1;
  refused_when_configured(w, w->address, &def, CORM_E_ARGUMENT,
                          "relationship Address.owner is many-to-one: uselist = true does not fit it");
}

static void orphans_have_one_parent(void **state) {
  world *w = *state;
  corm_relationship_def def = world_def("owner", "User", NULL);
  def.cascade = CORM_CASCADE_ALL | CORM_CASCADE_DELETE_ORPHAN;
  refused_when_configured(w, w->address, &def, CORM_E_ARGUMENT,
                          "For many-to-one relationship Address.owner, delete-orphan cascade is normally configured");
  world_rel(w->address, "owner")->def.single_parent = true;
  configure(w);
  assert_true(w->user->has_orphans);
  assert_false(w->address->has_orphans);
}

static void cascades_are_words(void **state) {
  world *w = *state;
  uint32_t flags;
  ok(w, corm_cascade_parse("all, delete-orphan", &flags, &w->err));
  assert_int_equal(flags, CORM_CASCADE_ALL | CORM_CASCADE_DELETE_ORPHAN);
  ok(w, corm_cascade_parse(" save-update,merge ", &flags, &w->err));
  assert_int_equal(flags, CORM_CASCADE_DEFAULT);
  ok(w, corm_cascade_parse("", &flags, &w->err));
  assert_int_equal(flags, 0);
  ok(w, corm_cascade_parse("none", &flags, &w->err));
  assert_int_equal(flags, 0);
  assert_int_equal(corm_cascade_parse("all, delete-orphans", &flags, &w->err), CORM_FAILED);
  assert_string_equal(w->err.hint, "did you mean 'delete-orphan'?");
  refused(w, CORM_FAILED, CORM_E_ARGUMENT, "Invalid cascade option: 'delete-orphans'");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
  const struct CMUnitTest tests[] = {
      TEST(directions_are_inferred),
      TEST(secondary_tables_have_two_sides),
      TEST(self_reference_by_remote_side),
      TEST(who_goes_is_forgotten),
      TEST(composite_keys_in_key_order),
      TEST(unknown_classes),
      TEST(no_foreign_key),
      TEST(a_foreign_keys_argument_without_a_foreign_key),
      TEST(several_foreign_keys),
      TEST(self_referential_secondary),
      TEST(self_referential_secondary_mirrors),
      TEST(remote_side_must_fit),
      TEST(a_pair_needs_both_directions),
      TEST(back_populates_must_be_there),
      TEST(back_populates_must_come_back),
      TEST(back_populates_of_another_class),
      TEST(one_side_may_name_the_other),
      TEST(what_only_looks_is_told_nothing),
      TEST(declarations_that_make_no_sense),
      TEST(orphans_have_one_parent),
      TEST(cascades_are_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
