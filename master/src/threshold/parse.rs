//! Reads a threshold. What is wrong is shown with a caret under where it is.
//!
//! ```text
//! threshold = figure [ "(" series [ "," ( "response" | "service" ) ] ")" ] relation limit { clause }
//! figure    = "p" number | "median" | "avg" | "min" | "max" | "count" | "failures" | "error_rate" | "rate"
//! series    = [ kind ":" ] ( name | '"' name '"' )      a kind alone: all of that kind; nothing at all: all requests
//! relation  = "<" | "<=" | ">" | ">="
//! limit     = duration | number [ "%" | "/s" ]
//! clause    = "after" duration | "abort" [ "for" duration ] | "samples" number
//! ```

use std::fmt;
use std::time::Duration;

use proto::series::{Kind, Series};

use super::{Figure, Relation, Selector, Threshold, Unit, Which};
use crate::config::duration;

/// The longest text that is read.
const LONGEST: usize = 500;

/// What is wrong with a threshold, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Wrong {
    text: String,
    /// So many characters stand before it.
    place: usize,
    what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, place, what } = self;
        write!(f, "{what}\n  {}\n  {:place$}^", crate::text::fit(text, LONGEST), "")
    }
}

/// Reads a threshold.
///
/// ```
/// use std::time::Duration;
///
/// let threshold = master::threshold::parse("p95(login) < 2s after 30s").unwrap();
/// assert_eq!((threshold.limit, threshold.after), (2_000_000.0, Duration::from_secs(30)));
/// let wrong = master::threshold::parse("p99(EchoRequest) = 50ms").unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     "expected <, <=, > or >=\n  p99(EchoRequest) = 50ms\n                   ^"
/// );
/// ```
///
/// # Errors
/// What is wrong, and where.
pub fn parse(text: &str) -> Result<Threshold, Wrong> {
    let mut reader = Reader { text, rest: text };
    reader.threshold().map_err(|(rest, what)| {
        let before = &text[..text.len() - rest.len()];
        Wrong { text: text.into(), place: before.chars().count(), what }
    })
}

/// What is left to read where something is wrong, and what that is.
type Fault<'a> = (&'a str, String);

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn threshold(&mut self) -> Result<Threshold, Fault<'a>> {
        if self.text.len() > LONGEST {
            return Err((self.rest, format!("a threshold has at most {LONGEST} bytes")));
        }
        let figure = self.figure()?;
        let of = self.selector()?;
        let relation = self.relation()?;
        let limit = self.limit(figure.unit())?;
        let text = self.text.trim().to_owned();
        let samples = u64::from(figure.unit() != Unit::Number);
        let mut threshold =
            Threshold { text, figure, of, relation, limit, after: Duration::ZERO, abort: None, samples };
        while !self.skip().is_empty() {
            self.clause(&mut threshold)?;
        }
        Ok(threshold)
    }

    /// What is left, without blanks before it.
    fn skip(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    /// Whether this comes next; it is passed over then.
    fn eat(&mut self, mark: &str) -> bool {
        let rest = self.skip().strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// What comes next, as long as it is made of these.
    fn run(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.skip();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (run, rest) = rest.split_at(end);
        self.rest = rest;
        run
    }

    fn word(&mut self) -> &'a str {
        self.run(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    }

    fn figure(&mut self) -> Result<Figure, Fault<'a>> {
        let start = self.skip();
        let word = self.word();
        Ok(match word {
            "median" => Figure::Percentile(50.0),
            "avg" => Figure::Average,
            "min" => Figure::Least,
            "max" => Figure::Greatest,
            "count" => Figure::Count,
            "failures" => Figure::Failures,
            "error_rate" => Figure::ErrorRate,
            "rate" => Figure::Rate,
            _ => {
                let percent = word.strip_prefix('p').and_then(|percent| percent.parse::<f64>().ok());
                let percent =
                    percent.filter(|percent| *percent > 0.0 && *percent <= 100.0).ok_or_else(|| {
                        let figures = "median, avg, min, max, count, failures, error_rate or rate";
                        (start, format!("expected a figure: p99 or another percentile, {figures}"))
                    })?;
                Figure::Percentile(percent)
            }
        })
    }

    fn selector(&mut self) -> Result<Selector, Fault<'a>> {
        if !self.eat("(") {
            return Ok(Selector { series: Which::Kind(Kind::Request), response: false });
        }
        let series = self.series()?;
        let response = self.eat(",") && self.response()?;
        if self.eat(")") {
            Ok(Selector { series, response })
        } else {
            Err((self.rest, "expected ) after the name of the series".into()))
        }
    }

    fn response(&mut self) -> Result<bool, Fault<'a>> {
        let start = self.skip();
        match self.word() {
            "response" => Ok(true),
            "service" => Ok(false),
            _ => Err((start, "expected response or service".into())),
        }
    }

    fn series(&mut self) -> Result<Which, Fault<'a>> {
        let kind = Kind::ALL.into_iter().find(|kind| self.eat(&format!("{kind}:")));
        let is_quoted = self.skip().starts_with('"');
        let name = self.name()?;
        let all = Kind::ALL.into_iter().find(|kind| kind.as_str() == name && !is_quoted);
        Ok(match (kind, all) {
            (None, Some(kind)) => Which::Kind(kind),
            (kind, _) => Which::One(Series::new(kind.unwrap_or(Kind::Request), name)),
        })
    }

    fn name(&mut self) -> Result<&'a str, Fault<'a>> {
        let start = self.skip();
        let Some(quoted) = start.strip_prefix('"') else {
            let name = self.run(|c| !matches!(c, ',' | ')' | '"')).trim_end();
            return if name.is_empty() {
                Err((start, "expected the name of a series".into()))
            } else {
                Ok(name)
            };
        };
        let (name, rest) =
            quoted.split_once('"').ok_or((start, "expected another \" at its end".to_owned()))?;
        self.rest = rest;
        Ok(name)
    }

    fn relation(&mut self) -> Result<Relation, Fault<'a>> {
        let relations = [
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            ("<", Relation::Below),
            (">", Relation::Above),
        ];
        let found = relations.into_iter().find(|(mark, _)| self.eat(mark));
        found.map(|(_, relation)| relation).ok_or_else(|| (self.rest, "expected <, <=, > or >=".into()))
    }

    fn limit(&mut self, unit: Unit) -> Result<f64, Fault<'a>> {
        let start = self.skip();
        let wrong = |example: &str| (start, format!("expected {example}"));
        if unit == Unit::Time {
            let time = self.time().filter(|_| start.starts_with(|c: char| c.is_ascii_digit()));
            let has_unit =
                !self.text[..self.text.len() - self.rest.len()].ends_with(|c: char| c.is_ascii_digit());
            let time =
                time.filter(|_| has_unit).ok_or_else(|| wrong("a time with its unit, such as 50ms"))?;
            return Ok(time.as_micros() as f64);
        }
        let number = self.run(|c| c.is_ascii_digit() || c == '.').parse::<f64>().ok();
        let (example, scale) = match unit {
            Unit::Share => ("a share, such as 0.1%", if self.eat("%") { 0.01 } else { 1.0 }),
            Unit::PerSecond => ("a rate, such as 1000/s", if self.eat("/s") { 1.0 } else { f64::NAN }),
            Unit::Number | Unit::Time => ("a number", 1.0),
        };
        let limit = number.map(|number| number * scale).filter(|limit| limit.is_finite());
        limit.filter(|limit| unit != Unit::Share || *limit <= 1.0).ok_or_else(|| wrong(example))
    }

    fn time(&mut self) -> Option<Duration> {
        duration::parse(self.run(|c| c.is_ascii_alphanumeric()))
    }

    fn clause(&mut self, threshold: &mut Threshold) -> Result<(), Fault<'a>> {
        let start = self.skip();
        match self.word() {
            "after" => threshold.after = self.needed_time("after 30s")?,
            "abort" if self.eat("for") => threshold.abort = Some(self.needed_time("abort for 10s")?),
            "abort" => threshold.abort = Some(Duration::ZERO),
            "samples" => {
                let start = self.skip();
                let number = self.run(|c| c.is_ascii_digit()).parse().ok();
                threshold.samples =
                    number.ok_or((start, "expected a number, as in samples 100".to_owned()))?;
            }
            _ => {
                return Err((
                    start,
                    "expected after 30s, abort, abort for 10s, samples 100, or the end".into(),
                ));
            }
        }
        Ok(())
    }

    fn needed_time(&mut self, example: &str) -> Result<Duration, Fault<'a>> {
        let start = self.skip();
        self.time().ok_or_else(|| (start, format!("expected a time, as in {example}")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(kind: Kind, name: &str) -> Which {
        Which::One(Series::new(kind, name))
    }

    #[test]
    fn figures_series_and_limits_are_read() {
        use Kind::{Login, Request, Task};
        let table = [
            ("p99(EchoRequest) < 50ms", Figure::Percentile(99.0), one(Request, "EchoRequest"), 50_000.0),
            (
                "p99.95 ( EchoRequest ) <= 1s500ms",
                Figure::Percentile(99.95),
                one(Request, "EchoRequest"),
                1_500_000.0,
            ),
            ("p95(login) < 2s", Figure::Percentile(95.0), Which::Kind(Login), 2_000_000.0),
            ("median(login:lobby) < 20us", Figure::Percentile(50.0), one(Login, "lobby"), 20.0),
            ("max(\"login\") < 1ms", Figure::Greatest, one(Request, "login"), 1_000.0),
            ("avg(task:fight a boss) < 1ms", Figure::Average, one(Task, "fight a boss"), 1_000.0),
            ("min(task:\"a(b), c\") > 1ms", Figure::Least, one(Task, "a(b), c"), 1_000.0),
            ("error_rate < 0.1%", Figure::ErrorRate, Which::Kind(Request), 0.001),
            ("error_rate(login) <= 0.5", Figure::ErrorRate, Which::Kind(Login), 0.5),
            ("rate(EchoRequest) > 1000/s", Figure::Rate, one(Request, "EchoRequest"), 1_000.0),
            ("count >= 10", Figure::Count, Which::Kind(Request), 10.0),
            ("failures(task) <= 0", Figure::Failures, Which::Kind(Task), 0.0),
        ];
        for (text, figure, series, limit) in table {
            let read = parse(text).unwrap_or_else(|wrong| panic!("{wrong}"));
            assert_eq!((read.figure, read.of.series), (figure, series), "{text}");
            assert!((read.limit - limit).abs() < 1e-9, "{text}: {}", read.limit);
        }
    }

    #[test]
    fn clauses_may_follow_in_any_order() {
        let plain = parse("p99(Echo,response) < 1s").unwrap();
        assert_eq!(
            (plain.of.response, plain.after, plain.abort, plain.samples),
            (true, Duration::ZERO, None, 1)
        );
        let full = parse("p99(Echo, service)<1s abort for 10s samples 100 after 30").unwrap();
        let (after, abort) = (Duration::from_secs(30), Some(Duration::from_secs(10)));
        assert_eq!((full.of.response, full.after, full.abort, full.samples), (false, after, abort, 100));
        assert_eq!(parse("count < 1 abort").unwrap().abort, Some(Duration::ZERO));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let table = [
            ("", 0, "expected a figure"),
            ("p101(Echo) < 1s", 0, "expected a figure"),
            ("p0 < 1s", 0, "expected a figure"),
            ("pNaN < 1s", 0, "expected a figure"),
            ("p99() < 1s", 4, "expected the name"),
            ("p99(Echo < 1s", 13, "expected )"),
            ("p99(Echo, wire) < 1s", 10, "expected response or service"),
            ("p99(\"Echo) < 1s", 4, "expected another \""),
            ("p99(Echo) = 50ms", 10, "expected <"),
            ("p99(Echo) < 50", 12, "expected a time with its unit"),
            ("p99(Echo) < fast", 12, "expected a time with its unit"),
            ("error_rate < 10 %%", 17, "expected after"),
            ("error_rate < 101%", 13, "expected a share"),
            ("rate > 1000", 7, "expected a rate"),
            ("count > many", 8, "expected a number"),
            ("count > 1 after lunch", 16, "expected a time"),
            ("count > 1 afterwards", 10, "expected after 30s"),
            ("count > 1 samples few", 18, "expected a number"),
            ("médian < 1s", 0, "expected a figure"),
            ("p99(é) ~ 1s", 7, "expected <"),
        ];
        for (text, place, what) in table {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.what.starts_with(what), "{text}: {wrong}");
            assert_eq!(wrong.place, place, "{wrong}");
        }
        assert!(parse(&"p".repeat(1 << 20)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".{0,60}", tail in "[a-z0-9 ()<>=%/.,\":]{0,40}") {
            for text in [text.clone(), format!("p99({text}"), format!("p99{tail}"), tail] {
                if let Err(wrong) = parse(&text) {
                    prop_assert!(wrong.place <= text.chars().count());
                }
            }
        }
    }
}
