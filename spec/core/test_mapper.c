/* Mappers: attributes, names, keys, the statement by primary key. */
#include "orm_world.h"

static int32_t slot(const corm_mapper *mapper, const char *key) {
  return corm_mapper_slot(mapper, key, strlen(key));
}

static void columns_become_attributes(void **state) {
  world *w = *state;
  assert_int_equal(w->user->nattributes, 4);
  assert_int_equal(slot(w->user, "id"), 0);
  assert_int_equal(slot(w->user, "born"), 3);
  assert_int_equal(slot(w->user, "addresses"), -1);
  assert_int_equal(slot(w->user, "nothing"), -1);
  assert_int_equal(w->user->npk, 1);
  assert_int_equal(w->user->pk[0], 0);
  assert_true(w->user->attributes[0].primary_key);
  assert_true(w->user->attributes[1].plain);
  assert_false(w->user->attributes[3].plain);
  assert_int_equal(w->user->tables[0].generated, 0);
  assert_int_equal(w->doc->npk, 2);
  assert_int_equal(w->doc->tables[0].generated, -1);
  assert_int_equal(corm_mapper_column_slot(w->user, world_find_column(w, "user", "age")), 2);
  assert_int_equal(corm_mapper_column_slot(w->user, world_find_column(w, "address", "email")), -1);
  assert_null(corm_mapper_relationship(w->user, "name", 4));
  assert_ptr_equal(corm_mapper_relationship(w->user, "tags", 4)->parent, w->user);
  assert_int_equal(corm_mapper_relationship(w->user, "tags", 4)->index, 1);
}

static void attributes_may_have_other_names(void **state) {
  world *w = *state;
  corm_mapper *mapper;
  corm_table *user = corm_metadata_table(&w->metadata, "user");
  corm_attribute_def attributes[4] = {{0}};
  for (size_t i = 0; i < 4; i++) attributes[i].column = user->columns.items[i];
  attributes[1].key = "label";
  corm_mapper_def def = {.name = "Renamed", .table = user, .attributes = attributes, .nattributes = 4};
  ok(w, corm_mapper_new(w->mem, &w->registry, &def, &mapper, &w->err));
  assert_int_equal(slot(mapper, "label"), 1);
  assert_int_equal(slot(mapper, "name"), -1);
  assert_int_equal(slot(mapper, "age"), 2);
  attributes[1].key = "id";
  def.name = "Twice";
  corm_mapper *none;
  refused(w, corm_mapper_new(w->mem, &w->registry, &def, &none, &w->err), CORM_E_ARGUMENT,
          "Twice has two attributes named 'id'");
  assert_null(corm_map_gets(&w->registry.classes, "Twice"));
  corm_mapper_free(mapper);
  assert_null(corm_map_gets(&w->registry.classes, "Renamed"));
}

static void a_typo_gets_a_hint(void **state) {
  world *w = *state;
  assert_string_equal(corm_mapper_nearest(w->user, "nmae"), "name");
  assert_string_equal(corm_mapper_nearest(w->user, "adresses"), "addresses");
  assert_null(corm_mapper_nearest(w->user, "completely_else"));
}

static void bad_mappings_are_refused(void **state) {
  world *w = *state;
  corm_mapper *mapper;
  corm_table *user = corm_metadata_table(&w->metadata, "user");
  corm_mapper_def def = {.name = "User", .table = user};
  refused(w, corm_mapper_new(w->mem, &w->registry, &def, &mapper, &w->err), CORM_E_INVALID_REQUEST,
          "a class with the name 'User' is mapped already");
  corm_table keyless;
  corm_column column;
  corm_column_init(&column, "a", corm_type_default(CORM_TYPE_INTEGER));
  ok(w, corm_table_init(&keyless, w->mem, "keyless", NULL, &w->err));
  ok(w, corm_table_add_column(&keyless, &column, &w->err));
  def = (corm_mapper_def){.name = "Keyless", .table = &keyless};
  refused(w, corm_mapper_new(w->mem, &w->registry, &def, &mapper, &w->err), CORM_E_ARGUMENT,
          "Mapper Keyless could not assemble any primary key columns for mapped table 'keyless'");
  corm_table_clear(&keyless);
}

static void the_statement_by_key_is_compiled_once_a_dialect(void **state) {
  world *w = *state;
  const corm_mapper_sql *sqlite, *again, *generic;
  ok(w, corm_mapper_get_sql(w->doc, &corm_dialect_sqlite, NULL, &sqlite, &w->err));
  ok(w, corm_mapper_get_sql(w->doc, &corm_dialect_default, NULL, &generic, &w->err));
  ok(w, corm_mapper_get_sql(w->doc, &corm_dialect_sqlite, NULL, &again, &w->err));
  assert_ptr_equal(sqlite, again);
  assert_ptr_not_equal(sqlite, generic);
  assert_int_equal(sqlite->get.nbinds, 2);
  assert_string_equal(sqlite->get.binds[0].name, "pk_1");
  assert_string_equal(sqlite->get.binds[1].name, "pk_2");
  assert_int_equal(sqlite->get.nbundles, 1);
  assert_ptr_equal(sqlite->get.bundles[0].node->owner, w->doc);
}

/* A foreign key column without a type has that of its target, once the registry is configured. */
static void untyped_foreign_keys_take_their_targets_type(void **state) {
  world *w = *state;
  world_table *t = world_add_table(w, "visit");
  assert_non_null(t);
  assert_non_null(world_column(t, "id", CORM_TYPE_INTEGER, true));
  assert_non_null(world_column(t, "born", CORM_TYPE_NULLTYPE, false));
  assert_true(world_foreign_key(t, "born", "user.born", NULL, NULL));
  corm_mapper *visit = world_map(w, "Visit", "visit");
  assert_non_null(visit);
  ok(w, corm_registry_configure(&w->registry, &w->err));
  assert_int_equal(visit->attributes[1].type->kind, CORM_TYPE_DATE);
  assert_false(visit->attributes[1].plain);
  assert_true(w->registry.configured);
  ok(w, corm_registry_configure(&w->registry, &w->err));
}

/* Slots of a class begin with those of its parent; a column that a foreign key ties to one of them has its slot. */
static void classes_inherit(void **state) {
  world *w = *state;
  world_table *t = world_add_table(w, "engineer");
  assert_non_null(t);
  const corm_column *id = world_column(t, "id", CORM_TYPE_INTEGER, true);
  const corm_column *skill = world_column(t, "skill", CORM_TYPE_STRING, false);
  assert_true(world_foreign_key(t, "id", "user.id", NULL, NULL));
  const corm_value engineers = corm_value_text("engineer", 8);
  corm_mapper *engineer, *chief, *none;
  corm_mapper_def def = {.name = "Engineer", .parent = w->user, .table = &t->table};
  refused(w, (def.identity = &engineers, corm_mapper_new(w->mem, &w->registry, &def, &none, &w->err)), CORM_E_ARGUMENT,
          "class Engineer: polymorphic_identity without polymorphic_on");
  def.discriminator = "name";
  ok(w, corm_mapper_new(w->mem, &w->registry, &def, &engineer, &w->err));
  assert_int_equal(engineer->nattributes, 5);
  assert_int_equal(corm_mapper_column_slot(engineer, id), 0);
  assert_int_equal(corm_mapper_column_slot(engineer, skill), 4);
  assert_int_equal(corm_mapper_column_slot(w->user, skill), -1);
  assert_ptr_equal(corm_mapper_level_column(engineer, 1, 0), id);
  assert_ptr_equal(corm_mapper_level_column(engineer, 0, 0), w->user->attributes[0].column);
  assert_null(corm_mapper_level_column(engineer, 0, 4));
  assert_int_equal(engineer->attributes[4].level, 1);
  assert_int_equal(engineer->tables[0].generated, 0);
  assert_ptr_equal(corm_mapper_relationship(engineer, "tags", 4), corm_mapper_relationship(w->user, "tags", 4));
  assert_int_equal(engineer->from->kind, CORM_NODE_JOIN);

  def = (corm_mapper_def){.name = "Chief", .parent = engineer, .identity = &engineers};
  refused(w, corm_mapper_new(w->mem, &w->registry, &def, &none, &w->err), CORM_E_ARGUMENT,
          "class Chief has the polymorphic identity of class Engineer");
  def.identity = NULL;
  ok(w, corm_mapper_new(w->mem, &w->registry, &def, &chief, &w->err));
  assert_int_equal(chief->nattributes, 5);
  assert_int_equal(chief->ntables, 2);
  assert_true(corm_mapper_isa(chief, w->user));
  assert_true(corm_mapper_isa(chief, engineer));
  assert_false(corm_mapper_isa(engineer, chief));
  assert_false(corm_mapper_isa(chief, w->address));
  assert_ptr_equal(corm_mapper_identified(w->user, &engineers), engineer);
  corm_mapper_free(chief);
  corm_mapper_free(engineer);
  assert_int_equal(w->user->children.len, 0);
}

static corm_status map_and_configure(world *w) {
  const corm_mapper_sql *compiled;
  corm_mapper *mapper;
  corm_relationship *relationship;
  corm_relationship_def def = world_def("owner", "User", NULL);
  const corm_mapper_def other = {.name = "Other", .table = corm_metadata_table(&w->metadata, "address")};
  corm_status status = corm_mapper_new(w->mem, &w->registry, &other, &mapper, &w->err);
  if (status != CORM_OK) return status;
  status = corm_relationship_new(mapper, &def, &relationship, &w->err);
  if (status == CORM_OK) status = corm_registry_configure(&w->registry, &w->err);
  if (status == CORM_OK) status = corm_mapper_get_sql(mapper, &corm_dialect_sqlite, NULL, &compiled, &w->err);
  corm_mapper_free(mapper);
  return status;
}

/* Two classes below User, its polymorphic identities, and a relationship that is handed down to them. */
static corm_status inherit(world *w) {
  const corm_value small = corm_value_text("small", 5), tiny = corm_value_text("tiny", 4);
  corm_mapper *child = NULL, *grandchild = NULL;
  corm_relationship *relationship, *own;
  const corm_mapper_sql *sql;
  const uint64_t set = 2;
  corm_mapper_def def = {.name = "Small",
                         .parent = w->user,
                         .table = corm_metadata_table(&w->metadata, "user_tag"),
                         .discriminator = "name",
                         .identity = &small};
  corm_relationship_def own_def = world_def("tag", "Tag", NULL), late = world_def("late", "Address", NULL);
  corm_status status = corm_mapper_new(w->mem, &w->registry, &def, &child, &w->err);
  def = (corm_mapper_def){.name = "Tiny", .parent = child, .identity = &tiny};
  if (status == CORM_OK) status = corm_mapper_new(w->mem, &w->registry, &def, &grandchild, &w->err);
  if (status == CORM_OK) status = corm_relationship_new(child, &own_def, &own, &w->err);
  if (status == CORM_OK) status = corm_relationship_new(w->user, &late, &relationship, &w->err);
  if (status == CORM_OK) {
    assert_int_equal(relationship->index, 2);
    assert_int_equal(own->index, 3);
    assert_ptr_equal(grandchild->relationships.items[3], own);
    assert_ptr_equal(corm_mapper_relationship(grandchild, "late", 4), relationship);
  }
  if (status == CORM_OK) status = corm_registry_configure(&w->registry, &w->err);
  if (status == CORM_OK) status = corm_mapper_get_sql(grandchild, &corm_dialect_sqlite, &set, &sql, &w->err);
  if (status == CORM_OK && !corm_mapper_alias_in(&w->arena, grandchild, "t")) status = corm_error_memory(&w->err);
  corm_mapper_free(grandchild);
  corm_mapper_free(child);
  return status;
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  world_fail_each(map_and_configure);
  world_fail_each(inherit);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
  const struct CMUnitTest tests[] = {
      TEST(columns_become_attributes),
      TEST(attributes_may_have_other_names),
      TEST(a_typo_gets_a_hint),
      TEST(bad_mappings_are_refused),
      TEST(the_statement_by_key_is_compiled_once_a_dialect),
      TEST(untyped_foreign_keys_take_their_targets_type),
      TEST(classes_inherit),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
