//! Why a request gets no more than a sentence.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::change::Declined;

/// A status and a sentence.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) status: StatusCode,
    pub(super) sentence: String,
}

impl Fault {
    pub(super) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into() }
    }

    /// The request is understood, and asks for what can't be.
    pub(super) fn unusable(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    }
}

impl From<Declined> for Fault {
    fn from(declined: Declined) -> Self {
        match declined {
            Declined::Now(sentence) => Self::new(StatusCode::CONFLICT, sentence),
            Declined::Never(sentence) => Self::unusable(sentence),
        }
    }
}

#[derive(Serialize)]
struct Told<'a> {
    error: &'a str,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        json(self.status, &Told { error: &self.sentence })
    }
}

/// An answer as JSON.
pub(super) fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    match serde_json::to_vec(answer) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
