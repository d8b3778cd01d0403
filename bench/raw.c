/*
 * The workload in plain C over SQLite: what corm's times are divided by. It prepares each statement once, works in one
 * transaction where that is allowed, and keeps nothing of what it reads.
 *
 * raw CASE FILE N prints "CASE seconds check": the time of the work alone (opening the file is outside), and a number
 * that every peer must reach. Beside the cases there are helpers without a time:
 *   schema, fill_authors, fill_graph   make the files that cases start from
 *   sums                               counts and sums of what is in the file
 *   expect_authors, expect_graph, expect_updated, expect_deleted
 *                                      the same from the data functions alone, without a database
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BOOKS_PER_AUTHOR = 10, GETS = 20000, FILTERS = 20000 };
/* Prime and larger than any N: multiples of it modulo N run through all keys in scattered order. */
#define STRIDE INT64_C(15485863)

typedef struct bench {
  sqlite3 *db;
  int64_t n;
  struct timespec begun;
  double seconds;
  int64_t check;
} bench;

typedef struct author {
  char name[40], email[60];
  int64_t age;
  double score;
} author;

typedef struct book {
  char title[60];
  int64_t year;
  double price;
} book;

/* -- data: a fixed function of the row number, the same as in corm.lua -- */

static void make_author(int64_t i, author *out) {
  snprintf(out->name, sizeof out->name, "author %" PRId64, i);
  snprintf(out->email, sizeof out->email, "author%" PRId64 "@example.org", i);
  out->age = 18 + i % 63;
  out->score = (double)(i % 1000) * 0.125;
}

static void make_book(int64_t i, book *out) {
  snprintf(out->title, sizeof out->title, "book %" PRId64, i);
  out->year = 1900 + i % 125;
  out->price = (double)(i % 400) * 0.25;
}

/* -- plumbing -- */

static void require(bench *b, int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "raw: %s: %s\n", what, b->db ? sqlite3_errmsg(b->db) : "no database");
  exit(1);
}

static void run(bench *b, const char *sql) {
  require(b, sqlite3_exec(b->db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static sqlite3_stmt *prepare(bench *b, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  require(b, sqlite3_prepare_v2(b->db, sql, -1, &stmt, NULL) == SQLITE_OK, sql);
  return stmt;
}

static void execute(bench *b, sqlite3_stmt *stmt) {
  require(b, sqlite3_step(stmt) == SQLITE_DONE, "step");
  sqlite3_reset(stmt);
}

static int fetch(bench *b, sqlite3_stmt *stmt) {
  int rc = sqlite3_step(stmt);
  require(b, rc == SQLITE_ROW || rc == SQLITE_DONE, "step");
  return rc == SQLITE_ROW;
}

static void start(bench *b) {
  clock_gettime(CLOCK_MONOTONIC, &b->begun);
}

static void stop(bench *b) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  b->seconds = (double)(now.tv_sec - b->begun.tv_sec) + (double)(now.tv_nsec - b->begun.tv_nsec) / 1e9;
}

static int64_t text_length(sqlite3_stmt *stmt, int column) {
  return sqlite3_column_text(stmt, column) ? sqlite3_column_bytes(stmt, column) : 0;
}

/* -- writing -- */

static const char insert_author_sql[] = "INSERT INTO author (name, email, age, score) VALUES (?, ?, ?, ?)";
static const char insert_book_sql[] = "INSERT INTO book (author_id, title, year, price) VALUES (?, ?, ?, ?)";

static int64_t insert_author(bench *b, sqlite3_stmt *stmt, int64_t i) {
  author row;
  make_author(i, &row);
  sqlite3_bind_text(stmt, 1, row.name, -1, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 2, row.email, -1, SQLITE_STATIC);
  sqlite3_bind_int64(stmt, 3, row.age);
  sqlite3_bind_double(stmt, 4, row.score);
  execute(b, stmt);
  return sqlite3_last_insert_rowid(b->db);
}

static void insert_book(bench *b, sqlite3_stmt *stmt, int64_t i, int64_t author_id) {
  book row;
  make_book(i, &row);
  sqlite3_bind_int64(stmt, 1, author_id);
  sqlite3_bind_text(stmt, 2, row.title, -1, SQLITE_STATIC);
  sqlite3_bind_int64(stmt, 3, row.year);
  sqlite3_bind_double(stmt, 4, row.price);
  execute(b, stmt);
}

static void insert_objects(bench *b) {
  start(b);
  sqlite3_stmt *stmt = prepare(b, insert_author_sql);
  run(b, "BEGIN IMMEDIATE");
  for (int64_t i = 1; i <= b->n; i++) b->check += insert_author(b, stmt, i);
  run(b, "COMMIT");
  sqlite3_finalize(stmt);
  stop(b);
}

static void insert_bulk(bench *b) {
  insert_objects(b);
  b->check = b->n;
}

static void insert_graph(bench *b) {
  start(b);
  sqlite3_stmt *authors = prepare(b, insert_author_sql), *books = prepare(b, insert_book_sql);
  run(b, "BEGIN IMMEDIATE");
  for (int64_t a = 1, i = 1; a <= b->n / BOOKS_PER_AUTHOR; a++) {
    int64_t id = insert_author(b, authors, a);
    for (int k = 0; k < BOOKS_PER_AUTHOR; k++, i++) {
      insert_book(b, books, i, id);
      b->check += sqlite3_last_insert_rowid(b->db);
    }
    b->check += id;
  }
  run(b, "COMMIT");
  sqlite3_finalize(authors);
  sqlite3_finalize(books);
  stop(b);
}

/* Reads first and writes afterwards: an UPDATE under an open cursor of the same table makes SQLite save and find that
   cursor's place again for every row. The ages are the only thing that the second pass needs. */
static void update_objects(bench *b) {
  start(b);
  int64_t *ages = malloc((size_t)(b->n + 1) * sizeof *ages);
  require(b, ages != NULL, "memory");
  run(b, "BEGIN IMMEDIATE");
  sqlite3_stmt *stmt = prepare(b, "SELECT id, name, email, age, score FROM author");
  while (fetch(b, stmt)) ages[sqlite3_column_int64(stmt, 0)] = sqlite3_column_int64(stmt, 3);
  sqlite3_finalize(stmt);
  stmt = prepare(b, "UPDATE author SET age = ? WHERE id = ?");
  for (int64_t id = 1; id <= b->n; id++) {
    sqlite3_bind_int64(stmt, 1, ages[id] + 1);
    sqlite3_bind_int64(stmt, 2, id);
    execute(b, stmt);
    b->check += sqlite3_changes(b->db);
  }
  run(b, "COMMIT");
  sqlite3_finalize(stmt);
  free(ages);
  stop(b);
}

static void delete_objects(bench *b) {
  start(b);
  int64_t *ids = malloc((size_t)b->n * sizeof *ids), count = 0;
  require(b, ids != NULL, "memory");
  run(b, "BEGIN IMMEDIATE");
  sqlite3_stmt *stmt = prepare(b, "SELECT id, name, email, age, score FROM author");
  while (fetch(b, stmt)) ids[count++] = sqlite3_column_int64(stmt, 0);
  sqlite3_finalize(stmt);
  stmt = prepare(b, "DELETE FROM author WHERE id = ?");
  for (int64_t k = 0; k < count; k++) {
    sqlite3_bind_int64(stmt, 1, ids[k]);
    execute(b, stmt);
    b->check += sqlite3_changes(b->db);
  }
  run(b, "COMMIT");
  sqlite3_finalize(stmt);
  free(ids);
  stop(b);
}

/* -- reading -- */

static int64_t read_authors(bench *b) {
  int64_t sum = 0;
  sqlite3_stmt *stmt = prepare(b, "SELECT id, name, email, age, score FROM author");
  while (fetch(b, stmt)) sum += text_length(stmt, 1) + sqlite3_column_int64(stmt, 3);
  sqlite3_finalize(stmt);
  return sum;
}

static void load_all(bench *b) {
  start(b);
  b->check = read_authors(b);
  stop(b);
}

/* Two statements merged on the way: faster than the join, which copies each author ten times. */
static void load_eager(bench *b) {
  start(b);
  sqlite3_stmt *authors = prepare(b, "SELECT id, name, email, age, score FROM author ORDER BY id");
  sqlite3_stmt *books = prepare(b, "SELECT id, author_id, title, year, price FROM book ORDER BY author_id, id");
  int more = fetch(b, books);
  while (fetch(b, authors)) {
    int64_t id = sqlite3_column_int64(authors, 0);
    b->check += text_length(authors, 1);
    for (; more && sqlite3_column_int64(books, 1) == id; more = fetch(b, books)) {
      b->check += text_length(books, 2) + sqlite3_column_int64(books, 3);
    }
  }
  sqlite3_finalize(authors);
  sqlite3_finalize(books);
  stop(b);
}

static void get_by_pk(bench *b) {
  start(b);
  sqlite3_stmt *stmt = prepare(b, "SELECT id, name, email, age, score FROM author WHERE id = ?");
  int64_t count = b->n < GETS ? b->n : GETS;
  for (int64_t k = 1; k <= count; k++) {
    sqlite3_bind_int64(stmt, 1, 1 + k * STRIDE % b->n);
    require(b, fetch(b, stmt), "row");
    b->check += text_length(stmt, 1) + sqlite3_column_int64(stmt, 3);
    sqlite3_reset(stmt);
  }
  sqlite3_finalize(stmt);
  stop(b);
}

static void select_filter(bench *b) {
  start(b);
  sqlite3_stmt *stmt = prepare(b, "SELECT id, name, email, age, score FROM author WHERE age >= ? AND name LIKE ? "
                                  "ORDER BY id LIMIT 10");
  for (int64_t k = 1; k <= FILTERS; k++) {
    char pattern[32];
    snprintf(pattern, sizeof pattern, "%%%" PRId64 "%%", k % 10);
    sqlite3_bind_int64(stmt, 1, 18 + k % 20);
    sqlite3_bind_text(stmt, 2, pattern, -1, SQLITE_STATIC);
    while (fetch(b, stmt)) b->check += text_length(stmt, 1) + sqlite3_column_int64(stmt, 3);
    sqlite3_reset(stmt);
  }
  sqlite3_finalize(stmt);
  stop(b);
}

/* -- what must be in a file -- */

static void print_sums(const int64_t *a, double score, const int64_t *k, double price) {
  printf("authors %" PRId64 " ids %" PRId64 " ages %" PRId64 " text %" PRId64 " scores %.3f", a[0], a[1], a[2], a[3],
         score);
  printf(" books %" PRId64 " ids %" PRId64 " parents %" PRId64 " years %" PRId64 " text %" PRId64 " prices %.2f\n",
         k[0], k[1], k[2], k[3], k[4], price);
}

static void sums(bench *b) {
  int64_t a[4], k[5];
  sqlite3_stmt *stmt = prepare(
      b,
      "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(age), 0), coalesce(sum(length(name) + length(email)), 0), "
      "total(score) FROM author");
  require(b, fetch(b, stmt), "sums");
  for (int i = 0; i < 4; i++) a[i] = sqlite3_column_int64(stmt, i);
  double score = sqlite3_column_double(stmt, 4);
  sqlite3_finalize(stmt);
  stmt = prepare(b, "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(author_id * id), 0), coalesce(sum(year), 0), "
                    "coalesce(sum(length(title)), 0), total(price) "
                    "FROM book");
  require(b, fetch(b, stmt), "sums");
  for (int i = 0; i < 5; i++) k[i] = sqlite3_column_int64(stmt, i);
  print_sums(a, score, k, sqlite3_column_double(stmt, 5));
  sqlite3_finalize(stmt);
}

static void expect(int64_t nauthors, int64_t nbooks, int64_t age_step) {
  int64_t a[4] = {nauthors, 0, 0, 0}, k[5] = {nbooks, 0, 0, 0, 0};
  double score = 0, price = 0;
  for (int64_t i = 1; i <= nauthors; i++) {
    author row;
    make_author(i, &row);
    a[1] += i;
    a[2] += row.age + age_step;
    a[3] += (int64_t)(strlen(row.name) + strlen(row.email));
    score += row.score;
  }
  for (int64_t i = 1; i <= nbooks; i++) {
    book row;
    make_book(i, &row);
    k[1] += i;
    k[2] += ((i - 1) / BOOKS_PER_AUTHOR + 1) * i;
    k[3] += row.year;
    k[4] += (int64_t)strlen(row.title);
    price += row.price;
  }
  print_sums(a, score, k, price);
}

static void expect_authors(bench *b) {
  expect(b->n, 0, 0);
}

static void expect_updated(bench *b) {
  expect(b->n, 0, 1);
}

static void expect_deleted(bench *b) {
  (void)b;
  expect(0, 0, 0);
}

static void expect_graph(bench *b) {
  expect(b->n / BOOKS_PER_AUTHOR, b->n / BOOKS_PER_AUTHOR * BOOKS_PER_AUTHOR, 0);
}

static void schema(bench *b) {
  run(b, "CREATE TABLE author (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, "
         "age INTEGER, score REAL)");
  run(b, "CREATE TABLE book (id INTEGER NOT NULL PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES author (id), "
         "title TEXT NOT NULL, year INTEGER, price REAL)");
  run(b, "CREATE INDEX ix_book_author_id ON book (author_id)");
}

static void fill_authors(bench *b) {
  schema(b);
  insert_objects(b);
}

static void fill_graph(bench *b) {
  schema(b);
  insert_graph(b);
}

/* -- the program -- */

typedef struct bench_case {
  const char *name;
  void (*work)(bench *b);
  int timed;
} bench_case;

static const bench_case cases[] = {
    {"insert_objects", insert_objects, 1},
    {"insert_graph", insert_graph, 1},
    {"insert_bulk", insert_bulk, 1},
    {"load_all", load_all, 1},
    {"load_eager", load_eager, 1},
    {"get_by_pk", get_by_pk, 1},
    {"update_objects", update_objects, 1},
    {"select_filter", select_filter, 1},
    {"delete_objects", delete_objects, 1},
    {"schema", schema, 0},
    {"fill_authors", fill_authors, 0},
    {"fill_graph", fill_graph, 0},
    {"sums", sums, 0},
    {"expect_authors", expect_authors, 0},
    {"expect_graph", expect_graph, 0},
    {"expect_updated", expect_updated, 0},
    {"expect_deleted", expect_deleted, 0},
};

int main(int argc, char **argv) {
  const bench_case *found = NULL;
  bench b = {0};
  for (size_t i = 0; argc == 4 && i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(cases[i].name, argv[1]) == 0) found = &cases[i];
  }
  if (found) b.n = strtoll(argv[3], NULL, 10);
  if (b.n < BOOKS_PER_AUTHOR || b.n >= STRIDE) {
    fprintf(stderr, "usage: raw CASE FILE N, N from %d to below %" PRId64 "\n", BOOKS_PER_AUTHOR, STRIDE);
    return 2;
  }
  require(&b, sqlite3_open(argv[2], &b.db) == SQLITE_OK, argv[2]);
  run(&b, "PRAGMA foreign_keys = ON");
  found->work(&b);
  require(&b, sqlite3_close(b.db) == SQLITE_OK, "close");
  if (found->timed) printf("%s %.9f %" PRId64 "\n", found->name, b.seconds, b.check);
  return 0;
}
