//! A file for editors: what mods can call, and a class for each message of the schema, as LuaLS annotations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proto::message::Bundle;
use proto::speech::Speech;
use sproto::{Field, Kind, Shape, Type};

use crate::protocol::{MessageDef, Protocol, Schemas};

/// What does not depend on the schema.
const API: &str = include_str!("api.lua");

/// The annotations for a bundle's schema, the schemas in the folders of all its mods included.
///
/// # Errors
/// What is wrong in the `.sproto` files, with file and line; one sentence each.
///
/// ```
/// use proto::message::Bundle;
///
/// let schema = (String::from("game.sproto"), b".Ping { n 0 : integer } .PingResponse {}".to_vec());
/// let text = worker::lua::annotations(&Bundle::new(vec![schema])).unwrap();
/// assert!(text.contains("---@class msg.Ping\n---@field n? integer\n"));
/// ```
pub fn annotations(bundle: &Bundle) -> Result<String, Vec<String>> {
    let protocol = Schemas::played(bundle, |_| true)?.spoken(&Speech::default());
    let mut text = API.to_owned();
    for ty in types(&protocol).values() {
        class(&mut text, ty);
    }
    connection(&mut text, &protocol);
    handlers(&mut text, &protocol);
    Ok(text)
}

/// The types of both sides, by name.
fn types(protocol: &Protocol) -> BTreeMap<String, Type> {
    let both = protocol.server().types().chain(protocol.schema().types());
    both.map(|ty| (ty.name().to_owned(), ty)).collect()
}

/// Writing to a `String` can't fail.
fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{line}");
}

fn doc(text: &mut String, doc: &str) {
    doc.lines().for_each(|comment| line(text, format_args!("---{}", comment.trim())));
}

fn class(text: &mut String, ty: &Type) {
    text.push('\n');
    doc(text, ty.doc());
    line(text, format_args!("---@class msg.{}", ty.name()));
    for field in ty.fields() {
        let comment = field.doc().lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let told = format!("---@field {}? {} {comment}", field.name(), kind(ty, field));
        line(text, format_args!("{}", told.trim_end()));
    }
}

/// The Lua type of a field.
fn kind(ty: &Type, field: &Field) -> String {
    let one = single(ty, field);
    let item = ty.type_of(field);
    let key = |place: usize| item.as_ref().and_then(|item| Some(single(item, item.fields().get(place)?)));
    match field.shape() {
        Shape::Single => one,
        Shape::Array => format!("{one}[]"),
        Shape::Keyed { key: place } => format!("table<{}, {one}>", key(place).unwrap_or_default()),
        Shape::Map { key: place, value } => {
            let value = item.as_ref().and_then(|item| Some(kind(item, item.fields().get(value)?)));
            format!("table<{}, {}>", key(place).unwrap_or_default(), value.unwrap_or_default())
        }
    }
}

fn single(ty: &Type, field: &Field) -> String {
    match field.kind() {
        Kind::Integer => "integer".to_owned(),
        Kind::Decimal { .. } | Kind::Double => "number".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Struct(_) => ty.type_of(field).map_or_else(|| "table".to_owned(), |ty| class_of(Some(&ty))),
        _ => "string".to_owned(),
    }
}

fn class_of(ty: Option<&Type>) -> String {
    ty.map_or_else(|| "nil".to_owned(), |ty| format!("msg.{}", ty.name()))
}

/// The messages that can be sent or come by themselves.
fn messages(protocol: &Protocol) -> Vec<&MessageDef> {
    let told: Vec<_> = protocol.names().filter(|(_, whole)| *whole).map(|(name, _)| name).collect();
    let defs = told.into_iter().filter_map(|name| protocol.id(name));
    defs.map(|id| protocol.message(id)).collect()
}

/// The class of connections, with an overload for each message, so that its fields are known.
fn connection(text: &mut String, protocol: &Protocol) {
    text.push_str(CONNECTION);
    for def in messages(protocol) {
        let (content, reply) = match (&def.ours, &def.ty, def.reply) {
            (Some(call), ..) => (call.request(), class_of(call.response().as_ref())),
            (None, Some(ty), Some(reply)) => {
                (Some(ty.clone()), class_of(protocol.message(reply).ty.as_ref()))
            }
            // What answers it has to be said.
            (None, Some(ty), None) => (Some(ty.clone()), "table".to_owned()),
            (None, None, _) => continue,
        };
        let (name, content) = (&def.name, class_of(content.as_ref()));
        line(
            text,
            format_args!(
                "---@overload fun(self: Connection, name: \"{name}\", message?: {content}, options?: RequestOptions): {reply}"
            ),
        );
    }
    text.push_str(REQUEST);
    for def in messages(protocol) {
        let content = def.ours.as_ref().map_or_else(|| def.ty.clone(), sproto::Protocol::request);
        if def.ours.is_some() || def.ty.is_some() {
            let (name, content) = (&def.name, class_of(content.as_ref()));
            line(
                text,
                format_args!("---@overload fun(self: Connection, name: \"{name}\", message?: {content})"),
            );
        }
    }
    text.push_str(SEND);
}

const CONNECTION: &str = "
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
";

const REQUEST: &str = "function Connection:request(name, message, options) end

---Sends a message that nothing answers. Raises a Failure.
";

const SEND: &str = "function Connection:send(name, message) end
";

/// What a mod can handle.
fn handlers(text: &mut String, protocol: &Protocol) {
    text.push_str("\n---What to do when messages come that nobody asked for; in dialect rpc, what it returns answers.\n");
    text.push_str("---@class Handlers\n");
    for def in messages(protocol) {
        let (content, reply) = match (&def.theirs, &def.ty) {
            (Some(call), _) => (call.request(), call.response()),
            (None, Some(ty)) => (Some(ty.clone()), None),
            (None, None) => continue,
        };
        let reply = reply.map(|reply| format!(": {}?", class_of(Some(&reply)))).unwrap_or_default();
        let (name, content) = (&def.name, class_of(content.as_ref()));
        line(text, format_args!("---@field {name}? fun(self: table, robot: Robot, msg: {content}){reply}"));
    }
}
