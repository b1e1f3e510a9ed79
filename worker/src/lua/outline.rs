//! What a mod's table says that its robots do, read and checked: tasks with weights, tags and waits, handlers, markers.

use std::time::Duration;

use mlua::{Function, Table, Value};

use crate::wait::Wait;

/// A place in the list of functions that a mod's table holds.
pub(super) type CodeId = usize;

/// What a mod's robots do, without its code; the same in all states.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    pub(super) wait: Wait,
    pub(super) tasks: Vec<(u32, Piece)>,
    pub(super) background: Vec<(Wait, Piece)>,
    /// The messages that it handles.
    pub(super) handlers: Vec<String>,
    /// The messages that carry when they were sent, and in which field.
    pub(super) markers: Vec<(String, String)>,
    /// The commands that it obeys.
    pub(super) commands: Vec<String>,
}

/// A step.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    pub(super) work: PieceWork,
}

#[derive(Debug, Clone)]
pub(super) enum PieceWork {
    Code(CodeId),
    Sequence(Vec<Piece>),
    Choice(Vec<(u32, Piece)>),
}

/// What the robot calls by itself.
pub(super) const CALLBACKS: [&str; 3] = ["start", "resume", "stop"];

const KEYS: [&str; 9] =
    ["start", "resume", "stop", "wait", "tasks", "background", "handlers", "markers", "commands"];
const STEP_KEYS: [&str; 6] = ["name", "tags", "weight", "run", "sequence", "choice"];
const LOOP_KEYS: [&str; 6] = ["name", "tags", "wait", "run", "sequence", "choice"];

/// Reads a mod's table. The functions of its steps come in the order in which they stand.
///
/// # Errors
/// All that is wrong in it; one sentence each.
pub(super) fn read(path: &str, table: &Table) -> Result<(Outline, Vec<Function>), Vec<String>> {
    let mut reader = Reader { path, faults: Vec::new(), functions: Vec::new() };
    let outline = reader.outline(table);
    if reader.faults.is_empty() { Ok((outline, reader.functions)) } else { Err(reader.faults) }
}

struct Reader<'a> {
    path: &'a str,
    faults: Vec<String>,
    functions: Vec<Function>,
}

impl Reader<'_> {
    fn outline(&mut self, table: &Table) -> Outline {
        self.check_keys(table);
        let wait = self.wait(table, "wait");
        let tasks = self.list(table, "tasks");
        let tasks = tasks.iter().filter_map(|(at, step)| self.weighted(at, step)).collect();
        let loops = self.list(table, "background");
        let background = loops.iter().filter_map(|(at, one)| {
            self.known(at, one, &LOOP_KEYS);
            Some((self.wait(one, &format!("{at}.wait")), self.piece(at, one)?))
        });
        let background = background.collect();
        let handlers = self.pairs(table, "handlers", "a function", Value::as_function);
        let markers = self.pairs(table, "markers", "the name of a field", Value::as_string);
        let handlers = handlers.into_iter().map(|(name, _)| name).collect();
        let markers = markers.into_iter().map(|(name, field)| (name, field.to_string_lossy())).collect();
        let commands = self.pairs(table, "commands", "a function", Value::as_function);
        let commands = commands.into_iter().map(|(name, _)| name).collect();
        Outline { wait, tasks, background, handlers, markers, commands }
    }

    fn fault(&mut self, told: &str) {
        self.faults.push(format!("{}: {told}", self.path));
    }

    /// Functions of the mod's own are its helpers; any other key is a slip.
    fn check_keys(&mut self, table: &Table) {
        for (key, value) in pairs(table) {
            let name = name_of(&key);
            if KEYS.contains(&name.as_str()) || name.starts_with("__") {
                continue;
            }
            let near = KEYS.iter().find(|known| is_near(&name, known));
            if let Some(near) = near.filter(|_| value.is_function()) {
                self.fault(&format!("there is no `{name}`; is `{near}` meant?"));
            } else if !value.is_function() {
                let known = KEYS.join(", ");
                self.fault(&format!(
                    "there is no `{name}`; there are: {known}; what is your own goes into a local"
                ));
            }
        }
        self.check_callbacks(table);
    }

    fn check_callbacks(&mut self, table: &Table) {
        for name in CALLBACKS {
            let value: Value = table.raw_get(name).unwrap_or(Value::Nil);
            match value {
                Value::Function(_) => {}
                Value::Nil if name != "start" => {}
                Value::Nil => self.fault("there is no `start`; write `function role:start(robot) .. end`"),
                other => self.fault(&format!("{name}: expected a function, got a {}", other.type_name())),
            }
        }
    }

    /// The tables of a list, each with its place.
    fn list(&mut self, table: &Table, key: &str) -> Vec<(String, Table)> {
        let last = key.rsplit('.').next().unwrap_or(key);
        let list = match table.raw_get(last).unwrap_or(Value::Nil) {
            Value::Nil => return Vec::new(),
            Value::Table(list) => list,
            other => {
                self.fault(&format!("{key}: expected a list of tables, got a {}", other.type_name()));
                return Vec::new();
            }
        };
        let mut items = Vec::new();
        for (key_in, value) in pairs(&list) {
            let at = format!("{key}[{}]", name_of(&key_in));
            match value {
                Value::Table(item) if key_in.is_integer() => items.push((key_in.as_integer(), at, item)),
                _ => {
                    self.fault(&format!("{at}: expected a table such as {{ name = .., run = .. }} in a list"))
                }
            }
        }
        items.sort_by_key(|(place, ..)| *place);
        items.into_iter().map(|(_, at, item)| (at, item)).collect()
    }

    fn known(&mut self, at: &str, table: &Table, known: &[&str]) {
        for (key, _) in pairs(table) {
            let name = name_of(&key);
            if !known.contains(&name.as_str()) {
                self.fault(&format!("{at}: there is no `{name}`; there are: {}", known.join(", ")));
            }
        }
    }

    fn weighted(&mut self, at: &str, step: &Table) -> Option<(u32, Piece)> {
        self.known(at, step, &STEP_KEYS);
        let weight = match step.raw_get("weight").unwrap_or(Value::Nil) {
            Value::Nil => Some(1),
            weight => weight.as_integer().and_then(|weight| u32::try_from(weight).ok()),
        };
        let Some(weight) = weight else {
            self.fault(&format!("{at}.weight: expected an integer from 0 on"));
            return None;
        };
        Some((weight, self.piece(at, step)?))
    }

    fn piece(&mut self, at: &str, step: &Table) -> Option<Piece> {
        let name = match step.raw_get("name").unwrap_or(Value::Nil) {
            Value::Nil => String::new(),
            Value::String(name) => name.to_string_lossy(),
            other => {
                self.fault(&format!("{at}.name: expected a string, got a {}", other.type_name()));
                return None;
            }
        };
        let tags = self.tags(at, step);
        Some(Piece { work: self.work(at, step, &name)?, name, tags })
    }

    fn tags(&mut self, at: &str, step: &Table) -> Vec<String> {
        let tags = match step.raw_get("tags").unwrap_or(Value::Nil) {
            Value::Nil => return Vec::new(),
            Value::Table(tags) => {
                pairs(&tags).map(|(_, tag)| tag.as_string().map(|tag| tag.to_string_lossy())).collect()
            }
            _ => None,
        };
        tags.unwrap_or_else(|| {
            self.fault(&format!("{at}.tags: expected a list of strings"));
            Vec::new()
        })
    }

    fn work(&mut self, at: &str, step: &Table, name: &str) -> Option<PieceWork> {
        let of = |key: &str| step.raw_get::<Value>(key).unwrap_or(Value::Nil);
        match [of("run"), of("sequence"), of("choice")] {
            [Value::Function(_), Value::Nil, Value::Nil] if name.is_empty() => {
                self.fault(&format!("{at}: it has no name; its runs are counted under it"));
                None
            }
            [Value::Function(run), Value::Nil, Value::Nil] => {
                self.functions.push(run);
                Some(PieceWork::Code(self.functions.len() - 1))
            }
            [Value::Nil, Value::Table(_), Value::Nil] => {
                let steps = self.list(step, &format!("{at}.sequence"));
                Some(PieceWork::Sequence(steps.iter().filter_map(|(at, step)| self.part(at, step)).collect()))
            }
            [Value::Nil, Value::Nil, Value::Table(_)] => {
                let steps = self.list(step, &format!("{at}.choice"));
                Some(PieceWork::Choice(
                    steps.iter().filter_map(|(at, step)| self.weighted(at, step)).collect(),
                ))
            }
            _ => {
                self.fault(&format!("{at}: expected one of run = function, sequence = list, choice = list"));
                None
            }
        }
    }

    fn part(&mut self, at: &str, step: &Table) -> Option<Piece> {
        self.known(at, step, &["name", "tags", "run", "sequence", "choice"]);
        self.piece(at, step)
    }

    fn wait(&mut self, table: &Table, at: &str) -> Wait {
        match table.raw_get("wait").unwrap_or(Value::Nil) {
            Value::Nil => Wait::none(),
            Value::Table(wait) => wait_of(&wait).unwrap_or_else(|| self.no_wait(at)),
            _ => self.no_wait(at),
        }
    }

    fn no_wait(&mut self, at: &str) -> Wait {
        self.fault(&format!(
            "{at}: expected horde.between(1, 5), horde.constant(1), horde.pacing(1) or horde.rate(2), with seconds from 0 on"
        ));
        Wait::none()
    }

    fn pairs<T: Clone>(
        &mut self,
        table: &Table,
        key: &str,
        expected: &str,
        of: impl Fn(&Value) -> Option<&T>,
    ) -> Vec<(String, T)> {
        let entries = match table.raw_get(key).unwrap_or(Value::Nil) {
            Value::Nil => return Vec::new(),
            Value::Table(entries) => entries,
            other => {
                self.fault(&format!("{key}: expected a table by name, got a {}", other.type_name()));
                return Vec::new();
            }
        };
        let mut read = Vec::new();
        for (name, value) in pairs(&entries) {
            match (name.as_string(), of(&value)) {
                (Some(name), Some(value)) => read.push((name.to_string_lossy(), value.clone())),
                _ => self.fault(&format!(
                    "{key}.{}: expected {expected}, got a {}",
                    name_of(&name),
                    value.type_name()
                )),
            }
        }
        read
    }
}

/// What one of the waits of `horde` made.
fn wait_of(wait: &Table) -> Option<Wait> {
    let kind: String = wait.raw_get(1).ok()?;
    let number = |place: i64| wait.raw_get::<f64>(place).ok().filter(|number| *number >= 0.0);
    let seconds = |place| Duration::try_from_secs_f64(number(place)?).ok();
    match kind.as_str() {
        "between" => Some(Wait::Between(seconds(2)?, seconds(3)?)),
        "constant" => Some(Wait::Constant(seconds(2)?)),
        "pacing" => Some(Wait::Pacing(seconds(2)?)),
        "rate" => Some(Wait::Rate(number(2)?)),
        _ => None,
    }
}

fn pairs(table: &Table) -> impl Iterator<Item = (Value, Value)> + '_ {
    table.pairs::<Value, Value>().filter_map(Result::ok)
}

fn name_of(key: &Value) -> String {
    key.to_string().unwrap_or_else(|_| key.type_name().to_owned())
}

/// Whether a name is a slip of another: a letter more, less or other, or two swapped.
fn is_near(name: &str, known: &str) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (name.chars().collect(), known.chars().collect());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let tail = |n: usize, m: usize| a.get(n..).is_some_and(|rest| Some(rest) == b.get(m..));
    let swapped = a.len() > 1 && b.len() > 1 && a[0] == b[1] && a[1] == b[0] && tail(2, 2);
    tail(1, 0) || tail(0, 1) || tail(1, 1) || swapped
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn slips_are_near() {
        for slip in ["strat", "stat", "staart", "stert"] {
            assert!(is_near(slip, "start"), "{slip}");
        }
        assert!(!is_near("say", "start") && !is_near("stop", "start") && !is_near("walk", "wait"));
    }
}
