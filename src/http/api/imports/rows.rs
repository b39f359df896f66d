//! A file as it streams in, row by row: never more of it in memory than one row and what came with it.

use crate::domain::limits::IMPORT_ROW_BYTES;
use bytes::{Buf, Bytes, BytesMut};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a line of names; semicolons and tabs too.
    Csv,
    /// A JSON object on each line.
    JsonLines,
}

impl Format {
    /// As a query names it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "csv" => Some(Format::Csv),
            "jsonl" => Some(Format::JsonLines),
            _ => None,
        }
    }

    /// By the media type of a body.
    pub fn of_type(media: &str) -> Option<Self> {
        match media.split(';').next().unwrap_or("").trim() {
            "text/csv" => Some(Format::Csv),
            "application/x-ndjson" | "application/jsonl" | "application/json-lines" => Some(Format::JsonLines),
            _ => None,
        }
    }
}

/// A row is larger than any is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// Where in a row the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote within quotes: its end, or the first of two.
    QuoteInQuotes,
}

/// Cuts a stream of bytes into rows. A row of CSV may hold line ends between quotes.
#[derive(Debug)]
pub struct Rows {
    format: Format,
    delimiter: u8,
    held: BytesMut,
    seen: usize,
    at: At,
    /// Within a line that is too long, of which it was said: the rest of it is nobody's.
    skips: bool,
}

impl Rows {
    /// Nothing yet.
    pub fn new(format: Format) -> Self {
        Rows { format, delimiter: b',', held: BytesMut::new(), seen: 0, at: At::FieldStart, skips: false }
    }

    /// What stands between the fields of CSV.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// After the line of names: how its fields are divided decides it for all.
    pub fn divided_as(&mut self, names: &[u8]) {
        let count = |byte: u8| names.iter().filter(|b| **b == byte).count();
        self.delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(|byte| count(*byte)).unwrap_or(b',');
    }

    /// More of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next row that is there whole, without its line end.
    pub fn next(&mut self) -> Option<Result<Bytes, TooLong>> {
        while let Some(byte) = self.held.get(self.seen).copied() {
            self.seen += 1;
            if self.step(byte) {
                let mut row = self.held.split_to(self.seen);
                row.truncate(self.seen - 1);
                if row.last() == Some(&b'\r') {
                    row.truncate(row.len() - 1);
                }
                (self.seen, self.at) = (0, At::FieldStart);
                if std::mem::take(&mut self.skips) {
                    continue;
                }
                return Some(if row.len() > IMPORT_ROW_BYTES { Err(TooLong) } else { Ok(row.freeze()) });
            }
        }
        let too_long = self.held.len() > IMPORT_ROW_BYTES;
        if self.format == Format::JsonLines && (too_long || self.skips) {
            (self.held, self.seen) = (BytesMut::new(), 0);
            return (!std::mem::replace(&mut self.skips, true)).then_some(Err(TooLong));
        }
        // A row without an end: what is between quotes would be the whole file.
        if too_long { Some(Err(TooLong)) } else { None }
    }

    /// Whether this byte ends the row.
    fn step(&mut self, byte: u8) -> bool {
        if self.format == Format::JsonLines {
            return byte == b'\n';
        }
        self.at = match (self.at, byte) {
            (At::FieldStart, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::QuoteInQuotes,
            (At::Quoted, _) => At::Quoted,
            (At::QuoteInQuotes, b'"') => At::Quoted,
            (_, b'\n') => return true,
            (_, other) if other == self.delimiter => At::FieldStart,
            _ => At::Plain,
        };
        false
    }

    /// What stands behind the last line end, when nothing more comes.
    pub fn rest(&mut self) -> Option<Result<Bytes, TooLong>> {
        if std::mem::take(&mut self.skips) {
            self.held.clear();
            return None;
        }
        if self.held.len() > IMPORT_ROW_BYTES {
            return Some(Err(TooLong));
        }
        let mut rest = std::mem::take(&mut self.held);
        (self.seen, self.at) = (0, At::FieldStart);
        if rest.last() == Some(&b'\r') {
            rest.truncate(rest.len() - 1);
        }
        (!rest.is_empty()).then(|| Ok(rest.freeze()))
    }
}

/// A file without the mark that some programs put before it.
pub fn without_mark(mut row: Bytes) -> Bytes {
    if row.starts_with(b"\xEF\xBB\xBF") {
        row.advance(3);
    }
    row
}

/// The fields of a row of CSV; nothing if it is no text.
pub fn fields(row: &[u8], delimiter: u8) -> Option<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(row);
    let record = reader.records().next()?.ok()?;
    Some(record.iter().map(|field| field.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(format: Format, chunks: &[&str]) -> Vec<Result<String, TooLong>> {
        let mut rows = Rows::new(format);
        let mut out = Vec::new();
        let text = |row: Result<Bytes, TooLong>| row.map(|row| String::from_utf8(row.to_vec()).expect("text"));
        for chunk in chunks {
            rows.push(chunk.as_bytes());
            while let Some(row) = rows.next() {
                out.push(text(row));
            }
        }
        out.extend(rows.rest().map(text));
        out
    }

    #[test]
    fn rows_are_the_same_however_the_file_comes_in() {
        let file = "name,phone\r\n\"Ann \"\"A\"\"\nB\",1\n5\" pipe,2\n\nlast,3";
        let rows = ["name,phone", "\"Ann \"\"A\"\"\nB\",1", "5\" pipe,2", "", "last,3"].map(|row| Ok(row.to_owned()));
        assert_eq!(cut(Format::Csv, &[file]), rows);
        for size in 1..9 {
            let parts: Vec<String> =
                file.as_bytes().chunks(size).map(|c| String::from_utf8(c.to_vec()).expect("ASCII")).collect();
            assert_eq!(cut(Format::Csv, &parts.iter().map(String::as_str).collect::<Vec<_>>()), rows, "{size}");
        }
        assert_eq!(fields(b"\"Ann \"\"A\"\"\nB\", 1 ", b','), Some(vec!["Ann \"A\"\nB".to_owned(), "1".to_owned()]));
        let lines = "{\"name\": \"\\\"\"}\n{}\n";
        assert_eq!(cut(Format::JsonLines, &[lines]), ["{\"name\": \"\\\"\"}", "{}"].map(|row| Ok(row.to_owned())));
    }

    #[test]
    fn a_row_is_bounded() {
        let line = |n: usize| format!("{}\nx\n", "a".repeat(n));
        assert!(cut(Format::JsonLines, &[&line(IMPORT_ROW_BYTES)])[0].is_ok());
        assert_eq!(cut(Format::JsonLines, &[&line(IMPORT_ROW_BYTES + 1)]), [Err(TooLong), Ok("x".to_owned())]);
        let long = "a".repeat(IMPORT_ROW_BYTES + 1);
        let refused = [Err(TooLong), Ok("x".to_owned())];
        assert_eq!(cut(Format::JsonLines, &[&long, &long, "a\nx", "\n"]), refused, "one line, in parts");
        assert_eq!(cut(Format::JsonLines, &["x\n", &long, &long]), [refused[1].clone(), refused[0].clone()], "at the end");
        let mut open = Rows::new(Format::Csv);
        open.push(format!("\"{}", "a\n".repeat(IMPORT_ROW_BYTES)).as_bytes());
        assert_eq!(open.next(), Some(Err(TooLong)), "a quote that is not closed");
    }

    #[test]
    fn what_divides_the_names_divides_all() {
        for (names, delimiter) in [("a,b", b','), ("a;b,c;d", b';'), ("a\tb", b'\t'), ("a", b',')] {
            let mut rows = Rows::new(Format::Csv);
            rows.divided_as(names.as_bytes());
            assert_eq!(rows.delimiter(), delimiter, "{names}");
        }
        assert_eq!(without_mark(Bytes::from_static(b"\xEF\xBB\xBFa")), "a");
    }
}
