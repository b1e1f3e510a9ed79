//! Whom the API listens to: requests of programs, and of pages that came from here under a name that nobody else can make
//! point here, in a form that no foreign page can send.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{self, AsHeaderName};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Body as _;
use tokio::time::timeout;

use super::fault::Fault;

/// How long a request may take, its body included.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the porter knows of the door.
#[derive(Debug, Clone)]
pub(super) struct Door {
    /// Whether it is on the loopback address.
    pub(super) is_local: bool,
    /// Names by which it may be asked for, beside its addresses.
    pub(super) names: Arc<[String]>,
}

/// Lets a request in, or says why not.
pub(super) async fn admit(State(door): State<Door>, request: Request, next: Next) -> Response {
    if let Err(fault) = check(&door, &request) {
        return fault.into_response();
    }
    match timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Fault::new(StatusCode::REQUEST_TIMEOUT, "the request took longer than 10 s").into_response()
        }
    }
}

/// What the browser says of the page that a request comes from.
const FETCH_SITE: &str = "sec-fetch-site";

fn check(door: &Door, request: &Request) -> Result<(), Fault> {
    let headers = request.headers();
    let host = text(headers, header::HOST).unwrap_or_default();
    let is_of_a_page = headers.contains_key(header::ORIGIN) || headers.contains_key(FETCH_SITE);
    // A name that a foreign page made point here is no name of this machine.
    if (door.is_local || is_of_a_page) && !door.is_known(host) {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            "ask for the address or for localhost, not for another name; --web-host lets the master take one more",
        ));
    }
    if !is_of_an_own_page(headers, host) {
        return Err(Fault::new(StatusCode::FORBIDDEN, "pages of other origins may not use this API"));
    }
    if !request.body().is_end_stream() && !is_json(headers) {
        let sentence = "the body is not said to be JSON; send it with Content-Type: application/json";
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
    }
    Ok(())
}

/// Whether no page sent the request, or one that came from here.
fn is_of_an_own_page(headers: &HeaderMap, host: &str) -> bool {
    let is_own =
        |origin: &str| ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(host));
    let origin = !headers.contains_key(header::ORIGIN) || text(headers, header::ORIGIN).is_some_and(is_own);
    let is_near = |site: &str| matches!(site, "same-origin" | "none");
    origin && (!headers.contains_key(FETCH_SITE) || text(headers, FETCH_SITE).is_some_and(is_near))
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

impl Door {
    /// Whether this name, with or without a port, is one by which it may be asked for.
    fn is_known(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        // Nobody can make an address point elsewhere; but one that is not of this machine can't be meant.
        let is_address = name.parse::<IpAddr>().is_ok_and(|ip| !self.is_local || ip.is_loopback());
        let is_given = |given: &String| given.eq_ignore_ascii_case(name);
        name.eq_ignore_ascii_case("localhost") || is_address || self.names.iter().any(is_given)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(is_local: bool) -> Door {
        Door { is_local, names: ["horde.example".to_owned()].into() }
    }

    #[test]
    fn only_names_of_this_machine_for_itself_are_local() {
        let local = ["127.0.0.1:8089", "127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8089", "127.9.9.9"];
        let given = ["horde.example", "Horde.Example:8089"];
        let addresses = ["10.0.0.1", "10.0.0.1:80", "[::2]:8089"];
        let others = ["", "evil.example:8089", "127.0.0.1.evil.example", "localhost.evil", "a.horde.example"];
        for host in local.iter().chain(&given) {
            assert!(door(true).is_known(host) && door(false).is_known(host), "{host}");
        }
        for host in addresses {
            assert!(!door(true).is_known(host) && door(false).is_known(host), "{host}");
        }
        for host in others {
            assert!(!door(true).is_known(host) && !door(false).is_known(host), "{host}");
        }
    }

    type Headers = &'static [(&'static str, &'static str)];

    fn status(door: &Door, headers: Headers) -> u16 {
        let mut request = axum::http::Request::post("/api/v1/stop");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        check(door, &request).map_or_else(|fault| fault.status.as_u16(), |()| 200)
    }

    #[test]
    fn a_page_may_change_runs_only_where_it_came_from_here_under_a_name_that_is_known() {
        // (headers, at a local door, at another)
        let table: [(Headers, u16, u16); 11] = [
            (&[("host", "10.0.0.1:8089")], 403, 200),
            (&[("host", "master")], 403, 200),
            (&[("host", "evil.example"), ("origin", "http://evil.example")], 403, 403),
            (&[("host", "evil.example"), ("sec-fetch-site", "same-origin")], 403, 403),
            (&[("host", "10.0.0.1:8089"), ("origin", "http://10.0.0.1:8089")], 403, 200),
            (&[("host", "10.0.0.1"), ("origin", "http://10.0.0.2")], 403, 403),
            (&[("host", "localhost:1"), ("sec-fetch-site", "same-origin")], 200, 200),
            (&[("host", "localhost:1"), ("sec-fetch-site", "none")], 200, 200),
            (&[("host", "localhost:1"), ("sec-fetch-site", "cross-site")], 403, 403),
            (&[("host", "localhost:1"), ("sec-fetch-site", "same-site")], 403, 403),
            (
                &[
                    ("host", "horde.example"),
                    ("origin", "https://horde.example"),
                    ("sec-fetch-site", "same-origin"),
                ],
                200,
                200,
            ),
        ];
        for (headers, local, other) in table {
            assert_eq!(
                (status(&door(true), headers), status(&door(false), headers)),
                (local, other),
                "{headers:?}"
            );
        }
    }
}
