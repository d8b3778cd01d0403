# Writes OUTPUT, a C file that holds every file listed in INPUTS_FILE (one path a line, under ROOT) as source text.
# Run as: cmake -DROOT=lua -DINPUTS_FILE=list -DOUTPUT=embedded_lua.c -P embed.cmake
file(STRINGS "${INPUTS_FILE}" inputs)

set(arrays "")
set(entries "")
set(index 0)
foreach(input IN LISTS inputs)
  file(RELATIVE_PATH name "${ROOT}" "${input}")
  string(REGEX REPLACE "\\.lua$" "" name "${name}")
  string(REPLACE "/" "." name "${name}")
  file(READ "${input}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR len "${digits} / 2")
  # Two passes keep lines short: 32 bytes to a line, then "0x" and a comma around each byte.
  string(REGEX REPLACE "(................................................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(APPEND arrays "static const unsigned char text_${index}[] = {\n${hex}0x00};\n\n")
  string(APPEND entries "  {\"${name}\", text_${index}, ${len}},\n")
  math(EXPR index "${index} + 1")
endforeach()

file(WRITE "${OUTPUT}" "/* Generated from lua/corm by cmake/embed.cmake. */
#include \"binding/embedded.h\"

${arrays}const corm_embedded corm_embedded_lua[] = {
${entries}  {NULL, NULL, 0},
};
")
