//! The master as a whole: in-process with workers without robots, over loopback, and as a binary. One topic per file.
#![cfg(test)]

mod binary;
mod common;
mod course;
mod groups;
mod outputs;
mod refusal;
mod worker_loss;
