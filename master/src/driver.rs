//! The one task that owns the run: events go in, and it does what comes out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proto::Down;
use proto::message::Dismissal;
use proto::plan::Plan;
use proto::shipping::Parcel;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use crate::change::{Declined, Told};
use crate::clock::Clock;
use crate::config::Life;
use crate::desk::{Ask, Command, Office};
use crate::fleet::SessionId;
use crate::gate::{Link, Message};
use crate::journal::{Journal, Record};
use crate::notice::Notice;
use crate::output::{Live, Output};
use crate::reporter::Reporter;
use crate::run::{Effect, Event, Run};
use crate::summary::Summary;

/// How often the run is told that time went on: what a deadline can be late by.
const TICK: Duration = Duration::from_millis(50);

/// So many peers that were refused or left are named in a minute. Whoever comes again and again must not fill the log.
const MOST_NAMED: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// The exit code of a plan or bundle that can't be used.
const USAGE: u8 = 2;

/// A run that has its verdict.
struct Past {
    run: Uuid,
    plan: Arc<Plan>,
    summary: Summary,
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
    /// The minute's begin, and how many were named in it.
    named: (Duration, u32),
    /// The plan of every run, where people say nothing else.
    usual: Plan,
    life: Life,
    reporter: Reporter,
    /// Who waits for the answer to what the run is asked just now.
    asker: Option<oneshot::Sender<Result<Told, Declined>>>,
    /// The last run that has a verdict, with its plan.
    past: Option<Past>,
    /// Whether the run has just got its verdict.
    is_decided: bool,
    /// Whether the master ends with the run.
    leaves: bool,
    /// When it ends if nobody starts another run.
    until: Option<Instant>,
    finished: bool,
}

impl Driver {
    pub(crate) fn new(
        run: Run,
        clock: Clock,
        journal: Option<Journal>,
        outputs: Vec<Box<dyn Output + Send>>,
        (usual, life): (Plan, Life),
    ) -> Self {
        Self {
            run,
            clock,
            journal,
            parcel: None,
            links: BTreeMap::new(),
            outputs,
            named: (Duration::ZERO, 0),
            usual,
            life,
            reporter: Reporter::default(),
            asker: None,
            past: None,
            is_decided: false,
            leaves: false,
            until: None,
            finished: false,
        }
    }

    /// Drives one run after the other, to the verdict of the last one.
    pub(crate) async fn drive(mut self, mut inbox: mpsc::Receiver<Message>, mut office: Office) -> Summary {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if !self.run.is_held() {
            self.begin();
        }
        while !self.finished {
            tokio::select! {
                biased;
                // People first: they ask little, and a fleet that never ends talking must not keep them from stopping it. Time
                // last: a master that was asleep hears its workers out before it finds them silent.
                Some(command) = office.commands.recv() => {
                    self.obey(command);
                    self.report(&office);
                }
                Some(message) = inbox.recv() => {
                    let event = self.event(message);
                    self.handle(event);
                }
                _ = ticks.tick() => {
                    self.handle(Event::Tick);
                    self.finished |= self.until.is_some_and(|until| Instant::now() >= until);
                    self.report(&office);
                }
            }
        }
        self.send_home();
        self.past.map_or_else(|| Summary::of(&self.run, &self.clock), |past| past.summary)
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Stop if self.run.is_held() => self.finished = true,
            Command::Stop => {
                self.leaves = true;
                self.handle(Event::Stop);
            }
            Command::Ask(Ask { wish, who, answer }) => {
                self.asker = Some(answer);
                let was_held = self.run.is_held();
                self.handle(Event::Wish(wish, who));
                if was_held && !self.run.is_held() {
                    self.until = None;
                    self.begin();
                }
            }
        }
    }

    /// Lets people know how the run stands.
    fn report(&mut self, office: &Office) {
        let (past, run) = (self.past.as_ref(), &self.run);
        let planned = match past.filter(|_| run.is_held()) {
            Some(past) => (past.run, past.plan.clone()),
            None => (run.id(), run.shared_plan()),
        };
        self.reporter.report(&office.news, (run, &self.clock), past.map(|past| &past.summary), planned);
    }

    fn event(&mut self, message: Message) -> Event {
        match message {
            Message::Joined(session, hello, link) => {
                self.links.insert(session, link);
                Event::Joined(session, hello)
            }
            Message::Said(session, up, _turn) => Event::Said(session, up),
            Message::Left(session, why) => {
                self.links.remove(&session);
                Event::Left(session, why)
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let effects = self.run.handle(self.clock.now(), event);
        self.carry_out_all(effects);
        if std::mem::take(&mut self.is_decided) {
            self.conclude();
        }
    }

    fn carry_out_all(&mut self, effects: Vec<Effect>) {
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
        // A run that is over is no use to the next.
        let is_a_run = |record: &Record| matches!(record, Record::Began { .. } | Record::Started { .. });
        let is_next = self.past.is_some() && records.clone().any(is_a_run);
        let renewed = if is_next { renew(journal, &self.clock) } else { Ok(()) };
        if let Err(e) = renewed.and_then(|()| journal.append(records)) {
            tracing::error!(
                "the journal can't be written any more: {e}; a master that is started again would not know this run"
            );
            let left = self.journal.take().map(Journal::abandon);
            if let Some(Err(e)) = left {
                tracing::error!(
                    "what the journal has can't be taken back either: {e}; remove it before a master is started again"
                );
            }
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
            Effect::Answer(answer) => self.answer(answer),
            Effect::Second(second) => self.second(second),
            Effect::Finish => self.is_decided = true,
        }
        None
    }

    fn answer(&mut self, answer: Result<Told, Declined>) {
        // Whoever asked may have gone.
        self.asker.take().map(|asker| asker.send(answer));
    }

    /// The run has its verdict: the master ends with it, or holds the next one.
    fn conclude(&mut self) {
        let summary = Summary::of(&self.run, &self.clock);
        // What can't be used once can't be used the next time.
        let is_last = !self.life.stays || self.leaves || summary.verdict.exit_code == USAGE;
        if is_last {
            self.send_home();
        }
        self.each_output(|output| output.finish(&summary));
        self.past = Some(Past { run: self.run.id(), plan: self.run.shared_plan(), summary });
        self.finished |= is_last;
        if !is_last {
            let effects = self.run.renew(self.clock.now(), Uuid::new_v4(), self.usual.clone());
            self.until = self.life.autoquit.map(|time| Instant::now() + time);
            self.carry_out_all(effects);
            tracing::info!("the workers stay for the next run; `master ctl start` begins it");
        }
    }

    fn send_home(&mut self) {
        let sessions: Vec<_> = self.links.keys().copied().collect();
        for session in sessions {
            self.dismiss(session, Dismissal::Over, "the run is over".into());
        }
    }

    fn dismiss(&mut self, session: SessionId, dismissal: Dismissal, reason: String) {
        if let Some(link) = self.links.remove(&session) {
            _ = link.send(Down::Dismiss(dismissal, reason));
            link.close();
        }
    }

    fn announce(&mut self, notice: &Notice) {
        if matches!(notice, Notice::Refused(..) | Notice::Left(..)) && !self.may_name() {
            return;
        }
        if notice.is_warning() { tracing::warn!("{notice}") } else { tracing::info!("{notice}") }
    }

    /// Lets the outputs begin, with what the run has behind it already.
    fn begin(&mut self) {
        self.each_output(|output| output.begin());
        let Self { run, clock, outputs, .. } = self;
        for second in run.totals().timeline.seconds() {
            write_each(outputs, |output| output.recall(&Live { second, run, clock }));
        }
    }

    /// Whether one more peer may be named; the first that may not is told of.
    fn may_name(&mut self) -> bool {
        let now = self.clock.now();
        if now.saturating_sub(self.named.0) >= MINUTE {
            self.named = (now, 0);
        }
        self.named.1 = self.named.1.saturating_add(1);
        if self.named.1 == MOST_NAMED + 1 {
            tracing::warn!(
                "more than {MOST_NAMED} peers were refused or left; further ones are not told for a minute"
            );
        }
        self.named.1 <= MOST_NAMED
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

fn renew(journal: &mut Journal, clock: &Clock) -> std::io::Result<()> {
    journal.renew()?;
    journal.append([&clock.mark()])
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
