/*
 * Runs what the command line names in a Lua state of its own: pieces of code, then a script with its arguments. The
 * module is built in (package.preload.corm). Errors go to standard error with the traceback of the script.
 */
#ifndef CORM_CLI_SCRIPT_H
#define CORM_CLI_SCRIPT_H

typedef struct corm_script {
  char **argv;
  int argc;
  int script;         /* index of the script in argv ("-" is standard input), argc when there is none */
  const char **codes; /* what was given with -e, in order */
  int code_count;
  const char *command; /* code of corm's own that runs instead of the script, with its arguments in `arg`; or NULL */
} corm_script;

/* Returns the exit status: 0, or 1 after an error. A script that calls os.exit does not come back. */
int corm_script_run(const corm_script *script);

#endif
