---@class msg.EchoRequest
---@field Text? string

---The text that was sent, with the server's mark behind it.
---@class msg.EchoResponse
---@field Text? string

---The player is in.
---@class msg.LoginRespone
---@field MyValue? integer A number from 1 to 100, drawn by the server for this login.

---Asks a game server to let the player in.
---@class msg.LoginReuest

---The envelope of dialect `msg`: every message travels as its name and its encoded bytes.
---@class msg.Msg
---@field Name? string
---@field Bin? string

---Asks the lobby where the game servers are.
---@class msg.ServerListRequest

---The addresses of the game servers, as WebSocket URLs.
---@class msg.ServerListResponse
---@field ServerList? string[]

---@class msg.get.request
---@field what? string

---@class msg.get.response
---@field result? string

---@class msg.handshake.response
---@field msg? string

---What clients ask in skynet's examples/proto.lua.
---@class msg.package
---@field type? integer
---@field session? integer

---@class msg.set.request
---@field what? string
---@field value? string

---A named connection of a robot.
---@class Connection
---@field name string
---@field closed boolean whether it is closed, by either side
local Connection = {}

---Closes it, with a code and a reason of a WebSocket.
---@param code? integer
---@param reason? string
function Connection:close(code, reason) end

---Sends a request and waits for its reply. Raises a Failure.
---@overload fun(self: Connection, name: "EchoRequest", message?: msg.EchoRequest, options?: RequestOptions): msg.EchoResponse
---@overload fun(self: Connection, name: "EchoResponse", message?: msg.EchoResponse, options?: RequestOptions): table
---@overload fun(self: Connection, name: "LoginRespone", message?: msg.LoginRespone, options?: RequestOptions): table
---@overload fun(self: Connection, name: "LoginReuest", message?: msg.LoginReuest, options?: RequestOptions): table
---@overload fun(self: Connection, name: "ServerListRequest", message?: msg.ServerListRequest, options?: RequestOptions): msg.ServerListResponse
---@overload fun(self: Connection, name: "ServerListResponse", message?: msg.ServerListResponse, options?: RequestOptions): table
---@overload fun(self: Connection, name: "handshake", message?: nil, options?: RequestOptions): msg.handshake.response
---@overload fun(self: Connection, name: "get", message?: msg.get.request, options?: RequestOptions): msg.get.response
---@overload fun(self: Connection, name: "set", message?: msg.set.request, options?: RequestOptions): nil
---@overload fun(self: Connection, name: "quit", message?: nil, options?: RequestOptions): nil
function Connection:request(name, message, options) end

---Sends a message that nothing answers. Raises a Failure.
---@overload fun(self: Connection, name: "EchoRequest", message?: msg.EchoRequest)
---@overload fun(self: Connection, name: "EchoResponse", message?: msg.EchoResponse)
---@overload fun(self: Connection, name: "LoginRespone", message?: msg.LoginRespone)
---@overload fun(self: Connection, name: "LoginReuest", message?: msg.LoginReuest)
---@overload fun(self: Connection, name: "ServerListRequest", message?: msg.ServerListRequest)
---@overload fun(self: Connection, name: "ServerListResponse", message?: msg.ServerListResponse)
---@overload fun(self: Connection, name: "handshake", message?: nil)
---@overload fun(self: Connection, name: "get", message?: msg.get.request)
---@overload fun(self: Connection, name: "set", message?: msg.set.request)
---@overload fun(self: Connection, name: "quit", message?: nil)
function Connection:send(name, message) end

---What to do when messages come that nobody asked for; in dialect rpc, what it returns answers.
---@class Handlers
---@field EchoRequest? fun(self: table, robot: Robot, msg: msg.EchoRequest)
---@field EchoResponse? fun(self: table, robot: Robot, msg: msg.EchoResponse)
---@field LoginRespone? fun(self: table, robot: Robot, msg: msg.LoginRespone)
---@field LoginReuest? fun(self: table, robot: Robot, msg: msg.LoginReuest)
---@field ServerListRequest? fun(self: table, robot: Robot, msg: msg.ServerListRequest)
---@field ServerListResponse? fun(self: table, robot: Robot, msg: msg.ServerListResponse)
---@field heartbeat? fun(self: table, robot: Robot, msg: nil)
