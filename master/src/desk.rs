//! Where people ask of a master at work, and read how it stands. What they ask goes to the driver, which answers.

use std::sync::Arc;

use proto::plan::Plan;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::change::{Declined, Told, Wish};
use crate::config::{self, Muster, Sources};
use crate::status::Status;

/// What may wait for the driver.
const WAITING: usize = 64;

/// What people ask of a master at work.
#[derive(Debug)]
pub enum Command {
    /// Stop: the first time cleanly, the second time at once. Then the master ends.
    Stop,
    /// Something that has an answer.
    Ask(Ask),
}

/// Something that has an answer.
#[derive(Debug)]
pub struct Ask {
    /// What.
    pub wish: Wish,
    /// Who asks.
    pub who: String,
    /// Who waits for the answer.
    pub answer: oneshot::Sender<Result<Told, Declined>>,
}

/// How a master stands.
#[derive(Debug)]
pub struct News {
    /// As people read it.
    pub status: Status,
    /// The plan of the run that goes on; of the last one if none does.
    pub plan: Arc<Plan>,
    /// That run's name.
    pub planned: Uuid,
    /// Whom it waits or waited for.
    pub muster: Muster,
}

impl News {
    /// The plan as a file that makes it again.
    pub fn plan_file(&self, sources: &Sources) -> String {
        config::export(self.planned, self.muster, &self.plan, sources)
    }
}

/// The people's side of the desk.
#[derive(Debug, Clone)]
pub struct Desk {
    /// What they ask.
    pub commands: mpsc::Sender<Command>,
    /// How the master stands, from its begin on.
    pub news: watch::Receiver<Option<Arc<News>>>,
}

/// The master's side of the desk.
#[derive(Debug)]
pub struct Office {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) news: watch::Sender<Option<Arc<News>>>,
}

/// A desk with its two sides.
pub fn desk() -> (Desk, Office) {
    let ((commands, asked), (tells, news)) = (mpsc::channel(WAITING), watch::channel(None));
    (Desk { commands, news }, Office { commands: asked, news: tells })
}

/// Nobody reads how the master stands.
impl From<mpsc::Receiver<Command>> for Office {
    fn from(commands: mpsc::Receiver<Command>) -> Self {
        Self { commands, news: watch::channel(None).0 }
    }
}

impl Desk {
    /// Asks for something, and waits for what comes of it.
    ///
    /// # Errors
    /// Why it is not done.
    pub async fn ask(&self, wish: Wish, who: String) -> Result<Told, Declined> {
        let ending = || Declined::Now("the master is ending".into());
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Ask(Ask { wish, who, answer })).await.map_err(|_| ending())?;
        answered.await.unwrap_or_else(|_| Err(ending()))
    }
}
