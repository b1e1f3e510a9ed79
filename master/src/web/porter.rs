//! Whom the API listens to: requests of this machine's own programs and pages, in a form that no foreign page can send.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Body as _;
use tokio::time::timeout;

use super::fault::Fault;

/// How long a request may take, its body included.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the porter knows of the door.
#[derive(Debug, Clone, Copy)]
pub(super) struct Door {
    /// Whether it is on the loopback address.
    pub(super) is_local: bool,
}

/// Lets a request in, or says why not.
pub(super) async fn admit(State(door): State<Door>, request: Request, next: Next) -> Response {
    if let Err(fault) = check(door, &request) {
        return fault.into_response();
    }
    match timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Fault::new(StatusCode::REQUEST_TIMEOUT, "the request took longer than 10 s").into_response()
        }
    }
}

fn check(door: Door, request: &Request) -> Result<(), Fault> {
    let headers = request.headers();
    let host = text(headers, header::HOST).unwrap_or_default();
    // A name that a foreign page made point here is no name of this machine.
    if door.is_local && !is_local(host) {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            "ask for 127.0.0.1 or localhost, not for another name",
        ));
    }
    if headers.contains_key(header::ORIGIN) {
        let own = text(headers, header::ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
        if own != Some(host) {
            return Err(Fault::new(StatusCode::FORBIDDEN, "pages of other origins may not use this API"));
        }
    }
    if !request.body().is_end_stream() && !is_json(headers) {
        let sentence = "the body is not said to be JSON; send it with Content-Type: application/json";
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
    }
    Ok(())
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a name with or without a port is one of this machine for itself.
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_for_itself_are_local() {
        for host in ["127.0.0.1:8089", "127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8089", "127.9.9.9"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["", "evil.example:8089", "127.0.0.1.evil.example", "10.0.0.1", "[::2]", "localhost.evil"]
        {
            assert!(!is_local(host), "{host}");
        }
    }
}
