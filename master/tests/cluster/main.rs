//! The three binaries together, as users start them: shares, losses, stops, bad targets. One topic per file.
#![cfg(test)]

mod bad_plan;
mod cluster;
mod loss;
mod lua;
mod open_model;
mod people;
mod process;
mod shares;
mod stages;
mod stop;
mod thresholds;
