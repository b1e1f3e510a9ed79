//! Durations as Locust's users write them: `20`, `20s`, `3m`, `1h30m10s`, `500ms`, and `20us`.

use std::time::Duration;

/// Units in the order in which they may follow each other, with their microseconds.
const UNITS: [(&str, u64); 5] =
    [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// Reads a duration; a bare number counts seconds.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return seconds.checked_mul(1_000_000).map(Duration::from_micros);
    }
    let (mut rest, mut units, mut total) = (text, UNITS.as_slice(), 0u64);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let place = units.iter().position(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(units[place].1)?)?;
        (rest, units) = (after, &units[place + 1..]);
    }
    (!text.is_empty()).then(|| Duration::from_micros(total))
}

/// Shows a duration in the form that [`parse`] reads.
pub(crate) fn show(duration: Duration) -> String {
    let mut rest = duration.as_micros();
    let mut text = String::new();
    for (unit, micros) in UNITS {
        let n = rest / u128::from(micros);
        rest %= u128::from(micros);
        if n > 0 {
            text.push_str(&format!("{n}{unit}"));
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_of_locusts_forms_are_read() {
        let table = [
            ("20", Some(20_000_000)),
            ("20s", Some(20_000_000)),
            ("3m", Some(180_000_000)),
            ("2h", Some(7_200_000_000)),
            ("1h30m", Some(5_400_000_000)),
            ("1h30m10s", Some(5_410_000_000)),
            ("500ms", Some(500_000)),
            ("1s500ms", Some(1_500_000)),
            ("1s250us", Some(1_000_250)),
            ("1us1ms", None),
            ("0", Some(0)),
            ("", None),
            ("s", None),
            ("10 s", None),
            ("-5s", None),
            ("1.5s", None),
            ("5x", None),
            ("10s3m", None), // the larger unit comes first
            ("1s1s", None),
            ("99999999999999999999", None),
            ("18446744073709551615h", None),
        ];
        for (text, micros) in table {
            assert_eq!(parse(text), micros.map(Duration::from_micros), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read(micros in 0..u64::MAX) {
            let duration = Duration::from_micros(micros);
            prop_assert_eq!(parse(&show(duration)), Some(duration));
        }
    }
}
