//! Tables that all robots of one worker share, on whatever thread they live. What they hold lives as long as the run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use uuid::Uuid;

use crate::error::Error;

/// The most tables of one run.
pub const MOST_TABLES: usize = 256;

/// The most entries of all tables together.
pub const MOST_ENTRIES: usize = 1_000_000;

/// About the most bytes of all tables together.
pub const MOST_BYTES: usize = 256 << 20;

/// What an entry or value takes beside its texts, about.
const OVERHEAD: usize = 64;

/// A table that all robots of one worker share: values by key, counters and queues. Clones are the same table.
///
/// Other workers have tables of their own: what all robots of a run have to know goes over a topic or a group's board.
/// Every call is one step that no other robot sees half of, and none waits for another robot.
///
/// ```no_run
/// # use worker::{Error, Robot};
/// # fn doc(robot: &Robot) -> Result<(), Error> {
/// let rooms = robot.shared("rooms");
/// rooms.set("lobby", "ws://127.0.0.1:8765")?;
/// let visits = rooms.add("visits", 1)?; // 1 for the first robot, 2 for the next
/// rooms.push("free", 17)?;
/// assert_eq!(rooms.pop("free"), Some(17.into()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Shared {
    name: Arc<str>,
    /// None: there were too many tables when it was asked for.
    table: Option<Arc<Table>>,
    budget: Arc<Budget>,
}

/// One table. The lock is private to the handle, held for one step and never across an await: a step is shorter than
/// what it costs to wake a task, so an asynchronous lock would be slower.
#[derive(Debug, Default)]
struct Table(Mutex<BTreeMap<String, Entry>>);

#[derive(Debug)]
enum Entry {
    Value(Value),
    Queue(VecDeque<Value>),
}

/// What all tables of a run take together.
#[derive(Debug, Default)]
struct Budget {
    entries: AtomicUsize,
    bytes: AtomicUsize,
}

impl Shared {
    /// The value of a key, or a queue as an array; none if there is neither.
    pub fn get(&self, key: &str) -> Option<Value> {
        match self.entries()?.get(key)? {
            Entry::Value(value) => Some(value.clone()),
            Entry::Queue(queue) => Some(queue.iter().cloned().collect()),
        }
    }

    /// Puts a value under a key, in the place of what was there.
    ///
    /// # Errors
    /// When the tables are full.
    pub fn set(&self, key: &str, value: impl Into<Value>) -> Result<(), Error> {
        self.put(&mut *self.open()?, key, Entry::Value(value.into()))
    }

    /// Takes a key out, with what was there.
    pub fn remove(&self, key: &str) -> Option<Value> {
        let entry = self.entries()?.remove(key)?;
        self.budget.give_back(entry.count(), entry.weight() + key.len());
        match entry {
            Entry::Value(value) => Some(value),
            Entry::Queue(queue) => Some(queue.into_iter().collect()),
        }
    }

    /// Adds to a number, which begins at 0, and gives the sum: no two robots that add get the same.
    ///
    /// # Errors
    /// When something else stands there, the sum is too large, or the tables are full.
    pub fn add(&self, key: &str, more: i64) -> Result<i64, Error> {
        let mut entries = self.open()?;
        let so_far = match entries.get(key) {
            None => Some(0),
            Some(Entry::Value(value)) => value.as_i64(),
            Some(Entry::Queue(_)) => None,
        };
        let so_far = so_far.ok_or_else(|| self.wrong(key, "is no whole number"))?;
        let sum = so_far.checked_add(more).ok_or_else(|| self.wrong(key, "would be too large a number"))?;
        self.put(&mut entries, key, Entry::Value(sum.into()))?;
        Ok(sum)
    }

    /// Puts a value at the end of the queue of a key. Returns how many are in it.
    ///
    /// # Errors
    /// When something else stands there, or the tables are full.
    pub fn push(&self, key: &str, value: impl Into<Value>) -> Result<usize, Error> {
        let mut entries = self.open()?;
        let value = value.into();
        match entries.get_mut(key) {
            None => {
                self.put(&mut entries, key, Entry::Queue(VecDeque::from([value])))?;
                Ok(1)
            }
            Some(Entry::Queue(queue)) => {
                self.take(1, weight(&value))?;
                queue.push_back(value);
                Ok(queue.len())
            }
            Some(Entry::Value(_)) => Err(self.wrong(key, "is no queue")),
        }
    }

    /// Takes out the first value of the queue of a key: each goes to one robot. None if it is empty.
    pub fn pop(&self, key: &str) -> Option<Value> {
        match self.entries()?.get_mut(key)? {
            Entry::Queue(queue) => {
                let value = queue.pop_front()?;
                self.budget.give_back(1, weight(&value));
                Some(value)
            }
            Entry::Value(_) => None,
        }
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.entries().map_or(0, |entries| entries.len())
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its keys, in order.
    pub fn keys(&self) -> Vec<String> {
        self.entries().map(|entries| entries.keys().cloned().collect()).unwrap_or_default()
    }

    fn entries(&self) -> Option<MutexGuard<'_, BTreeMap<String, Entry>>> {
        Some(self.table.as_ref()?.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn open(&self) -> Result<MutexGuard<'_, BTreeMap<String, Entry>>, Error> {
        self.entries().ok_or_else(|| self.full(format!("there are {MOST_TABLES} tables already")))
    }

    fn put(&self, entries: &mut BTreeMap<String, Entry>, key: &str, entry: Entry) -> Result<(), Error> {
        self.take(entry.count(), entry.weight() + key.len())?;
        if let Some(old) = entries.insert(key.to_owned(), entry) {
            self.budget.give_back(old.count(), old.weight() + key.len());
        }
        Ok(())
    }

    fn take(&self, entries: usize, bytes: usize) -> Result<(), Error> {
        if self.budget.take(entries, bytes) {
            return Ok(());
        }
        Err(self.full(format!("all tables together hold {MOST_ENTRIES} entries and {MOST_BYTES} bytes")))
    }

    fn full(&self, reason: String) -> Error {
        Error::TableFull { table: self.name.to_string(), reason }
    }

    fn wrong(&self, key: &str, what: &str) -> Error {
        Error::Misused { about: self.name.to_string(), reason: format!("`{key}` {what}") }
    }
}

impl Entry {
    fn count(&self) -> usize {
        match self {
            Self::Value(_) => 1,
            Self::Queue(queue) => 1 + queue.len(),
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Value(value) => weight(value),
            Self::Queue(queue) => OVERHEAD + queue.iter().map(weight).sum::<usize>(),
        }
    }
}

/// About how many bytes a value takes.
fn weight(value: &Value) -> usize {
    OVERHEAD
        + match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(weight).sum(),
            Value::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

impl Budget {
    fn take(&self, entries: usize, bytes: usize) -> bool {
        let entries_now = self.entries.fetch_add(entries, Ordering::Relaxed) + entries;
        let bytes_now = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let fits = entries_now <= MOST_ENTRIES && bytes_now <= MOST_BYTES;
        if !fits {
            self.give_back(entries, bytes);
        }
        fits
    }

    fn give_back(&self, entries: usize, bytes: usize) {
        self.entries.fetch_sub(entries, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The tables of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables(Arc<Directory>);

#[derive(Debug, Default)]
struct Directory {
    tables: Mutex<BTreeMap<Arc<str>, Arc<Table>>>,
    budget: Arc<Budget>,
}

impl Tables {
    /// The table of a name, made if nobody asked for it before.
    pub(crate) fn table(&self, name: &str) -> Shared {
        let mut tables = self.0.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, table) = match tables.get_key_value(name) {
            Some((name, table)) => (name.clone(), Some(table.clone())),
            None if tables.len() < MOST_TABLES => {
                let (name, table) = (Arc::<str>::from(name), Arc::<Table>::default());
                tables.insert(name.clone(), table.clone());
                (name, Some(table))
            }
            None => (name.into(), None),
        };
        Shared { name, table, budget: self.0.budget.clone() }
    }
}

/// The tables of the run that a worker carries out; those of the run before go when its last robot does.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunTables(Arc<Mutex<(Uuid, Tables)>>);

impl RunTables {
    pub(crate) fn of(&self, run: Uuid) -> Tables {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != run {
            *current = (run, Tables::default());
        }
        current.1.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_holds_values_counters_and_queues() {
        let tables = Tables::default();
        let table = tables.table("t");
        table.set("name", "Ann").unwrap();
        assert_eq!(tables.table("t").get("name"), Some(json!("Ann")), "one name, one table");
        assert_eq!((table.add("n", 2).unwrap(), table.add("n", -5).unwrap()), (2, -3));
        assert_eq!((table.push("q", 1).unwrap(), table.push("q", "b").unwrap()), (1, 2));
        assert_eq!(table.get("q"), Some(json!([1, "b"])));
        assert_eq!(
            [table.pop("q"), table.pop("q"), table.pop("q")],
            [Some(json!(1)), Some(json!("b")), None]
        );
        assert_eq!((table.keys(), table.len()), (vec!["n".into(), "name".into(), "q".into()], 3));
        assert_eq!((table.remove("name"), table.remove("name")), (Some(json!("Ann")), None));
        assert!(tables.table("other").is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let tables = Tables::default();
        let table = tables.table("t");
        table.set("name", "Ann").unwrap();
        let told = |result: Result<_, Error>| result.map(drop::<i64>).unwrap_err().to_string();
        assert_eq!(told(table.add("name", 1)), "t: `name` is no whole number");
        table.set("most", i64::MAX).unwrap();
        assert_eq!(told(table.add("most", 1)), "t: `most` would be too large a number");
        assert_eq!(table.push("name", 1).unwrap_err().to_string(), "t: `name` is no queue");
        let large = "x".repeat(MOST_BYTES);
        let full = "table `t` is full: all tables together hold 1000000 entries and 268435456 bytes";
        assert_eq!(table.set("large", large.clone()).unwrap_err().to_string(), full);
        for _ in 0..3 {
            table.set("most", large[..MOST_BYTES * 3 / 4].to_owned()).unwrap();
            table.remove("most");
            table.push("queue", large[..MOST_BYTES * 3 / 4].to_owned()).unwrap();
            table.pop("queue");
        }
        table.remove("queue");
        assert_eq!(table.budget.entries.load(Ordering::Relaxed), 1);
        for n in 1..MOST_TABLES {
            tables.table(&n.to_string()).set("a", 1).unwrap();
        }
        let none = tables.table("one too many");
        let full = "table `one too many` is full: there are 256 tables already";
        assert_eq!(none.set("a", 1).unwrap_err().to_string(), full);
        assert_eq!((none.get("a"), none.len()), (None, 0));
    }

    #[test]
    fn threads_that_add_at_once_each_get_a_number_of_their_own() {
        let tables = Tables::default();
        let adds = || {
            let table = tables.table("t");
            move || (0..1_000).map(|_| table.add("n", 1).unwrap()).collect::<Vec<_>>()
        };
        let threads = [adds(), adds()].map(std::thread::spawn);
        let mut numbers: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=2_000).collect::<Vec<_>>());
    }

    #[test]
    fn another_run_has_tables_of_its_own() {
        let tables = RunTables::default();
        let first = tables.of(Uuid::from_u128(1)).table("t");
        first.set("a", 1).unwrap();
        assert_eq!(tables.clone().of(Uuid::from_u128(1)).table("t").len(), 1);
        assert!(tables.of(Uuid::from_u128(2)).table("t").is_empty());
    }
}
