//! A network that drops what master and one worker say to each other. The worker still reaches the game.

use std::time::{Duration, Instant};

use proto::message::SILENCE;

use crate::Scenario;
use crate::figures::Figures;
use crate::losses::UNDER_WAY;
use crate::namespace::{Cable, Cut};
use crate::scene::{Scene, Size};

const S: Duration = Duration::from_secs(1);

/// Each way, for each time.
pub(crate) fn all(seconds: &[u64]) -> Vec<Scenario> {
    let each = seconds.iter().flat_map(|seconds| Cut::ALL.map(|cut| (cut, *seconds)));
    let scenario = |(cut, seconds): (Cut, u64)| {
        Scenario::new(format!("a partition of {seconds} s, {}", cut.what()), move |size, figures| {
            partition(size, figures, cut, Duration::from_secs(seconds));
        })
    };
    each.map(scenario).collect()
}

fn partition(size: &Size, figures: &mut Figures, cut: Cut, time: Duration) {
    let cable = Cable::lay().unwrap();
    let scene = Scene::start_at(size, cable.place(), 4, &[]);
    scene.steady();
    let (mark, robots, share) = (scene.watch.mark(), scene.robots, scene.share());
    cable.cut(cut, &scene.address).unwrap();
    let begun = Instant::now();
    scene.watch.pass_after(begun, time);
    let moves = if time > SILENCE { share } else { 0 };
    figures.count("robots that logged in anew meanwhile", scene.watch.last().logins - robots, moves);
    let mended = Instant::now();
    cable.mend().unwrap();
    if moves > 0 {
        let (back, _) = scene.master.logs_since(mended, "worker w3 came back");
        figures.within("the worker is back", back - mended, 3 * S);
        // It takes an even share again; where that is not quite the same robots, so be it.
        let logins = robots + share + share - share / 50;
        let whole =
            scene.watch.until("its share again", mark, |s| s.sessions == robots && s.logins >= logins);
        figures.note("it has its share again, ms", scene.watch.after(mended, whole).as_millis());
    }
    scene.watch.pass(3 * S);
    let (lowest, highest) = scene.watch.range(mark);
    figures.at_most("live sessions, the most", highest, robots);
    figures.at_least("live sessions, the fewest", lowest, robots - moves);
    let anew = scene.watch.last().logins - robots;
    figures.at_most("robots that logged in anew in all", anew, moves * 2 + moves / 50);
    scene.stop().totals(figures, if moves > 0 { UNDER_WAY } else { 0 });
}
