#include "schema/option.h"

#include <string.h>

const corm_option_spec corm_option_specs[CORM_OPTION_COUNT] = {
#define CORM_X(id, name, targets, value) [CORM_OPTION_##id] = {name, targets, value},
    CORM_SCHEMA_OPTIONS(CORM_X)
#undef CORM_X
};

const corm_option *corm_option_find(const corm_options *options, corm_option_id id, bool mariadb) {
  const corm_option *found = NULL;
  for (uint32_t i = 0; options && i < options->n; i++) {
    const corm_option *option = &options->items[i];
    if (option->id != id || (option->mariadb && !mariadb)) continue;
    if (!found || option->mariadb) found = option;
  }
  return found;
}

const corm_option_pair *corm_option_pair_of(const corm_option *option, const char *name) {
  for (uint32_t i = 0; option && i < option->npairs; i++) {
    if (strcmp(option->pairs[i].name, name) == 0) return &option->pairs[i];
  }
  return NULL;
}

bool corm_option_is_word(const char *text) {
  bool blank = true; /* none at the start, none behind another */
  for (; *text; text++) {
    const char c = *text;
    bool word =
        c == '_' || c == '.' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!word && (c != ' ' || blank)) return false;
    if (c == '-' && text[1] == '-') return false; /* a comment */
    blank = c == ' ';
  }
  return !blank;
}
