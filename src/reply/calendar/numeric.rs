//! Days in figures: `5.3.2027`, `5/3`, `2027-03-05`, `05032027`.

use super::piece::{Piece, Year};
use super::tokens::Token;

/// Days in figures that begin at a token, each with the token after it.
pub(super) fn dates(tokens: &[Token], from: usize, month_first: bool, english: bool) -> Vec<(Piece, usize)> {
    let Some(first) = tokens.get(from).filter(|token| token.number().is_some()) else { return Vec::new() };
    if first.text.len() == 8 {
        return compact(&first.text, month_first).into_iter().map(|piece| (piece, from + 1)).collect();
    }
    let Some(sign) = tokens.get(from + 1).and_then(|token| ['.', '/', '-'].into_iter().find(|sign| token.is(*sign))) else {
        return by_blanks(tokens, from, month_first);
    };
    let Some(second) = tokens.get(from + 2).filter(|token| token.number().is_some()) else { return Vec::new() };
    // The third part only with the sign that parts the first two; after "5. 3." the year follows without one.
    let year_at = if tokens.get(from + 3).is_some_and(|token| token.is(sign)) { from + 4 } else { from + 3 };
    let third = tokens.get(year_at).filter(|token| matches!(token.text.len(), 2 | 4) && token.number().is_some());
    let by_sign = year_at == from + 4;
    let third = third.filter(|token| token.text.len() == 4 || by_sign && token.glued);
    if let Some(third) = third {
        return three(first, second, third, month_first).into_iter().map(|piece| (piece, year_at + 1)).collect();
    }
    let together = tokens[from + 1].glued && (tokens[from + 2].glued || sign == '.');
    let padded = first.text.len() == 2 && second.text.len() == 2;
    let usual = match sign {
        '/' => true,
        // "5-7" is rather a range, "20-3" is none; "5.7" in English is rather a number.
        '-' => padded || !month_first && first.number() > second.number(),
        _ => !english,
    };
    let more = by_sign && tokens.get(from + 4).is_some_and(|token| token.number().is_some() && token.glued);
    if !together || !usual || more {
        return Vec::new();
    }
    let order = day_and_month(first, second, month_first);
    order.map(|(day, month)| (Piece::Date { year: None, month, day }, from + 3)).into_iter().collect()
}

/// `5 3 2027`
fn by_blanks(tokens: &[Token], from: usize, month_first: bool) -> Vec<(Piece, usize)> {
    let [first, second, third, ..] = &tokens[from..] else { return Vec::new() };
    if third.text.len() != 4 || second.glued || third.glued {
        return Vec::new();
    }
    let piece = if third.number().is_some() { three(first, second, third, month_first) } else { None };
    piece.map(|piece| (piece, from + 3)).into_iter().collect()
}

fn three(first: &Token, second: &Token, third: &Token, month_first: bool) -> Option<Piece> {
    if first.text.len() == 4 {
        let (year, month, day) = (first.number()?, second.number()?, third.number()?);
        (third.text.len() <= 2).then_some(())?;
        return piece(Year::Full(i16::try_from(year).ok()?), month, day);
    }
    let (day, month) = day_and_month(first, second, month_first)?;
    let year = i16::try_from(third.number()?).ok()?;
    let year = if third.text.len() == 4 { Year::Full(year) } else { Year::Short(year) };
    Some(Piece::Date { year: Some(year), month, day })
}

/// In the language's order; in the other where only that one exists.
fn day_and_month(first: &Token, second: &Token, month_first: bool) -> Option<(i8, i8)> {
    if first.text.len() > 2 || second.text.len() > 2 {
        return None;
    }
    let (first, second) = (first.number()?, second.number()?);
    let (day, month) = if month_first { (second, first) } else { (first, second) };
    let fits = |day: u32, month: u32| (1..=31).contains(&day) && (1..=12).contains(&month);
    let (day, month) = if fits(day, month) { (day, month) } else { (month, day) };
    fits(day, month).then_some((day as i8, month as i8))
}

/// Eight digits: a day, a month and a year, or a year, a month and a day.
fn compact(text: &str, month_first: bool) -> Vec<Piece> {
    let part = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let (a, b) = (part(0, 2), part(2, 4));
    let (day, month) = if month_first { (b, a) } else { (a, b) };
    let year = |year: u32| i16::try_from(year).ok().filter(|year| (1900..=2100).contains(year)).map(Year::Full);
    let last = year(part(4, 8)).and_then(|year| piece(year, month, day));
    let first = year(part(0, 4)).and_then(|year| piece(year, part(4, 6), part(6, 8)));
    last.into_iter().chain(first).collect()
}

fn piece(year: Year, month: u32, day: u32) -> Option<Piece> {
    let fits = (1..=31).contains(&day) && (1..=12).contains(&month);
    fits.then_some(Piece::Date { year: Some(year), month: month as i8, day: day as i8 })
}
