//! The way from a message's root to one value in it: `LoginRespone.roles[3].name`.

use std::fmt;

/// Steps into a message. They are collected while an error travels outwards, so the innermost comes first inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(Box<str>),
    Element(usize),
}

impl Path {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn enter_field(&mut self, name: &str) {
        self.0.push(Step::Field(name.into()));
    }

    pub(crate) fn enter_element(&mut self, index: usize) {
        self.0.push(Step::Element(index));
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().rev().enumerate() {
            match step {
                Step::Field(name) if i == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
