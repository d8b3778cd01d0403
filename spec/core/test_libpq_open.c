/* Opening PostgreSQL connections: options, hosts that refuse or are silent, the session's settings. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/time.h"

#include "libpq_fixture.h"

/* -- opening ------------------------------------------------------------------------------------------------------- */

static void refuses_senseless_options(void **state) {
  static const corm_driver_option wrong[] = {
      {"sslmode", "maybe"},
      {"connect_timeout", "-1"},
      {"connect_timeout", "ten"},
      {"statement_timeout", "99999999999"},
      {"client_encoding", "latin1"},
      {"prepare", "perhaps"},
      {"port", "0"},
      {"port", "5432,x"},
      {"target_session_attrs", "no"},
      {"nonsense", "1"},
  };
  static const corm_driver_option fine[] = {{"sslmode", "prefer"}, {"port", "5432,,5433"}, {"client_encoding", "utf8"}};
  static const corm_driver_option twice[] = {{"sslmode", "prefer"}, {"sslmode", "require"}};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    corm_error err = {0};
    corm_driver_target target = {.options = &wrong[i], .noptions = 1};
    if (pq->check(pq, &target, &err) == CORM_OK) fail_msg("%s=%s", wrong[i].key, wrong[i].value);
    assert_int_equal(err.cls, CORM_E_ARGUMENT);
  }
  corm_driver_target target = {.options = fine, .noptions = 3};
  assert_int_equal(pq->check(pq, &target, NULL), CORM_OK);
  target = (corm_driver_target){.options = twice, .noptions = 2};
  assert_int_equal(pq->check(pq, &target, NULL), CORM_FAILED);
  target = (corm_driver_target){.options = fine, .noptions = 3, .port = 5432};
  assert_int_equal(pq->check(pq, &target, NULL), CORM_FAILED);
  target = (corm_driver_target){.port = 70000};
  assert_int_equal(pq->check(pq, &target, NULL), CORM_FAILED);
}

static void cannot_open(const corm_driver_target *target, corm_error_class cls, corm_error *err) {
  corm_driver_conn *conn = NULL;
  *err = (corm_error){0};
  assert_int_equal(pq->open(pq, &corm_mem_libc, target, &conn, err), CORM_FAILED);
  if (err->cls != cls) fail_msg("%s: %s", corm_error_class_name(err->cls), err->message);
}

static void says_why_it_cannot_connect(void **state) {
  (void)state;
  corm_error err;
  corm_driver_target target = pq_target();
  target.password = "Wr0ngSecret";
  cannot_open(&target, CORM_E_AUTH, &err);
  assert_string_equal(err.sqlstate, "28P01");
  assert_null(strstr(err.message, "Wr0ngSecret"));
  target = pq_target();
  target.username = "nobody_here_Wr0ngSecret";
  target.password = "Wr0ngSecret";
  cannot_open(&target, CORM_E_AUTH, &err);
  assert_null(strstr(err.message, "Wr0ngSecret"));
  /* One keyword's value, whatever it looks like. */
  target = pq_target();
  target.database = "x host=evil.example port=1";
  cannot_open(&target, CORM_E_OPERATIONAL, &err);
  assert_string_equal(err.sqlstate, "3D000");
  assert_non_null(strstr(err.message, "\"x host=evil.example port=1\" does not exist"));
  target = pq_target();
  target.host = "host.invalid";
  cannot_open(&target, CORM_E_OPERATIONAL, &err);
  target = pq_target();
  target.port = 1; /* nobody listens there */
  cannot_open(&target, CORM_E_OPERATIONAL, &err);
  assert_non_null(strstr(err.message, "refused"));
}

/* A socket that listens and never answers. */
static int listen_silently(int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 8) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
    abort();
  }
  *port = ntohs(address.sin_port);
  return fd;
}

static void does_not_wait_for_ever(void **state) {
  (void)state;
  corm_error err;
  const corm_driver_option one[] = {{"connect_timeout", "1"}};
  corm_driver_target target = pq_target();
  int fd = listen_silently(&target.port);
  target.host = "127.0.0.1";
  target.options = one;
  target.noptions = 1;
  int64_t start = corm_clock_monotonic();
  cannot_open(&target, CORM_E_OPERATIONAL, &err);
  int64_t took = corm_clock_monotonic() - start;
  assert_true(took > 900000 && took < 3000000);
  close(fd);
}

/* libpq goes on to the next host when one is silent. */
static void takes_the_host_that_answers(void **state) {
  (void)state;
  int silent;
  int fd = listen_silently(&silent);
  char hosts[128], ports[32];
  snprintf(hosts, sizeof hosts, "127.0.0.1,%s", pq_url.host);
  snprintf(ports, sizeof ports, "%d,%d", silent, pq_url.port);
  const corm_driver_option options[] = {{"host", hosts}, {"port", ports}, {"connect_timeout", "2"}};
  corm_driver_target target = pq_target();
  target.host = NULL;
  target.port = 0;
  target.options = options;
  target.noptions = 3;
  corm_driver_conn *conn = NULL;
  corm_error err = {0};
  if (pq->open(pq, &corm_mem_libc, &target, &conn, &err) != CORM_OK) fail_msg("%s", err.message);
  assert_int_equal(pq_ask(conn, "SELECT 1"), 1);
  pq->close(conn);
  close(fd);
}

static void sets_up_the_session(void **state) {
  const corm_driver_option options[] = {
      {"statement_timeout", "4000"}, {"lock_timeout", "3000"}, {"application_name", "it"}};
  corm_driver_conn *conn = pq_open_with(options, 3);
  (void)state;
  static const char check[] =
      "SELECT (current_setting('client_encoding') = 'UTF8' AND current_setting('TimeZone') = 'UTC' "
      "AND current_setting('DateStyle') LIKE 'ISO%' AND current_setting('IntervalStyle') = "
      "'postgres' AND current_setting('statement_timeout') = '4s' AND "
      "current_setting('lock_timeout') = '3s' AND current_setting('standard_conforming_strings') = "
      "'on' AND current_setting('bytea_output') = 'hex')::int";
  corm_server server;
  pq->server(conn, &server);
  assert_true(server.number >= 90500 && !server.mariadb && server.version[0] != '\0');
  assert_int_equal(pq_ask(conn, "SELECT (current_setting('application_name') = 'it')::int"), 1);
  assert_int_equal(pq_ask(conn, check), 1);
  assert_false(pq->is_altered(conn));
  pq_exec(conn, "SET DateStyle TO German");
  assert_true(pq->is_altered(conn));
  pq_exec(conn, "SET statement_timeout TO 1000");
  pq_exec(conn, "SET TimeZone TO 'Asia/Tokyo'");
  pq_exec(conn, "SET bytea_output TO escape");
  assert_int_equal(pq->restore(conn, NULL), CORM_OK);
  assert_false(pq->is_altered(conn));
  assert_int_equal(pq_ask(conn, check), 1);
  pq->close(conn);
}

int main(void) {
  if (!pq_find_server()) return 77;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_senseless_options), cmocka_unit_test(says_why_it_cannot_connect),
      cmocka_unit_test(does_not_wait_for_ever),    cmocka_unit_test(takes_the_host_that_answers),
      cmocka_unit_test(sets_up_the_session),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  corm_arena_clear(&pq_arena);
  return failed;
}
