//! Getting a stream to the master: dialled until it answers, for a while.

use std::time::Duration;

use fastrand::Rng;
use proto::control::LARGEST_MESSAGE;
use proto::control::control_client::ControlClient;
use proto::{Down, Up};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

use crate::backoff::Backoff;
use crate::config::Config;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Dials the master until it answers. The error says why it never did.
pub(crate) async fn connect(config: &Config) -> Result<Channel, String> {
    let endpoint = Endpoint::from_shared(format!("http://{}", config.master))
        .map_err(|e| format!("`{}` is not an address: {e}", config.master))?
        .connect_timeout(ATTEMPT)
        .http2_keep_alive_interval(Duration::from_secs(5))
        .keep_alive_timeout(ATTEMPT);
    let (mut backoff, mut rng, began) = (Backoff::quick(), Rng::new(), Instant::now());
    loop {
        let error = match endpoint.connect().await {
            Ok(channel) => return Ok(channel),
            Err(e) => root_cause(&e),
        };
        let pause = backoff.next(&mut rng);
        if began.elapsed() + pause > config.master_max_wait {
            let waited = config.master_max_wait;
            return Err(format!(
                "no master at {} within {waited:?}: {error}; is it running there?",
                config.master
            ));
        }
        tracing::info!("no master at {} yet: {error}", config.master);
        tokio::time::sleep(pause).await;
    }
}

/// Opens the stream. The first message of `outgoing` must be a Hello.
pub(crate) async fn open(channel: Channel, outgoing: ReceiverStream<Up>) -> Result<Streaming<Down>, String> {
    let mut client = ControlClient::new(channel)
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_MESSAGE);
    let opened = tokio::time::timeout(ATTEMPT, client.join(outgoing)).await;
    match opened {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(status.message().to_owned()),
        Err(_) => Err(format!("it did not open a stream within {ATTEMPT:?}")),
    }
}

/// The innermost reason: what the system said, without the layers around it.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
