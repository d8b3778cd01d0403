---@meta corm.values

-- Values of time, number and identity, and error objects. All are immutable; `tostring`, `..`, ==, < and <= work within
-- a kind, arithmetic where it means something.

---NULL inside lists and tables. `corm.null()` is the SQL constant.
---@class corm.null
---@overload fun(): corm.Expression

-- Dates and times -----------------------------------------------------------------------------------------------------

---@class corm.dateClass
---@overload fun(year: integer|string|table, month?: integer, day?: integer): corm.Date
local dateClass = {}

---@param text string `"2026-11-22"`
---@return corm.Date
function dateClass.fromisoformat(text) end

---Of the local clock.
---@return corm.Date
function dateClass.today() end

---Years 1 to 9999. `date - date` and `date ± timedelta`.
---@class corm.Date
---@operator add(corm.Timedelta): corm.Date
---@operator sub(corm.Timedelta): corm.Date
---@field year integer
---@field month integer
---@field day integer
local Date = {}

---@return string `"2026-11-22"`
function Date:isoformat() end

---@return integer 0 for Monday
function Date:weekday() end

---@return integer 1 for Monday
function Date:isoweekday() end

---@class corm.timeClass
---@overload fun(hour?: integer|string, minute?: integer, second?: integer, microsecond?: integer): corm.Time
local timeClass = {}

---@param text string `"13:05:00.25"`
---@return corm.Time
function timeClass.fromisoformat(text) end

---@class corm.Time
---@field hour integer
---@field minute integer
---@field second integer
---@field microsecond integer
local Time = {}

---@return string
function Time:isoformat() end

---@class corm.datetimeClass
---`datetime(year, month, day, hour, minute, second, microsecond)`, ISO text, or a table as os.date "*t" gives.
---@overload fun(year: integer|string|table, month?: integer, day?: integer, ...: integer): corm.DateTime
local datetimeClass = {}

---@param text string `"2026-11-22T13:05:00"`, `"2026-11-22 13:05"`
---@return corm.DateTime
function datetimeClass.fromisoformat(text) end

---Local time.
---@return corm.DateTime
function datetimeClass.now() end

---Local time; the same as now().
---@return corm.DateTime
function datetimeClass.today() end

---@return corm.DateTime
function datetimeClass.utcnow() end

---@param seconds number Since 1970, UTC
---@return corm.DateTime # local time
function datetimeClass.fromtimestamp(seconds) end

---@param seconds number Since 1970, UTC
---@return corm.DateTime # UTC
function datetimeClass.utcfromtimestamp(seconds) end

---@param date corm.Date
---@param time corm.Time
---@return corm.DateTime
function datetimeClass.combine(date, time) end

---Without a time zone, to the microsecond. `datetime - datetime` and `datetime ± timedelta`.
---@class corm.DateTime
---@operator add(corm.Timedelta): corm.DateTime
---@operator sub(corm.Timedelta): corm.DateTime
---@field year integer
---@field month integer
---@field day integer
---@field hour integer
---@field minute integer
---@field second integer
---@field microsecond integer
local DateTime = {}

---@return string `"2026-11-22T13:05:00"`; tostring has a space instead of the T
function DateTime:isoformat() end

---@return corm.Date
function DateTime:date() end

---@return corm.Time
function DateTime:time() end

---@return integer 0 for Monday
function DateTime:weekday() end

---@return integer 1 for Monday
function DateTime:isoweekday() end

---@return number seconds since 1970, the datetime taken as UTC
function DateTime:timestamp() end

---`timedelta { days, hours, minutes, seconds, milliseconds, microseconds, weeks }`, or numbers in the order days,
---seconds, microseconds, milliseconds, minutes, hours, weeks.
---@class corm.timedeltaClass
---@overload fun(days?: number|table, seconds?: number, microseconds?: number, ...: number): corm.Timedelta

---@class corm.Timedelta
---@operator add(corm.Timedelta): corm.Timedelta
---@operator sub(corm.Timedelta): corm.Timedelta
---@operator mul(number): corm.Timedelta
---@operator div(number): corm.Timedelta
---@operator unm: corm.Timedelta
---@field days integer Has the sign
---@field seconds integer 0 to 86399
---@field microseconds integer 0 to 999999
local Timedelta = {}

---@return number seconds
function Timedelta:total_seconds() end

-- Numbers and UUIDs ---------------------------------------------------------------------------------------------------

---`decimal "12.30"`, from text or a finite number.
---@class corm.decimalClass
---@overload fun(value: string|number): corm.Decimal

---Exact; with integers and other decimals. Division gives 28 significant digits.
---@class corm.Decimal
---@operator add(corm.Decimal|integer): corm.Decimal
---@operator sub(corm.Decimal|integer): corm.Decimal
---@operator mul(corm.Decimal|integer): corm.Decimal
---@operator div(corm.Decimal|integer): corm.Decimal
---@operator unm: corm.Decimal
local Decimal = {}

---@return number
function Decimal:tonumber() end

---@param digits? integer After the point; halves go to the even digit
---@return corm.Decimal
function Decimal:round(digits) end

---`uuid "..."` or `uuid { bytes = ... }`.
---@class corm.uuidClass
---@overload fun(value: string|{ bytes: string }): corm.Uuid

---@class corm.Uuid
---@field hex string 32 digits
---@field bytes string 16 bytes
---@field version integer|nil
local Uuid = {}

-- Errors --------------------------------------------------------------------------------------------------------------

---docs/errors.md says what each class means.
---@class corm.Error
---@field class string
---@field code string `"corm-e2101"`
---@field message string With the hint
---@field hint string|nil
---@field statement string|nil The SQL that failed
---@field params string|nil As text
---@field orig string|nil The driver's message
---@field cause any
---@field native_code integer|nil The driver's number
---@field kind "unique"|"primary_key"|"foreign_key"|"not_null"|"check"|"trigger"|nil
---@field table string|nil
---@field column string|nil
---@field constraint string|nil
---@field entity string|nil The class that a flush failed for
---@field attribute string|nil Its attribute or relationship; several are `"a, b"`
---@field object corm.Object|nil
---@field retryable boolean The whole unit of work may be run again
---@field disconnected boolean
---@field outcome "none"|"unknown"|nil Whether anything may have been kept; nil without a database
---@field sqlstate string|nil A server's five characters
---@field detail string|nil What a server adds about values; nil with hide_parameters
---@field source string|nil Where in the script
---@field line integer|nil
---@field traceback string|nil
local Error = {}

---True for the class and what is below it.
---@param name string
---@return boolean
function Error:is(name) end
