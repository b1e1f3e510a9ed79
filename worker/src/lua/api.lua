---@meta
-- What mods of horde can call, and the messages of the game, for editors that know LuaLS annotations.
-- Made by `worker annotate`; not to be edited, nor run.

---A failed connect or request, as `pcall` catches it.
---@class Failure
---@field class "timeout"|"closed"|"refused"|"decode"|"protocol"|"task error"
---@field message string

---A time between two tasks; one of the functions of `horde` makes it.
---@class Wait

---@class ConnectOptions
---@field dialect? "msg"|"rpc" how messages travel; the plan's, if not said
---@field packed? boolean whether frames of dialect rpc are 0-packed
---@field text? boolean whether messages travel in text frames, of any bytes
---@field headers? table<string, string> more headers of the WebSocket handshake
---@field subprotocol? string
---@field timeout? number seconds

---@class RequestOptions
---@field reply? string the name of the message that answers, where XRequest -> XResponse does not hold
---@field timeout? number seconds; the plan's, if not said

---One simulated player.
---@class Robot
---@field number integer from 0, unique in the run
---@field host string the address that it begins with
---@field class string the name of its class
---@field data table<string, table> its row of each data set, by the set's name
---@field retired boolean whether its time is over
local Robot = {}

---Opens a connection and keeps it under a name. Raises a Failure.
---@param name string
---@param url string ws://, wss:// or tcp://
---@param options? ConnectOptions
---@return Connection
function Robot:connect(name, url, options) end

---The open connection of a name. Raises a Failure if there is none.
---@param name string
---@return Connection
function Robot:connection(name) end

---Closes the connection of a name.
---@param name string
function Robot:close(name) end

---Lets the tasks begin: the robot is in.
function Robot:run_tasks() end

---Says that it is in, and waits for something before its tasks begin.
function Robot:ready() end

---Ends the session in order.
function Robot:leave() end

---Waits, or until the robot is to leave.
---@param seconds number
function Robot:sleep(seconds) end

---A random integer from the robot's own sequence, both ends possible.
---@param least integer
---@param most integer
---@return integer
function Robot:random(least, most) end

---Microseconds since the run began, on the time line that all workers share.
---@return integer
function Robot:now_us() end

---Says something to whoever looks at this robot.
---@param text string
function Robot:log(text) end

---Counts something in the series (custom, name).
---@param name string
function Robot:count(name) end

---Counts a failure in the series (custom, name).
---@param name string
---@param reason string
function Robot:count_failure(name, reason) end

---Times something in the series (custom, name).
---@param name string
---@param seconds number
function Robot:time(name, seconds) end

---Begins something beside the tasks, for as long as the session lasts.
---@param work fun()
function Robot:spawn(work) end

---Waits until `size` robots of the whole run, this one too, have asked for the key. Raises a Failure if too few come in time.
---What stands before a `:` or `/` in the key names the series (wait, ..).
---@param key string
---@param size integer
---@param seconds number
---@return Group
function Robot:gather(key, size, seconds) end

---Tells all robots of the run that listen to a topic, this one excepted.
---@param topic string
---@param value any what JSON can hold
function Robot:publish(topic, value) end

---Listens to a topic.
---@param topic string
---@param heard fun(value: any, topic: string)
function Robot:subscribe(topic, heard) end

---Listens no more.
---@param topic string
function Robot:unsubscribe(topic) end

---A table that all robots of this worker share.
---@param name string
---@return Shared
function Robot:shared(name) end

---Robots that came together.
---@class Group
---@field id integer
---@field members integer[] the robots' numbers, in the order in which they came
---@field place integer this robot's place among them, from 1
local Group = {}

---Writes on the group's board; all members see it.
---@param key string
---@param value any
function Group:set(key, value) end

---What stands on the board.
---@param key string
---@return any
function Group:get(key) end

---Waits until something stands on the board. Raises a Failure.
---@param key string
---@param seconds number
---@return any
function Group:wait_for(key, seconds) end

---The numbers of those that have left.
---@return integer[]
function Group:left() end

---Leaves the group.
function Group:leave() end

---A table that all robots of a worker share. Values are what JSON can hold.
---@class Shared
local Shared = {}

---@param key string
---@return any
function Shared:get(key) end

---@param key string
---@param value any
function Shared:set(key, value) end

---Takes out what stands there.
---@param key string
---@return any
function Shared:remove(key) end

---Adds to a number, 1 if not said, and gives the sum: no two robots get the same.
---@param key string
---@param more? integer
---@return integer
function Shared:add(key, more) end

---Appends to a list; how long it is then.
---@param key string
---@param value any
---@return integer
function Shared:push(key, value) end

---Takes the first of a list.
---@param key string
---@return any
function Shared:pop(key) end

---How many keys there are.
---@return integer
function Shared:len() end

---@return string[]
function Shared:keys() end

---@class Step
---@field name? string
---@field weight? integer 1, if not said
---@field tags? string[]
---@field run? fun(self: table, robot: Robot)
---@field sequence? Step[]
---@field choice? Step[]

---@class Loop: Step
---@field wait? Wait

---What a mod's file returns.
---@class Mod
---@field wait? Wait after each task
---@field tasks? Step[]
---@field background? Loop[]
---@field handlers? Handlers
---@field commands? table<string, fun(self: table, robot: Robot, args: any)> what people tell robots to do in mid-run, by name
---@field markers? table<string, string> the field that says when a message was sent, by the message's name
---@field start fun(self: table, robot: Robot)
---@field resume? fun(self: table, robot: Robot, connection: string): boolean
---@field stop? fun(self: table, robot: Robot)

horde = {}

---A random time between the two.
---@param least number seconds
---@param most number seconds
---@return Wait
function horde.between(least, most) end

---Always the same time.
---@param seconds number
---@return Wait
function horde.constant(seconds) end

---A schedule: tasks begin at this distance, however long they take.
---@param seconds number
---@return Wait
function horde.pacing(seconds) end

---A schedule: so many tasks per second.
---@param per_second number
---@return Wait
function horde.rate(per_second) end
