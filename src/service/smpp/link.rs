//! A connection to a carrier: found, encrypted where it is to be, and bound.

use crate::config::providers::smpp::SmppSettings;
use crate::provider::smpp::{ACCEPTED, Frame, READS, Way, bind, words};
use bytes::{Buf as _, BytesMut};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use rusmpp::tokio_codec::CommandCodec;
use rusmpp::{Command, CommandStatus, Pdu};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::codec::{Decoder, Encoder, Framed};

/// Connecting and binding at most, each.
const PATIENCE: Duration = Duration::from_secs(10);
/// Writing one PDU at most: who does not read for so long is not there.
const WRITES: Duration = Duration::from_secs(10);
/// PDUs that are read of a connection that ended, at most.
const REST: usize = 1_024;
/// PDUs of another kind that may come before the answer to a bind.
const BEFORE: usize = 8;
/// The number of a bind.
pub(super) const FIRST: u32 = 1;

/// Bytes in both directions.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// PDUs in both directions.
pub(super) type Link = Framed<Box<dyn Stream>, Frames>;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindTrouble {
    /// Nobody is there: no such name, connection refused.
    #[error("could not connect")]
    Connect,
    /// The encryption failed, perhaps because the certificate is not believed.
    #[error("the connection could not be encrypted")]
    Tls,
    /// The configured certificates cannot be read.
    #[error("tls_ca holds no certificate")]
    Authorities,
    /// Nothing was answered in time.
    #[error("the carrier did not answer in time")]
    Timeout,
    /// The connection ended before the answer.
    #[error("the carrier closed the connection")]
    Closed,
    /// The carrier does not let us in.
    #[error("the carrier refuses the login: {}", words(*.0))]
    Refused(u32),
}

/// A connection that is bound.
pub(super) async fn open(settings: &SmppSettings, way: Way) -> Result<Link, BindTrouble> {
    let stream = tokio::time::timeout(PATIENCE, stream(settings)).await.map_err(|_| BindTrouble::Timeout)??;
    let mut link = Framed::new(stream, Frames::default());
    let login = bind(settings, way).ok_or(BindTrouble::Refused(0x0d))?;
    let bound = async {
        write(&mut link, &command(FIRST, ACCEPTED, login)).await.map_err(|_| BindTrouble::Closed)?;
        for _ in 0..BEFORE {
            match link.next().await {
                Some(Ok(frame)) if frame.sequence == FIRST && frame.command & RESPONSE != 0 => return answered(&frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(BindTrouble::Closed),
            }
        }
        Err(BindTrouble::Closed)
    };
    tokio::time::timeout(PATIENCE, bound).await.map_err(|_| BindTrouble::Timeout)??;
    Ok(link)
}

/// The bit of `command_id` that says that it is an answer.
pub(super) const RESPONSE: u32 = 0x8000_0000;

fn answered(frame: &Frame) -> Result<(), BindTrouble> {
    // A `generic_nack` refuses, whatever its status.
    match (frame.status, frame.command) {
        (ACCEPTED, command) if command != RESPONSE => Ok(()),
        (status, _) => Err(BindTrouble::Refused(status)),
    }
}

/// Connects, binds as for sending and receiving, unbinds, and sends nothing: for `doctor` and `channel test`.
pub async fn probe_carrier(settings: &SmppSettings) -> Result<(), BindTrouble> {
    let ways: &[Way] = if settings.apart { &[Way::Out, Way::In] } else { &[Way::Both] };
    for way in ways {
        let mut link = open(settings, *way).await?;
        let _ = write(&mut link, &command(FIRST + 1, ACCEPTED, Pdu::Unbind)).await;
        // Some count a bind until they have seen its end.
        let _ = tokio::time::timeout(Duration::from_secs(2), link.next()).await;
    }
    Ok(())
}

async fn stream(settings: &SmppSettings) -> Result<Box<dyn Stream>, BindTrouble> {
    let tcp = TcpStream::connect((settings.host.as_str(), settings.port)).await.map_err(|_| BindTrouble::Connect)?;
    let _ = tcp.set_nodelay(true);
    if !settings.tls {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(settings.host.clone()).map_err(|_| BindTrouble::Tls)?;
    let connector = TlsConnector::from(Arc::new(tls(settings)?));
    Ok(Box::new(connector.connect(name, tcp).await.map_err(|_| BindTrouble::Tls)?))
}

fn tls(settings: &SmppSettings) -> Result<rustls::ClientConfig, BindTrouble> {
    // Another part of the service may have named it already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = &settings.authorities {
        let mut added = 0;
        for certificate in CertificateDer::pem_slice_iter(pem.expose().as_bytes()) {
            let certificate = certificate.map_err(|_| BindTrouble::Authorities)?;
            roots.add(certificate).map_err(|_| BindTrouble::Authorities)?;
            added += 1;
        }
        if added == 0 {
            return Err(BindTrouble::Authorities);
        }
    }
    Ok(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// A PDU with its header.
pub(super) fn command(sequence: u32, status: u32, pdu: impl Into<Pdu>) -> Command {
    Command::builder().status(CommandStatus::from(status)).sequence_number(sequence).pdu(pdu)
}

/// Writes a PDU and sees it off.
pub(super) async fn write(link: &mut Link, command: &Command) -> io::Result<()> {
    match tokio::time::timeout(WRITES, link.send(command)).await {
        Ok(written) => written,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// What has come by now and was not looked at.
pub(super) fn rest(link: &mut Link) -> Vec<Frame> {
    let mut all = Vec::new();
    while all.len() < REST
        && let Some(Some(Ok(frame))) = link.next().now_or_never()
    {
        all.push(frame);
    }
    all
}

/// The framing: PDUs are written by the library; of those that come only the header is read, so that one which cannot be read further
/// does not end the connection.
#[derive(Default)]
pub(super) struct Frames {
    writer: CommandCodec,
}

impl Encoder<&Command> for Frames {
    type Error = io::Error;

    fn encode(&mut self, command: &Command, out: &mut BytesMut) -> io::Result<()> {
        self.writer.encode(command, out).map_err(io::Error::other)
    }
}

impl Decoder for Frames {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, octets: &mut BytesMut) -> io::Result<Option<Frame>> {
        let Some(head) = octets.get(..4) else { return Ok(None) };
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if !(16..=READS).contains(&length) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a PDU of an impossible length"));
        }
        if octets.len() < length {
            octets.reserve(length - octets.len());
            return Ok(None);
        }
        octets.advance(4);
        let frame = Frame::read(octets.split_to(length - 4).freeze());
        frame.map(Some).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PDU of so many octets.
    fn pdu(octets: usize) -> BytesMut {
        let mut out = BytesMut::zeroed(octets);
        out[..4].copy_from_slice(&u32::try_from(octets).expect("short").to_be_bytes());
        out
    }

    #[test]
    fn the_largest_payload_is_read_and_nothing_is_beyond_bounds() {
        let read = |octets: &mut BytesMut| Frames::default().decode(octets).map(|frame| frame.map(|frame| frame.body.len()));
        // Parts that the carrier has joined, and all that `message_payload` has room for.
        for octets in [16, 35_000, 65_535 + 200] {
            assert_eq!(read(&mut pdu(octets)).expect("reads"), Some(octets - 16));
        }
        let mut cut = pdu(65_735);
        cut.truncate(40_000);
        assert_eq!(read(&mut cut).expect("waits for the rest"), None);
        for octets in [15, READS + 1, 1 << 30] {
            let mut head = pdu(16);
            head[..4].copy_from_slice(&u32::try_from(octets).expect("short").to_be_bytes());
            assert!(read(&mut head).is_err(), "{octets}");
        }
    }

    /// A PDU without a body.
    fn bare(command: u32, sequence: u32) -> Vec<u8> {
        [16, command, 0, sequence].into_iter().flat_map(u32::to_be_bytes).collect()
    }

    #[tokio::test]
    async fn what_came_before_a_connection_broke_is_still_read() {
        let (ours, mut theirs) = tokio::io::duplex(1_024);
        let mut link: Link = Framed::new(Box::new(ours) as Box<dyn Stream>, Frames::default());
        let all = [bare(0x15, 7), bare(RESPONSE | 4, 1), bare(RESPONSE | 4, 2)].concat();
        tokio::io::AsyncWriteExt::write_all(&mut theirs, &all).await.expect("written");
        assert_eq!(link.next().await.and_then(Result::ok).map(|frame| frame.sequence), Some(7));
        drop(theirs);
        // The answer to the first cannot be written any more.
        assert!(write(&mut link, &command(7, ACCEPTED, Pdu::EnquireLinkResp)).await.is_err());
        assert_eq!(rest(&mut link).iter().map(|frame| frame.sequence).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(rest(&mut link), []);
    }
}
