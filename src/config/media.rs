//! `[media]`: files of contacts: which are kept and where, and how long links to them last.

use super::schema::Setting::{self, Boolean, Duration, Text, Texts, Word};
use super::secret::Secret;
use super::section::Section;
use crate::domain::time::{Millis, Span};
use url::Url;

/// What the section may hold, for the schema.
pub(super) const SETTINGS: &[(&str, Setting)] = &[
    ("store", Word(&["folder", "s3"])),
    ("redirect", Boolean),
    ("mismatched", Word(&["bin", "refused"])),
    ("forbidden", Texts(&[])),
    ("links", Duration),
    ("provider_links", Duration),
    ("api_links", Duration),
    ("unsigned", Text),
];

/// What `[media.s3]` may hold.
pub(super) const BUCKET: &[(&str, Setting)] = &[
    ("bucket", Text),
    ("region", Text),
    ("endpoint", Text),
    ("prefix", Text),
    ("path_style", Boolean),
    ("access_key", Setting::Secret),
    ("secret_key", Setting::Secret),
    ("session_token", Setting::Secret),
];

/// How a bucket is reached that speaks S3.
#[derive(Debug, Clone)]
pub struct BucketSettings {
    /// Its name.
    pub bucket: String,
    /// `eu-central-1`; stores that know no regions take any.
    pub region: String,
    /// `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: Url,
    /// What all names begin with: empty, or with a slash at its end.
    pub prefix: String,
    /// Whether the bucket stands in the path and not in the host.
    pub path_style: bool,
    /// The id of the key.
    pub access_key: Secret,
    /// The key.
    pub secret_key: Secret,
    /// The token of a key that ends.
    pub session_token: Option<Secret>,
}

/// `[media]`.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// The bucket; nothing: the folder `store.media`.
    pub bucket: Option<Box<BucketSettings>>,
    /// Whether who has a link is sent on to the bucket, instead of getting the bytes from us.
    pub redirect: bool,
    /// Whether a file is refused whose bytes are not what its sender said; otherwise it is kept as `bin`.
    pub refuses_mismatched: bool,
    /// Types that are not kept: `application/zip`, `video/*`, `programs`.
    pub forbidden: Vec<String>,
    /// How long links last in what people and other systems get.
    pub links: Span,
    /// In what a provider fetches.
    pub provider_links: Span,
    /// In answers of the API.
    pub api_links: Span,
    /// Until when addresses without a signature open too: the beginning of a day, UTC.
    pub unsigned: Option<Millis>,
}

impl MediaConfig {
    pub(super) fn read(section: Section<'_>) -> Self {
        let day = |text: &str| {
            let day: jiff::civil::Date = text.parse().ok()?;
            let begins = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(Millis(begins.timestamp().as_millisecond()))
        };
        let forbidden = section.texts("forbidden");
        if let Some(wrong) = forbidden.iter().find(|one| *one != "programs" && !is_type(one)) {
            let help = "A type such as application/zip or video/*, or the word `programs`.".to_owned();
            section.mistake("forbidden", format!("`{wrong}` is no type"), Some(help));
        }
        let in_bucket = section.word("store", &[("folder", false), ("s3", true)]);
        let bucket = BucketSettings::read(section.section("s3"), in_bucket);
        let settings = MediaConfig {
            bucket: bucket.filter(|_| in_bucket).map(Box::new),
            redirect: section.boolean("redirect"),
            refuses_mismatched: section.word("mismatched", &[("bin", false), ("refused", true)]),
            forbidden,
            links: section.span("links", Span::minutes(5), Span::days(366)),
            provider_links: section.span("provider_links", Span::minutes(5), Span::days(30)),
            api_links: section.span("api_links", Span::minutes(1), Span::days(30)),
            unsigned: section.opt_parsed("unsigned", "a day such as 2027-01-31", day),
        };
        section.finish();
        settings
    }
}

impl BucketSettings {
    /// Where the bucket is used, its name, region and keys must be there.
    fn read(section: Section<'_>, used: bool) -> Option<Self> {
        let word = |text: &str| {
            let sane = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            sane.then(|| text.to_owned())
        };
        let region = section.opt_parsed("region", "the name of a region such as eu-central-1", word);
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let form = "the URL of the store without the bucket, such as https://s3.eu-central-1.amazonaws.com";
        let endpoint = section.opt_parsed("endpoint", form, endpoint);
        let bucket = section.opt_text("bucket").filter(|name| !name.is_empty());
        let prefix = section.opt_text("prefix").unwrap_or_default();
        if !is_prefix(&prefix) {
            let help = "Letters, digits, `-`, `_`, `.` and `/`, with a slash at its end: \"replyflow/media/\".".to_owned();
            section.mistake("prefix", format!("`{prefix}` cannot begin the names of files"), Some(help));
        }
        if used && bucket.is_none() {
            section.mistake("bucket", "is missing", Some("The name of the bucket.".to_owned()));
        }
        let key = |name| if used { section.secret(name) } else { section.opt_secret(name).unwrap_or_else(|| Secret::new("")) };
        let (access_key, secret_key) = (key("access_key"), key("secret_key"));
        let session_token = section.opt_secret("session_token").filter(|token| !token.is_empty());
        let path_style = section.boolean("path_style");
        section.finish();
        let endpoint = endpoint.or_else(|| Url::parse(&format!("https://s3.{region}.amazonaws.com")).ok())?;
        Some(BucketSettings { bucket: bucket?, region, endpoint, prefix, path_style, access_key, secret_key, session_token })
    }
}

/// Without credentials, path, query: who names the bucket is the setting `bucket`.
fn endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && url.host_str().is_some() && plain).then_some(url)
}

fn is_prefix(text: &str) -> bool {
    let sane =
        |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    text.is_empty() || text.strip_suffix('/').is_some_and(|parts| parts.split('/').all(sane))
}

/// `main/sub` or `main/*`, in lower case.
fn is_type(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(main, sub)| word(main) && (sub == "*" || word(sub)))
}
