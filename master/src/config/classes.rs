//! The classes of robots: those of the file, or the one that all robots are of where there is none.

use std::num::NonZeroU32;

use proto::class::{Class, Classes, Share, TaskChoice};

use super::bundle::Shipped;
use super::tables::{ClassTable, TaskEntry};
use super::{Reader, parse};

impl Reader<'_> {
    pub(super) fn classes(&mut self, shipped: &Shipped) -> Option<Classes> {
        let usual = match self.optional("mod", parse::named)? {
            Some(name) => name,
            None => shipped.only_mod().unwrap_or("role").to_owned(),
        };
        let tables = &self.settings.tables().classes;
        if tables.is_empty() {
            let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec![usual]);
            return Classes::new(vec![class]).map_err(|e| self.fault("mod", e.to_string())).ok();
        }
        let classes: Vec<_> = tables.iter().map(|table| self.class(table, &usual)).collect();
        let classes = classes.into_iter().collect::<Option<Vec<_>>>()?;
        Classes::new(classes).map_err(|e| self.fault_of_table(e.to_string())).ok()
    }

    fn class(&mut self, table: &ClassTable, usual: &str) -> Option<Class> {
        let share = share(table).map_err(|wrong| self.fault_of_class(table, &wrong)).ok();
        let host = table.host.as_deref().map(parse::host).transpose();
        let host = host.map_err(|wrong| self.fault_of_class(table, &format!("host: {wrong}"))).ok();
        let mods = if table.mods.is_empty() { vec![usual.to_owned()] } else { table.mods.clone() };
        let tasks = table.tasks.iter().map(choice).collect();
        Some(Class { tasks, host: host?, ..Class::new(&table.name, share?, mods) })
    }

    fn fault_of_class(&mut self, table: &ClassTable, wrong: &str) {
        let name = crate::text::fit(&table.name, 100);
        self.fault_of_table(format!("[[class]] `{name}`: {wrong}"));
    }
}

fn share(table: &ClassTable) -> Result<Share, String> {
    match (table.count, table.weight) {
        (Some(_), Some(_)) => Err("count and weight; give one of the two".into()),
        (Some(0), _) => Err("count is 0; give at least 1, or leave the class out".into()),
        (Some(count), None) => Ok(Share::Fixed(count)),
        (None, weight) => match NonZeroU32::new(weight.unwrap_or(1)) {
            Some(weight) => Ok(Share::Weight(weight)),
            None => Err("weight is 0; give at least 1, or leave the class out".into()),
        },
    }
}

fn choice(entry: &TaskEntry) -> TaskChoice {
    match entry {
        TaskEntry::Name(name) => TaskChoice { name: name.clone(), weight: None },
        TaskEntry::Weighted { name, weight } => TaskChoice { name: name.clone(), weight: *weight },
    }
}
