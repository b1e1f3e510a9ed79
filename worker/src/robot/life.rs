//! A robot as its driver sees it: sessions begin and end, sockets are pumped, requests time out.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use tokio::time::Instant;

use proto::series::RobotState;

use super::Robot;
use crate::connection::{Connection, NORMAL};
use crate::errand::Errand;
use crate::error::Error;
use crate::link::Link;
use crate::push::Push;

impl Robot {
    /// Its session begins now.
    pub(crate) fn begin(&self) {
        self.0.started.set(Instant::now());
        self.0.waited.take();
    }

    /// Begins its life anew: it has no connection and has not logged in.
    pub(crate) fn restart(&self) {
        self.clear();
        self.0.leaves.set(false);
        self.0.played.set(false);
        if !self.is_retired() {
            self.enter(RobotState::Connecting);
        }
    }

    /// Lets go of all that a session had. What was spawned holds the robot, so it would live for ever without this.
    pub(crate) fn clear(&self) {
        self.0.links.borrow_mut().clear();
        self.0.inbox.borrow_mut().clear();
        self.0.errands.borrow_mut().clear();
        let _spawned = self.0.spawned.take();
        if self.0.talks.take() {
            self.0.context.post.leave(self.0.number, &self.0.ears);
        }
    }

    /// Tells it that its time is over.
    pub(crate) fn retire(&self) {
        if !self.0.retired.replace(true) {
            self.enter(RobotState::Leaving);
            self.0.changed.notify_waiters();
        }
    }

    /// Waits until it is told that its time is over, or says so itself.
    pub(crate) async fn retirement(&self) {
        self.until(Self::is_retired).await;
    }

    /// As [`Robot::retirement`], whatever its mods say.
    pub(crate) async fn dismissal(&self) {
        self.until(Self::is_dismissed).await;
    }

    /// Waits until its tasks may run, or its time is over.
    pub(crate) async fn tasks_begin(&self) {
        self.until(|robot| robot.is_playing() || robot.is_retired()).await;
    }

    /// Waits until the run is not paused any more, or its time is over.
    pub(crate) async fn resumption(&self) {
        self.until(|robot| !robot.0.context.pause.lasts() || robot.is_retired()).await;
    }

    /// Wakes it, to see what is new.
    pub(crate) fn wake(&self) {
        self.0.changed.notify_waiters();
    }

    async fn until(&self, reached: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.0.changed.notified();
            if reached(self) {
                return;
            }
            changed.await;
        }
    }

    /// Says goodbye on all connections.
    pub(crate) async fn close_all(&self) {
        let links = self.0.links.borrow().clone();
        for link in &links {
            link.start_closing(NORMAL, "");
        }
        for link in links {
            Connection::new(self.clone(), link).close().await;
        }
    }

    /// Takes out the first connection that was lost, with the reason.
    pub(crate) fn take_lost(&self) -> Option<(Rc<Link>, Error)> {
        let links = self.0.links.borrow();
        let (link, error) = links.iter().find_map(|link| Some((link.clone(), link.lost()?)))?;
        drop(links);
        self.forget(&link);
        Some((link, error))
    }

    pub(crate) fn forget(&self, link: &Rc<Link>) {
        self.0.links.borrow_mut().retain(|kept| !Rc::ptr_eq(kept, link));
    }

    /// Notes that the sockets have to be looked at again before the robot rests: one is new, or is behind with writing.
    pub(crate) fn note_activity(&self) {
        self.0.active.set(true);
    }

    /// Notes that a request was made. It needs another look only if the alarm is not set yet.
    pub(crate) fn note_request(&self) {
        if self.0.alarm.borrow().is_none() {
            self.note_activity();
        }
    }

    pub(crate) fn take_activity(&self) -> bool {
        self.0.active.take()
    }

    /// Reads all connections and times out what is due. Returns whether anything happened.
    pub(crate) fn pump(&self, cx: &mut TaskContext<'_>) -> bool {
        let links = self.0.links.borrow();
        let mut inbox = self.0.inbox.borrow_mut();
        let last = links.iter().filter_map(|link| link.pump(cx, &mut inbox)).max();
        self.expire(&links, last, cx) || last.is_some()
    }

    /// Takes out what came unasked.
    pub(crate) fn take_pushes(&self) -> Vec<Push> {
        self.0.inbox.take()
    }

    /// Tells it to do something.
    pub(crate) fn tell(&self, errand: Arc<Errand>) {
        self.0.errands.borrow_mut().push(errand);
        self.wake();
    }

    /// Takes out what it was told to do.
    pub(crate) fn take_errands(&self) -> Vec<Arc<Errand>> {
        self.0.errands.take()
    }

    /// Goes on with what was spawned.
    pub(crate) fn poll_spawned(&self, cx: &mut TaskContext<'_>) {
        let mut works = self.0.spawned.take();
        if works.is_empty() {
            return;
        }
        works.retain_mut(|work| work.as_mut().poll(cx).is_pending());
        // What they spawned meanwhile comes after them, and has not been polled.
        let mut spawned = self.0.spawned.borrow_mut();
        works.append(&mut spawned);
        *spawned = works;
    }

    pub(crate) fn keep(&self, link: Link) -> Connection {
        let link = Rc::new(link);
        let mut links = self.0.links.borrow_mut();
        let former = links.iter().position(|kept| kept.name() == link.name());
        let former = former.map(|place| links.remove(place));
        links.push(link.clone());
        drop(links);
        if let Some(former) = former {
            former.make_way();
            self.wake(); // whoever waits for a reply on it
        }
        if self.0.state.get() == RobotState::Connecting {
            self.enter(RobotState::LoggingIn);
        }
        self.note_activity();
        Connection::new(self.clone(), link)
    }

    /// Times out what is due and keeps the alarm set for what is due next. Returns whether it rang. `last` is when
    /// something came: before its time the alarm need not be looked at then, which is nearly always.
    fn expire(&self, links: &[Rc<Link>], last: Option<Instant>, cx: &mut TaskContext<'_>) -> bool {
        let mut alarm = self.0.alarm.borrow_mut();
        if let (Some(now), Some((due, _))) = (last, &*alarm)
            && now < *due
        {
            return false;
        }
        let rang = alarm.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_ready());
        if rang {
            *alarm = None;
            let now = Instant::now();
            links.iter().for_each(|link| link.expire(now));
        }
        if alarm.is_none() {
            let next = links.iter().filter_map(|link| link.next_deadline()).min();
            *alarm = next.map(|due| (due, Box::pin(tokio::time::sleep_until(due))));
            // Polled once to be woken by it; if it is due already, the next look at it finds out.
            if alarm.as_mut().is_some_and(|(_, sleep)| matches!(sleep.as_mut().poll(cx), Poll::Ready(()))) {
                cx.waker().wake_by_ref();
            }
        }
        rang
    }
}
