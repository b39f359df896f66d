//! TLS to a carrier: who has a certificate of a known authority for the host that was configured is believed, and nobody else. Before the fake
//! carrier stands what ends TLS for it.

use super::*;
use replyflow::config::channel::ProviderSettings;
use replyflow::config::providers::smpp::SmppSettings;
use replyflow::config::secret::Secret;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::service::{BindTrouble, probe_carrier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// For `localhost` and 127.0.0.1, by itself.
const CERTIFICATE: &str = include_str!("../../data/smtp/cert.pem");
const KEY: &str = include_str!("../../data/smtp/key.pem");

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let settings = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("a key");
    let settings = settings.with_no_client_auth().with_single_cert(vec![certificate], key).expect("fits");
    TlsAcceptor::from(Arc::new(settings))
}

/// A port at this address where the carrier is reached by TLS.
async fn encrypted(address: &str, smsc: &Smsc) -> u16 {
    let listener = TcpListener::bind((address, 0)).await.expect("a port");
    let (port, behind, acceptor) = (listener.local_addr().expect("its address").port(), smsc.port, acceptor());
    tokio::spawn(async move {
        while let Ok((outer, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(outer).await else { return };
                let mut inner = TcpStream::connect(("127.0.0.1", behind)).await.expect("the carrier");
                let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_carrier_that_proves_its_name_gets_the_password() {
    let smsc = Smsc::start().await;
    let environment: Environment = [("SMPP_PASSWORD".to_owned(), "secret08".to_owned())].into();
    let settings =
        Settings::of(&smsc.channel("main-sms"), &environment, Secrets::Required).unwrap_or_else(|wrong| panic!("{wrong}"));
    let ProviderSettings::Smpp(smpp) = &settings.channels.values().next().expect("a channel").provider else { panic!("smpp") };
    let (port, elsewhere) = (encrypted("127.0.0.1", &smsc).await, encrypted("127.0.0.2", &smsc).await);
    let tried = async |host: &str, port, authorities: Option<&str>| {
        let authorities = authorities.map(Secret::new);
        probe_carrier(&SmppSettings { host: host.to_owned(), port, tls: true, authorities, ..(**smpp).clone() }).await
    };
    for host in ["localhost", "127.0.0.1"] {
        assert_eq!(tried(host, port, Some(CERTIFICATE)).await, Ok(()), "{host}");
    }
    assert_eq!(smsc.binds(), (2, 2));
    assert_eq!(tried("localhost", port, None).await, Err(BindTrouble::Tls), "of an authority that nobody knows");
    assert_eq!(tried("127.0.0.2", elsewhere, Some(CERTIFICATE)).await, Err(BindTrouble::Tls), "of another name");
    for nothing in ["", "no certificate"] {
        assert_eq!(tried("localhost", port, Some(nothing)).await, Err(BindTrouble::Authorities));
    }
    assert_eq!(smsc.binds(), (2, 2), "nobody else was told who we are");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_over_an_encrypted_bind() {
    let smsc = Smsc::start().await;
    let port = encrypted("127.0.0.1", &smsc).await;
    let file = format!("{}/tests/data/smtp/cert.pem", env!("CARGO_MANIFEST_DIR"));
    let channel = smsc.channel("main-sms").replace(&format!("port = {}", smsc.port), &format!("port = {port}"));
    let channel = channel.replace("tls = \"none\"", &format!("tls = \"tls\"\ntls_ca = {{ file = \"{file}\" }}"));
    let settings = format!("[server]\nlisten = \"127.0.0.1:0\"\n{channel}");
    let service = Service::start_knowing(&settings, &[("echo", ECHO)], &[PASSWORD]).await;
    assert_eq!(smsc.deliver(written(ANN, "Hello")).await, CommandStatus::EsmeRok);
    assert_eq!(texts(&smsc.taken(1).await), ["Hello"]);
    service.stop().await;
    assert_eq!(smsc.binds(), (1, 1));
}
