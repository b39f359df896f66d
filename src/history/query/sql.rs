//! A condition as SQL over `contact c`. Nothing that was written in a query becomes a part of the SQL: every value is a
//! parameter, every name of a column one of ours. What a contact has many of is asked with `EXISTS` over the table's key, so
//! that a page of contacts costs as many look-ups as it looks at contacts.

use super::condition::{Column, Condition, Kinds, Moment, NumberTest, Range, TextTest};
use crate::history::{Cell, Dialect};
use std::fmt::Write as _;

/// A condition over `contact c` with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// A boolean expression.
    pub sql: String,
    /// Its parameters, in the order of their numbers.
    pub params: Vec<Cell>,
}

pub(super) fn selection(condition: &Condition, dialect: Dialect, first: usize) -> Selection {
    let mut writer = Writer { dialect, first, out: Selection { sql: String::new(), params: Vec::new() } };
    writer.condition(condition);
    writer.out
}

struct Writer {
    dialect: Dialect,
    first: usize,
    out: Selection,
}

impl Writer {
    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(parts) => self.joined(parts, " AND ", "1 = 1"),
            Condition::Or(parts) => self.joined(parts, " OR ", "1 = 0"),
            Condition::Not(inner) => {
                self.write("NOT ");
                self.joined(std::slice::from_ref(&**inner), "", "");
            }
            Condition::Column(column, test) => {
                let name = column_name(*column);
                // Never unknown: nothing is equal to nothing.
                self.write(&format!("({name} IS NOT NULL"));
                self.text(name, test);
                self.write(")");
            }
            Condition::Tag(test) => self.exists("contact_tag t WHERE t.contact = c.id", "t.tag", test),
            Condition::Flow(test) => self.exists("run r WHERE r.contact = c.id AND r.ended_at IS NULL", "r.flow", test),
            Condition::Text(name, test) => {
                self.attribute(name.as_str());
                self.text("a.text", test);
                self.write(")");
            }
            Condition::Number(name, test) => {
                self.attribute(name.as_str());
                self.number(test);
                self.write(")");
            }
            Condition::Moment(which, range) => self.moment(*which, *range),
            Condition::Kinds(kinds, bits) => {
                let name = match kinds {
                    Kinds::Stopped => "c.stop",
                    Kinds::Consent => "c.consent",
                };
                let bits = self.param(Cell::Int(i64::from(*bits)));
                self.write(&format!("(COALESCE({name}, 0) & {bits}) <> 0"));
            }
            Condition::Simulated => self.write("COALESCE(c.simulated, 0) <> 0"),
        }
    }

    fn joined(&mut self, parts: &[Condition], between: &str, empty: &str) {
        self.write("(");
        if parts.is_empty() {
            self.write(empty);
        }
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                self.write(between);
            }
            self.condition(part);
        }
        self.write(")");
    }

    fn exists(&mut self, from: &str, column: &str, test: &TextTest) {
        self.write("EXISTS (SELECT 1 FROM ");
        self.write(from);
        self.text(column, test);
        self.write(")");
    }

    fn attribute(&mut self, name: &str) {
        let name = self.param(Cell::Text(name.to_owned()));
        self.write(&format!("EXISTS (SELECT 1 FROM contact_attribute a WHERE a.contact = c.id AND a.name = {name}"));
    }

    /// ` AND …` over a column that is not null.
    fn text(&mut self, column: &str, test: &TextTest) {
        let find = match self.dialect {
            Dialect::Sqlite => "instr",
            Dialect::Postgres => "strpos",
        };
        let sql = match test {
            TextTest::Present => return,
            TextTest::Equal(values) => {
                let values: Vec<String> = values.iter().map(|value| self.param(Cell::Text(value.clone()))).collect();
                match &values[..] {
                    [one] => format!(" AND {column} = {one}"),
                    many => format!(" AND {column} IN ({})", many.join(", ")),
                }
            }
            TextTest::Order(order, value) => {
                let value = self.param(Cell::Text(value.clone()));
                format!(" AND {column} {} {value}", order.sign())
            }
            TextTest::Contains(part) => {
                let part = self.param(Cell::Text(part.clone()));
                format!(" AND {find}({column}, {part}) > 0")
            }
            TextTest::Starts(part) => {
                let part = self.param(Cell::Text(part.clone()));
                format!(" AND {find}({column}, {part}) = 1")
            }
            TextTest::Ends(part) => {
                let length = part.chars().count();
                let part = self.param(Cell::Text(part.clone()));
                // The place is counted, not written by whoever asks.
                match self.dialect {
                    Dialect::Sqlite => format!(" AND substr({column}, -{length}) = {part}"),
                    Dialect::Postgres => format!(" AND right({column}, {length}) = {part}"),
                }
            }
        };
        self.write(&sql);
    }

    fn number(&mut self, test: &NumberTest) {
        let sql = match test {
            NumberTest::Equal(values) => {
                let values: Vec<String> = values.iter().map(|value| self.param(Cell::Real(*value))).collect();
                match &values[..] {
                    [one] => format!(" AND a.number = {one}"),
                    many => format!(" AND a.number IN ({})", many.join(", ")),
                }
            }
            NumberTest::Order(order, value) => {
                let value = self.param(Cell::Real(*value));
                format!(" AND a.number {} {value}", order.sign())
            }
        };
        self.write(&sql);
    }

    fn moment(&mut self, which: Moment, range: Range) {
        let name = match which {
            Moment::LastSeen => "c.last_seen",
            Moment::LastSent => "c.last_sent",
            Moment::Created => "c.created_at",
        };
        self.write(&format!("({name} IS NOT NULL"));
        for (sign, bound) in [(">=", range.from), ("<", range.until)] {
            if let Some(bound) = bound {
                let bound = self.param(Cell::Int(bound));
                self.write(&format!(" AND {name} {sign} {bound}"));
            }
        }
        self.write(")");
    }

    fn param(&mut self, cell: Cell) -> String {
        let number = self.first + self.out.params.len();
        self.out.params.push(cell);
        let mut name = String::with_capacity(4);
        let _ = write!(name, "${number}");
        name
    }

    fn write(&mut self, sql: &str) {
        self.out.sql.push_str(sql);
    }
}

fn column_name(column: Column) -> &'static str {
    match column {
        Column::Name => "c.name",
        Column::Phone => "c.phone",
        Column::UserId => "c.whatsapp_id",
        Column::Email => "c.email",
        Column::External => "c.external",
        Column::Verbatim => "c.verbatim",
        Column::Language => "c.language",
        Column::Timezone => "c.timezone",
        Column::Channel => "c.channel",
        Column::DeadEmail => "c.dead_email",
    }
}
