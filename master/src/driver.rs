//! The one task that owns the run: events go in, and it does what comes out.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::Down;
use proto::message::Dismissal;
use proto::shipping::Parcel;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::fleet::SessionId;
use crate::gate::{Link, Message};
use crate::journal::Journal;
use crate::notice::Notice;
use crate::output::{Live, Output};
use crate::run::{Effect, Event, Run};
use crate::summary::Summary;

/// How often the run is told that time went on: what a deadline can be late by.
const TICK: Duration = Duration::from_millis(50);

/// After so many refusals only every hundredth is logged.
const REFUSALS: u64 = 20;

/// What people ask of a master at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Stop: the first time cleanly, the second time at once.
    Stop,
}

/// Owns a run, the streams of its workers and the outputs.
pub(crate) struct Driver {
    run: Run,
    clock: Clock,
    journal: Option<Journal>,
    /// What was sent to a worker last.
    parcel: Option<Parcel>,
    links: BTreeMap<SessionId, Link>,
    outputs: Vec<Box<dyn Output + Send>>,
    refusals: u64,
    finished: bool,
}

impl Driver {
    pub(crate) fn new(
        run: Run,
        clock: Clock,
        journal: Option<Journal>,
        outputs: Vec<Box<dyn Output + Send>>,
    ) -> Self {
        Self {
            run,
            clock,
            journal,
            parcel: None,
            links: BTreeMap::new(),
            outputs,
            refusals: 0,
            finished: false,
        }
    }

    /// Drives the run to its verdict.
    pub(crate) async fn drive(
        mut self,
        mut inbox: mpsc::Receiver<Message>,
        mut commands: mpsc::Receiver<Command>,
    ) -> Summary {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.each_output(|output| output.begin());
        while !self.finished {
            let event = tokio::select! {
                biased;
                Some(message) = inbox.recv() => self.event(message),
                Some(Command::Stop) = commands.recv() => Event::Stop,
                _ = ticks.tick() => Event::Tick,
            };
            self.handle(event);
        }
        let summary = Summary::of(&self.run, &self.clock);
        self.each_output(|output| output.finish(&summary));
        summary
    }

    fn event(&mut self, message: Message) -> Event {
        match message {
            Message::Joined(session, hello, link) => {
                self.links.insert(session, link);
                Event::Joined(session, hello)
            }
            Message::Said(session, up) => Event::Said(session, up),
            Message::Left(session, why) => {
                self.links.remove(&session);
                Event::Left(session, why)
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let effects = self.run.handle(self.clock.now(), event);
        self.keep(&effects);
        let lost: Vec<_> = effects.into_iter().filter_map(|effect| self.carry_out(effect)).collect();
        // A worker that does not read is lost like one that is gone.
        for session in lost {
            self.links.remove(&session).into_iter().for_each(Link::close);
            self.handle(Event::Dropped(session, "it does not read what it is sent".into()));
        }
    }

    /// The run's bundle, packed once.
    fn parcel(&mut self) -> Parcel {
        let bundle = self.run.bundle();
        let packed = self.parcel.take().filter(|parcel| parcel.hash() == bundle.hash);
        self.parcel.insert(packed.unwrap_or_else(|| Parcel::of(bundle))).clone()
    }

    /// Writes down what must not be forgotten, before anybody is told.
    fn keep(&mut self, effects: &[Effect]) {
        let records = effects.iter().filter_map(|effect| match effect {
            Effect::Keep(record) => Some(record),
            _ => None,
        });
        let Some(journal) = &mut self.journal else { return };
        if let Err(e) = journal.append(records) {
            tracing::error!(
                "the journal can't be written any more: {e}; a master that is started again would not know this run"
            );
            self.journal = None;
        }
    }

    /// Does one thing; the stream that had no room for it, if one had none.
    fn carry_out(&mut self, effect: Effect) -> Option<SessionId> {
        match effect {
            Effect::Send(session, down) => {
                return self.links.get(&session).is_some_and(|link| !link.send(down)).then_some(session);
            }
            Effect::Ship(session) => {
                let parcel = self.parcel();
                self.links.get(&session).into_iter().for_each(|link| link.ship(parcel.clone()));
            }
            Effect::Refuse(session, refusal) => {
                self.dismiss(session, Dismissal::Refused, refusal.to_string())
            }
            Effect::Keep(_) => {} // it was
            Effect::Close(session) => self.links.remove(&session).into_iter().for_each(Link::close),
            Effect::Announce(notice) => self.announce(&notice),
            Effect::Second(second) => self.second(second),
            Effect::Finish => {
                let sessions: Vec<_> = self.links.keys().copied().collect();
                for session in sessions {
                    self.dismiss(session, Dismissal::Over, "the run is over".into());
                }
                self.finished = true;
            }
        }
        None
    }

    fn dismiss(&mut self, session: SessionId, dismissal: Dismissal, reason: String) {
        if let Some(link) = self.links.remove(&session) {
            _ = link.send(Down::Dismiss(dismissal, reason));
            link.close();
        }
    }

    fn announce(&mut self, notice: &Notice) {
        if let Notice::Refused(..) = notice {
            self.refusals += 1;
            if self.refusals > REFUSALS && !self.refusals.is_multiple_of(100) {
                return;
            }
        }
        if notice.is_warning() { tracing::warn!("{notice}") } else { tracing::info!("{notice}") }
    }

    fn second(&mut self, number: u64) {
        let Self { run, clock, .. } = self;
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let seconds = run.totals().timeline.seconds();
        let Some(second) = place.and_then(|place| seconds.get(place)) else { return };
        let live = Live { second, run, clock };
        write_each(&mut self.outputs, |output| output.second(&live));
    }

    fn each_output(&mut self, write: impl FnMut(&mut dyn Output) -> std::io::Result<()>) {
        write_each(&mut self.outputs, write);
    }
}

/// Writes to each output. One that fails is named once and gets no more: a full disk must not end the run.
fn write_each(
    outputs: &mut Vec<Box<dyn Output + Send>>,
    mut write: impl FnMut(&mut dyn Output) -> std::io::Result<()>,
) {
    outputs.retain_mut(|output| match write(output.as_mut()) {
        Ok(()) => true,
        Err(e) => {
            tracing::error!("{} can't be written any more: {e}", output.name());
            false
        }
    });
}
