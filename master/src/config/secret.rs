//! What must not leave the master in a file, a line or an answer that people pass on: passwords and tokens. What may be one is left out; it is
//! better to say a realm again than to publish a key.

use super::parse::CERTIFICATE;

/// Names of what is better not told have one of these in them.
const SUSPECT: [&str; 12] = [
    "auth",
    "bearer",
    "cookie",
    "credential",
    "jwt",
    "key",
    "pass",
    "pwd",
    "secret",
    "session",
    "signature",
    "token",
];

/// Names of subprotocols are shorter; some servers take a token in place of one.
const LONGEST_PROTOCOL: usize = 32;

/// Whether the value under this name may be a secret.
pub(super) fn is_suspect(name: &str) -> bool {
    let name = name.to_lowercase();
    SUSPECT.iter().any(|word| name.contains(word))
}

/// Whether this subprotocol may be a secret.
pub(super) fn is_suspect_protocol(name: &str) -> bool {
    name.len() > LONGEST_PROTOCOL || is_suspect(name)
}

/// An address without its user, password, fragment, and suspect parts of its query.
pub(crate) fn open_address(address: &str) -> String {
    let address = address.split_once('#').map_or(address, |(before, _)| before);
    let (before, query) =
        address.split_once('?').map_or((address, None), |(before, query)| (before, Some(query)));
    let (scheme, rest) = before.split_once("://").unwrap_or(("", before));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let query = query.map(open_query).filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    if scheme.is_empty() { format!("{host}{path}{query}") } else { format!("{scheme}://{host}{path}{query}") }
}

fn open_query(query: &str) -> String {
    let open = |pair: &&str| !is_suspect(pair.split_once('=').map_or(pair, |(name, _)| name));
    query.split('&').filter(open).collect::<Vec<_>>().join("&")
}

/// Certificates without the private keys that may stand between them.
pub(super) fn open_certificates(pem: &str) -> String {
    if !pem.contains("PRIVATE KEY") {
        return pem.into();
    }
    let end = "-----END CERTIFICATE-----";
    let blocks = pem.split(CERTIFICATE).skip(1).filter_map(|block| Some(block.split_once(end)?.0));
    blocks.map(|block| format!("{CERTIFICATE}{block}{end}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_what_may_be_secret_and_nothing_else() {
        let table = [
            ("ws://127.0.0.1:8765", "ws://127.0.0.1:8765"),
            ("wss://ann:pass@h:1/game/v1?realm=1", "wss://h:1/game/v1?realm=1"),
            ("wss://token@h:1", "wss://h:1"),
            ("tcp://a:b@c@[::1]:9", "tcp://[::1]:9"),
            ("ws://h/p?access_token=x&realm=1&API-Key=y", "ws://h/p?realm=1"),
            ("ws://h?token=x", "ws://h"),
            ("ws://h/a@b?", "ws://h/a@b"),
            ("ws://h/p#token=x", "ws://h/p"),
            ("ws://h/p?realm=1#a?b", "ws://h/p?realm=1"),
            ("ws://h?jwt=x&pwd=y&bearer=z&map=7", "ws://h?map=7"),
        ];
        for (address, open) in table {
            assert_eq!(open_address(address), open);
        }
    }

    #[test]
    fn names_that_may_stand_for_a_secret_are_suspect() {
        for name in ["X-JWT", "Bearer", "x-pwd", "Authorization", "Set-Cookie"] {
            assert!(is_suspect(name), "{name}");
        }
        for name in ["User-Agent", "X-Realm", "Accept"] {
            assert!(!is_suspect(name), "{name}");
        }
        for name in ["base64url.bearer.k8s", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmVk", "token-7"] {
            assert!(is_suspect_protocol(name), "{name}");
        }
        for name in ["game.v1", "graphql-transport-ws", "mqtt"] {
            assert!(!is_suspect_protocol(name), "{name}");
        }
    }

    #[test]
    fn a_private_key_between_certificates_is_left_out() {
        let block =
            |what: &str, text: &str| format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n");
        let (one, two) = (block("CERTIFICATE", "one"), block("CERTIFICATE", "two"));
        let key = block("PRIVATE KEY", "hush");
        assert_eq!(open_certificates(&format!("# mine\n{one}{key}{two}")), format!("{one}{two}"));
        assert_eq!(open_certificates(&format!("# mine\n{one}")), format!("# mine\n{one}"));
    }
}
