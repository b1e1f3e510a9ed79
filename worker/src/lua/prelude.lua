-- What robots, connections and `horde` are to a mod. Calls that wait yield an operation to the driver in Rust, which resumes
-- with true and a value, or with false, a class and a message. An operation is its mark, the robot's number, and arguments:
-- plain values, for Lua reads the fields of an object at a fraction of what that costs Rust.
local native, code = ...
local CLOSE, CONNECT, REQUEST, SLEEP = code.close, code.connect, code.request, code.sleep
local native_open = native.open
local create, resume, yield, status = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status
local error, rawget, rawset, select, setmetatable, type, xpcall = error, rawget, rawset, select, setmetatable, type, xpcall

local Failure = { __name = "failure" }
function Failure.__tostring(failure) return failure.message end

local function checked(ok, a, b)
  if ok then return a end
  error(setmetatable({ class = a, message = b }, Failure), 0)
end

-- For calls that are not made all the time: nil for what is no object at all, which the driver then says.
local function number_of(object) return type(object) == "table" and object.number or nil end

local Connection = {}
local connection_meta = { __name = "connection" }
function connection_meta.__index(connection, key)
  local method = Connection[key]
  if method then return method end
  if key == "closed" then return checked(native.closed(connection)) end
end
function Connection:request(name, message, options)
  return checked(yield(REQUEST, self.number, self.name, name, message, options))
end
function Connection:send(name, message) return checked(native.send(self, name, message)) end
function Connection:close(close_code, reason)
  local number = number_of(self)
  return checked(yield(CLOSE, number, number and self.name, close_code, reason))
end

-- A handler of an error that the limits raised would run where they see nothing.
function _G.xpcall(f, handler, ...)
  return xpcall(f, function(e)
    if native.broken() then return e end
    return handler(e)
  end, ...)
end

-- An object stands for a name, so one for each is enough. What is called most it has itself: no `__index` runs for that.
local function connection(robot, name)
  local opened = rawget(robot, "opened")
  if not opened then
    opened = {}
    rawset(robot, "opened", opened)
  end
  local object = opened[name]
  if not object then
    object = { name = name, number = robot.number, request = Connection.request, send = Connection.send }
    setmetatable(object, connection_meta)
    opened[name] = object
  end
  return object
end

local Robot = {}
local robot_meta = { __name = "robot" }
function robot_meta.__index(robot, key)
  local method = Robot[key]
  if method then return method end
  if key == "retired" then return checked(native.retired(robot)) end
  if key == "data" then
    local data = checked(native.data(robot))
    rawset(robot, "data", data)
    return data
  end
end
function Robot:connect(name, url, options)
  checked(yield(CONNECT, self.number, name, url, options))
  return connection(self, name)
end
function Robot:connection(name)
  checked(native_open(self.number, name))
  return connection(self, name)
end
function Robot:close(name) return self:connection(name):close() end
function Robot:sleep(seconds) return checked(yield(SLEEP, number_of(self), seconds)) end
for _, name in ipairs {
  "run_tasks", "ready", "leave", "random", "now_us", "log", "count", "count_failure", "time", "spawn", "publish",
} do
  local call = native[name]
  Robot[name] = function(...) return checked(call(...)) end
end

function Robot:subscribe(topic, heard)
  if type(heard) ~= "function" then error("robot:subscribe: expected a function", 2) end
  checked(native.subscribe(self, topic))
  local ears = rawget(self, "ears")
  if not ears then
    ears = {}
    rawset(self, "ears", ears)
  end
  ears[topic] = heard
end
function Robot:unsubscribe(topic)
  checked(native.unsubscribe(self, topic))
  local ears = rawget(self, "ears")
  if ears then ears[topic] = nil end
end

local Group = {}
local group_meta = { __name = "group", __index = Group }
for _, name in ipairs { "get", "set", "left", "leave" } do
  local call = native["group_" .. name]
  Group[name] = function(...) return checked(call(...)) end
end
function Group:wait_for(key, seconds)
  local number = number_of(self)
  return checked(yield(code.wait_for, number, number and self.handle, key, seconds))
end
function Robot:gather(key, size, seconds)
  local group = checked(yield(code.gather, number_of(self), key, size, seconds))
  group.number = self.number
  return setmetatable(group, group_meta)
end

local Shared = {}
local shared_meta = { __name = "shared table", __index = Shared }
for _, name in ipairs { "get", "set", "remove", "add", "push", "pop", "len", "keys" } do
  local call = native["shared_" .. name]
  Shared[name] = function(...) return checked(call(...)) end
end
function Robot:shared(name) return setmetatable({ name = name, number = self.number }, shared_meta) end

-- A coroutine of the mod's own may wait too: what is meant for the driver passes through whoever resumed it.
local operations = {}
for _, operation in pairs(code) do operations[operation] = true end
local function through(co, ok, first, ...)
  if native.broken() then yield() end
  if ok and first ~= nil and operations[first] then return through(co, resume(co, yield(first, ...))) end
  return ok, first, ...
end
function coroutine.resume(co, ...) return through(co, resume(co, ...)) end
local function unwrapped(ok, ...)
  if ok then return ... end
  error((...), 0)
end
function coroutine.wrap(f)
  local co = create(f)
  return function(...) return unwrapped(coroutine.resume(co, ...)) end
end

-- C loops that no instruction limit would stop, and finalizers, in which none counts.
local rep, move, set, collect = string.rep, table.move, setmetatable, collectgarbage
function string.rep(s, n, separator)
  s, separator = tostring(s), separator and tostring(separator)
  local length = (#s + #(separator or "")) * n
  if length <= 0 then return n > 0 and s or "" end
  if length > native.largest_string then
    error(("a string of %.0f bytes; %d are allowed"):format(length + 0.0, native.largest_string), 2)
  end
  -- The buffer of a long string is no reason for Lua to collect garbage, and fails while there is some.
  if length > 1 << 20 then collect() end
  return rep(s, n, separator)
end
function table.move(from, first, last, to, ...)
  if last - first > native.largest_string then error("too many elements to move", 2) end
  return move(from, first, last, to, ...)
end
function _G.setmetatable(t, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then error("__gc is not allowed here", 2) end
  return set(t, meta)
end
string.dump = nil

function math.random(...) return checked(native.draw(...)) end
math.randomseed = nil

local loaded, loading = {}, {}
function require(name)
  if loaded[name] == loading then error(("`%s` requires itself"):format(name), 2) end
  if loaded[name] == nil then
    local module, fault = native.module(name)
    if not module then error(fault, 2) end
    loaded[name] = loading
    local ok, value = xpcall(module, function(e) return e end)
    loaded[name] = nil
    if not ok then error(value, 0) end
    loaded[name] = value == nil and true or value
  end
  return loaded[name]
end
function load(text, name, _, env)
  if type(text) ~= "string" then error("load takes text", 2) end
  local chunk, fault = native.load(text, name or "=(load)", env or _G)
  return chunk, fault
end
function print(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
  native.print(table.concat(parts, "\t"))
end

local time, clock, date = os.time, os.clock, os.date
os = { time = time, clock = clock, date = date }
collectgarbage, dofile, loadfile, warn, package, debug, io = nil, nil, nil, nil, nil, nil, nil

horde = {}
function horde.between(least, most) return { "between", least, most } end
function horde.constant(seconds) return { "constant", seconds } end
function horde.pacing(seconds) return { "pacing", seconds } end
function horde.rate(per_second) return { "rate", per_second } end

-- mlua keeps what its first call made room for; the hook shall not be the first, in whatever function it stands.
native.broken()

local describe = native.describe
local kit = {}
kit.xpcall, kit.describe = xpcall, describe
function kit.run(f, ...) return xpcall(f, describe, ...) end
function kit.robot(number, host, class)
  local robot = { number = number, host = host, class = class, connection = Robot.connection }
  return setmetatable(robot, robot_meta)
end
function kit.parts(mod)
  local meta = { __index = mod }
  return function() return setmetatable({}, meta) end
end
return kit
