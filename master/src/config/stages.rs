//! The profile as stages of the file: spike, hold, ramp down, stairs; of robots, or of arrivals.

use std::time::Duration;

use proto::arrivals::{Rate, RateStage};
use proto::profile::{Edge, LONGEST_RUN, MOST_ROBOTS, Profile, Stage, level_after, way};

use super::tables::StageTable;
use super::{Reader, parse, show};

/// The shortest that a stage can be.
const SHORTEST: Duration = Duration::from_micros(1);

/// A stage in its place, as written.
#[derive(Clone, Copy)]
struct Written<'a> {
    number: usize,
    table: &'a StageTable,
    is_last: bool,
}

/// What a stage goes to, and how fast; the outer none is a fault.
struct Levels {
    users: Option<Option<u64>>,
    arrivals: Option<Option<Rate>>,
    rate: Option<Option<f64>>,
}

impl Reader<'_> {
    pub(super) fn is_staged(&self) -> bool {
        !self.settings.tables().stages.is_empty()
    }

    pub(super) fn staged_profile(&mut self, seed: Option<u64>) -> Option<Profile> {
        for name in ["users", "spawn-rate", "run-time", "arrivals"] {
            if self.is_given(name) {
                self.fault(name, "does not go with [[stage]]; leave it out, or all stages".into());
            }
        }
        let tables = &self.settings.tables().stages;
        let written = (1..).zip(tables);
        let stages: Vec<_> = written
            .map(|(number, table)| Written { number, table, is_last: number == tables.len() })
            .collect();
        let faults = self.faults.len();
        self.check_kinds(&stages);
        let first = tables.iter().find(|table| table.users.is_some() || table.arrivals.is_some());
        let is_open = first.is_some_and(|table| table.users.is_none());
        let profile = if is_open { self.open_stages(&stages, seed) } else { self.closed_stages(&stages) };
        profile.filter(|_| self.faults.len() == faults)
    }

    /// Each stage says one of users and arrivals, and all the same.
    fn check_kinds(&mut self, stages: &[Written<'_>]) {
        let mut first: Option<(usize, &str)> = None;
        for stage in stages {
            let kind = match (&stage.table.users, &stage.table.arrivals) {
                (Some(_), Some(_)) => Err("users and arrivals; give one of the two".to_owned()),
                (None, None) => Err("neither users nor arrivals; give one of the two".to_owned()),
                (Some(_), None) => Ok("users"),
                (None, Some(_)) => Ok("arrivals"),
            };
            match (kind, first) {
                (Err(wrong), _) => self.fault_of_stage(stage, &wrong),
                (Ok(kind), None) => first = Some((stage.number, kind)),
                (Ok(kind), Some((number, other))) if kind != other => {
                    let wrong = format!(
                        "{kind}, but stage {number} has {other}; give all stages the same of the two"
                    );
                    self.fault_of_stage(stage, &wrong);
                }
                _ => {}
            }
        }
    }

    fn closed_stages(&mut self, stages: &[Written<'_>]) -> Option<Profile> {
        self.refuse_model("give the stages arrivals");
        let mut list = Some(Vec::new());
        for stage in stages {
            // Where one is not known, nobody knows where the next begins; its own faults are still told.
            let from = list.as_deref().map(level_after);
            let parts = self.closed_stage(stage, from);
            list = list.zip(parts).map(|(list, parts)| [list, parts].concat());
        }
        let profile = Profile::new(list?).map_err(|e| self.fault_of_stages(&e.to_string())).ok()?;
        if profile.peak() == 0 {
            self.fault_of_stages("no robot is ever alive; give at least one stage users");
        }
        Some(profile)
    }

    /// A stage that ramps at a rate and holds is two.
    fn closed_stage(&mut self, stage: &Written<'_>, from: Option<u64>) -> Option<Vec<Stage>> {
        let Levels { users, rate, .. } = self.levels(stage);
        let (duration, edge, cut) = self.times(stage);
        let (users, rate) = (users??, rate?);
        let Some(rate) = rate else {
            return Some(vec![Stage { cut: cut?, ..Stage::new(duration?, users, edge?) }]);
        };
        let (from, duration) = (from?, duration?);
        let Some(way) = way(from.abs_diff(users), rate).ok().filter(|way| *way <= duration) else {
            self.fault_of_stage(stage, &too_slow(from, users, rate, duration));
            return None;
        };
        let line = |duration| Stage::new(duration, users, Edge::Linear);
        let parts = [line(way), line(duration - way)];
        Some(parts.into_iter().filter(|part| !part.duration.is_zero()).collect())
    }

    fn refuse_beside_rate(&mut self, stage: &Written<'_>) {
        let table = stage.table;
        let keys = [("edge", &table.edge), ("cut", &table.cut), ("arrivals", &table.arrivals)];
        for (key, _) in keys.iter().filter(|(_, value)| value.is_some()) {
            self.fault_of_stage(
                stage,
                &format!("{key} does not go with spawn-rate; leave one of the two out"),
            );
        }
    }

    fn open_stages(&mut self, stages: &[Written<'_>], seed: Option<u64>) -> Option<Profile> {
        let model = self.read("arrivals-model", parse::model);
        let list: Vec<_> = stages.iter().map(|stage| self.open_stage(stage)).collect();
        let list = list.into_iter().collect::<Option<Vec<_>>>()?;
        Profile::open(list, model?, seed?).map_err(|e| self.fault_of_stages(&e.to_string())).ok()
    }

    fn open_stage(&mut self, stage: &Written<'_>) -> Option<RateStage> {
        let arrivals = self.levels(stage).arrivals;
        let (duration, edge, cut) = self.times(stage);
        Some(RateStage { cut: cut?, ..RateStage::new(duration?, arrivals??, edge?) })
    }

    /// Read whatever the other stages are, so that all faults are found.
    fn levels(&mut self, stage: &Written<'_>) -> Levels {
        if stage.table.spawn_rate.is_some() {
            self.refuse_beside_rate(stage);
        }
        Levels {
            users: self.of_stage(stage, "users", |text| parse::whole(text, 0, MOST_ROBOTS)),
            arrivals: self.of_stage(stage, "arrivals", parse::stage_arrivals),
            rate: self.of_stage(stage, "spawn-rate", parse::rate),
        }
    }

    /// Duration, edge, and when the stage is left if it is before its end. A jump takes no time, and something follows it.
    fn times(&mut self, stage: &Written<'_>) -> (Option<Duration>, Option<Edge>, Option<Option<Duration>>) {
        let edge = self.of_stage(stage, "edge", parse::edge).map(Option::unwrap_or_default);
        let is_jump = edge == Some(Edge::Step) && !stage.is_last;
        let least = if is_jump { Duration::ZERO } else { SHORTEST };
        let duration = self.of_stage(stage, "duration", |text| parse::time(text, least, LONGEST_RUN));
        if stage.table.duration.is_none() {
            self.fault_of_stage(stage, "no duration; say how long it lasts, such as duration = \"30s\"");
        }
        let cut = self.of_stage(stage, "cut", |text| match parse::time(text, SHORTEST, LONGEST_RUN)? {
            cut if duration.flatten().is_some_and(|duration| cut >= duration) => {
                Err("the stage is over by then; give less than its duration, or leave it out".into())
            }
            cut => Ok(cut),
        });
        (duration.flatten(), edge, cut)
    }

    /// What a stage says under a key, if it does; the outer none is a fault.
    fn of_stage<T>(
        &mut self,
        stage: &Written<'_>,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(text) = stage.table.get(key) else { return Some(None) };
        let told =
            |wrong| self.fault_of_stage(stage, &format!("{key} = {}: {wrong}", crate::text::fit(text, 60)));
        parse(text).map_err(told).ok().map(Some)
    }

    fn fault_of_stage(&mut self, stage: &Written<'_>, wrong: &str) {
        self.fault_of_table(format!("[[stage]] {}: {wrong}", stage.number));
    }

    pub(super) fn fault_of_stages(&mut self, wrong: &str) {
        self.fault_of_table(format!("[[stage]]: {wrong}"));
    }
}

impl StageTable {
    fn get(&self, key: &str) -> Option<&str> {
        let value = match key {
            "duration" => &self.duration,
            "users" => &self.users,
            "spawn-rate" => &self.spawn_rate,
            "arrivals" => &self.arrivals,
            "edge" => &self.edge,
            _ => &self.cut,
        };
        value.as_deref()
    }
}

/// A way that takes longer than its stage, and what to write instead.
fn too_slow(from: u64, users: u64, rate: f64, duration: Duration) -> String {
    let robots = from.abs_diff(users);
    let (takes, longer) = match way(robots, rate) {
        Ok(way) => (format!("takes {}", show(way)), format!("let it last at least {}, or ", show(way))),
        Err(_) => (format!("takes longer than {}", show(LONGEST_RUN)), String::new()),
    };
    let (least, duration) = (least_rate(robots, duration), show(duration));
    format!(
        "from {from} to {users} users at {rate} per second {takes}, but the stage lasts {duration}; \
         {longer}give a spawn-rate of at least {least}"
    )
}

/// The lowest rate, in millionths, at which so many robots come in time.
fn least_rate(robots: u64, duration: Duration) -> f64 {
    let millionths = (robots as f64 / duration.as_secs_f64() * 1e6).ceil();
    let is_enough = |rate: &f64| way(robots, *rate).is_ok_and(|way| way <= duration);
    let rates = [millionths / 1e6, (millionths + 1.0) / 1e6];
    rates.into_iter().find(is_enough).unwrap_or_else(|| (millionths / 1e6).ceil() + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_rate_that_is_told_is_enough(robots in 1..=MOST_ROBOTS, us in 1..=86_400_000_000u64) {
            let duration = Duration::from_micros(us);
            prop_assert!(way(robots, least_rate(robots, duration)).unwrap() <= duration);
        }
    }
}
