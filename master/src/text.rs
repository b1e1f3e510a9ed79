//! Text from peers and users, made safe to show: a name must not move the cursor, colour the log or run in a spreadsheet.

use std::time::Duration;

/// The text with all that acts instead of being seen written as an escape.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    clean
}

/// Control characters, and those that hide or turn what stands around them.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The clean text in at most `width` characters; what is cut is marked. Of a long text only the begin is looked at.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let end = text.char_indices().nth(width.saturating_add(1)).map_or(text.len(), |(end, _)| end);
    let clean = clean(text.get(..end).unwrap_or(text));
    if clean.chars().count() <= width {
        return clean;
    }
    clean.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The text as a spreadsheet's cell that is never taken for a formula.
pub(crate) fn cell(text: &str) -> String {
    let clean = clean(text);
    if clean.starts_with(['=', '+', '-', '@']) { format!("'{clean}") } else { clean }
}

/// Milliseconds to the microsecond below one, then with three digits that count: 0.052, 2.50, 12.3, 1042.
pub(crate) fn millis(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1e3;
    let decimals = match ms {
        ms if ms < 1.0 => 3,
        ms if ms < 9.995 => 2,
        ms if ms < 999.95 => 1,
        _ => 0,
    };
    format!("{ms:.decimals$}")
}

/// Seconds for a sentence: `12.3 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped_and_what_is_long_is_cut() {
        let table = [
            ("EchoRequest", "EchoRequest"),
            ("a\nb\u{1b}[31m", "a\\nb\\u{1b}[…"),
            ("角色登录", "角色登录"),
            ("\u{202e}gpj", "\\u{202e}gpj"),
            ("twelve chars", "twelve chars"),
            ("thirteen char", "thirteen ch…"),
        ];
        for (text, shown) in table {
            assert_eq!(fit(text, 12), shown);
        }
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        for (text, shown) in [
            ("=cmd()", "'=cmd()"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\t=1", "\\t=1"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(cell(text), shown);
        }
    }

    #[test]
    fn milliseconds_keep_three_digits() {
        let table = [
            (0, "0.000"),
            (7, "0.007"),
            (250, "0.250"),
            (2_500, "2.50"),
            (9_996, "10.0"),
            (12_340, "12.3"),
            (999_960, "1000"),
            (1_042_400, "1042"),
        ];
        for (us, shown) in table {
            assert_eq!(millis(Duration::from_micros(us)), shown);
        }
    }
}
