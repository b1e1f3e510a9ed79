//! How robots reach the target: where they connect from, what they trust, and what they say in the handshake.

use std::net::IpAddr;

use crate::bounds::{self, MOST_ENTRIES, OutOfBounds};

/// The most bytes that certificates may have together.
pub const LARGEST_CA: usize = 1 << 20;

/// The most bytes that the value of a header may have.
pub const LONGEST_VALUE: usize = 8_192;

/// How robots reach the target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// Local addresses that connections go out from; none leaves it to the system.
    pub source_ips: Vec<IpAddr>,
    /// Certificates to trust beside those of the system, as PEM text.
    pub ca: Option<String>,
    /// Whether certificates are not looked at.
    pub insecure: bool,
    /// Further headers of the WebSocket handshake.
    pub headers: Vec<(String, String)>,
    /// The WebSocket subprotocol to ask for.
    pub subprotocol: Option<String>,
}

impl Network {
    pub(crate) fn check(&self) -> Result<(), OutOfBounds> {
        bounds::count("source addresses", self.source_ips.len(), MOST_ENTRIES)?;
        if let Some(ca) = &self.ca {
            bounds::text("certificates", ca, LARGEST_CA)?;
        }
        if let Some(subprotocol) = &self.subprotocol {
            token("subprotocol", subprotocol)?;
        }
        bounds::count("headers", self.headers.len(), MOST_ENTRIES)?;
        self.headers.iter().try_for_each(|(name, value)| header(name, value))
    }
}

fn header(name: &str, value: &str) -> Result<(), OutOfBounds> {
    token("header", name)?;
    // A line break would begin another header, or end them all.
    if value.len() > LONGEST_VALUE || value.bytes().any(|b| b != b'\t' && (b < b' ' || b == 0x7f)) {
        let wrong =
            format!("the value of `{name}` can't be sent; give at most {LONGEST_VALUE} bytes of text");
        return Err(OutOfBounds::new("header", wrong));
    }
    Ok(())
}

fn token(what: &str, text: &str) -> Result<(), OutOfBounds> {
    bounds::name(what, text)?;
    if is_token(text) {
        return Ok(());
    }
    Err(OutOfBounds::new(
        what,
        format!("`{}` is no token; give letters, digits and `-`", text.escape_debug()),
    ))
}

/// Whether a text can name a header or a subprotocol: a token as RFC 9110 has it.
pub fn is_token(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(good)
}
