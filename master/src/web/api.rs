//! The paths of the API, and what is done at each.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Extension, Router, middleware};
use tokio::sync::Semaphore;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;

use super::body::{CommandBody, LARGEST_BODY, Nothing, PlanBody, Sent, StartBody, read};
use super::fault::{Fault, json};
use super::guests::Guest;
use super::porter::{Door, admit};
use crate::change::Wish;
use crate::config::Sources;
use crate::desk::{Desk, News};

/// What every handler gives.
type Answer = Result<Response, Fault>;

/// What the program of the same release calls itself.
pub(crate) const CTL: &str = concat!("horde-ctl/", env!("CARGO_PKG_VERSION"));

/// The most streams of events at a time: each keeps its connection for itself, and others need some.
const MOST_LISTENERS: usize = 32;

/// All paths.
pub(super) fn routes(desk: Desk, sources: Sources, door: Door) -> Router {
    let api = Router::new()
        .route("/status", get(status))
        .route("/start", post(start))
        .route("/stop", post(stop))
        .route("/plan", patch(plan))
        .route("/plan.toml", get(plan_file))
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .route("/command", post(command))
        .route("/events", get(events));
    let wrong = || async { Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method") };
    Router::new()
        .nest("/api/v1", api)
        .fallback(|| async { Fault::new(StatusCode::NOT_FOUND, "there is nothing at this path") })
        .method_not_allowed_fallback(wrong)
        .layer(middleware::from_fn_with_state(door, admit))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Site {
            desk,
            sources: sources.into(),
            listeners: Arc::new(Semaphore::new(MOST_LISTENERS)),
        })
}

/// What every handler has.
#[derive(Clone)]
struct Site {
    desk: Desk,
    sources: Arc<Sources>,
    /// Places for those who listen to events.
    listeners: Arc<Semaphore>,
}

/// Who asks, as the timeline tells it.
struct Who(String);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let by =
            if agent.is_some_and(|agent| agent.starts_with("horde-ctl/")) { "master ctl" } else { "HTTP" };
        let peer = parts.extensions.get::<SocketAddr>().map(|peer| format!(" from {}", peer.ip()));
        Ok(Self(format!("{by}{}", peer.unwrap_or_default())))
    }
}

fn news(desk: &Desk) -> Result<Arc<News>, Fault> {
    let starting = || Fault::new(StatusCode::SERVICE_UNAVAILABLE, "the master is just starting; ask again");
    desk.news.borrow().clone().ok_or_else(starting)
}

async fn ask(desk: &Desk, wish: Wish, Who(who): Who) -> Answer {
    Ok(json(StatusCode::OK, &desk.ask(wish, who).await?))
}

async fn status(State(site): State<Site>) -> Answer {
    Ok(json(StatusCode::OK, &news(&site.desk)?.status))
}

async fn start(State(site): State<Site>, who: Who, sent: Sent) -> Answer {
    ask(&site.desk, read::<StartBody>(sent)?.wish()?, who).await
}

async fn stop(State(site): State<Site>, who: Who, sent: Sent) -> Answer {
    let Nothing {} = read(sent)?;
    ask(&site.desk, Wish::Stop, who).await
}

async fn pause(State(site): State<Site>, who: Who, sent: Sent) -> Answer {
    let Nothing {} = read(sent)?;
    ask(&site.desk, Wish::Pause, who).await
}

async fn resume(State(site): State<Site>, who: Who, sent: Sent) -> Answer {
    let Nothing {} = read(sent)?;
    ask(&site.desk, Wish::Resume, who).await
}

async fn plan(State(site): State<Site>, who: Who, sent: Sent) -> Answer {
    ask(&site.desk, read::<PlanBody>(sent)?.wish()?, who).await
}

async fn command(State(site): State<Site>, who: Who, sent: Sent) -> Answer {
    ask(&site.desk, read::<CommandBody>(sent)?.wish()?, who).await
}

async fn plan_file(State(site): State<Site>) -> Answer {
    let text = news(&site.desk)?.plan_file(&site.sources);
    Ok(([(header::CONTENT_TYPE, "application/toml")], text).into_response())
}

/// The status each time that it is new, as server-sent events.
async fn events(State(site): State<Site>, Extension(guest): Extension<Arc<Guest>>) -> Answer {
    let Ok(place) = site.listeners.try_acquire_owned() else {
        let sentence = format!("{MOST_LISTENERS} listen to events already; ask for the status now and then");
        return Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, sentence));
    };
    let held = (place, guest.asks());
    let told = WatchStream::new(site.desk.news).filter_map(|news| serde_json::to_string(&news?.status).ok());
    let event = move |status| {
        let _until_its_end = &held;
        Ok::<_, Infallible>(Event::default().event("status").data(status))
    };
    Ok(Sse::new(told.map(event)).into_response())
}
