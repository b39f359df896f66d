//! Amounts of money: the currency's symbol and decimals, the language's way of writing.

use super::locale::{MoneyPlace, NumberStyle};
use super::number::grouped;

/// A currency by its ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Currency([u8; 3]);

/// What people write for a currency; any other is written with its code.
const SYMBOLS: [(&str, &str); 27] = [
    ("EUR", "€"),
    ("USD", "$"),
    ("GBP", "£"),
    ("INR", "₹"),
    ("JPY", "¥"),
    ("CNY", "CN¥"),
    ("KRW", "₩"),
    ("BRL", "R$"),
    ("MXN", "MX$"),
    ("CAD", "CA$"),
    ("AUD", "A$"),
    ("NZD", "NZ$"),
    ("HKD", "HK$"),
    ("TWD", "NT$"),
    ("SGD", "S$"),
    ("ILS", "₪"),
    ("VND", "₫"),
    ("PHP", "₱"),
    ("UAH", "₴"),
    ("TRY", "₺"),
    ("NGN", "₦"),
    ("IDR", "Rp"),
    ("KES", "KSh"),
    ("TZS", "TSh"),
    ("UGX", "USh"),
    ("ZAR", "R"),
    ("MYR", "RM"),
];

/// Currencies without a smaller unit.
const WHOLE: [&str; 16] =
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Currencies of a thousand smaller units.
const THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

impl Currency {
    /// Three capital letters.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Currency(bytes))
    }

    fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    fn decimals(&self) -> u32 {
        match self.code() {
            code if WHOLE.contains(&code) => 0,
            code if THOUSANDTHS.contains(&code) => 3,
            _ => 2,
        }
    }

    /// The amount in this currency.
    pub fn write(&self, amount: f64, style: &NumberStyle) -> String {
        let code = self.code();
        let symbol = SYMBOLS.iter().find(|(c, _)| *c == code).map_or(code, |(_, symbol)| symbol);
        let number = grouped(amount, self.decimals(), style);
        let (sign, number) = number.strip_prefix('-').map_or(("", number.as_str()), |rest| ("-", rest));
        // Letters would run into the digits.
        let letters = symbol.ends_with(char::is_alphabetic);
        match style.money {
            MoneyPlace::AfterSpace => format!("{sign}{number} {symbol}"),
            MoneyPlace::Before if !letters => format!("{sign}{symbol}{number}"),
            MoneyPlace::Before | MoneyPlace::BeforeSpace => format!("{sign}{symbol} {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::locale::locale;
    use super::*;
    use crate::domain::language::Language;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        for (amount, currency, language, expected) in [
            (499.0, "INR", "en", "₹499.00"),
            (1500.0, "INR", "en", "₹1,500.00"),
            (150_000.0, "INR", "hi", "₹1,50,000.00"),
            (1500.0, "EUR", "de", "1.500,00 €"),
            (1500.0, "EUR", "fr", "1 500,00 €"),
            (1500.0, "EUR", "es", "1500,00 €"),
            (1500.0, "EUR", "nl", "€ 1.500,00"),
            (1500.0, "EUR", "en", "€1,500.00"),
            (1500.0, "BRL", "pt", "R$ 1.500,00"),
            (1500.0, "EUR", "pt-PT", "1500,00 €"),
            (1500.0, "EUR", "it", "1.500,00 €"),
            (1500.0, "IDR", "id", "Rp 1.500,00"),
            (1500.0, "TZS", "sw", "TSh 1,500.00"),
            (1500.0, "SAR", "ar", "1,500.00 SAR"),
            (1500.0, "JPY", "en", "¥1,500"),
            (1.2345, "KWD", "en", "KWD 1.235"),
            (-5.0, "USD", "en", "-$5.00"),
            (-0.001, "USD", "en", "$0.00"),
            (2.675, "USD", "en", "$2.68"),
        ] {
            let style = locale(Language::parse(language).expect("a language")).number;
            let written = Currency::parse(currency).expect("a currency").write(amount, &style);
            assert_eq!(written, expected, "{currency} {language}");
        }
        for bad in ["", "eur", "EU", "EURO", "€"] {
            assert_eq!(Currency::parse(bad), None, "{bad}");
        }
    }
}
