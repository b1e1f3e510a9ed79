//! What is shipped to the workers: schema, mods and data, and what the plan must know of them.

use std::path::Path;

use proto::data::{DataPolicy, DataSet};
use proto::folder::Files;
use proto::plan::Plan;
use proto::rows;

use super::tables::DataTable;
use super::{Fault, Origin, Reader, Sources, parse};
use crate::threshold::Threshold;

/// What is shipped.
#[derive(Debug, Default)]
pub(super) struct Shipped {
    pub(super) files: Files,
    /// The names of the mods in it.
    pub(super) mods: Vec<String>,
    pub(super) data: Vec<Data>,
}

/// A data set that is shipped.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) set: DataSet,
    file: String,
    rows: u64,
}

impl Shipped {
    /// The mod, if it is the only one.
    pub(super) fn only_mod(&self) -> Option<&str> {
        match self.mods.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// A data set as asked for, and where.
struct Asked {
    table: DataTable,
    on_command_line: bool,
}

impl Reader<'_> {
    pub(super) fn shipped(&mut self) -> Shipped {
        let mut shipped = Shipped::default();
        self.optional("schema", |folder| shipped.files.take_schema(folder));
        let mods = self.optional("mods", |folder| shipped.files.take_mods(folder));
        shipped.mods = mods.flatten().unwrap_or_default();
        for asked in self.asked() {
            match load(&asked.table, &mut shipped.files) {
                Ok(data) => shipped.data.push(data),
                Err(wrong) => self.fault_of_data(&asked, &wrong),
            }
        }
        shipped
    }

    /// Where what is shipped was.
    pub(super) fn sources(&self, shipped: &Shipped, thresholds: &[Threshold]) -> Sources {
        let folder = |name| self.settings.get(name).map(|setting| setting.text.clone());
        let data = shipped.data.iter().map(|data| (data.set.name.clone(), data.file.clone()));
        let thresholds = thresholds.iter().map(|threshold| threshold.text.clone()).collect();
        Sources { schema: folder("schema"), mods: folder("mods"), data: data.collect(), thresholds }
    }

    /// The data sets of the file, and those of `--data`; one that both have takes its file from the latter.
    fn asked(&mut self) -> Vec<Asked> {
        let of_file = self.settings.tables().data.iter().cloned();
        let mut asked: Vec<_> = of_file.map(|table| Asked { table, on_command_line: false }).collect();
        for (name, file) in self.optional("data", pairs).flatten().unwrap_or_default() {
            match asked.iter_mut().find(|asked| asked.table.name == name) {
                Some(asked) => (asked.table.file, asked.on_command_line) = (file, true),
                None => {
                    asked
                        .push(Asked { table: DataTable { name, file, policy: None }, on_command_line: true });
                }
            }
        }
        asked
    }

    fn fault_of_data(&mut self, asked: &Asked, wrong: &str) {
        let DataTable { name, file, .. } = &asked.table;
        if asked.on_command_line {
            let origin =
                self.settings.get("data").map_or(Origin::CommandLine, |setting| setting.origin.clone());
            self.faults.push(Fault::of("data", &format!("{name}={file}"), origin, wrong));
        } else {
            self.fault_of_table(format!("[[data]] `{}`: {wrong}", crate::text::fit(name, 100)));
        }
    }

    /// Whether each robot finds a row of its own where it must have one.
    pub(super) fn check_rows(&mut self, plan: &Plan, shipped: &Shipped) {
        let robots = plan.profile.peak();
        for data in shipped.data.iter().filter(|data| data.set.policy == DataPolicy::Unique) {
            if data.rows < robots {
                let (name, file, rows) = (&data.set.name, &data.file, data.rows);
                self.fault_of_table(format!(
                    "data set `{name}` is unique, but {file} has {rows} rows for {robots} robots; \
                     add rows, take fewer robots, or give it policy = \"cycle\""
                ));
            }
        }
    }
}

/// `NAME=FILE`, several with commas between them.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let wrong = "not NAME=FILE; write accounts=accounts.csv";
    let pair = |text: &str| {
        let (name, file) = text.trim().split_once('=').ok_or(wrong)?;
        if name.is_empty() || file.is_empty() {
            return Err(wrong.to_owned());
        }
        Ok((name.to_owned(), file.to_owned()))
    };
    text.split([',', '\n']).filter(|part| !part.trim().is_empty()).map(pair).collect()
}

fn load(table: &DataTable, files: &mut Files) -> Result<Data, String> {
    let name = parse::named(&table.name).map_err(|wrong| format!("name: {wrong}"))?;
    let policy = table.policy.as_deref().map_or(Ok(DataPolicy::Cycle), parse::data_policy);
    let policy = policy.map_err(|wrong| format!("policy: {wrong}"))?;
    let file_name = Path::new(&table.file).file_name().and_then(|name| name.to_str());
    let file_name = file_name.filter(|name| !name.contains('\\'));
    let path = format!("data/{}", file_name.ok_or("no file name; name a .csv or .jsonl file")?);
    let content = files.take(Path::new(&table.file), path.clone())?;
    let rows = rows::read(&table.file, content)?.len() as u64;
    Ok(Data { set: DataSet { name, path, policy }, file: table.file.clone(), rows })
}
