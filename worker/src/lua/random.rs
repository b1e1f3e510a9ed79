//! `math.random` of a robot: Lua's rules, over the robot's own sequence, so that a run can be repeated.

use mlua::{Lua, MultiValue, Value};

use crate::robot::Robot;

/// A float below 1, or an integer of a range.
pub(super) fn draw(lua: &Lua, robot: &Robot, args: &MultiValue) -> Result<Value, String> {
    let integer = |place: usize| {
        let value = args.get(place).cloned().unwrap_or(Value::Nil);
        let coerced = lua.coerce_integer(value).ok().flatten();
        coerced.ok_or_else(|| format!("math.random: argument {} is no integer", place + 1))
    };
    let (least, most) = match args.len() {
        0 => return Ok(Value::Number(robot.rng(fastrand::Rng::f64))),
        1 => (1, integer(0)?),
        _ => (integer(0)?, integer(1)?),
    };
    if args.len() == 1 && most == 0 {
        return Ok(Value::Integer(robot.rng(|rng| rng.i64(..))));
    }
    between(robot, least, most).map(Value::Integer)
}

/// A random integer, both ends possible.
pub(super) fn between(robot: &Robot, least: i64, most: i64) -> Result<i64, String> {
    if least > most {
        return Err(format!("random: nothing is between {least} and {most}"));
    }
    Ok(robot.random(least..=most))
}
