//! Times as counters keep them: in buckets, each a tenth wider than the one before, so that a median is right within 5 %.

const STEP: f64 = 1.1;

/// The middle of a bucket, in milliseconds; nothing if it is none.
pub(super) fn middle_of(bucket: &str) -> Option<f64> {
    let n: u32 = bucket.parse().ok()?;
    Some(STEP.powf(f64::from(n) + 0.5))
}

/// The bucket of a time in milliseconds: three digits, in the order of times.
#[cfg(test)]
pub(super) fn bucket_of(millis: i64) -> String {
    let n = ((millis.max(1) as f64).ln() / STEP.ln()).floor();
    format!("{:03}", n as u32)
}
