/* Names by templates: which tokens there are, what they give, and when a name is made. */
#include "schema/naming.h"

#include "schema_fixture.h"

static corm_status shout(void *ctx, int hook, corm_table *table, corm_constraint *constraint, corm_index *index,
                         corm_buf *out, corm_error *err) {
  (void)table;
  if (hook == 2) return corm_error_set(err, CORM_E_ARGUMENT, "no name today");
  corm_buf_printf(out, "%s%d%s", (const char *)ctx, hook, constraint && !index ? "C" : "I");
  return CORM_OK;
}

static const corm_naming_token own_tokens[] = {{"shout", 1}, {"refuse", 2}};

static corm_naming naming_of(corm_naming_kind kind, const char *template) {
  corm_naming naming = {.tokens = own_tokens, .ntokens = 2, .call = shout, .ctx = (void *)(uintptr_t) "x"};
  naming.templates[kind] = template;
  return naming;
}

/* s.t(a, b with the key "k") by a template. */
static void open_named(fixture *f, const corm_naming *naming) {
  *f = (fixture){.n = 0};
  assert_int_equal(corm_table_init(&f->table, &corm_mem_libc, "t", "s.u", &f->err), CORM_OK);
  f->table.naming = naming;
  add_column(f, "a", CORM_TYPE_INTEGER);
  corm_column *b = new_column(f, "b", CORM_TYPE_INTEGER);
  b->key = "k";
  assert_int_equal(corm_table_add_column(&f->table, b, &f->err), CORM_OK);
}

static void unique_is(const char *template, const char *given, const char *wanted) {
  static const char *const names[] = {"a", "k"};
  const corm_naming naming = naming_of(CORM_NAMING_UNIQUE, template);
  fixture f;
  open_named(&f, &naming);
  corm_constraint unique = {.kind = CORM_CONSTRAINT_UNIQUE, .name = given, .column_names = names, .ncolumns = 2};
  assert_int_equal(corm_table_add_constraint(&f.table, &unique, &f.err), CORM_OK);
  assert_string_equal(unique.name, wanted);
  close_table(&f);
}

static void tokens_stand_for_parts_of_the_schema(void **state) {
  (void)state;
  unique_is("uq_%(table_name)s", NULL, "uq_t");
  unique_is("%(column_0_name)s.%(column_1_name)s.%(column_7_name)s", NULL, "a.b.");
  unique_is("%(column_0_key)s.%(column_1_key)s", NULL, "a.k");
  unique_is("%(column_1_label)s", NULL, "s_u_t_b");
  unique_is("%(column_0N_name)s %(column_0N_key)s", NULL, "ab ak");
  unique_is("%(column_0_N_name)s %(column_0_N_key)s", NULL, "a_b a_k");
  unique_is("%(column_0_N_label)s", NULL, "s_u_t_a_s_u_t_b");
  unique_is("x%(referred_table_name)s%(referred_column_0_name)s", NULL, "x");
  unique_is("%(shout)s_%(table_name)s", NULL, "x1C_t");
  unique_is("100%%", NULL, "100%");
}

static void a_given_name_stays_unless_the_template_has_a_place_for_it(void **state) {
  (void)state;
  unique_is("uq_%(table_name)s", "mine", "mine");
  unique_is("uq_%(constraint_name)s", "mine", "uq_mine");
}

static void a_made_name_is_not_made_again(void **state) {
  (void)state;
  const corm_naming naming = naming_of(CORM_NAMING_CHECK, "ck_%(constraint_name)s");
  fixture f;
  open_named(&f, &naming);
  corm_constraint check = {.kind = CORM_CONSTRAINT_CHECK, .name = "x", .table = &f.table};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(corm_naming_constraint(&f.table, &check, &f.err), CORM_OK);
    assert_true(check.made_name);
    assert_string_equal(check.name, "ck_x");
  }
  close_table(&f);
}

static void what_has_no_template_has_no_name(void **state) {
  (void)state;
  const corm_naming naming = naming_of(CORM_NAMING_CHECK, "ck");
  fixture f;
  open_named(&f, &naming);
  corm_constraint unique = {.kind = CORM_CONSTRAINT_UNIQUE, .table = &f.table};
  assert_int_equal(corm_naming_constraint(&f.table, &unique, &f.err), CORM_OK);
  corm_constraint exclude = {.kind = CORM_CONSTRAINT_EXCLUDE, .table = &f.table};
  assert_int_equal(corm_naming_constraint(&f.table, &exclude, &f.err), CORM_OK);
  assert_null(unique.name);
  assert_null(exclude.name);
  close_table(&f);
}

static void an_index_has_a_template_always(void **state) {
  (void)state;
  fixture f;
  open_named(&f, NULL);
  corm_index_item items[] = {{.expr = NULL}, {.column = &f.columns[1]}};
  corm_index index = {.items = items, .nitems = 2, .table = &f.table};
  assert_int_equal(corm_naming_index(&f.table, &index, &f.err), CORM_OK);
  assert_string_equal(index.name, "ix_s_u_t_b"); /* expressions are passed over */
  const corm_naming naming = naming_of(CORM_NAMING_INDEX, "%(shout)s_%(column_0_name)s");
  f.table.naming = &naming;
  index = (corm_index){.items = items, .nitems = 2, .table = &f.table};
  assert_int_equal(corm_naming_index(&f.table, &index, &f.err), CORM_OK);
  assert_string_equal(index.name, "x1I_b");
  close_table(&f);
}

static void errors_leave_the_name_alone(void **state) {
  (void)state;
  static const struct {
    const char *template;
    corm_error_class cls;
    const char *message;
  } cases[] = {
      {"ck_%(constraint_name)s", CORM_E_INVALID_REQUEST,
       "table 't': a naming convention with %(constraint_name)s needs constraints with a name"},
      {"%(refuse)s", CORM_E_ARGUMENT, "no name today"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const corm_naming naming = naming_of(CORM_NAMING_CHECK, cases[i].template);
    fixture f;
    open_named(&f, &naming);
    corm_constraint check = {.kind = CORM_CONSTRAINT_CHECK, .table = &f.table};
    assert_int_equal(corm_naming_constraint(&f.table, &check, &f.err), CORM_FAILED);
    assert_null(check.name);
    failed_with(&f.err, cases[i].cls, cases[i].message, "");
    close_table(&f);
  }
}

static void templates_are_checked(void **state) {
  (void)state;
  static const char *const good[] = {"x", "%%(not_one)s", "%(table_name)s%(constraint_name)s%(referred_table_name)s",
                                     "%(column_65535_name)s%(column_0_N_label)s%(column_0N_key)s",
                                     "%(referred_column_0_N_name)s%(shout)s"};
  static const struct {
    const char *template, *message, *hint;
  } bad[] = {
      {"%", "naming_convention: 'uq' has a % that begins no %(token)s", ""},
      {"a%d", "naming_convention: 'uq' has a % that begins no %(token)s", ""},
      {"%(table_name)", "naming_convention: 'uq' has a % that begins no %(token)s", ""},
      {"%(table_nam)s", "naming_convention: 'uq' has an unknown token 'table_nam'", "did you mean 'table_name'?"},
      {"%(column_0_nam)s", "naming_convention: 'uq' has an unknown token 'column_0_nam'",
       "did you mean 'column_0_name'?"},
      {"%(column_65536_name)s", "naming_convention: 'uq' has an unknown token 'column_65536_name'", ""},
      {"%(column_1_N_name)s", "naming_convention: 'uq' has an unknown token 'column_1_N_name'", NULL},
      {"%(referred_column_0_key)s", "naming_convention: 'uq' has an unknown token 'referred_column_0_key'", NULL},
  };
  corm_error err = {.is_set = false};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    const corm_naming naming = naming_of(CORM_NAMING_UNIQUE, good[i]);
    assert_int_equal(corm_naming_check(&naming, CORM_NAMING_UNIQUE, &err), CORM_OK);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const corm_naming naming = naming_of(CORM_NAMING_UNIQUE, bad[i].template);
    assert_int_equal(corm_naming_check(&naming, CORM_NAMING_UNIQUE, &err), CORM_FAILED);
    assert_string_equal(err.message, bad[i].message);
    if (bad[i].hint && *bad[i].hint) assert_string_equal(err.hint, bad[i].hint);
    corm_error_clear(&err);
  }
}

/* p(real with the key "id") and t(a -> p.id), named after both; the name is made before p is known, and again. */
static bool name_a_late_target(const corm_mem *mem) {
  static const char *const names[] = {"a"}, *const targets[] = {"p.id"};
  const corm_naming naming =
      naming_of(CORM_NAMING_FOREIGN_KEY, "fk_%(referred_table_name)s_%(referred_column_0_name)s");
  corm_metadata metadata;
  corm_table parent, child;
  corm_column id, a;
  corm_error err = {.is_set = false};
  corm_metadata_init(&metadata, mem);
  corm_column_init(&id, "real", corm_type_default(CORM_TYPE_INTEGER));
  id.key = "id";
  corm_column_init(&a, "a", corm_type_default(CORM_TYPE_INTEGER));
  corm_constraint key = foreign_key(names, targets, 1);
  corm_status status = corm_table_init(&child, mem, "t", NULL, &err);
  child.naming = &naming;
  if (status == CORM_OK) {
    status = corm_table_init(&parent, mem, "p", NULL, &err);
  } else {
    memset(&parent, 0, sizeof parent);
  }
  if (status == CORM_OK) status = corm_metadata_add(&metadata, &child, &err);
  if (status == CORM_OK) status = corm_table_add_column(&child, &a, &err);
  if (status == CORM_OK) status = corm_table_add_constraint(&child, &key, &err);
  if (status == CORM_OK) assert_string_equal(key.name, "fk_p_id");
  if (status == CORM_OK) status = corm_metadata_add(&metadata, &parent, &err);
  if (status == CORM_OK) status = corm_table_add_column(&parent, &id, &err);
  for (int i = 0; i < 2 && status == CORM_OK; i++) {
    status = corm_constraint_resolve(&key, &err);
    assert_string_equal(key.name, status == CORM_OK ? "fk_p_real" : "fk_p_id");
  }
  corm_table_clear(&child);
  corm_table_clear(&parent);
  corm_metadata_clear(&metadata);
  corm_error_clear(&err);
  return status == CORM_OK;
}

static void a_target_that_comes_late_is_named_by_its_name(void **state) {
  (void)state;
  assert_true(name_a_late_target(&corm_mem_libc));
}

static void out_of_memory_is_reported(void **state) {
  (void)state;
  fail_mem_each(name_a_late_target);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens_stand_for_parts_of_the_schema),
      cmocka_unit_test(a_given_name_stays_unless_the_template_has_a_place_for_it),
      cmocka_unit_test(a_made_name_is_not_made_again),
      cmocka_unit_test(what_has_no_template_has_no_name),
      cmocka_unit_test(an_index_has_a_template_always),
      cmocka_unit_test(errors_leave_the_name_alone),
      cmocka_unit_test(templates_are_checked),
      cmocka_unit_test(a_target_that_comes_late_is_named_by_its_name),
      cmocka_unit_test(out_of_memory_is_reported),
  };
  return cmocka_run_group_tests_name("naming", tests, NULL, NULL);
}
