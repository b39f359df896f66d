//! Files that contacts sent: where each provider keeps them and who may have them. Pure: requests as data.

use super::{Adapter, HttpRequest};
use crate::domain::message::Media;
use url::Url;

/// Longer ids of files are none.
const ID_CHARS: usize = 128;

/// How a file is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// Whoever knows its URL may have it: there is nothing to be fetched with credentials.
    Open,
    /// It is there.
    There(FileRequest),
    /// What is there says where it is: see [`Provider::located`](super::Provider::located).
    Asked(FileRequest),
}

/// A request for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRequest {
    /// It.
    pub request: HttpRequest,
    /// Whether it goes to the host that an engineer configured; otherwise the host was named by somebody outside, and must be a
    /// public one.
    pub configured: bool,
}

/// Why a file cannot be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoFile {
    /// The message does not say.
    #[error("nowhere")]
    Nowhere,
    /// At a host that is not the provider's: it gets no credentials.
    #[error("elsewhere")]
    Elsewhere,
    /// The provider's answer cannot be read.
    #[error("unreadable")]
    Unreadable,
}

/// A file at an address that its provider named: whoever knows it may have it.
pub fn open(media: &Media) -> Result<FileSource, NoFile> {
    media.url.as_ref().map(|_| FileSource::Open).ok_or(NoFile::Nowhere)
}

/// A request with credentials, which only the provider gets: at the configured host, or at one of its own over TLS.
pub fn with_credentials(
    url: &str,
    base: &str,
    hosts: &[&str],
    headers: Vec<(&'static str, String)>,
) -> Result<FileRequest, NoFile> {
    let url = Url::parse(url).map_err(|_| NoFile::Unreadable)?;
    let configured = is_configured(&url, base);
    let own = |host: &str| hosts.iter().any(|own| host == *own || host.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')));
    let theirs = url.scheme() == "https" && url.port().is_none() && url.domain().is_some_and(own);
    if !configured && !theirs {
        return Err(NoFile::Elsewhere);
    }
    Ok(FileRequest { request: HttpRequest::get(url, headers), configured })
}

/// A file at an address that its provider named, and that is good only for some time: it is fetched, with credentials only where that is
/// the provider's own host.
pub fn wherever(url: &str, base: &str, hosts: &[&str], headers: Vec<(&'static str, String)>) -> Result<FileSource, NoFile> {
    match with_credentials(url, base, hosts, headers) {
        Err(NoFile::Elsewhere) => {
            let url = Url::parse(url).map_err(|_| NoFile::Unreadable)?;
            if url.scheme() != "https" || !url.username().is_empty() {
                return Err(NoFile::Elsewhere);
            }
            Ok(FileSource::There(FileRequest { request: HttpRequest::get(url, Vec::new()), configured: false }))
        }
        found => found.map(FileSource::There),
    }
}

/// An id of a file that may stand in a URL.
pub fn id(media: &Media) -> Result<&str, NoFile> {
    let fits = |id: &&str| id.len() <= ID_CHARS && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    media.id.as_deref().filter(|id| !id.is_empty() && !id.starts_with('.')).filter(fits).ok_or(NoFile::Nowhere)
}

impl Adapter {
    /// Where a provider sends us on. What it signed for us needs no credentials, and nobody else gets them.
    pub fn redirected(&self, location: &str) -> Result<FileRequest, NoFile> {
        let base = self.base_url().ok_or(NoFile::Elsewhere)?;
        let url = Url::parse(location).map_err(|_| NoFile::Unreadable)?;
        let configured = is_configured(&url, base);
        if !configured && url.scheme() != "https" {
            return Err(NoFile::Elsewhere);
        }
        Ok(FileRequest { request: HttpRequest::get(url, Vec::new()), configured })
    }
}

fn is_configured(url: &Url, base: &str) -> bool {
    Url::parse(base).is_ok_and(|base| base.origin() == url.origin()) && url.username().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::channel::{MetaSettings, ProviderSettings, SimulatorSettings, TwilioSettings};
    use crate::config::secret::Secret;

    fn twilio() -> Adapter {
        Adapter::new(&ProviderSettings::Twilio(TwilioSettings {
            account_sid: "AC1".into(),
            auth_token: Secret::new("token"),
            second_auth_token: None,
            api_key: None,
            signing_keys: Vec::new(),
            from: "+15005550006".into(),
            base_url: "https://api.twilio.com".into(),
        }))
    }

    fn meta() -> Adapter {
        Adapter::new(&ProviderSettings::Meta(MetaSettings {
            number: None,
            phone_number_id: "77".into(),
            app_secret: Secret::new("s"),
            second_app_secret: None,
            verify_token: Secret::new("v"),
            access_token: Secret::new("token"),
            graph_version: "v23.0".into(),
            base_url: "https://graph.facebook.com".into(),
        }))
    }

    fn at(url: &str) -> Media {
        Media { url: Some(url.to_owned()), ..Media::default() }
    }

    #[test]
    fn twilio_gives_a_file_to_its_account() {
        let url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1";
        let Ok(FileSource::There(found)) = twilio().file(&at(url)) else { panic!("there") };
        assert_eq!((found.request.url.as_str(), found.configured), (url, true));
        assert_eq!(found.request.header("authorization"), Some("Basic QUMxOnRva2Vu"));
        let Ok(FileSource::There(region)) = twilio().file(&at("https://mcs.us1.twilio.com/x")) else { panic!("there") };
        assert!(!region.configured);
    }

    #[test]
    fn credentials_go_to_nobody_else() {
        for url in [
            "https://evil.example/x",
            "https://twilio.com.evil.example/x",
            "https://eviltwilio.com/x",
            "http://mcs.us1.twilio.com/x",
            "https://mcs.us1.twilio.com:8443/x",
            "https://user@api.twilio.com.evil.example/",
            "https://127.0.0.1/x",
            "file:///etc/passwd",
        ] {
            assert_eq!(twilio().file(&at(url)), Err(NoFile::Elsewhere), "{url}");
        }
        assert_eq!(twilio().file(&Media::default()), Err(NoFile::Nowhere));
    }

    #[test]
    fn meta_says_where_a_file_is() {
        let media = Media { id: Some("1037".into()), ..Media::default() };
        let Ok(FileSource::Asked(asked)) = meta().file(&media) else { panic!("asked") };
        assert_eq!(asked.request.url, "https://graph.facebook.com/v23.0/1037?phone_number_id=77");
        assert_eq!(asked.request.header("authorization"), Some("Bearer token"));
        let body = br#"{"url":"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1","mime_type":"image/jpeg"}"#;
        let found = meta().located(body).expect("located");
        assert_eq!(found.request.header("authorization"), Some("Bearer token"));
        assert!(!found.configured);
        assert_eq!(meta().located(br#"{"url":"https://evil.example/"}"#), Err(NoFile::Elsewhere));
        assert_eq!(meta().located(b"{}"), Err(NoFile::Unreadable));
        for id in ["../me", "1?x", ""] {
            assert_eq!(meta().file(&Media { id: Some(id.into()), ..Media::default() }), Err(NoFile::Nowhere), "{id}");
        }
    }

    #[test]
    fn a_redirect_is_followed_without_credentials() {
        let found = twilio().redirected("https://s3.example.com/signed?x=1").expect("a redirect");
        assert_eq!((found.request.headers.len(), found.configured), (0, false));
        assert_eq!(twilio().redirected("http://s3.example.com/signed"), Err(NoFile::Elsewhere));
        assert_eq!(twilio().redirected("/relative"), Err(NoFile::Unreadable));
    }

    #[test]
    fn a_simulated_file_is_where_it_is_said_to_be() {
        let simulator = Adapter::new(&ProviderSettings::Simulator(SimulatorSettings { base_url: "http://127.0.0.1:1".into() }));
        assert_eq!(simulator.file(&at("https://example.org/a.jpg")), Ok(FileSource::Open));
        assert_eq!(simulator.file(&Media::default()), Err(NoFile::Nowhere));
    }
}
