//! Sleeps that end within tens of microseconds of when they should. The runtime's timer has ticks of a millisecond, which
//! is enough to think but would be counted as the target's where a schedule is kept. One kernel timer per thread serves
//! all its robots; it costs ten times a coarse sleep, so only paced tasks use it.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::time::Instant;

#[cfg(target_os = "linux")]
pub(crate) use linux::PreciseTimer;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::PreciseTimer;

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;
    use std::future::poll_fn;
    use std::io;
    use std::rc::{Rc, Weak};
    use std::task::{Poll, Waker};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::net::unix::pipe;

    use super::Instant;

    /// What the kernel's timer is set to when something is due already: 0 would stop it.
    const AT_ONCE: std::time::Duration = std::time::Duration::from_nanos(1);

    /// The sleeps of one thread.
    #[derive(Default)]
    pub(crate) struct PreciseTimer {
        alarm: RefCell<Option<Rc<Alarm>>>,
        coarse: Cell<bool>,
    }

    /// The kernel's timer and those who wait for it. To the runtime the timer is a pipe: it becomes readable when it rings, and
    /// that is all that the runtime has to know of it.
    struct Alarm {
        fd: pipe::Receiver,
        waiting: RefCell<BTreeMap<(Instant, u64), Waker>>,
        last_id: Cell<u64>,
        set_to: Cell<Option<Instant>>,
    }

    impl PreciseTimer {
        /// Returns at `due`.
        pub(crate) async fn sleep_until(&self, due: Instant) {
            if self.coarse.get() {
                return tokio::time::sleep_until(due.into()).await;
            }
            match self.alarm() {
                Ok(alarm) => alarm.wait(due).await,
                // Out of descriptors: late by a millisecond is better than not at all.
                Err(_) => tokio::time::sleep_until(due.into()).await,
            }
        }

        /// From now on it goes by the runtime's clock, which may be a simulated one.
        pub(crate) fn follow_runtime(&self) {
            self.coarse.set(true);
        }

        /// The thread's alarm, made when it is needed first.
        fn alarm(&self) -> io::Result<Rc<Alarm>> {
            if let Some(alarm) = &*self.alarm.borrow() {
                return Ok(alarm.clone());
            }
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let fd = pipe::Receiver::from_owned_fd_unchecked(fd)?;
            let alarm = Rc::new(Alarm {
                fd,
                waiting: RefCell::default(),
                last_id: Cell::new(0),
                set_to: Cell::new(None),
            });
            // Ends by itself when the timer is dropped, since it holds no claim on the alarm while it waits.
            tokio::task::spawn_local(ring(Rc::downgrade(&alarm)));
            *self.alarm.borrow_mut() = Some(alarm.clone());
            Ok(alarm)
        }
    }

    impl Drop for PreciseTimer {
        fn drop(&mut self) {
            if let Some(alarm) = self.alarm.take() {
                // Wakes `ring`, which finds nobody left.
                alarm.set(Instant::now());
            }
        }
    }

    /// Wakes the sleepers of an alarm for as long as it is used.
    async fn ring(alarm: Weak<Alarm>) {
        loop {
            let Some(alarm) = alarm.upgrade() else { return };
            let rang = alarm.fd.readable().await;
            if rang.is_err() || Rc::strong_count(&alarm) == 1 {
                return;
            }
            alarm.wake();
        }
    }

    impl Alarm {
        async fn wait(self: Rc<Self>, due: Instant) {
            self.last_id.set(self.last_id.get() + 1);
            let place = Place { key: (due, self.last_id.get()), alarm: self };
            poll_fn(|cx| {
                if Instant::now() >= due {
                    return Poll::Ready(());
                }
                place.alarm.waiting.borrow_mut().insert(place.key, cx.waker().clone());
                if place.alarm.set_to.get().is_none_or(|at| due < at) {
                    place.alarm.set(due);
                }
                Poll::Pending
            })
            .await;
        }

        /// Wakes all that are due, and sets the alarm for the next.
        fn wake(&self) {
            let _ticks = self.fd.try_read(&mut [0; 8]); // or the descriptor stays readable
            let now = Instant::now();
            let later = self.waiting.borrow_mut().split_off(&(now, u64::MAX));
            let due = self.waiting.replace(later);
            due.into_values().for_each(Waker::wake);
            self.set_to.set(None);
            let next = self.waiting.borrow().keys().next().map(|(at, _)| *at);
            next.into_iter().for_each(|at| self.set(at));
        }

        fn set(&self, at: Instant) {
            let left = at.saturating_duration_since(Instant::now()).max(AT_ONCE);
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            let value = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            let once = Itimerspec { it_interval: zero, it_value: value };
            match timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once) {
                Ok(_) => self.set_to.set(Some(at)),
                Err(e) => tracing::error!("a precise timer can't be set: {e}"),
            }
        }
    }

    /// A sleeper's place; given up when it sleeps no more.
    struct Place {
        key: (Instant, u64),
        alarm: Rc<Alarm>,
    }

    impl Drop for Place {
        fn drop(&mut self) {
            self.alarm.waiting.borrow_mut().remove(&self.key);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::Instant;

    /// The sleeps of one thread. Other systems have no timer that the runtime can wait for; theirs are late by a millisecond.
    #[derive(Default)]
    pub(crate) struct PreciseTimer;

    impl PreciseTimer {
        pub(crate) async fn sleep_until(&self, due: Instant) {
            tokio::time::sleep_until(due.into()).await;
        }

        pub(crate) fn follow_runtime(&self) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use std::time::Duration;
    use tokio::task::LocalSet;

    #[tokio::test]
    async fn sleepers_wake_in_order_and_never_early() {
        let local = LocalSet::new();
        let woken = local.run_until(async {
            let timer = Rc::new(PreciseTimer::default());
            let start = Instant::now();
            let mut sleepers = tokio::task::JoinSet::new();
            for ms in [9u64, 3, 6] {
                let timer = timer.clone();
                sleepers.spawn_local(async move {
                    let due = start + Duration::from_millis(ms);
                    timer.sleep_until(due).await;
                    assert!(Instant::now() >= due);
                    ms
                });
            }
            let mut woken = Vec::new();
            while let Some(ms) = sleepers.join_next().await {
                woken.push(ms.unwrap());
            }
            // One that is given up, and one that is due already.
            let _given_up = tokio::time::timeout(
                Duration::from_millis(2),
                timer.sleep_until(start + Duration::from_secs(60)),
            )
            .await
            .unwrap_err();
            timer.sleep_until(start).await;
            woken
        });
        assert_eq!(woken.await, [3, 6, 9]);
    }
}
