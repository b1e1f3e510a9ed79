//! The outline of a mod as the tasks that robots choose from, the same as those of a mod in Rust.

use super::outline::{CodeId, Outline, Piece, PieceWork};
use super::part::Part;
use crate::tasks::{Step, Tasks, Work, erased};

/// The tasks of a mod's robots.
pub(super) fn tasks(outline: &Outline) -> Tasks<Part> {
    let mut tasks = Tasks::new(outline.wait);
    for (weight, piece) in &outline.tasks {
        tasks = tasks.add(*weight, step(piece));
    }
    for (wait, piece) in &outline.background {
        tasks = tasks.add_background(*wait, step(piece));
    }
    tasks
}

fn step(piece: &Piece) -> Step<Part> {
    let work = match &piece.work {
        PieceWork::Code(code) => Work::Code(code_of(*code)),
        PieceWork::Sequence(steps) => Work::Sequence(steps.iter().map(step).collect()),
        PieceWork::Choice(steps) => {
            Work::Choice(steps.iter().map(|(weight, piece)| (*weight, step(piece))).collect())
        }
    };
    Step::new(piece.name.as_str().into(), work).tags(piece.tags.iter().cloned())
}

fn code_of(code: CodeId) -> crate::tasks::Code<Part> {
    erased(move |part: &Part, robot| Box::pin(part.task(robot, code)))
}
