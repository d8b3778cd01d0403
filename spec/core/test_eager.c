/* Relationships are loaded: at their first access with their siblings, by IN, by joins. */
#include "orm_world.h"

#define USER    "user.id, user.name, user.age, user.born"
#define ADDRESS "address.id, address.user_id, address.email"
#define NODE    "node.id, node.parent_id, node.label"

static void set_lazy(const corm_mapper *mapper, const char *key, corm_lazy lazy) {
  world_rel(mapper, key)->def.lazy = (uint8_t)lazy;
}

/* One option with up to one child. */
typedef struct option {
  corm_load_option option, child;
  corm_load_option *items[1], *children[1];
  corm_load_options options;
} option;

static const corm_load_options *use(option *o, corm_relationship *relationship, corm_lazy strategy,
                                    corm_relationship *below, corm_lazy then) {
  o->child = (corm_load_option){.relationship = below, .strategy = then};
  o->children[0] = &o->child;
  o->option = (corm_load_option){
      .relationship = relationship, .strategy = strategy, .children = o->children, .nchildren = below != NULL};
  o->items[0] = &o->option;
  o->options = (corm_load_options){.items = o->items, .n = 1};
  return &o->options;
}

static host_values load_with(world *w, const corm_mapper *mapper, const corm_load_options *options) {
  host_values values;
  ok(w, corm_registry_configure(&w->registry, &w->err));
  w->sent = 0;
  ok(w, world_load(w, world_select(w, mapper), options, &values));
  return values;
}

/* -- lazy -- */

static void one_access_serves_all_siblings(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  w->sent = 0;
  assert_string_equal(world_access(w, users.objects[1], "addresses"), "none");
  sent(w, "SELECT " ADDRESS " FROM address WHERE address.user_id IN (?, ?, ?) ORDER BY address.email");
  assert_string_equal(world_ids(users.objects[0], "addresses"), "2,1");
  assert_string_equal(world_ids(users.objects[2], "addresses"), "3");
  assert_string_equal(world_access(w, users.objects[0], "addresses"), "2,1");
  sent_nothing(w);
  host_drop(&users);
}

static void siblings_that_have_it_are_not_asked_again(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  set_lazy(w->user, "addresses", CORM_LAZY_SELECT);
  assert_string_equal(world_access(w, users.objects[0], "addresses"), "2,1");
  set_lazy(w->user, "addresses", CORM_LAZY_BATCH);
  w->sent = 0;
  assert_string_equal(world_access(w, users.objects[1], "addresses"), "none");
  sent(w, "SELECT " ADDRESS " FROM address WHERE address.user_id IN (?, ?) ORDER BY address.email");
  host_drop(&users);
}

static void select_loads_one_by_one(void **state) {
  world *w = *state;
  set_lazy(w->user, "addresses", CORM_LAZY_SELECT);
  host_values users = world_all(w, w->user);
  w->sent = 0;
  assert_string_equal(world_access(w, users.objects[2], "addresses"), "3");
  sent(w, "SELECT " ADDRESS " FROM address WHERE ? = address.user_id ORDER BY address.email");
  assert_string_equal(world_ids(users.objects[0], "addresses"), "-");
  host_drop(&users);
}

static void many_to_one_asks_memory_first(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user), addresses = world_all(w, w->address);
  w->sent = 0;
  assert_string_equal(world_access(w, addresses.objects[0], "user"), "1");
  assert_string_equal(world_access(w, addresses.objects[3], "user"), "none"); /* the key is NULL */
  sent_nothing(w);
  host_drop(&users);
  host_drop(&addresses);
}

static void many_to_one_loads_missing_targets(void **state) {
  world *w = *state;
  host_values addresses = world_all(w, w->address);
  w->sent = 0;
  assert_string_equal(world_access(w, addresses.objects[1], "user"), "1");
  sent(w, "SELECT " USER " FROM user WHERE user.id IN (?, ?)");
  assert_string_equal(world_ids(addresses.objects[0], "user"), "1");
  assert_string_equal(world_ids(addresses.objects[2], "user"), "3");
  assert_string_equal(world_ids(addresses.objects[3], "user"), "none");
  set_lazy(w->address, "user", CORM_LAZY_SELECT);
  corm_session_expire_all(w->session);
  w->sent = 0;
  assert_string_equal(world_access(w, addresses.objects[2], "user"), "3");
  sent(w, "SELECT " ADDRESS " FROM address WHERE address.id = ?", "SELECT " USER " FROM user WHERE user.id = ?");
  host_drop(&addresses);
}

static void a_key_to_nowhere_gives_none(void **state) {
  world *w = *state;
  assert_true(world_execute(w, "UPDATE page SET doc_no = 77 WHERE id = 2"));
  host_values pages = world_all(w, w->page);
  assert_string_equal(world_access(w, pages.objects[1], "doc"), "none");
  host_drop(&pages);
}

/* Objects belong to the latest query that showed several. */
static void siblings_regroup(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  corm_select *two = world_select(w, w->user), *one = world_select(w, w->user);
  const corm_value limit = corm_value_int(2);
  host_values some, single;
  two->limit = corm_literal_in(&w->arena, NULL, &limit);
  one->where = corm_compare_in(&w->arena, CORM_OP_EQ, corm_mapper_column_in(&w->arena, w->user, 0, NULL), &limit);
  ok(w, world_load(w, one, NULL, &single));
  assert_ptr_equal(users.objects[0]->siblings, users.objects[1]->siblings);
  ok(w, world_load(w, two, NULL, &some));
  assert_ptr_equal(users.objects[0]->siblings, users.objects[1]->siblings);
  assert_ptr_not_equal(users.objects[0]->siblings, users.objects[2]->siblings);
  host_drop(&some);
  host_drop(&single);
  host_drop(&users);
}

static void many_to_many_goes_through_the_secondary(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  w->sent = 0;
  assert_string_equal(world_access(w, users.objects[0], "tags"), "2,1"); /* by name; the double row counts once */
  sent(w, "SELECT tag.id, tag.name, user_tag_1.user_id FROM tag JOIN user_tag AS user_tag_1 "
          "ON tag.id = user_tag_1.tag_id WHERE user_tag_1.user_id IN (?, ?, ?) ORDER BY tag.name");
  assert_string_equal(world_ids(users.objects[1], "tags"), "2");
  assert_string_equal(world_ids(users.objects[2], "tags"), "none");
  host_values tags = world_all(w, w->tag);
  assert_string_equal(world_access(w, tags.objects[1], "users"), "1,2");
  assert_string_equal(world_ids(tags.objects[2], "users"), "none");
  host_drop(&tags);
  host_drop(&users);
}

static void trees_in_both_directions(void **state) {
  world *w = *state;
  host_values nodes = world_all(w, w->node);
  w->sent = 0;
  assert_string_equal(world_access(w, nodes.objects[3], "parent"), "2");
  sent_nothing(w);
  assert_string_equal(world_access(w, nodes.objects[0], "children"), "2,3");
  sent(w, "SELECT " NODE " FROM node WHERE node.parent_id IN (?, ?, ?, ?)");
  assert_string_equal(world_ids(nodes.objects[1], "children"), "4");
  assert_string_equal(world_ids(nodes.objects[3], "children"), "none");
  host_drop(&nodes);
}

static void composite_keys_are_tuples(void **state) {
  world *w = *state;
  host_values docs = world_all(w, w->doc);
  w->sent = 0;
  assert_string_equal(world_access(w, docs.objects[0], "pages"), "1,3");
  sent(w, "SELECT page.id, page.doc_part, page.doc_no FROM page WHERE (page.doc_part, page.doc_no) IN "
          "(VALUES (?, ?), (?, ?), (?, ?))");
  assert_string_equal(world_ids(docs.objects[1], "pages"), "2");
  assert_string_equal(world_ids(docs.objects[2], "pages"), "none");
  host_drop(&docs);
  host_collect(&w->host);
  host_collect(&w->host);
  host_values pages = world_all(w, w->page);
  w->sent = 0;
  assert_string_equal(world_access(w, pages.objects[3], "doc"), "none"); /* half of the key is NULL */
  assert_string_equal(world_access(w, pages.objects[1], "doc"), "2");
  world_sent_count(w, 1);
  assert_string_equal(world_ids(pages.objects[2], "doc"), "1");
  host_drop(&pages);
}

static void strategies_that_refuse(void **state) {
  world *w = *state;
  set_lazy(w->user, "addresses", CORM_LAZY_RAISE);
  set_lazy(w->user, "tags", CORM_LAZY_NOLOAD);
  host_values users = world_all(w, w->user);
  corm_relationship *addresses = world_rel(w->user, "addresses");
  w->sent = 0;
  refused(w, corm_object_load_link(users.objects[0], addresses, &w->err), CORM_E_INVALID_REQUEST,
          "'User.addresses' is not available due to lazy='raise'");
  assert_string_equal(world_access(w, users.objects[0], "tags"), "none");
  sent_nothing(w);
  set_lazy(w->user, "addresses", CORM_LAZY_BATCH);
  ok(w, corm_session_expunge(w->session, users.objects[0], &w->err));
  refused(w, corm_object_load_link(users.objects[0], addresses, &w->err), CORM_E_DETACHED_INSTANCE,
          "Parent instance User(id=1) is not bound to a Session; lazy load operation of attribute 'User.addresses'");
  host_drop(&users);
}

static void objects_without_a_row_have_nothing(void **state) {
  world *w = *state;
  ok(w, corm_registry_configure(&w->registry, &w->err));
  corm_object *user = host_new_object(&w->host, corm_object_size(w->user, 0), w->user);
  assert_string_equal(world_access(w, user, "addresses"), "none");
  ok(w, corm_session_add(w->session, user, &w->err));
  assert_string_equal(world_access(w, user, "tags"), "none");
  sent_nothing(w);
}

static void siblings_come_in_chunks(void **state) {
  world *w = *state;
  assert_true(world_execute(w, "DELETE FROM address"));
  assert_true(world_execute(w, "WITH RECURSIVE n (i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
                               "INSERT INTO user SELECT i, 'u', i, NULL FROM n"));
  assert_true(world_execute(w, "INSERT INTO address SELECT id, id, 'e' FROM user"));
  host_values users = world_all(w, w->user);
  assert_int_equal(users.n, 1200);
  w->sent = 0;
  /* From the object on, and over the end to the first ones. */
  assert_string_equal(world_access(w, users.objects[1000], "addresses"), "1001");
  assert_string_equal(world_ids(users.objects[1199], "addresses"), "1200");
  assert_string_equal(world_ids(users.objects[299], "addresses"), "300");
  assert_string_equal(world_ids(users.objects[300], "addresses"), "-");
  for (size_t i = 0; i < 1200; i++) world_access(w, users.objects[i], "addresses");
  world_sent_count(w, 3);
  host_drop(&users);
}

/* The collector runs at every allocation: siblings vanish while their relationship is being loaded. */
static void vanishing_siblings(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user);
  host_block_of(users.objects[1])->roots--; /* bob is held by nobody */
  w->host.stress = true;
  assert_string_equal(world_access(w, users.objects[0], "addresses"), "2,1");
  assert_string_equal(world_ids(users.objects[2], "addresses"), "3");
  assert_true(w->host.finalized > 0);
  assert_int_equal(users.objects[0]->siblings->n, 3);
  assert_null(users.objects[0]->siblings->members[1]);
  assert_string_equal(world_access(w, users.objects[0], "tags"), "2,1");
  assert_string_equal(world_ids(users.objects[2], "tags"), "none");
  users.objects[1] = NULL;
  host_drop(&users);
}

/* -- select in -- */

static void selectin_by_option(void **state) {
  world *w = *state;
  option o;
  corm_relationship *addresses = world_rel(w->user, "addresses");
  host_values users = load_with(w, w->user, use(&o, addresses, CORM_LAZY_SELECTIN, NULL, 0));
  sent(w, "SELECT " USER " FROM user ORDER BY user.id",
       "SELECT " ADDRESS " FROM address WHERE address.user_id IN (?, ?, ?) ORDER BY address.email");
  assert_string_equal(world_ids(users.objects[0], "addresses"), "2,1");
  assert_string_equal(world_ids(users.objects[1], "addresses"), "none");
  assert_string_equal(world_ids(users.objects[2], "addresses"), "3");
  /* Again: nobody misses it. */
  host_values again = load_with(w, w->user, &o.options);
  world_sent_count(w, 1);
  host_drop(&again);
  host_drop(&users);
}

static void selectin_below_selectin(void **state) {
  world *w = *state;
  option o;
  host_values users = load_with(
      w, w->user,
      use(&o, world_rel(w->user, "tags"), CORM_LAZY_SELECTIN, world_rel(w->tag, "users"), CORM_LAZY_SELECTIN));
  world_sent_count(w, 3);
  const corm_object *blue =
      corm_link_items(corm_object_find_link(users.objects[1], world_rel(w->user, "tags")))->ptr[0].object;
  assert_string_equal(world_ids(blue, "users"), "1,2");
  host_drop(&users);
}

static void selectin_many_to_one_without_a_join(void **state) {
  world *w = *state;
  set_lazy(w->address, "user", CORM_LAZY_SELECTIN);
  host_values addresses = load_with(w, w->address, NULL);
  sent(w, "SELECT " ADDRESS " FROM address ORDER BY address.id", "SELECT " USER " FROM user WHERE user.id IN (?, ?)");
  assert_string_equal(world_ids(addresses.objects[2], "user"), "3");
  assert_string_equal(world_ids(addresses.objects[3], "user"), "none");
  host_drop(&addresses);
}

static void default_strategies_do_not_turn_in_circles(void **state) {
  world *w = *state;
  set_lazy(w->user, "addresses", CORM_LAZY_SELECTIN);
  set_lazy(w->address, "user", CORM_LAZY_SELECTIN);
  set_lazy(w->node, "children", CORM_LAZY_JOINED);
  host_values users = load_with(w, w->user, NULL);
  world_sent_count(w, 2);
  host_values nodes = load_with(w, w->node, NULL);
  sent(w, "SELECT " NODE " FROM node ORDER BY node.id"); /* a tree's depth is for options to say */
  host_drop(&nodes);
  host_drop(&users);
}

static void unflushed_changes_survive_an_eager_load_without_populate_existing(void **state) {
  world *w = *state;
  option o;
  set_lazy(w->user, "addresses", CORM_LAZY_SELECT);
  host_values users = world_all(w, w->user);
  corm_relationship *addresses = world_rel(w->user, "addresses");
  corm_object *fresh = host_new_object(&w->host, corm_object_size(w->address, 0), w->address);
  corm_link *link;
  ok(w, corm_object_get_many(users.objects[0], addresses, &link, &w->err));
  ok(w, corm_object_insert(users.objects[0], addresses, 2, fresh, &w->err));
  w->session->no_autoflush++;
  use(&o, addresses, CORM_LAZY_SELECTIN, NULL, 0)->n == 1 ? (void)0 : fail();
  host_values again, over;
  ok(w, world_load(w, world_select(w, w->user), &o.options, &again));
  assert_int_equal(corm_link_items(link)->n, 3);
  assert_string_equal(world_ids(users.objects[2], "addresses"), "3");
  o.options.populate_existing = true;
  ok(w, world_load(w, world_select(w, w->user), &o.options, &over));
  assert_int_equal(corm_link_items(corm_object_find_link(users.objects[0], addresses))->n, 2);
  w->session->no_autoflush--;
  host_drop(&over);
  host_drop(&again);
  host_drop(&users);
}

static void populate_existing_loads_relationships_again(void **state) {
  world *w = *state;
  option o;
  host_values users = load_with(w, w->user, use(&o, world_rel(w->user, "addresses"), CORM_LAZY_SELECTIN, NULL, 0));
  assert_true(world_execute(w, "UPDATE address SET user_id = 2 WHERE id = 3"));
  o.options.populate_existing = true;
  host_values again = load_with(w, w->user, &o.options);
  assert_string_equal(world_ids(users.objects[2], "addresses"), "none");
  assert_string_equal(world_ids(users.objects[1], "addresses"), "3");
  host_drop(&again);
  host_drop(&users);
}

static void strategies_of_one_query(void **state) {
  world *w = *state;
  option o;
  corm_relationship *addresses = world_rel(w->user, "addresses");
  host_values users = load_with(w, w->user, use(&o, addresses, CORM_LAZY_RAISE, NULL, 0));
  refused(w, corm_object_load_link(users.objects[0], addresses, &w->err), CORM_E_INVALID_REQUEST,
          "'User.addresses' is not available due to lazy='raise'");
  corm_session_expire_all(w->session);
  refused(w, corm_object_load_link(users.objects[0], addresses, &w->err), CORM_E_INVALID_REQUEST, "'User.addresses'");
  host_drop(&users);
}

/* -- joined -- */

#define ADDRESS_1 "address_1.id AS id_1, address_1.user_id, address_1.email"

static void joined_collections(void **state) {
  world *w = *state;
  option o;
  host_values users = load_with(w, w->user, use(&o, world_rel(w->user, "addresses"), CORM_LAZY_JOINED, NULL, 0));
  sent(w, "SELECT " USER ", " ADDRESS_1 " FROM user LEFT OUTER JOIN address AS address_1 "
          "ON user.id = address_1.user_id ORDER BY user.id, address_1.email");
  assert_int_equal(users.n, 3); /* parents once */
  assert_string_equal(world_ids(users.objects[0], "addresses"), "2,1");
  assert_string_equal(world_ids(users.objects[1], "addresses"), "none");
  assert_string_equal(world_ids(users.objects[2], "addresses"), "3");
  host_drop(&users);
}

static void joined_many_to_one(void **state) {
  world *w = *state;
  set_lazy(w->address, "user", CORM_LAZY_JOINED);
  host_values addresses = load_with(w, w->address, NULL);
  sent(w, "SELECT " ADDRESS ", user_1.id AS id_1, user_1.name, user_1.age, user_1.born FROM address "
          "LEFT OUTER JOIN user AS user_1 ON user_1.id = address.user_id ORDER BY address.id");
  assert_int_equal(addresses.n, 4);
  assert_string_equal(world_ids(addresses.objects[1], "user"), "1");
  assert_string_equal(world_ids(addresses.objects[3], "user"), "none");
  host_drop(&addresses);
  corm_value key = corm_value_int(3);
  corm_session_expunge_all(w->session);
  corm_loader *loader;
  host_values one = {.mem = w->mem};
  w->sent = 0;
  ok(w, corm_loader_get(w->session, w->address, &key, NULL, &loader, &w->err));
  ok(w, host_run_into(&w->host, loader, &one, &w->err));
  corm_loader_free(loader);
  world_sent_count(w, 1);
  assert_string_equal(world_ids(one.objects[0], "user"), "3");
  host_drop(&one);
}

static void joined_many_to_many(void **state) {
  world *w = *state;
  option o;
  host_values users = load_with(w, w->user, use(&o, world_rel(w->user, "tags"), CORM_LAZY_JOINED, NULL, 0));
  sent(w, "SELECT " USER ", tag_1.id AS id_1, tag_1.name AS name_1 FROM user LEFT OUTER JOIN "
          "(user_tag AS user_tag_1 JOIN tag AS tag_1 ON tag_1.id = user_tag_1.tag_id) "
          "ON user.id = user_tag_1.user_id ORDER BY user.id, tag_1.name");
  assert_string_equal(world_ids(users.objects[0], "tags"), "2,1");
  assert_string_equal(world_ids(users.objects[2], "tags"), "none");
  host_drop(&users);
}

static void a_limit_counts_parents(void **state) {
  world *w = *state;
  option o;
  host_values users;
  use(&o, world_rel(w->user, "addresses"), CORM_LAZY_JOINED, world_rel(w->address, "user"), CORM_LAZY_SELECTIN);
  ok(w, corm_registry_configure(&w->registry, &w->err));
  corm_select *select = world_select(w, w->user);
  const corm_value two = corm_value_int(2);
  const corm_node *name = corm_mapper_column_in(&w->arena, w->user, 1, NULL);
  const corm_node *order[2] = {corm_unary_in(&w->arena, CORM_OP_DESC, name),
                               corm_function_in(&w->arena, "length", NULL, &name, 1)};
  select->limit = corm_bind_in(&w->arena, NULL, NULL, &two);
  select->order_by = order;
  select->norder_by = 2;
  ok(w, world_load(w, select, &o.options, &users));
  sent(w, "SELECT anon_1.user_id, anon_1.user_name, anon_1.user_age, anon_1.user_born, address_1.id, "
          "address_1.user_id AS user_id_1, address_1.email FROM (SELECT user.id AS user_id, user.name AS user_name, "
          "user.age AS user_age, user.born AS user_born, length(user.name) AS length_1 FROM user "
          "ORDER BY user.name DESC, length(user.name) LIMIT ? OFFSET ?) AS anon_1 "
          "LEFT OUTER JOIN address AS address_1 ON anon_1.user_id = address_1.user_id "
          "ORDER BY anon_1.user_name DESC, anon_1.length_1, address_1.email");
  assert_int_equal(users.n, 2);
  assert_string_equal(world_slot(users.objects[0], "name"), "'cy'");
  assert_string_equal(world_slot(users.objects[1], "name"), "'bob'");
  assert_string_equal(world_ids(users.objects[0], "addresses"), "3");
  host_drop(&users);
}

static void two_collections_at_once(void **state) {
  world *w = *state;
  set_lazy(w->user, "addresses", CORM_LAZY_JOINED);
  set_lazy(w->user, "tags", CORM_LAZY_JOINED);
  host_values users = load_with(w, w->user, NULL);
  world_sent_count(w, 1);
  assert_int_equal(users.n, 3);
  assert_string_equal(world_ids(users.objects[0], "addresses"), "2,1");
  assert_string_equal(world_ids(users.objects[0], "tags"), "2,1");
  host_drop(&users);
}

static void joined_below_joined(void **state) {
  world *w = *state;
  option o;
  corm_relationship *children = world_rel(w->node, "children");
  host_values nodes = load_with(w, w->node, use(&o, children, CORM_LAZY_JOINED, children, CORM_LAZY_JOINED));
  sent(w, "SELECT " NODE ", node_1.id AS id_1, node_1.parent_id AS parent_id_1, node_1.label AS label_1, "
          "node_2.id AS id_2, node_2.parent_id AS parent_id_2, node_2.label AS label_2 FROM node "
          "LEFT OUTER JOIN node AS node_1 ON node.id = node_1.parent_id "
          "LEFT OUTER JOIN node AS node_2 ON node_1.id = node_2.parent_id ORDER BY node.id");
  assert_int_equal(nodes.n, 4);
  assert_string_equal(world_ids(nodes.objects[0], "children"), "2,3");
  assert_string_equal(world_ids(nodes.objects[1], "children"), "4");
  assert_string_equal(world_ids(nodes.objects[2], "children"), "none");
  host_drop(&nodes);
}

static void selectin_below_joined(void **state) {
  world *w = *state;
  option o;
  host_values addresses = load_with(
      w, w->address,
      use(&o, world_rel(w->address, "user"), CORM_LAZY_JOINED, world_rel(w->user, "tags"), CORM_LAZY_SELECTIN));
  world_sent_count(w, 2);
  const corm_object *ann = corm_link_one(corm_object_find_link(addresses.objects[0], world_rel(w->address, "user")));
  assert_string_equal(world_ids(ann, "tags"), "2,1");
  host_drop(&addresses);
}

static void stressed_collector(void **state) {
  world *w = *state;
  w->host.stress = true;
  selectin_below_selectin(state);
  corm_session_expunge_all(w->session);
  joined_below_joined(state);
  corm_session_expunge_all(w->session);
  two_collections_at_once(state);
}

/* The target that a reference leaves is known by its key only: nothing holds it while the edge to the new one is made.
 */
static void a_vanishing_target(void **state) {
  world *w = *state;
  host_values users = world_all(w, w->user), addresses = world_all(w, w->address);
  corm_object *address = addresses.objects[0], *other = users.objects[2];
  host_block_of(other)->roots++;
  host_drop(&users);
  w->host.stress = true;
  ok(w, corm_object_set_one(address, world_rel(w->address, "user"), other, &w->err));
  assert_ptr_equal(corm_link_one(corm_object_find_link(address, world_rel(w->address, "user"))), other);
  host_block_of(other)->roots--;
  host_drop(&addresses);
}

/* -- memory -- */

static corm_status load_everything(world *w) {
  option o;
  host_values users = {.mem = w->mem}, nodes = {.mem = w->mem};
  corm_select select = {.base = {.kind = CORM_NODE_SELECT, .type = corm_type_default(CORM_TYPE_NULLTYPE)}};
  const corm_node *columns = &w->user->bundle->base;
  const corm_value two = corm_value_int(2);
  select.columns = &columns;
  select.ncolumns = 1;
  set_lazy(w->user, "tags", CORM_LAZY_JOINED);
  corm_status status = corm_registry_configure(&w->registry, &w->err);
  if (status != CORM_OK) return status;
  select.limit = corm_bind_in(&w->arena, NULL, NULL, &two);
  if (!select.limit) return corm_error_memory(&w->err);
  use(&o, world_rel(w->user, "addresses"), CORM_LAZY_SELECTIN, world_rel(w->address, "user"), CORM_LAZY_SELECTIN);
  status = world_load(w, &select, &o.options, &users);
  columns = &w->node->bundle->base;
  if (status == CORM_OK) status = world_load(w, &select, NULL, &nodes);
  if (status == CORM_OK) status = corm_object_load_link(nodes.objects[0], world_rel(w->node, "children"), &w->err);
  host_drop(&users);
  host_drop(&nodes);
  return status;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  world_fail_each(load_everything);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
  const struct CMUnitTest tests[] = {
      TEST(one_access_serves_all_siblings),
      TEST(siblings_that_have_it_are_not_asked_again),
      TEST(select_loads_one_by_one),
      TEST(many_to_one_asks_memory_first),
      TEST(many_to_one_loads_missing_targets),
      TEST(a_key_to_nowhere_gives_none),
      TEST(siblings_regroup),
      TEST(many_to_many_goes_through_the_secondary),
      TEST(trees_in_both_directions),
      TEST(composite_keys_are_tuples),
      TEST(strategies_that_refuse),
      TEST(objects_without_a_row_have_nothing),
      TEST(siblings_come_in_chunks),
      TEST(vanishing_siblings),
      TEST(selectin_by_option),
      TEST(selectin_below_selectin),
      TEST(selectin_many_to_one_without_a_join),
      TEST(default_strategies_do_not_turn_in_circles),
      TEST(unflushed_changes_survive_an_eager_load_without_populate_existing),
      TEST(populate_existing_loads_relationships_again),
      TEST(strategies_of_one_query),
      TEST(joined_collections),
      TEST(joined_many_to_one),
      TEST(joined_many_to_many),
      TEST(a_limit_counts_parents),
      TEST(two_collections_at_once),
      TEST(joined_below_joined),
      TEST(selectin_below_joined),
      TEST(stressed_collector),
      TEST(a_vanishing_target),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
