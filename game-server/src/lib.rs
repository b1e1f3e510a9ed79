//! The game that horde's robots play where there is no other: it says where the game is, lets players in, and echoes.
//!
//! The rooms, in the order that data passes through them: [`Options`] say where to listen, [`Listeners`] listen, and
//! [`run`] accepts. Each connection has a task of its own, which reads messages of the role protocol, asks its session
//! what to answer, and counts; [`Totals`] are what was counted. [`schema`] checks schema files before all that.
//!
//! ```
//! use game_server::{Listeners, Options, run};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let options = Options { lobby_port: 0, game_port: 0, ..Options::default() };
//! let listeners = Listeners::bind(&options)?;
//! println!("ws://{}", listeners.lobby_address());
//! let totals = run(listeners, options, async { /* until the test is over */ }).await;
//! assert_eq!(totals.logins, 0);
//! # Ok::<(), game_server::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod accept;
mod connection;
mod counters;
mod error;
mod fault;
mod listeners;
mod message;
mod options;
pub mod schema;
mod server;
mod service;
mod session;
mod throttle;
mod totals;
mod watch;

pub use error::Error;
pub use listeners::Listeners;
pub use options::Options;
pub use server::{run, run_watched};
pub use totals::Totals;
