/*
 * What the raw C programs share: the data as a function of the row number, the clock, and what must be found
 * afterwards. A program is `raw_DATABASE CASE TARGET N`; it prints "CASE seconds check": the time of the work alone
 * (connecting is outside), and a number that every peer must reach. Beside the cases there are helpers without a time:
 *   schema, fill_authors, fill_graph   make the tables that cases start from
 *   sums                               counts and sums of what is in the tables
 *   expect_authors, expect_graph, expect_updated, expect_deleted
 *                                      the same from the data functions alone, without a database
 */
#ifndef CORM_BENCH_H
#define CORM_BENCH_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { BOOKS_PER_AUTHOR = 10, GETS = 20000, FILTERS = 20000, PAGE = 1000 };
/* Prime and larger than any N: multiples of it modulo N run through all keys in scattered order. */
#define STRIDE INT64_C(15485863)

typedef struct bench {
  void *db;
  int64_t n;
  int64_t queries; /* of get_by_pk and select_filter: fewer where each one waits for a network */
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

/* What is in the tables: counts and sums. */
typedef struct bench_sums {
  int64_t authors, ids, ages, text;
  double scores;
  int64_t books, book_ids, parents, years, titles;
  double prices;
} bench_sums;

void make_author(int64_t i, author *out);
void make_book(int64_t i, book *out);
void start(bench *b);
void stop(bench *b);
void print_sums(const bench_sums *sums);

/* What each program does in its own way. Connecting and closing end the program when they fail. */
void open_database(bench *b, const char *target);
void close_database(bench *b);
void insert_objects(bench *b);
void insert_graph(bench *b);
void insert_bulk(bench *b);
void load_all(bench *b);
void load_eager(bench *b);
void get_by_pk(bench *b);
void update_objects(bench *b);
void select_filter(bench *b);
void delete_objects(bench *b);
void schema(bench *b);
void fill_authors(bench *b);
void fill_graph(bench *b);
void sums(bench *b);

#endif
