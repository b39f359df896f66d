//! What `doctor` says of the bucket of files: whether it can be written, read, listed and emptied.

use crate::app::open_files;
use crate::config::Settings;
use crate::store::files::FileError;
use crate::store::{Finding, FindingLevel};

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let Some(bucket) = &settings.media.bucket else { return Vec::new() };
    let finding = |level, message: String, remedy: &str| Finding { name: "media", level, message, remedy: remedy.to_owned() };
    let probed = match open_files(settings) {
        Ok(files) => files.probe().await,
        Err(error) => Err(error),
    };
    let mut all = vec![match probed {
        Ok(place) => finding(FindingLevel::Fine, format!("{place} was written, read, listed and emptied"), ""),
        Err(error @ FileError::Refused(_)) => {
            let remedy = "Check bucket, region, endpoint, path_style and the keys of [media.s3]; the keys must be allowed to get, put, delete and list.";
            finding(FindingLevel::Error, error.to_string(), remedy)
        }
        Err(error) => {
            finding(FindingLevel::Error, error.to_string(), "Check endpoint and path_style of [media.s3], and the way there.")
        }
    }];
    if bucket.endpoint.scheme() == "http" {
        let message = format!("files go to {} without encryption", bucket.endpoint);
        all.push(finding(FindingLevel::Warning, message, "Use https, unless the network between the two is yours."));
    }
    all
}
