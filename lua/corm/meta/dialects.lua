---@meta corm.dialects

-- What one database has under a name of its own.

---Types that one database has, and those that it has attributes of its own for.
---@class corm.dialects
---@field postgresql corm.postgresql
---@field mysql corm.mysql
---@field mariadb corm.mysql
---@field sqlite corm.sqlite
local dialects = {}

---@class corm.postgresql
---@field ARRAY corm.Type
---@field BIGINT corm.Type
---@field BIT corm.Type `BIT(length, { varying })`; text of 0 and 1
---@field BOOLEAN corm.Type
---@field BYTEA corm.Type
---@field CHAR corm.Type
---@field CIDR corm.Type text
---@field CITEXT corm.Type text
---@field DATE corm.Type
---@field DATEMULTIRANGE corm.Type text
---@field DATERANGE corm.Type text
---@field DECIMAL corm.Type
---@field DOUBLE_PRECISION corm.Type
---@field ENUM corm.Type Enum
---@field FLOAT corm.Type
---@field HSTORE corm.Type text
---@field INET corm.Type text
---@field INT4MULTIRANGE corm.Type text
---@field INT4RANGE corm.Type text
---@field INT8MULTIRANGE corm.Type text
---@field INT8RANGE corm.Type text
---@field INTEGER corm.Type
---@field INTERVAL corm.Type `INTERVAL { fields, precision }`
---@field JSON corm.Type
---@field JSONB corm.Type JSON that the server stores decomposed; JSON elsewhere
---@field JSONPATH corm.Type text
---@field MACADDR corm.Type text
---@field MACADDR8 corm.Type text
---@field MONEY corm.Type text
---@field NUMERIC corm.Type
---@field NUMMULTIRANGE corm.Type text
---@field NUMRANGE corm.Type text
---@field OID corm.Type integers
---@field REAL corm.Type
---@field REGCLASS corm.Type text
---@field REGCONFIG corm.Type text
---@field SMALLINT corm.Type
---@field TEXT corm.Type
---@field TIME corm.Type `TIME { timezone, precision }`
---@field TIMESTAMP corm.Type `TIMESTAMP { timezone, precision }`
---@field TSMULTIRANGE corm.Type text
---@field TSQUERY corm.Type text
---@field TSRANGE corm.Type text
---@field TSTZMULTIRANGE corm.Type text
---@field TSTZRANGE corm.Type text
---@field TSVECTOR corm.Type text
---@field UUID corm.Type
---@field VARCHAR corm.Type
local postgresql = {}

---`corm.insert`, whose upserts are written in this database's way.
---@param target corm.Table|corm.Model
---@return corm.Insert
function postgresql.insert(target) end

---EXCLUDE: no two rows for which all operators hold.
---@param ... any `{ column or expression, "operator" }` ..., then options: using, where, name, deferrable, initially
---@return corm.Constraint
function postgresql.ExcludeConstraint(...) end

---`x ORDER BY y` as an argument of an aggregate.
---@param target any
---@param ... corm.Expression What to order by
---@return corm.Expression
function postgresql.aggregate_order_by(target, ...) end

---`ARRAY[a, b]` of values and expressions.
---@param items any[]
---@param options? { type_?: corm.Type }
---@return corm.Expression
function postgresql.array(items, options) end

---@class corm.mysql
---@field BIGINT corm.Type `BIGINT { display_width, unsigned, zerofill }`
---@field BINARY corm.Type
---@field BIT corm.Type `BIT(length)`; integers
---@field BLOB corm.Type
---@field BOOLEAN corm.Type
---@field CHAR corm.Type `CHAR(length, { charset, collation, binary, ascii, unicode, national })`
---@field DATE corm.Type
---@field DATETIME corm.Type `DATETIME { fsp }`
---@field DECIMAL corm.Type `DECIMAL(precision, scale, { unsigned, zerofill })`
---@field DOUBLE corm.Type `DOUBLE(precision, scale, { unsigned, zerofill })`
---@field ENUM corm.Type `ENUM(values..., { charset, collation })`
---@field FLOAT corm.Type `FLOAT(precision, scale, { unsigned, zerofill })`
---@field INTEGER corm.Type `INTEGER { display_width, unsigned, zerofill }`
---@field JSON corm.Type
---@field LONGBLOB corm.Type
---@field LONGTEXT corm.Type `LONGTEXT { charset, collation }`
---@field MEDIUMBLOB corm.Type
---@field MEDIUMINT corm.Type `MEDIUMINT { display_width, unsigned, zerofill }`
---@field MEDIUMTEXT corm.Type `MEDIUMTEXT { charset, collation }`
---@field NCHAR corm.Type
---@field NUMERIC corm.Type `NUMERIC(precision, scale, { unsigned, zerofill })`
---@field NVARCHAR corm.Type
---@field REAL corm.Type `REAL(precision, scale, { unsigned, zerofill })`
---@field SET fun(...): corm.Type `SET(members..., { charset, collation })`; a list of members
---@field SMALLINT corm.Type `SMALLINT { display_width, unsigned, zerofill }`
---@field TEXT corm.Type `TEXT(length, { charset, collation, binary, ascii, unicode, national })`
---@field TIME corm.Type `TIME { fsp }`
---@field TIMESTAMP corm.Type `TIMESTAMP { fsp }`
---@field TINYBLOB corm.Type
---@field TINYINT corm.Type `TINYINT { display_width, unsigned, zerofill }`
---@field TINYTEXT corm.Type `TINYTEXT { charset, collation }`
---@field VARBINARY corm.Type
---@field VARCHAR corm.Type `VARCHAR(length, { charset, collation, binary, ascii, unicode, national })`
---@field YEAR corm.Type integers
local mysql = {}

---`corm.insert`, whose upserts are written in this database's way.
---@param target corm.Table|corm.Model
---@return corm.Insert
function mysql.insert(target) end

---`MATCH (a, b) AGAINST (text)`: columns, then `{ against = text }` and perhaps a mode.
---@param ... any
---@return corm.Expression
function mysql.match(...) end

---@class corm.sqlite
---@field BIGINT corm.Type
---@field BLOB corm.Type
---@field BOOLEAN corm.Type
---@field CHAR corm.Type
---@field DATE corm.Type `DATE { storage_format, regexp }`
---@field DATETIME corm.Type `DATETIME { storage_format, regexp }`
---@field DECIMAL corm.Type
---@field FLOAT corm.Type
---@field INTEGER corm.Type
---@field JSON corm.Type
---@field NUMERIC corm.Type
---@field REAL corm.Type
---@field SMALLINT corm.Type
---@field TEXT corm.Type
---@field TIME corm.Type `TIME { storage_format, regexp }`
---@field TIMESTAMP corm.Type
---@field VARCHAR corm.Type
local sqlite = {}

---`corm.insert`, whose upserts are written in this database's way.
---@param target corm.Table|corm.Model
---@return corm.Insert
function sqlite.insert(target) end
