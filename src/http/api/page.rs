//! A page of a list, and where the next one goes on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Page<T> {
    /// What it holds, in order.
    pub items: Vec<T>,
    /// For `cursor`: where the next page goes on; null if this is the last one.
    #[schema(required)]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The page of what was asked for with one more than `limit`: the one too many says that there is a next page, which begins after the last item of
    /// this one.
    pub fn cut<C: Cursor>(mut items: Vec<T>, limit: usize, place: impl FnOnce(&T) -> C) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| place(last).write());
        Page { items, next }
    }

    /// The same with other items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

/// A place in a list as it travels: opaque to callers, who hand it back as it came.
pub trait Cursor: Sized {
    /// As callers get it.
    fn write(&self) -> String;
    /// Reads what `write` gave.
    fn read(text: &str) -> Option<Self>;
}

impl<T: Serialize + DeserializeOwned> Cursor for T {
    fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(rmp_serde::to_vec(self).unwrap_or_default())
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        rmp_serde::from_slice(&bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_where_the_next_page_goes_on() {
        let place = |n: &i64| (*n, "x".to_owned());
        let page = Page::cut(vec![1, 2, 3], 2, place);
        assert_eq!(page.items, [1, 2]);
        let next = page.next.expect("more");
        assert!(next.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')), "{next}");
        assert_eq!(<(i64, String)>::read(&next), Some((2, "x".to_owned())));
        assert_eq!(Page::cut(vec![1, 2], 2, place).next, None);
        for bad in ["", "=", "zzzz", "x y"] {
            assert_eq!(<(i64, String)>::read(bad), None, "{bad}");
        }
    }
}
