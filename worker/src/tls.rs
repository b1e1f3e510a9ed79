//! Who is trusted: the plan's own certificates and the public ones, or, when the plan says so, anybody.

use std::sync::Arc;

use proto::network::Network;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// What opens TLS connections as the plan wants them.
///
/// # Errors
/// Certificates that can't be read; with what to do.
pub(crate) fn connector(network: &Network) -> Result<TlsConnector, String> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS can't be used: {e}"))?;
    let config = if network.insecure {
        let anybody = Arc::new(Anybody(provider));
        config.dangerous().with_custom_certificate_verifier(anybody)
    } else {
        config.with_root_certificates(roots(network.ca.as_deref())?)
    };
    Ok(TlsConnector::from(Arc::new(config.with_no_client_auth())))
}

/// The public authorities, and the plan's own.
fn roots(ca: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(ca.unwrap_or_default().as_bytes()) {
        let wrong =
            |e: &dyn std::fmt::Display| format!("the CA is not usable: {e}; give certificates as PEM");
        let certificate = certificate.map_err(|e| wrong(&e))?;
        roots.add(certificate).map_err(|e| wrong(&e))?;
        count += 1;
    }
    if ca.is_some() && count == 0 {
        return Err("the CA has no certificate; give one as PEM (-----BEGIN CERTIFICATE-----)".to_owned());
    }
    Ok(roots)
}

/// Takes any certificate. Signatures are still checked, or a connection would not work at all.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_that_is_none_is_told() {
        let fault = |ca: &str| {
            connector(&Network { ca: Some(ca.to_owned()), ..Network::default() }).map(|_| ()).unwrap_err()
        };
        assert!(fault("").starts_with("the CA has no certificate"), "{}", fault(""));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(fault(broken).starts_with("the CA is not usable"), "{}", fault(broken));
    }
}
