//! The master as a whole: in-process with workers without robots, over loopback, and as a binary. One topic per file.
#![cfg(test)]

mod api;
mod binary;
mod common;
mod control;
mod course;
mod groups;
mod hostile;
mod machine;
mod outputs;
mod people;
mod refusal;
mod worker_loss;
