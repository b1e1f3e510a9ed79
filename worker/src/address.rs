//! Where a connection goes: an address as people write it, taken apart.

use url::{Host, Url};

/// How frames travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// WebSocket: `ws` and `wss`.
    WebSocket,
    /// A length of two bytes, big endian, before each frame, as skynet's gate has it: `tcp` and `tls`.
    Tcp,
}

/// An address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) url: Url,
    pub(crate) transport: Transport,
    pub(crate) secure: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
}

impl Address {
    /// Takes an address apart.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("not an address: {e}"))?;
        let (transport, secure) = match url.scheme() {
            "ws" => (Transport::WebSocket, false),
            "wss" => (Transport::WebSocket, true),
            "tcp" => (Transport::Tcp, false),
            "tls" => (Transport::Tcp, true),
            other => {
                return Err(format!(
                    "`{other}` is not a scheme that robots speak; use ws://, wss://, tcp:// or tls://"
                ));
            }
        };
        let host = match url.host() {
            // Only schemes that the url crate knows get their literal addresses parsed.
            Some(Host::Domain(name)) => Host::parse(name).map_err(|e| format!("not a host: {e}"))?,
            Some(host) => host.to_owned(),
            None => return Err("the address has no host".to_owned()),
        };
        let port = url.port_or_known_default();
        let port = port.ok_or_else(|| format!("{text} has no port; write {text}:PORT"))?;
        Ok(Self { url, transport, secure, host, port })
    }

    /// The host as certificates name it.
    pub(crate) fn server_name(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_apart() {
        // (text, transport, secure, host, port)
        let table = [
            ("ws://127.0.0.1:8765", Transport::WebSocket, false, "127.0.0.1", 8765),
            ("wss://game.example/path?x=1", Transport::WebSocket, true, "game.example", 443),
            ("tcp://[::1]:8888", Transport::Tcp, false, "::1", 8888),
            ("tls://10.0.0.1:9", Transport::Tcp, true, "10.0.0.1", 9),
        ];
        for (text, transport, secure, host, port) in table {
            let address = Address::parse(text).unwrap();
            assert_eq!(
                (address.transport, address.secure, address.port),
                (transport, secure, port),
                "{text}"
            );
            assert_eq!(address.server_name(), host);
        }
        assert_eq!(
            Address::parse("tcp://10.0.0.1:9").unwrap().host,
            Host::<String>::Ipv4(std::net::Ipv4Addr::new(10, 0, 0, 1))
        );
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        let table = [
            ("http://x", "`http` is not a scheme that robots speak; use ws://, wss://, tcp:// or tls://"),
            ("tcp://x", "tcp://x has no port; write tcp://x:PORT"),
            ("x", "not an address: relative URL without a base"),
        ];
        for (text, sentence) in table {
            assert_eq!(Address::parse(text).unwrap_err(), sentence);
        }
    }
}
