/*
 * The workload in plain C over libmariadb: rows are written in pages of 1,000 by array binding, which is the fastest
 * way that gives the keys back; results are those of prepared statements (binary), large ones unbuffered. The target is
 * mariadb://USER:PASSWORD@HOST:PORT/DATABASE, without percent signs.
 */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { MAX_COLUMNS = 5, WIDTH = 64 };

/* -- plumbing -- */

static void require(bench *b, int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "raw: %s: %s\n", what, b->db ? mysql_error(b->db) : "no connection");
  exit(1);
}

static void require_stmt(MYSQL_STMT *stmt, int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "raw: %s: %s\n", what, mysql_stmt_error(stmt));
  exit(1);
}

static void run(bench *b, const char *sql) {
  require(b, mysql_query(b->db, sql) == 0, sql);
}

static MYSQL_STMT *prepare(bench *b, const char *sql) {
  MYSQL_STMT *stmt = mysql_stmt_init(b->db);
  require(b, stmt != NULL, "memory");
  require_stmt(stmt, mysql_stmt_prepare(stmt, sql, (unsigned long)strlen(sql)) == 0, sql);
  return stmt;
}

/* -- a page of parameters -- */

typedef struct page {
  MYSQL_BIND binds[MAX_COLUMNS];
  unsigned int n;
  union {
    int32_t ints[PAGE];
    double reals[PAGE];
    struct {
      char *texts[PAGE];
      unsigned long lengths[PAGE];
      char bytes[PAGE][WIDTH];
    } text;
  } columns[MAX_COLUMNS];
} page;

static void add_column(page *p, enum enum_field_types type) {
  MYSQL_BIND *bind = &p->binds[p->n];
  memset(bind, 0, sizeof *bind);
  bind->buffer_type = type;
  bind->buffer = &p->columns[p->n];
  if (type == MYSQL_TYPE_STRING) {
    bind->buffer = p->columns[p->n].text.texts;
    bind->length = p->columns[p->n].text.lengths;
  }
  p->n++;
}

static void put_text(page *p, int column, int64_t row, const char *text) {
  size_t len = strlen(text);
  memcpy(p->columns[column].text.bytes[row], text, len);
  p->columns[column].text.texts[row] = p->columns[column].text.bytes[row];
  p->columns[column].text.lengths[row] = (unsigned long)len;
}

static void put_int(page *p, int column, int64_t row, int64_t value) {
  p->columns[column].ints[row] = (int32_t)value;
}

static void put_real(page *p, int column, int64_t row, double value) {
  p->columns[column].reals[row] = value;
}

static void send_page(MYSQL_STMT *stmt, page *p, int64_t rows) {
  unsigned int count = (unsigned int)rows;
  mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &count);
  require_stmt(stmt, mysql_stmt_bind_param(stmt, p->binds) == 0, "bind");
  require_stmt(stmt, mysql_stmt_execute(stmt) == 0, "execute");
}

/* The keys that the page gave, added to the check and, unless NULL, written to ids. */
static void read_ids(bench *b, MYSQL_STMT *stmt, int64_t *ids) {
  int32_t id = 0;
  MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_LONG, .buffer = &id};
  if (mysql_stmt_field_count(stmt) == 0) return;
  require_stmt(stmt, mysql_stmt_bind_result(stmt, &bind) == 0, "bind");
  for (int64_t i = 0; mysql_stmt_fetch(stmt) == 0; i++) {
    b->check += id;
    if (ids) ids[i] = id;
  }
}

static int64_t page_of(int64_t left) {
  return left < PAGE ? left : PAGE;
}

static page *new_page(bench *b) {
  page *p = malloc(sizeof *p);
  require(b, p != NULL, "memory");
  p->n = 0;
  return p;
}

/* -- writing -- */

#define INSERT_AUTHOR "INSERT INTO author (name, email, age, score) VALUES (?, ?, ?, ?)"
#define INSERT_BOOK   "INSERT INTO book (author_id, title, year, price) VALUES (?, ?, ?, ?)"

static page *author_page(bench *b) {
  page *p = new_page(b);
  add_column(p, MYSQL_TYPE_STRING);
  add_column(p, MYSQL_TYPE_STRING);
  add_column(p, MYSQL_TYPE_LONG);
  add_column(p, MYSQL_TYPE_DOUBLE);
  return p;
}

static void insert_authors(bench *b, MYSQL_STMT *stmt, page *p, int64_t first, int64_t count, int64_t *ids) {
  for (int64_t i = 0; i < count; i++) {
    author row;
    make_author(first + i + 1, &row);
    put_text(p, 0, i, row.name);
    put_text(p, 1, i, row.email);
    put_int(p, 2, i, row.age);
    put_real(p, 3, i, row.score);
  }
  send_page(stmt, p, count);
  read_ids(b, stmt, ids);
}

static void write_authors(bench *b, const char *sql) {
  start(b);
  page *p = author_page(b);
  run(b, "START TRANSACTION");
  MYSQL_STMT *stmt = prepare(b, sql);
  for (int64_t done = 0; done < b->n; done += PAGE) insert_authors(b, stmt, p, done, page_of(b->n - done), NULL);
  run(b, "COMMIT");
  mysql_stmt_close(stmt);
  free(p);
  stop(b);
}

void insert_objects(bench *b) {
  write_authors(b, INSERT_AUTHOR " RETURNING id");
}

void insert_bulk(bench *b) {
  write_authors(b, INSERT_AUTHOR);
  b->check = b->n;
}

static void insert_books(bench *b, MYSQL_STMT *stmt, page *p, int64_t first, int64_t count, const int64_t *ids) {
  for (int64_t i = 0; i < count; i++) {
    book row;
    make_book(first + i + 1, &row);
    put_int(p, 0, i, ids[(first + i) / BOOKS_PER_AUTHOR]);
    put_text(p, 1, i, row.title);
    put_int(p, 2, i, row.year);
    put_real(p, 3, i, row.price);
  }
  send_page(stmt, p, count);
  read_ids(b, stmt, NULL);
}

void insert_graph(bench *b) {
  int64_t nauthors = b->n / BOOKS_PER_AUTHOR, nbooks = nauthors * BOOKS_PER_AUTHOR;
  start(b);
  int64_t *ids = malloc((size_t)nauthors * sizeof *ids);
  require(b, ids != NULL, "memory");
  page *authors = author_page(b), *books = new_page(b);
  add_column(books, MYSQL_TYPE_LONG);
  add_column(books, MYSQL_TYPE_STRING);
  add_column(books, MYSQL_TYPE_LONG);
  add_column(books, MYSQL_TYPE_DOUBLE);
  run(b, "START TRANSACTION");
  MYSQL_STMT *insert_author = prepare(b, INSERT_AUTHOR " RETURNING id");
  MYSQL_STMT *insert_book = prepare(b, INSERT_BOOK " RETURNING id");
  for (int64_t done = 0; done < nauthors; done += PAGE) {
    insert_authors(b, insert_author, authors, done, page_of(nauthors - done), ids + done);
  }
  for (int64_t done = 0; done < nbooks; done += PAGE) {
    insert_books(b, insert_book, books, done, page_of(nbooks - done), ids);
  }
  run(b, "COMMIT");
  mysql_stmt_close(insert_author);
  mysql_stmt_close(insert_book);
  free(authors);
  free(books);
  free(ids);
  stop(b);
}

/* -- reading -- */

typedef struct author_row {
  int32_t id, age;
  double score;
  char name[WIDTH], email[WIDTH];
  unsigned long name_len, email_len;
  MYSQL_BIND binds[5];
} author_row;

static void bind_authors(MYSQL_STMT *stmt, author_row *row) {
  memset(row, 0, sizeof *row);
  row->binds[0] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONG, .buffer = &row->id};
  row->binds[1] = (MYSQL_BIND){
      .buffer_type = MYSQL_TYPE_STRING, .buffer = row->name, .buffer_length = WIDTH, .length = &row->name_len};
  row->binds[2] = (MYSQL_BIND){
      .buffer_type = MYSQL_TYPE_STRING, .buffer = row->email, .buffer_length = WIDTH, .length = &row->email_len};
  row->binds[3] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONG, .buffer = &row->age};
  row->binds[4] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &row->score};
  require_stmt(stmt, mysql_stmt_bind_result(stmt, row->binds) == 0, "bind");
}

#define SELECT_AUTHORS "SELECT id, name, email, age, score FROM author"

static MYSQL_STMT *query_authors(bench *b, const char *sql, author_row *row) {
  MYSQL_STMT *stmt = prepare(b, sql);
  require_stmt(stmt, mysql_stmt_execute(stmt) == 0, sql);
  bind_authors(stmt, row);
  return stmt;
}

void load_all(bench *b) {
  author_row row;
  start(b);
  MYSQL_STMT *stmt = query_authors(b, SELECT_AUTHORS, &row);
  while (mysql_stmt_fetch(stmt) == 0) b->check += (int64_t)row.name_len + row.age;
  mysql_stmt_close(stmt);
  stop(b);
}

void load_eager(bench *b) {
  author_row row;
  int32_t book_id, author_id, year;
  double price;
  char title[WIDTH];
  unsigned long title_len;
  MYSQL_BIND binds[] = {
      {.buffer_type = MYSQL_TYPE_LONG, .buffer = &book_id},
      {.buffer_type = MYSQL_TYPE_LONG, .buffer = &author_id},
      {.buffer_type = MYSQL_TYPE_STRING, .buffer = title, .buffer_length = WIDTH, .length = &title_len},
      {.buffer_type = MYSQL_TYPE_LONG, .buffer = &year},
      {.buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &price},
  };
  start(b);
  MYSQL_STMT *authors = query_authors(b, SELECT_AUTHORS " ORDER BY id", &row);
  require_stmt(authors, mysql_stmt_store_result(authors) == 0, "store");
  MYSQL_STMT *books = prepare(b, "SELECT id, author_id, title, year, price FROM book ORDER BY author_id, id");
  require_stmt(books, mysql_stmt_execute(books) == 0, "books");
  require_stmt(books, mysql_stmt_bind_result(books, binds) == 0, "bind");
  while (mysql_stmt_fetch(books) == 0) {
    while (row.id != author_id) {
      require_stmt(authors, mysql_stmt_fetch(authors) == 0, "author");
      b->check += (int64_t)row.name_len;
    }
    b->check += (int64_t)title_len + year;
  }
  mysql_stmt_close(books);
  mysql_stmt_close(authors);
  stop(b);
}

void get_by_pk(bench *b) {
  author_row row;
  int32_t key = 0;
  MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_LONG, .buffer = &key};
  start(b);
  run(b, "START TRANSACTION");
  MYSQL_STMT *stmt = prepare(b, SELECT_AUTHORS " WHERE id = ?");
  require_stmt(stmt, mysql_stmt_bind_param(stmt, &bind) == 0, "bind");
  int64_t count = b->n < b->queries ? b->n : b->queries;
  for (int64_t k = 1; k <= count; k++) {
    key = (int32_t)(1 + k * STRIDE % b->n);
    require_stmt(stmt, mysql_stmt_execute(stmt) == 0, "get");
    if (k == 1) bind_authors(stmt, &row);
    require_stmt(stmt, mysql_stmt_fetch(stmt) == 0, "row");
    b->check += (int64_t)row.name_len + row.age;
    mysql_stmt_free_result(stmt);
  }
  run(b, "COMMIT");
  mysql_stmt_close(stmt);
  stop(b);
}

void select_filter(bench *b) {
  author_row row;
  int32_t age = 0;
  char pattern[32];
  unsigned long pattern_len = 0;
  MYSQL_BIND binds[] = {
      {.buffer_type = MYSQL_TYPE_LONG, .buffer = &age},
      {.buffer_type = MYSQL_TYPE_STRING, .buffer = pattern, .buffer_length = sizeof pattern, .length = &pattern_len},
  };
  start(b);
  run(b, "START TRANSACTION");
  MYSQL_STMT *stmt = prepare(b, SELECT_AUTHORS " WHERE age >= ? AND name LIKE ? ORDER BY id LIMIT 10");
  require_stmt(stmt, mysql_stmt_bind_param(stmt, binds) == 0, "bind");
  for (int64_t k = 1; k <= b->queries; k++) {
    age = (int32_t)(18 + k % 20);
    pattern_len = (unsigned long)snprintf(pattern, sizeof pattern, "%%%" PRId64 "%%", k % 10);
    require_stmt(stmt, mysql_stmt_execute(stmt) == 0, "filter");
    if (k == 1) bind_authors(stmt, &row);
    while (mysql_stmt_fetch(stmt) == 0) b->check += (int64_t)row.name_len + row.age;
    mysql_stmt_free_result(stmt);
  }
  run(b, "COMMIT");
  mysql_stmt_close(stmt);
  stop(b);
}

/* -- changing: by the one-row statement and arrays -- */

/* Loads all rows, then executes sql for (age + 1, id) or, without ages, for (id). */
static void change_all(bench *b, const char *sql, int with_age) {
  author_row row;
  start(b);
  int32_t *ids = malloc((size_t)b->n * sizeof *ids), *ages = malloc((size_t)b->n * sizeof *ages);
  require(b, ids && ages, "memory");
  page *p = new_page(b);
  if (with_age) add_column(p, MYSQL_TYPE_LONG);
  add_column(p, MYSQL_TYPE_LONG);
  run(b, "START TRANSACTION");
  MYSQL_STMT *stmt = query_authors(b, SELECT_AUTHORS, &row);
  int64_t n = 0;
  for (; mysql_stmt_fetch(stmt) == 0; n++) {
    ids[n] = row.id;
    ages[n] = row.age + 1;
  }
  mysql_stmt_close(stmt);
  stmt = prepare(b, sql);
  for (int64_t done = 0; done < n; done += PAGE) {
    int64_t rows = page_of(n - done);
    if (with_age) memcpy(p->columns[0].ints, ages + done, (size_t)rows * sizeof *ages);
    memcpy(p->columns[with_age].ints, ids + done, (size_t)rows * sizeof *ids);
    send_page(stmt, p, rows);
    b->check += (int64_t)mysql_stmt_affected_rows(stmt);
  }
  run(b, "COMMIT");
  mysql_stmt_close(stmt);
  free(p);
  free(ids);
  free(ages);
  stop(b);
}

void update_objects(bench *b) {
  change_all(b, "UPDATE author SET age = ? WHERE id = ?", 1);
}

void delete_objects(bench *b) {
  change_all(b, "DELETE FROM author WHERE id = ?", 0);
}

/* -- what is in the tables -- */

static MYSQL_ROW only_row(bench *b, const char *sql, MYSQL_RES **result) {
  run(b, sql);
  *result = mysql_store_result(b->db);
  MYSQL_ROW row = *result ? mysql_fetch_row(*result) : NULL;
  require(b, row != NULL, sql);
  return row;
}

static int64_t text_int(MYSQL_ROW row, int column) {
  return strtoll(row[column], NULL, 10);
}

void sums(bench *b) {
  bench_sums s;
  MYSQL_RES *result;
  MYSQL_ROW row = only_row(b,
                           "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(age), 0), coalesce(sum(length(name) + "
                           "length(email)), 0), coalesce(sum(score), 0) FROM author",
                           &result);
  s.authors = text_int(row, 0);
  s.ids = text_int(row, 1);
  s.ages = text_int(row, 2);
  s.text = text_int(row, 3);
  s.scores = strtod(row[4], NULL);
  mysql_free_result(result);
  row = only_row(b,
                 "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(author_id * id), 0), coalesce(sum(year), 0), "
                 "coalesce(sum(length(title)), 0), coalesce(sum(price), 0) FROM book",
                 &result);
  s.books = text_int(row, 0);
  s.book_ids = text_int(row, 1);
  s.parents = text_int(row, 2);
  s.years = text_int(row, 3);
  s.titles = text_int(row, 4);
  s.prices = strtod(row[5], NULL);
  mysql_free_result(result);
  print_sums(&s);
}

void schema(bench *b) {
  run(b, "DROP TABLE IF EXISTS book");
  run(b, "DROP TABLE IF EXISTS author");
  run(b, "CREATE TABLE author (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60) NOT NULL, "
         "email VARCHAR(60) NOT NULL UNIQUE, age INTEGER, score DOUBLE)");
  run(b, "CREATE TABLE book (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, author_id INTEGER NOT NULL, "
         "title VARCHAR(60) NOT NULL, year INTEGER, price DOUBLE, INDEX ix_book_author_id (author_id), "
         "FOREIGN KEY (author_id) REFERENCES author (id))");
}

/* Rows first+1 .. first+count in one INSERT. InnoDB knows how many there are and numbers them without gaps, which it
   does not do for an array: the reading cases want keys from 1 to N. */
static void fill_page(bench *b, char *sql, const char *head, int64_t first, int64_t count,
                      size_t (*put)(char *at, size_t room, int64_t i)) {
  enum { ROOM = PAGE * 192 };
  size_t len = (size_t)snprintf(sql, ROOM, "%s", head);
  for (int64_t i = first + 1; i <= first + count; i++) {
    if (i > first + 1) sql[len++] = ',';
    len += put(sql + len, ROOM - len, i);
  }
  require(b, mysql_real_query(b->db, sql, (unsigned long)len) == 0, head);
}

static size_t put_author(char *at, size_t room, int64_t i) {
  author row;
  make_author(i, &row);
  return (size_t)snprintf(at, room, "('%s', '%s', %" PRId64 ", %.3f)", row.name, row.email, row.age, row.score);
}

static size_t put_book(char *at, size_t room, int64_t i) {
  book row;
  make_book(i, &row);
  return (size_t)snprintf(at, room, "(%" PRId64 ", '%s', %" PRId64 ", %.2f)", (i - 1) / BOOKS_PER_AUTHOR + 1, row.title,
                          row.year, row.price);
}

static void fill(bench *b, int64_t nauthors, int64_t nbooks) {
  char *sql = malloc(PAGE * 192);
  require(b, sql != NULL, "memory");
  schema(b);
  run(b, "START TRANSACTION");
  for (int64_t done = 0; done < nauthors; done += PAGE) {
    fill_page(b, sql, "INSERT INTO author (name, email, age, score) VALUES ", done, page_of(nauthors - done),
              put_author);
  }
  for (int64_t done = 0; done < nbooks; done += PAGE) {
    fill_page(b, sql, "INSERT INTO book (author_id, title, year, price) VALUES ", done, page_of(nbooks - done),
              put_book);
  }
  run(b, "COMMIT");
  free(sql);
}

void fill_authors(bench *b) {
  fill(b, b->n, 0);
}

void fill_graph(bench *b) {
  fill(b, b->n / BOOKS_PER_AUTHOR, b->n / BOOKS_PER_AUTHOR * BOOKS_PER_AUTHOR);
}

/* -- connecting -- */

void open_database(bench *b, const char *url) {
  char user[64], password[64], host[64], database[64];
  unsigned int port;
  if (sscanf(url, "mariadb://%63[^:]:%63[^@]@%63[^:]:%u/%63s", user, password, host, &port, database) != 5) {
    fprintf(stderr, "raw: the target is no mariadb://USER:PASSWORD@HOST:PORT/DATABASE\n");
    exit(2);
  }
  MYSQL *db = mysql_init(NULL);
  require(b, db != NULL, "memory");
  b->db = db;
  mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  require(b, mysql_real_connect(db, host, user, password, database, port, NULL, CLIENT_FOUND_ROWS) != NULL, "connect");
}

void close_database(bench *b) {
  mysql_close(b->db);
}
