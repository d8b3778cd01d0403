/*
 * Statements and expressions as trees of immutable plain data: everything that the passes over them need to know.
 */
#ifndef CORM_SQL_NODE_H
#define CORM_SQL_NODE_H

#include "sql/dml.h"
#include "sql/expression.h"
#include "sql/function.h"
#include "sql/kind.h"
#include "sql/select.h"

#endif
