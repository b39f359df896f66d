//! Cells in PostgreSQL's binary format. What a parameter is, the server says; what a number is, too.

use super::cell::Cell;
use bytes::{BufMut as _, BytesMut};
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Anything = Box<dyn Error + Sync + Send>;

impl ToSql for Cell {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Anything> {
        match (self, kind) {
            (Cell::Null, _) => return Ok(IsNull::Yes),
            (Cell::Int(n), &Type::INT8) => out.put_i64(*n),
            (Cell::Int(n), &Type::INT4) => out.put_i32(i32::try_from(*n)?),
            (Cell::Int(n), &Type::INT2) => out.put_i16(i16::try_from(*n)?),
            (Cell::Int(n), &Type::BOOL) => out.put_u8(u8::from(*n != 0)),
            (Cell::Int(n), &Type::FLOAT8) => out.put_f64(*n as f64),
            (Cell::Int(n), &Type::TEXT | &Type::VARCHAR | &Type::UNKNOWN) => out.put_slice(n.to_string().as_bytes()),
            (Cell::Real(n), &Type::FLOAT8) => out.put_f64(*n),
            (Cell::Real(n), &Type::FLOAT4) => out.put_f32(*n as f32),
            (Cell::Real(n), &Type::INT8) if n.fract() == 0.0 => out.put_i64(*n as i64),
            (Cell::Real(n), &Type::TEXT | &Type::VARCHAR | &Type::UNKNOWN) => out.put_slice(n.to_string().as_bytes()),
            (Cell::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME | &Type::BPCHAR | &Type::UNKNOWN | &Type::JSON) => {
                out.put_slice(Cell::storable(text).as_bytes())
            }
            (Cell::Bytes(bytes), &Type::BYTEA) => out.put_slice(bytes),
            (_, kind) => return Err(format!("a parameter does not fit the type {kind}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Anything> {
        Ok(match *kind {
            Type::INT8 => Cell::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Cell::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Cell::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::OID => Cell::Int(u32::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Cell::Int(i64::from(raw.first().is_some_and(|b| *b != 0))),
            Type::FLOAT8 => Cell::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::FLOAT4 => Cell::Real(f32::from_be_bytes(raw.try_into()?).into()),
            Type::NUMERIC => numeric(raw)?,
            Type::BYTEA => Cell::Bytes(raw.to_vec()),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN | Type::JSON | Type::CHAR => {
                Cell::Text(std::str::from_utf8(raw)?.to_owned())
            }
            ref other => return Err(format!("a column has the type {other}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Anything> {
        Ok(Cell::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A sum of `BIGINT`, an average: whole numbers stay whole.
fn numeric(raw: &[u8]) -> Result<Cell, Anything> {
    let word = |i: usize| -> Result<i16, Anything> {
        let bytes = raw.get(i * 2..i * 2 + 2).ok_or("a number is cut off")?;
        Ok(i16::from_be_bytes(bytes.try_into()?))
    };
    let (digits, weight, sign) = (word(0)?, word(1)?, word(2)? as u16);
    if !matches!(sign, 0 | 0x4000) {
        return Ok(Cell::Null);
    }
    let (mut whole, mut value) = (0i128, 0f64);
    for i in 0..digits {
        let digit = word(4 + usize::try_from(i)?)?;
        let power = i32::from(weight) - i32::from(i);
        value += f64::from(digit) * 10_000f64.powi(power);
        if (0..=7).contains(&power) {
            whole += i128::from(digit) * 10_000i128.pow(u32::try_from(power)?);
        }
    }
    let sign = if sign == 0 { 1 } else { -1 };
    // The last digit says whether there is a fraction: trailing zeros are not sent.
    let is_whole = i32::from(weight) >= i32::from(digits) - 1;
    match i64::try_from(whole * i128::from(sign)) {
        Ok(n) if is_whole => Ok(Cell::Int(n)),
        _ => Ok(Cell::Real(value * f64::from(sign))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(all: &[i16]) -> Vec<u8> {
        all.iter().flat_map(|w| w.to_be_bytes()).collect()
    }

    #[test]
    fn sums_are_whole_and_averages_are_not() {
        for (wire, cell) in [
            (words(&[0, 0, 0, 0]), Cell::Int(0)),
            (words(&[1, 0, 0, 0, 7]), Cell::Int(7)),
            (words(&[2, 1, 0x4000, 0, 12, 3456]), Cell::Int(-123_456)),
            (words(&[1, 1, 0, 0, 5]), Cell::Int(50_000)),
            (words(&[2, 0, 0, 2, 2, 5000]), Cell::Real(2.5)),
            (words(&[0, 0, 0xc000u16 as i16, 0]), Cell::Null),
        ] {
            assert_eq!(numeric(&wire).expect("a number"), cell);
        }
        assert!(numeric(&words(&[2, 0, 0, 0, 1])).is_err(), "cut off");
    }
}
