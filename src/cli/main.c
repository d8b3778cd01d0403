/* The program `corm`: its command line. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <sqlite3.h>

#include "cli/script.h"
#include "corm.h"

enum { EXIT_USAGE = 2 };

static const char usage[] = "usage: corm [-e CODE]... [run] [FILE.lua [ARGUMENT]...]\n"
                            "       corm [-e CODE]... stubs MODELS.lua...\n";

static const char help[] =
    "Runs a Lua script with the corm ORM built in: `require \"corm\"` needs no installed module.\n"
    "\n"
    "  FILE.lua         the script; - reads it from standard input\n"
    "  ARGUMENT         what the script finds in `arg` and `...`\n"
    "  run              what follows is a script, whatever its name\n"
    "  stubs            run the files, which return a Base or models, and print the classes for LuaLS\n"
    "  -e, --eval CODE  run CODE first; may be given several times, and without a script\n"
    "  -v, --version    print the versions of corm, SQLite and Lua\n"
    "  -h, --help       print this\n"
    "\n"
    "Exit status: 0, or what the script gave to os.exit; 1 after an uncaught error, which is printed with\n"
    "its traceback; 2 for wrong usage.\n";

typedef enum outcome { RUN, SHOW_VERSION, SHOW_HELP, WRONG_USAGE } outcome;

/* What it loads is source text only, as the script is. */
static const char print_stubs[] =
    "local all = {} for i = 1, #arg do "
    "all[i] = assert(loadfile(arg[i], 't'))() or error(arg[i] .. ' returns nothing; return a Base, or classes', 0) end "
    "io.write(require('corm').stubs(all))";

/* Words that are no scripts; one of such a name is run by `corm run`. */
static outcome parse_word(corm_script *script) {
  const char *word = script->argv[script->script];
  const bool more = script->script + 1 < script->argc;
  if (strcmp(word, "run") == 0) {
    script->script++;
    return more ? RUN : WRONG_USAGE;
  }
  if (strcmp(word, "stubs") == 0) {
    script->command = print_stubs;
    return more ? RUN : WRONG_USAGE;
  }
  return RUN;
}

static outcome parse(int argc, char **argv, corm_script *script) {
  static const struct option options[] = {
      {"eval", required_argument, NULL, 'e'},
      {"version", no_argument, NULL, 'v'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0},
  };
  int option;
  /* "+": what follows the script belongs to the script. */
  while ((option = getopt_long(argc, argv, "+e:vh", options, NULL)) != -1) {
    switch (option) {
    case 'e': script->codes[script->code_count++] = optarg; break;
    case 'v': return SHOW_VERSION;
    case 'h': return SHOW_HELP;
    default: return WRONG_USAGE;
    }
  }
  script->script = optind;
  if (optind < argc) return parse_word(script);
  return script->code_count > 0 ? RUN : WRONG_USAGE;
}

/* A reader that went away is its own choice; any other loss of output is an error. */
static int finish_output(int status) {
  if (fflush(stdout) == 0 || errno == EPIPE) return status;
  fprintf(stderr, "corm: cannot write to standard output: %s\n", strerror(errno));
  return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  /* Nobody asks how much memory SQLite has, and counting takes a lock for each of its blocks. */
  (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  const char **codes = calloc((size_t)argc + 1, sizeof *codes);
  if (!codes) {
    fputs("corm: not enough memory\n", stderr);
    return EXIT_FAILURE;
  }
  corm_script script = {.argv = argv, .argc = argc, .script = argc, .codes = codes};
  int status = EXIT_SUCCESS;
  switch (parse(argc, argv, &script)) {
  case RUN: status = corm_script_run(&script); break;
  case SHOW_VERSION: printf("corm %s\nSQLite %s\n%s\n", corm_version(), sqlite3_libversion(), LUA_RELEASE); break;
  case SHOW_HELP: printf("%s\n%s", usage, help); break;
  case WRONG_USAGE:
    fprintf(stderr, "%sTry `corm --help`.\n", usage);
    status = EXIT_USAGE;
    break;
  }
  free(codes);
  return finish_output(status);
}
