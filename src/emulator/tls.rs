//! HTTPS: the certificates of a run, and the handshake.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::private_file;

/// The file with the certificate of the authority.
pub(super) const FILE: &str = "ca.pem";
/// The names of this machine.
const NAMES: [&str; 3] = ["127.0.0.1", "::1", "localhost"];
/// Seconds before now from which the certificates are valid: the clocks of containers differ.
const BEFORE: u64 = 24 * 3_600;
/// For how many seconds they are valid; some clients take no certificate of more than 825 days.
const LIFE: u64 = 800 * 24 * 3_600;
/// How long a client that does not encrypt may take to see that it is not answered.
const LINGER: Duration = Duration::from_secs(1);

/// What a connection reads and writes.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What an encrypted connection needs.
pub struct Tls {
    acceptor: TlsAcceptor,
    /// The PEM file with the authority's certificate.
    pub ca_file: PathBuf,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("ca_file", &self.ca_file).finish_non_exhaustive()
    }
}

impl Tls {
    /// Makes an authority, whose key is kept nowhere, and a certificate of it for this machine. Writes the authority's
    /// certificate into `directory`, in the place of that of an earlier run.
    pub(super) fn new(directory: &Path) -> Result<Self> {
        let failed =
            |why: &dyn std::fmt::Display| Error::failure(format!("TLS cannot be served: {why}."));
        // Clients check the certificates by the system's clock.
        let now = Clock::System.now().map_err(|error| failed(&error))?;
        let certificates = certificates(now.seconds()).map_err(|error| failed(&error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                let builder = builder.with_no_client_auth();
                builder.with_single_cert(certificates.chain, certificates.key)
            })
            .map_err(|error| failed(&error))?;
        let ca_file = directory.join(FILE);
        private_file::replace(&ca_file, certificates.ca.as_bytes()).map_err(|error| {
            failed(&format!("{} cannot be written: {error}", ca_file.display())).remedied(&error)
        })?;
        Ok(Self { acceptor: Arc::new(config).into(), ca_file })
    }

    /// Shakes hands with a client; `None` if that fails.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<Box<dyn Stream>> {
        match self.acceptor.accept(stream).into_fallible().await {
            Ok(stream) => Some(Box::new(stream)),
            Err((_, mut stream)) => {
                // What was sent is read: otherwise the client would see a reset instead of the end.
                let _ = stream.shutdown().await;
                let rest =
                    async { while stream.read(&mut [0; 4096]).await.is_ok_and(|n| n > 0) {} };
                let _ = tokio::time::timeout(LINGER, rest).await;
                None
            }
        }
    }
}

struct Certificates {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// The authority's, in PEM.
    ca: String,
}

fn certificates(now: i64) -> std::result::Result<Certificates, rcgen::Error> {
    let now = Duration::from_secs(now.unsigned_abs());
    let begin = date_time_ymd(1970, 1, 1) + now - Duration::from_secs(BEFORE);
    let named = |names: Vec<String>, common_name: &str| {
        let mut params = CertificateParams::new(names)?;
        params.not_before = begin;
        params.not_after = begin + Duration::from_secs(LIFE);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        Ok::<_, rcgen::Error>(params)
    };
    let mut ca = named(Vec::new(), "ibmcloud-iam emulator CA")?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let mut server = named(NAMES.map(str::to_owned).to_vec(), "localhost")?;
    server.is_ca = IsCa::ExplicitNoCa;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let ca_key = KeyPair::generate()?;
    let key = KeyPair::generate()?;
    let ca_der = ca.self_signed(&ca_key)?;
    let certificate = server.signed_by(&key, &Issuer::new(ca, ca_key))?;
    Ok(Certificates {
        chain: vec![certificate.into(), ca_der.der().clone()],
        key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        ca: pem(ca_der.der()),
    })
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}
