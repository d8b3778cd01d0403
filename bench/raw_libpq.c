/*
 * The workload in plain C over libpq: rows are written in pages of 1,000 by arrays and unnest, which is the fastest way
 * that gives the keys back; results are binary, large ones read row by row. The target is a connection URI.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { INT4_OID = 23, TEXT_OID = 25, FLOAT8_OID = 701, MAX_COLUMNS = 4 };

/* -- plumbing -- */

static void require(bench *b, int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "raw: %s: %s\n", what, b->db ? PQerrorMessage(b->db) : "no connection");
  exit(1);
}

static PGresult *expect_status(bench *b, PGresult *result, ExecStatusType wanted, const char *what) {
  require(b, PQresultStatus(result) == wanted, what);
  return result;
}

static void run(bench *b, const char *sql) {
  PGresult *result = PQexec(b->db, sql);
  require(b, PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK, sql);
  PQclear(result);
}

static void prepare(bench *b, const char *name, const char *sql) {
  PQclear(expect_status(b, PQprepare(b->db, name, sql, 0, NULL), PGRES_COMMAND_OK, sql));
}

static void put32(char *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (char)(value >> (24 - 8 * i));
}

static uint32_t get32(const char *at) {
  const unsigned char *p = (const unsigned char *)at;
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t get_int(const PGresult *result, int row, int column) {
  return (int32_t)get32(PQgetvalue(result, row, column));
}

/* -- arrays in PostgreSQL's binary form -- */

typedef struct column {
  char *bytes;
  size_t len;
  uint32_t count;
} column;

static void column_begin(column *c, uint32_t oid) {
  if (!c->bytes) c->bytes = malloc(20 + PAGE * 72);
  put32(c->bytes, 1);
  put32(c->bytes + 4, 0);
  put32(c->bytes + 8, oid);
  put32(c->bytes + 16, 1);
  c->len = 20;
  c->count = 0;
}

static void add_bytes(column *c, const void *bytes, size_t len) {
  put32(c->bytes + c->len, (uint32_t)len);
  memcpy(c->bytes + c->len + 4, bytes, len);
  c->len += 4 + len;
  c->count++;
}

static void add_text(column *c, const char *text) {
  add_bytes(c, text, strlen(text));
}

static void add_int(column *c, int64_t value) {
  char bytes[4];
  put32(bytes, (uint32_t)value);
  add_bytes(c, bytes, 4);
}

static void add_real(column *c, double value) {
  uint64_t bits;
  char bytes[8];
  memcpy(&bits, &value, 8);
  put32(bytes, (uint32_t)(bits >> 32));
  put32(bytes + 4, (uint32_t)bits);
  add_bytes(c, bytes, 8);
}

/* Executes a prepared statement whose parameters are the columns, with a binary result. */
static PGresult *send_page(bench *b, const char *name, column *columns, int n) {
  const char *values[MAX_COLUMNS];
  int lengths[MAX_COLUMNS], formats[MAX_COLUMNS];
  for (int i = 0; i < n; i++) {
    put32(columns[i].bytes + 12, columns[i].count);
    values[i] = columns[i].bytes;
    lengths[i] = (int)columns[i].len;
    formats[i] = 1;
  }
  PGresult *result = PQexecPrepared(b->db, name, n, values, lengths, formats, 1);
  require(b, PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK, name);
  return result;
}

static void free_columns(column *columns) {
  for (int i = 0; i < MAX_COLUMNS; i++) free(columns[i].bytes);
}

/* -- writing -- */

#define INSERT_AUTHORS                                                                                                 \
  "INSERT INTO author (name, email, age, score) SELECT p.name, p.email, p.age, p.score FROM unnest($1::text[], "       \
  "$2::text[], $3::int4[], $4::float8[]) AS p(name, email, age, score)"
#define INSERT_BOOKS                                                                                                   \
  "INSERT INTO book (author_id, title, year, price) SELECT p.author_id, p.title, p.year, p.price FROM "                \
  "unnest($1::int4[], $2::text[], $3::int4[], $4::float8[]) AS p(author_id, title, year, price)"

/* Rows first+1 .. first+count; keys are added to the check and, unless NULL, written to ids. */
static void insert_authors(bench *b, column *columns, int64_t first, int64_t count, int64_t *ids) {
  column_begin(&columns[0], TEXT_OID);
  column_begin(&columns[1], TEXT_OID);
  column_begin(&columns[2], INT4_OID);
  column_begin(&columns[3], FLOAT8_OID);
  for (int64_t i = first + 1; i <= first + count; i++) {
    author row;
    make_author(i, &row);
    add_text(&columns[0], row.name);
    add_text(&columns[1], row.email);
    add_int(&columns[2], row.age);
    add_real(&columns[3], row.score);
  }
  PGresult *result = send_page(b, "insert_authors", columns, 4);
  for (int i = 0; i < PQntuples(result); i++) {
    int64_t id = get_int(result, i, 0);
    b->check += id;
    if (ids) ids[i] = id;
  }
  PQclear(result);
}

static int64_t page_of(int64_t left) {
  return left < PAGE ? left : PAGE;
}

static void write_authors(bench *b, const char *sql) {
  column columns[MAX_COLUMNS] = {0};
  start(b);
  run(b, "BEGIN");
  prepare(b, "insert_authors", sql);
  for (int64_t done = 0; done < b->n; done += PAGE) insert_authors(b, columns, done, page_of(b->n - done), NULL);
  run(b, "COMMIT");
  stop(b);
  free_columns(columns);
}

void insert_objects(bench *b) {
  write_authors(b, INSERT_AUTHORS " RETURNING id");
}

void insert_bulk(bench *b) {
  write_authors(b, INSERT_AUTHORS);
  b->check = b->n;
}

static void insert_books(bench *b, column *columns, int64_t first, int64_t count, const int64_t *author_ids) {
  column_begin(&columns[0], INT4_OID);
  column_begin(&columns[1], TEXT_OID);
  column_begin(&columns[2], INT4_OID);
  column_begin(&columns[3], FLOAT8_OID);
  for (int64_t i = first + 1; i <= first + count; i++) {
    book row;
    make_book(i, &row);
    add_int(&columns[0], author_ids[(i - 1) / BOOKS_PER_AUTHOR]);
    add_text(&columns[1], row.title);
    add_int(&columns[2], row.year);
    add_real(&columns[3], row.price);
  }
  PGresult *result = send_page(b, "insert_books", columns, 4);
  for (int i = 0; i < PQntuples(result); i++) b->check += get_int(result, i, 0);
  PQclear(result);
}

void insert_graph(bench *b) {
  column columns[MAX_COLUMNS] = {0};
  int64_t nauthors = b->n / BOOKS_PER_AUTHOR, nbooks = nauthors * BOOKS_PER_AUTHOR;
  start(b);
  int64_t *ids = malloc((size_t)nauthors * sizeof *ids);
  require(b, ids != NULL, "memory");
  run(b, "BEGIN");
  prepare(b, "insert_authors", INSERT_AUTHORS " RETURNING id");
  prepare(b, "insert_books", INSERT_BOOKS " RETURNING id");
  for (int64_t done = 0; done < nauthors; done += PAGE) {
    insert_authors(b, columns, done, page_of(nauthors - done), ids + done);
  }
  for (int64_t done = 0; done < nbooks; done += PAGE) insert_books(b, columns, done, page_of(nbooks - done), ids);
  run(b, "COMMIT");
  free(ids);
  stop(b);
  free_columns(columns);
}

/* -- reading -- */

/* The rows of a large result, one at a time: NULL at the end. */
static void send_query(bench *b, const char *sql) {
  require(b, PQsendQueryParams(b->db, sql, 0, NULL, NULL, NULL, NULL, 1), sql);
  require(b, PQsetSingleRowMode(b->db), "single-row mode");
}

static PGresult *next_row(bench *b) {
  PGresult *result = PQgetResult(b->db);
  if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) return result;
  PQclear(expect_status(b, result, PGRES_TUPLES_OK, "row"));
  require(b, PQgetResult(b->db) == NULL, "end of the result");
  return NULL;
}

static PGresult *read_whole(bench *b, const char *sql) {
  return expect_status(b, PQexecParams(b->db, sql, 0, NULL, NULL, NULL, NULL, 1), PGRES_TUPLES_OK, sql);
}

#define SELECT_AUTHORS "SELECT id, name, email, age, score FROM author"

void load_all(bench *b) {
  start(b);
  send_query(b, SELECT_AUTHORS);
  for (PGresult *row; (row = next_row(b)) != NULL; PQclear(row)) {
    b->check += PQgetlength(row, 0, 1) + get_int(row, 0, 3);
  }
  stop(b);
}

void load_eager(bench *b) {
  start(b);
  PGresult *authors = read_whole(b, SELECT_AUTHORS " ORDER BY id");
  send_query(b, "SELECT id, author_id, title, year, price FROM book ORDER BY author_id, id");
  int at = -1;
  int64_t id = 0;
  for (PGresult *row; (row = next_row(b)) != NULL; PQclear(row)) {
    while (id != get_int(row, 0, 1)) {
      id = get_int(authors, ++at, 0);
      b->check += PQgetlength(authors, at, 1);
    }
    b->check += PQgetlength(row, 0, 2) + get_int(row, 0, 3);
  }
  PQclear(authors);
  stop(b);
}

void get_by_pk(bench *b) {
  start(b);
  run(b, "BEGIN");
  prepare(b, "get", SELECT_AUTHORS " WHERE id = $1");
  int64_t count = b->n < b->queries ? b->n : b->queries;
  for (int64_t k = 1; k <= count; k++) {
    char key[4];
    put32(key, (uint32_t)(1 + k * STRIDE % b->n));
    const char *const values[] = {key};
    PGresult *result =
        expect_status(b, PQexecPrepared(b->db, "get", 1, values, (int[]){4}, (int[]){1}, 1), PGRES_TUPLES_OK, "get");
    b->check += PQgetlength(result, 0, 1) + get_int(result, 0, 3);
    PQclear(result);
  }
  run(b, "COMMIT");
  stop(b);
}

void select_filter(bench *b) {
  start(b);
  run(b, "BEGIN");
  prepare(b, "filter", SELECT_AUTHORS " WHERE age >= $1 AND name LIKE $2 ORDER BY id LIMIT 10");
  for (int64_t k = 1; k <= b->queries; k++) {
    char age[4], pattern[32];
    put32(age, (uint32_t)(18 + k % 20));
    int len = snprintf(pattern, sizeof pattern, "%%%" PRId64 "%%", k % 10);
    const char *const values[] = {age, pattern};
    PGresult *result = expect_status(b, PQexecPrepared(b->db, "filter", 2, values, (int[]){4, len}, (int[]){1, 1}, 1),
                                     PGRES_TUPLES_OK, "filter");
    for (int i = 0; i < PQntuples(result); i++) b->check += PQgetlength(result, i, 1) + get_int(result, i, 3);
    PQclear(result);
  }
  run(b, "COMMIT");
  stop(b);
}

/* -- changing -- */

void update_objects(bench *b) {
  column columns[MAX_COLUMNS] = {0};
  start(b);
  run(b, "BEGIN");
  prepare(b, "update",
          "UPDATE author SET age = p.age FROM unnest($1::int4[], $2::int4[]) AS p(id, age) "
          "WHERE author.id = p.id");
  PGresult *authors = read_whole(b, SELECT_AUTHORS);
  for (int64_t done = 0, n = PQntuples(authors); done < n; done += PAGE) {
    column_begin(&columns[0], INT4_OID);
    column_begin(&columns[1], INT4_OID);
    for (int64_t i = done; i < done + page_of(n - done); i++) {
      add_int(&columns[0], get_int(authors, (int)i, 0));
      add_int(&columns[1], get_int(authors, (int)i, 3) + 1);
    }
    PGresult *result = send_page(b, "update", columns, 2);
    b->check += strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
  }
  PQclear(authors);
  run(b, "COMMIT");
  stop(b);
  free_columns(columns);
}

void delete_objects(bench *b) {
  column columns[MAX_COLUMNS] = {0};
  start(b);
  run(b, "BEGIN");
  prepare(b, "delete", "DELETE FROM author WHERE id = ANY($1::int4[])");
  PGresult *authors = read_whole(b, SELECT_AUTHORS);
  for (int64_t done = 0, n = PQntuples(authors); done < n; done += PAGE) {
    column_begin(&columns[0], INT4_OID);
    for (int64_t i = done; i < done + page_of(n - done); i++) add_int(&columns[0], get_int(authors, (int)i, 0));
    PGresult *result = send_page(b, "delete", columns, 1);
    b->check += strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
  }
  PQclear(authors);
  run(b, "COMMIT");
  stop(b);
  free_columns(columns);
}

/* -- what is in the tables -- */

static int64_t text_int(const PGresult *result, int column) {
  return strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

void sums(bench *b) {
  bench_sums s;
  const char *sql = "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(age), 0), coalesce(sum(length(name) + "
                    "length(email)), 0), coalesce(sum(score), 0) FROM author";
  PGresult *result = expect_status(b, PQexec(b->db, sql), PGRES_TUPLES_OK, sql);
  s.authors = text_int(result, 0);
  s.ids = text_int(result, 1);
  s.ages = text_int(result, 2);
  s.text = text_int(result, 3);
  s.scores = strtod(PQgetvalue(result, 0, 4), NULL);
  PQclear(result);
  sql = "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(author_id::bigint * id), 0), coalesce(sum(year), 0), "
        "coalesce(sum(length(title)), 0), coalesce(sum(price), 0) FROM book";
  result = expect_status(b, PQexec(b->db, sql), PGRES_TUPLES_OK, sql);
  s.books = text_int(result, 0);
  s.book_ids = text_int(result, 1);
  s.parents = text_int(result, 2);
  s.years = text_int(result, 3);
  s.titles = text_int(result, 4);
  s.prices = strtod(PQgetvalue(result, 0, 5), NULL);
  PQclear(result);
  print_sums(&s);
}

void schema(bench *b) {
  run(b, "SET client_min_messages = warning; DROP TABLE IF EXISTS book, author");
  run(b, "CREATE TABLE author (id SERIAL PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, age INTEGER, "
         "score FLOAT)");
  run(b, "CREATE TABLE book (id SERIAL PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES author (id), "
         "title TEXT NOT NULL, year INTEGER, price FLOAT)");
  run(b, "CREATE INDEX ix_book_author_id ON book (author_id)");
}

/* So that no case pays for the server's tidying up after the filling. */
static void settle(bench *b) {
  run(b, "VACUUM ANALYZE author");
  run(b, "VACUUM ANALYZE book");
  run(b, "CHECKPOINT");
}

void fill_authors(bench *b) {
  schema(b);
  insert_objects(b);
  settle(b);
}

void fill_graph(bench *b) {
  schema(b);
  insert_graph(b);
  settle(b);
}

/* -- connecting -- */

void open_database(bench *b, const char *uri) {
  b->db = PQconnectdb(uri);
  require(b, PQstatus(b->db) == CONNECTION_OK, uri);
}

void close_database(bench *b) {
  PQfinish(b->db);
}
