//! One request to a master, and its answer. Both are small, and neither waits for ever.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{CtlError, address};
use crate::web::CTL;

/// How long a master may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The most bytes of an answer.
const LARGEST_ANSWER: usize = 16 << 20;

/// Speaks to one master.
pub(super) struct Client {
    url: String,
    host: String,
    port: u16,
}

impl Client {
    pub(super) fn new(url: &str) -> Result<Self, CtlError> {
        let (host, port) = address(url).ok_or_else(|| CtlError::Url(crate::text::fit(url, 100)))?;
        Ok(Self { url: url.into(), host, port })
    }

    /// What is at a path, as text.
    pub(super) async fn get(&self, path: &str) -> Result<String, CtlError> {
        let bytes = self.ask("GET", path, Body::empty()).await?;
        String::from_utf8(bytes).map_err(|_| CtlError::Foreign(self.url.clone()))
    }

    /// What is at a path.
    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, CtlError> {
        self.understand(&self.ask("GET", path, Body::empty()).await?)
    }

    /// Sends something, and reads what comes of it.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<T, CtlError> {
        self.understand(&self.ask(method, path, Body::from(body.to_string())).await?)
    }

    fn understand<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, CtlError> {
        serde_json::from_slice(bytes).map_err(|_| CtlError::Foreign(self.url.clone()))
    }

    async fn ask(&self, method: &str, path: &str, body: Body) -> Result<Vec<u8>, CtlError> {
        let late = || self.unreachable("it does not answer within 15 s");
        let (status, bytes) =
            timeout(PATIENCE, self.exchange(method, path, body)).await.map_err(|_| late())??;
        if status.is_success() {
            return Ok(bytes);
        }
        let told: Value = self.understand(&bytes)?;
        let sentence = told["error"].as_str().ok_or_else(|| CtlError::Foreign(self.url.clone()))?;
        let never = status == StatusCode::UNPROCESSABLE_ENTITY;
        Err(CtlError::Declined { never, sentence: crate::text::fit(sentence, 500) })
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        body: Body,
    ) -> Result<(StatusCode, Vec<u8>), CtlError> {
        let broken = |e: hyper::Error| self.unreachable(&e.to_string());
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.port)).await.map_err(|e| self.not_there(&e))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header(header::HOST, format!("{}:{}", self.host, self.port))
            .header(header::USER_AGENT, CTL)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|e| self.unreachable(&e.to_string()))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
            Ok((status, body.map_err(|e| self.unreachable(&e.to_string()))?.to_bytes().to_vec()))
        };
        tokio::pin!(answer, connection);
        tokio::select! {
            answer = &mut answer => answer,
            ended = &mut connection => {
                ended.map_err(broken)?;
                answer.await
            }
        }
    }

    fn not_there(&self, error: &io::Error) -> CtlError {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => CtlError::Nobody(self.url.clone()),
            _ => self.unreachable(&error.to_string()),
        }
    }

    fn unreachable(&self, why: &str) -> CtlError {
        CtlError::Unreachable { at: self.url.clone(), why: why.into() }
    }
}
