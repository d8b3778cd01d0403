/*
 * Statuses and errors. A corm_error belongs to the caller (corm_error_init), is filled once where the
 * fault is found, needs no allocation for its fixed part, and travels up untouched. What is too long for a
 * field is cut at a UTF-8 boundary and ends in "...". Class names and their tree are SQLAlchemy's.
 */
#ifndef CORM_BASE_ERROR_H
#define CORM_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

#if defined(__GNUC__)
/* What is rare, or long, and would make a short function long where it is called. */
#define CORM_NOINLINE          __attribute__((noinline))
#define CORM_MUST_USE          __attribute__((warn_unused_result))
#define CORM_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CORM_NOINLINE
#define CORM_MUST_USE
#define CORM_PRINTF(fmt, args)
#endif

/* What a fallible function returns. CORM_ROW and CORM_DONE come only from functions that step. */
typedef enum corm_status { CORM_OK, CORM_FAILED, CORM_ROW, CORM_DONE } corm_status;

/* X(enumerator, "Name", parent enumerator); a parent stands before its children. */
#define CORM_ERROR_CLASSES(X)                                                                                          \
  X(ERROR, "Error", ERROR)                                                                                             \
  X(ARGUMENT, "ArgumentError", ERROR)                                                                                  \
  X(IDENTIFIER, "IdentifierError", ARGUMENT)                                                                           \
  X(MAPPING, "MappingError", ARGUMENT)                                                                                 \
  X(NO_FOREIGN_KEYS, "NoForeignKeysError", ARGUMENT)                                                                   \
  X(AMBIGUOUS_FOREIGN_KEYS, "AmbiguousForeignKeysError", ARGUMENT)                                                     \
  X(OBJECT_NOT_EXECUTABLE, "ObjectNotExecutableError", ARGUMENT)                                                       \
  X(COMPILE, "CompileError", ERROR)                                                                                    \
  X(UNSUPPORTED_COMPILATION, "UnsupportedCompilationError", COMPILE)                                                   \
  X(CIRCULAR_DEPENDENCY, "CircularDependencyError", ERROR)                                                             \
  X(INVALID_REQUEST, "InvalidRequestError", ERROR)                                                                     \
  X(PENDING_ROLLBACK, "PendingRollbackError", INVALID_REQUEST)                                                         \
  X(RESOURCE_CLOSED, "ResourceClosedError", INVALID_REQUEST)                                                           \
  X(ILLEGAL_STATE_CHANGE, "IllegalStateChangeError", INVALID_REQUEST)                                                  \
  X(NO_RESULT_FOUND, "NoResultFound", INVALID_REQUEST)                                                                 \
  X(MULTIPLE_RESULTS_FOUND, "MultipleResultsFound", INVALID_REQUEST)                                                   \
  X(NO_SUCH_COLUMN, "NoSuchColumnError", INVALID_REQUEST)                                                              \
  X(AMBIGUOUS_COLUMN, "AmbiguousColumnError", INVALID_REQUEST)                                                         \
  X(NO_SUCH_TABLE, "NoSuchTableError", INVALID_REQUEST)                                                                \
  X(NO_REFERENCE, "NoReferenceError", INVALID_REQUEST)                                                                 \
  X(NO_REFERENCED_TABLE, "NoReferencedTableError", NO_REFERENCE)                                                       \
  X(NO_REFERENCED_COLUMN, "NoReferencedColumnError", NO_REFERENCE)                                                     \
  X(OBJECT_DELETED, "ObjectDeletedError", INVALID_REQUEST)                                                             \
  X(UNMAPPED, "UnmappedError", INVALID_REQUEST)                                                                        \
  X(UNBOUND_EXECUTION, "UnboundExecutionError", INVALID_REQUEST)                                                       \
  X(DETACHED_INSTANCE, "DetachedInstanceError", ERROR)                                                                 \
  X(FLUSH, "FlushError", ERROR)                                                                                        \
  X(STALE_DATA, "StaleDataError", ERROR)                                                                               \
  X(TIMEOUT, "TimeoutError", ERROR)                                                                                    \
  X(MEMORY, "MemoryError", ERROR)                                                                                      \
  X(HOOK, "HookError", ERROR)                                                                                          \
  X(STATEMENT, "StatementError", ERROR)                                                                                \
  X(DBAPI, "DBAPIError", STATEMENT)                                                                                    \
  X(INTERFACE, "InterfaceError", DBAPI)                                                                                \
  X(DATABASE, "DatabaseError", DBAPI)                                                                                  \
  X(INTEGRITY, "IntegrityError", DATABASE)                                                                             \
  X(DATA, "DataError", DATABASE)                                                                                       \
  X(PROGRAMMING, "ProgrammingError", DATABASE)                                                                         \
  X(NOT_SUPPORTED, "NotSupportedError", DATABASE)                                                                      \
  X(INTERNAL, "InternalError", DATABASE)                                                                               \
  X(OPERATIONAL, "OperationalError", DATABASE)                                                                         \
  X(DISCONNECT, "DisconnectError", OPERATIONAL)                                                                        \
  X(COMMIT_UNKNOWN, "CommitUnknownError", DISCONNECT)                                                                  \
  X(LOCK_TIMEOUT, "LockTimeoutError", OPERATIONAL)                                                                     \
  X(DEADLOCK, "DeadlockError", OPERATIONAL)                                                                            \
  X(SERIALIZATION, "SerializationError", OPERATIONAL)                                                                  \
  X(DISK_FULL, "DiskFullError", OPERATIONAL)                                                                           \
  X(READ_ONLY, "ReadOnlyError", OPERATIONAL)                                                                           \
  X(CORRUPT, "CorruptError", OPERATIONAL)                                                                              \
  X(STATEMENT_TIMEOUT, "StatementTimeoutError", OPERATIONAL)                                                           \
  X(AUTH, "AuthError", OPERATIONAL)

typedef enum corm_error_class {
#define CORM_X(id, name, parent) CORM_E_##id,
  CORM_ERROR_CLASSES(CORM_X)
#undef CORM_X
      CORM_ERROR_CLASS_COUNT
} corm_error_class;

/* The statement that failed: heap copies, best effort (NULL members when memory ran out). */
typedef struct corm_error_statement {
  const corm_mem *mem;
  char *sql;
  char *params; /* "{name = 'x', id = 1}", each value cut at 100 bytes; NULL when hidden or none */
} corm_error_statement;

typedef struct corm_error {
  corm_error_class cls;
  int native_code; /* the driver's own number, 0 when none */
  bool is_set;
  bool from_hook; /* the host keeps the real error (a Lua value) and raises that instead */
  bool retryable; /* the whole unit of work can be run again */
  bool disconnected;
  bool unknown;     /* nobody knows whether the database did it */
  const char *kind; /* static: unique, primary_key, foreign_key, not_null, check, trigger; or NULL */
  char sqlstate[6]; /* empty when there is none */
  char message[768];
  char detail[256]; /* what the server adds about values ("Key (email)=(x) already exists."): shown unless hidden */
  char hint[192];   /* "did you mean 'name'?"; empty when none */
  char entity[96];  /* mapped class */
  char table[96];
  char column[96];
  char constraint[96];
  char attribute[96]; /* of the mapped class: the columns' or the relationship's; "a, b" */
  char subject[224];  /* "User.name of User(id=1)": what a flush was about, shown behind the message */
  unsigned blamed;    /* the host's number of the object that it keeps for who catches the error; 0: none */
  corm_error_statement statement;
  struct corm_error *cause; /* owned copy of the error that this one followed from, or NULL */
  const corm_mem *cause_mem;
} corm_error;

/* Prepares an error for use without touching its fifteen hundred bytes: they count only once it is set. */
static inline void corm_error_init(corm_error *err) {
  err->is_set = false;
}

/* Fills the error (only if none is set yet: the first fault wins) and returns CORM_FAILED. In all functions that fill
   an error it may be NULL: nobody wants to know. */
CORM_PRINTF(3, 4)
corm_status corm_error_set(corm_error *err, corm_error_class cls, const char *format, ...);

/* The same with a va_list. */
CORM_PRINTF(3, 0)
corm_status corm_error_setv(corm_error *err, corm_error_class cls, const char *format, va_list args);

/* Sets MemoryError with a fixed message. */
corm_status corm_error_memory(corm_error *err);

/* Sets the hint, printf style; does nothing when one is there. */
CORM_PRINTF(2, 3) void corm_error_hint(corm_error *err, const char *format, ...);

/* Copies text into one of the fixed fields (entity, table, column, constraint, attribute), cutting what is too long. */
void corm_error_field(char *field, size_t size, const char *text);

/* Prefixes the message: "(raised as a result of autoflush) ..."; cut at the end when too long. */
CORM_PRINTF(2, 3) void corm_error_prefix(corm_error *err, const char *format, ...);

/* Attaches heap copies of the failed statement to an error that is set; out of memory leaves them out. The first one
   wins. */
void corm_error_attach(corm_error *err, const corm_mem *mem, const char *sql, const char *params);

/* A copy on the heap without what it followed from; NULL when it is not set, the host's, or out of memory. */
corm_error *corm_error_dup(const corm_mem *mem, const corm_error *err);
void corm_error_free(const corm_mem *mem, corm_error *err);

/* Attaches a copy of the error that this one, which is set, followed from, as far as there is memory. The first wins.
 */
void corm_error_because(corm_error *err, const corm_mem *mem, const corm_error *cause);

/* Frees what the error owns and zeroes it. */
void corm_error_clear(corm_error *err);

/* "IntegrityError" */
const char *corm_error_class_name(corm_error_class cls);

/* True when cls is ancestor or below it. */
bool corm_error_class_is(corm_error_class cls, corm_error_class ancestor);

/* Finds a class by name; returns false when there is none. */
bool corm_error_class_find(const char *name, corm_error_class *out);

#endif
