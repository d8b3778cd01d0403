/* A directory of the test's own, removed with the files in it. */
#ifndef CORM_SPEC_TEMP_DIR_H
#define CORM_SPEC_TEMP_DIR_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct temp_dir {
  char path[64];
  char file[160]; /* the name made last */
} temp_dir;

static inline void temp_dir_open(temp_dir *dir) {
  strcpy(dir->path, "/tmp/corm_spec_XXXXXX");
  if (mkdtemp(dir->path) == NULL) abort();
}

/* The path of a file in it; overwritten by the next call. */
static inline const char *temp_dir_file(temp_dir *dir, const char *name) {
  snprintf(dir->file, sizeof dir->file, "%s/%s", dir->path, name);
  return dir->file;
}

static inline void temp_dir_write(temp_dir *dir, const char *name, const char *text) {
  FILE *out = fopen(temp_dir_file(dir, name), "w");
  if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0) abort();
}

static inline void temp_dir_close(temp_dir *dir) {
  DIR *list = opendir(dir->path);
  for (struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", dir->path, entry->d_name);
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && unlink(path) != 0) rmdir(path);
  }
  if (list != NULL) closedir(list);
  rmdir(dir->path);
}

#endif
