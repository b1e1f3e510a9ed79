//! A plain client: tokio-tungstenite, and sproto's dynamic codec, so that nothing here is shared with the server.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use sproto::{Schema, Value, value};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::PATIENCE;

pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    schema: Schema,
}

pub(crate) fn schema() -> Schema {
    Schema::from_texts(proto::game::FILES).unwrap()
}

pub(crate) fn encode(ty: &str, value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    schema().require_type(ty).unwrap().encode(value, &mut bytes).unwrap();
    bytes
}

/// A message in its envelope.
pub(crate) fn seal(name: &str, body: &[u8]) -> Vec<u8> {
    encode("Msg", &value!({ Name: name, Bin: body }))
}

/// An echo request in its envelope.
pub(crate) fn echo(text: &str) -> Vec<u8> {
    seal("EchoRequest", &encode("EchoRequest", &value!({ Text: text })))
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let (socket, _) = connect_async(format!("ws://{address}")).await.unwrap();
        Self { socket, schema: schema() }
    }

    pub(crate) async fn login(address: SocketAddr) -> Self {
        let mut client = Self::connect(address).await;
        client.request("LoginReuest", value!({})).await;
        client
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, name: &str, body: Value) {
        let bytes = encode(name, &body);
        self.send(Message::binary(seal(name, &bytes))).await;
    }

    /// The next message: its name and value.
    pub(crate) async fn reply(&mut self) -> (String, Value) {
        let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("an answer");
        let msg =
            self.schema.require_type("Msg").unwrap().decode(&message.unwrap().unwrap().into_data()).unwrap();
        let name = msg["Name"].as_str().unwrap();
        let ty = self.schema.require_type(name).unwrap();
        (name.to_owned(), ty.decode(msg["Bin"].as_bytes().unwrap()).unwrap())
    }

    pub(crate) async fn request(&mut self, name: &str, body: Value) -> (String, Value) {
        self.ask(name, body).await;
        self.reply().await
    }

    pub(crate) async fn echo(&mut self, text: &str) -> String {
        let (name, reply) = self.request("EchoRequest", value!({ Text: text })).await;
        assert_eq!(name, "EchoResponse");
        reply["Text"].as_str().unwrap().to_owned()
    }

    /// The close frame that ends the connection; none if it ended without.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        let rest = async {
            let mut close = None;
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Close(frame) = message {
                    close = frame;
                }
            }
            close
        };
        tokio::time::timeout(PATIENCE, rest).await.expect("the end of the connection")
    }

    /// Says goodbye and waits until the server has.
    pub(crate) async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        self.closed().await;
    }
}
