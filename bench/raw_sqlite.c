/*
 * The workload in plain C over SQLite: what corm's times are divided by. It prepares each statement once, works in one
 * transaction where that is allowed, and keeps nothing of what it reads. The target is a file.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

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

void insert_objects(bench *b) {
  start(b);
  sqlite3_stmt *stmt = prepare(b, insert_author_sql);
  run(b, "BEGIN IMMEDIATE");
  for (int64_t i = 1; i <= b->n; i++) b->check += insert_author(b, stmt, i);
  run(b, "COMMIT");
  sqlite3_finalize(stmt);
  stop(b);
}

void insert_bulk(bench *b) {
  insert_objects(b);
  b->check = b->n;
}

void insert_graph(bench *b) {
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
void update_objects(bench *b) {
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

void delete_objects(bench *b) {
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

void load_all(bench *b) {
  start(b);
  b->check = read_authors(b);
  stop(b);
}

/* Two statements merged on the way: faster than the join, which copies each author ten times. */
void load_eager(bench *b) {
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

void get_by_pk(bench *b) {
  start(b);
  sqlite3_stmt *stmt = prepare(b, "SELECT id, name, email, age, score FROM author WHERE id = ?");
  int64_t count = b->n < b->queries ? b->n : b->queries;
  for (int64_t k = 1; k <= count; k++) {
    sqlite3_bind_int64(stmt, 1, 1 + k * STRIDE % b->n);
    require(b, fetch(b, stmt), "row");
    b->check += text_length(stmt, 1) + sqlite3_column_int64(stmt, 3);
    sqlite3_reset(stmt);
  }
  sqlite3_finalize(stmt);
  stop(b);
}

void select_filter(bench *b) {
  start(b);
  sqlite3_stmt *stmt = prepare(b, "SELECT id, name, email, age, score FROM author WHERE age >= ? AND name LIKE ? "
                                  "ORDER BY id LIMIT 10");
  for (int64_t k = 1; k <= b->queries; k++) {
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

/* -- what is in the file -- */

void sums(bench *b) {
  bench_sums s;
  sqlite3_stmt *stmt = prepare(
      b,
      "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(age), 0), coalesce(sum(length(name) + length(email)), 0), "
      "total(score) FROM author");
  require(b, fetch(b, stmt), "sums");
  s.authors = sqlite3_column_int64(stmt, 0);
  s.ids = sqlite3_column_int64(stmt, 1);
  s.ages = sqlite3_column_int64(stmt, 2);
  s.text = sqlite3_column_int64(stmt, 3);
  s.scores = sqlite3_column_double(stmt, 4);
  sqlite3_finalize(stmt);
  stmt = prepare(b, "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(author_id * id), 0), coalesce(sum(year), 0), "
                    "coalesce(sum(length(title)), 0), total(price) "
                    "FROM book");
  require(b, fetch(b, stmt), "sums");
  s.books = sqlite3_column_int64(stmt, 0);
  s.book_ids = sqlite3_column_int64(stmt, 1);
  s.parents = sqlite3_column_int64(stmt, 2);
  s.years = sqlite3_column_int64(stmt, 3);
  s.titles = sqlite3_column_int64(stmt, 4);
  s.prices = sqlite3_column_double(stmt, 5);
  sqlite3_finalize(stmt);
  print_sums(&s);
}

void schema(bench *b) {
  run(b, "CREATE TABLE author (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, "
         "age INTEGER, score REAL)");
  run(b, "CREATE TABLE book (id INTEGER NOT NULL PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES author (id), "
         "title TEXT NOT NULL, year INTEGER, price REAL)");
  run(b, "CREATE INDEX ix_book_author_id ON book (author_id)");
}

void fill_authors(bench *b) {
  schema(b);
  insert_objects(b);
}

void fill_graph(bench *b) {
  schema(b);
  insert_graph(b);
}

/* -- connecting -- */

void open_database(bench *b, const char *path) {
  sqlite3 *db = NULL;
  int rc = sqlite3_open(path, &db);
  b->db = db;
  require(b, rc == SQLITE_OK, path);
  run(b, "PRAGMA foreign_keys = ON");
}

void close_database(bench *b) {
  require(b, sqlite3_close(b->db) == SQLITE_OK, "close");
}
